"""Every cursor under a limit: who is paused, what memory takes, and that order and count hold."""

import itertools

import pytest

from administered import until
from broker import PEER
from rawstomp import Timeout

MB = 1024 * 1024
BODY = 10 * 1024
# A message as it is charged, with room for its headers.
MESSAGE = BODY + 2048
LIMIT = MB
MANY = 400
KAHADB = 'journalMaxFileLength="1mb" cleanupInterval="500" checkpointInterval="200"'
QUEUE_CURSORS = {"store": "storeCursor", "vm": "vmQueueCursor", "file": "fileQueueCursor"}
TOPIC_CURSORS = {"vm": "vmCursor", "file": "fileCursor"}
DURABLE_CURSORS = {
    "store": "storeDurableSubscriberCursor",
    "vm": "vmDurableCursor",
    "file": "fileDurableSubscriberCursor",
}
POLICIES = "".join(
    f'<policyEntry queue="q.{name}.>" memoryLimit="1 mb">'
    f"<pendingQueuePolicy><{cursor}/></pendingQueuePolicy></policyEntry>"
    f'<policyEntry queue="priority.{name}.>" memoryLimit="1 mb" prioritizedMessages="true">'
    f"<pendingQueuePolicy><{cursor}/></pendingQueuePolicy></policyEntry>"
    for name, cursor in QUEUE_CURSORS.items()
)
POLICIES += "".join(
    f'<policyEntry topic="t.{name}.>" memoryLimit="1 mb">'
    f"<pendingSubscriberPolicy><{cursor}/></pendingSubscriberPolicy></policyEntry>"
    for name, cursor in TOPIC_CURSORS.items()
)
POLICIES += "".join(
    f'<policyEntry topic="d.{name}.>" memoryLimit="1 mb">'
    f"<pendingDurableSubscriberPolicy><{cursor}/></pendingDurableSubscriberPolicy></policyEntry>"
    for name, cursor in DURABLE_CURSORS.items()
)
POLICIES += """
  <policyEntry queue="page1.>" memoryLimit="1 mb" maxPageSize="1"/>
  <policyEntry queue="uncached.>" memoryLimit="1 mb" useCache="false"/>
  <policyEntry queue="mark10.>" memoryLimit="1 mb" cursorMemoryHighWaterMark="10"/>
  <policyEntry queue="mark100.>" memoryLimit="1 mb" cursorMemoryHighWaterMark="100"/>
  <policyEntry queue="mark200.>" memoryLimit="1 mb" cursorMemoryHighWaterMark="200"/>
"""
KINDS = {"persistent": ["true"], "non-persistent": ["false"], "mixed": ["true", "false"]}
PLAIN_ACKS = {"ack": "client-individual"}
_numbers = itertools.count(1)

queue_cursors = pytest.mark.parametrize("cursor", QUEUE_CURSORS)
kinds = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(scope="module")
def cursor_broker(tmp_path_factory):
    from administered import Administered

    home = tmp_path_factory.mktemp("cursors")
    with Administered(home, policies=POLICIES, kahadb=KAHADB, memory="64 mb") as broker:
        yield broker


@pytest.fixture
def broker(cursor_broker):
    assert cursor_broker.process.poll() is None, cursor_broker.tail()
    yield cursor_broker
    assert cursor_broker.process.poll() is None, cursor_broker.tail()


class Stream:
    """Numbered messages of 10 KiB to one destination, each with a receipt."""

    def __init__(self, connection, to, kind="non-persistent"):
        self.connection = connection
        self.to = to
        self.persistence = itertools.cycle(KINDS[kind])
        self.sent = 0
        self.awaited = set()

    def send(self, count=1, **headers):
        for _ in range(count):
            body = f"{self.sent:08}".encode() + bytes(BODY - 8)
            self.sent += 1
            persistent = next(self.persistence)
            self.awaited.add(
                self.connection.ask(
                    self.to, body, content_length=len(body), persistent=persistent, **headers
                )
            )
            self.look()

    def look(self, timeout=0.001):
        while self.awaited:
            try:
                frame = self.connection.read(timeout=timeout)
            except Timeout:
                return
            assert frame.command == "RECEIPT", frame
            self.awaited.remove(frame["receipt-id"])

    def settled(self):
        """Every send is confirmed."""
        until(lambda: self.look() or not self.awaited, lambda: f"{len(self.awaited)} receipts are missing")


