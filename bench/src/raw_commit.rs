//! The machine's own group-commit rate: waiters that each append one record to one shared file.
//!
//! It knows no broker; it is the yardstick for durable sends. One thread writes and syncs whatever
//! has gathered since the last sync, then wakes exactly the waiters of that batch; there is no
//! timer. The file is zeroed beforehand and overwritten in circles, as a recycled journal segment
//! is. Sizes are bytes.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use serde::Serialize;

use crate::latency::{Latencies, Summary};

/// The file that is overwritten; as large as a journal segment.
const FILE_BYTES: u64 = 64 * 1024 * 1024;

/// What to measure.
#[derive(Clone, Debug)]
pub struct RawCommit {
    /// Where the file is made; it is removed afterwards.
    pub directory: PathBuf,
    pub waiter_count: usize,
    pub record_bytes: usize,
    pub warmup: Duration,
    pub duration: Duration,
}

/// What the machine can do.
#[derive(Clone, Debug, Serialize)]
pub struct RawCommitRecord {
    pub waiter_count: usize,
    pub record_bytes: usize,
    pub seconds: f64,
    pub commits_per_second: f64,
    pub syncs_per_second: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_latency: Option<Summary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sync_latency: Option<Summary>,
}

#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    waiters: Vec<usize>,
}

struct Shared {
    batch: Mutex<Batch>,
    gathered: Condvar,
    /// 0 warm-up, 1 measure, 2 end.
    phase: AtomicU8,
    /// For each waiter, how many of its records are durable.
    durable: Vec<AtomicU64>,
    commits: AtomicU64,
    syncs: AtomicU64,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Batch> {
        self.batch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn phase(&self) -> u8 {
        self.phase.load(Ordering::Relaxed)
    }

    fn totals(&self) -> (u64, u64) {
        (
            self.commits.load(Ordering::Relaxed),
            self.syncs.load(Ordering::Relaxed),
        )
    }
}

impl RawCommit {
    /// Measures and removes its file.
    pub fn run(&self) -> Result<RawCommitRecord> {
        let path = self
            .directory
            .join(format!("raw-commit-{}.tmp", std::process::id()));
        let result = zeroed(&path).and_then(|file| self.measure(&file));
        std::fs::remove_file(&path).ok();
        result.with_context(|| format!("raw commit in {}", self.directory.display()))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of a run are far below 2^52"
    )]
    fn measure(&self, file: &File) -> Result<RawCommitRecord> {
        let shared = Shared {
            batch: Mutex::default(),
            gathered: Condvar::new(),
            phase: AtomicU8::new(0),
            durable: (0..self.waiter_count).map(|_| AtomicU64::new(0)).collect(),
            commits: AtomicU64::new(0),
            syncs: AtomicU64::new(0),
        };
        let (shared, bytes) = (&shared, self.record_bytes);
        let crashed = |_panic| anyhow!("a thread of the probe crashed");
        thread::scope(|scope| {
            let waiters: Vec<_> = (0..self.waiter_count)
                .map(|index| scope.spawn(move || wait_in_turn(shared, index, bytes)))
                .collect();
            let threads: Vec<Thread> = waiters
                .iter()
                .map(|waiter| waiter.thread().clone())
                .collect();
            let wakers = threads.clone();
            let committer = scope.spawn(move || commit_batches(shared, file, &wakers));
            thread::sleep(self.warmup);
            let (begin, before) = (Instant::now(), shared.totals());
            shared.phase.store(1, Ordering::Relaxed);
            thread::sleep(self.duration);
            let (after, seconds) = (shared.totals(), begin.elapsed().as_secs_f64());
            shared.phase.store(2, Ordering::Relaxed);
            shared.gathered.notify_one();
            let sync = committer.join().map_err(crashed)??;
            threads.iter().for_each(Thread::unpark);
            let wait = Latencies::new()?;
            let wait = waiters.into_iter().try_fold(wait, |mut sum, waiter| {
                sum.add(&waiter.join().map_err(crashed)??)?;
                anyhow::Ok(sum)
            })?;
            Ok(RawCommitRecord {
                waiter_count: self.waiter_count,
                record_bytes: self.record_bytes,
                seconds,
                commits_per_second: (after.0 - before.0) as f64 / seconds,
                syncs_per_second: (after.1 - before.1) as f64 / seconds,
                wait_latency: wait.summary(),
                sync_latency: sync.summary(),
            })
        })
    }
}

