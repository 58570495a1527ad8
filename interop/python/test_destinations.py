"""Queues, topics, temporary destinations, wildcards, composites and names."""

import pytest
import stomp

from listener import Listener
from rawstomp import Timeout


def test_topic_reaches_every_subscriber(client, topic):
    subscribers = [client() for _ in range(3)]
    for connection in subscribers:
        connection.subscribe(topic)
    client().send_receipted(topic, "to all")
    assert [connection.message().text for connection in subscribers] == ["to all"] * 3


def test_topic_keeps_nothing_for_later(client, topic):
    connection = client()
    connection.send_receipted(topic, "missed")
    connection.subscribe(topic)
    connection.nothing()


def test_topic_keeps_order(client, topic):
    connection = client()
    connection.subscribe(topic)
    for n in range(500):
        connection.send(topic, str(n))
    assert connection.bodies(500) == [str(n) for n in range(500)]


def test_queue_and_topic_of_one_name_are_apart(client, name):
    connection = client()
    connection.subscribe(f"/queue/{name}", id="q")
    connection.subscribe(f"/topic/{name}", id="t")
    connection.send_receipted(f"/queue/{name}", "to the queue")
    assert connection.message(id="q").text == "to the queue"
    connection.nothing(id="t")


def test_queue_keeps_until_someone_comes(client, queue):
    sender = client()
    sender.send_receipted(queue, "waits")
    sender.disconnect()
    connection = client()
    connection.subscribe(queue)
    assert connection.message().text == "waits"


def test_name_without_prefix_is_a_queue(client, name):
    connection = client()
    connection.send_receipted(name, "x")
    connection.subscribe(f"/queue/{name}")
    message = connection.message()
    assert (message.text, message["destination"]) == ("x", f"/queue/{name}")


def test_slashes_dots_and_spaces_belong_to_the_name(client, name):
    connection = client()
    for odd in (f"/queue/{name}/with/slashes", f"/queue/{name}.dots.in.it", f"/queue/{name} spaced"):
        connection.send_receipted(odd, odd)
        connection.subscribe(odd, id=odd)
        message = connection.message(id=odd)
        assert (message.text, message["destination"]) == (odd, odd)


# Wildcards.


@pytest.mark.parametrize("kind", ["queue", "topic"])
@pytest.mark.parametrize("pattern, wanted", [
    ("*", {"a"}), ("*.b", {"a.b"}), ("a.*", {"a.b", "a.c"}), ("a.>", {"a", "a.b", "a.c", "a.b.d"}),
    ("a.*.d", {"a.b.d"}), (">", {"a", "a.b", "a.c", "a.b.d"}),
])  # fmt: skip
def test_wildcard_subscription_receives_matching_names(client, name, kind, pattern, wanted):
    root = f"/{kind}/{name.replace('.', '-')}"
    connection = client()
    connection.subscribe(f"{root}.{pattern}")
    for part in ("a", "a.b", "a.c", "a.b.d"):
        connection.send_receipted(f"{root}.{part}", part)
    messages = connection.messages(len(wanted))
    assert {m.text for m in messages} == wanted
    assert all(m["destination"] == f"{root}.{m.text}" for m in messages)
    connection.nothing(quiet=0.2)


@pytest.mark.improvement("a receipted wildcard subscription at times misses what waits", always=False)
def test_wildcard_reaches_queues_that_exist_already(client, name):
    root = f"/queue/{name.replace('.', '-')}"
    connection = client()
    connection.send_receipted(f"{root}.early", "early")
    connection.subscribe(f"{root}.>")
    assert connection.message().text == "early"
    connection.send_receipted(f"{root}.late", "late")
    assert connection.message().text == "late"


def test_wildcard_messages_are_acknowledged_each_on_its_queue(client, name):
    root = f"/queue/{name.replace('.', '-')}"
    connection = client()
    for part in "abc":
        connection.send_receipted(f"{root}.{part}", part)
    connection.frame("SUBSCRIBE", {"id": "s", "destination": f"{root}.>", "ack": "client-individual"})
    by_body = {m.text: m for m in connection.messages(3)}
    connection.ack_receipted(by_body["b"])
    connection.disconnect()
    other = client()
    other.frame("SUBSCRIBE", {"id": "s", "destination": f"{root}.>"})
    assert sorted(other.bodies(2)) == ["a", "c"]
    other.nothing()


# Composites.


def test_composite_send_reaches_every_part(client, name):
    connection = client()
    parts = [f"/queue/{name}.1", f"/queue/{name}.2", f"/topic/{name}.3"]
    for number, part in enumerate(parts):
        connection.subscribe(part, id=str(number))
    connection.send_receipted(",".join(parts), "copy")
    for number in range(3):
        assert connection.message(id=str(number)).text == "copy"
        connection.nothing(id=str(number), quiet=0.1)


@pytest.mark.parametrize("kinds", [
    "queue queue", "topic topic",
    pytest.param("queue topic", marks=pytest.mark.improvement("takes the first part's kind only")),
])  # fmt: skip
def test_composite_subscription_receives_from_every_part(client, name, kinds):
    connection = client()
    parts = [f"/{kind}/{name}.{number}" for number, kind in enumerate(kinds.split())]
    connection.subscribe(",".join(parts))
    for part in parts:
        connection.send_receipted(part, part)
    assert {m.text for m in connection.messages(2, timeout=3)} == set(parts)
    connection.unsubscribe()
    connection.send_receipted(parts[0], "after")
    connection.nothing()


