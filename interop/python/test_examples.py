"""The examples that the project ships do what they say."""

import os
import subprocess
import sys
import time

import pytest

from broker import ROOT, Broker

EXAMPLES = ROOT / "examples"
LIMIT = 60


def run(*command, **environment):
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=LIMIT,
        env={**os.environ, **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def python_example(name, broker, *arguments):
    return run(sys.executable, EXAMPLES / "python" / name, "--port", broker.port, *arguments)


def shell_example(name, broker, *arguments):
    return run(EXAMPLES / "shell" / name, *arguments, PORT=str(broker.port))


@pytest.mark.parametrize("send", [python_example, shell_example])
@pytest.mark.parametrize("receive", [python_example, shell_example])
def test_send_and_receive(broker, queue, send, receive):
    suffix = {python_example: ".py", shell_example: ".sh"}
    for body in ("Hello, Floodway", "second: grüße"):
        assert send("send" + suffix[send], broker, queue, body) == "sent\n"
    received = receive("receive" + suffix[receive], broker, queue, "2")
    assert received == "Hello, Floodway\nsecond: grüße\n"


class Configured(Broker):
    """A broker with a file of examples/config, moved to a free port."""

    def __init__(self, home, name):
        super().__init__(home)
        text = (EXAMPLES / "config" / name).read_text()
        assert "127.0.0.1:61613" in text
        self.config.write_text(text.replace("127.0.0.1:61613", f"127.0.0.1:{self.port}"))


@pytest.fixture
def configured(tmp_path):
    started = []

    def start(name):
        started.append(Configured(tmp_path, name).start())
        return started[-1]

    yield start
    for broker in started:
        broker.kill()


def ask(connection, queue, **headers):
    body = bytes(10240)
    return connection.ask(queue, body, content_length=len(body), **headers)


def test_every_example_configuration_is_run_here():
    names = {path.name for path in (EXAMPLES / "config").glob("*.xml")}
    assert names == {"memory-limited-queue.xml", "in-memory-queue.xml", "refuse-when-full.xml",
                     "dead-letters.xml"}  # fmt: skip


@pytest.mark.parametrize("persistent", ["true", "false"])
def test_memory_limited_queue_takes_more_than_its_limit(configured, persistent):
    connection = configured("memory-limited-queue.xml").client()
    for _ in range(300):
        connection.receipt(ask(connection, "/queue/any", persistent=persistent))
    connection.subscribe("/queue/any")
    assert len(connection.messages(300)) == 300


def test_in_memory_queue_pauses_its_producer(configured):
    broker = configured("in-memory-queue.xml")
    producer, consumer = broker.client(), broker.client()
    for _ in range(150):
        withheld = ask(producer, "/queue/LIVE.prices")
        if not producer.receipt_within(withheld, 1):
            break
    else:
        raise AssertionError("never paused")
    consumer.subscribe("/queue/LIVE.prices")
    producer.receipt(withheld)


def test_refuse_when_full_refuses(configured):
    connection = configured("refuse-when-full.xml").client()
    for _ in range(150):
        receipt = ask(connection, "/queue/LIVE.prices")
        frame = connection.read()
        if frame.command == "ERROR":
            break
    assert (frame.command, frame["receipt-id"]) == ("ERROR", receipt)
    connection.alive()


def test_dead_letters_has_a_queue_for_each_and_drops_expired(configured):
    connection = configured("dead-letters.xml").client()
    connection.subscribe("/queue/DLQ.orders", id="dead")
    soon = int(time.time() * 1000) + 100
    connection.send_receipted("/queue/orders", "stale", expires=soon)
    time.sleep(0.3)
    connection.send_receipted("/queue/orders", "bad")
    connection.subscribe("/queue/orders", ack="client", id="work")
    connection.nack(connection.message(id="work"))
    assert connection.message(id="dead").text == "bad"
    connection.nothing(id="dead")
