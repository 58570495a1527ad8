"""Topic subscribers that fall behind: how many messages are kept for them, and which."""

import itertools

import pytest

from administered import Administered, until
from rawstomp import Timeout

CONSTANT = (
    "<pendingMessageLimitStrategy>"
    '<constantPendingMessageLimitStrategy limit="{}"/></pendingMessageLimitStrategy>'
)
RATE = (
    "<pendingMessageLimitStrategy>"
    '<prefetchRatePendingMessageLimitStrategy multiplier="{}"/></pendingMessageLimitStrategy>'
)
EVICTION = "<messageEvictionStrategy><{}/></messageEvictionStrategy>"
UNIQUE = 'uniquePropertyMessageEvictionStrategy propertyName="key"'
POLICIES = "".join(
    f'<policyEntry topic="{name}.>">{text}</policyEntry>'
    for name, text in {
        "unlimited": CONSTANT.format(-1),
        "none-kept": CONSTANT.format(0),
        "five": CONSTANT.format(5),
        "rate": RATE.format("2.0"),
        "oldest": CONSTANT.format(5) + EVICTION.format("oldestMessageEvictionStrategy"),
        "lowest": CONSTANT.format(5)
        + EVICTION.format("oldestMessageWithLowestPriorityEvictionStrategy"),
        "unique": CONSTANT.format(5) + EVICTION.format(UNIQUE),
    }.items()
)
PREFETCH = 3
SENT = 40
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def limited_broker(tmp_path_factory):
    with Administered(tmp_path_factory.mktemp("pending"), policies=POLICIES) as broker:
        yield broker


@pytest.fixture
def broker(limited_broker):
    assert limited_broker.process.poll() is None, limited_broker.tail()
    yield limited_broker


@pytest.fixture
def falling_behind(client):
    """Publishes past a subscriber that takes nothing, and gives what it still gets afterwards."""

    def run(prefix, headers=lambda n: {}, **subscription):
        topic = f"/topic/{prefix}.{next(_numbers)}"
        slow, publisher = client(), client()
        slow.subscribe(
            topic, ack="client-individual",
            **{"activemq.prefetchSize": PREFETCH, **subscription},
        )  # fmt: skip
        for n in range(SENT):
            publisher.send(topic, str(n), **headers(n))
        publisher.alive()
        got = []
        while True:
            try:
                message = slow.message(timeout=1)
            except Timeout:
                return topic, got
            got.append(int(message.text))
            slow.ack_receipted(message)

    return run


def window_and(*rest):
    return [*range(PREFETCH), *rest]


def newest(count):
    return window_and(*range(SENT - count, SENT))


def test_without_a_limit_everything_is_kept(falling_behind):
    _, got = falling_behind("unlimited")
    assert got == list(range(SENT))


def test_with_a_limit_of_zero_only_the_window_is_kept(falling_behind):
    _, got = falling_behind("none-kept")
    assert got == window_and()


def test_the_newest_are_kept_up_to_a_constant_limit(falling_behind):
    _, got = falling_behind("five")
    assert got == newest(5)


@pytest.mark.improvement("counts otherwise with clients of STOMP", always=False)
def test_the_limit_may_follow_the_prefetch(falling_behind):
    _, got = falling_behind("rate")
    assert got == newest(2 * PREFETCH)


@pytest.mark.parametrize("own, kept", [("3", 3), ("100", 5)])
def test_a_subscribers_own_limit_only_lowers_it(falling_behind, own, kept):
    _, got = falling_behind("five", **{"activemq.maximumPendingMessageLimit": own})
    assert got == newest(kept)


def test_the_oldest_go_first(falling_behind):
    _, got = falling_behind("oldest")
    assert got == newest(5)


def test_the_oldest_of_the_lowest_priority_go_first(falling_behind):
    important = {5, 10, 15, 20}
    _, got = falling_behind("lowest", lambda n: {"priority": 9 if n in important else 1})
    assert got == window_and(*sorted(important), SENT - 1)


def test_the_newest_of_each_value_of_a_property_is_kept(falling_behind):
    _, got = falling_behind("unique", lambda n: {"key": f"k{n % 5}"})
    assert got == newest(5)
    # One value is rare: its only message stays although it is old.
    _, got = falling_behind("unique", lambda n: {"key": "rare" if n == 7 else f"k{n % 2}"})
    assert 7 in got
    assert got[-2:] == [SENT - 2, SENT - 1]


def test_what_is_discarded_is_counted(broker, falling_behind):
    topic, got = falling_behind("five")
    row = broker.of(topic)
    assert row["totals"]["discarded"] == SENT - len(got)


def test_a_limit_bounds_memory_and_lets_the_publisher_and_others_go_on(broker, client):
    topic = f"/topic/five.{next(_numbers)}"
    slow, fast, publisher = client(), client(), client()
    slow.subscribe(topic, ack="client-individual", **{"activemq.prefetchSize": PREFETCH})
    fast.subscribe(topic)
    body = bytes(10 * 1024)
    for n in range(1000):
        publisher.send_receipted(topic, body, content_length=len(body))
        fast.message()
    until(
        lambda: broker.of(topic)["memory"]["usedBytes"] <= (PREFETCH + 5 + 1) * 12 * 1024,
        "only what is kept for the slow one is in memory",
    )
