"""A STOMP client that hides nothing: every frame in and out is visible to the test.

It speaks 1.0, 1.1 and 1.2 over a plain socket, never reconnects, never answers by itself, and
keeps frames that a call was not waiting for, in order, for the next call. Times are in seconds.
"""

from __future__ import annotations

import itertools
import socket
import time
from collections import deque
from dataclasses import dataclass, field

TIMEOUT = 10.0
QUIET = 0.4

_ESCAPES = {
    "1.0": {},
    "1.1": {"\\": "\\\\", "\n": "\\n", ":": "\\c"},
    "1.2": {"\\": "\\\\", "\n": "\\n", "\r": "\\r", ":": "\\c"},
}


class Closed(Exception):
    """The broker closed the connection."""


class Timeout(Exception):
    """Nothing of the awaited kind arrived in time."""


@dataclass
class Frame:
    command: str
    pairs: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    @property
    def headers(self) -> dict[str, str]:
        """The first occurrence of each header wins, as STOMP 1.2 asks."""
        return dict(reversed(self.pairs))

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")

    def __getitem__(self, name: str) -> str:
        return self.headers[name]

    def get(self, name: str, default: str | None = None) -> str | None:
        return self.headers.get(name, default)


def escape(text: str, version: str) -> str:
    return "".join(_ESCAPES[version].get(c, c) for c in text)


def unescape(text: str, version: str) -> str:
    if version == "1.0":
        return text
    back = {v: k for k, v in _ESCAPES[version].items()}
    out, i = [], 0
    while i < len(text):
        pair = text[i : i + 2]
        if pair in back:
            out.append(back[pair])
            i += 2
        else:
            out.append(text[i])
            i += 1
    return "".join(out)


def encode(command: str, headers, body: bytes | str = b"", version: str = "1.2") -> bytes:
    """Headers may be a dict or a list of pairs (for repeated headers)."""
    if isinstance(body, str):
        body = body.encode("utf-8")
    pairs = headers.items() if isinstance(headers, dict) else headers
    if command in ("CONNECT", "STOMP"):
        version = "1.0"
    lines = [command]
    lines += [f"{escape(str(k), version)}:{escape(str(v), version)}" for k, v in pairs]
    return "\n".join(lines).encode("utf-8") + b"\n\n" + body + b"\0"


