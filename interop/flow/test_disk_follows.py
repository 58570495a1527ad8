"""Disk limits that follow the free space, and memory that producers and consumers divide."""

import pytest

from administered import Administered, until
from broker import PEER

pytestmark = pytest.mark.skipif(PEER == "activemq", reason="ActiveMQ has no such administration")

MB = 1 << 20
KAHADB = 'journalMaxFileLength="1mb" cleanupInterval="500" checkpointInterval="200"'
BODY = bytes(10 * 1024)


def test_limit_shrinks_with_the_disk_and_grows_back(tmp_path, small_disk):
    settings = {"broker": 'schedulePeriodForDiskUsageCheck="100"', "kahadb": KAHADB}
    settings |= {"data": small_disk / "data", "store": "30 mb", "temp": "4 mb"}
    with Administered(tmp_path / "broker", **settings) as broker:

        def limit():
            return broker.http("/api/status")["store"]["limitBytes"]

        assert limit() == 30 * MB
        ballast = small_disk / "ballast"
        ballast.write_bytes(bytes(30 * MB))
        until(lambda: limit() < 20 * MB, "the limit stays above the free space")

        producer = broker.client()
        sent = 0
        while not broker.blocked("/queue/full"):
            receipt = producer.ask(
                "/queue/full", BODY, content_length=len(BODY), persistent="true"
            )
            sent += 1
            assert sent < 4000, "a disk of 48 MB takes 40 MB"
            producer.receipt_within(receipt, 0.2)
        explained = broker.http("/api/explain?destination=queue://full")
        causes = [one["kind"] for one in explained["limits"][0]["causes"]]
        assert causes[0] in ("diskShort", "diskFull"), explained

        ballast.unlink()
        until(lambda: limit() == 30 * MB, "the limit does not grow back")
        until(lambda: not broker.blocked("/queue/full"), "the producer still waits")
        assert producer.receipt_within(receipt, 10)


def test_producers_stop_at_their_part_of_the_memory(tmp_path):
    split = 'splitSystemUsageForProducersConsumers="true" producerSystemUsagePortion="25"'
    policies = """
      <policyEntry queue=">"><pendingQueuePolicy><vmQueueCursor/></pendingQueuePolicy></policyEntry>
    """
    settings = {"broker": split, "memory": "4 mb", "policies": policies}
    with Administered(tmp_path / "broker", **settings) as broker:
        producer = broker.client()
        sent = 0
        while not broker.blocked("/queue/part"):
            producer.ask("/queue/part", BODY, content_length=len(BODY))
            sent += 1
            assert sent < 400, "no send waits"
        limit = broker.blocked("/queue/part")[0]["limit"]
        assert (limit["limitBytes"], limit["portionPercent"]) == (MB, 25)
        text = broker.http("/api/explain", text=True)
        assert "producers' 25 % of the broker's memory limit" in text, text
        larger = {"target": "broker", "producerSystemUsagePortion": 75}
        broker.http("/api/set", larger)
        until(lambda: not broker.blocked("/queue/part"), "the producer still waits")
