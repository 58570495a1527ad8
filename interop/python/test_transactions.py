"""Transactions: BEGIN, COMMIT, ABORT, with sends and acknowledgements inside."""

import pytest
import stomp

from listener import Listener


@pytest.mark.parametrize("persistent", ["true", "false"])
def test_commit_delivers_in_order_and_not_before(client, queue, persistent):
    watcher = client()
    watcher.subscribe(queue)
    connection = client()
    connection.command("BEGIN", transaction="t")
    for n in range(5):
        connection.send_receipted(queue, str(n), transaction="t", persistent=persistent)
    watcher.nothing()
    connection.command("COMMIT", transaction="t")
    assert watcher.bodies(5) == list("01234")


def test_abort_delivers_nothing(client, queue):
    watcher = client()
    watcher.subscribe(queue)
    connection = client()
    connection.command("BEGIN", transaction="t")
    connection.send_receipted(queue, "never", transaction="t")
    connection.command("ABORT", transaction="t")
    watcher.nothing()
    connection.send_receipted(queue, "after")
    assert watcher.message().text == "after"


def test_transaction_name_is_free_after_its_end(client, queue):
    connection = client()
    for end in ("ABORT", "COMMIT", "ABORT", "COMMIT"):
        connection.command("BEGIN", transaction="again")
        connection.send(queue, end, transaction="again")
        connection.command(end, transaction="again")
    connection.subscribe(queue)
    assert connection.bodies(2) == ["COMMIT", "COMMIT"]
    connection.nothing()


def test_two_transactions_stay_apart(client, queue):
    connection = client()
    connection.command("BEGIN", transaction="a")
    connection.command("BEGIN", transaction="b")
    connection.send(queue, "in a", transaction="a")
    connection.send(queue, "in b", transaction="b")
    connection.send(queue, "outside")
    connection.command("ABORT", transaction="a")
    connection.command("COMMIT", transaction="b")
    connection.subscribe(queue)
    assert sorted(connection.bodies(2)) == ["in b", "outside"]
    connection.nothing()


def test_disconnect_aborts(client, queue):
    connection = client()
    connection.command("BEGIN", transaction="t")
    connection.send_receipted(queue, "never", transaction="t")
    connection.disconnect()
    other = client()
    other.subscribe(queue)
    other.nothing()


def test_lost_connection_aborts(client, queue):
    connection = client()
    connection.command("BEGIN", transaction="t")
    connection.send_receipted(queue, "never", transaction="t")
    connection.close()
    other = client()
    other.subscribe(queue)
    other.nothing()


@pytest.mark.parametrize("mode", ["client", "client-individual"])
@pytest.mark.parametrize("end", ["COMMIT", "ABORT"])
def test_acks_inside_follow_the_outcome(client, queue, mode, end):
    connection = client()
    connection.send_receipted(queue, "m0")
    connection.send_receipted(queue, "m1")
    connection.subscribe(queue, ack=mode)
    messages = connection.messages(2)
    connection.command("BEGIN", transaction="t")
    for message in messages:
        connection.ack_receipted(message, transaction="t")
    connection.command(end, transaction="t")
    connection.disconnect()
    other = client()
    other.subscribe(queue)
    if end == "ABORT":
        again = other.messages(2)
        assert [m.text for m in again] == ["m0", "m1"]
        assert all(m.get("redelivered") == "true" for m in again)
    other.nothing()


def test_ack_ids_are_good_again_after_abort(client, queue):
    connection = client()
    connection.send_receipted(queue, "m")
    connection.subscribe(queue, ack="client-individual")
    message = connection.message()
    connection.command("BEGIN", transaction="t")
    connection.ack_receipted(message, transaction="t")
    connection.command("ABORT", transaction="t")
    connection.ack_receipted(message)
    connection.disconnect()
    other = client()
    other.subscribe(queue)
    other.nothing()


def test_consume_and_forward_is_all_or_nothing(client, name):
    source, target = f"/queue/{name}.in", f"/queue/{name}.out"
    worker = client()
    worker.send_receipted(source, "job", persistent="true")
    worker.subscribe(source, ack="client-individual")
    job = worker.message()
    worker.command("BEGIN", transaction="t")
    worker.send_receipted(target, "done", transaction="t", persistent="true")
    worker.ack_receipted(job, transaction="t")
    worker.close()

    worker = client()
    worker.subscribe(target, id="out")
    worker.nothing()
    worker.subscribe(source, ack="client-individual", id="in")
    job = worker.message(id="in")
    assert job.get("redelivered") == "true"
    worker.command("BEGIN", transaction="t")
    worker.send_receipted(target, "done", transaction="t", persistent="true")
    worker.ack_receipted(job, transaction="t")
    worker.command("COMMIT", transaction="t")
    assert worker.message(id="out").text == "done"


def test_committed_survives_and_open_vanishes_over_a_kill(own_broker):
    broker = own_broker()
    connection = broker.client()
    connection.command("BEGIN", transaction="kept")
    connection.command("BEGIN", transaction="lost")
    for n in range(5):
        connection.send_receipted("/queue/tx", f"kept {n}", transaction="kept", persistent="true")
        connection.send_receipted("/queue/tx", f"lost {n}", transaction="lost", persistent="true")
    connection.command("COMMIT", transaction="kept")
    broker.kill()
    broker.start()
    again = broker.client()
    again.subscribe("/queue/tx")
    assert again.bodies(5) == [f"kept {n}" for n in range(5)]
    again.nothing()


def test_topic_transaction(client, topic):
    watcher = client()
    watcher.subscribe(topic)
    connection = client()
    connection.command("BEGIN", transaction="t")
    connection.send_receipted(topic, "in time", transaction="t")
    watcher.nothing()
    connection.command("COMMIT", transaction="t")
    assert watcher.message().text == "in time"


def test_stomp_py_transactions(broker, queue):
    connection, listener = stomp.Connection12([broker.address]), Listener()
    connection.set_listener("", listener)
    connection.connect(wait=True)
    connection.subscribe(queue, id="1", ack="auto")
    aborted = connection.begin()
    connection.send(queue, "aborted", transaction=aborted)
    connection.abort(aborted)
    committed = connection.begin()
    for n in range(3):
        connection.send(queue, f"committed {n}", transaction=committed)
    connection.commit(committed)
    bodies = [frame.body for frame in listener.messages(3)]
    assert bodies == [f"committed {n}" for n in range(3)]
    assert listener.frames.empty()
    connection.disconnect()
