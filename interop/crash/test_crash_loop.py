"""kill -9 under load, again and again: nothing receipted is lost, nothing acknowledged returns.

INTEROP_CRASH_ROUNDS kills; INTEROP_CRASH_SEED chooses the moments. Every third kill comes while
the broker starts.
"""

import os
import random
import statistics
import time

import pytest

import broker as brokers
from broker import Broker
from figures import figure
from workload import Ledger, Round, drain

ROUNDS = int(os.environ.get("INTEROP_CRASH_ROUNDS", "30"))
SEED = int(os.environ.get("INTEROP_CRASH_SEED", "0")) or random.randrange(1, 10**9)
QUEUES = 4
# Start-up moments are chosen within this many seconds after exec.
START_SPAN = 2.0 if brokers.PEER == "activemq" else 0.08


def kill_while_starting(broker, chance):
    broker.start(wait=False)
    time.sleep(chance.uniform(0, START_SPAN))
    broker.kill()


def report(ledgers, starts):
    sent = sum(ledger.sent for ledger in ledgers)
    receipted = sum(len(ledger.receipted) for ledger in ledgers)
    acked = sum(len(ledger.acked) for ledger in ledgers)
    figure(
        f"{ROUNDS} kills (seed {SEED}): {sent} sent, {receipted} receipted, {acked} receipted as"
        f" acknowledged; ready after {statistics.median(starts):.3f} s (median),"
        f" {max(starts):.3f} s (longest)"
    )


@pytest.mark.timeout(1800)
def test_kills_lose_nothing_receipted_and_return_nothing_acknowledged(tmp_path):
    chance = random.Random(SEED)
    ledgers = [Ledger(f"/queue/crash.{n}") for n in range(QUEUES)]
    broker = Broker(tmp_path, kahadb='journalMaxFileLength="4mb"')
    starts = []
    try:
        for number in range(ROUNDS):
            if number % 3 == 2:
                kill_while_starting(broker, chance)
                continue
            broker.start(wait=False)
            starts.append(broker.wait_ready())
            clients = Round(broker.address, ledgers)
            clients.start()
            time.sleep(chance.uniform(0.05, 2.0))
            broker.kill()
            clients.join()
        broker.start()
        lost = {}
        for ledger in ledgers:
            owed = ledger.owed()
            lost[ledger.queue] = sorted(owed - drain(broker.address, ledger))
        assert broker.stop() in ((0, 143) if brokers.PEER == "activemq" else (0,))
        # A clean stop and start brings nothing back either.
        broker.start()
        for ledger in ledgers:
            ledger.acked |= ledger.delivered
            drain(broker.address, ledger)
    finally:
        broker.kill()
    report(ledgers, starts)
    assert sum(len(ledger.receipted) for ledger in ledgers) > ROUNDS, "hardly any load"
    for ledger in ledgers:
        assert not ledger.errors, (SEED, ledger.errors)
        assert not lost[ledger.queue], (SEED, "lost", ledger.queue, lost[ledger.queue][:20])
        assert not ledger.undead, (SEED, "acknowledged but delivered", ledger.undead[:20])
        assert not ledger.disorder, (SEED, "out of order", ledger.disorder[:20])
        assert not ledger.phantom, (SEED, "never sent", ledger.phantom[:20])
        assert ledger.corrupt == 0, (SEED, "corrupt", ledger.corrupt)
