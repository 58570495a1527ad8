"""Jolokia as known tools and scripts ask it, over plain HTTP.

Which attributes each tool reads is noted in the reference of the project; here stands what they
need to work: the request in their form, and the answer that they expect.
"""

from __future__ import annotations

import base64
import http.client
import json
import urllib.error
import urllib.parse
import urllib.request

import pytest

import broker as brokers
from broker import Broker, free_port

BROKER = "org.apache.activemq:type=Broker,brokerName=interop"

METRICBEAT_BROKER = [
    "BrokerName", "MemoryPercentUsage", "StorePercentUsage", "TempPercentUsage",
    "TotalConnectionsCount", "TotalConsumerCount", "TotalDequeueCount", "TotalEnqueueCount",
    "TotalMessageCount", "TotalProducerCount",
]  # fmt: skip
METRICBEAT_QUEUE = [
    "Name", "QueueSize", "AverageEnqueueTime", "AverageMessageSize", "ConsumerCount",
    "DequeueCount", "DispatchCount", "EnqueueCount", "ExpiredCount", "InFlightCount",
    "MaxEnqueueTime", "MinEnqueueTime", "MemoryPercentUsage", "ProducerCount",
]  # fmt: skip
METRICBEAT_TOPIC = [name for name in METRICBEAT_QUEUE if name != "QueueSize"]
# Keys of patterns stand in the order of the alphabet, as it sends them.
ALL = "org.apache.activemq:brokerName=*,destinationName=*,destinationType={},type=Broker"
METRICBEAT = {
    "broker": ("org.apache.activemq:brokerName=*,type=Broker", METRICBEAT_BROKER),
    "queue": (ALL.format("Queue"), METRICBEAT_QUEUE),
    "topic": (ALL.format("Topic"), METRICBEAT_TOPIC),
}
ZABBIX = [
    "BrokerVersion", "UptimeMillis", "MemoryLimit", "MemoryPercentUsage", "StoreLimit",
    "StorePercentUsage", "TempLimit", "TempPercentUsage", "TotalEnqueueCount",
    "TotalDequeueCount", "TotalConsumerCount", "TotalProducerCount",
]  # fmt: skip
OPENTELEMETRY = [
    "ProducerCount", "ConsumerCount", "MemoryUsageByteCount", "MemoryLimit",
    "TempUsagePercentUsage", "TempUsageLimit", "QueueSize", "ExpiredCount", "EnqueueCount",
    "DequeueCount", "AverageEnqueueTime",
]  # fmt: skip


def queue(name: str) -> str:
    return f"{BROKER},destinationType=Queue,destinationName={name}"


class Managed(Broker):
    """A broker with administration on a port of its own."""

    def __init__(self, home):
        super().__init__(home)
        self.admin = free_port()
        (self.home / "jetty-realm.properties").write_text("admin: secret, admin\nbob: looks, user\n")

    def _command(self):
        return [*super()._command(), "--admin", f"127.0.0.1:{self.admin}"]

    def ask(self, path="", body=None, login="admin:secret", origin="http://localhost"):
        """What is answered, and the status of HTTP."""
        url = f"http://127.0.0.1:{self.admin}/api/jolokia{path}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data)
        request.add_header("Authorization", "Basic " + base64.b64encode(login.encode()).decode())
        if origin:
            request.add_header("Origin", origin)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer), answer.status
        except urllib.error.HTTPError as error:
            return None, error.code

    def value(self, path="", body=None, **settings):
        answer, status = self.ask(path, body, **settings)
        assert status == 200 and answer["status"] == 200, answer
        return answer["value"]


@pytest.fixture(scope="module")
def managed(tmp_path_factory):
    if brokers.PEER == "activemq":
        pytest.skip("the suite starts no console of ActiveMQ")
    with Managed(tmp_path_factory.mktemp("jolokia")) as broker:
        with broker.client() as client:
            for number in range(7):
                client.send_receipted("/queue/orders", f"text {number}", persistent="true", i=str(number))
        yield broker


