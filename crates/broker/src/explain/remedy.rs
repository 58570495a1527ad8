//! The smallest changes that free a blocked producer.

use super::{Cause, name_of};
use crate::settings::Cursor;
use crate::view::{BlockedView, LimitView};
use floodway_message::{Destination, DestinationKind};

/// One change that helps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remedy {
    /// What to do, for people.
    pub advice: String,
    /// The same in `activemq.xml`, for the next start.
    pub xml: Option<String>,
    /// The same for the running broker.
    pub command: Option<String>,
    /// What the command sets: see [`crate::Broker::set_memory_limit`].
    pub memory_limit: Option<(Option<Destination>, u64)>,
}

impl Remedy {
    fn advice(advice: String) -> Self {
        Self {
            advice,
            xml: None,
            command: None,
            memory_limit: None,
        }
    }
}

const MB: u64 = 1 << 20;

pub(super) fn of_limit(
    limit: &LimitView,
    blocked: &[BlockedView],
    causes: &[Cause],
    cursor_of: impl Fn(&Destination) -> Cursor,
) -> Vec<Remedy> {
    let mut remedies: Vec<Remedy> = causes.iter().filter_map(of_cause).collect();
    if causes
        .iter()
        .any(|one| matches!(one, Cause::DiskShort { .. }))
    {
        // A higher limit would not make the disk larger.
        return remedies;
    }
    let waiting: u64 = blocked.iter().map(|one| one.bytes as u64).sum();
    match limit {
        LimitView::Memory {
            destination,
            portion_percent,
            used_bytes,
            ..
        } => {
            // A part grows with the whole.
            let percent = u64::from(portion_percent.unwrap_or(100)).max(1);
            let wanted = ((used_bytes + waiting + MB) * 100 / percent).div_ceil(MB) * MB;
            remedies.push(raise_memory(destination.as_ref(), wanted));
            let queue = destination.as_ref().filter(|one| one.kind().is_queue());
            if let Some(queue) = queue.filter(|queue| cursor_of(queue) == Cursor::Memory) {
                remedies.push(spool(queue));
            }
        }
        LimitView::Store {
            used_bytes,
            limit_bytes,
        } if used_bytes >= limit_bytes && *limit_bytes > 0 => {
            remedies.extend(raise_marks(blocked));
            remedies.push(raise_usage("store", *used_bytes, waiting));
        }
        LimitView::Temp {
            used_bytes,
            limit_bytes,
        } if used_bytes >= limit_bytes && *limit_bytes > 0 => {
            remedies.push(raise_usage("temp", *used_bytes, waiting));
        }
        LimitView::Jobs { used_bytes, .. } => {
            let words = "remove scheduled messages that nobody needs, or wait until some are due";
            remedies.push(Remedy::advice(words.to_owned()));
            remedies.push(raise_usage("jobScheduler", *used_bytes, waiting));
        }
        LimitView::Store { .. } | LimitView::Temp { .. } | LimitView::Congested => {}
    }
    remedies
}

