"""Consumers that are slow for long are closed where the policy says so."""

import pytest

from rawstomp import Timeout

def fill(connection, queue, count):
    for n in range(count):
        connection.send_receipted(queue, str(n))


def test_a_slow_subscription_is_closed_with_a_reason_and_others_get_its_messages(client, named):
    slow, other, queue = client(), client(), named("slow")
    slow.subscribe(queue, id="lazy", ack="client-individual", **{"activemq.prefetchSize": "2"})
    fill(other, queue, 4)
    assert [slow.message().text for _ in range(2)] == ["0", "1"]
    error = slow.read(timeout=10)
    assert error.command == "ERROR"
    assert "lazy" in error["message"] and "slowConsumerStrategy" in error["message"]
    other.subscribe(queue, ack="client-individual")
    for n in range(4):
        message = other.message()
        assert message.text == str(n)
        other.ack_receipted(message)
    # The connection of the slow one goes on.
    slow.subscribe(queue, id="again", ack="client-individual")
    other.send_receipted(queue, "more")


@pytest.mark.parametrize("reads", [True, False])
def test_its_connection_is_closed_where_the_policy_says_so(client, named, reads):
    slow, other, queue = client(), client(), named("deaf")
    slow.subscribe(queue, id="lazy", ack="client-individual", **{"activemq.prefetchSize": "2"})
    fill(other, queue, 4)
    if reads:
        assert [slow.message().text for _ in range(2)] == ["0", "1"]
        assert slow.read(timeout=10).command == "ERROR"
        assert slow.closed(timeout=10) == []
    other.subscribe(queue, ack="client-individual")
    got = {other.message(timeout=10).text for _ in range(4)}
    assert got == {"0", "1", "2", "3"}


@pytest.mark.improvement("sends a client of STOMP nothing when it closes its subscription")
def test_one_that_does_not_acknowledge_in_time_is_closed_and_one_that_does_stays(client, named):
    silent, busy, sender = client(), client(), client()
    queue, other = named("silent"), named("silent")
    silent.subscribe(queue, id="silent", ack="client-individual")
    busy.subscribe(other, id="busy", ack="client-individual")
    sender.send_receipted(queue, "held")
    assert silent.message().text == "held"
    # As long as the silent one is judged, the busy one acknowledges again and again.
    rounds = 0
    while True:
        sender.send_receipted(other, str(rounds))
        busy.ack_receipted(busy.message())
        rounds += 1
        try:
            error = silent.read(timeout=0.05)
            break
        except Timeout:
            assert rounds < 400, "the silent one is not closed"
    assert error.command == "ERROR"
    assert "silent" in error["message"] and "acknowledge" in error["message"]
    busy.nothing("ERROR")
    third = client()
    third.subscribe(queue)
    assert third.message().text == "held"


def test_a_slow_subscriber_of_a_topic_is_closed_and_frees_the_publisher(broker, client, named):
    slow, publisher = client(), client()
    topic = named("slowtopic").replace("/queue/", "/topic/")
    slow.subscribe(topic, id="lazy", ack="client-individual", **{"activemq.prefetchSize": "2"})
    body = bytes(10 * 1024)
    receipts = [publisher.ask(topic, body, content_length=len(body)) for _ in range(150)]
    for receipt in receipts:
        publisher.receipt(receipt)
    broker.until_free(topic)
