"""A broker whose state is asked for over HTTP, so that tests wait for a state and not for a time.

Of a real ActiveMQ, which has no such answers, the same calls wait a while instead, or skip the test
where only an answer would do.
"""

from __future__ import annotations

import base64
import json
import time
import urllib.error
import urllib.request

import pytest

from broker import PEER, Broker, free_port

PATIENCE = 20.0
# How long a real ActiveMQ must keep silent to count as blocked.
SILENCE = 1.5
_LOGIN = "Basic " + base64.b64encode(b"admin:for-tests").decode()


def until(holds, what, limit: float = PATIENCE):
    """Waits until `holds()` gives something true, and gives that; `what()` tells of a failure."""
    deadline = time.monotonic() + limit
    while True:
        found = holds()
        if found:
            return found
        if time.monotonic() > deadline:
            told = what() if callable(what) else what
            raise AssertionError(f"not within {limit:.0f} s: {told}")
        time.sleep(0.01)


class Administered(Broker):
    """A broker with administration on a port of its own."""

    def __init__(self, home, **settings):
        super().__init__(home, **settings)
        self.admin = free_port()
        (self.home / "jetty-realm.properties").write_text("admin: for-tests, admin\n")

    def _command(self):
        command = super()._command()
        return command if PEER == "activemq" else [*command, "--admin", f"127.0.0.1:{self.admin}"]

    # Asking.

    def http(self, path: str, body=None, text: bool = False):
        if PEER == "activemq":
            pytest.skip("ActiveMQ has no such administration")
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.admin}{path}", data)
        request.add_header("Authorization", _LOGIN)
        request.add_header("Content-Type", "application/json")
        if text:
            request.add_header("Accept", "text/plain")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read().decode() if text else json.load(answer)

    def rows(self, what: str, destination: str = "") -> list[dict]:
        """Rows about one destination (`/queue/X`), or about all."""
        rows, page = [], 1
        while True:
            found = self.http(f"/api/{what}?size=1000&page={page}&search={plain(destination)}")
            rows += found["rows"]
            if len(rows) >= found["total"] or not found["rows"]:
                break
            page += 1
        if destination:
            rows = [row for row in rows if row["destination"] == formal(destination)]
        return rows

    def blocked(self, destination: str = "") -> list[dict]:
        return self.rows("blocked", destination)

    def of(self, destination: str) -> dict:
        """State of a destination; all zero while it does not exist."""
        for row in self.rows("destinations", destination):
            return row
        none = {"usedBytes": 0, "limitBytes": 0, "percent": 0}
        totals = dict.fromkeys(("enqueued", "dispatched", "dequeued", "expired", "discarded"), 0)
        zero = dict.fromkeys(("pending", "inFlight", "consumers", "blocked"), 0)
        return {**zero, "memory": none, "totals": totals}

    def status(self) -> dict:
        return self.http("/api/status")

    def explain(self, destination: str) -> str:
        return self.http(f"/api/explain?destination={formal(destination)}", text=True)

    def change(self, target: str, **settings) -> None:
        """Changes a running broker: `target` is a destination or "broker"."""
        name = target if target == "broker" else formal(target)
        answer = self.http("/api/set", {"target": name, **settings})
        assert len(answer["changed"]) == len(settings), answer

    # Waiting.

    def until_blocked(self, destination: str, sends: int = 1, producers: int = 1) -> list[dict]:
        """Waits until so many producers with so many sends wait for room at the destination."""
        if PEER == "activemq":
            time.sleep(SILENCE)
            return []
        # A store that is merely busy is no limit, and passes.
        return until(
            lambda: self._enough(destination, sends, producers),
            lambda: f"{producers} producers with {sends} sends wait: {self.blocked(destination)}",
        )

    def _enough(self, destination, sends, producers):
        rows = [row for row in self.blocked(destination) if row["limit"]["kind"] != "congested"]
        waiting = sum(row["sends"] for row in rows)
        return rows if len(rows) >= producers and waiting >= sends else None

    def until_free(self, destination: str) -> None:
        """Waits until nothing waits there any more."""
        if PEER != "activemq":
            until(lambda: not self.blocked(destination), f"nothing waits at {destination}")


def plain(destination: str) -> str:
    return destination.removeprefix("/queue/").removeprefix("/topic/")


def formal(destination: str) -> str:
    """`queue://X` of `/queue/X`."""
    kind = "topic" if destination.startswith("/topic/") else "queue"
    return f"{kind}://{plain(destination)}"