def test_keda_reads_the_length_of_a_queue(managed):
    answer, status = managed.ask(f"/read/{queue('orders')}/QueueSize")
    assert (status, answer["status"]) == (200, 200)
    assert answer["value"] == 7
    missing, status = managed.ask(f"/read/{queue('none')}/QueueSize")
    assert (status, missing["status"]) == (200, 404)


def metricbeat_block(metricset: str) -> dict:
    """The read that a metricset of Metricbeat's module makes of its mapping."""
    mbean, attributes = METRICBEAT[metricset]
    config = {"canonicalNaming": True, "ignoreErrors": True}
    return {"type": "read", "mbean": mbean, "attribute": attributes, "config": config}


def metricbeat_asks(managed, method: str, path: str, body=None):
    """As Metricbeat's client does: a login, and neither `Origin` nor `Content-Type`."""
    login = base64.b64encode(b"bob:looks").decode()
    headers = {"Authorization": f"Basic {login}", "User-Agent": "Metricbeat"}
    data = None if body is None else json.dumps(body)
    connection = http.client.HTTPConnection("127.0.0.1", managed.admin, timeout=30)
    try:
        connection.request(method, f"/api/jolokia{path}", data, headers)
        answer = connection.getresponse()
        assert answer.status == 200
        return json.load(answer)
    finally:
        connection.close()


def metricbeat_events(metricset: str, answer: dict) -> dict:
    """What it makes of an answer, by MBean: it knows an attribute again by the name of the MBean
    that the answer repeats, and gives up when that is not the one that it asked for."""
    mbean, attributes = METRICBEAT[metricset]
    assert answer["status"] == 200, answer
    assert answer["request"]["mbean"] == mbean
    assert answer["request"]["attribute"] == attributes
    for found in answer["value"].values():
        assert sorted(found) == sorted(attributes)
        for name, value in found.items():
            kind = str if name in ("Name", "BrokerName") else (int, float)
            assert isinstance(value, kind), (name, value)
    return answer["value"]


def metricbeat_destination(metricset: str, found: dict, name: str):
    """What its own test expects of two messages that nobody consumes."""
    assert (found["Name"], found["EnqueueCount"]) == (name, 2)
    assert found["AverageMessageSize"] > 0
    assert metricset == "topic" or found["QueueSize"] == 2


@pytest.fixture(scope="module")
def twice_sent(managed):
    """Two messages in a queue and a topic, as Metricbeat's own test sends them."""
    with managed.client() as client:
        for number in range(2):
            client.send_receipted("/queue/beat.queue", f"{number}")
            client.send_receipted("/topic/beat.topic", f"{number}")
    return managed


@pytest.mark.parametrize("metricset", METRICBEAT)
def test_metricbeat_posts_each_metricset_by_itself(twice_sent, metricset):
    """The question mark in the `path` of its documentation is a part of the path that it sends."""
    path = "/%3FignoreErrors=true&canonicalNaming=false"
    (answer,) = metricbeat_asks(twice_sent, "POST", path, [metricbeat_block(metricset)])
    events = metricbeat_events(metricset, answer)
    if metricset == "broker":
        (only,) = events.values()
        assert only["BrokerName"] == "interop"
        return
    name = f"beat.{metricset}"
    kind = metricset.title()
    mbean = f"org.apache.activemq:brokerName=interop,destinationName={name},destinationType={kind},type=Broker"
    metricbeat_destination(metricset, events[mbean], name)


def test_metricbeat_posts_mappings_of_an_operator_in_bulk(twice_sent):
    """The module for Jolokia, with mappings that somebody has written, sends all in one request."""
    blocks = [metricbeat_block(metricset) for metricset in METRICBEAT]
    answers = metricbeat_asks(twice_sent, "POST", "/", blocks)
    for metricset, answer in zip(METRICBEAT, answers, strict=True):
        assert metricbeat_events(metricset, answer)


