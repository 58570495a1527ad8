//! Scheduled messages: `service=JobScheduler,name=JMS`.
//!
//! Times are texts in the time zone of the broker, as in ActiveMQ. Jobs are read from disk, so at
//! most [`JOBS_MAX`] are told at a time.

use super::{call, java};
use crate::jolokia::bean::{Act, Attribute, Operation, reads};
use crate::jolokia::data::Data;
use crate::jolokia::fault::Fault;
use floodway_broker::Broker;
use floodway_broker::view::JobView;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use std::ops::RangeInclusive;

/// Most jobs of one table.
const JOBS_MAX: usize = 1000;
/// `yyyy-MM-dd HH:mm:ss`.
const FORM: &str = "%Y-%m-%d %H:%M:%S";

pub(crate) const ATTRIBUTES: &[Attribute<()>] = &[
    reads(
        "ScheduledMessageCount",
        java::INT,
        "scheduled messages",
        |(), scene| {
            let jobs = scene.broker().scheduler();
            jobs.map_or(0, |jobs| jobs.jobs).into()
        },
    ),
    reads(
        "DelayedMessageCount",
        java::INT,
        "those of the next 1000 that have a delay",
        |(), scene| {
            let jobs = page(scene.broker(), ALL);
            jobs.iter().filter(|one| one.delay_ms > 0).count().into()
        },
    ),
    reads(
        "NextScheduleTime",
        java::STRING,
        "when the first is due",
        |(), scene| {
            let zone = zone_of(scene.broker());
            let next = scene.broker().scheduler().and_then(|jobs| jobs.next_ms);
            next.map(|ms| shown(ms, zone)).into()
        },
    ),
    reads(
        "NextScheduleJobs",
        java::TABLE,
        "those that are due then",
        |(), scene| table(&next(scene.broker()), scene.broker(), false),
    ),
    reads(
        "AllJobs",
        java::TABLE,
        "the next 1000, by their ids",
        |(), scene| table(&page(scene.broker(), ALL), scene.broker(), false),
    ),
];

const TIME: (&str, &str) = ("time", java::STRING);
const START: (&str, &str) = ("start", java::STRING);
const FINISH: (&str, &str) = ("finish", java::STRING);
const JOB: (&str, &str) = ("jobId", java::STRING);
const WITH_DESTINATION: (&str, &str) = ("includeDestinationName", java::BOOL);

pub(crate) const OPERATIONS: &[Operation] = &[
    call(
        "removeAllJobsAtScheduledTime",
        java::VOID,
        "removes what is due in this second",
        Act::Jobs(JobAct::RemoveAt),
    )
    .with(&[TIME]),
    call(
        "removeJob",
        java::VOID,
        "removes one, if it is there",
        Act::Jobs(JobAct::Remove),
    )
    .with(&[JOB]),
    call(
        "removeAllJobs",
        java::VOID,
        "removes all",
        Act::Jobs(JobAct::RemoveAll),
    ),
    call(
        "removeAllJobs",
        java::VOID,
        "removes what is due between two times",
        Act::Jobs(JobAct::RemoveAll),
    )
    .with(&[START, FINISH]),
    call(
        "getExecutionCount",
        java::INT,
        "how often one was due",
        Act::Jobs(JobAct::Count),
    )
    .with(&[JOB]),
    call(
        "getNextScheduleJobs",
        java::TABLE,
        "those that are due first",
        Act::Jobs(JobAct::Next),
    )
    .with(&[WITH_DESTINATION]),
    call(
        "getAllJobs",
        java::TABLE,
        "the next 1000, by their ids",
        Act::Jobs(JobAct::All),
    )
    .with(&[WITH_DESTINATION]),
    call(
        "getAllJobs",
        java::TABLE,
        "the first 1000 that are due between two times",
        Act::Jobs(JobAct::All),
    )
    .with(&[START, FINISH]),
    call(
        "getAllJobs",
        java::TABLE,
        "the same",
        Act::Jobs(JobAct::All),
    )
    .with(&[START, FINISH, WITH_DESTINATION]),
];

/// What is done with jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JobAct {
    RemoveAt,
    Remove,
    RemoveAll,
    Count,
    Next,
    All,
}

/// When jobs are due, milliseconds since 1970.
pub(crate) type Due = RangeInclusive<i64>;

/// Whenever.
pub(crate) const ALL: Due = i64::MIN..=i64::MAX;

/// The first jobs of a span of time. Reads from disk.
pub(crate) fn page(broker: &Broker, due_ms: Due) -> Vec<JobView> {
    broker.jobs(due_ms, None, JOBS_MAX).jobs
}

/// Jobs that are due first. Reads from disk.
pub(crate) fn next(broker: &Broker) -> Vec<JobView> {
    let first = broker.scheduler().and_then(|jobs| jobs.next_ms);
    first.map_or_else(Vec::new, |first| page(broker, first..=first))
}

/// Jobs by their ids.
pub(crate) fn table(jobs: &[JobView], broker: &Broker, with_destination: bool) -> Data {
    let zone = zone_of(broker);
    let row = |one: &JobView| {
        let mut row = vec![
            ("jobId".to_owned(), one.id.as_str().into()),
            ("cronEntry".to_owned(), one.cron.as_str().into()),
            ("start".to_owned(), shown(one.start_ms, zone).into()),
            ("delay".to_owned(), one.delay_ms.into()),
            ("next".to_owned(), shown(one.next_ms, zone).into()),
            ("period".to_owned(), one.period_ms.into()),
            ("repeat".to_owned(), one.repeat.into()),
        ];
        if with_destination {
            let name = one.destination.name();
            row.push(("destinationName".to_owned(), name.into()));
        }
        (one.id.clone(), Data::Map(row))
    };
    Data::Map(jobs.iter().map(row).collect())
}

pub(crate) fn zone_of(broker: &Broker) -> &TimeZone {
    &broker.settings().scheduler.time_zone
}

fn shown(ms: i64, zone: &TimeZone) -> String {
    match Timestamp::from_millisecond(ms) {
        Ok(time) => time.to_zoned(zone.clone()).strftime(FORM).to_string(),
        Err(_) => ms.to_string(),
    }
}

/// The second that a text names: its first and last millisecond.
///
/// # Errors
/// When it is no time.
pub(crate) fn second(text: &str, zone: &TimeZone) -> Result<Due, Fault> {
    let read = DateTime::strptime(FORM, text.trim());
    let time = read.and_then(|time| zone.to_timestamp(time));
    let Ok(time) = time else {
        let text = format!("Unparseable date: \"{text}\"");
        return Err(Fault::new("java.text.ParseException", 500, text));
    };
    let start_ms = time.as_millisecond();
    Ok(start_ms..=start_ms.saturating_add(999))
}
