//! `systemUsage` and, for files of ActiveMQ 4, `memoryManager`/`usageManager`: the limits of the
//! whole broker.
//!
//! Percentages are made absolute here: those of a heap by what stands in for it
//! ([`Environment::heap_bytes`]), those of a disk by its size. Limits are bytes, 0 is unlimited.

use std::path::Path;

use floodway_broker::settings::SystemUsage;
use roxmltree::Node;

use crate::environment::Environment;
use crate::reader::{Place, Reader, children, name};
use crate::report::{Disposition, Severity};
use crate::value::size_text;

#[cfg(test)]
mod tests;

/// Percent of the heap's stand-in that memory may take when the file does not say.
const MEMORY_PERCENT_DEFAULT: u64 = 70;

/// Which limits came from the file, for the checks that follow.
#[derive(Debug, Default)]
pub(crate) struct UsagePlaces {
    pub(crate) memory: Option<Place>,
    pub(crate) store: Option<Place>,
    pub(crate) temp: Option<Place>,
}

/// Reads the limits of a broker.
pub(crate) fn read<'d, 'i>(
    reader: &mut Reader<'d, 'i, '_>,
    broker: Node<'d, 'i>,
    environment: &Environment,
    data: &Path,
) -> (SystemUsage, UsagePlaces) {
    let mut usage = SystemUsage {
        memory_limit_bytes: percent_of(environment.heap_bytes(), MEMORY_PERCENT_DEFAULT),
        ..SystemUsage::default()
    };
    let mut places = UsagePlaces::default();
    read_memory_manager(reader, broker, &mut usage, &mut places);
    read_portions(reader, broker, &mut usage);
    let Some(node) = bean(reader, broker, "systemUsage") else {
        return (usage, places);
    };
    reader.set_truth(node, "sendFailIfNoSpace", &mut usage.send_fail_if_no_space);
    let timeout = &mut usage.send_fail_after_timeout_ms;
    reader.set_number(node, "sendFailIfNoSpaceAfterTimeout", timeout);
    if usage.send_fail_if_no_space && usage.send_fail_after_timeout_ms > 0 {
        let place = reader.place(node);
        reader.warn(
            &place,
            (
                "sendFailIfNoSpace refuses at once, so that sendFailIfNoSpaceAfterTimeout never \
                 counts",
                "keep the one that is meant",
            ),
        );
    }
    if let Some(memory) = bean(reader, node, "memoryUsage") {
        places.memory = Some(reader.place(memory));
        read_memory(reader, memory, environment, &mut usage.memory_limit_bytes);
    }
    if let Some(store) = bean(reader, node, "storeUsage") {
        places.store = Some(reader.place(store));
        let disk = environment.disk(data).map(|disk| disk.total_bytes);
        read_disk(reader, store, disk, &mut usage.store_limit_bytes);
    }
    if let Some(temp) = bean(reader, node, "tempUsage") {
        places.temp = Some(reader.place(temp));
        let disk = environment.disk(data).map(|disk| disk.total_bytes);
        read_disk(reader, temp, disk, &mut usage.temp_limit_bytes);
    }
    if let Some(jobs) = bean(reader, node, "jobSchedulerUsage") {
        reader.set_size(jobs, "limit", &mut usage.job_scheduler_limit_bytes);
    }
    (usage, places)
}

/// The parts of the memory that producers and consumers have.
fn read_portions<'d, 'i>(
    reader: &mut Reader<'d, 'i, '_>,
    broker: Node<'d, 'i>,
    usage: &mut SystemUsage,
) {
    let split = "splitSystemUsageForProducersConsumers";
    reader.set_truth(broker, split, &mut usage.split);
    let mut portion = |name, percent: &mut u32| {
        let given = reader.number(broker, name, (1, 100));
        let Some(given) = given.and_then(|given| u32::try_from(given).ok()) else {
            return;
        };
        *percent = given;
        if !usage.split {
            let place = reader.place(broker);
            let words = format!("{name} has no effect without {split}=\"true\"");
            reader.warn(&place, (words, "write both, or neither"));
        }
    };
    portion(
        "producerSystemUsagePortion",
        &mut usage.producer_portion_percent,
    );
    portion(
        "consumerSystemUsagePortion",
        &mut usage.consumer_portion_percent,
    );
}

fn percent_of(bytes: u64, percent: u64) -> u64 {
    let part = u128::from(bytes) * u128::from(percent) / 100;
    u64::try_from(part).unwrap_or(u64::MAX)
}

