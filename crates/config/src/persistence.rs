//! `persistenceAdapter` and its relatives: where messages are kept.
//!
//! There is one store, the journal. `kahaDB` is read as its settings; adapters that ActiveMQ
//! dropped or that need a database are replaced by it, with a warning, because their messages
//! cannot be read. Old KahaDB files in the directory are told about and left alone.

use std::fs;
use std::path::{Path, PathBuf};

use floodway_store::{JournalSettings, SyncPolicy};
use roxmltree::Node;

use crate::paths::Paths;
use crate::reader::{Place, Reader, name};
use crate::report::{Disposition, Severity};
use crate::settings::Persistence;
use crate::value::{quoted, size_text};

#[cfg(test)]
mod tests;

/// Folder of the journal inside the data directory.
const FOLDER: &str = "kahadb";

/// Smallest and largest segment that makes sense.
const SEGMENT_BYTES: (u64, u64) = (64 * 1024, 4 << 30);

/// Stores that are replaced by the journal, with the reason.
const REPLACED: [(&str, &str); 10] = [
    ("mKahaDB", "all destinations share one store"),
    ("jdbcPersistenceAdapter", "there is no database store"),
    ("journaledJDBC", "there is no database store"),
    (
        "journalPersistenceAdapterFactory",
        "there is no database store",
    ),
    ("levelDB", "LevelDB is gone from ActiveMQ too"),
    (
        "replicatedLevelDB",
        "LevelDB and its replication are gone from ActiveMQ too",
    ),
    (
        "amqPersistenceAdapter",
        "the AMQ store is gone from ActiveMQ too",
    ),
    (
        "amqPersistenceAdapterFactory",
        "the AMQ store is gone from ActiveMQ too",
    ),
    (
        "kahaPersistenceAdapter",
        "the Kaha store is gone from ActiveMQ too",
    ),
    (
        "journalPersistenceAdapter",
        "the journal store is gone from ActiveMQ too",
    ),
];

/// Reads where the messages of a broker are kept.
pub(crate) fn read<'d, 'i>(
    reader: &mut Reader<'d, 'i, '_>,
    broker: Node<'d, 'i>,
    (paths, data): (&Paths, &Path),
    persistent: bool,
) -> Persistence {
    let mut persistence = Persistence::Journal {
        directory: data.join(FOLDER),
        settings: JournalSettings::default(),
    };
    let mut found = None;
    for property in ["persistenceFactory", "persistenceAdapter"] {
        if let Some(outer) = reader.property(broker, property)
            && let Some(inner) = reader.inside(outer)
        {
            found = Some(inner);
        }
    }
    let Some(adapter) = found else {
        return if persistent {
            persistence
        } else {
            Persistence::Memory
        };
    };
    if name(adapter) == "memoryPersistenceAdapter" {
        reader.take(adapter);
        return Persistence::Memory;
    }
    if !persistent {
        reader.ignore_tree(
            adapter,
            Severity::Warning,
            (
                "has no effect: persistent=\"false\" keeps all messages in memory",
                "keep the one that is meant",
            ),
        );
        return Persistence::Memory;
    }
    match name(adapter) {
        "kahaDB" => read_journal(reader, adapter, paths, &mut persistence),
        other => replace(reader, adapter, other, data),
    }
    persistence
}

fn replace(reader: &mut Reader<'_, '_, '_>, adapter: Node<'_, '_>, kind: &str, data: &Path) {
    let reason = REPLACED
        .iter()
        .find(|(known, _)| *known == kind)
        .map_or("this store is not known", |&(_, reason)| reason);
    let message = format!(
        "{reason}: messages are kept in the journal in {} instead, and what the old store holds \
         is not read",
        data.join(FOLDER).display()
    );
    let advice = "drain the old broker first, and write <kahaDB directory=…/>";
    reader.replace_tree(adapter, (message, advice));
}