impl RawCommitRecord {
    /// One line of JSON, in the form of a broker's record as far as it goes.
    pub fn json(&self) -> Result<String> {
        let mut value = serde_json::to_value(self)?;
        if let Some(fields) = value.as_object_mut() {
            fields.insert("broker".into(), crate::scenario::RAW_COMMIT.into());
        }
        Ok(value.to_string())
    }

    /// One line for a person.
    pub fn human(&self) -> String {
        let wait = self.wait_latency.map_or(0.0, |summary| summary.p50_us);
        let sync = self.sync_latency.map_or(0.0, |summary| summary.p50_us);
        format!(
            "raw-commit: {} waiters, {} bytes: {:.0} commits/s in {:.0} syncs/s; \
             wait p50 {wait:.0} us, write and sync p50 {sync:.0} us",
            self.waiter_count, self.record_bytes, self.commits_per_second, self.syncs_per_second
        )
    }
}

/// A file full of zeros that is on the disk and not in the page cache.
fn zeroed(path: &Path) -> Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)?;
    let block = vec![0_u8; 1024 * 1024];
    let mut at = 0;
    while at < FILE_BYTES {
        file.write_all_at(&block, at)?;
        at += block.len() as u64;
    }
    file.sync_all()?;
    // Small overwrites are charged as whole large folios while the zeroed pages are cached.
    rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)?;
    Ok(file)
}

/// One waiter: appends a record, sleeps until it is durable, again.
fn wait_in_turn(shared: &Shared, index: usize, record_bytes: usize) -> Result<Latencies> {
    let mut latencies = Latencies::new()?;
    let record = vec![0x5a_u8; record_bytes];
    let Some(durable) = shared.durable.get(index) else {
        return Ok(latencies);
    };
    let mut sent = 0;
    while shared.phase() < 2 {
        let begin = Instant::now();
        let mut batch = shared.lock();
        let was_empty = batch.waiters.is_empty();
        batch.bytes.extend_from_slice(&record);
        batch.waiters.push(index);
        drop(batch);
        if was_empty {
            shared.gathered.notify_one();
        }
        sent += 1;
        while durable.load(Ordering::Acquire) < sent && shared.phase() < 2 {
            thread::park();
        }
        if shared.phase() == 1 {
            latencies.record(u64::try_from(begin.elapsed().as_nanos())?);
        }
    }
    Ok(latencies)
}

/// The committer: takes what has gathered, writes, syncs, wakes.
fn commit_batches(shared: &Shared, file: &File, threads: &[Thread]) -> Result<Latencies> {
    let mut latencies = Latencies::new()?;
    let mut taken = Batch::default();
    let mut at = 0;
    while shared.phase() < 2 {
        taken.bytes.clear();
        taken.waiters.clear();
        let mut batch = shared.lock();
        while batch.waiters.is_empty() && shared.phase() < 2 {
            let wait = shared
                .gathered
                .wait_timeout(batch, Duration::from_millis(20));
            batch = wait.unwrap_or_else(PoisonError::into_inner).0;
        }
        std::mem::swap(&mut *batch, &mut taken);
        drop(batch);
        let begin = Instant::now();
        if at + taken.bytes.len() as u64 > FILE_BYTES {
            at = 0;
        }
        file.write_all_at(&taken.bytes, at)?;
        file.sync_data()?;
        at += taken.bytes.len() as u64;
        if shared.phase() == 1 {
            latencies.record(u64::try_from(begin.elapsed().as_nanos())?);
        }
        shared.syncs.fetch_add(1, Ordering::Relaxed);
        shared
            .commits
            .fetch_add(taken.waiters.len() as u64, Ordering::Relaxed);
        for &index in &taken.waiters {
            if let (Some(durable), Some(waiter)) = (shared.durable.get(index), threads.get(index)) {
                durable.fetch_add(1, Ordering::Release);
                waiter.unpark();
            }
        }
    }
    Ok(latencies)
}

#[cfg(test)]
mod tests;
