"""What the broker tells real clients, over advisory topics, of limits, slow consumers and loss."""

import itertools

import pytest

from administered import Administered

ADVISED = 'advisoryWhenFull="true" advisoryForFastProducers="true"'
POLICIES = f"""
  <policyEntry queue="advised.>" memoryLimit="1 mb" {ADVISED}>
    <pendingQueuePolicy><vmQueueCursor/></pendingQueuePolicy>
  </policyEntry>
  <policyEntry queue="refusing.>" memoryLimit="1 mb" {ADVISED} sendFailIfNoSpace="true"
               cursorMemoryHighWaterMark="200"/>
  <policyEntry queue="stored.>" {ADVISED}/>
  <policyEntry topic="advised.>" memoryLimit="1 mb" {ADVISED}>
    <pendingSubscriberPolicy><vmCursor/></pendingSubscriberPolicy>
  </policyEntry>
  <policyEntry topic="lossy.>" advisoryForSlowConsumers="true" advisoryForDiscardingMessages="true">
    <pendingMessageLimitStrategy>
      <constantPendingMessageLimitStrategy limit="3"/>
    </pendingMessageLimitStrategy>
  </policyEntry>
  <policyEntry queue="quiet.>" memoryLimit="1 mb">
    <pendingQueuePolicy><vmQueueCursor/></pendingQueuePolicy>
  </policyEntry>
"""
KAHADB = 'journalMaxFileLength="1mb" cleanupInterval="500" checkpointInterval="200"'
BODY = bytes(10 * 1024)
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def advising(tmp_path_factory):
    home = tmp_path_factory.mktemp("advising")
    with Administered(home, policies=POLICIES, kahadb=KAHADB, store="8 mb") as broker:
        yield broker


@pytest.fixture
def broker(advising):
    assert advising.process.poll() is None, advising.tail()
    yield advising


@pytest.fixture
def listen(client):
    """A client that listens to one kind of advisory of a destination."""

    def subscribe(kind, destination):
        _, what, name = destination.split("/", 2)
        connection = client()
        connection.subscribe(f"/topic/ActiveMQ.Advisory.{kind}.{what.capitalize()}.{name}")
        return connection

    return subscribe


@pytest.fixture
def overrun(broker, client):
    """A producer that sends until it waits; gives its connection and how much it sent."""

    def run(destination, persistent="false", most=150, **headers):
        producer = client(headers={"client-id": f"overrunning-{next(_numbers)}"})
        for _ in range(most):
            producer.ask(destination, BODY, content_length=len(BODY), persistent=persistent, **headers)
        broker.until_blocked(destination)
        return producer

    return run


def queue(prefix):
    return f"/queue/{prefix}.{next(_numbers)}"


def drain(client, destination, count):
    consumer = client()
    consumer.subscribe(destination)
    consumer.messages(count)


def test_a_full_queue_is_told_with_its_usage(client, listen, overrun):
    destination = queue("advised")
    full, fast = listen("FULL", destination), listen("FastProducer", destination)
    overrun(destination)
    assert full.message()["usageName"]
    assert fast.message()["producerId"]
    drain(client, destination, 150)


def test_a_full_topic_is_told_too(client, listen, overrun):
    destination = f"/topic/advised.{next(_numbers)}"
    full, fast = listen("FULL", destination), listen("FastProducer", destination)
    slow = client()
    slow.subscribe(destination, ack="client", **{"activemq.prefetchSize": "1"})
    overrun(destination)
    assert full.message()["usageName"]
    assert fast.message()["producerId"]


def test_a_refused_send_is_told_too(client, listen):
    destination = queue("refusing")
    full = listen("FULL", destination)
    producer = client()
    for _ in range(150):
        producer.ask(destination, BODY, content_length=len(BODY), persistent="true")
    assert full.message()["usageName"]
    drain(client, destination, 90)


def test_a_full_store_is_told_as_the_store(client, listen, overrun):
    destination = queue("stored")
    full = listen("FULL", destination)
    overrun(destination, persistent="true", most=1500)
    assert "store" in full.message()["usageName"].lower()
    drain(client, destination, 1500)


def test_a_slow_consumer_and_what_is_discarded_for_it_are_told(client, listen):
    destination = f"/topic/lossy.{next(_numbers)}"
    told_slow = listen("SlowConsumer", destination)
    told_lost = listen("MessageDiscarded", destination)
    slow, publisher = client(), client()
    slow.subscribe(destination, ack="client-individual", **{"activemq.prefetchSize": "2"})
    for n in range(30):
        publisher.send_receipted(destination, str(n))
    assert told_slow.message()["consumerId"]
    assert int(told_lost.message()["discardedCount"]) >= 1


@pytest.mark.improvement("tells of no blocked producer")
def test_a_blocked_producer_is_told_with_the_reason_and_once_more_when_it_goes_on(
    client, listen, overrun
):
    destination = queue("quiet")
    told = listen("ProducerBlocked", destination)
    everything = client()
    everything.subscribe("/topic/ActiveMQ.Advisory.ProducerBlocked.>")
    producer = overrun(destination, most=96)
    begins = told.message()
    assert begins["blocked"] == "true"
    assert begins["clientId"].startswith("overrunning-")
    assert begins["usageLimit"] == str(1024 * 1024)
    assert int(begins["usageCount"]) >= 1024 * 1024
    assert "memory limit" in begins["explanation"]
    assert begins["remoteAddress"] == "%s:%d" % producer.socket.getsockname()
    assert everything.message()["producerId"] == begins["producerId"]
    told.nothing()
    drain(client, destination, 96)
    ends = told.message()
    assert (ends["blocked"], ends["producerId"]) == ("false", begins["producerId"])
    told.nothing()
