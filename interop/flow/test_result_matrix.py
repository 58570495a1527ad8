"""What becomes of a SEND that finds no room: each row and column of the matrix, for each limit.

A row is a SEND with a receipt (the client waits for an answer) or without one (STOMP has no
producer window); a column is the setting of the policy entry; a place is a limit and a kind of
destination. Every cell ends with a recount: what was confirmed is there once and in order, what
was refused is not.
"""

import itertools

import pytest

from administered import until
from broker import PEER
from rawstomp import Timeout

BODY = 10 * 1024
KAHADB = 'journalMaxFileLength="1mb" cleanupInterval="500" checkpointInterval="200"'
COLUMNS = {
    "wait": "",
    "fail": 'sendFailIfNoSpace="true"',
    "timeout": 'sendFailIfNoSpaceAfterTimeout="1000"',
    "free": 'producerFlowControl="false"',
}
# A high-water mark above 100 keeps persistent messages in memory: with vmQueueCursor ActiveMQ
# loses the settings of the columns.
PLACES = {
    "memory": '<policyEntry queue="memory.{name}" memoryLimit="1 mb" {column}'
    ' cursorMemoryHighWaterMark="200"/>',
    "vm": '<policyEntry queue="vm.{name}" memoryLimit="1 mb" {column}>'
    "<pendingQueuePolicy><vmQueueCursor/></pendingQueuePolicy></policyEntry>",
    "store": '<policyEntry queue="store.{name}" {column}/>',
    "temp": '<policyEntry queue="temp.{name}" memoryLimit="1 mb" {column}/>',
    "topic-memory": '<policyEntry topic="topic-memory.{name}" memoryLimit="1 mb" {column}>'
    "<pendingSubscriberPolicy><vmCursor/></pendingSubscriberPolicy></policyEntry>",
    "topic-store": '<policyEntry topic="topic-store.{name}" {column}/>',
    "topic-temp": '<policyEntry topic="topic-temp.{name}" memoryLimit="1 mb" {column}/>',
}
POLICIES = "".join(
    text.format(name=f"{name}.>", column=column)
    for text in PLACES.values()
    for name, column in COLUMNS.items()
)
# More than each of the limits below takes.
MOST = 3000
_numbers = itertools.count(1)

# What ActiveMQ does differently, by what the cell is about.
STALLS = "stalls the whole connection of a producer without receipts"
DISK_STALLS = "stalls the whole connection when the store or the temp store is full"
LOSES = "loses the setting with vmQueueCursor"
WEDGES = "does not leave a full temp store of files of 32 MB again"
PUBLISHER_WAITS = "lets the publisher of a topic wait for its slowest subscriber, whatever is set"


def cell(place, column, receipt):
    marks = []
    if PEER == "activemq":
        reason, always = _difference(place, column, receipt)
        if reason:
            marks.append(pytest.mark.improvement(reason, always=always))
    how = "with-receipt" if receipt else "without-receipt"
    return pytest.param(place, column, receipt, marks=marks, id=f"{place}-{column}-{how}")


def _difference(place, column, receipt):
    if place == "vm" and column in ("fail", "timeout"):
        return LOSES, True
    if place in ("topic-memory", "topic-temp"):
        return PUBLISHER_WAITS, False
    if place == "temp":
        return WEDGES, False
    if place in ("store", "topic-store") and column not in ("fail",):
        return DISK_STALLS, False
    if not receipt and column in ("wait", "timeout"):
        return STALLS, False
    return None, False


def cells(*columns):
    places = PLACES.keys()
    return pytest.mark.parametrize(
        "place, column, receipt",
        [cell(p, c, r) for c in columns for p in places for r in (True, False)],
    )


