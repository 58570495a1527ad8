//! CPU time and memory of the broker's processes, of this tool and of the machine, from `/proc`.
//!
//! It knows Linux's `/proc` (proc(5)) and no broker. A broker is a process with all its
//! descendants, because some peers run behind a launcher.
//! Invariant: a process that has gone counts as zero; sampling never fails a run. CPU time is in
//! microseconds, memory in KiB.

use std::fs;

/// Processes that are looked at together.
#[derive(Clone, Debug, Default)]
pub struct ProcessTree {
    pids: Vec<u32>,
}

impl ProcessTree {
    /// The process and all its present descendants.
    pub fn of(root: u32) -> Self {
        let parents: Vec<(u32, u32)> = all_pids()
            .into_iter()
            .filter_map(|pid| Some((pid, stat_field(&read_stat(pid)?, 1)?)))
            .filter_map(|(pid, parent)| Some((pid, u32::try_from(parent).ok()?)))
            .collect();
        let mut pids = vec![root];
        let mut next = 0;
        while let Some(&parent) = pids.get(next) {
            next += 1;
            pids.extend(
                parents
                    .iter()
                    .filter(|pair| pair.1 == parent)
                    .map(|pair| pair.0),
            );
        }
        Self { pids }
    }

    /// User and system time of all threads so far.
    pub fn cpu_us(&self) -> u64 {
        self.pids
            .iter()
            .map(|&pid| read_stat(pid).map_or(0, |stat| cpu_us(&stat)))
            .sum()
    }

    /// Resident memory now.
    pub fn memory_kib(&self) -> u64 {
        self.pids.iter().map(|&pid| status_kib(pid, "VmRSS:")).sum()
    }

    /// Largest resident memory since the start or the last `reset_memory_peak`.
    pub fn memory_peak_kib(&self) -> u64 {
        self.pids.iter().map(|&pid| status_kib(pid, "VmHWM:")).sum()
    }

    /// Lets the peak begin anew at the present value, where the kernel allows it.
    pub fn reset_memory_peak(&self) -> bool {
        self.pids
            .iter()
            .all(|pid| fs::write(format!("/proc/{pid}/clear_refs"), "5").is_ok())
    }
}

/// CPU time of the whole machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct MachineTime {
    pub busy_us: u64,
    /// Taken by the hypervisor for somebody else.
    pub stolen_us: u64,
}

impl MachineTime {
    /// Reads the machine's counters.
    pub fn now() -> Self {
        let text = fs::read_to_string("/proc/stat").unwrap_or_default();
        let line = text.lines().next().unwrap_or_default();
        let fields: Vec<u64> = line
            .split_ascii_whitespace()
            .skip(1)
            .filter_map(|field| field.parse().ok())
            .collect();
        let ticks = |index: usize| fields.get(index).copied().unwrap_or(0);
        let busy = ticks(0) + ticks(1) + ticks(2) + ticks(5) + ticks(6);
        Self {
            busy_us: ticks_us(busy),
            stolen_us: ticks_us(ticks(7)),
        }
    }
}

fn all_pids() -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

/// The part of `/proc/PID/stat` after the command's name, which may hold any character.
fn read_stat(pid: u32) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(text.rsplit_once(") ")?.1.to_owned())
}

/// A field of the part that `read_stat` returns; 0 is the state.
fn stat_field(stat: &str, index: usize) -> Option<u64> {
    stat.split_ascii_whitespace().nth(index)?.parse().ok()
}

fn cpu_us(stat: &str) -> u64 {
    let ticks = stat_field(stat, 11).unwrap_or(0) + stat_field(stat, 12).unwrap_or(0);
    ticks_us(ticks)
}

fn ticks_us(ticks: u64) -> u64 {
    ticks * (1_000_000 / rustix::param::clock_ticks_per_second().max(1))
}

fn status_kib(pid: u32, name: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .unwrap_or_default();
    line.split_ascii_whitespace()
        .next()
        .and_then(|word| word.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests;
