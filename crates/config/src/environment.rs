//! What the machine and the process offer to a configuration: environment variables, the current
//! directory, memory, disk space.
//!
//! The only place of the product that reads environment variables. Everything is taken once, so
//! that tests can give their own and a configuration means the same wherever it is read. Sizes
//! are bytes.

use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

#[cfg(test)]
mod tests;

/// Greatest heap that stands in for the JVM's: what ActiveMQ's launcher sets.
const HEAP_BYTES_MAX: u64 = 1 << 30;

/// Space of the file system that holds a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskSpace {
    /// All of it.
    pub total_bytes: u64,
    /// What this process may still write.
    pub available_bytes: u64,
}

/// Where disk space is read.
#[derive(Debug, Clone)]
enum Disks {
    System,
    Fixed(Option<DiskSpace>),
    Still(Arc<Mutex<Remembered>>),
}

/// What disks were like when they were looked at first.
#[derive(Debug, Default)]
struct Remembered {
    spaces: BTreeMap<PathBuf, Option<DiskSpace>>,
    used_bytes: BTreeMap<PathBuf, u64>,
}

/// Variables, directory, memory and disks.
#[derive(Debug, Clone)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    current_directory: PathBuf,
    memory_bytes: u64,
    disks: Disks,
    time_zone: TimeZone,
}

impl Environment {
    /// The environment of this process.
    ///
    /// # Errors
    /// When there is no current directory.
    pub fn of_process() -> std::io::Result<Self> {
        let mut variables: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        // Shells set this one without exporting it, and many configurations rely on it.
        if let Ok(host) = fs::read_to_string("/proc/sys/kernel/hostname") {
            variables
                .entry("HOSTNAME".into())
                .or_insert_with(|| host.trim().into());
        }
        Ok(Self {
            variables,
            current_directory: std::env::current_dir()?,
            memory_bytes: memory_of_machine(),
            disks: Disks::System,
            time_zone: TimeZone::try_system().unwrap_or(TimeZone::UTC),
        })
    }

    /// An environment made up by the caller; it sees no disks, and its time zone is UTC.
    pub fn fixed(
        current_directory: &Path,
        memory_bytes: u64,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        Self {
            variables: variables.into_iter().collect(),
            current_directory: current_directory.into(),
            memory_bytes,
            disks: Disks::Fixed(None),
            time_zone: TimeZone::UTC,
        }
    }

    /// The same with every path on a disk of this space.
    #[must_use]
    pub fn with_disk(mut self, space: DiskSpace) -> Self {
        self.disks = Disks::Fixed(Some(space));
        self
    }

    /// The same with disks that stay as they are when they are first looked at: two
    /// configurations that are read with it differ in what they say and in nothing else.
    #[must_use]
    pub(crate) fn still(&self) -> Self {
        let disks = match &self.disks {
            Disks::System => Disks::Still(Arc::default()),
            disks => disks.clone(),
        };
        Self {
            disks,
            ..self.clone()
        }
    }

    /// An environment variable.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// Where times are local: what the variable `TZ` says, or the machine.
    pub(crate) fn time_zone(&self) -> &TimeZone {
        &self.time_zone
    }

    /// Where relative paths on the command line begin.
    pub(crate) fn current_directory(&self) -> &Path {
        &self.current_directory
    }

    /// Memory of the machine, or of the control group when that is less.
    pub(crate) fn memory_bytes(&self) -> u64 {
        self.memory_bytes
    }

    /// What `percentOfJvmHeap` is a percentage of: 1 gb, or a quarter of a small machine's memory.
    pub(crate) fn heap_bytes(&self) -> u64 {
        HEAP_BYTES_MAX.min(self.memory_bytes / 4)
    }

    /// Bytes of the files that stand directly in a directory; 0 when there is none.
    pub(crate) fn directory_bytes(&self, directory: &Path) -> u64 {
        match &self.disks {
            Disks::Still(remembered) => {
                let mut remembered = remembered.lock().unwrap_or_else(PoisonError::into_inner);
                let known = remembered.used_bytes.entry(directory.into());
                *known.or_insert_with(|| bytes_in(directory))
            }
            Disks::System | Disks::Fixed(_) => bytes_in(directory),
        }
    }

    /// `true` when two paths, or the nearest directories above them that exist, are of one file
    /// system.
    pub(crate) fn same_disk(&self, one: &Path, other: &Path) -> bool {
        match &self.disks {
            Disks::Fixed(space) => space.is_some(),
            Disks::System | Disks::Still(_) => {
                device_of(one).is_some_and(|device| Some(device) == device_of(other))
            }
        }
    }

    /// Space of the file system of a path, or of the nearest directory above that exists.
    pub(crate) fn disk(&self, path: &Path) -> Option<DiskSpace> {
        match &self.disks {
            Disks::Fixed(space) => *space,
            Disks::System => space_of(path),
            Disks::Still(remembered) => {
                let mut remembered = remembered.lock().unwrap_or_else(PoisonError::into_inner);
                let known = remembered.spaces.entry(path.into());
                *known.or_insert_with(|| space_of(path))
            }
        }
    }
}

fn bytes_in(directory: &Path) -> u64 {
    /// More files than these are not counted.
    const FILES_MAX: usize = 100_000;
    let files = fs::read_dir(directory).into_iter().flatten().flatten();
    files
        .take(FILES_MAX)
        .filter_map(|file| file.metadata().ok())
        .filter(fs::Metadata::is_file)
        .fold(0, |sum, file| sum.saturating_add(file.len()))
}

fn device_of(path: &Path) -> Option<u64> {
    let existing = path.ancestors().find(|ancestor| ancestor.exists())?;
    existing.metadata().ok().map(|found| found.dev())
}

/// Space of the file system that holds a path, or will hold it; `None` if it cannot be told.
pub fn space_of(path: &Path) -> Option<DiskSpace> {
    let existing = path.ancestors().find(|ancestor| ancestor.exists())?;
    let found = rustix::fs::statvfs(existing).ok()?;
    Some(DiskSpace {
        total_bytes: found.f_blocks.saturating_mul(found.f_frsize),
        available_bytes: found.f_bavail.saturating_mul(found.f_frsize),
    })
}

/// Memory that this process may use: physical, or less by control group.
fn memory_of_machine() -> u64 {
    let physical = fs::read_to_string("/proc/meminfo")
        .ok()
        .and_then(|text| meminfo_total(&text))
        .unwrap_or(4 * HEAP_BYTES_MAX);
    [
        "/sys/fs/cgroup/memory.max",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    ]
    .iter()
    .filter_map(|path| fs::read_to_string(path).ok())
    .filter_map(|text| text.trim().parse::<u64>().ok())
    .fold(physical, u64::min)
}

/// `MemTotal` in bytes.
fn meminfo_total(text: &str) -> Option<u64> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}
