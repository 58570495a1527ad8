//! Which package may depend on which other package of the workspace.
//!
//! An edge may only point to a room of a lower level; Cargo refuses circles, this table refuses
//! edges that nobody decided. A new edge is an architecture decision: see `docs/decisions/`.

use super::{Finding, Report};
use std::path::Path;

/// Every package with what it may use, lowest level first.
const ALLOWED: &[(&str, &[&str])] = &[
    ("floodway-message", &[]),
    ("floodway-store", &[]),
    ("floodway-cli", &[]),
    ("floodway-broker", &["message", "store"]),
    ("floodway-openwire", &["message"]),
    ("floodway-stomp", &["message"]),
    ("floodway-bench", &["message", "openwire"]),
    ("floodway-transport", &["message", "broker"]),
    // The store is for tests alone: a broken one.
    ("floodway-admin", &["message", "broker", "store"]),
    (
        "floodway-config",
        &[
            "message",
            "store",
            "broker",
            "stomp",
            "openwire",
            "transport",
            "admin",
        ],
    ),
    (
        "floodway-server",
        &[
            "message",
            "store",
            "broker",
            "stomp",
            "openwire",
            "transport",
            "admin",
            "config",
            "cli",
        ],
    ),
    ("floodway-sim", &["message", "store", "broker", "stomp"]),
    ("xtask", &["sim"]),
    (
        "floodway-fuzz",
        &["message", "store", "stomp", "openwire", "config"],
    ),
    ("floodway-tests", &["message", "config", "server", "xtask"]),
];

pub(super) fn check(file: &Path, manifest: &str, report: &mut Report) {
    let Some(package) = package_name(manifest) else {
        return;
    };
    let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == package) else {
        report.findings.push(Finding {
            file: file.to_owned(),
            line: 0,
            text: format!(
                "package {package} is not in the table of xtask/src/tidy/edges.rs; \
                 decide which rooms it may use"
            ),
        });
        return;
    };
    for (line, dependency) in dependencies(manifest) {
        let room = dependency.strip_prefix("floodway-").unwrap_or(dependency);
        if !allowed.contains(&room) {
            report.findings.push(Finding {
                file: file.to_owned(),
                line,
                text: format!("{package} must not depend on {dependency}"),
            });
        }
    }
}

fn package_name(manifest: &str) -> Option<&str> {
    let mut lines = manifest.lines().map(str::trim);
    lines.find(|line| *line == "[package]")?;
    let name = lines.find_map(|line| line.strip_prefix("name = "))?;
    Some(name.trim_matches('"'))
}

/// Names of dependencies within the workspace, with their lines. Both forms are understood:
/// keys of a `[…dependencies]` table, and `[dependencies.name]`.
fn dependencies(manifest: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut inside = false;
    for (index, line) in manifest.lines().enumerate() {
        let line = line.trim();
        let name = if let Some(table) = line.strip_prefix('[') {
            let table = table.trim_end_matches(']');
            let (_, tail) = table.split_once("dependencies").unwrap_or_default();
            inside = table.ends_with("dependencies");
            tail.strip_prefix('.').unwrap_or_default()
        } else if inside {
            line.split(['.', '=', ' ']).next().unwrap_or_default()
        } else {
            continue;
        };
        if name.starts_with("floodway-") || name == "xtask" {
            found.push((index + 1, name));
        }
    }
    found
}
