"""What one destination, one message or one mistake may not do to the rest of the broker."""

import itertools
import time

import pytest

from administered import until
from broker import PEER
from rawstomp import Timeout

KAHADB = 'journalMaxFileLength="1mb" cleanupInterval="500" checkpointInterval="200"'
BODY = bytes(10 * 1024)
WINDOW_OF_ONE = {"ack": "client-individual", "activemq.prefetchSize": "1"}
POLICIES = """
  <policyEntry queue="hog.>">
    <pendingQueuePolicy><vmQueueCursor/></pendingQueuePolicy>
  </policyEntry>
  <policyEntry queue="early" useCache="false"/>
  <policyEntry queue="small.>" memoryLimit="1 mb" expireMessagesPeriod="200"/>
"""
_numbers = itertools.count(1)
kinds = pytest.mark.parametrize("persistent", ["true", "false"])


def queue(prefix):
    return f"/queue/{prefix}.{next(_numbers)}"


@pytest.fixture
def hogged(own_administered):
    """A broker whose memory one queue has filled, and a producer of it that waits."""

    def start(**settings):
        broker = own_administered(policies=POLICIES, kahadb=KAHADB, memory="2 mb", **settings)
        # What waits on disk from before.
        with broker.client() as early:
            for n in range(50):
                early.send_receipted("/queue/early", str(n), persistent="true")
        hog = broker.client()
        for _ in range(250):
            hog.ask("/queue/hog.1", BODY, content_length=len(BODY))
        broker.until_blocked("/queue/hog.1")
        return broker

    return start


@pytest.mark.improvement("stops all producers when one queue has the broker's memory", always=False)
@kinds
def test_other_queues_take_and_give_while_one_has_all_memory(hogged, persistent):
    broker = hogged()
    producer, consumer = broker.client(), broker.client()
    to = queue("other")
    for n in range(300):
        body = f"{n:08}".encode() + BODY
        producer.send_receipted(to, body, content_length=len(body), persistent=persistent)
    consumer.subscribe(to, **WINDOW_OF_ONE)
    for n in range(300):
        message = consumer.message()
        assert int(message.body[:8]) == n
        consumer.ack(message)


@pytest.mark.improvement("pages nothing in when one queue has the broker's memory", always=False)
def test_a_backlog_on_disk_is_dispatched_while_one_queue_has_all_memory(hogged):
    broker = hogged()
    consumer = broker.client()
    consumer.subscribe("/queue/early", **WINDOW_OF_ONE)
    for n in range(50):
        message = consumer.message()
        assert message.text == str(n)
        consumer.ack(message)


@pytest.mark.improvement("stops all publishers when one queue has the broker's memory", always=False)
def test_topics_go_on_while_one_queue_has_all_memory(hogged):
    broker = hogged()
    publisher, subscriber = broker.client(), broker.client()
    subscriber.subscribe("/topic/news")
    for n in range(100):
        publisher.send_receipted("/topic/news", str(n))
        assert subscriber.message().text == str(n)


@pytest.mark.improvement("keeps whole journal files, and what they refer to", always=False)
@pytest.mark.parametrize("old", [1, 3, 40])
def test_old_messages_pin_little_of_the_store(own_administered, old):
    broker = own_administered(policies=POLICIES, kahadb=KAHADB, store="8 mb")
    producer, consumer = broker.client(), broker.client()
    consumer.subscribe("/queue/traffic", ack="client-individual")
    # An old message now and then stays for ever; five times the limit passes by.
    every = 4000 // old
    for n in range(4000):
        if n % every == 0:
            producer.send_receipted("/queue/old", f"old {n}", persistent="true")
        producer.send_receipted("/queue/traffic", BODY, content_length=len(BODY), persistent="true")
        consumer.ack(consumer.message())
    rest = broker.client()
    rest.subscribe("/queue/old")
    assert rest.bodies(old) == [f"old {n}" for n in range(0, every * old, every)]


