"""ERROR frames: what is refused, what it says, and whether the connection goes on.

ActiveMQ answers a command that fails with an ERROR that carries `message`, the receipt-id of the
command, and a text body, and keeps the connection; what cannot be parsed closes it.
"""

import pytest

from rawstomp import Closed, encode

KEPT = {
    "send without destination": ("SEND", {}, "destination"),
    "subscribe without destination": ("SUBSCRIBE", {"id": "1"}, "destination"),
    "subscribe without id": ("SUBSCRIBE", {"destination": "/queue/errors"}, "id"),
    "bad selector": (
        "SUBSCRIBE", {"id": "1", "destination": "/queue/errors", "selector": "a = = b"}, "a = = b"),
    "unsubscribe without id": ("UNSUBSCRIBE", {}, "id"),
    "unsubscribe of unknown id": ("UNSUBSCRIBE", {"id": "no-such"}, "subscription"),
    "begin without transaction": ("BEGIN", {}, "transaction"),
    "commit without transaction": ("COMMIT", {}, "transaction"),
    "commit of unknown transaction": ("COMMIT", {"transaction": "no-such"}, "no-such"),
    "abort of unknown transaction": ("ABORT", {"transaction": "no-such"}, "no-such"),
    "send in unknown transaction": (
        "SEND", {"destination": "/queue/errors", "transaction": "no-such"}, "no-such"),
    "ack in unknown transaction": ("ACK", {"id": "1", "transaction": "no-such"}, ""),
    "ack without id": ("ACK", {}, "id"),
    "nack of unknown id": ("NACK", {"id": "no-such"}, "ack"),
}  # fmt: skip


@pytest.mark.parametrize("case", KEPT)
def test_refused_command_names_its_fault_and_keeps_the_connection(client, case):
    command, headers, word = KEPT[case]
    connection = client("1.2")
    connection.frame(command, {**headers, "receipt": "refused"})
    error = connection.error()
    assert error["receipt-id"] == "refused"
    assert error["content-type"].startswith("text/plain")
    assert word.lower() in error["message"].lower()
    assert error.body
    connection.alive()


def test_refused_command_without_receipt_has_no_receipt_id(client):
    connection = client()
    connection.frame("SEND", {}, "nowhere")
    error = connection.error()
    assert error.get("receipt-id") is None
    connection.alive()


def test_second_begin_of_one_transaction_is_refused(client):
    connection = client()
    connection.command("BEGIN", transaction="twice")
    connection.frame("BEGIN", {"transaction": "twice", "receipt": "again"})
    assert connection.error()["receipt-id"] == "again"
    connection.command("ABORT", transaction="twice")


def test_second_connect_is_refused(client):
    connection = client()
    connection.frame("CONNECT", {"accept-version": "1.2", "host": "x"})
    assert "connected" in connection.error()["message"].lower()


def test_unknown_command_is_fatal_and_named(client):
    connection = client()
    connection.frame("BOGUS", {"receipt": "refused"})
    (error,) = connection.closed()
    assert error.command == "ERROR"
    assert "BOGUS" in error["message"]
    assert error["receipt-id"] == "refused"


def test_lower_case_command_is_unknown(client, queue):
    connection = client()
    connection.frame("send", {"destination": queue})
    assert [frame.command for frame in connection.closed()] == ["ERROR"]


def test_commands_are_known_by_their_prefix(client, queue):
    connection = client()
    connection.frame("SENDING", {"destination": queue, "receipt": "1"}, "x")
    connection.receipt("1")
    connection.frame("SUBMARINE", {"destination": queue, "receipt": "2", "id": "s"})
    connection.receipt("2")
    assert connection.message().text == "x"
    connection.frame("UNSUBMERGE", {"receipt": "3", "id": "s"})
    connection.receipt("3")


FATAL = {
    "content-length that is no number": ({"content-length": "abc"}, b"", "content-length"),
    "content-length beyond any integer": ({"content-length": 10**12}, b"", "length"),
    "content-length above the limit": ({"content-length": 900_000_000}, b"", "maximum data length"),
    "content-length that lies": ({"content-length": "3"}, b"abcdef", "content-length"),
    "long header": ({"big": "x" * 20_000}, b"", "header"),
}


@pytest.mark.parametrize("case", FATAL)
def test_unreadable_frame_is_fatal_and_named(client, queue, case):
    headers, body, words = FATAL[case]
    connection = client()
    connection.write(encode("SEND", {"destination": queue, **headers}, body))
    seen = connection.closed()
    assert {frame.command for frame in seen} == {"ERROR"}
    assert words in seen[0]["message"].lower()


@pytest.mark.improvement("closes without a word")
def test_negative_content_length_is_fatal_and_named(client, queue):
    connection = client()
    connection.frame("SEND", {"destination": queue, "content-length": "-5"})
    (error,) = connection.closed()
    assert "content-length" in error["message"]


def test_long_command_is_fatal_and_named(client):
    connection = client()
    connection.write(b"X" * 5000 + b"\n\n\0")
    error = connection.closed()[0]
    assert "command" in error["message"].lower()


def test_too_many_headers_are_fatal_and_named(client):
    connection = client()
    try:
        connection.write(b"SEND\n" + b"".join(b"h%d:v\n" % n for n in range(2000)) + b"\n\0")
    except Closed:
        pass
    error = connection.closed(timeout=3)[0]
    assert "headers" in error["message"].lower()


@pytest.mark.improvement("closes without a word")
@pytest.mark.parametrize("header", ["priority", "expires"])
def test_header_that_must_be_a_number_is_refused_by_name(client, queue, header):
    connection = client()
    connection.frame("SEND", {"destination": queue, header: "seven", "receipt": "refused"}, "x")
    error = connection.error(timeout=3)
    assert error["receipt-id"] == "refused"
    assert header in error["message"]


@pytest.mark.improvement("closes without a word")
@pytest.mark.parametrize("destination", ["/queue/", "/topic/", ","])
def test_empty_destination_is_refused_and_the_connection_stays(client, destination):
    connection = client()
    connection.frame("SEND", {"destination": destination, "receipt": "refused"}, "x")
    assert connection.error(timeout=3)["receipt-id"] == "refused"
    connection.alive()


def test_errors_of_one_client_do_not_reach_another(client, queue):
    bad, good = client(), client()
    good.subscribe(queue)
    for _ in range(20):
        bad.frame("SEND", {}, "nowhere")
        bad.error()
    bad.frame("BOGUS")
    bad.closed()
    good.send_receipted(queue, "still here")
    assert good.message().text == "still here"
    good.nothing("ERROR")


def test_broker_stands_after_a_thousand_broken_connections(broker, client, queue):
    steady = client()
    steady.subscribe(queue)
    for n in range(1000):
        broken = broker.client(open=False)
        broken.write((b"CONNECT\n\n\0BOGUS\n\n\0", b"GET / HTTP/1.1\r\n\r\n", b"\xff\xfe\xfd")[n % 3])
        broken.close()
    steady.send_receipted(queue, "after")
    assert steady.message().text == "after"
