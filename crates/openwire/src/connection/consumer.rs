//! Consumers of a connection: opening, pulling, and how much the core may dispatch to them.
//!
//! A consumer with a prefetch may hold so many messages, plus those that the client says it has
//! passed on (`extension`). One without is given a message per MessagePull; a pull that waits
//! for a time ends with a dispatch of nothing. Time cannot ask the core for anything, so what an
//! ended pull had asked for is taken back with the next command.

use super::conversation::{Answer, Ask, Conversation, Turn};
use super::reply::Pending;
use super::window::Window;
use crate::codec::Text;
use crate::convert::destination;
use crate::error::OpenWireError;
use crate::generated::{
    ConsumerControl, ConsumerId, ConsumerInfo, Message, MessageDispatch, MessagePull,
};
use floodway_message::selector::Selector;
use floodway_message::session::{Command, ConsumerId as Number, OpenConsumer, TxId};
use floodway_message::{Destination, Now, Output};
use foldhash::fast::RandomState;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

/// A pull that wants an answer at once waits so long for a page to come from disk.
const NO_WAIT_GRACE_MS: u64 = 50;
/// So many groups of a consumer are remembered.
const GROUPS_MAX: usize = 10_000;
/// Most pulls of one consumer that wait.
const PULLS_MAX: usize = 1000;

/// One consumer.
#[derive(Debug)]
pub(super) struct Consumer {
    pub(super) id: ConsumerId,
    pub(super) destinations: Vec<Destination>,
    pub(super) browser: bool,
    pub(super) durable: bool,
    prefetch: u32,
    /// Messages that the client has passed on without acknowledging them.
    extension: u32,
    /// What the core was last told.
    granted: u32,
    pub(super) window: Window,
    /// Hashes of the groups of which it has got messages.
    groups: BTreeSet<u64>,
    /// Pulls not yet answered, each with the time at which it ends.
    pulls: VecDeque<Option<u64>>,
}

impl Consumer {
    /// Most messages that the core may have dispatched and not seen acknowledged.
    fn room(&self) -> u32 {
        if self.prefetch > 0 {
            return self.prefetch.saturating_add(self.extension);
        }
        u32::try_from(self.window.open_count() + self.pulls.len()).unwrap_or(u32::MAX)
    }

    /// Tells the core how much room there is, if that has changed.
    fn grant(&mut self, number: Number, commands: &mut Vec<Command>) {
        let prefetch = self.room();
        if prefetch != self.granted {
            self.granted = prefetch;
            let consumer = number;
            commands.push(Command::SetPrefetch { consumer, prefetch });
        }
    }

    /// The client has passed messages on and can take as many more.
    pub(super) fn extend(&mut self, number: Number, count: i32, commands: &mut Vec<Command>) {
        let count = u32::try_from(count).unwrap_or(0);
        // Clients count messages that they acknowledged meanwhile; so did ActiveMQ.
        self.extension = self.extension.saturating_add(count);
        if self.prefetch > 0 {
            self.grant(number, commands);
        }
    }

    /// Messages are about to be acknowledged: the room they had must not be given twice.
    pub(super) fn shrink(&mut self, number: Number, count: usize, commands: &mut Vec<Command>) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.extension = self.extension.saturating_sub(count);
        let enough =
            self.extension == 0 || self.granted.saturating_sub(self.room()) > self.prefetch / 2;
        if self.prefetch == 0 || enough {
            self.grant(number, commands);
        }
    }

    /// A message came: the oldest pull has its answer.
    pub(super) fn answered(&mut self) {
        self.pulls.pop_front();
    }

    /// Is this the first message of its group that it gets?
    pub(super) fn begins_group(&mut self, message: &Message) -> bool {
        let Some(group) = &message.group_id else {
            return false;
        };
        let hash = self.window.hash_text(group);
        if message.group_sequence < 0 {
            // The group is closed: its next message begins it anew.
            return !self.groups.remove(&hash);
        }
        if self.groups.len() >= GROUPS_MAX {
            self.groups.clear();
        }
        self.groups.insert(hash)
    }

    /// `true` when messages that it gives back go to somebody.
    pub(super) fn gives_back(&self) -> bool {
        !self.browser && (self.durable || self.destinations.iter().any(|one| one.kind().is_queue()))
    }
}

