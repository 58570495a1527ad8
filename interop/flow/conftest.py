"""The broker of the flow suite: small limits, one kind per queue name."""

from __future__ import annotations

import itertools
import os
import subprocess

import pytest

import broker as brokers
from administered import Administered

BODY = 10 * 1024
_numbers = itertools.count(1)

POLICIES = """
  <policyEntry queue="spool.>" memoryLimit="1 mb"/>
  <policyEntry queue="vm.>" memoryLimit="1 mb">
    <pendingQueuePolicy><vmQueueCursor/></pendingQueuePolicy>
  </policyEntry>
  <policyEntry queue="fail.>" memoryLimit="1 mb" cursorMemoryHighWaterMark="200"
               sendFailIfNoSpace="true"/>
  <policyEntry queue="timeout.>" memoryLimit="1 mb" cursorMemoryHighWaterMark="200"
               sendFailIfNoSpaceAfterTimeout="1000"/>
  <policyEntry queue="vmfail.>" memoryLimit="1 mb" sendFailIfNoSpace="true">
    <pendingQueuePolicy><vmQueueCursor/></pendingQueuePolicy>
  </policyEntry>
  <policyEntry queue="free.>" memoryLimit="1 mb" producerFlowControl="false">
    <pendingQueuePolicy><vmQueueCursor/></pendingQueuePolicy>
  </policyEntry>
  <policyEntry queue="base.>" memoryLimit="1 mb" minimumMessageSize="10240">
    <pendingQueuePolicy><vmQueueCursor/></pendingQueuePolicy>
  </policyEntry>
  <policyEntry queue="slow.>">
    <slowConsumerStrategy>
      <abortSlowConsumerStrategy maxSlowDuration="300" checkPeriod="100"/>
    </slowConsumerStrategy>
  </policyEntry>
  <policyEntry queue="silent.>">
    <slowConsumerStrategy>
      <abortSlowAckConsumerStrategy maxTimeSinceLastAck="300" maxSlowDuration="100"
                                    checkPeriod="100"/>
    </slowConsumerStrategy>
  </policyEntry>
  <policyEntry topic="slowtopic.>" memoryLimit="1 mb">
    <slowConsumerStrategy>
      <abortSlowConsumerStrategy maxSlowDuration="300" checkPeriod="100"/>
    </slowConsumerStrategy>
    <pendingSubscriberPolicy><vmCursor/></pendingSubscriberPolicy>
  </policyEntry>
  <policyEntry queue="deaf.>">
    <slowConsumerStrategy>
      <abortSlowConsumerStrategy maxSlowDuration="300" checkPeriod="100" abortConnection="true"/>
    </slowConsumerStrategy>
  </policyEntry>
  <policyEntry topic="vmtopic.>" memoryLimit="1 mb">
    <pendingSubscriberPolicy><vmCursor/></pendingSubscriberPolicy>
  </policyEntry>
"""


@pytest.fixture(scope="session")
def flow_broker(tmp_path_factory):
    home = tmp_path_factory.mktemp("flow")
    broker = Administered(home, policies=POLICIES, memory="64 mb").start()
    yield broker
    # Paused producers and their connections must not hold up the end.
    code = broker.stop()
    assert code in ((0, 143) if brokers.PEER == "activemq" else (0,)), broker.tail()


@pytest.fixture
def broker(flow_broker):
    assert flow_broker.process.poll() is None, flow_broker.tail()
    yield flow_broker
    assert flow_broker.process.poll() is None, flow_broker.tail()


@pytest.fixture
def own_administered(tmp_path):
    """Starts brokers with administration and settings of the test's own; all are killed."""
    started = []

    def start(**settings) -> Administered:
        broker = Administered(tmp_path / f"administered-{len(started)}", **settings)
        started.append(broker)
        return broker.start()

    yield start
    for broker in started:
        broker.kill()


class Filler:
    """Sends messages of 10 KiB one by one, each with a receipt, until one is withheld."""

    def __init__(self, connection, destination, **headers):
        self.connection = connection
        self.destination = destination
        self.headers = headers
        self.sent = 0

    def ask(self) -> str:
        body = f"{self.sent:08}".encode() + bytes(BODY - 8)
        self.sent += 1
        return self.connection.ask(
            self.destination, body, content_length=len(body), **self.headers
        )

    def until_paused(self, most: int, patience: float = 1.5) -> str:
        """The receipt that is withheld; fails when `most` sends are all taken."""
        for _ in range(most):
            receipt = self.ask()
            if not self.connection.receipt_within(receipt, patience):
                return receipt
        raise AssertionError(f"{most} sends to {self.destination} were all taken")

    def until_refused(self, most: int):
        """The ERROR of the first refused send, and its receipt id."""
        for _ in range(most):
            receipt = self.ask()
            frame = self.connection.read()
            if frame.command == "ERROR":
                return frame, receipt
            assert (frame.command, frame["receipt-id"]) == ("RECEIPT", receipt)
        raise AssertionError(f"{most} sends to {self.destination} were all taken")


@pytest.fixture
def filler():
    return Filler


@pytest.fixture
def named():
    """A queue of the policy with this prefix."""
    return lambda prefix: f"/queue/{prefix}.{next(_numbers)}"


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 48 MB of its own."""
    if os.geteuid() != 0:
        pytest.skip("a small file system needs root")
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(disk)]
    mounted = subprocess.run(mount, capture_output=True)
    if mounted.returncode != 0:
        pytest.skip(f"no small file system here: {mounted.stderr.decode().strip()}")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)