class RawStomp:
    """One connection. `open=False` leaves CONNECT to the test."""

    _numbers = itertools.count(1)

    def __init__(self, address, version="1.2", open=True, headers=None, receive_buffer=None):
        self.version = version
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(TIMEOUT)
        self.socket.connect(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray()
        self.kept: deque[Frame] = deque()
        self.beats = 0
        self._ended = False
        self.connected: Frame | None = None
        if open:
            self.open(headers)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self) -> None:
        """Drops the socket without DISCONNECT, as a crashed client does."""
        self.socket.close()

    def open(self, headers=None) -> Frame:
        wanted = {"host": "localhost"}
        if self.version != "1.0":
            wanted["accept-version"] = self.version
        wanted.update(headers or {})
        self.write(encode("CONNECT", wanted))
        self.connected = self.next("CONNECTED")
        return self.connected

    # Sending.

    def write(self, data: bytes, timeout: float = TIMEOUT) -> None:
        self.socket.settimeout(timeout)
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise Closed(str(error)) from error
        except TimeoutError as error:
            raise Timeout("the broker does not read") from error

    def frame(self, command: str, headers=(), body: bytes | str = b"") -> None:
        self.write(encode(command, headers, body, self.version))

    def send(self, destination: str, body: bytes | str = "", **headers) -> None:
        """Standard headers may be spelled with underscores (`reply_to=...`)."""
        self.frame("SEND", _named(destination, headers), body)

    def send_receipted(self, destination: str, body: bytes | str = "", **headers) -> None:
        receipt = self.ask(destination, body, **headers)
        self.receipt(receipt)

    def ask(self, destination: str, body: bytes | str = "", **headers) -> str:
        """Sends with a receipt header and does not wait; returns the receipt id."""
        receipt = self.fresh()
        self.send(destination, body, receipt=receipt, **headers)
        return receipt

    def command(self, command: str, timeout: float = TIMEOUT, **headers) -> None:
        """Any frame with a receipt, waiting for it."""
        receipt = self.fresh()
        wanted = _named(None, headers)
        wanted["receipt"] = receipt
        self.frame(command, wanted)
        self.receipt(receipt, timeout)

    def subscribe(self, destination: str, id: str = "s", ack: str = "auto", **headers) -> None:
        """Waits for the receipt, so the subscription stands when this returns."""
        wanted = {"id": id, "ack": ack}
        wanted.update(headers)
        self.command("SUBSCRIBE", destination=destination, **wanted)

    def unsubscribe(self, id: str = "s", **headers) -> None:
        self.command("UNSUBSCRIBE", id=id, **headers)

    def ack(self, message: Frame, command: str = "ACK", **headers) -> None:
        """ACK (or NACK) as this version writes it."""
        wanted = _named(None, headers)
        if self.version == "1.2":
            wanted["id"] = message["ack"]
        else:
            wanted["message-id"] = message["message-id"]
            if self.version == "1.1":
                wanted["subscription"] = message["subscription"]
        self.frame(command, wanted)

    def ack_receipted(self, message: Frame, command: str = "ACK", **headers) -> None:
        receipt = self.fresh()
        self.ack(message, command, receipt=receipt, **headers)
        self.receipt(receipt)

    def nack(self, message: Frame, **headers) -> None:
        self.ack_receipted(message, "NACK", **headers)

    def disconnect(self) -> None:
        self.command("DISCONNECT")
        self.close()

    def fresh(self) -> str:
        return f"r-{next(self._numbers)}"

    # Receiving.

    def read(self, timeout: float = TIMEOUT) -> Frame:
        """The next frame of any kind."""
        if self.kept:
            return self.kept.popleft()
        return self._receive(time.monotonic() + timeout)

    def next(self, command: str, timeout: float = TIMEOUT, where=None) -> Frame:
        """The next frame of this command; an unexpected ERROR fails at once."""
        for index, frame in enumerate(self.kept):
            if frame.command == command and (where is None or where(frame)):
                del self.kept[index]
                return frame
        deadline = time.monotonic() + timeout
        while True:
            frame = self._receive(deadline)
            if frame.command == command and (where is None or where(frame)):
                return frame
            if frame.command == "ERROR" and command != "ERROR":
                raise AssertionError(f"unexpected ERROR {frame.pairs} {frame.body[:300]!r}")
            self.kept.append(frame)

    def message(self, timeout: float = TIMEOUT, id: str | None = None) -> Frame:
        wanted = None if id is None else (lambda f: f.get("subscription") == id)
        return self.next("MESSAGE", timeout, wanted)

    def messages(self, count: int, timeout: float = TIMEOUT, id: str | None = None) -> list[Frame]:
        return [self.message(timeout, id) for _ in range(count)]

    def bodies(self, count: int, timeout: float = TIMEOUT, id: str | None = None) -> list[str]:
        return [frame.text for frame in self.messages(count, timeout, id)]

    def error(self, timeout: float = TIMEOUT) -> Frame:
        return self.next("ERROR", timeout)

    def receipt(self, receipt: str, timeout: float = TIMEOUT) -> Frame:
        return self.next("RECEIPT", timeout, lambda f: f.get("receipt-id") == receipt)

    def receipt_within(self, receipt: str, timeout: float) -> bool:
        try:
            self.receipt(receipt, timeout)
            return True
        except Timeout:
            return False

    def nothing(self, command: str = "MESSAGE", quiet: float = QUIET, id: str | None = None) -> None:
        """Fails if such a frame arrives within the quiet time."""
        wanted = None if id is None else (lambda f: f.get("subscription") == id)
        try:
            frame = self.next(command, quiet, wanted)
        except Timeout:
            return
        raise AssertionError(f"unexpected {frame.command} {frame.pairs} {frame.body[:200]!r}")

    def closed(self, timeout: float = TIMEOUT) -> list[Frame]:
        """Reads until the broker closes; returns what came before."""
        seen = list(self.kept)
        self.kept.clear()
        deadline = time.monotonic() + timeout
        while True:
            try:
                seen.append(self._receive(deadline))
            except Closed:
                return seen

    def alive(self) -> None:
        """A receipted no-op: BEGIN and ABORT of an empty transaction."""
        name = self.fresh()
        self.command("BEGIN", transaction=name)
        self.command("ABORT", transaction=name)

    def wait_beats(self, count: int, timeout: float = TIMEOUT) -> None:
        """Reads until so many more heart-beats have come."""
        until = self.beats + count
        deadline = time.monotonic() + timeout
        while self.beats < until:
            frame = self._parse()
            if frame:
                self.kept.append(frame)
            elif self.beats < until:
                self._fill(deadline)

    def _receive(self, deadline: float) -> Frame:
        while True:
            frame = self._parse()
            if frame:
                return frame
            self._fill(deadline)

    def _fill(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise Timeout("no frame in time")
        self.socket.settimeout(left)
        try:
            data = self.socket.recv(262144)
        except TimeoutError as error:
            raise Timeout("no frame in time") from error
        except ConnectionResetError as error:
            raise Closed(str(error)) from error
        if not data:
            raise Closed("end of stream")
        self.buffer += data

    def _parse(self) -> Frame | None:
        data = self.buffer
        start = 0
        while start < len(data) and data[start] in b"\r\n":
            # The first newline after a frame may be its end and is not counted as a heart-beat.
            if data[start] == 10 and not self._ended:
                self.beats += 1
            self._ended = False
            start += 1
        if start:
            del data[:start]
        end = data.find(b"\n\n")
        if end < 0:
            return None
        lines = data[:end].decode("utf-8").split("\n")
        pairs = []
        version = self.version if lines[0] not in ("CONNECTED",) else "1.0"
        for line in lines[1:]:
            name, _, value = line.partition(":")
            pairs.append((unescape(name, version), unescape(value, version)))
        length = next((int(v) for k, v in pairs if k == "content-length"), None)
        body = end + 2
        stop = data.find(b"\0", body) if length is None else body + length
        if stop < 0 or len(data) <= stop:
            return None
        if data[stop] != 0:
            raise AssertionError("the frame does not end where content-length says")
        frame = Frame(lines[0], pairs, bytes(data[body:stop]))
        del data[: stop + 1]
        self._ended = True
        return frame


# Standard headers with a dash, which Python keywords cannot spell.
_DASHED = {
    name.replace("-", "_"): name
    for name in ("content-length", "content-type", "correlation-id", "reply-to", "message-id")
}


def _named(destination: str | None, headers: dict) -> dict:
    wanted = {} if destination is None else {"destination": destination}
    wanted.update({_DASHED.get(name, name): value for name, value in headers.items()})
    return wanted
