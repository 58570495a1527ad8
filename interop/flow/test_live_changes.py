"""Limits and policies changed over HTTP while producers wait: who may go on, goes on at once."""

import itertools

import pytest

from administered import Administered, until
from broker import PEER

pytestmark = pytest.mark.skipif(PEER == "activemq", reason="ActiveMQ has no such administration")

KAHADB = 'journalMaxFileLength="1mb" cleanupInterval="500" checkpointInterval="200"'
POLICIES = """
  <policyEntry queue="vm.>" memoryLimit="1 mb">
    <pendingQueuePolicy><vmQueueCursor/></pendingQueuePolicy>
  </policyEntry>
  <policyEntry queue="own.>">
    <pendingQueuePolicy><vmQueueCursor/></pendingQueuePolicy>
  </policyEntry>
  <policyEntry queue="marked.>" memoryLimit="1 mb" cursorMemoryHighWaterMark="200"/>
  <policyEntry queue="disk.>" memoryLimit="1 mb"/>
  <policyEntry topic="vm.>" memoryLimit="1 mb">
    <pendingSubscriberPolicy><vmCursor/></pendingSubscriberPolicy>
  </policyEntry>
"""
BODY = bytes(10 * 1024)
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def live_broker(tmp_path_factory):
    home = tmp_path_factory.mktemp("live")
    with Administered(home, policies=POLICIES, kahadb=KAHADB) as broker:
        yield broker


@pytest.fixture
def broker(live_broker):
    assert live_broker.process.poll() is None, live_broker.tail()
    yield live_broker
    assert live_broker.process.poll() is None, live_broker.tail()


def queue(prefix):
    return f"/queue/{prefix}.{next(_numbers)}"


def overrun(broker, connection, to, count=110, persistent="false"):
    """Sends with receipts until some wait; gives the receipts that are still missing."""
    receipts = [
        connection.ask(to, BODY, content_length=len(BODY), persistent=persistent)
        for _ in range(count)
    ]
    missing = list(receipts)

    def is_settled():
        while missing and connection.receipt_within(missing[0], 0.001):
            missing.pop(0)
        rows = [row for row in broker.blocked(to) if row["limit"]["kind"] != "congested"]
        return rows and sum(row["sends"] for row in rows) == len(missing)

    until(is_settled, lambda: f"{len(missing)} are missing, {broker.blocked(to)} wait")
    return missing


def all_come(connection, receipts):
    for receipt in receipts:
        connection.receipt(receipt)


def test_a_higher_memory_limit_lets_all_who_have_room_go_on(broker, client):
    producers, to = [client() for _ in range(3)], queue("vm")
    waiting = [overrun(broker, producers[0], to)]
    waiting += [[producer.ask(to, BODY)] for producer in producers[1:]]
    broker.until_blocked(to, producers=3)
    broker.change(to, memoryLimit="2mb")
    for producer, receipts in zip(producers, waiting):
        all_come(producer, receipts)
    broker.until_free(to)


def test_a_limit_that_is_raised_too_little_lets_as_many_go_on_as_have_room(broker, client):
    producer, to = client(), queue("vm")
    waiting = overrun(broker, producer, to, count=130)
    limit = 1024 * 1024 + 10 * 11 * 1024
    broker.change(to, memoryLimit=limit)
    all_come(producer, waiting[:9])
    assert broker.blocked(to)
    used = broker.of(to)["memory"]["usedBytes"]
    assert limit <= used <= limit + 12 * 1024


def test_a_lower_limit_lets_nobody_in_until_it_is_reached_from_above(broker, client):
    producer, consumer, to = client(), client(), queue("vm")
    for _ in range(80):
        producer.send_receipted(to, BODY, content_length=len(BODY))
    broker.change(to, memoryLimit="500kb")
    receipt = producer.ask(to, BODY, content_length=len(BODY))
    broker.until_blocked(to)
    consumer.subscribe(to, ack="client-individual", **{"activemq.prefetchSize": "1"})
    # 44 messages are within it.
    for _ in range(30):
        consumer.ack_receipted(consumer.message())
    assert broker.blocked(to)
    for _ in range(10):
        consumer.ack_receipted(consumer.message())
    producer.receipt(receipt)
    broker.until_free(to)


def test_limit_zero_means_the_brokers_limit(broker, client):
    producer, to = client(), queue("vm")
    waiting = overrun(broker, producer, to)
    broker.change(to, memoryLimit=0)
    all_come(producer, waiting)


def test_without_producer_flow_control_all_go_on(broker, client):
    producer, to = client(), queue("vm")
    waiting = overrun(broker, producer, to)
    broker.change(to, producerFlowControl=False)
    all_come(producer, waiting)
    for _ in range(50):
        producer.send_receipted(to, BODY)
    broker.change(to, producerFlowControl=True)
    overrun(broker, producer, to, count=1)


