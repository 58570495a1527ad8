"""Many who wait: nobody is forgotten, the first comes first, and nobody else pays for it."""

import itertools
import os
import selectors
import time

import pytest

from administered import Administered, until
from broker import MB, PEER
from figures import figure
from rawstomp import Timeout, encode

BODY = bytes(10 * 1024)
BEHIND = int(os.environ.get("INTEROP_BEHIND", "5000"))
PRODUCERS = int(os.environ.get("INTEROP_PRODUCERS", "1000"))
POLICIES = """
  <policyEntry queue="vm.>" memoryLimit="1 mb">
    <pendingQueuePolicy><vmQueueCursor/></pendingQueuePolicy>
  </policyEntry>
  <policyEntry topic="behind" memoryLimit="16 mb"/>
"""
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def fair_broker(tmp_path_factory):
    with Administered(tmp_path_factory.mktemp("fair"), policies=POLICIES) as broker:
        yield broker


@pytest.fixture
def broker(fair_broker):
    assert fair_broker.process.poll() is None, fair_broker.tail()
    yield fair_broker
    assert fair_broker.process.poll() is None, fair_broker.tail()


def queue():
    return f"/queue/vm.{next(_numbers)}"


def fill(broker, connection, to):
    """Fills the queue so that just one send of this connection waits; gives how many are in."""
    for sent in itertools.count():
        receipt = connection.ask(to, b"fill" + BODY, content_length=len(BODY) + 4)
        if PEER == "activemq":
            if not connection.receipt_within(receipt, 1.5):
                return sent
            continue
        until(
            lambda: connection.receipt_within(receipt, 0.01) or broker.blocked(to),
            "the send is answered or waits",
        )
        if broker.blocked(to):
            return sent


def one_by_one(broker, to, producers, sends):
    """Each producer sends, in turn, so many messages that wait."""
    receipts = []
    for _ in range(sends):
        for producer in producers:
            body = f"{len(receipts):08}".encode() + BODY
            receipts.append((producer, producer.ask(to, body, content_length=len(body))))
            # The order of arrival is certain only when the one before has arrived.
            if PEER == "activemq":
                time.sleep(0.05)
            else:
                broker.until_blocked(to, sends=len(receipts) + 1, producers=1)
    return receipts


def test_five_who_wait_go_on_in_the_order_in_which_they_came(broker, client):
    to, filler, consumer = queue(), client(), client()
    producers = [client() for _ in range(5)]
    held = fill(broker, filler, to)
    receipts = one_by_one(broker, to, producers, sends=3)
    rows = {row["connection"]["id"] for row in broker.blocked(to)} if PEER != "activemq" else ()
    assert PEER == "activemq" or len(rows) == 6
    consumer.subscribe(to, ack="client-individual", **{"activemq.prefetchSize": "1"})
    # Each acknowledgement lets one more in, and only the next.
    for _ in range(held + 1):
        consumer.ack_receipted(consumer.message())
    for number, (producer, receipt) in enumerate(receipts):
        producer.receipt(receipt)
        message = consumer.message()
        assert int(message.body[:8]) == number
        consumer.ack_receipted(message)
    broker.until_free(to)


def test_one_acknowledgement_lets_the_first_of_five_go_on_and_no_other(broker, client):
    to, filler, consumer = queue(), client(), client()
    fill(broker, filler, to)
    producers = [client() for _ in range(5)]
    receipts = one_by_one(broker, to, producers, sends=1)
    consumer.subscribe(to, ack="client-individual", **{"activemq.prefetchSize": "1"})
    consumer.ack_receipted(consumer.message())
    consumer.ack_receipted(consumer.message())
    first, receipt = receipts[0]
    first.receipt(receipt)
    if PEER != "activemq":
        until(lambda: len(broker.blocked(to)) == 4, "four are left")
    for producer, _ in receipts[1:]:
        producer.nothing("RECEIPT", quiet=0.05)


class Crowd:
    """Many connections that send one message each, served by one thread."""

    def __init__(self, broker, to, count):
        self.selector = selectors.DefaultSelector()
        self.members = []
        for number in range(count):
            member = broker.client()
            body = f"{number:08}".encode() + bytes(1016)
            member.ask(to, body, content_length=len(body))
            self.selector.register(member.socket, selectors.EVENT_READ, member)
            self.members.append(member)
        self.receipts = dict.fromkeys(self.members, 0)

    def look(self, timeout=0.1):
        for key, _ in self.selector.select(timeout):
            member = key.data
            try:
                while True:
                    frame = member.read(timeout=0.001)
                    assert frame.command == "RECEIPT", frame
                    self.receipts[member] += 1
            except Timeout:
                pass

    def close(self):
        for member in self.members:
            member.close()


