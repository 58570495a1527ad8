//! Operations on single messages, done as any client does them: with a session of the core that
//! browses, consumes and sends. So limits, stores and transactions hold, and whatever is on disk
//! is read by the core's own paging.
//!
//! Waiting is asynchronous and bounded by whoever calls. Invariant: what was consumed and neither
//! removed nor moved goes back as it was, also when the clerk is dropped half-way.

use crate::listener::Watched;
use crate::rest::set::BUG;
use floodway_broker::Session;
use floodway_broker::undo::{UndoError, UndoToken};
use floodway_message::selector::Selector;
use floodway_message::session::{
    Ack, AckKind, AckRange, Command, Delivery, Destinations, Event, Failure, FailureKind,
    OpenConsumer, Reply, Send,
};
use floodway_message::{Destination, Message, MessageBuilder};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::spawn_blocking;

/// Deliveries at a time, and messages of one transaction.
const WINDOW: u32 = 200;
/// Events taken at a time.
const EVENTS: usize = 1024;
/// How often to look again when nothing comes.
const PAUSE: Duration = Duration::from_millis(10);
/// How often to try to have messages remembered that are not written yet.
const REMEMBER_TRIES: usize = 100;
/// The only consumer, the only producer and the only transaction of a session.
const NUMBER: u64 = 1;
/// Most bytes of bodies that a browse holds.
pub(crate) const BROWSE_BYTES_MAX: usize = 16 << 20;

/// What becomes of the messages that are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    /// They are removed.
    Removed,
    /// They go to another destination.
    Moved(Destination),
    /// Each goes back to where it was before it became a dead letter.
    Retried,
}

/// See the module.
pub(crate) struct Clerk {
    watched: Watched,
    session: Arc<Session>,
    woken: Arc<Notify>,
    /// Deliveries that were not dealt with yet.
    deliveries: Vec<Delivery>,
    /// The last delivery of all.
    last: u64,
    browse_ended: bool,
    answers: Vec<(Reply, Result<(), Failure>)>,
    replies: Reply,
    /// Copies are numbered, so that no repeated send doubles them.
    copies: u64,
    id: String,
}

impl Clerk {
    pub(crate) fn new(watched: &Watched) -> Self {
        let woken = Arc::new(Notify::new());
        let wake = Arc::clone(&woken);
        let session = watched
            .broker
            .administer("administration", Box::new(move || wake.notify_one()));
        Self {
            watched: watched.clone(),
            session: Arc::new(session),
            woken,
            deliveries: Vec::new(),
            last: 0,
            browse_ended: false,
            answers: Vec::new(),
            replies: 0,
            copies: 0,
            id: unique_id(watched),
        }
    }

    /// Pending messages of a queue, those in flight included, oldest first.
    ///
    /// # Errors
    /// When the core refuses.
    pub(crate) async fn browse(
        &mut self,
        queue: &Destination,
        selector: Option<Arc<Selector>>,
        most: usize,
    ) -> Result<Vec<Arc<Message>>, Failure> {
        self.browse_from(queue, selector, (0, most)).await
    }

    /// The same, but without the first `skip` of them, which are read and not held.
    ///
    /// # Errors
    /// When the core refuses.
    pub(crate) async fn browse_from(
        &mut self,
        queue: &Destination,
        selector: Option<Arc<Selector>>,
        (mut skip, most): (usize, usize),
    ) -> Result<Vec<Arc<Message>>, Failure> {
        self.open(queue, selector, true).await?;
        let mut found = Vec::new();
        let mut bytes = 0;
        loop {
            self.take_events();
            let is_new = !self.deliveries.is_empty();
            for delivery in self.deliveries.drain(..) {
                if skip > 0 {
                    skip -= 1;
                    continue;
                }
                bytes += delivery.message.body().len();
                found.push(delivery.message);
            }
            if found.len() >= most || bytes > BROWSE_BYTES_MAX || self.browse_ended {
                found.truncate(most);
                self.close_consumer().await?;
                return Ok(found);
            }
            if is_new {
                self.submit(acknowledgement(self.last, AckKind::Consumed));
            }
            self.wait().await;
        }
    }

    /// Takes messages from a queue, at most so many, and does with them what is wanted. Those in
    /// flight are left alone. Gives how many.
    ///
    /// # Errors
    /// When the core refuses; what was done before then stays done.
    pub(crate) async fn take(
        &mut self,
        queue: &Destination,
        selector: Option<Arc<Selector>>,
        most: u64,
        fate: &Fate,
    ) -> Result<u64, Failure> {
        self.open(queue, selector, false).await?;
        let undo = match fate {
            Fate::Removed => self.watched.broker.begin_undo(queue, (self.watched.now)()),
            Fate::Moved(_) | Fate::Retried => None,
        };
        let done = self.take_some(queue, most, (fate, undo)).await;
        if let Some(undo) = undo {
            self.watched.broker.finish_undo(undo, (self.watched.now)());
        }
        let taken = done?;
        self.close_consumer().await?;
        Ok(taken)
    }