class Field:
    """One producer and one destination with one limit, and who holds the space."""

    def __init__(self, broker, place, column, receipt):
        self.broker = broker
        self.receipt = receipt
        self.is_topic = place.startswith("topic-")
        kind = "topic" if self.is_topic else "queue"
        self.to = f"/{kind}/{place}.{column}.{next(_numbers)}"
        self.persistent = "true" if place in ("memory", "vm", "store", "topic-store") else "false"
        # Queues hold their messages themselves; a topic has a subscriber that takes none.
        self.holder = None
        if place == "topic-store":
            self.holder = broker.client(headers={"client-id": "holder"})
            self._durable(self.holder, "1")
        elif self.is_topic:
            self.holder = broker.client()
            self._listen("1")
        self.producer = broker.client()
        # Receipts that are awaited, by number of the message.
        self.awaited: dict[str, int] = {}
        self.confirmed: list[int] = []
        self.refused: list[int] = []
        self.sent = 0

    def _durable(self, client, prefetch):
        client.subscribe(
            self.to, id="d", ack="client", **{
                "activemq.subscriptionName": "d", "activemq.prefetchSize": prefetch,
            },
        )  # fmt: skip

    def _listen(self, prefetch):
        # A window of one: what is not acknowledged waits at the subscription.
        self.holder.subscribe(
            self.to, ack="client-individual", **{"activemq.prefetchSize": prefetch}
        )

    def send(self, connection=None) -> None:
        number, self.sent = self.sent, self.sent + 1
        body = f"{number:08}".encode() + bytes(BODY - 8)
        headers = {"content_length": len(body), "persistent": self.persistent}
        if self.receipt:
            self.awaited[self.producer.ask(self.to, body, **headers)] = number
        else:
            self.producer.send(self.to, body, **headers)

    def look(self, timeout=0.0) -> None:
        """Takes in what the broker has answered so far."""
        while True:
            try:
                frame = self.producer.read(timeout=timeout or 0.005)
            except Timeout:
                return
            self.note(frame)

    def note(self, frame) -> None:
        if frame.command == "RECEIPT":
            self.confirmed.append(self.awaited.pop(frame["receipt-id"]))
        elif frame.command == "ERROR":
            assert "limit" in frame["message"] + frame.text or PEER == "activemq", frame
            receipt = frame.get("receipt-id")
            assert (receipt is not None) == self.receipt, "the ERROR names the wrong frame"
            self.refused.append(self.awaited.pop(receipt) if receipt else -1)
        else:
            raise AssertionError(f"unexpected {frame}")

    def fill(self) -> None:
        """Sends until one has to wait, or is refused."""
        step = 8
        while self.sent < MOST:
            for _ in range(step):
                self.send()
            self.settle()
            if self.refused or self.is_waiting():
                return
        raise AssertionError(f"{self.sent} sends were all taken")

    def settle(self) -> None:
        """Until each send is confirmed, refused or known to wait."""
        if not self.receipt:
            return self.pass_through()
        until(
            lambda: self.look() or not self.awaited or self.is_waiting(),
            lambda: f"{len(self.awaited)} of {self.sent} sends are unanswered and nothing waits",
        )

    def pass_through(self) -> None:
        """Whatever was sent before the answer to this was looked at."""
        if PEER == "activemq":
            return self.look(timeout=0.5)
        name = self.producer.fresh()
        for verb in ("BEGIN", "ABORT"):
            self.producer.frame(verb, {"transaction": name, "receipt": f"{verb} {name}"})
            self.until_frame("RECEIPT", f"{verb} {name}")
        self.look()

    def is_waiting(self) -> bool:
        if PEER == "activemq":
            before = len(self.confirmed)
            self.look(timeout=1.5 if self.awaited else 0.0)
            return bool(self.awaited) and len(self.confirmed) == before
        rows = self.broker.blocked(self.to)
        return any(row["limit"]["kind"] != "congested" for row in rows)

    def drain(self) -> list[int]:
        """Everything that is there, in the order in which it comes; producers go on meanwhile."""
        consumer = self.holder
        if consumer is None:
            consumer = self.broker.client()
            consumer.subscribe(self.to, ack="client-individual")
        got = []
        while True:
            try:
                frame = consumer.message(timeout=0.5)
            except Timeout:
                self.look()
                if PEER == "activemq" or not (self.pending() or self.broker.blocked(self.to)):
                    return got
                continue
            got.append(int(frame.body[:8]))
            consumer.ack(frame)

    def pending(self) -> int:
        row = self.broker.of(self.to)
        return row["pending"] + row["inFlight"]

    def elsewhere(self) -> None:
        """The connection goes on with what concerns no limit: it sends, gets and acknowledges."""
        other = f"/queue/light.{next(_numbers)}"
        light = self.broker.client()
        light.send_receipted(other, "from another connection")
        receipt = self.producer.fresh()
        headers = {"destination": other, "id": other, "ack": "client-individual", "receipt": receipt}
        self.producer.frame("SUBSCRIBE", headers)
        expected = ["from another connection"]
        self.producer.send(other, "from its own")
        expected.append("from its own")
        for text in expected:
            message = self.until_frame("MESSAGE")
            assert message.text == text
            self.producer.ack(message, receipt=f"ack {text}")
        got = {self.until_frame("RECEIPT", f"ack {text}")["receipt-id"] for text in expected}
        assert len(got) == 2

    def until_frame(self, command, receipt=None):
        """The next such frame; what answers the sends is noted."""
        while True:
            frame = self.producer.read()
            if frame.command == command == "MESSAGE":
                return frame
            if frame.command == command == "RECEIPT" and frame["receipt-id"] == receipt:
                return frame
            if frame.get("receipt-id") in self.awaited or frame.command == "ERROR":
                self.note(frame)