def destination(prefix, kind="queue"):
    return f"/{kind}/{prefix}.{next(_numbers)}"


def number(message):
    return int(message.body[:8])


def bounded(broker, to):
    """Memory is within the limit, which a message may pass."""
    if PEER != "activemq":
        used = broker.of(to)["memory"]["usedBytes"]
        assert used <= LIMIT + MESSAGE, f"{used} bytes in memory at {to}"


def takes(connection, broker, to, expected, **subscription):
    """Exactly these messages come, in this order, with memory within the limit."""
    for at, one in enumerate(expected):
        message = connection.message(timeout=20)
        assert number(message) == one, f"{number(message)} came as number {at}"
        connection.ack(message, **subscription)
        if at % 50 == 0:
            bounded(broker, to)
    connection.nothing()


@kinds
@queue_cursors
def test_a_queue_keeps_order_and_count_under_its_limit(broker, client, cursor, kind):
    producer, consumer, queue = client(), client(), destination(f"q.{cursor}")
    stream = Stream(producer, queue, kind)
    stream.send(MANY)
    if cursor == "vm":
        broker.until_blocked(queue)
        assert stream.awaited
    else:
        stream.settled()
    bounded(broker, queue)
    consumer.subscribe(queue, **PLAIN_ACKS)
    takes(consumer, broker, queue, range(MANY))
    stream.settled()
    broker.until_free(queue)


@queue_cursors
def test_it_goes_from_memory_to_disk_and_back_again_and_again(broker, client, cursor):
    producer, consumer, queue = client(), client(), destination(f"q.{cursor}")
    stream = Stream(producer, queue, "mixed")
    consumer.subscribe(queue, **PLAIN_ACKS, **{"activemq.prefetchSize": "20"})
    taken = 0
    # Backlogs above and below the limit, and empty in between.
    for more, less in [(200, 150), (30, 80), (250, 200), (20, 70), (5, 5), (150, 150)]:
        stream.send(more)
        for _ in range(less):
            message = consumer.message(timeout=20)
            assert number(message) == taken
            consumer.ack(message)
            taken += 1
        bounded(broker, queue)
    assert taken == stream.sent
    stream.settled()
    consumer.nothing()


@pytest.mark.parametrize("cursor", QUEUE_CURSORS)
def test_persistent_messages_return_in_order_after_a_kill(own_administered, cursor):
    broker = own_administered(policies=POLICIES, kahadb=KAHADB)
    queue = f"/queue/q.{cursor}.kill"
    stream = Stream(broker.client(), queue, "persistent")
    stream.send(80)
    stream.settled()
    broker.kill()
    broker.start()
    # More than the limit, half of it of an earlier life.
    second = Stream(broker.client(), queue, "persistent")
    second.sent = 80
    second.send(80)
    consumer = broker.client()
    consumer.subscribe(queue, **PLAIN_ACKS)
    takes(consumer, broker, queue, range(160))
    second.settled()


@pytest.mark.parametrize("prefix", ["page1", "uncached", "mark10", "mark100"])
@kinds
def test_page_size_cache_and_mark_change_no_order_and_pause_nobody(broker, client, prefix, kind):
    producer, consumer, queue = client(), client(), destination(prefix)
    stream = Stream(producer, queue, kind)
    stream.send(MANY)
    stream.settled()
    bounded(broker, queue)
    consumer.subscribe(queue, **PLAIN_ACKS)
    takes(consumer, broker, queue, range(MANY))