@pytest.mark.parametrize("metricset", METRICBEAT)
def test_metricbeat_gets_where_it_may_not_post(twice_sent, metricset):
    """With `http_method: GET` the parameters are a query, behind a slash."""
    mbean, attributes = METRICBEAT[metricset]
    path = f"/read/{mbean}/{','.join(attributes)}/?ignoreErrors=true&canonicalNaming=false"
    events = metricbeat_events(metricset, metricbeat_asks(twice_sent, "GET", path))
    if metricset != "broker":
        name = f"beat.{metricset}"
        (found,) = [one for one in events.values() if one["Name"] == name]
        metricbeat_destination(metricset, found, name)


@pytest.mark.parametrize("names, mbean", [(ZABBIX, BROKER), (OPENTELEMETRY, queue("orders"))])
def test_monitoring_finds_all_its_attributes(managed, names, mbean):
    value = managed.value(f"/read/{mbean}/{','.join(names)}")
    assert sorted(value) == sorted(names)
    assert None not in value.values(), value


def test_nagios_walks_from_the_broker_to_its_queues(managed):
    whole = managed.value(f"/read/{BROKER}")
    names = [one["objectName"] for one in whole["Queues"]]
    sizes = {}
    for name in names:
        one = managed.value(f"/read/{urllib.parse.quote(name, safe='')}")
        sizes[one["Name"]] = one["QueueSize"]
    assert sizes["orders"] == 7
    health = managed.value(f"/read/{BROKER},service=Health/CurrentStatus")
    assert health.startswith("Getting Worried"), health


def test_console_lists_searches_and_browses(managed):
    tree = managed.value("/list/org.apache.activemq?maxDepth=4")
    info = tree["brokerName=interop,destinationName=orders,destinationType=Queue,type=Broker"]
    assert {"attr", "op", "class"} <= set(info)
    assert isinstance(info["op"]["browse"], list)
    found = managed.value("/search/org.apache.activemq:destinationType=Queue,*")
    assert any("destinationName=orders" in name for name in found)
    rows = managed.value(
        body={"type": "exec", "mbean": queue("orders"), "operation": "browse()", "arguments": []}
    )
    assert [row["Text"] for row in rows] == [f"text {number}" for number in range(7)]


def test_script_makes_fills_and_purges_a_queue_by_get(managed):
    managed.value(f"/exec/{BROKER}/addQueue/script")
    name = queue("script")
    sent = managed.value(f"/exec/{name}/sendTextMessage(java.lang.String)/hello%20world")
    assert sent.startswith("ID:")
    with managed.client() as client:
        client.subscribe("/queue/script")
        assert client.message().text == "hello world"
    managed.value(f"/exec/{name}/sendTextMessage(java.lang.String)/again")
    managed.value(f"/exec/{name}/purge")
    assert managed.value(f"/read/{name}/QueueSize") == 0
    old = managed.value(f"/write/{name}/MemoryLimit/1000000")
    assert old != managed.value(f"/read/{name}/MemoryLimit") == 1000000
    managed.value(f"/exec/{BROKER}/removeQueue/script")
    assert managed.ask(f"/read/{name}/QueueSize")[0]["status"] == 404


def test_viewer_and_strangers_change_nothing(managed):
    name = queue("orders")
    assert managed.value(f"/read/{name}/QueueSize", login="bob:looks") == 7
    for settings in (
        {"login": "bob:looks"},
        {"origin": "http://evil.example"},
        {"origin": None},
    ):
        answer, status = managed.ask(f"/exec/{name}/purge", **settings)
        assert (status, answer["status"]) == (200, 403), settings
    assert managed.ask("/version", login="admin:wrong")[1] == 401
    assert managed.value(f"/read/{name}/QueueSize") == 7