# Temporary destinations.


@pytest.mark.parametrize("kind", ["temp-queue", "temp-topic"])
def test_request_and_reply(client, queue, kind):
    requester, server = client(), client()
    server.subscribe(queue)
    requester.subscribe(f"/{kind}/answers")
    requester.send(queue, "question", reply_to=f"/{kind}/answers", correlation_id="42")
    request = server.message()
    assert request["reply-to"].startswith(f"/remote-{kind}/")
    server.send(request["reply-to"], "answer", correlation_id=request["correlation-id"])
    reply = requester.message()
    assert (reply.text, reply["correlation-id"]) == ("answer", "42")
    assert reply["destination"] == f"/{kind}/answers"


def test_same_alias_of_two_connections_are_two_queues(client, queue):
    one, two, server = client(), client(), client()
    server.subscribe(queue)
    for requester, body in ((one, "1"), (two, "2")):
        requester.subscribe("/temp-queue/same")
        requester.send_receipted(queue, body, reply_to="/temp-queue/same")
    for request in server.messages(2):
        server.send(request["reply-to"], f"to {request.text}")
    assert one.message().text == "to 1"
    assert two.message().text == "to 2"
    one.nothing(quiet=0.2)


def test_own_temp_queue_can_be_sent_to_by_alias(client):
    connection = client()
    connection.subscribe("/temp-queue/mine")
    connection.send_receipted("/temp-queue/mine", "to myself")
    assert connection.message().text == "to myself"


def test_temp_queue_ends_with_its_connection(client, queue):
    requester, server = client(), client()
    server.subscribe(queue)
    requester.subscribe("/temp-queue/short")
    requester.send_receipted(queue, "x", reply_to="/temp-queue/short")
    reply_to = server.message()["reply-to"]
    requester.disconnect()
    server.send(reply_to, "too late", receipt="late")
    error = server.error()
    assert error["receipt-id"] == "late"
    server.alive()


def test_unresolvable_reply_to_is_kept_as_it_is(client, queue):
    connection = client()
    connection.send_receipted(queue, "x", reply_to="somewhere/else")
    connection.subscribe(queue)
    assert connection.message()["reply-to"] == "somewhere/else"


def test_stomp_py_request_and_reply(broker, queue):
    def connect():
        connection, listener = stomp.Connection12([broker.address]), Listener()
        connection.set_listener("", listener)
        connection.connect(wait=True)
        return connection, listener

    server, requests = connect()
    server.subscribe(queue, id="server")
    requester, replies = connect()
    requester.subscribe("/temp-queue/replies", id="replies")
    requester.send(queue, "ping", headers={"reply-to": "/temp-queue/replies"})
    (request,) = requests.messages(1)
    server.send(request.headers["reply-to"], request.body.upper())
    (reply,) = replies.messages(1)
    assert reply.body == "PING"
    server.disconnect()
    requester.disconnect()


# Unsubscribing.


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2"])
def test_unsubscribe_ends_delivery(client, topic, version):
    connection = client(version)
    headers = {"destination": topic} if version == "1.0" else {"id": "s", "destination": topic}
    connection.command("SUBSCRIBE", **headers)
    connection.send_receipted(topic, "one")
    assert connection.message().text == "one"
    headers = {"destination": topic} if version == "1.0" else {"id": "s"}
    connection.command("UNSUBSCRIBE", **headers)
    connection.send_receipted(topic, "two")
    connection.nothing()


def test_subscription_id_may_be_used_again(client, name):
    connection = client()
    for part in "abc":
        connection.subscribe(f"/queue/{name}.{part}", id="same")
        connection.send_receipted(f"/queue/{name}.{part}", part)
        assert connection.message(id="same").text == part
        connection.unsubscribe("same")


def test_receipt_of_subscribe_comes_before_messages(client, queue):
    sender = client()
    for n in range(20):
        sender.send(queue, str(n))
    sender.alive()
    connection = client()
    connection.frame("SUBSCRIBE", {"destination": queue, "id": "s", "receipt": "first"})
    assert connection.read().command == "RECEIPT"
    assert connection.bodies(20) == [str(n) for n in range(20)]


def test_hundred_subscriptions_on_one_connection(client, name):
    connection = client()
    for n in range(100):
        connection.subscribe(f"/queue/{name}.{n}", id=str(n))
    for n in range(100):
        connection.send(f"/queue/{name}.{n}", str(n))
    for n in range(100):
        assert connection.message(id=str(n)).text == str(n)


def test_quiet_topic_subscriber_does_not_stop_others(client, topic):
    idle, active = client(), client()
    idle.subscribe(topic, ack="client", **{"activemq.prefetchSize": "1"})
    active.subscribe(topic)
    sender = client()
    for n in range(300):
        sender.send(topic, str(n))
    try:
        assert active.bodies(300) == [str(n) for n in range(300)]
    except Timeout as error:
        raise AssertionError("the idle subscriber held the topic") from error
