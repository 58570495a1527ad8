//! The usage tree: bytes in memory of a destination and of the broker above it.
//!
//! Charging a node charges its ancestors. A node is full when its use has reached its limit, or
//! when an ancestor is full; the test is made before a message is admitted, so each producer may
//! exceed a limit by one message and no more. A limit of 0 is unlimited. Unit: bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

#[cfg(test)]
mod tests;

/// Raised when a full node has room again, so that parked sends are looked at.
#[derive(Debug, Default)]
pub(crate) struct Signal(AtomicBool);

impl Signal {
    pub(crate) fn raise(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// `true` once after each [`Signal::raise`].
    pub(crate) fn take(&self) -> bool {
        self.0.load(Ordering::Relaxed) && self.0.swap(false, Ordering::Acquire)
    }
}

/// One node of the tree.
#[derive(Debug)]
pub(crate) struct Usage {
    name: Box<str>,
    limit_bytes: AtomicU64,
    used_bytes: AtomicU64,
    /// Part of what is used that commits which wait will free.
    promised_bytes: AtomicU64,
    parent: Option<Arc<Usage>>,
    signal: Arc<Signal>,
}

impl Usage {
    pub(crate) fn root(name: &str, limit_bytes: u64, signal: Arc<Signal>) -> Arc<Self> {
        Arc::new(Self {
            name: name.into(),
            limit_bytes: AtomicU64::new(limit_bytes),
            used_bytes: AtomicU64::new(0),
            promised_bytes: AtomicU64::new(0),
            parent: None,
            signal,
        })
    }

    /// A child node; a limit of 0 means its parent's limit.
    pub(crate) fn child(parent: &Arc<Usage>, name: &str, limit_bytes: u64) -> Arc<Self> {
        Arc::new(Self {
            name: name.into(),
            limit_bytes: AtomicU64::new(limit_bytes),
            used_bytes: AtomicU64::new(0),
            promised_bytes: AtomicU64::new(0),
            parent: Some(Arc::clone(parent)),
            signal: Arc::clone(&parent.signal),
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn used_bytes(&self) -> u64 {
        self.used_bytes.load(Ordering::Relaxed)
    }

    /// The node's own limit, or its parent's where it has none.
    pub(crate) fn limit_bytes(&self) -> u64 {
        match (self.limit_bytes.load(Ordering::Relaxed), &self.parent) {
            (0, Some(parent)) => parent.limit_bytes(),
            (limit, _) => limit,
        }
    }

    /// Changes the limit; sends that wait are looked at.
    pub(crate) fn set_limit_bytes(&self, limit_bytes: u64) {
        self.limit_bytes.store(limit_bytes, Ordering::Relaxed);
        self.signal.raise();
    }

    /// The node, this or an ancestor, that is full.
    pub(crate) fn full_node(&self) -> Option<&Usage> {
        let limit = self.limit_bytes.load(Ordering::Relaxed);
        if limit > 0 && self.used_bytes() >= limit {
            return Some(self);
        }
        self.parent.as_ref().and_then(|parent| parent.full_node())
    }

    /// As [`Usage::full_node`], not counting what waiting commits will free: so a transaction never
    /// waits for room that only it, or another that waits, can make.
    pub(crate) fn full_node_beside_promises(&self) -> Option<&Usage> {
        let limit = self.limit_bytes.load(Ordering::Relaxed);
        let promised = self.promised_bytes.load(Ordering::Relaxed);
        if limit > 0 && self.used_bytes().saturating_sub(promised) >= limit {
            return Some(self);
        }
        let parent = self.parent.as_ref();
        parent.and_then(|parent| parent.full_node_beside_promises())
    }

    fn chain(&self) -> impl Iterator<Item = &Usage> {
        std::iter::successors(Some(self), |node| node.parent.as_deref())
    }

    /// This node, whatever its ancestors, is below its limit.
    pub(crate) fn has_own_space(&self) -> bool {
        let limit = self.limit_bytes.load(Ordering::Relaxed);
        limit == 0 || self.used_bytes() < limit
    }

    /// Room to keep more messages in memory: this node below `percent` of its limit and no
    /// ancestor full.
    pub(crate) fn has_space(&self, percent: u32) -> bool {
        let limit = self.limit_bytes();
        let below = limit == 0
            || u128::from(self.used_bytes()) * 100 < u128::from(limit) * u128::from(percent);
        below
            && self
                .parent
                .as_ref()
                .is_none_or(|parent| parent.full_node().is_none())
    }

    /// Bytes up to `percent` of the limit, 0 when passed.
    pub(crate) fn space_bytes(&self, percent: u32) -> u64 {
        match self.limit_bytes() {
            0 => u64::MAX,
            limit => {
                let mark = u128::from(limit) * u128::from(percent) / 100;
                u64::try_from(mark)
                    .unwrap_or(u64::MAX)
                    .saturating_sub(self.used_bytes())
            }
        }
    }

    fn add(&self, bytes: u64) {
        self.used_bytes.fetch_add(bytes, Ordering::Relaxed);
        if let Some(parent) = &self.parent {
            parent.add(bytes);
        }
    }

    fn subtract(&self, bytes: u64) {
        let before = self.used_bytes.fetch_sub(bytes, Ordering::Relaxed);
        let limit = self.limit_bytes.load(Ordering::Relaxed);
        if before >= limit && before.saturating_sub(bytes) < limit {
            self.signal.raise();
        }
        if let Some(parent) = &self.parent {
            parent.subtract(bytes);
        }
    }
}

/// Bytes charged to a node for as long as this lives.
#[derive(Debug)]
pub(crate) struct Charge {
    usage: Arc<Usage>,
    bytes: u64,
}

impl Charge {
    pub(crate) fn new(usage: &Arc<Usage>, bytes: u64) -> Self {
        usage.add(bytes);
        Self {
            usage: Arc::clone(usage),
            bytes,
        }
    }

    pub(crate) fn usage(&self) -> &Arc<Usage> {
        &self.usage
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.usage.subtract(self.bytes);
    }
}

/// Bytes that a commit will free, known for as long as it has not.
#[derive(Debug)]
pub(crate) struct Promise {
    usage: Arc<Usage>,
    bytes: u64,
}

impl Promise {
    pub(crate) fn new(usage: &Arc<Usage>, bytes: u64) -> Self {
        for node in usage.chain() {
            node.promised_bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        Self {
            usage: Arc::clone(usage),
            bytes,
        }
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        for node in self.usage.chain() {
            node.promised_bytes.fetch_sub(self.bytes, Ordering::Relaxed);
        }
    }
}
