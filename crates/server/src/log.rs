//! The log: lines on the standard error, filtered by `FLOODWAY_LOG` or `RUST_LOG`.

use floodway_config::{Report, Severity};
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Variables that hold a filter such as `info,floodway_transport=debug`, first one first.
const VARIABLES: [&str; 2] = ["FLOODWAY_LOG", "RUST_LOG"];

/// Starts logging; does nothing if the process logs already.
pub(crate) fn start() {
    let filter = VARIABLES
        .iter()
        .find_map(|variable| EnvFilter::try_from_env(variable).ok())
        .unwrap_or_else(|| EnvFilter::new("info"));
    let started = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .try_init();
    if started.is_err() {
        tracing::debug!("the log was started before");
    }
}

/// Tells the operator what became of the configuration, line by line.
pub(crate) fn tell(report: &Report) {
    for note in report.notes() {
        let file = report.file();
        match note.severity {
            Severity::Info => tracing::info!("{file}:{note}"),
            Severity::Warning => tracing::warn!("{file}:{note}"),
            Severity::Error => tracing::error!("{file}:{note}"),
        }
    }
}
