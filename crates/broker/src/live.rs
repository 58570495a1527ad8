//! What can be set on a running broker: two tables, one of destinations, one of the broker.
//!
//! Names are those of activemq.xml (of JMX for the broker's limits). A change is made to one
//! destination's policy, not to the entry that it came from, takes effect at once, and lasts until
//! the next start. Sends that wait are looked at again after each. Sizes are bytes, times
//! milliseconds; a size may be written with kb, mb or gb.
//!
//! Invariant: all of a change is checked before any of it is made.

use crate::broker::Broker;
use crate::destination::Node;
use crate::settings::{PolicyEntry, SystemUsage};
use crate::turn::{Turn, Work};
use floodway_message::{Destination, Now};
use std::fmt;
use std::sync::Arc;

mod reload;
#[cfg(test)]
mod tests;

pub use crate::policy::PolicyTable;
pub use reload::{Adoption, Stray, wanted_usage};

/// Greatest size; more is a mistake of the unit.
const SIZE_BYTES_MAX: u64 = 1 << 50;
/// Greatest time, a hundred years.
const TIME_MS_MAX: u64 = 100 * 366 * 24 * 3600 * 1000;
/// Greatest count.
const COUNT_MAX: u64 = i32::MAX as u64;

/// What a value may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Bytes.
    Size,
    /// Milliseconds.
    Time,
    /// How many.
    Count,
    /// Of a hundred.
    Percent,
    /// `true` or `false`.
    Truth,
}

impl Kind {
    const fn max(self) -> u64 {
        match self {
            Self::Size => SIZE_BYTES_MAX,
            Self::Time => TIME_MS_MAX,
            Self::Count => COUNT_MAX,
            Self::Percent => 1000,
            Self::Truth => 1,
        }
    }

    /// The value of a text.
    fn parse(self, text: &str) -> Option<u64> {
        let text = text.trim();
        if self == Self::Truth {
            return match text {
                "true" => Some(1),
                "false" => Some(0),
                _ => None,
            };
        }
        let text = text.to_ascii_lowercase();
        let units: &[(&str, u64)] = match self {
            Self::Size => &[("kb", 1 << 10), ("mb", 1 << 20), ("gb", 1 << 30)],
            _ => &[],
        };
        let with_unit = units
            .iter()
            .find_map(|(unit, bytes)| Some((text.strip_suffix(unit)?, *bytes)));
        let (digits, unit) = with_unit.unwrap_or((&text, 1));
        let number = digits.trim().parse::<u64>().ok()?.checked_mul(unit)?;
        (number <= self.max()).then_some(number)
    }

