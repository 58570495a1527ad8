"""What survives a clean stop, what survives a kill, and what does not."""

import pytest


@pytest.mark.parametrize("ending", ["stop", "kill"])
def test_persistent_survives_and_non_persistent_does_not(own_broker, ending):
    broker = own_broker()
    connection = broker.client()
    for n in range(50):
        connection.send_receipted("/queue/kept", f"kept {n}", persistent="true", number=str(n))
        connection.send_receipted("/queue/kept", f"lost {n}")
    connection.close()
    if ending == "stop":
        assert broker.stop() in (0, 143)
    else:
        broker.kill()
    broker.start()
    connection = broker.client()
    connection.subscribe("/queue/kept")
    messages = connection.messages(50)
    assert [m.text for m in messages] == [f"kept {n}" for n in range(50)]
    assert [m["number"] for m in messages] == [str(n) for n in range(50)]
    connection.nothing()


def test_acknowledged_does_not_return_after_a_kill(own_broker):
    broker = own_broker()
    connection = broker.client()
    for n in range(10):
        connection.send_receipted("/queue/acked", str(n), persistent="true")
    connection.subscribe("/queue/acked", ack="client-individual")
    for message in connection.messages(10):
        if message.text not in "37":
            connection.ack_receipted(message)
    broker.kill()
    broker.start()
    connection = broker.client()
    connection.subscribe("/queue/acked")
    assert connection.bodies(2) == ["3", "7"]
    connection.nothing()


def test_headers_survive(own_broker):
    broker = own_broker()
    connection = broker.client()
    body = bytes(range(256))
    connection.send_receipted(
        "/queue/headers", body, content_length=256, persistent="true", priority="8", type="kind",
        correlation_id="c", reply_to="/queue/back", expires="9999999999999", mine="v:\\w\n",
    )  # fmt: skip
    connection.subscribe("/queue/headers", ack="client")
    before = connection.message()
    connection.close()
    broker.restart()
    connection = broker.client()
    connection.subscribe("/queue/headers")
    after = connection.message()
    assert after.body == body
    for name in ("content-length", "priority", "type", "correlation-id", "reply-to", "expires",
                 "mine", "message-id", "timestamp", "persistent"):  # fmt: skip
        assert after[name] == before[name]


def test_dead_letters_survive(own_broker):
    broker = own_broker()
    connection = broker.client()
    connection.send_receipted("/queue/sick", "poison", persistent="true")
    connection.subscribe("/queue/sick", ack="client")
    connection.nack(connection.message())
    broker.kill()
    broker.start()
    connection = broker.client()
    connection.subscribe("/queue/ActiveMQ.DLQ")
    letter = connection.message()
    assert (letter.text, letter["original-destination"]) == ("poison", "/queue/sick")
    connection.subscribe("/queue/sick", id="sick")
    connection.nothing(id="sick")


def test_topics_keep_nothing_over_a_restart(own_broker):
    broker = own_broker()
    broker.client().send_receipted("/topic/gone", "x", persistent="true")
    broker.restart()
    connection = broker.client()
    connection.subscribe("/topic/gone")
    connection.nothing()


def test_ten_restarts_lose_nothing(own_broker):
    broker = own_broker()
    for round in range(10):
        connection = broker.client()
        for n in range(20):
            connection.send_receipted("/queue/rounds", f"{round}-{n}", persistent="true")
        broker.stop() if round % 2 else broker.kill()
        broker.start()
    connection = broker.client()
    connection.subscribe("/queue/rounds")
    assert connection.bodies(200) == [f"{r}-{n}" for r in range(10) for n in range(20)]
    connection.nothing()
