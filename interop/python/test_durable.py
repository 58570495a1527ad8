"""Durable topic subscriptions: messages wait while the subscriber is away."""

import pytest
import stomp

from listener import Listener


@pytest.fixture
def subscriber(client, name, topic):
    """Opens a connection with one client id and its durable subscription."""

    def connect(ack="auto", version="1.2", **headers):
        connection = client(version, headers={"client-id": name})
        connection.subscribe(topic, ack=ack, **{"activemq.subscriptionName": "sub", **headers})
        return connection

    return connect


def send(client, topic, *bodies, **headers):
    connection = client()
    for body in bodies:
        connection.send_receipted(topic, body, **{"persistent": "true", **headers})
    connection.disconnect()


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2"])
def test_messages_wait_while_away(client, subscriber, topic, version):
    subscriber(version=version).disconnect()
    send(client, topic, "1", "2", "3")
    connection = subscriber(version=version)
    assert connection.bodies(3) == ["1", "2", "3"]
    connection.nothing()


def test_messages_before_the_first_subscribe_are_not_kept(client, subscriber, topic):
    send(client, topic, "too early")
    connection = subscriber()
    connection.nothing()
    send(client, topic, "in time")
    assert connection.message().text == "in time"


def test_acknowledged_messages_do_not_return(client, subscriber, topic):
    subscriber().disconnect()
    send(client, topic, "1", "2", "3")
    connection = subscriber(ack="client-individual")
    messages = connection.messages(3)
    connection.ack_receipted(messages[1])
    connection.disconnect()
    connection = subscriber()
    assert connection.bodies(2) == ["1", "3"]
    connection.nothing()


def test_unsubscribe_with_the_name_deletes(client, subscriber, topic):
    connection = subscriber()
    connection.unsubscribe("s")
    connection.unsubscribe("s", **{"activemq.subscriptionName": "sub"})
    connection.disconnect()
    send(client, topic, "nobody keeps this")
    connection = subscriber()
    connection.nothing()


@pytest.mark.improvement("refuses while the subscription is in use, be it by the same connection")
def test_unsubscribe_with_the_name_deletes_what_is_in_use(client, subscriber, topic):
    connection = subscriber()
    connection.unsubscribe("s", **{"activemq.subscriptionName": "sub"})
    connection.disconnect()
    send(client, topic, "nobody keeps this")
    connection = subscriber()
    connection.nothing()


def test_unsubscribe_without_the_name_keeps(client, subscriber, topic):
    connection = subscriber()
    connection.unsubscribe("s")
    send(client, topic, "kept")
    connection.disconnect()
    assert subscriber().message().text == "kept"


def test_two_subscriptions_keep_apart(client, topic, name):
    for who in ("a", "b"):
        connection = client(headers={"client-id": f"{name}.{who}"})
        connection.subscribe(topic, **{"activemq.subscriptionName": "sub"})
        connection.disconnect()
    send(client, topic, "1", "2")
    for who in ("a", "b"):
        connection = client(headers={"client-id": f"{name}.{who}"})
        connection.subscribe(topic, **{"activemq.subscriptionName": "sub"})
        assert connection.bodies(2) == ["1", "2"]


def test_selector_filters_what_waits(client, subscriber, topic):
    subscriber(selector="kind = 'a'").disconnect()
    send(client, topic, "yes", kind="a")
    send(client, topic, "no", kind="b")
    connection = subscriber(selector="kind = 'a'")
    assert connection.message().text == "yes"
    connection.nothing()


def test_name_in_use_is_refused(client, subscriber, topic, name):
    connection = subscriber()
    second = {"id": "second", "destination": topic, "activemq.subscriptionName": "sub"}
    connection.frame("SUBSCRIBE", {**second, "receipt": "refused"})
    assert connection.error()["receipt-id"] == "refused"
    connection.alive()


def test_queue_cannot_be_subscribed_durably(client, queue, name):
    connection = client(headers={"client-id": name})
    headers = {"id": "s", "destination": queue, "activemq.subscriptionName": "sub"}
    connection.frame("SUBSCRIBE", {**headers, "receipt": "refused"})
    assert connection.error()["receipt-id"] == "refused"
    connection.alive()


def test_messages_wait_over_a_restart(own_broker):
    broker = own_broker()

    def connect(ack):
        connection = broker.client(headers={"client-id": "me"})
        connection.subscribe("/topic/news", ack=ack, **{"activemq.subscriptionName": "sub"})
        return connection

    connect("auto").disconnect()
    sender = broker.client()
    for n in range(20):
        sender.send_receipted("/topic/news", f"m{n}", persistent="true")
    connection = connect("client-individual")
    for message in connection.messages(20):
        if int(message.text[1:]) % 2:
            connection.ack_receipted(message)
    connection.close()
    broker.restart()
    connection = connect("auto")
    assert connection.bodies(10) == [f"m{n}" for n in range(0, 20, 2)]
    connection.nothing()


def test_stomp_py_durable_subscriber(broker, topic, name):
    def connect():
        connection, listener = stomp.Connection12([broker.address]), Listener()
        connection.set_listener("", listener)
        connection.connect(wait=True, headers={"client-id": name})
        headers = {"activemq.subscriptionName": "sub", "receipt": "on"}
        connection.subscribe(topic, id="1", ack="auto", headers=headers)
        listener.receipt("on")
        return connection, listener

    connection, listener = connect()
    connection.disconnect(receipt="bye")
    listener.receipt("bye")
    sender = stomp.Connection12([broker.address])
    sender.connect(wait=True)
    for n in range(5):
        sender.send(topic, f"m{n}", headers={"persistent": "true"})
    sender.disconnect()
    connection, listener = connect()
    assert [frame.body for frame in listener.messages(5)] == [f"m{n}" for n in range(5)]
    connection.disconnect()
