//! The broker's memory, whole or in two parts: for what producers send, and for what is read back
//! from disk for subscriptions of topics.
//!
//! Where it is not split, both are the whole. A part's limit is a percentage of the broker's and
//! changes with it. Which of the two shapes it has is decided at start. Unit: bytes.

use crate::flow::admission::percent_of;
use crate::flow::usage::{Signal, Usage};
use crate::settings::SystemUsage;
use std::sync::Arc;

/// Name of the producers' part, for those who look at a limit that is reached.
pub(crate) const PRODUCERS: &str = "producers";
const CONSUMERS: &str = "consumers";

/// See the module.
#[derive(Debug)]
pub(crate) struct Memory {
    /// All of it.
    pub(crate) whole: Arc<Usage>,
    /// What destinations are charged to.
    pub(crate) producers: Arc<Usage>,
    /// What subscriptions are charged to for what they read back; the topic's own where it is
    /// `None`.
    pub(crate) consumers: Option<Arc<Usage>>,
}

impl Memory {
    pub(crate) fn new(usage: &SystemUsage, signal: &Arc<Signal>) -> Self {
        let whole = Usage::root("broker", usage.memory_limit_bytes, Arc::clone(signal));
        let memory = if usage.split {
            Self {
                producers: Usage::child(&whole, PRODUCERS, 0),
                consumers: Some(Usage::child(&whole, CONSUMERS, 0)),
                whole,
            }
        } else {
            Self {
                producers: Arc::clone(&whole),
                consumers: None,
                whole,
            }
        };
        memory.set_limits(usage);
        memory
    }

    /// Takes the limits from the settings.
    pub(crate) fn set_limits(&self, usage: &SystemUsage) {
        self.whole.set_limit_bytes(usage.memory_limit_bytes);
        let Some(consumers) = &self.consumers else {
            return;
        };
        // 0 would mean no limit of its own.
        let part = |percent: u32| percent_of(usage.memory_limit_bytes, percent.into());
        let least = u64::from(usage.memory_limit_bytes > 0);
        let producers = usage.producers_limit_bytes().max(least);
        self.producers.set_limit_bytes(producers);
        consumers.set_limit_bytes(part(usage.consumer_portion_percent).max(least));
    }
}
