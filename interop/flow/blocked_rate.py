"""Measures what waiting producers cost: interop/flow/blocked_rate.py [PRODUCERS] [ROUNDS].

A broker of its own (FLOODWAY_BIN, else target/release/floodway) runs each scenario of
floodway-load again and again, in turns with and without so many producers, each on a connection
of its own, that wait at a full queue. It prints the processor's share while they only wait, and
for each scenario the median of the rates' and of the costs' ratios. No test: a machine with other
work gives other figures.
"""

from __future__ import annotations

import os
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BROKER = os.environ.get("FLOODWAY_BIN", str(ROOT / "target/release/floodway"))
LOAD = os.environ.get("FLOODWAY_LOAD", str(ROOT / "target/release/floodway-load"))
SCENARIOS = ["nonpersistent-1-1", "topic-10", "persistent-8-wait"]
WAITING_SECONDS = 5
BODY = b"x" * 10240

CONFIG = """<beans xmlns="http://www.springframework.org/schema/beans">
  <broker xmlns="http://activemq.apache.org/schema/core" dataDirectory="{home}">
    <destinationPolicy><policyMap><policyEntries>
      <policyEntry queue="FULL" memoryLimit="1 mb">
        <pendingQueuePolicy><vmQueueCursor/></pendingQueuePolicy>
      </policyEntry>
    </policyEntries></policyMap></destinationPolicy>
    <transportConnectors>
      <transportConnector name="stomp"
        uri="stomp://127.0.0.1:{port}?maximumConnections=20000"/>
    </transportConnectors>
  </broker>
</beans>
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(home, port):
    config = home / "activemq.xml"
    config.write_text(CONFIG.format(home=home / "data", port=port))
    environment = dict(os.environ, FLOODWAY_ADMIN="none")
    with open(home / "log", "wb") as log:
        process = subprocess.Popen(
            [BROKER, "start", str(config)], env=environment, stdout=log, stderr=log
        )
    for _ in range(200):
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return process
        except OSError:
            time.sleep(0.05)
    sys.exit(f"the broker did not start: {(home / 'log').read_text()}")


def wait_at_the_full_queue(port, count):
    """Connections of which each has sent a message; all but the first hundred wait."""
    frame = b"SEND\ndestination:/queue/FULL\nreceipt:r\ncontent-length:%d\n\n%s\0"
    waiting = []
    for number in range(count + 100):
        client = socket.create_connection(("127.0.0.1", port))
        client.sendall(b"CONNECT\naccept-version:1.2\nhost:a\nclient-id:p%d\n\n\0" % number)
        client.recv(4096)
        client.sendall(frame % (len(BODY), BODY))
        waiting.append(client)
    return waiting


def seconds_of(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rate(scenario, port, process):
    """Messages consumed a second, and the broker's microseconds for each."""
    command = [LOAD, "run", "--scenario", scenario, "--address", f"127.0.0.1:{port}"]
    command += ["--pid", str(process.pid), "--seconds", "2", "--warmup", "0.5"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    said = done.stdout + done.stderr
    found = [re.search(r"consumed (\d+)/s", said), re.search(r"([\d.]+) us/msg", said)]
    return [float(one.group(1)) for one in found]


def main():
    producers = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 8
    with tempfile.TemporaryDirectory() as home:
        port = free_port()
        process = start(pathlib.Path(home), port)
        try:
            compare(port, process, producers, rounds)
        finally:
            process.kill()
            process.wait()


def compare(port, process, producers, rounds):
    share = None
    for scenario in SCENARIOS:
        rate(scenario, port, process)
        without, beside = [], []
        for number in range(rounds):
            for is_blocked in [False, True] if number % 2 else [True, False]:
                if not is_blocked:
                    without.append(rate(scenario, port, process))
                    continue
                waiting = wait_at_the_full_queue(port, producers)
                if share is None:
                    time.sleep(1)
                    before = seconds_of(process)
                    time.sleep(WAITING_SECONDS)
                    share = (seconds_of(process) - before) / WAITING_SECONDS
                    print(f"{producers} that wait: {share:.2%} of a core", flush=True)
                beside.append(rate(scenario, port, process))
                for client in waiting:
                    client.close()
                time.sleep(0.5)
        pairs = list(zip(beside, without))
        rates = statistics.median(one[0] / other[0] for one, other in pairs)
        costs = statistics.median(one[1] / other[1] for one, other in pairs)
        plain = statistics.median(one[0] for one in without)
        print(f"{scenario}: {plain:.0f}/s, {rates:.2f} x with them; cost {costs:.2f} x", flush=True)


if __name__ == "__main__":
    main()
