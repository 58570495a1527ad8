"""A queue held in memory only (vmQueueCursor) at its limit: exactly its producer waits."""

import time

import pytest

from figures import figure
from rawstomp import Timeout, encode

KINDS = pytest.mark.parametrize("persistent", ["true", "false"])
MB = 1024 * 1024


@KINDS
def test_about_94_messages_of_10_kib_fit_in_1_mb(client, filler, named, persistent):
    fill = filler(client(), named("vm"), persistent=persistent)
    fill.until_paused(most=150)
    assert 88 <= fill.sent - 1 <= 100


def test_small_messages_count_at_least_1024_bytes(client, named):
    connection, queue = client(), named("vm")
    taken = 0
    while connection.receipt_within(connection.ask(queue, "x" * 100), 1.5):
        taken += 1
        assert taken < 1100
    assert 850 <= taken <= 1024


def test_minimum_message_size_is_charged(client, named):
    connection, queue = client(), named("base")
    taken = 0
    while connection.receipt_within(connection.ask(queue, "x" * 10), 1.5):
        taken += 1
        assert taken < 150
    assert 98 <= taken <= 103


@KINDS
def test_one_acknowledgement_resumes(client, filler, named, persistent):
    producer, consumer, queue = client(), client(), named("vm")
    fill = filler(producer, queue, persistent=persistent)
    withheld = fill.until_paused(most=150)
    consumer.subscribe(queue, ack="client-individual", **{"activemq.prefetchSize": "1"})
    consumer.ack_receipted(consumer.message())
    producer.receipt(withheld)


@KINDS
def test_the_paused_connection_still_consumes_and_acknowledges(client, filler, named, persistent):
    connection, other = client(), client()
    fill = filler(connection, named("vm"), persistent=persistent)
    fill.until_paused(most=150)
    elsewhere = named("vm")
    connection.subscribe(elsewhere, ack="client-individual")
    for n in range(20):
        other.send_receipted(elsewhere, str(n))
        message = connection.message()
        assert message.text == str(n)
        connection.ack_receipted(message)
    connection.nothing("RECEIPT")


def test_the_paused_connection_still_sends_elsewhere(client, filler, named):
    connection = client()
    filler(connection, named("vm")).until_paused(most=150)
    elsewhere = named("vm")
    for n in range(20):
        connection.send_receipted(elsewhere, str(n))


def test_heart_beats_flow_while_paused(client, filler, named):
    connection = client(headers={"heart-beat": "0,300"})
    filler(connection, named("vm")).until_paused(most=150)
    connection.wait_beats(4)


def test_heart_beats_of_the_paused_client_are_heard(client, filler, named):
    connection = client(headers={"heart-beat": "500,0"})
    fill = filler(connection, named("vm"))
    fill.until_paused(most=150, patience=0.4)
    for _ in range(20):
        connection.write(b"\n")
        time.sleep(0.1)
    connection.alive()


def test_paused_messages_arrive_in_order_when_drained(client, filler, named):
    producer, consumer, queue = client(), client(), named("vm")
    fill = filler(producer, queue)
    fill.until_paused(most=150)
    waiting = [fill.ask() for _ in range(20)]
    consumer.subscribe(queue, ack="client-individual")
    for n in range(fill.sent):
        message = consumer.message()
        assert message.body[:8] == f"{n:08}".encode()
        consumer.ack(message)
    for receipt in waiting:
        producer.receipt(receipt)
    consumer.nothing()


def test_two_paused_producers_both_resume(client, filler, named):
    queue = named("vm")
    first, second = client(), client()
    one = filler(first, queue)
    withheld = one.until_paused(most=150)
    two = filler(second, queue)
    receipt = two.ask()
    assert not second.receipt_within(receipt, 0.5)
    consumer = client()
    consumer.subscribe(queue, ack="auto")
    assert len(consumer.messages(one.sent + two.sent)) == one.sent + two.sent
    first.receipt(withheld)
    second.receipt(receipt)