    fn show(self, value: u64) -> String {
        match (self, value) {
            (Self::Truth, 0) => "false".to_owned(),
            (Self::Truth, _) => "true".to_owned(),
            (_, value) => value.to_string(),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let max = self.max();
        match self {
            Self::Size => f.write_str("a size: bytes, or a whole number with kb, mb or gb"),
            Self::Time => f.write_str("a time: whole milliseconds"),
            Self::Count => write!(f, "a whole number up to {max}"),
            Self::Percent => write!(f, "a percentage: a whole number up to {max}"),
            Self::Truth => f.write_str("true or false"),
        }
    }
}

/// One line of a table.
struct Attribute<T> {
    name: &'static str,
    kind: Kind,
    get: fn(&T) -> u64,
    set: fn(&mut T, u64),
}

/// A line whose field is a number.
macro_rules! number {
    ($name:literal, $kind:ident, $($field:ident).+) => {
        Attribute {
            name: $name,
            kind: Kind::$kind,
            get: |one| one.$($field).+ as u64,
            set: |one, value| one.$($field).+ = value.try_into().unwrap_or_default(),
        }
    };
}

/// A line whose field is `true` or `false`.
macro_rules! truth {
    ($name:literal, $($field:ident).+) => {
        Attribute {
            name: $name,
            kind: Kind::Truth,
            get: |one| u64::from(one.$($field).+),
            set: |one, value| one.$($field).+ = value == 1,
        }
    };
}

/// Of a destination; what only matters when a destination or consumer is made is not here.
const OF_DESTINATION: &[Attribute<PolicyEntry>] = &[
    number!("memoryLimit", Size, memory_limit_bytes),
    truth!("producerFlowControl", producer_flow_control),
    Attribute {
        name: "sendFailIfNoSpace",
        kind: Kind::Truth,
        get: |one| u64::from(one.send_fail_if_no_space.unwrap_or(false)),
        set: |one, value| one.send_fail_if_no_space = Some(value == 1),
    },
    Attribute {
        name: "sendFailIfNoSpaceAfterTimeout",
        kind: Kind::Time,
        get: |one| one.send_fail_after_timeout_ms.unwrap_or(0),
        set: |one, value| one.send_fail_after_timeout_ms = Some(value),
    },
    number!(
        "blockedProducerWarningInterval",
        Time,
        blocked_producer_warning_interval_ms
    ),
    number!(
        "storeUsageHighWaterMark",
        Percent,
        store_usage_high_water_mark
    ),
    number!(
        "cursorMemoryHighWaterMark",
        Percent,
        cursor_memory_high_water_mark
    ),
    number!("minimumMessageSize", Size, minimum_message_size),
    number!("maxPageSize", Count, page_size_max),
    number!("maxBrowsePageSize", Count, browse_page_size_max),
    truth!("useCache", use_cache),
    number!("queuePrefetch", Count, queue_prefetch),
    number!("queueBrowserPrefetch", Count, queue_browser_prefetch),
    number!("topicPrefetch", Count, topic_prefetch),
    number!("durableTopicPrefetch", Count, durable_topic_prefetch),
    truth!("strictOrderDispatch", strict_order_dispatch),
    truth!("useConsumerPriority", use_consumer_priority),
    number!(
        "timeBeforeDispatchStarts",
        Time,
        time_before_dispatch_starts_ms
    ),
    number!(
        "consumersBeforeDispatchStarts",
        Count,
        consumers_before_dispatch_starts
    ),
    truth!(
        "allConsumersExclusiveByDefault",
        all_consumers_exclusive_by_default
    ),
    number!("expireMessagesPeriod", Time, expire_messages_period_ms),
    truth!("alwaysRetroactive", always_retroactive),
    truth!("gcInactiveDestinations", gc_inactive_destinations),
    number!(
        "inactiveTimeoutBeforeGC",
        Time,
        inactive_timeout_before_gc_ms
    ),
    truth!("enableAudit", enable_audit),
    truth!("advisoryForConsumed", advisories.consumed),
    truth!("advisoryForDelivery", advisories.delivered),
    truth!("advisoryForDispatched", advisories.dispatched),
    truth!("advisoryForDiscardingMessages", advisories.discarded),
    truth!("advisoryForSlowConsumers", advisories.slow_consumers),
    truth!("advisoryForFastProducers", advisories.fast_producers),
    truth!("advisoryWhenFull", advisories.when_full),
    truth!("sendAdvisoryIfNoConsumers", advisories.no_consumers),
    truth!("includeBodyForAdvisory", advisories.with_body),
];

/// Of the whole broker.
const OF_BROKER: &[Attribute<SystemUsage>] = &[
    number!("memoryLimit", Size, memory_limit_bytes),
    number!("storeLimit", Size, store_limit_bytes),
    number!("tempLimit", Size, temp_limit_bytes),
    number!("jobSchedulerLimit", Size, job_scheduler_limit_bytes),
    truth!("sendFailIfNoSpace", send_fail_if_no_space),
    number!(
        "sendFailIfNoSpaceAfterTimeout",
        Time,
        send_fail_after_timeout_ms
    ),
    number!(
        "producerSystemUsagePortion",
        Percent,
        producer_portion_percent
    ),
    number!(
        "consumerSystemUsagePortion",
        Percent,
        consumer_portion_percent
    ),
];

/// How many of the last of [`OF_BROKER`] exist only where the memory is split.
const OF_PARTS: usize = 2;

fn of_broker(usage: &SystemUsage) -> &'static [Attribute<SystemUsage>] {
    let hidden = if usage.split { 0 } else { OF_PARTS };
    let (shown, _) = OF_BROKER.split_at(OF_BROKER.len() - hidden);
    shown
}

