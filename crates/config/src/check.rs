//! What only shows when all parts of a broker are read: limits that cannot be reached, entries
//! that hide each other, settings that need another one.

use floodway_broker::settings::{Cursor, PolicyEntry};
use roxmltree::Node;

use crate::environment::Environment;
use crate::policy::Policies;
use crate::reader::{Place, Reader};
use crate::report::{Disposition, Severity};
use crate::settings::{Persistence, Settings};
use crate::usage::UsagePlaces;
use crate::value::size_text;

pub(crate) mod effect;
#[cfg(test)]
mod tests;

/// Percent of the machine's memory that a limit is lowered to when it is above all of it.
const MEMORY_PERCENT_MAX: u64 = 70;

/// Limits against what the machine has.
pub(crate) fn limits(
    reader: &mut Reader<'_, '_, '_>,
    settings: &mut Settings,
    places: &UsagePlaces,
    (environment, adjusts): (&Environment, bool),
) {
    // What follows the free space is lowered while the broker runs, not here.
    let is_fixed = settings.disk_check.is_none();
    let usage = &mut settings.broker.usage;
    let memory = environment.memory_bytes();
    if usage.memory_limit_bytes > memory || (usage.memory_limit_bytes == 0) {
        let lowered = memory / 100 * MEMORY_PERCENT_MAX;
        let words = format!(
            "the memoryUsage limit is more than the {} of memory here",
            size_text(memory)
        );
        if adjust(reader, places.memory.as_ref(), (words, lowered), adjusts) {
            usage.memory_limit_bytes = lowered;
        }
    }
    if let Persistence::Journal {
        directory,
        settings: journal,
    } = &mut settings.persistence
    {
        let used = environment.directory_bytes(directory);
        let space = environment.disk(directory).map(|disk| disk.available_bytes);
        let most = space.map(|space| space.saturating_add(used));
        if let Some(most) = most.filter(|&most| exceeds(usage.store_limit_bytes, most)) {
            let words = disk_words("storeUsage", most);
            if adjust(reader, places.store.as_ref(), (words, most), adjusts) && is_fixed {
                usage.store_limit_bytes = most;
            }
        }
        journal.limit_bytes = usage.store_limit_bytes;
    }
    // Whatever is in the spool's directory is deleted at start.
    let space = environment
        .disk(&settings.spool_directory)
        .map(|disk| disk.available_bytes);
    if let Some(most) = space.filter(|&most| exceeds(usage.temp_limit_bytes, most)) {
        let words = disk_words("tempUsage", most);
        if adjust(reader, places.temp.as_ref(), (words, most), adjusts) && is_fixed {
            usage.temp_limit_bytes = most;
        }
    }
    settings.spool.limit_bytes = usage.temp_limit_bytes;
}

/// `true` when a limit (0: none) is above what there is. An empty disk is no limit to set.
fn exceeds(limit: u64, most: u64) -> bool {
    most > 0 && (limit > most || limit == 0)
}

fn disk_words(limit: &str, most: u64) -> String {
    format!(
        "the {limit} limit is more than the {} free on its disk",
        size_text(most)
    )
}

/// Tells that a limit is lowered (`true`), or that the file forbids it.
fn adjust(
    reader: &mut Reader<'_, '_, '_>,
    place: Option<&Place>,
    (words, lowered): (String, u64),
    adjusts: bool,
) -> bool {
    // A limit that is not in the file is nobody's wish: it is lowered without a word.
    let Some(place) = place else {
        return true;
    };
    if adjusts {
        let words = format!("{words}, and is lowered to {}", size_text(lowered));
        reader.tell(place, Disposition::Used, Severity::Info, (words, ""));
        return true;
    }
    let advice = "lower it, or remove adjustUsageLimits=\"false\"";
    reader.refuse(place, (words, advice));
    false
}

/// Policy entries against each other and against the broker; puts them into the settings.
pub(crate) fn policies(
    reader: &mut Reader<'_, '_, '_>,
    settings: &mut Settings,
    policies: Policies,
) {
    let broker = &mut settings.broker;
    let mut kept: Vec<(PolicyEntry, Place)> = Vec::new();
    let mut seen = std::collections::BTreeMap::new();
    for (entry, place) in policies.entries {
        let key = (entry.kind, entry.pattern.clone());
        match seen.get(&key).and_then(|&at: &usize| kept.get_mut(at)) {
            Some(earlier) => {
                let message = format!(
                    "is the second entry for {}{}, and hides the one on line {}",
                    entry.kind.scheme(),
                    entry.pattern,
                    earlier.1.line
                );
                reader.warn(&place, (message, "write one entry with all that is meant"));
                *earlier = (entry, place);
            }
            None => {
                seen.insert(key, kept.len());
                kept.push((entry, place));
            }
        }
    }
    let mut last_told = None;
    for (entry, place) in &kept {
        // An entry for several patterns is told about once.
        if last_told.as_ref() != Some(&place.line) {
            check_entry(
                reader,
                entry,
                place,
                (
                    broker.usage.memory_limit_bytes,
                    broker.destination_purge_period_ms,
                ),
            );
        }
        last_told = Some(place.line);
    }
    broker.policies = kept.into_iter().map(|(entry, _)| entry).collect();
    if let Some(default) = policies.default {
        broker.default_policy = default;
    }
}

fn check_entry(
    reader: &mut Reader<'_, '_, '_>,
    entry: &PolicyEntry,
    place: &Place,
    (broker_limit, purge_period_ms): (u64, u64),
) {
    let limit = entry.memory_limit_bytes;
    if broker_limit > 0 && limit >= broker_limit {
        let message = format!(
            "memoryLimit {} is never reached, because the broker's is {}",
            size_text(limit),
            size_text(broker_limit)
        );
        reader.warn(
            place,
            (message, "lower it, or raise the broker's memoryUsage"),
        );
    }
    if entry.gc_inactive_destinations && purge_period_ms == 0 {
        reader.warn(
            place,
            (
                "gcInactiveDestinations has no effect without schedulePeriodForDestinationPurge \
                 on <broker>",
                "write <broker schedulePeriodForDestinationPurge=\"10000\" …>",
            ),
        );
    }
    if !entry.kind.is_queue() {
        return;
    }
    let in_memory = entry.pending_queue_policy == Cursor::Memory;
    if in_memory && !entry.producer_flow_control {
        reader.warn(
            place,
            (
                "vmQueueCursor with producerFlowControl=\"false\" has no limit at all: a backlog \
                 fills the memory",
                "leave one of them out",
            ),
        );
    } else if !in_memory && limit > 0 {
        let mark = entry.cursor_memory_high_water_mark;
        let message = format!(
            "this queue keeps about {} in memory ({mark} % of memoryLimit) and the rest on disk, \
             so that producers are paused by disk limits only",
            size_text(limit.saturating_mul(u64::from(mark)) / 100)
        );
        let advice = "use vmQueueCursor if memoryLimit is meant to pause them";
        reader.tell(place, Disposition::Used, Severity::Info, (message, advice));
    }
}

/// Somebody should be able to connect.
pub(crate) fn connectors(
    reader: &mut Reader<'_, '_, '_>,
    broker: Node<'_, '_>,
    settings: &Settings,
) {
    if settings.connectors.is_empty() {
        let place = reader.place(broker);
        reader.warn(
            &place,
            (
                "no connector of this file can be opened, so that nobody can connect",
                "write <transportConnector name=\"stomp\" uri=\"stomp://127.0.0.1:61613\"/>",
            ),
        );
    }
}
