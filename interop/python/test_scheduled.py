"""Messages that come later, again and again, or by a cron entry; and how jobs are managed."""

import time

import pytest

MANAGEMENT = "/topic/ActiveMQ.Scheduler.Management"
SCHEDULER = 'schedulerSupport="true"'


@pytest.fixture
def scheduler(own_broker):
    return own_broker(broker=SCHEDULER)


def schedule(connection, queue, body, **properties):
    headers = {f"AMQ_SCHEDULED_{name.upper()}": str(value) for name, value in properties.items()}
    connection.send_receipted(queue, body, persistent="true", **headers)


def manage(connection, action, **headers):
    connection.send_receipted(MANAGEMENT, AMQ_SCHEDULER_ACTION=action, **headers)


def browse(connection, count, replies="/queue/replies", **headers):
    manage(connection, "BROWSE", reply_to=replies, **headers)
    return connection.messages(count, id="replies")


def test_delay(scheduler, queue):
    connection = scheduler.client()
    connection.subscribe(queue)
    started = time.monotonic()
    schedule(connection, queue, "later", delay=1500)
    connection.nothing(quiet=0.8)
    message = connection.message()
    assert time.monotonic() - started >= 1.5
    assert message.text == "later"
    assert message.get("scheduledJobId")
    assert not [name for name in message.headers if name.startswith("AMQ_SCHEDULED")]


def test_delay_of_zero_comes_at_once(scheduler, queue):
    connection = scheduler.client()
    connection.subscribe(queue)
    schedule(connection, queue, "now", delay=0)
    assert connection.message(timeout=3).text == "now"


def test_period_and_repeat(scheduler, queue):
    connection = scheduler.client()
    connection.subscribe(queue)
    started = time.monotonic()
    schedule(connection, queue, "again", delay=500, period=500, repeat=2)
    messages = connection.messages(3)
    assert time.monotonic() - started >= 1.5
    assert [message.text for message in messages] == ["again"] * 3
    assert len({message["message-id"] for message in messages}) == 3
    assert len({message["scheduledJobId"] for message in messages}) == 1
    connection.nothing(quiet=1.2)


def test_cron_waits_for_its_time(scheduler, queue):
    connection = scheduler.client()
    connection.subscribe(queue)
    schedule(connection, queue, "new year", cron="0 0 1 1 *")
    schedule(connection, queue, "seldom", cron="*/5 1-4,23 29 2,2 ?")
    connection.nothing()


@pytest.mark.improvement("an entry that cannot be read never comes, without a word")
@pytest.mark.parametrize(
    "entry", ["nonsense", "* * * *", "61 * * * *", "* * * * MON", "*/0 * * * *", "0 0 31 2 *"]
)
def test_cron_that_cannot_be_read_is_refused(scheduler, queue, entry):
    connection = scheduler.client()
    receipt = connection.ask(queue, "never", AMQ_SCHEDULED_CRON=entry)
    error = connection.error()
    assert error.get("receipt-id") == receipt
    assert "AMQ_SCHEDULED_CRON" in error["message"]
    assert entry in error["message"]


@pytest.mark.improvement("the text is that of a Java exception")
@pytest.mark.parametrize(
    "properties",
    [{"DELAY": "abc"}, {"PERIOD": "1.5"}, {"REPEAT": "many"}, {"REPEAT": "1001"}, {"REPEAT": "-1"}],
)
def test_what_is_no_number_is_refused_by_its_name(scheduler, queue, properties):
    connection = scheduler.client()
    headers = {f"AMQ_SCHEDULED_{name}": value for name, value in properties.items()}
    connection.ask(queue, "never", **{"AMQ_SCHEDULED_DELAY": "1", **headers})
    (name,) = headers
    assert name in connection.error()["message"]


@pytest.mark.parametrize("persistent", ["true", "false"])
def test_jobs_survive_a_kill(scheduler, queue, persistent):
    connection = scheduler.client()
    for number in range(10):
        connection.send_receipted(
            queue, str(number), persistent=persistent, AMQ_SCHEDULED_DELAY=str(4000 + number)
        )
    scheduler.kill()
    scheduler.start()
    connection = scheduler.client()
    connection.subscribe(queue)
    assert connection.bodies(10) == [str(number) for number in range(10)]
    connection.nothing()


def test_scheduled_in_a_transaction(scheduler, queue):
    connection = scheduler.client()
    connection.subscribe(queue)
    for end in ["ABORT", "COMMIT"]:
        connection.command("BEGIN", transaction=end)
        connection.send_receipted(queue, end, transaction=end, AMQ_SCHEDULED_DELAY="500")
        connection.nothing(quiet=1.0)
        connection.command(end, transaction=end)
    assert connection.message().text == "COMMIT"
    connection.nothing()


@pytest.mark.improvement("STOMP clients get no copies of jobs")
def test_jobs_are_browsed_and_removed(scheduler, queue):
    connection = scheduler.client()
    connection.subscribe("/queue/replies", id="replies")
    for number, delay in enumerate([3_600_000, 7_200_000, 10_800_000]):
        schedule(connection, queue, str(number), delay=delay)
    jobs = browse(connection, 3)
    assert sorted(job.text for job in jobs) == ["0", "1", "2"]
    assert {job["AMQ_SCHEDULED_DELAY"] for job in jobs} == {"3600000", "7200000", "10800000"}
    first = next(job for job in jobs if job.text == "0")
    manage(connection, "REMOVE", scheduledJobId=first["scheduledJobId"])
    assert sorted(job.text for job in browse(connection, 2)) == ["1", "2"]
    now = int(time.time() * 1000)
    span = {"ACTION_START_TIME": str(now), "ACTION_END_TIME": str(now + 8_000_000)}
    assert [job.text for job in browse(connection, 1, **span)] == ["1"]
    manage(connection, "REMOVEALL", **span)
    assert [job.text for job in browse(connection, 1)] == ["2"]
    manage(connection, "REMOVEALL")
    manage(connection, "BROWSE", reply_to="/queue/replies")
    connection.nothing(id="replies")


def test_without_the_scheduler_messages_come_at_once(own_broker, queue):
    connection = own_broker().client()
    connection.subscribe(queue)
    schedule(connection, queue, "now", delay=3_600_000)
    assert connection.message().text == "now"