@pytest.mark.improvement("enqueues the message of a producer that is gone", always=False)
def test_dropped_producer_leaves_the_waiting_list(broker, client, filler, named):
    queue = named("vm")
    for _ in range(10):
        gone = broker.client()
        filler(gone, queue).until_paused(most=150, patience=0.3)
        gone.close()
    consumer = client()
    consumer.subscribe(queue)
    got = 0
    while True:
        try:
            consumer.message(timeout=1)
            got += 1
        except Timeout:
            break
    assert 88 <= got <= 101
    producer = client()
    producer.send_receipted(queue, "goes on")
    assert consumer.message().text == "goes on"


@KINDS
def test_eight_paused_producers_cost_others_nothing(broker, client, filler, named, persistent):
    paused = [client() for _ in range(8)]
    queue = named("vm")
    filler(paused[0], queue, persistent=persistent).until_paused(most=150)
    for connection in paused[1:]:
        connection.ask(queue, bytes(1000), content_length=1000, persistent=persistent)
    used = broker.cpu_seconds()
    start = time.monotonic()
    time.sleep(2)
    share = (broker.cpu_seconds() - used) / (time.monotonic() - start)
    figure(f"CPU while 8 producers are paused: {share:.1%}")
    ninth, elsewhere = client(), named("vm")
    ninth.subscribe(elsewhere)
    for n in range(200):
        ninth.send_receipted(elsewhere, str(n), persistent=persistent)
        assert ninth.message().text == str(n)


def test_expiry_makes_room_by_itself(client, filler, named):
    producer = client()
    expires = int(time.time() * 1000) + 2500
    fill = filler(producer, named("vm"), expires=expires)
    withheld = fill.until_paused(most=150, patience=0.5)
    producer.receipt(withheld, timeout=40)


# Sends without receipts on the same connection.


@pytest.mark.improvement("reads nothing behind a blocked SEND: the connection stalls for ever")
def test_acks_behind_a_blocked_send_are_processed(client, named):
    connection, other = client(), client()
    elsewhere = named("vm")
    for n in range(5):
        other.send_receipted(elsewhere, str(n))
    connection.subscribe(elsewhere, ack="client-individual", **{"activemq.prefetchSize": "1"})
    held = connection.message()
    body = bytes(10 * 1024)
    for _ in range(110):
        connection.send("/queue/vm.blind", body, content_length=len(body))
    for n in range(1, 5):
        connection.ack(held)
        held = connection.message(timeout=3)
        assert held.text == str(n)


@pytest.mark.improvement("reads nothing behind a blocked SEND: the connection stalls for ever")
def test_one_connection_that_fills_and_drains_one_queue_never_locks_itself(client, named):
    connection, queue = client(), named("vm")
    connection.subscribe(queue, ack="client-individual", **{"activemq.prefetchSize": "10"})
    body = bytes(10 * 1024)
    for _ in range(150):
        connection.send(queue, body, content_length=len(body))
    for _ in range(150):
        connection.ack(connection.message(timeout=3))


def test_flood_without_receipts_is_bounded(broker, client, named):
    connection = client()
    frame = encode("SEND", {"destination": named("vm"), "content-length": 10240}, bytes(10240))
    before = broker.rss()
    written = 0
    with pytest.raises(Timeout):
        while written < 128 * MB:
            connection.write(frame * 10, timeout=2)
            written += 10 * len(frame)
    assert broker.rss() - before <= 32 * MB
    connection.close()
    client().alive()


@pytest.mark.improvement("takes in what is parked without bound", always=False)
def test_flood_with_receipts_is_bounded(broker, client, named):
    connection = client()
    queue = named("vm")
    body = bytes(10240)
    before = broker.rss()
    written = 0
    with pytest.raises(Timeout):
        while written < 128 * MB:
            headers = {"destination": queue, "content-length": 10240, "receipt": "r"}
            connection.write(encode("SEND", headers, body) * 10, timeout=2)
            written += 10 * len(body)
    assert broker.rss() - before <= 32 * MB
    connection.close()
    client().alive()


# Refusing instead of waiting.


# With the default cursor only persistent messages meet the limit, and only because the policy sets
# a high-water mark above 100 %; the others are spooled before it.
LOST = pytest.mark.improvement("loses the setting with vmQueueCursor")


