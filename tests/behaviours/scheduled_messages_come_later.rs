//! Messages with a schedule come when they are due, also after a kill, and can be managed.

use floodway_tests::{Broker, Client, Frame};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const MANAGEMENT: &str = "/topic/ActiveMQ.Scheduler.Management";

fn broker(attributes: &str) -> Broker {
    Broker::start_xml(&format!(
        r#"<beans xmlns="http://www.springframework.org/schema/beans">
        <broker xmlns="http://activemq.apache.org/schema/core" {attributes}>
        <transportConnectors>
            <transportConnector name="stomp" uri="stomp://127.0.0.1:0"/>
        </transportConnectors></broker></beans>"#
    ))
}

fn schedule(client: &mut Client, destination: &str, headers: &str, body: &str) {
    client.confirm(&format!(
        "SEND\ndestination:{destination}\npersistent:true\n{headers}\n\n{body}"
    ));
}

fn manage(client: &mut Client, headers: &str) {
    client.confirm(&format!("SEND\ndestination:{MANAGEMENT}\n{headers}\n\n"));
}

fn has_schedule(message: &Frame) -> bool {
    let mut names = message.headers.keys();
    names.any(|name| name.starts_with("AMQ_SCHEDULED"))
}

#[test]
fn in_the_order_of_their_times_and_not_before() {
    let broker = broker(r#"schedulerSupport="true""#);
    let mut client = broker.client();
    client.subscribe("/queue/Q", "0", "auto");
    let started = Instant::now();
    schedule(&mut client, "/queue/Q", "AMQ_SCHEDULED_DELAY:900", "third");
    schedule(&mut client, "/queue/Q", "AMQ_SCHEDULED_DELAY:600", "second");
    schedule(&mut client, "/queue/Q", "AMQ_SCHEDULED_DELAY:0", "first");
    for (body, delay_ms) in [("first", 0), ("second", 600), ("third", 900)] {
        let message = client.expect("MESSAGE");
        assert_eq!(message.body, body);
        assert!(!message.header("scheduledJobId").is_empty());
        assert!(!has_schedule(&message), "{message:?}");
        assert!(started.elapsed() >= Duration::from_millis(delay_ms));
    }
}

#[test]
fn at_once_where_the_scheduler_is_not_asked_for() {
    let broker = broker("");
    let mut client = broker.client();
    client.subscribe("/queue/Q", "0", "auto");
    schedule(
        &mut client,
        "/queue/Q",
        "AMQ_SCHEDULED_DELAY:3600000",
        "now",
    );
    let message = client.expect("MESSAGE");
    assert_eq!(message.header("AMQ_SCHEDULED_DELAY"), "3600000");
}

#[test]
fn once_each_after_the_broker_was_killed() {
    let mut broker = broker(r#"schedulerSupport="true""#);
    let mut client = broker.client();
    for number in 0..20 {
        let headers = format!("AMQ_SCHEDULED_DELAY:{}", 300 + number);
        schedule(&mut client, "/queue/Q", &headers, &number.to_string());
    }
    schedule(
        &mut client,
        "/queue/Q",
        "AMQ_SCHEDULED_DELAY:3600000",
        "far",
    );
    client.confirm("BEGIN\ntransaction:t\n\n");
    schedule(
        &mut client,
        "/queue/Q",
        "transaction:t\nAMQ_SCHEDULED_DELAY:1",
        "rolled back",
    );
    broker.kill();
    broker.start_again();
    let mut client = broker.client();
    client.subscribe("/queue/Q", "0", "auto");
    for number in 0..20 {
        assert_eq!(client.body(), number.to_string());
    }
    client.subscribe("/queue/R", "1", "auto");
    manage(
        &mut client,
        "AMQ_SCHEDULER_ACTION:BROWSE\nreply-to:/queue/R",
    );
    assert_eq!(client.body(), "far");
    client.send("/queue/Q", "last");
    assert_eq!(client.body(), "last");
}

#[test]
fn not_at_all_when_they_were_removed() {
    let broker = broker(r#"schedulerSupport="true""#);
    let mut client = broker.client();
    client.subscribe("/queue/R", "0", "auto");
    client.subscribe("/queue/Q", "1", "auto");
    for (delay_ms, body) in [(3_600_000, "a"), (7_200_000, "b"), (10_800_000, "c")] {
        let headers = format!("AMQ_SCHEDULED_DELAY:{delay_ms}");
        schedule(&mut client, "/queue/Q", &headers, body);
    }
    schedule(&mut client, "/queue/Q", "AMQ_SCHEDULED_CRON:0 0 1 1 *", "d");
    let browse = "AMQ_SCHEDULER_ACTION:BROWSE\nreply-to:/queue/R";
    manage(&mut client, browse);
    let mut ids = Vec::new();
    for body in ["a", "b", "c", "d"] {
        let copy = client.expect("MESSAGE");
        assert!(has_schedule(&copy), "{copy:?}");
        assert_eq!(copy.body, body);
        ids.push(copy.header("scheduledJobId").to_owned());
    }
    let id = ids[0].replace(':', "\\c");
    manage(
        &mut client,
        &format!("AMQ_SCHEDULER_ACTION:REMOVE\nscheduledJobId:{id}"),
    );
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_millis();
    let times = format!(
        "ACTION_START_TIME:{}\nACTION_END_TIME:{}",
        now + 9_000_000,
        now + 12_000_000
    );
    manage(
        &mut client,
        &format!("AMQ_SCHEDULER_ACTION:REMOVEALL\n{times}"),
    );
    manage(&mut client, browse);
    assert_eq!((client.body(), client.body()), ("b".into(), "d".into()));
    manage(&mut client, "AMQ_SCHEDULER_ACTION:REMOVEALL");
    manage(&mut client, browse);
    client.send("/queue/R", "nothing else");
    assert_eq!(client.body(), "nothing else");
}
