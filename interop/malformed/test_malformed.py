"""Hostile bytes harm only who sends them: an ERROR or a close, and nobody else notices."""

import os
import time

import pytest

import broker as brokers
from broker import MB, Broker
from cases import REFUSED, all_cases
from figures import figure
from rawstomp import Closed, Timeout

GROWTH = 32 * MB
PATIENCE = 5.0
LORIS = int(os.environ.get("INTEROP_LORIS", "200"))

# What ActiveMQ Classic 5.17.2 does instead of refusing: it stays silent.
SILENT_ON_ACTIVEMQ = {
    "first: HTTP that never ends",
    "destination ','",
    "destination ',,,,'",
}


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    broker = Broker(tmp_path_factory.mktemp("malformed"))
    broker.start()
    broker.client().alive()
    warm = broker.client()
    warm.send_receipted("/queue/warm", bytes(MB), content_length=MB)
    warm.close()
    broker.baseline = broker.rss()
    yield broker
    code = broker.stop()
    assert code in ((0, 143) if brokers.PEER == "activemq" else (0,)), broker.tail()


@pytest.fixture
def canary(target):
    """Another client, at work before and after each case; and the memory of the broker."""
    connection = target.client()
    connection.subscribe("/queue/canary")
    yield connection
    for n in range(3):
        connection.send_receipted("/queue/canary", str(n), persistent="true")
        assert connection.message().text == str(n)
    connection.nothing("ERROR", quiet=0)
    connection.close()
    assert target.process.poll() is None, target.tail()
    if brokers.PEER != "activemq":
        grown = target.rss() - target.baseline
        assert grown <= GROWTH, f"the broker grew by {grown / MB:.0f} MB"


def provoke(target, name, data):
    """Sends the bytes; yields a connection that may have been closed already."""
    connection = target.client(open=not name.startswith("first:"))
    try:
        connection.write(data, timeout=PATIENCE)
    except (Closed, Timeout):
        pass
    return connection


def is_refused(connection):
    """Whether an ERROR or the end of the connection comes."""
    deadline = time.monotonic() + PATIENCE
    try:
        while True:
            frame = connection.read(timeout=max(0.01, deadline - time.monotonic()))
            if frame.command == "ERROR":
                assert frame["message"].strip(), "an ERROR without a reason"
                return True
    except (Closed, OSError):
        return True
    except Timeout:
        return False


def parameters():
    for name, data, expected in all_cases():
        marks = ()
        if name in SILENT_ON_ACTIVEMQ:
            marks = (pytest.mark.improvement("stays silent"),)
        yield pytest.param(name, data, expected, id=name, marks=marks)


@pytest.mark.parametrize("name, data, expected", parameters())
def test_hostile_bytes(target, canary, name, data, expected):
    connection = provoke(target, name, data)
    if expected == REFUSED:
        assert is_refused(connection), "neither refused nor closed"
    else:
        try:
            connection.read(timeout=0.05)
        except (Closed, Timeout, OSError, AssertionError, UnicodeDecodeError, IndexError):
            pass
    connection.close()


def test_a_thousand_connections_that_say_nothing(target, canary):
    idle = [target.client(open=False) for _ in range(1000)]
    canary.alive()
    for connection in idle:
        connection.close()


@pytest.mark.timeout(120)
def test_slow_unfinished_handshakes_do_no_harm_and_end(target, canary):
    """Many clients dribble a CONNECT that never ends; the connection timeout is 30 s."""
    dribble = b"CONNECT\naccept-version:1.2\nhost:localhost\nlogin:" + b"x" * 500
    loris = {n: target.client(open=False) for n in range(LORIS)}
    start, worst, at = time.monotonic(), 0.0, -1
    while loris and time.monotonic() - start < 45:
        at += 1
        for n, connection in list(loris.items()):
            try:
                connection.write(dribble[at : at + 1], timeout=1)
                connection.read(timeout=0.0001)
            except Timeout:
                continue
            except (Closed, OSError):
                del loris[n]
        asked = time.monotonic()
        canary.alive()
        worst = max(worst, time.monotonic() - asked)
        time.sleep(0.2)
    ended = time.monotonic() - start
    figure(f"{LORIS} unfinished handshakes: all ended after {ended:.0f} s; canary {worst:.3f} s")
    assert not loris, f"{len(loris)} unfinished handshakes are still open after 45 s"


def test_slow_but_honest_client_is_served(target, canary):
    connection = target.client(open=False)
    for byte in b"CONNECT\naccept-version:1.2\nhost:localhost\n\n\0":
        connection.write(bytes([byte]))
        time.sleep(0.02)
    assert connection.next("CONNECTED")["version"] == "1.2"
    connection.close()


def test_body_announced_but_never_sent_costs_nothing(target, canary):
    waiting = []
    for _ in range(100):
        connection = target.client()
        connection.write(b"SEND\ndestination:/queue/x\ncontent-length:50000000\n\n")
        waiting.append(connection)
    canary.alive()
    if brokers.PEER != "activemq":
        assert target.rss() - target.baseline <= GROWTH
    for connection in waiting:
        connection.close()


def test_connections_dropped_in_the_middle_of_everything(target, canary):
    data = b"SEND\ndestination:/queue/cut\nreceipt:r\ncontent-length:200\n\n" + bytes(200) + b"\0"
    for cut in range(1, len(data), 7):
        connection = target.client()
        connection.write(data[:cut])
        connection.close()
    taken = target.client()
    taken.subscribe("/queue/cut")
    taken.nothing()