fn of_cause(cause: &Cause) -> Option<Remedy> {
    let advice = match cause {
        Cause::NoConsumer { destination } => {
            format!("start a consumer on {destination}, or purge it if nobody wants its messages")
        }
        Cause::NotAcknowledged { consumer, .. } => {
            format!(
                "make {} acknowledge, or close its connection: its messages go to other consumers",
                name_of(consumer)
            )
        }
        Cause::TransactionOpen { consumer, .. } => {
            format!(
                "commit or roll back the transaction of {}",
                name_of(consumer)
            )
        }
        Cause::NothingSelected { destination, .. } => {
            format!(
                "start a consumer without a selector, or with one that matches, on {destination}"
            )
        }
        Cause::GroupOwnerStalled { consumer, .. } => {
            format!(
                "make {} acknowledge, or close it: its message groups move to another consumer",
                name_of(consumer)
            )
        }
        Cause::DurableAway {
            client_id, name, ..
        } => {
            format!(
                "let client {client_id} consume from its durable subscription {name}, or remove it"
            )
        }
        Cause::NotPulling { consumer, .. } => {
            format!("make {} receive, or give it a prefetch", name_of(consumer))
        }
        Cause::InDoubt { destination, .. } => format!(
            "commit or roll back the prepared transactions that acknowledged messages of \
             {destination}, with their transaction manager"
        ),
        Cause::Paused { destination } => {
            format!("resume {destination}: operation resume of its MBean, see docs/jolokia.md")
        }
        Cause::NotStarted {
            destination,
            missing,
            ..
        } => {
            return Some(Remedy {
                command: Some(format!(
                    "floodway set {destination} consumersBeforeDispatchStarts=0"
                )),
                ..Remedy::advice(format!("start {missing} more consumers on {destination}"))
            });
        }
        Cause::DiskShort { .. } => {
            "free space on the disk, or give the data directory a larger one; the limit grows \
             back by itself"
                .to_owned()
        }
        Cause::DiskFull => "free space on the disk; the broker goes on by itself".to_owned(),
        Cause::Consuming { .. } => return None,
    };
    Some(Remedy::advice(advice))
}

fn attribute_of(kind: DestinationKind) -> &'static str {
    if kind.is_queue() { "queue" } else { "topic" }
}

fn raise_memory(destination: Option<&Destination>, wanted: u64) -> Remedy {
    let megabytes = wanted / MB;
    let (advice, xml, target) = match destination {
        Some(destination) => (
            format!("raise the memory limit of {destination} to {megabytes} mb"),
            format!(
                "<policyEntry {}=\"{}\" memoryLimit=\"{megabytes} mb\"/>",
                attribute_of(destination.kind()),
                destination.name()
            ),
            destination.to_string(),
        ),
        None => (
            format!("raise the broker's memory limit to {megabytes} mb"),
            format!("<memoryUsage><memoryUsage limit=\"{megabytes} mb\"/></memoryUsage>"),
            "broker".to_owned(),
        ),
    };
    Remedy {
        advice,
        xml: Some(xml),
        command: Some(format!("floodway set {target} memoryLimit={megabytes}mb")),
        memory_limit: Some((destination.cloned(), wanted)),
    }
}

fn spool(queue: &Destination) -> Remedy {
    let name = queue.name();
    Remedy {
        xml: Some(format!(
            "<policyEntry queue=\"{name}\"><pendingQueuePolicy><storeCursor/></pendingQueuePolicy>\
             </policyEntry>"
        )),
        ..Remedy::advice(format!(
            "let {queue} overflow to disk: without vmQueueCursor only a full disk limit blocks"
        ))
    }
}

/// Destinations may stop before the store's limit, by their `storeUsageHighWaterMark`.
fn raise_marks(blocked: &[BlockedView]) -> Vec<Remedy> {
    let is_own = |one: &&BlockedView| one.store_mark_percent < 100;
    let mut destinations: Vec<&Destination> = blocked
        .iter()
        .filter(is_own)
        .map(|one| &one.destination)
        .collect();
    destinations.dedup();
    let raise = |destination: &Destination| Remedy {
        xml: Some(format!(
            "<policyEntry {}=\"{}\" storeUsageHighWaterMark=\"100\"/>",
            attribute_of(destination.kind()),
            destination.name()
        )),
        command: Some(format!(
            "floodway set {destination} storeUsageHighWaterMark=100"
        )),
        ..Remedy::advice(format!("let {destination} use the whole store"))
    };
    destinations.into_iter().map(raise).collect()
}

fn raise_usage(name: &str, used: u64, waiting: u64) -> Remedy {
    let megabytes = (used + waiting + 100 * MB).div_ceil(MB);
    let element = format!("{name}Usage");
    Remedy {
        xml: Some(format!(
            "<{element}><{element} limit=\"{megabytes} mb\"/></{element}>"
        )),
        command: Some(format!("floodway set broker {name}Limit={megabytes}mb")),
        ..Remedy::advice(format!("raise the limit of {element} to {megabytes} mb"))
    }
}
