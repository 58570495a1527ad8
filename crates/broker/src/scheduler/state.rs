//! The index of all jobs in memory: numbers and times.
//!
//! Invariant: each job stands in exactly one of `due` (it waits for its time) and `late` (its time
//! has come: it is being sent, or waits for room, or for the next tick).

use super::manage::Action;
use super::record::JobRecord;
use crate::destination::Node;
use floodway_message::Destination;
use floodway_store::ListId;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Time and number of a job.
pub(crate) type Key = (i64, u64);

/// A list of the store and its end.
#[derive(Default)]
pub(super) struct End {
    pub(super) list: Option<ListId>,
    pub(super) next: u64,
}

impl End {
    /// The position of the next record.
    pub(super) fn assign(&mut self) -> u64 {
        let position = self.next;
        self.next += 1;
        position
    }
}

/// What memory knows of a job.
#[derive(Debug, Clone, Copy)]
pub(super) struct Job {
    pub(super) next_ms: i64,
    /// Position of its schedule.
    pub(super) schedule: u64,
    /// Repetitions left; less than zero for no end.
    pub(super) left: i32,
    pub(super) fired: u32,
    pub(super) bytes: u32,
    /// Of its id.
    pub(super) hash: u32,
}

impl Job {
    pub(super) fn of(record: &JobRecord, schedule: u64) -> Self {
        Self {
            next_ms: record.next_ms,
            schedule,
            left: record.left,
            fired: record.fired,
            bytes: u32::try_from(record.bytes).unwrap_or(u32::MAX),
            hash: hash(&record.id),
        }
    }
}

/// FNV-1a, so that the same store gives the same answers.
pub(super) fn hash(id: &str) -> u32 {
    id.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

/// Jobs that wait for room at a destination.
pub(super) struct Queued {
    pub(super) node: Node,
    pub(super) keys: BTreeSet<Key>,
}

/// See the module.
#[derive(Default)]
pub(super) struct State {
    pub(super) schedules: End,
    pub(super) messages: End,
    pub(super) jobs: BTreeMap<u64, Job>,
    pub(super) due: BTreeSet<Key>,
    pub(super) late: BTreeSet<Key>,
    /// Those of `late` that are being sent, and whether they were removed meanwhile.
    pub(super) firing: BTreeMap<u64, bool>,
    /// Those of `late` that wait for room; may name jobs that are gone.
    pub(super) waiting: BTreeMap<Destination, Queued>,
    /// Those of `late` that are tried again with the next tick.
    pub(super) retried: Vec<Key>,
    pub(super) actions: VecDeque<Action>,
    /// Somebody works on what is due.
    pub(super) stepping: bool,
}

impl State {
    /// A job waits for its time.
    pub(super) fn insert(&mut self, job: Job, number: u64) {
        self.due.insert((job.next_ms, number));
        self.jobs.insert(number, job);
    }

    /// Takes a job out, with the list that its schedule is in.
    pub(super) fn take(&mut self, number: u64) -> Option<(ListId, Job)> {
        let job = self.jobs.remove(&number)?;
        let key = (job.next_ms, number);
        self.due.remove(&key);
        self.late.remove(&key);
        Some((self.schedules.list?, job))
    }

    /// Takes jobs whose time has come, in order.
    pub(super) fn take_due(&mut self, now_ms: i64, max: usize) -> Vec<Key> {
        let mut taken = Vec::new();
        while taken.len() < max
            && let Some(key) = self.due.first().copied()
            && key.0 <= now_ms
        {
            self.due.pop_first();
            self.late.insert(key);
            self.firing.insert(key.1, false);
            taken.push(key);
        }
        taken
    }

    /// Takes jobs that waited at a destination where there is room now.
    pub(super) fn take_waiting(&mut self, destination: &Destination, max: usize) -> Vec<Key> {
        let mut taken = Vec::new();
        let Some(queued) = self.waiting.get_mut(destination) else {
            return taken;
        };
        while taken.len() < max
            && let Some(key) = queued.keys.pop_first()
        {
            if self.late.contains(&key) {
                self.firing.insert(key.1, false);
                taken.push(key);
            }
        }
        if queued.keys.is_empty() {
            self.waiting.remove(destination);
        }
        taken
    }

    /// How many wait for room at a destination.
    pub(super) fn waiting_at(&self, destination: &Destination) -> usize {
        let queued = self.waiting.get(destination);
        queued.map_or(0, |queued| queued.keys.len())
    }

    /// The job waits for room.
    pub(super) fn wait(&mut self, key: Key, node: &Node) {
        self.firing.remove(&key.1);
        let queued = self.waiting.entry(node.destination().clone());
        let queued = queued.or_insert_with(|| Queued {
            node: node.clone(),
            keys: BTreeSet::new(),
        });
        queued.keys.insert(key);
    }

    /// The job is tried again with the next tick.
    pub(super) fn retry(&mut self, key: Key) {
        self.firing.remove(&key.1);
        self.retried.push(key);
    }

    /// The job is tried again at a time.
    pub(super) fn postpone(&mut self, key: Key, next_ms: i64) {
        self.firing.remove(&key.1);
        if let Some(mut job) = self.jobs.remove(&key.1) {
            self.late.remove(&key);
            job.next_ms = next_ms;
            self.insert(job, key.1);
        }
    }

    /// A tick: what is tried again is due.
    pub(super) fn tick(&mut self) {
        for key in std::mem::take(&mut self.retried) {
            if self.late.remove(&key) {
                self.due.insert(key);
            }
        }
    }

    /// Keys from one on and up to a time, in order.
    pub(super) fn keys(&self, from: Key, end_ms: i64, max: usize) -> Vec<Key> {
        if from > (end_ms, u64::MAX) {
            return Vec::new();
        }
        let range = from..=(end_ms, u64::MAX);
        let mut due = self.due.range(range.clone()).copied().peekable();
        let mut late = self.late.range(range).copied().peekable();
        let mut keys = Vec::new();
        while keys.len() < max {
            let next = match (due.peek(), late.peek()) {
                (Some(one), Some(other)) if one < other => due.next(),
                (Some(_), None) => due.next(),
                (_, Some(_)) => late.next(),
                (None, None) => None,
            };
            let Some(next) = next else { break };
            keys.push(next);
        }
        keys
    }

    /// When the first job is due, or was.
    pub(super) fn first_ms(&self) -> Option<i64> {
        let firsts = self.due.first().into_iter().chain(self.late.first());
        firsts.map(|(next_ms, _)| *next_ms).min()
    }

    /// The job of an id.
    pub(super) fn number_of(&self, id: &str) -> Option<u64> {
        let (_, digits) = id.rsplit_once(':')?;
        let number = digits.parse().ok()?;
        let job = self.jobs.get(&number)?;
        (job.hash == hash(id)).then_some(number)
    }
}
