"""Who gets which message when: groups, exclusive consumers, priority, expiry, noLocal."""

import time

import pytest


def now_ms():
    return int(time.time() * 1000)


# Message groups.


def by_group(messages):
    groups = {}
    for message in messages:
        groups.setdefault(message["group"], []).append(message.text)
    return groups


def test_group_stays_with_one_consumer_in_order(client, queue):
    consumers = [client() for _ in range(3)]
    for connection in consumers:
        connection.subscribe(queue)
    sender = client()
    for n in range(60):
        sender.send(queue, str(n), JMSXGroupID=f"g{n % 6}", group=f"g{n % 6}")
    sender.alive()
    for connection in consumers:
        connection.alive()
    got = []
    for connection in consumers:
        mine = []
        while True:
            try:
                mine.append(connection.message(timeout=0.4))
            except Exception:  # noqa: BLE001 - quiet is the end
                break
        got.append(by_group(mine))
    owners = [group for mine in got for group in mine]
    assert sorted(owners) == [f"g{n}" for n in range(6)], "each group has one owner"
    for mine in got:
        for group, bodies in mine.items():
            assert bodies == [str(n) for n in range(60) if f"g{n % 6}" == group]
    assert all(got), "groups are spread over the consumers"


def test_group_moves_when_its_consumer_leaves(client, queue):
    first = client()
    first.subscribe(queue)
    sender = client()
    sender.send_receipted(queue, "1", JMSXGroupID="g")
    assert first.message().text == "1"
    second = client()
    second.subscribe(queue)
    sender.send_receipted(queue, "2", JMSXGroupID="g")
    assert first.message().text == "2"
    first.disconnect()
    sender.send_receipted(queue, "3", JMSXGroupID="g")
    assert second.message().text == "3"


def test_negative_sequence_closes_the_group(client, queue):
    consumers = [client() for _ in range(2)]
    for connection in consumers:
        connection.subscribe(queue)
    sender = client()
    sender.send_receipted(queue, "open", JMSXGroupID="g")
    sender.send_receipted(queue, "close", JMSXGroupID="g", JMSXGroupSeq="-1")
    sender.send_receipted(queue, "anew", JMSXGroupID="g")
    bodies = []
    for connection in consumers:
        for _ in range(3):
            try:
                bodies.append(connection.message(timeout=0.4).text)
            except Exception:  # noqa: BLE001 - quiet is the end
                break
    assert sorted(bodies) == ["anew", "close", "open"]


# Exclusive consumers.


def test_exclusive_consumer_gets_all_until_it_leaves(client, queue):
    plain, exclusive = client(), client()
    exclusive.subscribe(queue, **{"activemq.exclusive": "true"})
    plain.subscribe(queue)
    sender = client()
    for n in range(10):
        sender.send(queue, str(n))
    assert exclusive.bodies(10) == [str(n) for n in range(10)]
    plain.nothing()
    exclusive.disconnect()
    sender.send_receipted(queue, "after")
    assert plain.message().text == "after"


def test_consumer_priority_prefers(client, queue):
    low, high = client(), client()
    low.subscribe(queue, **{"activemq.priority": "0"})
    high.subscribe(queue, **{"activemq.priority": "10"})
    sender = client()
    for n in range(10):
        sender.send(queue, str(n))
    assert high.bodies(10) == [str(n) for n in range(10)]
    low.nothing()


def test_lower_priority_consumer_takes_the_overflow(client, queue):
    low, high = client(), client()
    low.subscribe(queue, **{"activemq.priority": "0"})
    high.subscribe(
        queue, ack="client", **{"activemq.priority": "10", "activemq.prefetchSize": "3"}
    )
    sender = client()
    for n in range(5):
        sender.send_receipted(queue, str(n))
    assert high.bodies(3) == ["0", "1", "2"]
    assert low.bodies(2) == ["3", "4"]


# Message priority.