/// `<x><x …/></x>`: a property and the element of the same name inside, which some files forget.
pub(crate) fn bean<'d, 'i>(
    reader: &mut Reader<'d, 'i, '_>,
    parent: Node<'d, 'i>,
    property: &str,
) -> Option<Node<'d, 'i>> {
    let outer = match reader.property(parent, property) {
        Some(outer) => outer,
        None if parent.has_attribute(property) => {
            let referred = reader.referred(parent, property)?;
            reader.take(referred);
            return Some(referred);
        }
        None => return None,
    };
    if let Some(inner) = reader.property(outer, property) {
        return Some(inner);
    }
    if outer.attributes().next().is_some() || children(outer).next().is_some() {
        let place = reader.place(outer);
        let message = format!("stands alone and is read as if it stood inside <{property}>");
        reader.tell(
            &place,
            Disposition::Translated,
            Severity::Warning,
            (
                message,
                format!("write <{property}><{property} …/></{property}>"),
            ),
        );
        return Some(outer);
    }
    None
}

fn read_memory(
    reader: &mut Reader<'_, '_, '_>,
    node: Node<'_, '_>,
    environment: &Environment,
    limit: &mut u64,
) {
    if let Some(percent) = reader.number(node, "percentOfJvmHeap", (0, 100)) {
        let percent = u64::try_from(percent).unwrap_or(0);
        let heap = environment.heap_bytes();
        let place = reader.place(node);
        if percent > 0 {
            *limit = percent_of(heap, percent);
        }
        reader.translate(
            &place,
            (
                format!(
                    "there is no JVM: percentOfJvmHeap=\"{percent}\" is {} ({percent} % of {}, \
                     the lesser of 1 gb and a quarter of the memory)",
                    size_text(*limit),
                    size_text(heap),
                ),
                "give a fixed limit such as limit=\"2 gb\" if that is not what is meant",
            ),
        );
    }
    let percent_given = node.has_attribute("percentOfJvmHeap");
    if let Some(bytes) = reader.size(node, "limit") {
        *limit = bytes;
        if percent_given {
            let place = reader.place(node);
            reader.warn(
                &place,
                (
                    "limit counts, and percentOfJvmHeap does not",
                    "keep the one that is meant",
                ),
            );
        }
    }
}

fn read_disk(
    reader: &mut Reader<'_, '_, '_>,
    node: Node<'_, '_>,
    disk_bytes: Option<u64>,
    limit: &mut u64,
) {
    reader.set_size(node, "limit", limit);
    let total = reader.size(node, "total").filter(|&total| total > 0);
    let Some(percent) = reader.number(node, "percentLimit", (0, 100)) else {
        return;
    };
    let percent = u64::try_from(percent).unwrap_or(0);
    let place = reader.place(node);
    match total.or(disk_bytes) {
        _ if percent == 0 => {}
        Some(total) => {
            *limit = percent_of(total, percent);
            let words = format!(
                "percentLimit=\"{percent}\" is {} ({percent} % of {})",
                size_text(*limit),
                size_text(total)
            );
            reader.tell(&place, Disposition::Used, Severity::Info, (words, ""));
        }
        None => reader.warn(
            &place,
            (
                "the size of the disk cannot be read, so that percentLimit has no effect",
                "give a fixed limit such as limit=\"100 gb\"",
            ),
        ),
    }
}

/// ActiveMQ 4: `<memoryManager><usageManager limit="20 MB"/></memoryManager>`, or
/// `memoryManager="#id"` with the `usageManager` outside of the broker.
fn read_memory_manager<'d, 'i>(
    reader: &mut Reader<'d, 'i, '_>,
    broker: Node<'d, 'i>,
    usage: &mut SystemUsage,
    places: &mut UsagePlaces,
) {
    let manager = match reader.property(broker, "memoryManager") {
        Some(property) => reader.inside(property),
        None if broker.has_attribute("memoryManager") => reader.referred(broker, "memoryManager"),
        None => None,
    };
    let Some(manager) = manager.filter(|node| name(*node) == "usageManager") else {
        return;
    };
    let place = reader.place(manager);
    reader.set_size(manager, "limit", &mut usage.memory_limit_bytes);
    reader.set_truth(
        manager,
        "sendFailIfNoSpace",
        &mut usage.send_fail_if_no_space,
    );
    reader.translate(
        &place,
        (
            format!(
                "is read as the memoryUsage limit of the broker: {}",
                size_text(usage.memory_limit_bytes)
            ),
            "write <systemUsage><systemUsage><memoryUsage><memoryUsage limit=…/>",
        ),
    );
    places.memory = Some(place);
}
