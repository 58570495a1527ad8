//! The latest messages of a topic, for retroactive subscribers that come later.
//!
//! What is kept is decided by the topic's policy, never more than [`BYTES_MAX`]; it is not charged
//! to the topic, because nobody could free it. It is gone with a restart.

use floodway_message::{Message, Now};
use std::collections::VecDeque;
use std::sync::Arc;

use crate::settings::SubscriptionRecovery;

/// Most bytes kept for one topic, whatever its policy says.
const BYTES_MAX: usize = 16 << 20;

/// See the module.
#[derive(Debug)]
pub(crate) struct Recent {
    policy: SubscriptionRecovery,
    /// With the time when each came (monotonic ms), oldest first.
    messages: VecDeque<(u64, Arc<Message>)>,
    bytes: usize,
}

impl Recent {
    /// `None` where the policy keeps nothing.
    pub(crate) fn new(policy: SubscriptionRecovery) -> Option<Self> {
        (policy != SubscriptionRecovery::None).then(|| Self {
            policy,
            messages: VecDeque::new(),
            bytes: 0,
        })
    }

    /// Keeps a message, and lets go of those that are too many or too old.
    pub(crate) fn note(&mut self, message: &Arc<Message>, now: Now) {
        self.bytes += message.charge_bytes();
        self.messages
            .push_back((now.monotonic_ms, Arc::clone(message)));
        self.forget(now);
    }

    fn forget(&mut self, now: Now) {
        while let Some((came_ms, _)) = self.messages.front() {
            let over = match self.policy {
                SubscriptionRecovery::None => true,
                SubscriptionRecovery::LastImage => self.messages.len() > 1,
                SubscriptionRecovery::FixedCount(count) => self.messages.len() > count,
                SubscriptionRecovery::FixedSized(bytes) => self.bytes as u64 > bytes,
                SubscriptionRecovery::Timed(ms) => now.monotonic_ms.saturating_sub(*came_ms) > ms,
            };
            if !over && self.bytes <= BYTES_MAX {
                return;
            }
            if let Some((_, message)) = self.messages.pop_front() {
                self.bytes = self.bytes.saturating_sub(message.charge_bytes());
            }
        }
    }

    /// What a subscriber gets that comes now, oldest first.
    pub(crate) fn messages(&mut self, now: Now) -> Vec<Arc<Message>> {
        self.forget(now);
        let alive = |message: &&Arc<Message>| !message.is_expired(now.wall_ms);
        let messages = self.messages.iter().map(|(_, message)| message);
        messages.filter(alive).map(Arc::clone).collect()
    }
}