/// Why nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SetError {
    /// There is no such destination.
    #[error("there is no destination {destination}; it comes with its first message or consumer")]
    NoDestination {
        /// What was asked for.
        destination: Destination,
    },
    /// There is no such setting, or none that can be changed while the broker runs.
    #[error("{} cannot be set while the broker runs; these can: {known}", name.escape_debug())]
    NoAttribute {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// The value is not of its kind.
    #[error("{name} is {kind}, and not {}", value.escape_debug())]
    Value {
        /// The setting.
        name: &'static str,
        /// What it takes.
        kind: Kind,
        /// What was given.
        value: String,
    },
}

/// A setting and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// Its value now.
    pub value: String,
    /// Its value before the change; the same as now if there was none.
    pub before: String,
}

/// The lines that are asked for, with their values.
fn find<T>(
    table: &'static [Attribute<T>],
    asked: &[(&str, &str)],
) -> Result<Vec<(&'static Attribute<T>, u64)>, SetError> {
    let one = |(name, text): &(&str, &str)| {
        let found = table.iter().find(|one| one.name == name.trim());
        let attribute = found.ok_or_else(|| SetError::NoAttribute {
            name: (*name).to_owned(),
            known: table
                .iter()
                .map(|one| one.name)
                .collect::<Vec<_>>()
                .join(", "),
        })?;
        let (name, kind) = (attribute.name, attribute.kind);
        let value = kind.parse(text).ok_or_else(|| SetError::Value {
            name,
            kind,
            value: (*text).to_owned(),
        })?;
        Ok((attribute, value))
    };
    asked.iter().map(one).collect()
}

