//! Facts about the machine and the build, so that a result can be judged later.
//!
//! It reads `/proc` and asks git and dpkg. A fact that cannot be found says "unknown" and never
//! stops a run. No host name and no user is recorded.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::load::Load;
use super::peer::{Peer, Program, activemq_options_text};

/// A machine that idles for this share of its time is quiet.
const QUIET_PERCENT: u64 = 93;

/// What the report states.
pub(crate) struct Facts {
    pub(crate) date: String,
    /// A short name for folders: processor and cores.
    pub(crate) machine: String,
    /// Names and values, in the order of the report.
    pub(crate) lines: Vec<(String, String)>,
}

/// Collects the facts.
pub(crate) fn facts(root: &Path, scratch: &Path, programs: &[Program], load: &Load) -> Facts {
    let date = output("date", &["-u", "+%Y-%m-%d"], root);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let model = proc_line("/proc/cpuinfo", "model name");
    let mut lines = vec![
        ("date".to_owned(), date.clone()),
        ("commit".to_owned(), commit(root)),
        ("processor".to_owned(), format!("{model}, {cores} cores")),
        ("memory".to_owned(), proc_line("/proc/meminfo", "MemTotal")),
        ("kernel".to_owned(), read("/proc/sys/kernel/osrelease")),
        ("file system of the data".to_owned(), file_system(scratch)),
        ("command".to_owned(), command_line()),
        ("load".to_owned(), load.text()),
    ];
    for program in programs {
        lines.push((program.peer.name().to_owned(), program.version.clone()));
        if program.peer == Peer::Activemq {
            lines.push(("activemq's JVM options".to_owned(), activemq_options_text()));
        }
    }
    Facts {
        date,
        machine: slug(&format!("{model} {cores} cores")),
        lines,
    }
}

/// The version of an installed Debian package.
pub(crate) fn package_version(package: &str) -> String {
    output(
        "dpkg-query",
        &["-W", "-f", "${Version}", package],
        Path::new("."),
    )
}

/// Resident memory of a process, in MiB.
pub(crate) fn memory_mib(pid: u32) -> f64 {
    let line = proc_line(&format!("/proc/{pid}/status"), "VmRSS");
    line.split_ascii_whitespace()
        .next()
        .and_then(|kib| kib.parse::<f64>().ok())
        .map_or(0.0, |kib| kib / 1024.0)
}

/// Waits, at most as long as given, until the machine has been idle for a third of a second.
pub(crate) fn await_quiet(limit: Duration) {
    let begin = Instant::now();
    while begin.elapsed() < limit {
        let before = idle_and_total();
        std::thread::sleep(Duration::from_millis(333));
        let after = idle_and_total();
        let idle = after.0.saturating_sub(before.0);
        let total = after.1.saturating_sub(before.1);
        if idle * 100 >= total * QUIET_PERCENT {
            return;
        }
    }
}

/// Idle time and all time of the machine so far, in clock ticks.
fn idle_and_total() -> (u64, u64) {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let line = text.lines().next().unwrap_or_default();
    let ticks: Vec<u64> = line
        .split_ascii_whitespace()
        .skip(1)
        .filter_map(|word| word.parse().ok())
        .collect();
    let at = |index: usize| ticks.get(index).copied().unwrap_or(0);
    (at(3) + at(4), ticks.iter().sum())
}

fn commit(root: &Path) -> String {
    let commit = output("git", &["rev-parse", "--short=12", "HEAD"], root);
    let changes = Command::new("git")
        .args(["status", "--porcelain", "--untracked-files=no"])
        .current_dir(root)
        .output();
    match changes {
        Ok(changes) if changes.stdout.is_empty() => commit,
        _ => format!("{commit} with uncommitted changes"),
    }
}

fn command_line() -> String {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    format!("cargo xtask {}", arguments.join(" "))
}

fn file_system(path: &Path) -> String {
    let path = path.display().to_string();
    let text = output("df", &["--output=fstype,source", &path], Path::new("."));
    text.lines()
        .last()
        .unwrap_or("unknown")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" on ")
}

fn output(program: &str, arguments: &[&str], folder: &Path) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output();
    match output {
        Ok(output) if output.status.success() => {
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        }
        _ => "unknown".to_owned(),
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(path).map_or_else(|_| "unknown".to_owned(), |text| text.trim().to_owned())
}

/// The value of the first line `name : value`.
fn proc_line(path: &str, name: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.split_once(':'));
    value.map_or_else(
        || "unknown".to_owned(),
        |(_, value)| value.trim().to_owned(),
    )
}

/// Lower-case letters and digits, joined by single dashes.
fn slug(text: &str) -> String {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words: Vec<String> = words
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    words.join("-")
}

#[cfg(test)]
mod tests;