fn read_journal(
    reader: &mut Reader<'_, '_, '_>,
    node: Node<'_, '_>,
    paths: &Paths,
    persistence: &mut Persistence,
) {
    let Persistence::Journal {
        directory,
        settings,
    } = persistence
    else {
        return;
    };
    reader.take(node);
    if let Some(value) = reader.value(node, "directory") {
        *directory = place_directory(reader, &value.place, paths.resolve(&value.text), paths);
    }
    let place = reader.place(node);
    if holds_kahadb(directory) {
        reader.warn(
            &place,
            (
                format!(
                    "the KahaDB messages in {} are not read",
                    directory.display()
                ),
                "drain them with ActiveMQ first, or give the journal a directory of its own",
            ),
        );
    }
    read_file_length(reader, node, settings);
    read_sync(reader, node, settings);
}

/// `journalMaxFileLength`, of the journal or of the spool.
pub(crate) fn read_file_length(
    reader: &mut Reader<'_, '_, '_>,
    node: Node<'_, '_>,
    settings: &mut JournalSettings,
) {
    let Some(bytes) = reader.size(node, "journalMaxFileLength") else {
        return;
    };
    let (least, most) = SEGMENT_BYTES;
    settings.segment_bytes = bytes.clamp(least, most);
    if settings.segment_bytes != bytes {
        let place = reader.place(node);
        let message = format!(
            "journalMaxFileLength is read as {}",
            size_text(settings.segment_bytes)
        );
        reader.tell(&place, Disposition::Used, Severity::Info, (message, ""));
    }
}

/// When the journal is synced.
fn read_sync(reader: &mut Reader<'_, '_, '_>, node: Node<'_, '_>, settings: &mut JournalSettings) {
    let place = reader.place(node);
    let interval = reader.number(node, "journalDiskSyncInterval", (1, 3_600_000));
    let interval_ms = interval
        .and_then(|ms| u64::try_from(ms).ok())
        .unwrap_or(1000);
    let mut weaker = None;
    if let Some(syncs) = reader.truth(node, "enableJournalDiskSyncs")
        && !syncs
    {
        weaker = Some("enableJournalDiskSyncs=\"false\"");
        settings.sync = SyncPolicy::Never;
    }
    if let Some(strategy) = reader.value(node, "journalDiskSyncStrategy") {
        match strategy.text.trim().to_ascii_lowercase().as_str() {
            "always" => settings.sync = SyncPolicy::Always,
            "periodic" => {
                settings.sync = SyncPolicy::Periodic { interval_ms };
                weaker = Some("journalDiskSyncStrategy=\"periodic\"");
            }
            "never" => {
                settings.sync = SyncPolicy::Never;
                weaker = Some("journalDiskSyncStrategy=\"never\"");
            }
            other => {
                let message = format!("\"{}\" is not a way to sync", quoted(other));
                let advice = "write always, periodic or never";
                reader.refuse(&strategy.place, (message, advice));
            }
        }
    }
    if let Some(weaker) = weaker.filter(|_| settings.sync != SyncPolicy::Always) {
        let message = format!(
            "with {weaker} a power failure loses messages that producers have a receipt for"
        );
        let advice = "leave it out: waiting producers share one sync";
        reader.tell(&place, Disposition::Used, Severity::Info, (message, advice));
    }
}

/// With a data directory from the command line, a directory elsewhere moves into it.
pub(crate) fn place_directory(
    reader: &mut Reader<'_, '_, '_>,
    place: &Place,
    directory: PathBuf,
    paths: &Paths,
) -> PathBuf {
    let Some(data) = paths.data_override() else {
        return directory;
    };
    if directory.starts_with(data) {
        return directory;
    }
    let moved = data.join(directory.file_name().unwrap_or(FOLDER.as_ref()));
    reader.translate(
        place,
        (
            format!(
                "the data directory of the command line counts: {}",
                moved.display()
            ),
            "",
        ),
    );
    moved
}

/// `true` when ActiveMQ's KahaDB has its files here.
fn holds_kahadb(directory: &Path) -> bool {
    /// More files than these are not looked at.
    const LOOKED_AT_MAX: usize = 10_000;
    let Ok(files) = fs::read_dir(directory) else {
        return false;
    };
    files.take(LOOKED_AT_MAX).flatten().any(|file| {
        file.file_name().to_str().is_some_and(|file| {
            file == "db.data" || (file.starts_with("db-") && file.ends_with(".log"))
        })
    })
}
