"""Consumers that are slow for long are closed where the policy says so."""

import pytest


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
