"""A queue with a small memory limit and the default cursor takes far more than the limit.

INTEROP_FLOW_MB is what goes through for each kind of message.
"""

import os
import time

import pytest

from broker import MB, PEER
from figures import figure
from rawstomp import encode

BODY = 10 * 1024
BATCH = 100
WINDOW = 4
TOTAL = int(os.environ.get("INTEROP_FLOW_MB", "256")) * MB // BODY // BATCH * BATCH
LEEWAY = 48 * MB


def batch(queue, first, persistent):
    frames = []
    for n in range(first, first + BATCH):
        headers = {"destination": queue, "content-length": BODY, "persistent": persistent}
        if n == first + BATCH - 1:
            headers["receipt"] = f"upto-{n}"
        frames.append(encode("SEND", headers, f"{n:010}".encode() + bytes(BODY - 10)))
    return b"".join(frames)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("persistent", ["true", "false"])
def test_backlog_far_above_the_limit_is_taken_without_a_pause(broker, client, named, persistent):
    queue = named("spool")
    producer = client()
    start, slowest, early = time.monotonic(), 0.0, None
    outstanding = []

    def settle():
        nonlocal slowest
        waited = time.monotonic()
        producer.receipt(outstanding.pop(0), timeout=30)
        slowest = max(slowest, time.monotonic() - waited)

    for first in range(0, TOTAL, BATCH):
        producer.write(batch(queue, first, persistent), timeout=30)
        outstanding.append(f"upto-{first + BATCH - 1}")
        if len(outstanding) > WINDOW:
            settle()
        if early is None and first >= TOTAL // 4:
            early = broker.rss()
    while outstanding:
        settle()
    filled = time.monotonic() - start
    late = broker.rss()

    consumer = client(receive_buffer=4 * MB)
    consumer.subscribe(queue)
    start = time.monotonic()
    for n in range(TOTAL):
        message = consumer.message(timeout=30)
        assert message.body[:10] == f"{n:010}".encode(), f"out of order at {n}"
    drained = time.monotonic() - start
    end = broker.rss()
    consumer.nothing()

    size = TOTAL * BODY / MB
    kind = "persistent" if persistent == "true" else "non-persistent"
    figure(
        f"{kind}: {size:.0f} MB in {filled:.1f} s (longest wait for a receipt {slowest:.2f} s),"
        f" out {drained:.1f} s, resident {early / MB:.0f} MB at a quarter,"
        f" {late / MB:.0f} MB full, {end / MB:.0f} MB drained"
    )
    plain = queue.removeprefix("/queue/")
    blocked = [line for line in broker.log_text().splitlines() if f"{plain} " in line and "imit" in line]
    assert not blocked, blocked
    if PEER != "activemq":
        assert late <= early + LEEWAY
        assert end <= early + LEEWAY
