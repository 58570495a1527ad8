//! What a configuration means, for people: the report, then the effective settings on one screen.
//!
//! Reads the configuration as a start does and starts nothing.

use std::fmt;

use floodway_broker::settings::{
    Cursor, DeadLetterQueue, PendingMessageLimit, PolicyEntry, SystemUsage,
};
use floodway_message::DestinationKind;
use floodway_store::SyncPolicy;

use crate::environment::Environment;
use crate::report::{Note, Report, Severity};
use crate::settings::{Connector, Persistence, ProtocolSettings, Settings};
use crate::value::size_text;
use crate::{Options, Source, load};

mod gates;
#[cfg(test)]
mod tests;

/// The result of [`doctor`]; prints as the whole text.
#[derive(Debug, Clone)]
pub struct Diagnosis {
    text: String,
    errors_count: usize,
    warnings_count: usize,
    notes: Vec<Note>,
    tables: Vec<Table>,
}

/// A part of the effective settings, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// `settings`, `policies` or `gates`.
    pub name: &'static str,
    /// The first row has the names of the columns, but in `settings`, whose rows are names and
    /// values.
    pub rows: Vec<Vec<String>>,
}

impl Diagnosis {
    /// How many reasons there are not to start; 0 when the broker starts.
    pub fn errors_count(&self) -> usize {
        self.errors_count
    }

    /// How many things will not be as the file says.
    pub fn warnings_count(&self) -> usize {
        self.warnings_count
    }