def test_a_high_water_mark_above_100_pauses_producers_of_persistent_messages(broker, client):
    producer, consumer, queue = client(), client(), destination("mark200")
    stream = Stream(producer, queue, "persistent")
    stream.send(150)
    broker.until_blocked(queue)
    assert stream.awaited
    consumer.subscribe(queue, **PLAIN_ACKS)
    takes(consumer, broker, queue, range(150))
    stream.settled()


@queue_cursors
def test_higher_priorities_come_first_out_of_a_backlog_above_the_limit(broker, client, cursor):
    producer, consumer, queue = client(), client(), destination(f"priority.{cursor}")
    stream = Stream(producer, queue, "mixed")
    count = 60 if cursor == "vm" else 300
    for n in range(count):
        stream.send(priority=str((n * 7) % 10))
    stream.settled()
    expected = sorted(range(count), key=lambda n: (-((n * 7) % 10), n))
    # A window of one, so that what is in flight does not blur it.
    consumer.subscribe(queue, **PLAIN_ACKS, **{"activemq.prefetchSize": "1"})
    takes(consumer, broker, queue, expected)


@pytest.mark.parametrize("cursor", ["store", "file"])
def test_higher_priorities_come_first_while_memory_is_full_of_lower_ones(broker, client, cursor):
    producer, consumer, queue = client(), client(), destination(f"priority.{cursor}")
    stream = Stream(producer, queue, "mixed")
    # The first hundred fill memory and more; all others are on disk.
    stream.send(100, priority="2")
    stream.send(100, priority="5")
    stream.send(100, priority="8")
    stream.settled()
    consumer.subscribe(queue, **PLAIN_ACKS, **{"activemq.prefetchSize": "5"})
    takes(consumer, broker, queue, [*range(200, 300), *range(100, 200), *range(100)])


@pytest.mark.improvement("starves other groups behind a full page of one", always=False)
@kinds
@queue_cursors
def test_a_stalled_owner_of_a_group_holds_up_no_other_group(broker, client, cursor, kind):
    producer, stalled, other = client(), client(), client()
    queue = destination(f"q.{cursor}")
    stream = Stream(producer, queue, kind)
    stalled.subscribe(queue, **PLAIN_ACKS, **{"activemq.prefetchSize": "1"})
    stream.send(JMSXGroupID="stalled")
    stalled.message()
    other.subscribe(queue, **PLAIN_ACKS, **{"activemq.prefetchSize": "1"})
    # More of the stalled group than a page; what memory alone holds is limited by it.
    behind = 50 if cursor == "vm" else 350
    stream.send(behind, JMSXGroupID="stalled")
    stream.send(10, JMSXGroupID="lively")
    stream.settled()
    takes(other, broker, queue, range(behind + 1, behind + 11))


@pytest.mark.improvement("starves selective consumers behind a full page", always=False)
@kinds
@queue_cursors
def test_a_selective_consumer_finds_its_messages_behind_any_backlog(broker, client, cursor, kind):
    producer, picky, queue = client(), client(), destination(f"q.{cursor}")
    stream = Stream(producer, queue, kind)
    behind = 50 if cursor == "vm" else 350
    stream.send(behind, wanted="no")
    stream.send(10, wanted="yes")
    stream.settled()
    picky.subscribe(queue, **PLAIN_ACKS, selector="wanted = 'yes'")
    takes(picky, broker, queue, range(behind, behind + 10))
    rest = client()
    rest.subscribe(queue, **PLAIN_ACKS)
    takes(rest, broker, queue, range(behind))


# Subscriptions to topics.


@pytest.mark.improvement(
    "stops the publisher at the topic's own limit long before it spools", always=False
)
@kinds
@pytest.mark.parametrize("cursor", TOPIC_CURSORS)
def test_a_slow_subscription_keeps_order_and_count_under_the_limit(broker, client, cursor, kind):
    producer, slow, topic = client(), client(), destination(f"t.{cursor}", "topic")
    slow.subscribe(topic, **PLAIN_ACKS, **{"activemq.prefetchSize": "1"})
    stream = Stream(producer, topic, kind)
    stream.send(MANY)
    if cursor == "vm":
        broker.until_blocked(topic)
        assert stream.awaited
    else:
        stream.settled()
    bounded(broker, topic)
    takes(slow, broker, topic, range(MANY))
    stream.settled()


