"""The store, the spool or the disk full: an ordinary state that draining leaves."""

import time

import pytest

from broker import PEER

KAHADB = 'journalMaxFileLength="1mb" cleanupInterval="500" checkpointInterval="200"'
BODY = 10 * 1024


@pytest.fixture
def small_store(own_broker):
    return lambda **settings: own_broker(kahadb=KAHADB, store="16 mb", **settings)


def prefilled(broker, queue, count=200):
    connection = broker.client()
    for n in range(count):
        connection.ask(queue, f"other {n}", persistent="true")
    connection.alive()
    connection.close()


def drain(broker, queue, count):
    connection = broker.client()
    connection.subscribe(queue, ack="client-individual", id="drain")
    bodies = []
    for _ in range(count):
        message = connection.message()
        bodies.append(message.body[:8])
        connection.ack_receipted(message)
    return connection, bodies


def test_full_store_withholds_receipts_and_draining_resumes(small_store, filler):
    broker = small_store()
    prefilled(broker, "/queue/other")
    producer = broker.client()
    fill = filler(producer, "/queue/full", persistent="true")
    withheld = fill.until_paused(most=2500, patience=2)

    connection, bodies = drain(broker, "/queue/other", 200)
    assert len(bodies) == 200
    connection.send_receipted("/queue/light", "non-persistent passes")

    taken = fill.sent - 1
    _, bodies = drain(broker, "/queue/full", taken)
    assert bodies == [f"{n:08}".encode() for n in range(taken)]
    producer.receipt(withheld, timeout=30)
    for _ in range(20):
        producer.receipt(fill.ask(), timeout=30)


@pytest.mark.improvement("stalls the whole connection of a producer when the store is full")
def test_connection_that_waits_for_the_store_still_acknowledges(small_store, filler):
    broker = small_store()
    prefilled(broker, "/queue/other", 10)
    connection = broker.client()
    connection.subscribe("/queue/other", ack="client-individual")
    messages = connection.messages(10)
    filler(connection, "/queue/full", persistent="true").until_paused(most=2500, patience=2)
    for message in messages:
        receipt = connection.fresh()
        connection.ack(message, receipt=receipt)
        connection.receipt(receipt, timeout=3)


def test_full_store_refuses_where_configured_and_draining_helps(small_store, filler):
    broker = small_store(usage_attributes='sendFailIfNoSpace="true"')
    connection = broker.client()
    fill = filler(connection, "/queue/full", persistent="true")
    error, receipt = fill.until_refused(most=2500)
    assert error["receipt-id"] == receipt
    assert "store" in (error["message"] + error.text).lower()
    connection.alive()
    drain(broker, "/queue/full", fill.sent - 1)
    deadline = time.monotonic() + 30
    while True:
        receipt = fill.ask()
        if connection.read().command == "RECEIPT":
            return
        assert time.monotonic() < deadline, "still refused after draining"
        time.sleep(0.2)


def test_full_store_survives_a_restart(small_store, filler):
    broker = small_store()
    fill = filler(broker.client(), "/queue/full", persistent="true")
    fill.until_paused(most=2500, patience=2)
    broker.kill()
    broker.start()
    # The send without a receipt may have been kept or not.
    taken = fill.sent - 1
    _, bodies = drain(broker, "/queue/full", taken)
    assert bodies == [f"{n:08}".encode() for n in range(taken)]
    producer = broker.client()
    producer.receipt(producer.ask("/queue/full", "again", persistent="true"), timeout=30)


def test_full_store_is_said_in_the_log(small_store, filler):
    broker = small_store()
    producer = broker.client()
    fill = filler(producer, "/queue/full", persistent="true")
    withheld = fill.until_paused(most=2500, patience=2)
    broker.wait_log(r"(?=.*store)(?=.*(16777216|16 ?mb))", limit=35)
    drain(broker, "/queue/full", fill.sent - 1)
    producer.receipt(withheld, timeout=30)
    if PEER != "activemq":
        broker.wait_log(r"resumed after \d+(\.\d+)? s")


@pytest.mark.improvement("a spool limit below one file of 32 MB is never left again", always=False)
def test_full_spool_pauses_non_persistent_producers_and_draining_resumes(own_broker, filler):
    broker = own_broker(policies='<policyEntry queue=">" memoryLimit="1 mb"/>', temp="16 mb")
    producer = broker.client()
    fill = filler(producer, "/queue/full")
    withheld = fill.until_paused(most=6000, patience=2)
    persistent = broker.client()
    persistent.send_receipted("/queue/other", "persistent passes", persistent="true")
    taken = fill.sent - 1
    _, bodies = drain(broker, "/queue/full", taken)
    assert bodies == [f"{n:08}".encode() for n in range(taken)]
    producer.receipt(withheld, timeout=10)


# A disk that is really full.


def fill_until_stuck(fill, connection, most=8000):
    """Sends until a receipt is withheld or refused; how many were taken."""
    for taken in range(most):
        receipt = fill.ask()
        try:
            frame = connection.read(timeout=2)
        except Exception:  # noqa: BLE001 - withheld
            return taken
        if frame.command == "ERROR":
            return taken
        assert frame["receipt-id"] == receipt
    raise AssertionError(f"{most} sends were taken by a disk of 48 MB")


def drained_of(broker, taken):
    """Drains what was receipted; one more may be there, whose receipt was withheld."""
    _, bodies = drain(broker, "/queue/full", taken)
    assert bodies == [f"{n:08}".encode() for n in range(taken)]


def sends_again(broker):
    deadline = time.monotonic() + 30
    while True:
        producer = broker.client()
        receipt = producer.ask("/queue/after", "room again", persistent="true")
        try:
            producer.receipt(receipt, timeout=2)
            return
        except Exception:  # noqa: BLE001 - still full
            assert time.monotonic() < deadline, broker.tail()
            producer.close()


@pytest.mark.improvement("stops its store, or refuses acknowledgements", always=False)
@pytest.mark.parametrize("ending", ["drain", "kill and drain"])
def test_full_disk_is_left_by_draining(own_broker, small_disk, filler, ending):
    settings = {"kahadb": KAHADB.replace("1mb", "4mb"), "data": small_disk / "data"}
    broker = own_broker(**settings, store="40 gb", temp="4 mb")
    producer = broker.client()
    fill = filler(producer, "/queue/full", persistent="true")
    taken = fill_until_stuck(fill, producer)
    assert taken > 500
    if ending == "kill and drain":
        broker.kill()
        broker.start()
    drained_of(broker, taken)
    sends_again(broker)


@pytest.mark.improvement("stops its store when the disk is full below its limit", always=False)
@pytest.mark.parametrize("ending", ["drain", "kill and drain"])
def test_disk_filled_by_others_is_left_by_draining(own_broker, small_disk, filler, ending):
    settings = {"kahadb": KAHADB.replace("1mb", "4mb"), "data": small_disk / "data"}
    broker = own_broker(**settings, store="40 gb", temp="4 mb")
    producer = broker.client()
    fill = filler(producer, "/queue/full", persistent="true")
    for _ in range(100):
        producer.receipt(fill.ask())
    ballast = small_disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(65536))
        except OSError:
            pass
    taken = 100 + fill_until_stuck(fill, producer)
    assert broker.process.poll() is None, broker.tail()
    if ending == "kill and drain":
        broker.kill()
        broker.start()
    drained_of(broker, taken)
    ballast.unlink()
    sends_again(broker)
