//! The MBean of the scheduler: what a recorded one told of the same jobs, and its operations.

use super::recorded::{Recorded, without_times};
use super::{BROKER, Client};
use crate::served::{NOW, Served, client};
use floodway_broker::settings::{BrokerSettings, SchedulerSettings};
use floodway_message::session::{Command, Destinations, Send};
use floodway_message::{BodyKind, Destination, MessageBuilder, Now, PropertyValue};
use floodway_store::MemoryStore;
use serde_json::{Value, json};
use std::sync::Arc;

const JOBS: &str = "org.apache.activemq:type=Broker,brokerName=lab,service=JobScheduler,name=JMS";
/// What ids of the recorded jobs begin with.
const ID: &str = "ID:vm-46411-1795385485624-23:1:1:20:";

fn job(number: u32, properties: &[(&str, PropertyValue<'_>)]) -> Command {
    let mut builder = MessageBuilder::new();
    let to = Destination::parse("queue://Q.SCHED").unwrap();
    builder
        .id(&format!("{ID}{number}"))
        .persistent(true)
        .destination(&to)
        .body(BodyKind::Text, "later".into());
    for (name, value) in properties {
        builder.property(&format!("AMQ_SCHEDULED_{name}"), *value);
    }
    Command::Send(Send {
        producer: 1,
        destinations: Destinations::One(to),
        message: builder.build(0).unwrap(),
        tx: None,
        reply: None,
    })
}

/// The recorded jobs: after one, two and three hours, the second four times more, and a cron entry.
fn scheduled() -> (Served, Client) {
    let settings = BrokerSettings {
        name: "lab".into(),
        scheduler: SchedulerSettings {
            support: true,
            ..SchedulerSettings::default()
        },
        ..BrokerSettings::default()
    };
    let served = Served::of(settings, Some(Arc::new(MemoryStore::new())), |_| ());
    let hour = |count: i64| ("DELAY", PropertyValue::Long(count * 3_600_000));
    let minutely = [
        hour(2),
        ("PERIOD", PropertyValue::Long(60_000)),
        ("REPEAT", PropertyValue::Integer(4)),
    ];
    let cron = ("CRON", PropertyValue::String("0 3 1 1 *"));
    let mut commands = vec![
        job(1, &[hour(1)]),
        job(2, &minutely),
        job(3, &[hour(3)]),
        job(4, &[cron]),
    ];
    let session = client(&served, "alice-1", Vec::new());
    let recorded = Now {
        wall_ms: 1_795_385_492_000,
        ..NOW
    };
    session.submit(&mut commands, recorded);
    (served, Client { session })
}

/// Numbers of the jobs of a table.
fn numbers(table: &Value) -> Vec<&str> {
    let ids = table.as_object().unwrap().keys();
    let mut numbers: Vec<&str> = ids.map(|id| id.strip_prefix(ID).unwrap()).collect();
    numbers.sort_unstable();
    numbers
}

impl Served {
    #[track_caller]
    fn jobs(&self, operation: &str, arguments: &Value) -> Value {
        let mut answer = self.exec(JOBS, operation, arguments);
        assert_eq!(answer["status"], 200, "{answer}");
        answer["value"].take()
    }
}

#[test]
fn jobs_are_told_as_recorded() {
    let recorded = Recorded::load();
    let (served, _alice) = scheduled();
    for id in [14, 15, 48] {
        let expected = without_times(recorded.of(id)["response"]["json"].clone());
        let found = without_times(recorded.replay(id, &served));
        assert_eq!(found, expected, "{id}");
    }
    let name = "org.apache.activemq:brokerName=lab,name=JMS,service=JobScheduler,type=Broker";
    let scheduler = served.attribute(BROKER, "JMSJobScheduler");
    assert_eq!(scheduler, json!({"objectName": name}));
}

#[test]
fn jobs_are_counted_and_the_next_is_told() {
    let (served, _alice) = scheduled();
    assert_eq!(served.attribute(JOBS, "ScheduledMessageCount"), 4);
    // ActiveMQ fails where a job has a cron entry and no delay.
    assert_eq!(served.attribute(JOBS, "DelayedMessageCount"), 3);
    let next = served.attribute(JOBS, "NextScheduleTime");
    assert_eq!(next, "2026-11-22 23:11:32");
    let table = served.attribute(JOBS, "NextScheduleJobs");
    assert_eq!(numbers(&table), ["1"]);
    let table = served.jobs("getNextScheduleJobs", &json!([true]));
    assert_eq!(table[format!("{ID}1")]["destinationName"], "Q.SCHED");
    let count = served.jobs("getExecutionCount", &json!([format!("{ID}2")]));
    assert_eq!(count, 0);
}

#[test]
fn jobs_are_found_by_the_time_when_they_are_due() {
    let (served, _alice) = scheduled();
    let of_two = "getAllJobs(java.lang.String,java.lang.String)";
    let day = json!(["2026-11-22 00:00:00", "2026-11-23 23:59:59"]);
    assert_eq!(numbers(&served.jobs(of_two, &day)), ["1", "2", "3"]);
    // Both ends are part of it.
    let ends = json!(["2026-11-22 23:11:32", "2026-11-23 00:11:32"]);
    assert_eq!(numbers(&served.jobs(of_two, &ends)), ["1", "2"]);
    let all = "getAllJobs(java.lang.String,java.lang.String,boolean)";
    let with = json!(["2027-01-01 03:00:00", "2027-01-01 03:00:00", "true"]);
    let table = served.jobs(all, &with);
    assert_eq!(table[format!("{ID}4")]["destinationName"], "Q.SCHED");
    let bad = served.exec(JOBS, of_two, &json!(["bad", "x"]));
    assert_eq!(bad["error_type"], "java.text.ParseException");
    let error = "java.text.ParseException : Unparseable date: \"bad\"";
    assert_eq!(bad["error"], error);
}

#[test]
fn jobs_are_removed_one_by_one_by_time_and_all() {
    let (served, _alice) = scheduled();
    let left = || numbers_left(&served);
    served.jobs("removeJob", &json!(["nope"]));
    assert_eq!(left(), ["1", "2", "3", "4"]);
    served.jobs("removeJob", &json!([format!("{ID}1")]));
    assert_eq!(left(), ["2", "3", "4"]);
    let at = json!(["2026-11-23 01:11:32"]);
    served.jobs("removeAllJobsAtScheduledTime", &at);
    assert_eq!(left(), ["2", "4"]);
    let other = json!(["2026-01-01 00:00:00", "2026-01-02 00:00:00"]);
    served.jobs("removeAllJobs(java.lang.String,java.lang.String)", &other);
    assert_eq!(left(), ["2", "4"]);
    served.jobs("removeAllJobs()", &json!([]));
    assert_eq!(left(), [] as [&str; 0]);
    assert_eq!(served.attribute(JOBS, "ScheduledMessageCount"), 0);
    assert_eq!(served.attribute(JOBS, "NextScheduleTime"), Value::Null);
    assert_eq!(served.attribute(JOBS, "AllJobs"), json!({}));
}

fn numbers_left(served: &Served) -> Vec<String> {
    let table = served.attribute(JOBS, "AllJobs");
    numbers(&table).into_iter().map(str::to_owned).collect()
}

#[test]
fn without_a_scheduler_there_is_no_mbean_of_one() {
    let served = super::lab();
    let answer = served.post(&json!({"type": "read", "mbean": JOBS}));
    assert_eq!(answer["status"], 404, "{answer}");
    assert_eq!(served.attribute(BROKER, "JMSJobScheduler"), Value::Null);
}
