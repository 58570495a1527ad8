"""Acknowledge modes, NACK, redelivery and dead letters, per protocol version."""

import time

import pytest
import stomp

from rawstomp import Timeout
from listener import Listener

VERSIONS = ("1.0", "1.1", "1.2")
WITH_NACK = ("1.1", "1.2")


def filled(client, queue, count, **headers):
    connection = client()
    for n in range(count):
        connection.send(queue, f"m{n}", **headers)
    connection.alive()


def drained(client, queue, count):
    """What another consumer gets after the first is gone; then nothing more."""
    connection = client()
    connection.subscribe(queue, id="drain")
    messages = connection.messages(count)
    connection.nothing()
    return messages


@pytest.mark.parametrize("version", VERSIONS)
def test_auto_acknowledges_at_delivery(client, queue, version):
    filled(client, queue, 3)
    connection = client(version)
    connection.subscribe(queue, ack="auto")
    assert connection.bodies(3) == ["m0", "m1", "m2"]
    connection.disconnect()
    assert drained(client, queue, 0) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_client_mode_is_cumulative(client, queue, version):
    filled(client, queue, 5)
    connection = client(version)
    connection.subscribe(queue, ack="client")
    messages = connection.messages(5)
    connection.ack_receipted(messages[2])
    connection.disconnect()
    assert [m.text for m in drained(client, queue, 2)] == ["m3", "m4"]


@pytest.mark.parametrize("version", VERSIONS)
def test_client_individual_acknowledges_one(client, queue, version):
    filled(client, queue, 4)
    connection = client(version)
    connection.subscribe(queue, ack="client-individual")
    messages = connection.messages(4)
    connection.ack_receipted(messages[2])
    connection.disconnect()
    assert [m.text for m in drained(client, queue, 3)] == ["m0", "m1", "m3"]


@pytest.mark.parametrize("leave", ["disconnect", "drop"])
def test_unacknowledged_come_back_redelivered_and_in_order(client, queue, leave):
    filled(client, queue, 3)
    connection = client()
    connection.subscribe(queue, ack="client")
    connection.messages(3)
    connection.disconnect() if leave == "disconnect" else connection.close()
    messages = drained(client, queue, 3)
    assert [m.text for m in messages] == ["m0", "m1", "m2"]
    assert [m.get("redelivered") for m in messages] == ["true"] * 3


def test_unsubscribe_gives_unacknowledged_back(client, queue):
    filled(client, queue, 2)
    connection = client()
    connection.subscribe(queue, ack="client-individual")
    connection.messages(2)
    connection.unsubscribe()
    assert [m.text for m in drained(client, queue, 2)] == ["m0", "m1"]


def test_waiting_consumer_takes_over_at_once(client, queue):
    first = client()
    first.subscribe(queue, ack="client")
    filled(client, queue, 3)
    first.messages(3)
    second = client()
    second.subscribe(queue, ack="auto")
    second.nothing(quiet=0.2)
    first.close()
    assert second.bodies(3) == ["m0", "m1", "m2"]


def test_two_subscriptions_of_one_connection_ack_apart(client, name):
    connection = client()
    connection.subscribe(f"/queue/{name}.a", id="a", ack="client")
    connection.subscribe(f"/queue/{name}.b", id="b", ack="client")
    connection.send_receipted(f"/queue/{name}.a", "of a")
    connection.send_receipted(f"/queue/{name}.b", "of b")
    a, b = connection.message(id="a"), connection.message(id="b")
    connection.ack_receipted(b)
    connection.disconnect()
    assert [m.text for m in drained(client, f"/queue/{name}.a", 1)] == ["of a"]
    assert drained(client, f"/queue/{name}.b", 0) == []
    assert a.text == "of a"


@pytest.mark.parametrize("version", VERSIONS)
def test_unknown_ack_is_an_error_and_the_connection_stays(client, queue, version):
    connection = client(version)
    connection.subscribe(queue, ack="client")
    unknown = "ID:nowhere-1-2-3:1:1:1:1"
    headers = {"1.0": {"message-id": unknown},
               "1.1": {"message-id": unknown, "subscription": "s"},
               "1.2": {"id": unknown}}[version]  # fmt: skip
    connection.frame("ACK", {**headers, "receipt": "bad-ack"})
    error = connection.error()
    assert error["receipt-id"] == "bad-ack"
    assert "Unexpected ACK" in error["message"]
    connection.alive()


@pytest.mark.improvement("closes without a word")
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_ack_of_what_is_no_message_id_is_an_error_and_the_connection_stays(client, queue, version):
    connection = client(version)
    connection.subscribe(queue, ack="client")
    headers = {"message-id": "nonsense", "subscription": "s", "receipt": "bad-ack"}
    connection.frame("ACK", headers)
    assert connection.error()["receipt-id"] == "bad-ack"
    connection.alive()


@pytest.mark.parametrize("version", VERSIONS)
def test_ack_without_id_is_an_error_and_the_connection_stays(client, queue, version):
    connection = client(version)
    connection.subscribe(queue, ack="client")
    connection.frame("ACK", {"receipt": "bare"})
    assert connection.error()["receipt-id"] == "bare"
    connection.alive()


