"""Frames that no sane client sends: (name, bytes, what must follow).

`refused` means an ERROR frame or the end of the connection. `any` means that the broker may take
it or refuse it; it must only go on. The bytes of a case follow a CONNECT that was answered, unless
its name starts with `first:`.
"""

from __future__ import annotations

import random

REFUSED = "refused"
ANY = "any"
KB = 1024
MB = 1024 * KB


def frame(command: str, headers: dict | list = (), body: bytes = b"") -> bytes:
    pairs = headers.items() if isinstance(headers, dict) else headers
    lines = [command.encode()]
    for name, value in pairs:
        name = name if isinstance(name, bytes) else str(name).encode()
        value = value if isinstance(value, bytes) else str(value).encode()
        lines.append(name + b":" + value)
    return b"\n".join(lines) + b"\n\n" + body + b"\0"


def send(body: bytes = b"", **headers) -> bytes:
    wanted = {"destination": "/queue/malformed"}
    wanted.update({name.replace("_", "-"): value for name, value in headers.items()})
    return frame("SEND", wanted, body)


def subscribe(**headers) -> bytes:
    wanted = {"destination": "/queue/malformed.sub", "id": "1"}
    wanted.update({name.replace("_", "-"): value for name, value in headers.items()})
    return frame("SUBSCRIBE", wanted)


def connect(**headers) -> bytes:
    wanted = {"accept-version": "1.2", "host": "x"}
    wanted.update({name.replace("_", "-"): value for name, value in headers.items()})
    return frame("CONNECT", wanted)


def noise(seed: int, size: int) -> bytes:
    return random.Random(seed).randbytes(size)