@pytest.mark.improvement("never leaves a full temp store of default files", always=False)
@pytest.mark.parametrize("limit", ["1 mb", "8 mb", "40 mb"])
def test_a_full_spool_is_left_whatever_its_limit(own_administered, limit):
    broker = own_administered(policies=POLICIES, temp=limit)
    for _ in range(2):
        producer, consumer, to = broker.client(), broker.client(), queue("small")
        count = 4500 if limit == "40 mb" else 1200
        for sent in range(1, count + 1):
            producer.send(to, BODY, content_length=len(BODY))
            if PEER != "activemq" and sent % 100 == 0 and broker.blocked(to):
                count = sent
                break
        broker.until_blocked(to)
        consumer.subscribe(to)
        consumer.messages(count)
        broker.until_free(to)


@pytest.mark.improvement("lowers the limit, or does not start", always=False)
def test_limits_beyond_the_machine_neither_stop_the_start_nor_the_work(own_administered):
    broker = own_administered(store="900000 gb", temp="900000 gb", memory="90000 gb")
    client = broker.client()
    client.subscribe("/queue/any")
    client.send_receipted("/queue/any", "works", persistent="true")
    assert client.message().text == "works"


@pytest.mark.improvement("shows what is in memory", always=False)
@kinds
def test_a_browser_sees_everything_whatever_memory_holds(own_administered, persistent):
    broker = own_administered(policies=POLICIES)
    producer, browser, to = broker.client(), broker.client(), queue("small")
    for n in range(1500):
        body = f"{n:08}".encode() + BODY[:2000]
        producer.ask(to, body, content_length=len(body), persistent=persistent)
    producer.alive()
    browser.subscribe(to, browser="true")
    for n in range(1500):
        assert int(browser.message().body[:8]) == n
    if PEER != "activemq":
        memory = broker.of(to)["memory"]
        assert memory["usedBytes"] <= memory["limitBytes"]


@pytest.mark.improvement("looks at the first 400 messages only", always=False)
@kinds
def test_what_expires_far_behind_the_head_is_expired(own_administered, persistent):
    broker = own_administered(policies=POLICIES)
    producer, to = broker.client(), queue("small")
    for _ in range(1000):
        producer.ask(to, BODY, content_length=len(BODY), persistent=persistent)
    expires = int(time.time() * 1000) + 1000
    for _ in range(200):
        producer.ask(
            to, BODY, content_length=len(BODY), persistent=persistent, expires=expires
        )  # fmt: skip
    producer.alive()
    until(
        lambda: broker.of(to)["pending"] == 1000 and broker.of(to)["totals"]["expired"] == 200,
        lambda: f"200 expire: {broker.of(to)}",
    )


def test_usage_is_nothing_when_nothing_is_left(own_administered):
    broker = own_administered(policies=POLICIES, kahadb=KAHADB)
    for persistent in ("true", "false"):
        to = queue("small")
        producer, consumer = broker.client(), broker.client()
        # Spooled, committed, aborted, expired, given back by a dying consumer, acknowledged.
        for _ in range(200):
            producer.ask(to, BODY, content_length=len(BODY), persistent=persistent)
        for end in ("ABORT", "COMMIT"):
            producer.command("BEGIN", transaction=end)
            for _ in range(150):
                producer.send(
                    to, BODY, content_length=len(BODY), persistent=persistent, transaction=end
                )
            producer.command(end, transaction=end)
        soon = int(time.time() * 1000) + 300
        for _ in range(20):
            producer.send(to, BODY, content_length=len(BODY), persistent=persistent, expires=soon)
        producer.alive()
        with broker.client() as dying:
            dying.subscribe(to, ack="client-individual", **{"activemq.prefetchSize": "50"})
            dying.messages(50)
        until(lambda: broker.of(to)["totals"]["expired"] == 20, lambda: f"{broker.of(to)}")
        consumer.subscribe(to, ack="client-individual")
        for _ in range(350):
            consumer.ack(consumer.message())
        consumer.nothing()
        until(lambda: broker.of(to)["memory"]["usedBytes"] == 0, lambda: f"{broker.of(to)}")
    with broker.client() as dead:
        dead.subscribe("/queue/ActiveMQ.DLQ")
        try:
            while True:
                dead.message(timeout=0.5)
        except Timeout:
            pass
    until(lambda: broker.status()["memory"]["usedBytes"] == 0, lambda: f"{broker.status()}")