/// All consumers of a connection.
#[derive(Debug, Default)]
pub(super) struct Consumers {
    by_number: BTreeMap<Number, Consumer>,
    by_id: HashMap<ConsumerId, Number, RandomState>,
    opened: Number,
    /// Those with pulls that end.
    pulling: BTreeSet<Number>,
    /// Those with pulls that have ended and are not yet taken back.
    ended: Vec<Number>,
}

impl Consumers {
    pub(super) fn number(&self, id: &ConsumerId) -> Option<Number> {
        self.by_id.get(id).copied()
    }

    pub(super) fn get_mut(&mut self, number: Number) -> Option<&mut Consumer> {
        self.by_number.get_mut(&number)
    }

    pub(super) fn take(&mut self, number: Number) -> Option<Consumer> {
        let consumer = self.by_number.remove(&number)?;
        self.by_id.remove(&consumer.id);
        self.pulling.remove(&number);
        Some(consumer)
    }

    /// Numbers of all, or of all of one session.
    pub(super) fn numbers(&self, session: Option<i64>) -> Vec<Number> {
        let all = self.by_number.iter();
        all.filter(|(_, one)| session.is_none_or(|session| one.id.session_id == session))
            .map(|(number, _)| *number)
            .collect()
    }

    pub(super) fn commit(&mut self, tx: TxId) {
        for consumer in self.by_number.values_mut() {
            consumer.window.commit(tx);
        }
    }

    pub(super) fn roll_back(&mut self, tx: TxId) {
        for consumer in self.by_number.values_mut() {
            consumer.window.roll_back(tx);
        }
    }
}

impl Conversation {
    pub(super) fn open_consumer(
        &mut self,
        info: &ConsumerInfo,
        ask: Ask,
        turn: &mut Turn<'_>,
    ) -> Result<Answer, OpenWireError> {
        let id = info.consumer_id.as_ref();
        let id = id.ok_or(OpenWireError::Missing { what: "consumerId" })?;
        if self.consumers.number(id).is_some() {
            return Ok(Answer::Now);
        }
        self.check_session("consumer", id.connection_id.as_ref(), id.session_id)?;
        let limit = self.settings.consumers_count_max;
        if self.consumers.by_number.len() >= limit {
            let what = "consumers";
            return Err(OpenWireError::TooMany { what, limit });
        }
        let mut open = open_of(info)?;
        self.consumers.opened += 1;
        let number = self.consumers.opened;
        open.consumer = number;
        open.reply = Some(self.replies.open(Pending::Consumer(ask, number)));
        let numbers = (id.session_id, id.value);
        open.introduction = self.introduction(id.connection_id.as_ref(), numbers, info);
        let id = ConsumerId {
            connection_id: id.connection_id.as_ref().map(Text::detached),
            ..*id
        };
        let prefetch = open.prefetch.unwrap_or(0);
        self.consumers.by_id.insert(id.clone(), number);
        self.consumers.by_number.insert(
            number,
            Consumer {
                id,
                destinations: open.destinations.clone(),
                browser: open.browser,
                durable: open.durable_name.is_some(),
                prefetch,
                extension: 0,
                granted: prefetch,
                window: Window::default(),
                groups: BTreeSet::new(),
                pulls: VecDeque::new(),
            },
        );
        turn.commands.push(Command::OpenConsumer(Box::new(open)));
        Ok(Answer::Later)
    }

    /// The client changes its prefetch; closing is the broker's to ask for.
    pub(super) fn control_consumer(
        &mut self,
        control: &ConsumerControl,
        turn: &mut Turn<'_>,
    ) -> Result<Answer, OpenWireError> {
        let number = control
            .consumer_id
            .as_ref()
            .and_then(|id| self.consumers.number(id));
        let consumer = number.and_then(|number| self.consumers.get_mut(number));
        if let (Some(number), Some(consumer), false) = (number, consumer, control.close) {
            consumer.prefetch = u32::try_from(control.prefetch).unwrap_or(0);
            consumer.grant(number, turn.commands);
        }
        Ok(Answer::Now)
    }