def test_a_lower_high_water_mark_sends_what_waits_to_disk(broker, client):
    producer, to = client(), queue("marked")
    waiting = overrun(broker, producer, to, persistent="true")
    broker.change(to, cursorMemoryHighWaterMark=70)
    all_come(producer, waiting)
    for _ in range(100):
        producer.send_receipted(to, BODY, persistent="true")
    consumer = client()
    consumer.subscribe(to)
    consumer.messages(110 + 100)


def test_refusing_from_now_on_refuses_what_comes_now(broker, client):
    producer, late, to = client(), client(), queue("vm")
    waiting = overrun(broker, producer, to)
    broker.change(to, sendFailIfNoSpace=True)
    receipt = late.ask(to, BODY)
    assert late.error()["receipt-id"] == receipt
    # What waits was promised to wait, and has room when there is room.
    consumer = client()
    consumer.subscribe(to)
    all_come(producer, waiting)


def test_a_timeout_from_now_on_is_for_what_comes_now(broker, client):
    producer, late, to = client(), client(), queue("vm")
    overrun(broker, producer, to)
    broker.change(to, sendFailIfNoSpaceAfterTimeout=300)
    receipt = late.ask(to, BODY)
    assert late.error()["receipt-id"] == receipt


@pytest.mark.parametrize("changes", [{"maxPageSize": 1}, {"useCache": False}, {"maxPageSize": 5000}])
def test_page_size_and_cache_may_change_in_the_middle_of_a_backlog(broker, client, changes):
    producer, consumer, to = client(), client(), queue("disk")
    for n in range(300):
        producer.ask(to, f"{n:05}".encode() + BODY, persistent=str(n % 2 == 0).lower())
    producer.alive()
    consumer.subscribe(to, ack="client-individual", **{"activemq.prefetchSize": "10"})
    for n in range(600):
        if n == 100:
            broker.change(to, **changes)
        if n == 150:
            for more in range(300, 600):
                producer.ask(to, f"{more:05}".encode() + BODY, persistent="true")
        message = consumer.message()
        assert int(message.body[:5]) == n
        consumer.ack(message)
    consumer.nothing()


def test_a_topics_limit_reaches_the_publisher(broker, client):
    publisher, slow, to = client(), client(), f"/topic/vm.{next(_numbers)}"
    slow.subscribe(to, ack="client-individual", **{"activemq.prefetchSize": "1"})
    waiting = overrun(broker, publisher, to)
    broker.change(to, memoryLimit="4mb")
    all_come(publisher, waiting)


# The limits of the whole broker.


@pytest.mark.parametrize(
    "limit, prefix, persistent, kind, low, high",
    [
        ("memoryLimit", "own", "false", "memory", "2mb", "64mb"),
        ("storeLimit", "disk", "true", "store", "3mb", "20gb"),
        ("tempLimit", "disk", "false", "temp", "3mb", "20gb"),
    ],
)
def test_the_brokers_limits_hold_back_and_let_go(
    own_administered, limit, prefix, persistent, kind, low, high
):
    broker = own_administered(policies=POLICIES, kahadb=KAHADB)
    producer, to = broker.client(), queue(prefix)
    producer.send_receipted(to, "there it is", persistent=persistent)
    broker.change("broker", **{limit: low})
    waiting = overrun(broker, producer, to, count=400, persistent=persistent)
    assert {row["limit"]["kind"] for row in broker.blocked(to)} == {kind}
    broker.change("broker", **{limit: high})
    all_come(producer, waiting)
    broker.until_free(to)


def test_the_whole_broker_refuses_from_now_on(own_administered):
    broker = own_administered(policies=POLICIES, kahadb=KAHADB)
    producer, late, to = broker.client(), broker.client(), queue("vm")
    overrun(broker, producer, to)
    broker.change("broker", sendFailIfNoSpace=True)
    receipt = late.ask(to, BODY)
    assert late.error()["receipt-id"] == receipt


def test_what_is_explained_as_help_helps(broker, client):
    producer, to = client(), queue("vm")
    waiting = overrun(broker, producer, to)
    name = to.removeprefix("/queue/")
    found = broker.http(f"/api/explain?destination=queue://{name}")
    helps = [help["set"] for limit in found["limits"] for help in limit["remedies"]]
    change = next(one for one in helps if one)
    broker.http("/api/set", {"target": change["target"], "memoryLimit": change["memoryLimit"]})
    all_come(producer, waiting)
    until(lambda: "No producer is blocked" in broker.explain(to), "nothing is left to explain")