@pytest.mark.parametrize("persistent", ["true", "false"])
def test_prioritized_queue_delivers_high_first(client, name, persistent):
    queue = f"/queue/priority.{name}"
    connection = client()
    for n, priority in enumerate([4, 0, 9, 4, 7, 9, 1]):
        connection.send_receipted(
            queue, f"{priority}-{n}", priority=priority, persistent=persistent
        )
    connection.subscribe(queue)
    assert connection.bodies(7) == ["9-2", "9-5", "7-4", "4-0", "4-3", "1-6", "0-1"]


def test_plain_queue_ignores_priority(client, queue):
    connection = client()
    for priority in (1, 9, 4):
        connection.send_receipted(queue, str(priority), priority=priority)
    connection.subscribe(queue)
    assert connection.bodies(3) == ["1", "9", "4"]


# Expiry.


def test_expired_message_is_not_delivered(client, name):
    queue = f"/queue/drop.{name}"
    connection = client()
    connection.send_receipted(queue, "gone", expires=now_ms() + 150)
    connection.send_receipted(queue, "stays", expires=now_ms() + 60_000)
    time.sleep(0.4)
    connection.subscribe(queue)
    message = connection.message()
    assert message.text == "stays"
    assert int(message["expires"]) > now_ms()
    connection.nothing()


def test_message_that_is_expired_at_send_is_not_delivered(client, name):
    connection = client()
    connection.subscribe(f"/queue/drop.{name}")
    connection.send_receipted(f"/queue/drop.{name}", "late", expires=now_ms() - 1000)
    connection.nothing()
    connection.alive()


@pytest.mark.parametrize("persistent", ["true", "false"])
def test_expired_goes_to_the_dead_letter_queue_by_itself(client, name, persistent):
    dead = client()
    dead.subscribe(f"/queue/DLQ.expiry.{name}")
    connection = client()
    connection.send_receipted(
        f"/queue/expiry.{name}", "gone", expires=now_ms() + 200, persistent=persistent
    )
    letter = dead.message()
    assert letter.text == "gone"
    assert letter["original-destination"] == f"/queue/expiry.{name}"
    assert letter["expires"] == "0"


def test_expired_behind_unexpired_leaves_in_time(client, name):
    dead = client()
    dead.subscribe(f"/queue/DLQ.expiry.{name}")
    connection = client()
    for n in range(50):
        connection.send(f"/queue/expiry.{name}", f"stays {n}")
    connection.send_receipted(f"/queue/expiry.{name}", "gone", expires=now_ms() + 200)
    assert dead.message().text == "gone"


@pytest.mark.improvement("looks only at the first 400 messages for expired ones")
def test_expired_far_behind_unexpired_leaves_in_time(client, name):
    dead = client()
    dead.subscribe(f"/queue/DLQ.expiry.{name}")
    connection = client()
    for n in range(1000):
        connection.send(f"/queue/expiry.{name}", f"stays {n}")
    connection.send_receipted(f"/queue/expiry.{name}", "gone", expires=now_ms() + 200)
    assert dead.message(timeout=4).text == "gone"


# noLocal and retroactive.


def test_no_local_topic_subscription_skips_own_messages(client, topic):
    connection, other = client(), client()
    connection.subscribe(topic, **{"activemq.noLocal": "true"})
    connection.send_receipted(topic, "own")
    other.send_receipted(topic, "from another")
    assert connection.message().text == "from another"
    connection.nothing()


def test_two_subscriptions_of_one_topic_each_get_it(client, topic):
    connection = client()
    connection.subscribe(topic, id="a")
    connection.subscribe(topic, id="b")
    connection.send_receipted(topic, "x")
    assert connection.message(id="a").text == "x"
    assert connection.message(id="b").text == "x"


def test_pending_limit_drops_the_oldest_for_the_slow_only(client, name):
    topic = f"/topic/limited.{name}"
    slow, fast = client(), client()
    slow.subscribe(topic, ack="client", **{"activemq.prefetchSize": "2"})
    fast.subscribe(topic)
    sender = client()
    for n in range(20):
        sender.send(topic, str(n))
    assert fast.bodies(20) == [str(n) for n in range(20)]
    sender.alive()
    got = []
    for _ in range(5):
        message = slow.message()
        got.append(message.text)
        slow.ack_receipted(message)
    assert got == ["0", "1", "17", "18", "19"]
    slow.nothing()
