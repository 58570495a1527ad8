"""Browsing a queue: copies of what waits, an end marker, nothing taken."""

import pytest


def filled(client, queue, count, **headers):
    connection = client()
    for n in range(count):
        connection.send(queue, f"m{n}", **headers)
    connection.alive()


def browse(connection, queue, **headers):
    """Bodies until the end marker."""
    connection.frame("SUBSCRIBE", {"destination": queue, "id": "b", "browser": "true", **headers})
    bodies = []
    while True:
        message = connection.message(id="b")
        if message.get("browser") == "end":
            assert message.text == ""
            connection.unsubscribe("b")
            return bodies
        bodies.append(message.text)


@pytest.mark.parametrize("persistent", ["true", "false"])
def test_browser_sees_all_and_takes_nothing(client, queue, persistent):
    filled(client, queue, 10, persistent=persistent)
    connection = client()
    for _ in range(2):
        assert browse(connection, queue) == [f"m{n}" for n in range(10)]
    connection.subscribe(queue)
    messages = connection.messages(10)
    assert [m.text for m in messages] == [f"m{n}" for n in range(10)]
    assert all(m.get("redelivered") is None for m in messages)


def test_empty_queue_ends_at_once(client, queue):
    assert browse(client(), queue) == []


def test_browser_with_selector_sees_the_matching(client, queue):
    connection = client()
    for n in range(10):
        connection.send(queue, f"m{n}", parity=str(n % 2))
    connection.alive()
    assert browse(connection, queue, selector="parity = 1") == ["m1", "m3", "m5", "m7", "m9"]


def test_browser_beside_a_consumer(client, queue):
    filled(client, queue, 5)
    consumer = client()
    consumer.subscribe(queue, ack="client-individual", **{"activemq.prefetchSize": "1"})
    held = consumer.message()
    seen = browse(client(), queue)
    assert set(seen) >= {"m1", "m2", "m3", "m4"}
    consumer.ack_receipted(held)
    assert consumer.message().text == "m1"


def test_browser_of_more_than_its_prefetch(client, queue):
    filled(client, queue, 300)
    connection = client()
    connection.frame(
        "SUBSCRIBE",
        {"destination": queue, "id": "b", "browser": "true", "ack": "client",
         "activemq.prefetchSize": "50"},
    )  # fmt: skip
    bodies = []
    while True:
        message = connection.message(id="b")
        if message.get("browser") == "end":
            break
        bodies.append(message.text)
        connection.ack(message)
    assert bodies == [f"m{n}" for n in range(300)]
    connection.unsubscribe("b")
    connection.subscribe(queue)
    assert len(connection.messages(300)) == 300


def test_browser_leaving_early_harms_nothing(client, queue):
    filled(client, queue, 100)
    connection = client()
    connection.frame("SUBSCRIBE", {"destination": queue, "id": "b", "browser": "true"})
    connection.message()
    connection.close()
    other = client()
    other.subscribe(queue)
    assert other.bodies(100) == [f"m{n}" for n in range(100)]
