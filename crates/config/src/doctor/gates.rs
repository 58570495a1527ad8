//! What a send meets on its way into each destination: which limits, and what happens when each
//! is full. And whether this machine can honour them.
//!
//! It says what the core does (`flow/admission.rs` there), for people; sizes are bytes.

use std::path::Path;

use floodway_broker::settings::{
    BrokerSettings, Cursor, MessageEviction, PendingMessageLimit, PolicyEntry, SystemUsage,
};
use floodway_message::DestinationKind;

use super::{limit_text, pattern_text};
use crate::environment::Environment;
use crate::settings::{Persistence, Settings};
use crate::value::size_text;

/// One row per policy entry.
pub(super) fn gates_rows(broker: &BrokerSettings) -> Vec<Vec<String>> {
    let head = ["gates", "memory", "memory full", "store", "temp", "no room"];
    let mut rows = vec![head.map(String::from).to_vec()];
    let policies = broker.policies.iter();
    rows.extend(policies.map(|entry| row(broker, (entry, pattern_text(entry)), Some(entry.kind))));
    let others = (&broker.default_policy, "all others".to_owned());
    rows.push(row(broker, others, None));
    rows
}

/// `kind` is `None` for the entry of all others, which are queues and topics.
fn row(
    broker: &BrokerSettings,
    (entry, name): (&PolicyEntry, String),
    kind: Option<DestinationKind>,
) -> Vec<String> {
    let usage = &broker.usage;
    let gate = Gate {
        entry,
        broker,
        is_queue: kind.is_none_or(DestinationKind::is_queue),
        is_temporary: kind.is_some_and(DestinationKind::is_temporary),
    };
    vec![
        name,
        memory_text(entry, usage),
        gate.memory_full(),
        gate.store(),
        gate.temp(),
        gate.no_room(),
    ]
}

/// A destination's own limit within the broker's, which counts as well.
fn memory_text(entry: &PolicyEntry, usage: &SystemUsage) -> String {
    let limit = usage.producers_limit_bytes();
    let all = limit_text(limit);
    match entry.memory_limit_bytes {
        0 => all,
        own if limit > 0 && own >= limit => all,
        own => format!("{} of {all}", size_text(own)),
    }
}

struct Gate<'a> {
    entry: &'a PolicyEntry,
    broker: &'a BrokerSettings,
    is_queue: bool,
    is_temporary: bool,
}

impl Gate<'_> {
    /// Messages cannot leave memory.
    fn in_memory(&self) -> bool {
        let cursor = if self.is_queue {
            self.entry.pending_queue_policy
        } else {
            self.entry.pending_subscriber_policy
        };
        !self.broker.persistent || cursor == Cursor::Memory || (self.is_queue && self.is_temporary)
    }

    /// The memory limit holds sends back.
    fn holds_back(&self) -> bool {
        self.in_memory() || self.entry.cursor_memory_high_water_mark > 100
    }

    fn memory_full(&self) -> String {
        let mut text = match (self.holds_back(), self.entry.producer_flow_control) {
            (true, true) => "no room".to_owned(),
            (true, false) => "grows on".to_owned(),
            (false, _) => {
                let mark = self.entry.cursor_memory_high_water_mark;
                format!("to disk from {mark} %")
            }
        };
        if !self.is_queue
            && let Some(limit) = self.pending()
        {
            let gone = match self.entry.message_eviction {
                MessageEviction::Oldest => "the oldest",
                MessageEviction::OldestWithLowestPriority => "the oldest of low priority",
                MessageEviction::UniqueProperty(_) => "older ones of a property",
            };
            text = format!("{text}; over {limit} pending {gone} discarded");
        }
        text
    }

    /// Most messages that wait for a topic's subscriber.
    fn pending(&self) -> Option<String> {
        match self.entry.pending_message_limit {
            PendingMessageLimit::Constant(limit) if limit >= 0 => Some(limit.to_string()),
            PendingMessageLimit::PrefetchRate(rate) if rate >= 0.0 => {
                Some(format!("{rate} x prefetch"))
            }
            _ => None,
        }
    }

    /// For persistent messages.
    fn store(&self) -> String {
        if !self.broker.persistent || self.is_temporary {
            return "-".into();
        }
        let limit = self.broker.usage.store_limit_bytes;
        let mark = self.entry.store_usage_high_water_mark;
        if limit > 0 && mark < 100 {
            let part = u128::from(limit) * u128::from(mark) / 100;
            let part = u64::try_from(part).unwrap_or(limit);
            return format!("{} ({mark} %)", size_text(part));
        }
        limit_text(limit)
    }

    /// For all others.
    fn temp(&self) -> String {
        if self.in_memory() {
            return "-".into();
        }
        limit_text(self.broker.usage.temp_limit_bytes)
    }

    fn no_room(&self) -> String {
        let (entry, usage) = (self.entry, &self.broker.usage);
        let fails = entry.send_fail_if_no_space;
        if fails.unwrap_or(usage.send_fail_if_no_space) {
            return "refused".into();
        }
        let timeout = entry.send_fail_after_timeout_ms;
        match timeout.unwrap_or(usage.send_fail_after_timeout_ms) {
            0 => "producer waits".into(),
            ms => format!("waits {ms} ms, then refused"),
        }
    }
}

/// What the machine has for the limits, and where it has less than both together.
pub(super) fn machine_text(settings: &Settings, environment: &Environment) -> String {
    let mut text = format!("{} of memory", size_text(environment.memory_bytes()));
    let Persistence::Journal {
        directory,
        settings: journal,
    } = &settings.persistence
    else {
        return text;
    };
    let space = |path: &Path| environment.disk(path).map(|disk| disk.available_bytes);
    let used = environment.directory_bytes(directory);
    let store = space(directory).map(|free| free.saturating_add(used));
    if let Some(store) = store {
        text.push_str(&format!("; {} of disk for the store", size_text(store)));
    }
    let Some(temp) = space(&settings.spool_directory) else {
        return text;
    };
    text.push_str(&format!("; {} for temp", size_text(temp)));
    let together = journal
        .limit_bytes
        .saturating_add(settings.spool.limit_bytes);
    let is_shared = environment.same_disk(directory, &settings.spool_directory);
    if is_shared && store.is_some_and(|store| together > store) {
        text.push_str(", on the same disk, which is smaller than both limits together");
    }
    text
}
