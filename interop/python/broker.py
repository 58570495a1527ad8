"""Runs the broker under test: Floodway, or ActiveMQ Classic to check the suite itself.

Environment: FLOODWAY_BIN, the binary (default target/release/floodway of this repository);
INTEROP_BROKER=activemq runs the installed ActiveMQ instead (ACTIVEMQ_HOME, default
/usr/share/activemq). The broker always listens on loopback only, on a free port, with its
configuration and data in a directory of its own.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

from rawstomp import RawStomp

ROOT = Path(__file__).resolve().parents[2]
FLOODWAY = Path(os.environ.get("FLOODWAY_BIN", ROOT / "target/release/floodway"))
PEER = os.environ.get("INTEROP_BROKER", "floodway")
ACTIVEMQ_HOME = Path(os.environ.get("ACTIVEMQ_HOME", "/usr/share/activemq"))
START_LIMIT = 60.0
STOP_LIMIT = 30.0
MB = 1024 * 1024

_FILE = """\
<beans xmlns="http://www.springframework.org/schema/beans"
       xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
       xsi:schemaLocation="http://www.springframework.org/schema/beans http://www.springframework.org/schema/beans/spring-beans.xsd
       http://activemq.apache.org/schema/core http://activemq.apache.org/schema/core/activemq-core.xsd">
  <bean class="org.springframework.beans.factory.config.PropertyPlaceholderConfigurer"/>
  <broker xmlns="http://activemq.apache.org/schema/core" brokerName="interop"
          dataDirectory="${{activemq.data}}" useJmx="false" {broker}>
    <destinationPolicy>
      <policyMap>
        <policyEntries>
          {policies}
        </policyEntries>
      </policyMap>
    </destinationPolicy>
    <persistenceAdapter>
      <kahaDB directory="${{activemq.data}}/kahadb" {kahadb}/>
    </persistenceAdapter>
    <systemUsage>
      <systemUsage {usage_attributes}>
        <memoryUsage><memoryUsage limit="{memory}"/></memoryUsage>
        <storeUsage><storeUsage limit="{store}"/></storeUsage>
        <tempUsage><tempUsage limit="{temp}"/></tempUsage>
      </systemUsage>
    </systemUsage>
    <transportConnectors>
      <transportConnector name="stomp" uri="stomp://127.0.0.1:{port}{options}"/>
    </transportConnectors>
  </broker>
</beans>
"""

_LOG4J = """\
log4j.rootLogger=INFO, console
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.target=System.err
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%d | %-5p | %m%n
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def configuration(
    port: int,
    *,
    policies: str = "",
    broker: str = "",
    kahadb: str = "",
    usage_attributes: str = "",
    memory: str = "64 mb",
    store: str = "20 gb",
    temp: str = "20 gb",
    options: str = "",
) -> str:
    """The text of an activemq.xml, in the words of ActiveMQ's own files."""
    return _FILE.format(**locals())


def unavailable() -> str | None:
    """Why the broker under test cannot be run here, or None."""
    if PEER == "activemq":
        jar = ACTIVEMQ_HOME / "bin/activemq.jar"
        return None if jar.exists() else f"no ActiveMQ at {jar}"
    return None if FLOODWAY.exists() else f"no broker at {FLOODWAY}; run cargo build --release"


class Broker:
    """One broker process with its files; may be stopped, killed and started again."""

    def __init__(self, home: Path, **settings):
        self.home = Path(home)
        self.home.mkdir(parents=True, exist_ok=True)
        self.data = Path(settings.pop("data", self.home / "data"))
        self.port = free_port()
        self.settings = settings
        self.config = self.home / "activemq.xml"
        self.config.write_text(configuration(self.port, **settings))
        self.log = self.home / "broker.log"
        self.process: subprocess.Popen | None = None
        self.started_at = 0.0

    @property
    def address(self) -> tuple[str, int]:
        return ("127.0.0.1", self.port)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()

    def start(self, wait: bool = True) -> "Broker":
        self.data.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.started_at = time.monotonic()
            self.process = subprocess.Popen(
                self._command(),
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "NO_COLOR": "1", "FLOODWAY_ADMIN": "none"},
            )
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, limit: float = START_LIMIT) -> float:
        """Seconds from exec until the port accepts."""
        while True:
            try:
                socket.create_connection(self.address, timeout=1).close()
                return time.monotonic() - self.started_at
            except OSError:
                pass
            if self.process.poll() is not None:
                raise RuntimeError(f"the broker ended: {self.process.returncode}\n{self.tail()}")
            if time.monotonic() - self.started_at > limit:
                raise RuntimeError(f"the broker does not listen\n{self.tail()}")
            time.sleep(0.002)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(STOP_LIMIT)
        self.process = None
        return code

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def client(self, version: str = "1.2", **settings) -> RawStomp:
        return RawStomp(self.address, version, **settings)

    def rss(self) -> int:
        """Resident bytes now."""
        return self._status("VmRSS")

    def peak_rss(self) -> int:
        """The highest resident size since the start of the process, in bytes."""
        return self._status("VmHWM")

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def log_text(self) -> str:
        return re.sub(r"\x1b\[[0-9;]*m", "", self.log.read_text(errors="replace"))

    def tail(self, lines: int = 30) -> str:
        return "\n".join(self.log_text().splitlines()[-lines:])

    def wait_log(self, pattern: str, limit: float = 10.0) -> re.Match:
        """Waits until a line of the log matches, ignoring case."""
        wanted = re.compile(pattern, re.IGNORECASE)
        deadline = time.monotonic() + limit
        while True:
            for line in self.log_text().splitlines():
                found = wanted.search(line)
                if found:
                    return found
            if time.monotonic() > deadline:
                raise AssertionError(f"no log line matches {pattern!r}\n{self.tail()}")
            time.sleep(0.05)

    def _status(self, name: str) -> int:
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{name}:\s+(\d+) kB", text).group(1)) * 1024

    def _command(self) -> list[str]:
        if PEER != "activemq":
            return [str(FLOODWAY), "start", "--config", str(self.config), "--data", str(self.data)]
        (self.home / "log4j.properties").write_text(_LOG4J)
        return [
            "java", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
            f"-Dactivemq.home={ACTIVEMQ_HOME}", f"-Dactivemq.base={self.home}",
            f"-Dactivemq.conf={self.home}", f"-Dactivemq.data={self.data}",
            f"-Dlog4j.configuration=file:{self.home}/log4j.properties",
            "-jar", str(ACTIVEMQ_HOME / "bin/activemq.jar"), "start", f"xbean:file:{self.config}",
        ]  # fmt: skip