def test_second_ack_of_one_message_is_an_error(client, queue):
    filled(client, queue, 1)
    connection = client()
    connection.subscribe(queue, ack="client-individual")
    message = connection.message()
    connection.ack_receipted(message)
    connection.ack(message, receipt="again")
    assert connection.error()["receipt-id"] == "again"
    connection.alive()


@pytest.mark.parametrize("version", WITH_NACK)
def test_nack_goes_to_the_dead_letter_queue_at_once(client, name, version):
    queue = f"/queue/individual.{name}"
    filled(client, queue, 2, persistent="true")
    connection = client(version)
    connection.subscribe(queue, ack="client-individual")
    first, second = connection.messages(2)
    connection.nack(first)
    connection.ack_receipted(second)
    connection.disconnect()
    assert drained(client, queue, 0) == []
    dead = client()
    dead.subscribe(f"/queue/DLQ.individual.{name}")
    letter = dead.message()
    assert letter.text == "m0"
    assert letter["original-destination"] == queue
    dead.nothing()


def test_shared_dead_letter_queue_takes_persistent_only(client, name):
    dead = client()
    dead.subscribe("/queue/ActiveMQ.DLQ", selector=f"mark = '{name}'")
    connection = client()
    for persistent in ("false", "true"):
        connection.send_receipted(f"/queue/{name}", persistent, mark=name, persistent=persistent)
    connection.subscribe(f"/queue/{name}", ack="client-individual")
    for message in connection.messages(2):
        connection.nack(message)
    assert dead.message().text == "true"
    dead.nothing()


def test_nack_in_1_0_is_an_error(client, queue):
    filled(client, queue, 1)
    connection = client("1.0")
    connection.subscribe(queue, ack="client")
    message = connection.message()
    connection.frame("NACK", {"message-id": message["message-id"], "receipt": "old"})
    assert connection.error()["receipt-id"] == "old"


def test_unacknowledged_survive_a_restart(own_broker):
    broker = own_broker()
    connection = broker.client()
    for n in range(5):
        connection.send_receipted("/queue/kept", f"m{n}", persistent="true")
    connection.subscribe("/queue/kept", ack="client-individual")
    messages = connection.messages(5)
    connection.ack_receipted(messages[1])
    connection.ack_receipted(messages[3])
    broker.restart()
    again = broker.client()
    again.subscribe("/queue/kept")
    assert again.bodies(3) == ["m0", "m2", "m4"]
    again.nothing()


def test_prefetch_bounds_what_is_unacknowledged(client, queue):
    filled(client, queue, 20)
    connection = client()
    headers = {"activemq.prefetchSize": "5"}
    connection.subscribe(queue, ack="client-individual", **headers)
    messages = connection.messages(5)
    connection.nothing()
    connection.ack_receipted(messages[0])
    assert connection.message().text == "m5"
    connection.nothing()


def test_prefetch_one_shares_fairly(client, queue):
    headers = {"activemq.prefetchSize": "1"}
    slow, fast = client(), client()
    slow.subscribe(queue, ack="client-individual", **headers)
    fast.subscribe(queue, ack="client-individual", **headers)
    filled(client, queue, 10)
    held = slow.message()
    got = []
    for _ in range(9):
        message = fast.message()
        got.append(message.text)
        fast.ack_receipted(message)
    assert sorted([*got, held.text]) == sorted(f"m{n}" for n in range(10))


def test_default_queue_prefetch_is_1000(client, queue):
    connection = client()
    connection.subscribe(queue, ack="client-individual")
    filled(client, queue, 1050)
    connection.messages(1000, timeout=20)
    connection.nothing()


def test_consumers_share_a_queue(client, queue):
    consumers = [client() for _ in range(3)]
    headers = {"activemq.prefetchSize": "10"}
    for connection in consumers:
        connection.subscribe(queue, ack="auto", **headers)
    filled(client, queue, 300)
    seen, deadline = [], time.monotonic() + 10
    while len(seen) < 300 and time.monotonic() < deadline:
        for connection in consumers:
            try:
                while True:
                    seen.append(connection.message(timeout=0.02).text)
            except Timeout:
                pass
    assert sorted(seen) == sorted(f"m{n}" for n in range(300))


@pytest.mark.parametrize("version", VERSIONS)
def test_stomp_py_acknowledges_and_redelivers(broker, queue, version):
    make = {"1.0": stomp.Connection10, "1.1": stomp.Connection11, "1.2": stomp.Connection12}

    def open_consumer():
        connection, listener = make[version]([broker.address]), Listener()
        connection.set_listener("", listener)
        connection.connect(wait=True)
        return connection, listener

    first, listener = open_consumer()
    first.subscribe(queue, id="1", ack="client", headers={"receipt": "subscribed"})
    listener.receipt("subscribed")
    for n in range(3):
        first.send(queue, f"m{n}")
    frames = listener.messages(3)
    if version == "1.0":
        first.ack(frames[0].headers["message-id"])
    elif version == "1.1":
        first.ack(frames[0].headers["message-id"], "1")
    else:
        first.ack(frames[0].headers["ack"])
    first.disconnect(receipt="bye")
    listener.receipt("bye")

    second, listener = open_consumer()
    second.subscribe(queue, id="1", ack="auto")
    frames = listener.messages(2)
    assert [frame.body for frame in frames] == ["m1", "m2"]
    assert all(frame.headers["redelivered"] == "true" for frame in frames)
    second.disconnect()