def _other_protocols():
    openwire = b"\0\0\0\xf0\x01ActiveMQ\0\0\0\x0c" + bytes(200)
    mqtt = b"\x10\x10\0\x04MQTT\x04\x02\0\x3c\0\x04abcd"
    tls = b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + noise(1, 500)
    return [
        ("first: HTTP", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n\0", REFUSED),
        ("first: HTTP that never ends", b"POST / HTTP/1.1\r\n" + b"A: b\r\n" * 3000, REFUSED),
        ("first: OpenWire", openwire, ANY),
        ("first: MQTT", mqtt + b"\n\n\0", REFUSED),
        ("first: AMQP", b"AMQP\x03\x01\0\0\n\n\0", REFUSED),
        ("first: TLS", tls + b"\n\n\0", REFUSED),
        ("first: a megabyte of NUL", bytes(MB), ANY),
        ("first: a megabyte of newlines", b"\n" * MB, ANY),
        ("first: a megabyte of one letter", b"A" * MB, REFUSED),
        ("first: a megabyte of carriage returns", b"\r" * MB, ANY),
    ]


def _connects():
    cases = [
        ("first: command without end", b"CONNECT" * 1000, REFUSED),
        ("first: header without end", b"CONNECT\nlogin:" + b"x" * MB, REFUSED),
        ("first: header name without end", b"CONNECT\n" + b"x" * MB, REFUSED),
        ("first: headers without end", b"CONNECT\n" + b"".join(b"h%d:v\n" % n for n in range(50_000)),
         REFUSED),
        ("first: unknown version", connect(accept_version="7.7"), REFUSED),
        ("first: empty versions", connect(accept_version=""), ANY),
        ("first: ten thousand versions", connect(accept_version=",".join(["9.9"] * 1500)), REFUSED),
        ("first: body on CONNECT", frame("CONNECT", {"accept-version": "1.2"}, b"x" * 100), ANY),
        ("first: CONNECT with content-length that lies",
         frame("CONNECT", {"accept-version": "1.2", "content-length": "50"}, b"") + bytes(100), ANY),
        ("first: client-id of 9 KB", connect(client_id="c" * 9 * KB), ANY),
        ("first: login not in UTF-8", connect(login=b"\xff\xfe\xc0\x80"), ANY),
        ("first: command not in UTF-8", b"\xff\xfe\n\n\0", REFUSED),
        ("first: MESSAGE from a client", frame("MESSAGE", {"destination": "/queue/x"}), REFUSED),
        ("first: ERROR from a client", frame("ERROR", {"message": "you"}), REFUSED),
    ]  # fmt: skip
    for value in ("x", "1", ",", "1,2,3", "999999999999999999999,1", "0x10,5", "1.5,2"):
        cases.append((f"first: heart-beat {value!r}", connect(heart_beat=value), REFUSED))
    cases.append(("first: heart-beat of 24 days", connect(heart_beat="2147483647,2147483647"), ANY))
    return cases


def _lengths():
    cases = []
    for value in ("-1", "abc", "1e3", "0x10", "99999999999999999999", "9223372036854775807",
                  "4294967296", "2147483647", "2147483648"):  # fmt: skip
        data = send(content_length=value) + bytes(16)
        cases.append((f"content-length {value}", data, REFUSED))
    cases += [
        ("content-length empty", send(content_length=""), ANY),
        ("content-length with spaces", send(b"abc", content_length=" 3 "), ANY),
        ("content-length with plus", send(b"abc", content_length="+3"), ANY),
        ("content-length too small", send(b"abcdef", content_length="3"), REFUSED),
        ("content-length too large", send(b"abc", content_length="10") + b"x" * 9, REFUSED),
        ("content-length 0 with a body", send(b"abc", content_length="0"), REFUSED),
        ("content-length of 900 MB", send(content_length=900 * MB), REFUSED),
    ]
    twice = [("destination", "/queue/malformed"), ("content-length", "3"), ("content-length", "5")]
    cases.append(("two content-lengths", frame("SEND", twice, b"abc"), ANY))
    return cases


def _frames():
    return [
        ("unknown command", frame("FROB"), REFUSED),
        ("empty command with headers", b"\0\0a:b\n\n\0", ANY),
        ("command of 2 KB", b"S" * 2 * KB + b"\n\n\0", REFUSED),
        ("command of 1 MB without end", b"S" * MB, REFUSED),
        ("header line of 20 KB", send(big="x" * 20 * KB), REFUSED),
        ("header line of 1 MB without end", b"SEND\nbig:" + b"x" * MB, REFUSED),
        ("2,000 headers", frame("SEND", [(f"h{n}", "v") for n in range(2000)]), REFUSED),
        ("2,000 equal headers", frame("SEND", [("same", "v")] * 2000), ANY),
        ("header without colon", b"SEND\ndestination:/queue/malformed\nnocolon\n\n\0", ANY),
        ("header without name", b"SEND\ndestination:/queue/malformed\n:value\n\n\0", ANY),
        ("undefined escape", b"SEND\ndestination:/queue/malformed\na:\\q\n\n\0", ANY),
        ("escape cut off", b"SEND\ndestination:/queue/malformed\na:b\\\n\n\0", ANY),
        ("NUL in a header", b"SEND\ndestination:/queue/mal\0formed\n\n\0", ANY),
        ("header not in UTF-8", send(odd=b"\xc3\x28\xff"), ANY),
        ("text body not in UTF-8", send(b"\xc3\x28\xff"), ANY),
        ("CONNECT again", connect(), REFUSED),
        ("RECEIPT from a client", frame("RECEIPT", {"receipt-id": "1"}), REFUSED),
        ("MESSAGE from a client", frame("MESSAGE", {"destination": "/queue/x"}), REFUSED),
        ("lower case command", frame("send", {"destination": "/queue/x"}), REFUSED),
        ("10,000 empty frames", b"\0" * 10_000, ANY),
        ("noise after CONNECT", noise(7, 64 * KB) + b"\n\n\0", REFUSED),
    ]


def _destinations():
    cases = [("SEND without destination", frame("SEND"), REFUSED)]
    for name in ("", "/queue/", "/topic/", "/temp-queue/", ",", ",,,,", "/queue/a,"):
        expected = ANY if name in ("/queue/a,", "/temp-queue/") else REFUSED
        cases.append((f"destination {name!r}", send(destination=name), expected))
    cases += [
        ("destination with wildcard", send(destination="/queue/malformed.>"), ANY),
        ("destination with options", send(destination="/queue/a?consumer.prefetchSize=x"), ANY),
        ("destination of 9 KB", send(destination="/queue/" + "n" * 9 * KB), ANY),
        ("destination of 4,000 levels", send(destination="/queue/" + "a." * 4000 + "a"), ANY),
        ("composite of 1,000 queues",
         send(destination=",".join(f"/queue/m{n}" for n in range(1000))), ANY),
        ("composite of itself", send(destination=",".join(["/queue/malformed"] * 500)), ANY),
        ("temp queue of nobody", send(destination="/remote-temp-queue/ID:none:1"), ANY),
        ("temp queue of nonsense", send(destination="/remote-temp-queue/../../x"), ANY),
        ("path in a name", send(destination="/queue/../../etc/passwd"), ANY),
        ("NUL escaped in a name", send(destination=b"/queue/a\x01\x02"), ANY),
        ("advisory topic", send(destination="/topic/ActiveMQ.Advisory.Connection"), ANY),
    ]  # fmt: skip
    return cases


def _numbers():
    cases = []
    for header in ("priority", "expires"):
        for value in ("abc", "1.5", "99999999999999999999999"):
            cases.append((f"{header} {value}", send(**{header: value}), REFUSED))
    for value in ("-1", "10", "255", "2147483647"):
        cases.append((f"priority {value}", send(priority=value), ANY))
    for value in ("-1", "1", "9223372036854775807", "-9223372036854775808"):
        cases.append((f"expires {value}", send(expires=value), ANY))
    cases += [
        ("persistent maybe", send(persistent="maybe"), ANY),
        ("group sequence abc", send(JMSXGroupID="g", JMSXGroupSeq="abc"), ANY),
        ("delay abc", send(AMQ_SCHEDULED_DELAY="abc"), ANY),
    ]
    for value in ("-1", "0", "abc", "2147483647", "2147483648", "99999999999999999999"):
        cases.append((f"prefetch {value}", subscribe(**{"activemq.prefetchSize": value}), ANY))
    return cases


def _subscriptions():
    deep, wide = 3000, 1500
    selectors = {
        "= =": REFUSED, "(": REFUSED, "a = ": REFUSED, "'open": REFUSED, "a LIKE": REFUSED,
        "a IN ()": REFUSED, "\x00": ANY, "1 = 1 = 1": ANY, "é = 'é'": ANY,
        "(" * deep + "a = 1" + ")" * deep: ANY,
        "NOT " * deep + "TRUE": ANY,
        "-" * deep + "1 = 1": ANY,
        " OR ".join(["a = 1"] * (wide // 2)): ANY,
        "a IN (" + ",".join(["'x'"] * wide) + ")": ANY,
        "a LIKE '" + "%a" * 2000 + "'": ANY,
        "XPATH '//" + "a/" * 1000 + "b'": ANY,
        "REGEX('(a+)+$', a)": ANY,
        "99999999999999999999999999 = a": ANY,
        "a / 0 = 1": ANY,
    }  # fmt: skip
    cases = []
    for number, (selector, expected) in enumerate(selectors.items()):
        name = f"selector {number} {selector[:20]!r}"
        data = subscribe(selector=selector.replace(":", "\\c"))
        cases.append((name, data, expected))
    cases += [
        ("SUBSCRIBE without destination", frame("SUBSCRIBE", {"id": "1"}), REFUSED),
        ("SUBSCRIBE without id", frame("SUBSCRIBE", {"destination": "/queue/x"}), REFUSED),
        ("ack mode of nonsense", subscribe(ack="sometimes"), ANY),
        ("browser of a topic", subscribe(destination="/topic/x", browser="true"), ANY),
        ("durable without client-id on a queue",
         subscribe(**{"activemq.subscriptionName": "x"}), REFUSED),
        ("same subscription id 500 times", subscribe() * 500, ANY),
        ("500 subscriptions", b"".join(subscribe(id=n) for n in range(500)), ANY),
        ("UNSUBSCRIBE of nothing", frame("UNSUBSCRIBE", {"id": "no"}), REFUSED),
        ("UNSUBSCRIBE without id", frame("UNSUBSCRIBE"), REFUSED),
    ]  # fmt: skip
    return cases


def _acks_and_transactions():
    many = b"".join(frame("BEGIN", {"transaction": n}) for n in range(2000))
    return [
        ("ACK without id", frame("ACK"), REFUSED),
        ("ACK of nothing", frame("ACK", {"id": "no"}), REFUSED),
        ("ACK of 9 KB", frame("ACK", {"id": "a" * 9 * KB}), REFUSED),
        ("NACK of nothing", frame("NACK", {"id": "no"}), REFUSED),
        ("1,000 bad ACKs", frame("ACK", {"id": "no"}) * 1000, REFUSED),
        ("BEGIN without transaction", frame("BEGIN"), REFUSED),
        ("BEGIN twice", frame("BEGIN", {"transaction": "t"}) * 2, REFUSED),
        ("COMMIT of nothing", frame("COMMIT", {"transaction": "t"}), REFUSED),
        ("ABORT of nothing", frame("ABORT", {"transaction": "t"}), REFUSED),
        ("SEND in no transaction", send(transaction="t"), REFUSED),
        ("2,000 open transactions", many, ANY),
        ("receipt of 9 KB", send(receipt="r" * 9 * KB), ANY),
        ("receipt with line breaks", send(receipt="r\\nERROR\\c\\n"), ANY),
        ("DISCONNECT twice", frame("DISCONNECT", {"receipt": "1"}) * 2, ANY),
        ("SEND after DISCONNECT", frame("DISCONNECT") + send(), ANY),
    ]


def _noise():
    cases = []
    for seed in range(20):
        data = noise(seed, 4 * KB) + b"\n\n\0"
        cases.append((f"first: noise {seed}", data, ANY))
    chance = random.Random(99)
    good = connect() + send(b"hello", receipt="r") + subscribe() + frame("ACK", {"id": "1"})
    for number in range(40):
        data = bytearray(good)
        for _ in range(chance.randint(1, 6)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        cases.append((f"first: flipped {number}", bytes(data), ANY))
    return cases


def all_cases():
    cases = [
        *_other_protocols(), *_connects(), *_lengths(), *_frames(), *_destinations(), *_numbers(),
        *_subscriptions(), *_acks_and_transactions(), *_noise(),
    ]  # fmt: skip
    names = [name for name, _, _ in cases]
    assert len(set(names)) == len(names)
    return cases