    /// What was found in the file, by line; nothing if it could not be read.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// The effective settings; nothing if the broker does not start.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Reads a configuration and says what it means.
pub fn doctor(source: &Source, options: &Options) -> Diagnosis {
    match load(source, options) {
        Ok(loaded) => {
            let mut text = notes_text(&loaded.report);
            let tables = tables(&loaded.settings, &options.environment);
            for one in &tables {
                text.push_str(&format!("\n{}", table(&one.rows)));
            }
            Diagnosis {
                text,
                errors_count: 0,
                warnings_count: loaded.report.count(Severity::Warning),
                notes: loaded.report.notes().to_vec(),
                tables,
            }
        }
        Err(error) => match error.report() {
            Some(report) => Diagnosis {
                text: format!(
                    "{}The broker does not start with this file.\n",
                    notes_text(report)
                ),
                errors_count: report.count(Severity::Error),
                warnings_count: report.count(Severity::Warning),
                notes: report.notes().to_vec(),
                tables: Vec::new(),
            },
            None => Diagnosis {
                text: format!("{error}\nThe broker does not start with this file.\n"),
                errors_count: 1,
                warnings_count: 0,
                notes: Vec::new(),
                tables: Vec::new(),
            },
        },
    }
}

fn notes_text(report: &Report) -> String {
    let counted = |count: usize, word: &str| {
        let plural = if count == 1 { "" } else { "s" };
        format!("{count} {word}{plural}")
    };
    format!(
        "{report}{}, {}, {}\n",
        counted(report.count(Severity::Error), "error"),
        counted(report.count(Severity::Warning), "warning"),
        counted(report.count(Severity::Info), "note"),
    )
}

fn tables(settings: &Settings, environment: &Environment) -> Vec<Table> {
    let broker = &settings.broker;
    let mut rows = vec![
        vec!["broker".into(), broker.name.clone()],
        vec!["data".into(), settings.data_directory.display().to_string()],
        vec!["messages".into(), persistence_text(&settings.persistence)],
        vec![
            "spool".into(),
            settings.spool_directory.display().to_string(),
        ],
    ];
    rows.push(vec!["limits".into(), usage_text(&broker.usage)]);
    rows.push(vec![
        "machine".into(),
        gates::machine_text(settings, environment),
    ]);
    rows.push(vec!["when full".into(), full_text(&broker.usage)]);
    rows.extend(settings.connectors.iter().map(connector_row));
    if settings.connectors.is_empty() {
        rows.push(vec!["connectors".into(), "none".into()]);
    }
    let mut policies = vec![
        [
            "policy",
            "line",
            "cursor",
            "prefetch",
            "pending",
            "dead letters",
        ]
        .map(String::from)
        .to_vec(),
    ];
    policies.extend(broker.policies.iter().map(policy_row));
    let mut others = policy_row(&broker.default_policy);
    if let Some(first) = others.first_mut() {
        *first = "all others".into();
    }
    policies.push(others);
    let gates = gates::gates_rows(broker);
    [("settings", rows), ("policies", policies), ("gates", gates)]
        .map(|(name, rows)| Table { name, rows })
        .to_vec()
}

fn persistence_text(persistence: &Persistence) -> String {
    match persistence {
        Persistence::Memory => "in memory only, lost at a restart".into(),
        Persistence::Journal {
            directory,
            settings,
        } => {
            let sync = match settings.sync {
                SyncPolicy::Always => "synced before every receipt".into(),
                SyncPolicy::Periodic { interval_ms } => format!("synced every {interval_ms} ms"),
                _ => "synced when the system likes".into(),
            };
            format!(
                "{}, {sync}, files of {}",
                directory.display(),
                size_text(settings.segment_bytes)
            )
        }
    }
}

fn limit_text(bytes: u64) -> String {
    if bytes == 0 {
        "unlimited".into()
    } else {
        size_text(bytes)
    }
}

fn usage_text(usage: &SystemUsage) -> String {
    let mut memory = limit_text(usage.memory_limit_bytes);
    if usage.split {
        memory.push_str(&format!(
            " ({} % for producers, {} % for consumers)",
            usage.producer_portion_percent, usage.consumer_portion_percent
        ));
    }
    format!(
        "memory {memory}, store {}, temp {}",
        limit_text(usage.store_limit_bytes),
        limit_text(usage.temp_limit_bytes)
    )
}

fn full_text(usage: &SystemUsage) -> String {
    if usage.send_fail_if_no_space {
        "sends are refused".into()
    } else if usage.send_fail_after_timeout_ms > 0 {
        format!(
            "sends wait {} ms, then they are refused",
            usage.send_fail_after_timeout_ms
        )
    } else {
        "producers wait".into()
    }
}

fn connector_row(connector: &Connector) -> Vec<String> {
    let transport = &connector.transport;
    let frame_bytes_max = match &connector.protocol {
        ProtocolSettings::Stomp(stomp) => stomp.frame_bytes_max,
        ProtocolSettings::OpenWire(openwire) | ProtocolSettings::Auto { openwire, .. } => {
            openwire.frame_bytes_max
        }
    };
    let host = if transport.host.contains(':') {
        format!("[{}]", transport.host)
    } else {
        transport.host.clone()
    };
    let frame = u64::try_from(frame_bytes_max).unwrap_or(u64::MAX);
    vec![
        format!("connector {}", transport.name),
        format!(
            "{}://{host}:{}, at most {} connections, frames of at most {}",
            transport.scheme,
            transport.port,
            transport.maximum_connections,
            size_text(frame)
        ),
    ]
}

fn policy_row(entry: &PolicyEntry) -> Vec<String> {
    let is_queue = matches!(
        entry.kind,
        DestinationKind::Queue | DestinationKind::TempQueue
    );
    let (cursor, prefetch) = if is_queue {
        (entry.pending_queue_policy, entry.queue_prefetch)
    } else {
        (entry.pending_subscriber_policy, entry.topic_prefetch)
    };
    let cursor = match cursor {
        Cursor::Store => "store",
        Cursor::Memory => "memory",
        Cursor::File => "spool",
    };
    let pending = match entry.pending_message_limit {
        _ if is_queue => "all".into(),
        PendingMessageLimit::Constant(limit) if limit >= 0 => limit.to_string(),
        PendingMessageLimit::PrefetchRate(rate) => format!("{rate} x prefetch"),
        PendingMessageLimit::None | PendingMessageLimit::Constant(_) => "all".into(),
    };
    vec![
        pattern_text(entry),
        match entry.line {
            0 => "-".into(),
            line => line.to_string(),
        },
        cursor.into(),
        prefetch.to_string(),
        pending,
        dead_letters_text(entry, is_queue),
    ]
}

fn pattern_text(entry: &PolicyEntry) -> String {
    format!("{}{}", entry.kind.scheme(), entry.pattern)
}

fn dead_letters_text(entry: &PolicyEntry, is_queue: bool) -> String {
    match &entry.dead_letter.queue {
        DeadLetterQueue::Shared(queue) => queue.clone(),
        DeadLetterQueue::Individual {
            queue_prefix,
            queue_suffix,
            ..
        } if is_queue => {
            format!("{queue_prefix}*{queue_suffix}")
        }
        DeadLetterQueue::Individual {
            topic_prefix,
            topic_suffix,
            ..
        } => {
            format!("{topic_prefix}*{topic_suffix}")
        }
        DeadLetterQueue::Discard => "discarded".into(),
    }
}

/// Columns side by side, two blanks apart.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            rows.iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    rows.iter()
        .map(|row| {
            let cells: Vec<String> = row
                .iter()
                .zip(&widths)
                .map(|(cell, &width)| format!("{cell:<width$}"))
                .collect();
            format!("{}\n", cells.join("  ").trim_end())
        })
        .collect()
}
