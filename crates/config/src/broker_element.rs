//! `<broker>`: its own attributes, and each part in turn.
//!
//! The order of the parts in the file never matters.

use std::path::{Path, PathBuf};

use floodway_broker::settings::BrokerSettings;
use floodway_message::{Destination, DestinationKind};
use floodway_store::JournalSettings;
use roxmltree::Node;

use crate::environment::Environment;
use crate::paths::Paths;
use crate::reader::{Reader, children, is_core, name};
use crate::settings::{DiskCheck, Persistence, Settings};
use crate::{check, connector, persistence, plugins, policy, usage, virtual_destinations};

#[cfg(test)]
mod tests;

/// How long purges and deletions can be undone, milliseconds; activemq.xml has no word for it.
const UNDO: &str = "FLOODWAY_UNDO_MS";
/// A day: what could be undone takes room on the disk for so long.
const UNDO_MS_MAX: u64 = 24 * 3600 * 1000;

/// Longest broker name in bytes: it stands in every message id.
const NAME_BYTES_MAX: usize = 255;

/// Reads a broker element and all its parts.
pub(crate) fn read<'d, 'i>(
    reader: &mut Reader<'d, 'i, '_>,
    broker: Node<'d, 'i>,
    (paths, environment): (&Paths, &Environment),
) -> Settings {
    let mut core = BrokerSettings::default();
    read_name(reader, broker, environment, &mut core);
    reader.set_truth(broker, "persistent", &mut core.persistent);
    let period = &mut core.destination_purge_period_ms;
    reader.set_number(broker, "schedulePeriodForDestinationPurge", period);
    read_uncommitted(reader, broker, &mut core);
    let advisories = &mut core.advisories;
    reader.set_truth(broker, "advisorySupport", &mut advisories.support);
    let anonymous = &mut advisories.anonymous_producers;
    reader.set_truth(broker, "anonymousProducerAdvisorySupport", anonymous);
    read_scheduler(reader, broker, environment, &mut core);
    read_undo(reader, broker, environment, &mut core);
    let mut adjusts = true;
    reader.set_truth(broker, "adjustUsageLimits", &mut adjusts);

    let disk_check = read_disk_check(reader, broker);
    let mut data_directory = paths.data().to_path_buf();
    if let Some(value) = reader.value(broker, "dataDirectory") {
        let given = paths.resolve(&value.text);
        data_directory = match paths.data_override() {
            Some(data) => {
                if given != data {
                    let words = "the data directory of the command line counts";
                    reader.translate(&value.place, (words, ""));
                }
                data.into()
            }
            None => given,
        };
    }
    let (spool_directory, spool) = read_spool(reader, broker, (paths, &data_directory));
    let site = (paths, data_directory.as_path());
    let persistence = persistence::read(reader, broker, site, core.persistent);
    let spool_directory = apart(reader, broker, spool_directory, &persistence);

    let (limits, limit_places) = usage::read(reader, broker, environment, &data_directory);
    core.usage = limits;
    let policies = policy::read(reader, broker);
    core.destinations = read_destinations(reader, broker);
    core.virtual_destinations = virtual_destinations::read(reader, broker);
    core.logins = plugins::read(reader, broker);
    let asks_login = core.logins.as_ref().is_some_and(|who| !who.anonymous);
    let consumers = &mut core.consumers_per_connection_max;
    let mut connectors = connector::read(reader, broker, (consumers, asks_login));
    connector::publish(&mut connectors, environment.variable("HOSTNAME"));

    let mut settings = Settings {
        asked_usage: core.usage.clone(),
        broker: core,
        persistence,
        spool_directory,
        spool,
        data_directory,
        connectors,
        admin: None,
        disk_check,
    };
    check::limits(reader, &mut settings, &limit_places, (environment, adjusts));
    check::policies(reader, &mut settings, policies);
    check::connectors(reader, broker, &settings);
    check::effect::check(reader, broker, &settings.broker, &limit_places);
    settings
}

/// How often the free space is looked at. ActiveMQ lets limits grow back only with a threshold;
/// here they do without one, too.
fn read_disk_check(reader: &mut Reader<'_, '_, '_>, broker: Node<'_, '_>) -> Option<DiskCheck> {
    let (period, threshold) = (
        "schedulePeriodForDiskUsageCheck",
        "diskUsageCheckRegrowThreshold",
    );
    let mut period_ms = 0;
    reader.set_number(broker, period, &mut period_ms);
    let growth = reader.number(broker, threshold, (-1, i64::MAX));
    if growth.is_some() && period_ms == 0 {
        let place = reader.place(broker);
        let words = format!("{threshold} has no effect without {period}");
        reader.warn(&place, (words, "write both, or neither"));
    }
    let growth = growth.and_then(|growth| u64::try_from(growth).ok());
    (period_ms > 0).then_some(DiskCheck {
        period_ms,
        least_growth_bytes: growth.unwrap_or(0),
    })
}