@pytest.mark.parametrize("prefix, persistent", [
    ("fail", "true"),
    pytest.param("vmfail", "true", marks=LOST),
    pytest.param("vmfail", "false", marks=LOST),
])  # fmt: skip
def test_send_fail_if_no_space_refuses_and_keeps_the_connection(
    client, filler, named, prefix, persistent
):
    connection, queue = client(), named(prefix)
    fill = filler(connection, queue, persistent=persistent)
    error, receipt = fill.until_refused(most=110)
    assert 88 <= fill.sent - 1 <= 100
    assert error["receipt-id"] == receipt
    assert queue.removeprefix("/queue/") in error["message"] + error.text
    connection.alive()
    consumer = client()
    consumer.subscribe(queue, ack="client-individual", **{"activemq.prefetchSize": "1"})
    consumer.ack_receipted(consumer.message())
    connection.receipt(fill.ask())


def test_send_fail_without_receipt_is_an_error_without_receipt_id(client, filler, named):
    connection, queue = client(), named("fail")
    filler(connection, queue, persistent="true").until_refused(most=110)
    body = bytes(10240)
    connection.send(queue, body, content_length=len(body), persistent="true")
    assert connection.error().get("receipt-id") is None
    connection.alive()


def test_send_fail_after_timeout_waits_first(client, filler, named):
    connection, queue = client(), named("timeout")
    fill = filler(connection, queue, persistent="true")
    start = time.monotonic()
    withheld = None
    for _ in range(110):
        start = time.monotonic()
        withheld = fill.ask()
        frame = connection.read()
        if frame.command == "ERROR":
            break
    waited = time.monotonic() - start
    assert frame.command == "ERROR"
    assert frame["receipt-id"] == withheld
    assert 0.9 <= waited <= 6
    connection.alive()


def test_send_fail_after_timeout_goes_on_when_room_comes_in_time(client, filler, named):
    queue = named("timeout")
    connection, consumer = client(), client()
    fill = filler(connection, queue, persistent="true")
    withheld = fill.until_paused(most=110, patience=0.5)
    consumer.subscribe(queue, ack="client-individual", **{"activemq.prefetchSize": "1"})
    consumer.ack_receipted(consumer.message())
    connection.receipt(withheld)


@KINDS
def test_without_producer_flow_control_nothing_waits(client, filler, named, persistent):
    connection, queue = client(), named("free")
    fill = filler(connection, queue, persistent=persistent)
    for _ in range(300):
        connection.receipt(fill.ask())
    connection.subscribe(queue)
    assert len(connection.messages(300)) == 300


# Transactions at the limit.


@pytest.mark.improvement("charges the open transaction, which then waits on itself")
def test_transaction_larger_than_the_limit_commits(client, filler, named):
    connection, queue = client(), named("vm")
    connection.command("BEGIN", transaction="big")
    fill = filler(connection, queue, persistent="true", transaction="big")
    for _ in range(150):
        connection.receipt(fill.ask(), timeout=3)
    connection.command("COMMIT", transaction="big")
    connection.subscribe(queue)
    assert len(connection.messages(150)) == 150


def test_abort_frees_a_transaction_at_the_limit(client, filler, named):
    connection, queue = client(), named("vm")
    connection.command("BEGIN", transaction="big")
    fill = filler(connection, queue, persistent="true", transaction="big")
    for _ in range(80):
        connection.receipt(fill.ask())
    connection.command("ABORT", transaction="big")
    again = filler(connection, queue)
    for _ in range(80):
        connection.receipt(again.ask())


# Log lines.


def test_log_names_limit_and_destination_when_a_producer_waits(broker, client, filler, named):
    queue = named("vm")
    filler(client(), queue).until_paused(most=150)
    broker.wait_log(rf"(?=.*{queue.removeprefix('/queue/')}\b)(?=.*(1048576|1 ?mb))")


@pytest.mark.improvement("names no producer and never says that it went on")
def test_log_names_who_waits_and_when_it_went_on(broker, client, filler, named):
    queue = named("vm")
    plain = queue.removeprefix("/queue/")
    producer = client(headers={"client-id": "the-one-who-waits"})
    withheld = filler(producer, queue).until_paused(most=150)
    broker.wait_log(rf"(?=.*{plain}\b)(?=.*(the-one-who-waits|127\.0\.0\.1:\d+))", limit=3)
    consumer = client()
    consumer.subscribe(queue)
    producer.receipt(withheld)
    broker.wait_log(rf"(?=.*{plain}\b).*resumed after \d+(\.\d+)? s", limit=3)