@pytest.mark.improvement("lets a slow subscriber stop the fast ones", always=False)
@kinds
def test_a_slow_subscription_that_spools_stops_no_fast_one(broker, client, kind):
    producer, slow, fast = client(), client(), client()
    topic = destination("t.file", "topic")
    slow.subscribe(topic, **PLAIN_ACKS, **{"activemq.prefetchSize": "1"})
    fast.subscribe(topic, **PLAIN_ACKS)
    stream = Stream(producer, topic, kind)
    for _ in range(MANY // 50):
        first = stream.sent
        stream.send(50)
        takes(fast, broker, topic, range(first, first + 50))
    stream.settled()
    takes(slow, broker, topic, range(MANY))


def test_a_slow_subscription_that_leaves_frees_the_publisher(broker, client):
    producer, slow, topic = client(), client(), destination("t.vm", "topic")
    slow.subscribe(topic, **PLAIN_ACKS, **{"activemq.prefetchSize": "1"})
    stream = Stream(producer, topic)
    stream.send(150)
    broker.until_blocked(topic)
    slow.close()
    stream.settled()
    broker.until_free(topic)


# Durable subscriptions.


def durable(client, topic, window="1"):
    connection = client(headers={"client-id": plain_id(topic)})
    connection.subscribe(
        topic, id="d", ack="client-individual",
        **{"activemq.subscriptionName": "d", "activemq.prefetchSize": window},
    )  # fmt: skip
    return connection


def plain_id(topic):
    return topic.rsplit("/", 1)[1]


@kinds
@pytest.mark.parametrize("cursor", DURABLE_CURSORS)
def test_a_slow_durable_subscription_keeps_order_and_count(broker, client, cursor, kind):
    topic = destination(f"d.{cursor}", "topic")
    slow = durable(client, topic)
    stream = Stream(client(), topic, kind)
    stream.send(MANY)
    if cursor == "vm":
        broker.until_blocked(topic)
        assert stream.awaited
    else:
        stream.settled()
    bounded(broker, topic)
    takes(slow, broker, topic, range(MANY))
    stream.settled()


@pytest.mark.parametrize("cursor", ["store", "file"])
def test_a_durable_subscription_that_is_away_costs_the_store_only(broker, client, cursor):
    topic = destination(f"d.{cursor}", "topic")
    gone = durable(client, topic)
    gone.disconnect()
    stream = Stream(client(), topic, "persistent")
    stream.send(MANY)
    stream.settled()
    assert not broker.blocked(topic)
    bounded(broker, topic)
    back = durable(client, topic)
    takes(back, broker, topic, range(MANY))


def test_a_durable_subscription_in_memory_holds_it_while_it_is_away(broker, client):
    topic = destination("d.vm", "topic")
    durable(client, topic).disconnect()
    stream = Stream(client(), topic, "persistent")
    stream.send(150)
    broker.until_blocked(topic)
    assert stream.awaited
    takes(durable(client, topic), broker, topic, range(150))
    stream.settled()


@pytest.mark.parametrize("cursor", DURABLE_CURSORS)
def test_a_durable_subscriptions_backlog_survives_a_kill(own_administered, cursor):
    broker = own_administered(policies=POLICIES, kahadb=KAHADB)
    topic = f"/topic/d.{cursor}.kill"
    durable(broker.client, topic).disconnect()
    stream = Stream(broker.client(), topic, "persistent")
    # What a cursor in memory takes without a pause.
    count = 50 if cursor == "vm" else 150
    stream.send(count)
    stream.settled()
    broker.kill()
    broker.start()
    takes(durable(broker.client, topic), broker, topic, range(count))
