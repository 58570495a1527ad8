"""What a message carries: bodies, content-length, headers, escaping, properties."""

import os

import pytest

from rawstomp import encode

VERSIONS = ("1.0", "1.1", "1.2")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("body", ["", "plain", "grüße ☃ 𝄞", "two\nlines\r\n"])
def test_text_body_comes_back_without_content_length(client, queue, version, body):
    connection = client(version)
    connection.send_receipted(queue, body)
    connection.subscribe(queue)
    message = connection.message()
    assert message.text == body
    assert message.get("content-length") is None


@pytest.mark.parametrize("version", VERSIONS)
def test_content_length_makes_bytes_with_content_length_back(client, queue, version):
    connection = client(version)
    body = bytes(range(256))
    connection.send_receipted(queue, body, content_length=len(body))
    connection.subscribe(queue)
    message = connection.message()
    assert message.body == body
    assert message["content-length"] == "256"


def test_amq_msg_type_text_overrides_content_length(client, queue):
    connection = client()
    headers = {"amq-msg-type": "text", "content-length": "4"}
    connection.send_receipted(queue, "text", **headers)
    connection.subscribe(queue)
    message = connection.message()
    assert (message.text, message["amq-msg-type"]) == ("text", "text")


def test_amq_msg_type_bytes_overrides_missing_content_length(client, queue):
    connection = client()
    connection.send_receipted(queue, "1234", **{"amq-msg-type": "bytes"})
    connection.subscribe(queue)
    message = connection.message()
    assert (message.text, message.get("content-length")) == ("1234", "4")


def test_ten_megabytes_come_back_whole(client, queue):
    connection = client()
    body = os.urandom(10_000_000)
    receipt = connection.fresh()
    headers = {"destination": queue, "content-length": len(body), "receipt": receipt}
    connection.write(encode("SEND", headers, body), timeout=60)
    connection.receipt(receipt, timeout=60)
    connection.subscribe(queue)
    assert connection.message(timeout=60).body == body


def test_standard_headers_come_back(client, queue):
    connection = client()
    connection.send_receipted(
        queue, "x", correlation_id="c-1", reply_to="/queue/answers", type="order", priority=7,
        persistent="true", expires=0, timestamp=1234,
    )  # fmt: skip
    connection.subscribe(queue)
    message = connection.message()
    assert message["destination"] == queue
    assert message["correlation-id"] == "c-1"
    assert message["reply-to"] == "/queue/answers"
    assert message["type"] == "order"
    assert message["priority"] == "7"
    assert message["persistent"] == "true"
    assert message["expires"] == "0"
    assert message["subscription"] == "s"
    assert message["message-id"]
    assert message["timestamp"].isdigit()
    assert message.get("redelivered") is None
    assert message.get("receipt") is None


def test_default_priority_is_four_and_not_persistent(client, queue):
    connection = client()
    connection.send_receipted(queue, "x")
    connection.subscribe(queue)
    message = connection.message()
    assert message["priority"] == "4"
    assert message.get("persistent") is None


@pytest.mark.parametrize("version", VERSIONS)
def test_custom_headers_become_properties_and_back(client, queue, version):
    connection = client(version)
    connection.send_receipted(queue, "x", **{"my-header": "v", "Another_One": "2", "e.m.p": "y"})
    connection.subscribe(queue)
    message = connection.message()
    assert (message["my-header"], message["Another_One"], message["e.m.p"]) == ("v", "2", "y")


def test_headers_that_only_the_broker_sets_are_not_taken_from_clients(client, queue):
    connection = client()
    forged = {"message-id": "forged", "redelivered": "true", "subscription": "forged",
              "JMSXUserID": "forged"}  # fmt: skip
    connection.send_receipted(queue, "x", **forged)
    connection.subscribe(queue, id="mine")
    message = connection.message()
    assert message["message-id"] != "forged"
    assert message.get("redelivered") is None
    assert message["subscription"] == "mine"
    assert message.get("JMSXUserID") is None


@pytest.mark.parametrize("version, value", [
    ("1.1", "a:b"), ("1.1", "line\nbreak"), ("1.1", "back\\slash"),
    ("1.2", "a:b"), ("1.2", "line\nbreak"), ("1.2", "back\\slash"), ("1.2", "return\rhere"),
    ("1.2", "\\c is not a colon"),
])  # fmt: skip
def test_header_escapes_come_back(client, queue, version, value):
    connection = client(version)
    connection.send_receipted(queue, "x", strange=value)
    connection.subscribe(queue)
    assert connection.message()["strange"] == value


def test_escaped_header_name_comes_back(client, queue):
    connection = client("1.2")
    connection.send_receipted(queue, "x", **{"na:me": "value"})
    connection.subscribe(queue)
    assert connection.message()["na:me"] == "value"


@pytest.mark.improvement("unescapes in every version, so a 1.0 client cannot send a backslash")
def test_1_0_headers_are_not_unescaped(client, queue):
    old = client("1.0")
    old.send_receipted(queue, "x", strange="a\\cb")
    old.subscribe(queue)
    assert old.message()["strange"] == "a\\cb"


def test_escapes_are_translated_between_versions(client, queue):
    client("1.2").send_receipted(queue, "x", strange="a:b")
    old = client("1.0")
    old.subscribe(queue)
    assert old.message()["strange"] == "a:b"


def test_first_of_repeated_headers_wins(client, queue):
    connection = client("1.2")
    pairs = [("destination", queue), ("twice", "first"), ("twice", "second"), ("receipt", "r")]
    connection.frame("SEND", pairs, "x")
    connection.receipt("r")
    connection.subscribe(queue)
    assert connection.message()["twice"] == "first"


def test_header_value_keeps_spaces_from_1_1_on(client, queue):
    connection = client("1.2")
    connection.send_receipted(queue, "x", padded="  two  ")
    connection.subscribe(queue)
    assert connection.message()["padded"] == "  two  "


def test_message_ids_are_unique_and_in_order(client, queue):
    connection = client()
    for n in range(50):
        connection.send(queue, str(n))
    connection.subscribe(queue)
    ids = [message["message-id"] for message in connection.messages(50)]
    assert len(set(ids)) == 50


@pytest.mark.parametrize("version", VERSIONS)
def test_receipt_id_is_echoed_exactly(client, queue, version):
    connection = client(version)
    connection.send(queue, "x", receipt="strange id/42 #")
    connection.receipt("strange id/42 #")
