"""Measures what looking costs: interop/flow/console_cost.py [QUEUES] [ROUNDS].

A broker of its own (FLOODWAY_BIN, else target/release/floodway) holds so many queues. While
floodway-load puts on what it can, pages of the console are asked for each second, their live
figures are streamed, and so is /metrics, in turns with and without. It prints how long each page
took at rest and under load, and for each scenario the median of the rates' ratios and of the
broker's time for each message. No test: a machine with other work gives other figures.
"""

from __future__ import annotations

import base64
import http.client
import os
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BROKER = os.environ.get("FLOODWAY_BIN", str(ROOT / "target/release/floodway"))
LOAD = os.environ.get("FLOODWAY_LOAD", str(ROOT / "target/release/floodway-load"))
SCENARIOS = ["nonpersistent-1-1", "topic-10", "persistent-1-window-100"]
PAGES = ["/admin", "/admin/queues", "/admin/connections", "/metrics"]
ALL_DESTINATIONS = "/metrics?destinations=1"
STREAM = "/admin/queues"
LOGIN = {"Authorization": "Basic " + base64.b64encode(b"admin:secret").decode()}
SECONDS = 3

CONFIG = """<beans xmlns="http://www.springframework.org/schema/beans">
  <broker xmlns="http://activemq.apache.org/schema/core" dataDirectory="{home}">
    <transportConnectors>
      <transportConnector name="stomp" uri="stomp://127.0.0.1:{port}"/>
    </transportConnectors>
  </broker>
</beans>
"""


class Broker:
    """One with an account, on ports that were free."""

    def __init__(self, home):
        self.port, self.admin = free_port(), free_port()
        (home / "activemq.xml").write_text(CONFIG.format(home=home / "data", port=self.port))
        (home / "jetty-realm.properties").write_text("admin: secret, admin\n")
        command = [BROKER, "start", "--config", str(home / "activemq.xml")]
        command += ["--data", str(home / "data"), "--admin", f"127.0.0.1:{self.admin}"]
        with open(home / "log", "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        for port in [self.port, self.admin]:
            if not listens(port, self.process):
                sys.exit(f"the broker did not start: {(home / 'log').read_text()}")

    def seconds(self):
        """Of a processor, so far."""
        stat = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")

    def page(self, path):
        """Asks for one, and says how many seconds it took."""
        begun = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.admin, timeout=30)
        connection.request("GET", path, headers=LOGIN)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        if answer.status != 200:
            sys.exit(f"{path}: {answer.status}")
        return time.monotonic() - begun

    def fill(self, queues):
        """A message in each queue."""
        client = socket.create_connection(("127.0.0.1", self.port))
        client.sendall(b"CONNECT\naccept-version:1.2\nhost:a\n\n\0")
        client.recv(4096)
        for number in range(queues):
            client.sendall(b"SEND\ndestination:/queue/q.%d\n\nhello\0" % number)
        client.sendall(b"SEND\ndestination:/queue/q.0\nreceipt:last\n\nhello\0")
        said = b""
        while b"last" not in said:
            said += client.recv(4096)
        client.close()

    def rate(self, scenario):
        """Messages consumed a second, and the broker's microseconds for each."""
        command = [LOAD, "run", "--scenario", scenario, "--address", f"127.0.0.1:{self.port}"]
        command += ["--pid", str(self.process.pid), "--seconds", str(SECONDS), "--warmup", "0.5"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        said = done.stdout + done.stderr
        found = [re.search(r"consumed (\d+)/s", said), re.search(r"([\d.]+) us/msg", said)]
        return [float(one.group(1)) for one in found]


class Looker:
    """Somebody with the console open and a collector of metrics beside it, each second."""

    def __init__(self, broker):
        self.broker, self.took = broker, {}
        self.ends = threading.Event()
        self.stream = http.client.HTTPConnection("127.0.0.1", broker.admin, timeout=30)
        headers = dict(LOGIN, Accept="text/event-stream")
        self.stream.request("GET", STREAM, headers=headers)
        self.streamed = self.stream.getresponse()
        kind = self.streamed.getheader("content-type")
        if kind != "text/event-stream":
            sys.exit(f"{STREAM} is not streamed but {kind}")
        self.threads = [threading.Thread(target=self.look), threading.Thread(target=self.listen)]
        for thread in self.threads:
            thread.start()

    def look(self):
        while not self.ends.is_set():
            for path in PAGES:
                self.took.setdefault(path, []).append(self.broker.page(path))
            self.ends.wait(1)

    def listen(self):
        try:
            while self.streamed.read1(65536):
                pass
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            pass

    def end(self):
        self.ends.set()
        self.stream.sock.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join()
        self.stream.close()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(port, process):
    for _ in range(200):
        if process.poll() is not None:
            return False
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return True
        except OSError:
            time.sleep(0.05)
    return False


def tell(took, when):
    for path, all_of_it in took.items():
        middle, worst = statistics.median(all_of_it) * 1000, max(all_of_it) * 1000
        print(f"{when}: {path} {middle:.1f} ms, at most {worst:.1f}", flush=True)


def compare(broker, rounds):
    under_load = {}
    for scenario in SCENARIOS:
        broker.rate(scenario)
        pairs = []
        for number in range(rounds):
            pair = {}
            for is_looked_at in [False, True] if number % 2 else [True, False]:
                looker = Looker(broker) if is_looked_at else None
                pair[is_looked_at] = broker.rate(scenario)
                if looker:
                    looker.end()
                    for path, took in looker.took.items():
                        under_load.setdefault(path, []).extend(took)
            pairs.append(pair)
        rates = [pair[True][0] / pair[False][0] for pair in pairs]
        costs = [pair[True][1] / pair[False][1] for pair in pairs]
        plain = statistics.median(pair[False][0] for pair in pairs)
        # Of a median of so many, by how much it may be off by chance.
        spread = 1.25 * statistics.stdev(rates) / len(rates) ** 0.5 if rounds > 1 else 0
        print(
            f"{scenario}: {plain:.0f}/s, {statistics.median(rates):.3f} x (+- {spread:.3f})"
            f" when looked at; time for each message {statistics.median(costs):.3f} x",
            flush=True,
        )
    tell(under_load, "under load")


def main():
    queues = int(sys.argv[1]) if len(sys.argv) > 1 else 10000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    with tempfile.TemporaryDirectory() as home:
        broker = Broker(pathlib.Path(home))
        try:
            broker.fill(queues)
            paths = [*PAGES, ALL_DESTINATIONS]
            tell({path: [broker.page(path) for _ in range(10)] for path in paths}, "at rest")
            before, begun = broker.seconds(), time.monotonic()
            time.sleep(5)
            idle = (broker.seconds() - before) / (time.monotonic() - begun)
            looker = Looker(broker)
            time.sleep(1)
            before, begun = broker.seconds(), time.monotonic()
            time.sleep(10)
            looked = (broker.seconds() - before) / (time.monotonic() - begun)
            looker.end()
            print(f"at rest: {idle:.2%} of a core, looked at {looked:.2%}", flush=True)
            compare(broker, rounds)
        finally:
            broker.process.kill()
            broker.process.wait()


if __name__ == "__main__":
    main()
