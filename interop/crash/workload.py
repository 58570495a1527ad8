"""Producers and consumers that write down only what the broker confirmed.

Each producer sends to its own queue, with a receipt for every message, several in flight. Each
consumer acknowledges one by one with a receipt for every acknowledgement. A broker that dies in
between is normal: threads stop at the first closed connection and are started again for the next
round. What is known afterwards:

* a message whose SEND was receipted must be delivered at least once until its ACK is receipted;
* a message whose ACK was receipted must never be delivered again;
* messages of one producer come in order, leaving out those marked redelivered.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field

from rawstomp import Closed, RawStomp, Timeout

BROKEN = (OSError, Closed, Timeout)
IN_FLIGHT = 20


def make_body(queue: str, number: int) -> bytes:
    """A body that can be checked alone: number, queue, filler of varying size, checksum."""
    size = (number * 7919) % 3000
    content = f"{number}|{queue}|".encode() + bytes((number + i) % 256 for i in range(size))
    return content + hashlib.sha1(content).digest()


def read_body(queue: str, body: bytes) -> int | None:
    """The number of an intact message, or None."""
    content, digest = body[:-20], body[-20:]
    if hashlib.sha1(content).digest() != digest:
        return None
    number, name, _ = content.split(b"|", 2)
    return int(number) if name.decode() == queue else None


@dataclass
class Ledger:
    """All that is known about one queue; numbers are those of its only producer."""

    queue: str
    sent: int = 0
    receipted: set[int] = field(default_factory=set)
    acked: set[int] = field(default_factory=set)
    maybe_acked: set[int] = field(default_factory=set)
    delivered: set[int] = field(default_factory=set)
    last: int = -1
    undead: list[int] = field(default_factory=list)
    disorder: list[tuple[int, int]] = field(default_factory=list)
    corrupt: int = 0
    phantom: list[int] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def deliver(self, frame) -> int | None:
        number = read_body(self.queue, frame.body)
        if number is None:
            self.corrupt += 1
            return None
        if number >= self.sent:
            self.phantom.append(number)
        if number in self.acked:
            self.undead.append(number)
        if frame.get("redelivered") != "true" and number not in self.delivered:
            if number < self.last:
                self.disorder.append((self.last, number))
            self.last = number
        self.delivered.add(number)
        return number

    def owed(self) -> set[int]:
        """What a consumer that comes now must still get."""
        return self.receipted - self.acked - self.maybe_acked


class Round:
    """The threads of one life of the broker."""

    def __init__(self, address, ledgers):
        self.address = address
        self.stopping = threading.Event()
        self.threads = []
        for ledger in ledgers:
            for work in (self._produce, self._consume):
                thread = threading.Thread(target=self._run, args=(work, ledger), daemon=True)
                self.threads.append(thread)

    def start(self):
        for thread in self.threads:
            thread.start()

    def join(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(30)
            assert not thread.is_alive(), "a client thread hangs"

    def _run(self, work, ledger):
        try:
            work(ledger)
        except BROKEN:
            pass
        except Exception as error:  # noqa: BLE001 - reported by the checker
            ledger.errors.append(repr(error))

    def _produce(self, ledger):
        with RawStomp(self.address) as connection:
            waiting = {}
            while not self.stopping.is_set():
                number = ledger.sent
                ledger.sent += 1
                body = make_body(ledger.queue, number)
                receipt = connection.ask(
                    ledger.queue, body, content_length=len(body), persistent="true"
                )
                waiting[receipt] = number
                while len(waiting) >= IN_FLIGHT:
                    frame = connection.next("RECEIPT")
                    ledger.receipted.add(waiting.pop(frame["receipt-id"]))

    def _consume(self, ledger):
        with RawStomp(self.address) as connection:
            headers = {"id": "s", "destination": ledger.queue, "ack": "client-individual",
                       "activemq.prefetchSize": "50"}  # fmt: skip
            connection.frame("SUBSCRIBE", headers)
            waiting = {}
            while not self.stopping.is_set():
                frame = connection.read(timeout=5)
                if frame.command == "RECEIPT":
                    number = waiting.pop(frame["receipt-id"])
                    ledger.acked.add(number)
                    ledger.maybe_acked.discard(number)
                elif frame.command == "MESSAGE":
                    number = ledger.deliver(frame)
                    if number is None or number % 5 == 4:
                        continue  # left for the next round, so that there is a backlog
                    receipt = connection.fresh()
                    waiting[receipt] = number
                    ledger.maybe_acked.add(number)
                    connection.ack(frame, receipt=receipt)
                else:
                    raise AssertionError(f"{frame.command} {frame.pairs}")


def drain(address, ledger) -> set[int]:
    """Takes all that is left of a queue, acknowledging it, until it is quiet."""
    taken = set()
    with RawStomp(address) as connection:
        connection.subscribe(ledger.queue, ack="client-individual")
        while True:
            try:
                frame = connection.message(timeout=1.5)
            except Timeout:
                connection.alive()
                return taken
            number = ledger.deliver(frame)
            if number is not None:
                taken.add(number)
                connection.ack(frame)