    async fn take_some(
        &mut self,
        queue: &Destination,
        most: u64,
        (fate, undo): (&Fate, Option<UndoToken>),
    ) -> Result<u64, Failure> {
        let mut taken = 0;
        let mut removal = None;
        while taken < most {
            // In this order: what is delivered between the two is seen by the second.
            let is_looked_through = self.watched.broker.is_looked_through(queue);
            self.take_events();
            if self.deliveries.is_empty() {
                if is_looked_through {
                    break;
                }
                self.wait().await;
                continue;
            }
            let room = usize::try_from(most - taken).unwrap_or(usize::MAX);
            let room = room.min(self.deliveries.len());
            let some: Vec<Delivery> = self.deliveries.drain(..room).collect();
            let Some(last) = some.last().map(|one| one.delivery) else {
                break;
            };
            match fate {
                Fate::Removed => {
                    if let Some(undo) = undo {
                        self.remember(undo, last).await;
                        let (count, now) = (some.len() as u64, (self.watched.now)());
                        self.watched.broker.note_removed(undo, count, now);
                    }
                    self.replies += 1;
                    removal = Some(self.replies);
                    let mut ack = of_all_up_to(last, AckKind::Consumed);
                    ack.reply = removal;
                    self.submit(Command::Ack(ack));
                }
                Fate::Moved(_) | Fate::Retried => self.transfer(&some, last, fate).await?,
            }
            taken += some.len() as u64;
        }
        if let Some(last) = removal {
            // Those before it are safe when it is.
            self.answer(last).await?;
        }
        Ok(taken)
    }

    /// Has the store remember what was delivered, up to a delivery, and waits for a while until it
    /// has all of that. What it has not then cannot be put back.
    async fn remember(&self, undo: UndoToken, last: u64) {
        for _ in 0..REMEMBER_TRIES {
            if self.session.remember(undo, NUMBER, last) {
                return;
            }
            self.wait().await;
        }
    }

    /// Puts back what was removed; gives how many messages. Done when they are safe.
    ///
    /// # Errors
    /// When nothing, or not all, can be put back.
    pub(crate) async fn put_back(&mut self, undo: UndoToken) -> Result<u64, UndoError> {
        loop {
            self.replies += 1;
            let (own, now) = (self.replies, (self.watched.now)());
            let session = Arc::clone(&self.session);
            // It reads from disk; the other requests go on.
            let step = spawn_blocking(move || session.put_back(undo, own, now)).await;
            let Ok(step) = step else {
                let failure = Failure::new(FailureKind::Invalid, BUG);
                return Err(UndoError::Refused(failure));
            };
            let step = step?;
            if step.is_over {
                self.answer(own).await.map_err(UndoError::Refused)?;
                return Ok(step.total);
            }
            if step.count == 0 {
                self.wait().await;
            }
        }
    }

    /// Sends copies of messages to another destination, together.
    ///
    /// # Errors
    /// When the core refuses; nothing is sent then.
    pub(crate) async fn copy(
        &mut self,
        messages: &[Arc<Message>],
        target: &Destination,
    ) -> Result<(), Failure> {
        self.submit(Command::Begin {
            tx: NUMBER,
            reply: None,
        });
        for message in messages {
            let copy = self.redirected(message, target, false)?;
            self.send_in_transaction(copy, target);
        }
        self.call(|reply| Command::Commit { tx: NUMBER, reply })
            .await
    }

    /// Sends one message; done when it is safe.
    ///
    /// # Errors
    /// When the core refuses.
    pub(crate) async fn send(&mut self, message: Message, to: &Destination) -> Result<(), Failure> {
        self.call(|reply| {
            Command::Send(Send {
                producer: NUMBER,
                destinations: Destinations::One(to.clone()),
                message,
                tx: None,
                reply,
            })
        })
        .await
    }

    /// Has the core carry out a command.
    ///
    /// # Errors
    /// When it refuses.
    pub(crate) async fn call(
        &mut self,
        command: impl FnOnce(Option<Reply>) -> Command,
    ) -> Result<(), Failure> {
        self.replies += 1;
        let own = self.replies;
        self.submit(command(Some(own)));
        self.answer(own).await
    }

    async fn answer(&mut self, own: Reply) -> Result<(), Failure> {
        loop {
            self.take_events();
            // A failure without a reply is that of a command before this one.
            for (reply, result) in std::mem::take(&mut self.answers) {
                if reply == own || result.is_err() {
                    return result;
                }
            }
            self.wait().await;
        }
    }

