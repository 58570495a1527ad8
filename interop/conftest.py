"""Fixtures that all Python suites share: the broker under test and names of their own."""

from __future__ import annotations

import itertools
import re

import pytest

import broker as brokers
from broker import Broker
from figures import all_figures

_numbers = itertools.count(1)

# The policies of the shared broker; names of queues in the tests choose among them.
POLICIES = """
  <policyEntry queue="priority.>" prioritizedMessages="true"/>
  <policyEntry queue="expiry.>" expireMessagesPeriod="500">
    <deadLetterStrategy>
      <individualDeadLetterStrategy queuePrefix="DLQ." processNonPersistent="true"/>
    </deadLetterStrategy>
  </policyEntry>
  <policyEntry queue="individual.>">
    <deadLetterStrategy>
      <individualDeadLetterStrategy queuePrefix="DLQ." processNonPersistent="true"/>
    </deadLetterStrategy>
  </policyEntry>
  <policyEntry topic="limited.>">
    <pendingMessageLimitStrategy><constantPendingMessageLimitStrategy limit="3"/></pendingMessageLimitStrategy>
  </policyEntry>
  <policyEntry queue="drop.>">
    <deadLetterStrategy>
      <sharedDeadLetterStrategy processExpired="false"/>
    </deadLetterStrategy>
  </policyEntry>
"""


def pytest_configure(config):
    config.addinivalue_line(
        "markers",
        "improvement(reason, always=True): ActiveMQ Classic is known to fail this, always or at times",
    )
    config.addinivalue_line("markers", "known_fault(reason): Floodway still fails this at times")


def pytest_collection_modifyitems(items):
    reason = brokers.unavailable()
    for item in items:
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))
        fault = item.get_closest_marker("known_fault")
        if fault and brokers.PEER == "floodway":
            item.add_marker(pytest.mark.xfail(reason=fault.args[0], strict=False))
        mark = item.get_closest_marker("improvement")
        if mark and brokers.PEER == "activemq":
            always = mark.kwargs.get("always", True)
            item.add_marker(pytest.mark.xfail(reason=mark.args[0], strict=always))


def pytest_terminal_summary(terminalreporter):
    for line in all_figures():
        terminalreporter.write_line(f"figure: {line}")


@pytest.fixture(scope="session")
def shared_broker(tmp_path_factory):
    """One broker for all tests that do not stop it, with SIGTERM and exit code 0 at the end."""
    broker = Broker(tmp_path_factory.mktemp("shared"), policies=POLICIES).start()
    yield broker
    code = broker.stop()
    assert code in ((0, 143) if brokers.PEER == "activemq" else (0,)), broker.tail()


@pytest.fixture
def broker(shared_broker):
    """The shared broker, checked to stand before and after the test."""
    assert shared_broker.process.poll() is None, shared_broker.tail()
    yield shared_broker
    assert shared_broker.process.poll() is None, shared_broker.tail()


@pytest.fixture
def own_broker(tmp_path):
    """Starts brokers with settings of the test's own; all are killed at the end."""
    started = []

    def start(**settings) -> Broker:
        broker = Broker(tmp_path / f"broker-{len(started)}", **settings)
        started.append(broker)
        return broker.start()

    yield start
    for broker in started:
        broker.kill()


@pytest.fixture
def name(request):
    """A destination name that no other test uses, without prefix."""
    plain = re.sub(r"\W+", "-", request.node.name).strip("-")
    return f"{plain[:60]}.{next(_numbers)}"


@pytest.fixture
def queue(name):
    return f"/queue/{name}"


@pytest.fixture
def topic(name):
    return f"/topic/{name}"


@pytest.fixture
def client(broker):
    """Opens raw connections (`client()`, `client("1.1")`) and drops them after the test."""
    opened = []

    def connect(version="1.2", **settings):
        opened.append(broker.client(version, **settings))
        return opened[-1]

    yield connect
    for each in opened:
        each.close()