@pytest.fixture
def field(own_administered):
    def make(place, column, receipt):
        if PEER == "activemq" and not receipt and column != "fail":
            pytest.skip("only Floodway tells that a send without a receipt waits")
        # The disk limits are small only where they are what is met.
        disk = {"store": "64 mb", "temp": "64 mb"}
        disk |= {"store": "8 mb"} if place.endswith("store") else {}
        disk |= {"temp": "8 mb"} if place.endswith("temp") else {}
        broker = own_administered(policies=POLICIES, kahadb=KAHADB, memory="64 mb", **disk)
        return Field(broker, place, column, receipt)

    return make


def recount(field, everything_taken=True):
    """What was confirmed is there once and in order; what was refused is not."""
    got = field.drain()
    assert got == sorted(set(got)), "out of order, or twice"
    if field.receipt:
        field.settle()
        assert not field.awaited
        assert sorted(field.confirmed) == got
        assert set(field.confirmed).isdisjoint(field.refused)
    assert len(got) + len(field.refused) == field.sent


LIMITS = {"vm": "memory", "memory": "memory", "store": "store", "temp": "temp"}


def limit_of(place):
    return LIMITS[place.removeprefix("topic-")]


@cells("wait")
def test_without_an_option_only_this_producer_waits_and_draining_lets_it_go_on(
    field, place, column, receipt
):
    field = field(place, column, receipt)
    field.fill()
    rows = field.broker.until_blocked(field.to)
    for row in rows:
        assert row["limit"]["kind"] == limit_of(place), row
    field.elsewhere()
    assert not field.refused
    recount(field)
    field.broker.until_free(field.to)


@cells("fail")
def test_with_send_fail_if_no_space_it_is_refused_at_once_and_never_confirmed(
    field, place, column, receipt
):
    field = field(place, column, receipt)
    field.fill()
    assert field.refused
    assert PEER == "activemq" or not field.broker.blocked(field.to)
    field.elsewhere()
    recount(field)
    # Room again: the same connection sends again.
    field.refused.clear()
    sent, field.sent = field.sent, 0
    until(lambda: _is_taken(field), f"room again after {sent} sends")


def _is_taken(field):
    receipt = field.producer.ask(field.to, "again", persistent=field.persistent)
    while True:
        frame = field.producer.read()
        if frame.get("receipt-id") == receipt:
            return frame.command == "RECEIPT"


@cells("timeout")
def test_with_a_timeout_it_waits_first_and_is_refused_then(field, place, column, receipt):
    field = field(place, column, receipt)
    field.fill()
    field.broker.until_blocked(field.to)
    # To see that ActiveMQ waits takes longer than it does.
    assert PEER == "activemq" or not field.refused, "refused at once"
    field.elsewhere()
    until(lambda: field.look(0.1) or field.refused, "it is refused after its time")
    until(lambda: field.look(0.1) or not field.awaited, "all of them are answered")
    field.broker.until_free(field.to)
    recount(field)


@cells("free")
def test_without_producer_flow_control_memory_holds_nobody_back_but_disks_do(
    field, place, column, receipt
):
    field = field(place, column, receipt)
    if limit_of(place) == "memory":
        for _ in range(250):
            field.send()
        field.settle()
        assert not field.refused and not field.awaited
        assert PEER == "activemq" or not field.broker.blocked(field.to)
        memory = field.broker.of(field.to)["memory"] if PEER != "activemq" else None
        assert memory is None or memory["percent"] > 150
    else:
        field.fill()
        for row in field.broker.until_blocked(field.to):
            assert row["limit"]["kind"] == limit_of(place), row
        assert not field.refused
        field.elsewhere()
    recount(field)