    pub(super) fn pull(
        &mut self,
        pull: &MessagePull,
        turn: &mut Turn<'_>,
    ) -> Result<Answer, OpenWireError> {
        let number = pull
            .consumer_id
            .as_ref()
            .and_then(|id| self.consumers.number(id));
        let Some(number) = number else {
            return Ok(Answer::Now);
        };
        let Some(consumer) = self.consumers.by_number.get_mut(&number) else {
            return Ok(Answer::Now);
        };
        if consumer.prefetch > 0 {
            return Ok(Answer::Now);
        }
        if consumer.pulls.len() >= PULLS_MAX {
            let (what, limit) = ("pulls that wait", PULLS_MAX);
            return Err(OpenWireError::TooMany { what, limit });
        }
        let wait_ms = match pull.timeout {
            0 => None,
            timeout => Some(u64::try_from(timeout).unwrap_or(NO_WAIT_GRACE_MS)),
        };
        let ends_ms = wait_ms.map(|wait| turn.now.monotonic_ms.saturating_add(wait));
        consumer.pulls.push_back(ends_ms);
        consumer.grant(number, turn.commands);
        if ends_ms.is_some() {
            self.consumers.pulling.insert(number);
        }
        Ok(Answer::Now)
    }

    /// Ends pulls whose time has come; returns when the next one ends.
    pub(super) fn expire_pulls(&mut self, now: Now, output: &mut Output) -> Option<u64> {
        let mut next: Option<u64> = None;
        let numbers: Vec<Number> = self.consumers.pulling.iter().copied().collect();
        for number in numbers {
            let Some(consumer) = self.consumers.by_number.get_mut(&number) else {
                self.consumers.pulling.remove(&number);
                continue;
            };
            let before = consumer.pulls.len();
            consumer
                .pulls
                .retain(|ends| ends.is_none_or(|ends| ends > now.monotonic_ms));
            let ended = before - consumer.pulls.len();
            let soonest = consumer.pulls.iter().flatten().min().copied();
            next = [next, soonest].into_iter().flatten().min();
            let nothing = MessageDispatch {
                consumer_id: Some(consumer.id.clone()),
                ..MessageDispatch::default()
            };
            if ended > 0 {
                self.consumers.ended.push(number);
            }
            if soonest.is_none() {
                self.consumers.pulling.remove(&number);
            }
            for _ in 0..ended {
                self.encoder.put(&nothing, output);
            }
        }
        next
    }

    /// Takes back what ended pulls had asked the core for.
    pub(super) fn revoke_pulls(&mut self, turn: &mut Turn<'_>) {
        for number in std::mem::take(&mut self.consumers.ended) {
            if let Some(consumer) = self.consumers.by_number.get_mut(&number) {
                consumer.grant(number, turn.commands);
            }
        }
    }
}

/// What to open, still without number and reply.
fn open_of(info: &ConsumerInfo) -> Result<OpenConsumer, OpenWireError> {
    let wire = info.destination.as_ref();
    let wire = wire.ok_or(OpenWireError::Missing {
        what: "destination",
    })?;
    let destinations = destination::read(wire)?.iter().cloned().collect();
    let text = |text: &Option<Text>| text.as_ref().map(|text| text.to_str().into_owned());
    let selector = text(&info.selector).filter(|text| !text.trim().is_empty());
    let selector = selector.map(|text| match Selector::parse(&text) {
        Ok(selector) => Ok(Arc::new(selector)),
        Err(_) => Err(OpenWireError::Selector { selector: text }),
    });
    Ok(OpenConsumer {
        consumer: 0,
        destinations,
        selector: selector.transpose()?,
        prefetch: Some(u32::try_from(info.prefetch_size).unwrap_or(0)),
        browser: info.browser,
        durable_name: text(&info.subscription_name).map(Arc::from),
        no_local: info.no_local,
        exclusive: info.exclusive,
        retroactive: info.retroactive,
        priority: info.priority,
        pending_limit: u32::try_from(info.maximum_pending_message_limit)
            .ok()
            .filter(|limit| *limit > 0),
        network: info.network_subscription,
        introduction: None,
        reply: None,
    })
}
