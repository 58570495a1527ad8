//! What happened, as one number: a hash over all commands, events and disk operations, and, if
//! wanted, the lines themselves.
//!
//! Two runs of a seed must give the same hash; what differs between them (a clock, the order of
//! a hash map) is a bug of the broker. FNV-1a, 64 bits.

use std::fmt::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// See the module. Clones share one record.
#[derive(Clone, Default)]
pub(crate) struct Trace {
    record: Arc<Mutex<Record>>,
}

struct Record {
    hash: u64,
    step: u64,
    lines: Option<Vec<String>>,
}

impl Default for Record {
    fn default() -> Self {
        Self {
            hash: 0xcbf2_9ce4_8422_2325,
            step: 0,
            lines: None,
        }
    }
}

impl Write for Record {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Ok(())
    }
}

impl Trace {
    /// One that keeps its lines.
    pub(crate) fn with_lines() -> Self {
        let trace = Self::default();
        trace.lock().lines = Some(Vec::new());
        trace
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what happened.
    pub(crate) fn note(&self, what: fmt::Arguments<'_>) {
        let mut record = self.lock();
        if record.write_fmt(what).is_err() {
            debug_assert!(false, "hashing does not fail");
        }
        let step = record.step;
        if let Some(lines) = &mut record.lines {
            lines.push(format!("{step:6} {what}"));
        }
    }

    pub(crate) fn set_step(&self, step: u64) {
        self.lock().step = step;
    }

    pub(crate) fn hash(&self) -> u64 {
        self.lock().hash
    }

    pub(crate) fn take_lines(&self) -> Vec<String> {
        let mut record = self.lock();
        record
            .lines
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default()
    }
}

/// A short number for bytes, to tell contents apart in a trace.
pub(crate) fn digest(bytes: &[u8]) -> u32 {
    let mut hash = 0x811c_9dc5_u32;
    for byte in bytes {
        hash = (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    }
    hash
}