fn read_name(
    reader: &mut Reader<'_, '_, '_>,
    broker: Node<'_, '_>,
    environment: &Environment,
    core: &mut BrokerSettings,
) {
    if reader.truth(broker, "useLocalHostBrokerName") == Some(true)
        && let Some(host) = environment.variable("HOSTNAME")
    {
        core.name = host.into();
    }
    let Some(value) = reader.value(broker, "brokerName") else {
        return;
    };
    let given = value.text.trim();
    if given.is_empty() || given.len() > NAME_BYTES_MAX {
        let message = format!("a broker name has 1 to {NAME_BYTES_MAX} bytes");
        reader.refuse(
            &value.place,
            (message, "write for example brokerName=\"localhost\""),
        );
        return;
    }
    // ActiveMQ does the same: the name stands in addresses and file names.
    core.name = given
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || ".-_:".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect();
    if core.name != given {
        let message = format!("the broker's name is read as \"{}\"", core.name);
        reader.translate(
            &value.place,
            (message, "write letters, digits, dots and hyphens only"),
        );
    }
}

fn read_scheduler(
    reader: &mut Reader<'_, '_, '_>,
    broker: Node<'_, '_>,
    environment: &Environment,
    core: &mut BrokerSettings,
) {
    let scheduler = &mut core.scheduler;
    reader.set_truth(broker, "schedulerSupport", &mut scheduler.support);
    let repeat = &mut scheduler.repeat_max;
    reader.set_number(broker, "maxSchedulerRepeatAllowed", repeat);
    scheduler.time_zone = environment.time_zone().clone();
}

fn read_undo(
    reader: &mut Reader<'_, '_, '_>,
    broker: Node<'_, '_>,
    environment: &Environment,
    core: &mut BrokerSettings,
) {
    let Some(text) = environment.variable(UNDO) else {
        return;
    };
    let given = text.trim().parse::<u64>().ok();
    match given.filter(|ms| *ms <= UNDO_MS_MAX) {
        Some(grace_ms) => core.undo_grace_ms = grace_ms,
        None => {
            let place = reader.place(broker);
            let kept = core.undo_grace_ms;
            let words = format!("{UNDO} of the environment is not understood, {kept} counts");
            let advice = "write milliseconds up to 86400000, or 0 for no undo";
            reader.warn(&place, (words, advice));
        }
    }
}

fn read_uncommitted(
    reader: &mut Reader<'_, '_, '_>,
    broker: Node<'_, '_>,
    core: &mut BrokerSettings,
) {
    let Some(count) = reader.number(broker, "maxUncommittedCount", (0, i64::from(i32::MAX))) else {
        return;
    };
    match usize::try_from(count) {
        Ok(count) if count > 0 => core.uncommitted_count_max = count,
        Ok(_) | Err(_) => {
            let place = reader.place(broker);
            let message = format!(
                "maxUncommittedCount=\"0\" is read as {}: a transaction is never unlimited",
                core.uncommitted_count_max
            );
            reader.translate(&place, (message, "write the number that is meant"));
        }
    }
}

fn read_spool<'d, 'i>(
    reader: &mut Reader<'d, 'i, '_>,
    broker: Node<'d, 'i>,
    (paths, data): (&Paths, &Path),
) -> (PathBuf, JournalSettings) {
    let mut directory = data.join("tmp_storage");
    let mut settings = JournalSettings::spool();
    if let Some(value) = reader.value(broker, "tmpDataDirectory") {
        let given = paths.resolve(&value.text);
        directory = persistence::place_directory(reader, &value.place, given, paths);
    }
    if let Some(outer) = reader.property(broker, "tempDataStore")
        && let Some(inner) = reader
            .inside(outer)
            .filter(|node| name(*node) == "PListStoreImpl")
    {
        reader.take(inner);
        if let Some(value) = reader.value(inner, "directory") {
            let given = paths.resolve(&value.text);
            directory = persistence::place_directory(reader, &value.place, given, paths);
        }
        persistence::read_file_length(reader, inner, &mut settings);
    }
    (directory, settings)
}

/// The spool empties its directory at start: it must not be the one of the messages.
fn apart(
    reader: &mut Reader<'_, '_, '_>,
    broker: Node<'_, '_>,
    spool: PathBuf,
    persistence: &Persistence,
) -> PathBuf {
    match persistence {
        Persistence::Journal { directory, .. } if *directory == spool => {
            let moved = spool.join("tmp_storage");
            let place = reader.place(broker);
            let message = format!(
                "messages and spool cannot share a directory: the spool goes to {}",
                moved.display()
            );
            reader.translate(&place, (message, "give each a directory of its own"));
            moved
        }
        Persistence::Journal { .. } | Persistence::Memory => spool,
    }
}

fn read_destinations<'d, 'i>(
    reader: &mut Reader<'d, 'i, '_>,
    broker: Node<'d, 'i>,
) -> Vec<Destination> {
    let mut found = Vec::new();
    let Some(list) = reader.property(broker, "destinations") else {
        return found;
    };
    for node in children(list).filter(|node| is_core(*node)) {
        let kind = match name(node) {
            "queue" => DestinationKind::Queue,
            "topic" => DestinationKind::Topic,
            _ => continue,
        };
        reader.take(node);
        // Some old guides write `name`.
        let value = reader
            .value(node, "physicalName")
            .or_else(|| reader.value(node, "name"));
        let place = reader.place(node);
        let text = value.map(|value| value.text).unwrap_or_default();
        match Destination::new(kind, text.trim()) {
            Ok(destination) if destination.is_pattern() => {
                let advice = "write a whole name, or a policyEntry for the pattern";
                reader.refuse(&place, ("a pattern cannot be created", advice));
            }
            Ok(destination) => found.push(destination),
            Err(error) => reader.refuse_with(&place, &error.to_string()),
        }
    }
    found
}