    async fn transfer(&mut self, some: &[Delivery], last: u64, fate: &Fate) -> Result<(), Failure> {
        self.submit(Command::Begin {
            tx: NUMBER,
            reply: None,
        });
        for delivery in some {
            let message = &delivery.message;
            let (target, retried) = match fate {
                Fate::Moved(target) => (Some(target.clone()), false),
                Fate::Retried => (message.original_destination(), true),
                Fate::Removed => (None, false),
            };
            let target = target.ok_or_else(|| {
                let text = format!("{} does not tell where it came from", message.id());
                Failure::new(FailureKind::Invalid, text)
            })?;
            let copy = self.redirected(message, &target, retried)?;
            self.send_in_transaction(copy, &target);
        }
        let mut ack = of_all_up_to(last, AckKind::Consumed);
        ack.tx = Some(NUMBER);
        self.submit(Command::Ack(ack));
        self.call(|reply| Command::Commit { tx: NUMBER, reply })
            .await
    }

    fn send_in_transaction(&mut self, message: Message, to: &Destination) {
        self.submit(Command::Send(Send {
            producer: NUMBER,
            destinations: Destinations::One(to.clone()),
            message,
            tx: Some(NUMBER),
            reply: None,
        }));
    }

    fn redirected(
        &mut self,
        message: &Message,
        target: &Destination,
        retried: bool,
    ) -> Result<Message, Failure> {
        let mut copy: MessageBuilder = message.rebuild();
        if let Some(from) = message.destination() {
            copy.original_destination(&from);
        }
        copy.destination(target);
        self.copies += 1;
        copy.producer_sequence(&self.id, self.copies);
        if retried {
            copy.expiration_ms(0);
        }
        let built = copy.build(0);
        built.map_err(|error| Failure::new(FailureKind::Invalid, error.to_string()))
    }

    async fn open(
        &mut self,
        queue: &Destination,
        selector: Option<Arc<Selector>>,
        browser: bool,
    ) -> Result<(), Failure> {
        let open = |reply| OpenConsumer {
            selector,
            prefetch: Some(WINDOW),
            browser,
            reply,
            ..OpenConsumer::new(NUMBER, vec![queue.clone()])
        };
        self.call(|reply| Command::OpenConsumer(Box::new(open(reply))))
            .await
    }

    async fn close_consumer(&mut self) -> Result<(), Failure> {
        self.take_events();
        self.deliveries.clear();
        if self.last > 0 {
            self.submit(acknowledgement(self.last, AckKind::Released));
        }
        self.call(|reply| Command::CloseConsumer {
            consumer: NUMBER,
            reply,
        })
        .await
    }

    fn submit(&self, command: Command) {
        self.session
            .submit(&mut vec![command], (self.watched.now)());
    }

    fn take_events(&mut self) {
        let mut events = Vec::new();
        while self.session.take_events(&mut events, EVENTS) {}
        for event in events {
            match event {
                Event::Delivery(delivery) => {
                    self.last = delivery.delivery;
                    self.deliveries.push(delivery);
                }
                Event::BrowseEnd { .. } => self.browse_ended = true,
                Event::Done { reply } | Event::Connected { reply } => {
                    self.answers.push((reply, Ok(())));
                }
                Event::Failed { reply, failure } => {
                    self.answers.push((reply.unwrap_or_default(), Err(failure)));
                }
                Event::Closed { reason } | Event::Aborted { reason, .. } => {
                    let failure = Failure::new(FailureKind::Invalid, reason);
                    self.answers.push((0, Err(failure)));
                }
                Event::Pause { .. }
                | Event::Resume { .. }
                | Event::Prepared { .. }
                | Event::PeerBrokers { .. } => {}
            }
        }
    }

    /// Until something may have happened.
    async fn wait(&self) {
        // Nothing is lost when the time is over first.
        tokio::time::timeout(PAUSE, self.woken.notified())
            .await
            .ok();
    }
}

impl Drop for Clerk {
    fn drop(&mut self) {
        self.take_events();
        self.submit(Command::Rollback {
            tx: NUMBER,
            reply: None,
        });
        if self.last > 0 {
            self.submit(acknowledgement(self.last, AckKind::Released));
        }
        self.session.close((self.watched.now)());
    }
}

/// An id that no producer had before, in this life of the broker or an earlier one.
pub(crate) fn unique_id(watched: &Watched) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = &watched.broker.settings().name;
    format!("ID:{name}-{}-{number}:1", (watched.now)().wall_ms)
}

/// Of all deliveries up to one.
fn of_all_up_to(last: u64, kind: AckKind) -> Ack {
    Ack {
        consumer: NUMBER,
        range: AckRange::UpTo(last),
        kind,
        cause: None,
        tx: None,
        reply: None,
    }
}

fn acknowledgement(last: u64, kind: AckKind) -> Command {
    Command::Ack(of_all_up_to(last, kind))
}