@pytest.mark.timeout(300)
def test_a_thousand_who_wait_all_go_on_and_each_is_answered_once(broker, client):
    to, filler, consumer, other = queue(), client(), client(), client()
    fill(broker, filler, to)
    crowd = Crowd(broker, to, PRODUCERS)
    try:
        broker.until_blocked(to, producers=PRODUCERS + 1)
        used, start = broker.cpu_seconds(), time.monotonic()
        # Others are served meanwhile.
        elsewhere = f"/queue/light.{next(_numbers)}"
        other.subscribe(elsewhere)
        for n in range(300):
            other.send_receipted(elsewhere, str(n))
            assert other.message().text == str(n)
        spent = time.monotonic() - start
        figure(
            f"300 messages elsewhere in {spent:.2f} s while {PRODUCERS} producers wait,"
            f" broker {(broker.cpu_seconds() - used) / spent:.1%} of a core"
        )
        assert not any(crowd.receipts.values())
        consumer.subscribe(to)
        got = []
        while len(got) < PRODUCERS:
            message = consumer.message(timeout=30)
            if not message.body.startswith(b"fill"):
                got.append(int(message.body[:8]))
        assert sorted(got) == list(range(PRODUCERS))
        until(lambda: crowd.look() or all(crowd.receipts.values()), "each is answered")
        crowd.look()
        assert set(crowd.receipts.values()) == {1}
        broker.until_free(to)
    finally:
        crowd.close()


# Subscribers far behind.


@pytest.mark.improvement("stops the publisher when ten subscribers are far behind", always=False)
@pytest.mark.timeout(900)
def test_ten_subscribers_far_behind_slow_no_eleventh_down_and_take_no_memory(own_administered):
    broker = own_administered(policies=POLICIES, memory="64 mb")
    publisher = broker.client()
    fast = broker.client(receive_buffer=4 * MB)
    fast.subscribe("/topic/behind")
    first = min(BEHIND, 100_000)
    alone = keeps_up(publisher, fast, first)
    slow = []
    for _ in range(10):
        slow.append(broker.client())
        slow[-1].subscribe(
            "/topic/behind", ack="client-individual", **{"activemq.prefetchSize": "1"}
        )
    early = broker.rss()
    with_slow = keeps_up(publisher, fast, BEHIND, lambda: bounded(broker))
    resident, peak = broker.rss(), broker.peak_rss()
    figure(
        f"11th subscriber {with_slow:.0f} messages/s beside ten that are {BEHIND} behind, alone"
        f" {alone:.0f}; resident {early / MB:.0f} MB before, {resident / MB:.0f} MB after,"
        f" peak {peak / MB:.0f} MB"
    )
    if PEER != "activemq":
        dispatched = broker.of("/topic/behind")["totals"]["dispatched"]
        assert dispatched == first + BEHIND + 10, "the ten are not that far behind"
        # Room for what is read ahead and for the index of what waits on disk.
        assert peak <= 96 * MB + 10 * BEHIND * 8
    # Each of them has everything, in order; a part is looked at where it is much.
    looked = min(BEHIND, 2000)
    for each in slow:
        for n in range(looked):
            message = each.message(timeout=30)
            assert int(message.body[:10]) == n
            each.ack(message)


def bounded(broker):
    if PEER != "activemq":
        memory = broker.of("/topic/behind")["memory"]
        assert memory["usedBytes"] <= memory["limitBytes"] + 2048, memory


def keeps_up(publisher, fast, count, look=lambda: None):
    """Publishes and receives so many messages; their rate."""
    start, batch = time.monotonic(), 500
    for first in range(0, count, batch):
        last = min(first + batch, count)
        frames = [
            encode(
                "SEND",
                {"destination": "/topic/behind", "content-length": 110},
                f"{n:010}".encode() + bytes(100),
            )
            for n in range(first, last)
        ]
        publisher.write(b"".join(frames), timeout=60)
        for n in range(first, last):
            assert int(fast.message(timeout=60).body[:10]) == n
        if first % (100 * batch) == 0:
            look()
    return count / (time.monotonic() - start)
