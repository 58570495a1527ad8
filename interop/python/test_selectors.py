"""Selectors over STOMP, where every property is a string and numbers still compare as numbers."""

import pytest

# Each message is a set of string properties, named by its body.
MESSAGES = {
    "red-5": {"colour": "red", "amount": "5"},
    "red-50": {"colour": "red", "amount": "50"},
    "blue-7": {"colour": "blue", "amount": "7"},
    "blue-text": {"colour": "blue", "amount": "many"},
    "bare": {},
    "quoted": {"colour": "it's", "flag": "true"},
}

CASES = {
    "colour = 'red'": {"red-5", "red-50"},
    "colour <> 'red'": {"blue-7", "blue-text", "quoted"},
    "amount > 6": {"red-50", "blue-7"},
    "amount > 6 AND colour = 'red'": {"red-50"},
    "amount BETWEEN 5 AND 7": {"red-5", "blue-7"},
    "amount + 1 = '51'": {"red-5"},
    "amount = '5'": {"red-5"},
    "colour IN ('blue', 'green')": {"blue-7", "blue-text"},
    "colour NOT IN ('blue', 'green')": {"red-5", "red-50", "quoted"},
    "colour LIKE 'r%'": {"red-5", "red-50"},
    "colour LIKE 'b_ue'": {"blue-7", "blue-text"},
    "colour IS NULL": {"bare"},
    "colour IS NOT NULL": set(MESSAGES) - {"bare"},
    "colour = 'it''s'": {"quoted"},
    "NOT (colour = 'red')": {"blue-7", "blue-text", "quoted"},
    "JMSType = 'kind'": set(MESSAGES),
    "JMSPriority > 3": set(MESSAGES),
    "JMSDeliveryMode = 'NON_PERSISTENT'": set(MESSAGES),
    "JMSCorrelationID = 'red-5'": {"red-5"},
    "TRUE": set(MESSAGES),
    "FALSE": set(),
}


@pytest.mark.parametrize("selector", CASES)
def test_selector_chooses(client, queue, selector):
    connection = client()
    connection.subscribe(queue, selector=selector)
    for body, properties in MESSAGES.items():
        connection.send_receipted(queue, body, type="kind", correlation_id=body, **properties)
    wanted = CASES[selector]
    assert set(connection.bodies(len(wanted))) == wanted
    connection.nothing(quiet=0.2)


def test_unmatched_stay_for_another_consumer(client, queue):
    connection = client()
    connection.subscribe(queue, selector="kind = 'a'", id="a")
    for kind in "abab":
        connection.send_receipted(queue, kind, kind=kind)
    assert connection.bodies(2, id="a") == ["a", "a"]
    connection.subscribe(queue, selector="kind = 'b'", id="b")
    assert connection.bodies(2, id="b") == ["b", "b"]


def test_topic_selector_drops_unmatched(client, topic):
    connection = client()
    connection.subscribe(topic, selector="kind = 'a'", id="some")
    connection.subscribe(topic, id="all")
    for kind in "ab":
        connection.send_receipted(topic, kind, kind=kind)
    assert connection.bodies(2, id="all") == ["a", "b"]
    assert connection.message(id="some").text == "a"
    connection.nothing(id="some")


def test_match_far_behind_unmatched_is_found(client, queue):
    connection = client()
    for _ in range(150):
        connection.send(queue, "no", kind="a")
    connection.send_receipted(queue, "yes", kind="b")
    connection.subscribe(queue, selector="kind = 'b'")
    assert connection.message().text == "yes"


@pytest.mark.improvement("looks no deeper than one page of messages")
def test_match_behind_more_than_a_page_of_unmatched_is_found(client, queue):
    connection = client()
    for _ in range(1500):
        connection.send(queue, "no", kind="a")
    connection.send_receipted(queue, "yes", kind="b")
    connection.subscribe(queue, selector="kind = 'b'")
    assert connection.message(timeout=5).text == "yes"