/// Makes the change and tells what it was.
fn apply<T>(target: &mut T, changes: &[(&'static Attribute<T>, u64)]) -> Vec<Setting> {
    let one = |(attribute, value): &(&'static Attribute<T>, u64)| {
        let before = (attribute.get)(target);
        (attribute.set)(target, *value);
        let kind = attribute.kind;
        Setting {
            name: attribute.name,
            kind,
            value: kind.show((attribute.get)(target)),
            before: kind.show(before),
        }
    };
    changes.iter().map(one).collect()
}

fn list<T>(table: &'static [Attribute<T>], target: &T) -> Vec<Setting> {
    let one = |attribute: &Attribute<T>| {
        let value = attribute.kind.show((attribute.get)(target));
        Setting {
            name: attribute.name,
            kind: attribute.kind,
            before: value.clone(),
            value,
        }
    };
    table.iter().map(one).collect()
}

/// Everything that can be set of a policy entry, as it is.
pub fn settings_of_entry(entry: &PolicyEntry) -> Vec<Setting> {
    list(OF_DESTINATION, entry)
}

/// Everything that can be set of the broker's limits, as it is.
pub fn settings_of_usage(usage: &SystemUsage) -> Vec<Setting> {
    list(of_broker(usage), usage)
}

/// Changes a policy entry that no destination has yet.
///
/// # Errors
/// When there is no such setting, or a value is not of its kind; then nothing is changed.
pub fn change_entry(
    entry: &mut PolicyEntry,
    asked: &[(&str, &str)],
) -> Result<Vec<Setting>, SetError> {
    Ok(apply(entry, &find(OF_DESTINATION, asked)?))
}

/// Changes limits that no broker has yet.
///
/// # Errors
/// As [`change_entry`].
pub fn change_usage(
    usage: &mut SystemUsage,
    asked: &[(&str, &str)],
) -> Result<Vec<Setting>, SetError> {
    let changes = find(of_broker(usage), asked)?;
    Ok(apply(usage, &changes))
}

impl Broker {
    /// Whether [`Broker::set`] would take a change; nothing is changed.
    ///
    /// # Errors
    /// Those of [`Broker::set`].
    pub fn check(
        &self,
        target: Option<&Destination>,
        asked: &[(&str, &str)],
    ) -> Result<(), SetError> {
        let Some(name) = target else {
            return find(of_broker(&self.usage.load()), asked).map(drop);
        };
        if !self.nodes.read().contains_key(name) {
            return Err(SetError::NoDestination {
                destination: name.clone(),
            });
        }
        find(OF_DESTINATION, asked).map(drop)
    }

    /// Everything that can be set on a destination, or on the broker (`None`), as it is.
    pub fn settings_of(&self, target: Option<&Destination>) -> Option<Vec<Setting>> {
        let Some(name) = target else {
            let usage = self.usage.load();
            return Some(list(of_broker(&usage), &usage));
        };
        let node = self.nodes.read().get(name).cloned()?;
        Some(list(OF_DESTINATION, &node.live_policy().get()))
    }

    /// Changes settings of a destination, or of the broker (`None`), given as names and texts.
    ///
    /// # Errors
    /// When there is no such destination or setting, or a value is not of its kind; then nothing
    /// is changed.
    pub fn set(
        &self,
        target: Option<&Destination>,
        asked: &[(&str, &str)],
        now: Now,
    ) -> Result<Vec<Setting>, SetError> {
        let mut turn = Turn::new(self, now);
        let changed = match target {
            None => self.set_own(asked)?,
            Some(name) => {
                let node = self.nodes.read().get(name).cloned();
                let node = node.ok_or_else(|| SetError::NoDestination {
                    destination: name.clone(),
                })?;
                let changes = find(OF_DESTINATION, asked)?;
                let changed = node.live_policy().change(|entry| apply(entry, &changes));
                let limit = node.live_policy().get().memory_limit_bytes;
                if changed.iter().any(|one| one.name == "memoryLimit") {
                    node.usage().set_limit_bytes(limit);
                }
                look_again(&node, &mut turn);
                changed
            }
        };
        for one in &changed {
            let name = target.map_or_else(|| "broker".to_owned(), ToString::to_string);
            tracing::info!(
                "{} of {name} changed from {} to {}",
                one.name,
                one.before,
                one.value
            );
        }
        self.signal.raise();
        turn.finish();
        Ok(changed)
    }

    fn set_own(&self, asked: &[(&str, &str)]) -> Result<Vec<Setting>, SetError> {
        let changes = find(of_broker(&self.usage.load()), asked)?;
        let mut changed = Vec::new();
        self.usage.rcu(|usage| {
            let mut usage = SystemUsage::clone(usage);
            changed = apply(&mut usage, &changes);
            Arc::new(usage)
        });
        let usage = self.usage.load();
        self.memory.set_limits(&usage);
        if let Some(scheduler) = &self.scheduler
            && changed.iter().any(|one| one.name == "jobSchedulerLimit")
        {
            scheduler.set_limit_bytes(usage.job_scheduler_limit_bytes);
        }
        Ok(changed)
    }
}

/// Whatever the destination holds may go on under its new policy.
fn look_again(node: &Node, turn: &mut Turn<'_>) {
    match node {
        Node::Queue(queue) => turn.later(Work::Dispatch(Arc::clone(queue))),
        Node::Topic(topic) => {
            for subscription in topic.subscriptions().iter() {
                turn.later(Work::Dispatch(Arc::clone(&subscription.queue)));
            }
        }
    }
}
