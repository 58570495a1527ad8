//! Operations on scheduled messages. They are read from disk, so that is done on a thread that may
//! wait for it.

use super::arguments::{flag, text};
use super::broker::too_long;
use crate::jolokia::beans::jobs::{ALL, Due, JobAct, next, page, second, table, zone_of};
use crate::jolokia::data::Data;
use crate::jolokia::fault::Fault;
use crate::jolokia::scene::Scene;
use crate::rest::set::BUG;
use crate::routes::House;
use floodway_broker::Broker;
use floodway_message::Now;
use floodway_message::session::Failure;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::spawn_blocking;

/// What is asked of the scheduler.
pub(crate) enum Asked {
    Remove(String),
    RemoveAll(Due),
    Count(String),
    /// Destinations are told as well.
    Next(bool),
    All(Due, bool),
}

impl Asked {
    pub(crate) fn new(act: JobAct, given: &[Value], scene: &Scene<'_>) -> Result<Self, Fault> {
        let zone = zone_of(scene.broker());
        let time = |at: usize| second(&text(given.get(at))?, zone);
        let due = || -> Result<Due, Fault> {
            match given {
                [_, _, ..] => Ok(*time(0)?.start()..=*time(1)?.end()),
                _ => Ok(ALL),
            }
        };
        Ok(match act {
            JobAct::RemoveAt => Self::RemoveAll(time(0)?),
            JobAct::Remove => Self::Remove(text(given.first())?),
            JobAct::RemoveAll => Self::RemoveAll(due()?),
            JobAct::Count => Self::Count(text(given.first())?),
            JobAct::Next => Self::Next(flag(given.first())?),
            JobAct::All => {
                let with_destination = given.len() != 2 && flag(given.last())?;
                Self::All(due()?, with_destination)
            }
        })
    }

    pub(crate) async fn run(self, house: &House) -> Result<Data, Fault> {
        let (broker, now) = (Arc::clone(&house.watched.broker), (house.watched.now)());
        let limit = Duration::from_millis(house.settings.operation_ms);
        let done = spawn_blocking(move || self.done(&broker, now));
        match tokio::time::timeout(limit, done).await {
            Ok(Ok(done)) => Ok(done?),
            Ok(Err(_)) => Err(Fault::new("java.lang.RuntimeException", 500, BUG)),
            Err(_) => Err(too_long()),
        }
    }

    fn done(self, broker: &Broker, now: Now) -> Result<Data, Failure> {
        Ok(match self {
            Self::Remove(id) => {
                broker.remove_job(&id, now)?;
                Data::Null
            }
            Self::RemoveAll(due) => {
                broker.remove_jobs(due, now)?;
                Data::Null
            }
            Self::Count(id) => broker.job(&id).map_or(0, |one| one.count).into(),
            Self::Next(with_destination) => table(&next(broker), broker, with_destination),
            Self::All(due, with_destination) => table(&page(broker, due), broker, with_destination),
        })
    }
}
