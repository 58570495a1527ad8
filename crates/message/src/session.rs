//! The conversation between a protocol room and the broker core.
//!
//! A protocol room turns bytes into [`Command`]s and [`Event`]s into bytes; it implements
//! [`Protocol`] and [`Connection`] and knows nothing of sockets, clocks or the core. The core
//! knows nothing of the wire. Blocking is a pair of events ([`Event::Pause`], [`Event::Resume`]),
//! never a thread that sleeps. Adding a variant is an architecture decision.

use crate::advisory::Introduction;
use crate::{Destination, Message, Now, Output};
use bytes::BytesMut;
use std::sync::Arc;

/// Chosen by the protocol room to recognise the answer to a command.
pub type Reply = u64;
/// A consumer, numbered by the protocol room, unique within its connection for all time.
pub type ConsumerId = u64;
/// A producer, numbered by the protocol room, unique within its connection.
pub type ProducerId = u64;
/// A local transaction, numbered by the protocol room, unique within its connection.
pub type TxId = u64;
/// A delivery to one consumer: 1, 2, 3 … per consumer, in the order of dispatch.
pub type DeliveryId = u64;

/// What a protocol room asks of the core. Commands of one connection are carried out in order.
///
/// A command with a `reply` is answered by exactly one [`Event::Done`] or [`Event::Failed`] with
/// that reply, unless said otherwise; one without is answered only on failure.
#[derive(Debug)]
pub enum Command {
    /// First command of a connection. Answered by [`Event::Connected`] or [`Event::Failed`].
    Connect(Box<Connect>),
    /// Opens a consumer or a browser.
    OpenConsumer(Box<OpenConsumer>),
    /// Closes a consumer; unacknowledged deliveries go back to the queue.
    CloseConsumer {
        /// Which consumer.
        consumer: ConsumerId,
        /// Asks for an answer.
        reply: Option<Reply>,
    },
    /// Deletes a durable subscription of this connection's client id.
    RemoveDurable {
        /// The client id under which the subscription was made; `None`: this connection's.
        client_id: Option<Arc<str>>,
        /// Name of the subscription.
        name: Arc<str>,
        /// Asks for an answer.
        reply: Option<Reply>,
    },
    /// Makes a producer known, for advisories; sending needs no such thing.
    OpenProducer(Box<OpenProducer>),
    /// A producer that was made known is closed.
    CloseProducer {
        /// Which producer.
        producer: ProducerId,
    },
    /// Sends one message. The answer comes when the message is safe: for a persistent message
    /// after the store has synced it, for one sent in a transaction as soon as it is accepted.
    Send(Send),
    /// Acknowledges, or gives back, deliveries.
    Ack(Ack),
    /// Grants more room to a consumer that was opened with `prefetch` held back.
    SetPrefetch {
        /// Which consumer.
        consumer: ConsumerId,
        /// Most unacknowledged deliveries at a time.
        prefetch: u32,
    },
    /// Starts a local transaction.
    Begin {
        /// The new transaction.
        tx: TxId,
        /// Asks for an answer.
        reply: Option<Reply>,
    },
    /// Makes everything done in the transaction final, as one.
    Commit {
        /// The transaction.
        tx: TxId,
        /// Asks for an answer.
        reply: Option<Reply>,
    },
    /// Forgets everything sent in the transaction and undoes its acknowledgements.
    Rollback {
        /// The transaction.
        tx: TxId,
        /// Asks for an answer.
        reply: Option<Reply>,
    },
    /// First phase of a transaction with two: keeps everything done in it until
    /// [`Command::CommitPrepared`] or [`Command::RollbackPrepared`], whatever becomes of the
    /// connection or the broker. Done when that is safe; the transaction is then forgotten. On
    /// failure it is rolled back.
    Prepare {
        /// The transaction.
        tx: TxId,
        /// The name of the branch from now on.
        xid: Xid,
        /// Asks for an answer.
        reply: Option<Reply>,
    },
    /// Makes a prepared branch final, of whichever connection it was. On failure it stays
    /// prepared.
    CommitPrepared {
        /// The branch.
        xid: Xid,
        /// Asks for an answer.
        reply: Option<Reply>,
    },
    /// Undoes a prepared branch, of whichever connection it was. On failure it stays prepared.
    RollbackPrepared {
        /// The branch.
        xid: Xid,
        /// Asks for an answer.
        reply: Option<Reply>,
    },
    /// Asks for all prepared branches. Answered by [`Event::Prepared`].
    ListPrepared {
        /// The answer's.
        reply: Reply,
    },
    /// Creates a destination; a temporary one then belongs to this connection.
    CreateDestination {
        /// What to create.
        destination: Destination,
        /// Asks for an answer.
        reply: Option<Reply>,
    },
    /// Removes a temporary destination of this connection, with its messages.
    RemoveDestination {
        /// What to remove.
        destination: Destination,
        /// Asks for an answer.
        reply: Option<Reply>,
    },
    /// The peer is another broker, whose address clients may be told; it is forgotten, or kept as
    /// gone, when the connection ends.
    PeerBroker(PeerBroker),
    /// Ends the connection in an orderly way; the core closes what it left open.
    Disconnect {
        /// Asks for an answer.
        reply: Option<Reply>,
    },
}

/// Name of a branch of a distributed transaction, as its manager chose it: X/Open XA
/// specification, section 4.2 (`XID`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Xid {
    format_id: i32,
    global: Box<[u8]>,
    branch: Box<[u8]>,
}

impl Xid {
    /// Most bytes of the global part, and of the branch's (`MAXGTRIDSIZE`, `MAXBQUALSIZE`).
    pub const PART_BYTES_MAX: usize = 64;

    /// A name; `None` when a part is too long.
    pub fn new(format_id: i32, global: &[u8], branch: &[u8]) -> Option<Self> {
        let fits = global.len().max(branch.len()) <= Self::PART_BYTES_MAX;
        fits.then(|| Self {
            format_id,
            global: global.into(),
            branch: branch.into(),
        })
    }

    /// How the transaction manager forms its names.
    pub fn format_id(&self) -> i32 {
        self.format_id
    }

    /// The part that all branches of the transaction have in common.
    pub fn global(&self) -> &[u8] {
        &self.global
    }

    /// The part that tells the branches of the transaction apart.
    pub fn branch(&self) -> &[u8] {
        &self.branch
    }
}

impl std::fmt::Display for Xid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hex = |f: &mut std::fmt::Formatter<'_>, part: &[u8]| {
            part.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
        };
        write!(f, "XID:[{},globalId=", self.format_id)?;
        hex(f, &self.global)?;
        f.write_str(",branchId=")?;
        hex(f, &self.branch)?;
        f.write_str("]")
    }
}

/// Who connects.
#[derive(Debug, Clone)]
pub struct Connect {
    /// The client's own name, or one that the room made.
    pub client_id: Arc<str>,
    /// User name, if given.
    pub user: Option<Arc<str>>,
    /// Password, if given. Never logged.
    pub password: Option<Secret>,
    /// `STOMP 1.2` and the like, for people to read.
    pub protocol: &'static str,
    /// The client sends again, after a reconnect, what was not answered: the store keeps which of
    /// its numbered messages were accepted.
    pub resends: bool,
    /// What the client keeps through reconnects. A connection of the same client id and session
    /// is closed in favour of this one, because the peer has given it up.
    pub session: Option<Arc<str>>,
    /// How the client introduced itself, where its protocol has ids for connections.
    pub introduction: Option<Introduction>,
    /// Answer to the connect.
    pub reply: Reply,
}

/// Another broker that has a connection to this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerBroker {
    /// Its name.
    pub name: Arc<str>,
    /// Where its clients reach it, as it says.
    pub url: Arc<str>,
    /// The connection lasts.
    pub connected: bool,
}

/// Text that never appears in logs.
#[derive(Clone)]
pub struct Secret(pub Arc<str>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// A subscription to one destination, pattern or composite.
#[derive(Debug, Clone)]
pub struct OpenConsumer {
    /// The room's number for it.
    pub consumer: ConsumerId,
    /// One or more destinations; names may hold wildcards. Queues and topics may be mixed.
    pub destinations: Vec<Destination>,
    /// Only messages that this matches are delivered.
    pub selector: Option<Arc<crate::selector::Selector>>,
    /// Most unacknowledged deliveries at a time; `None`: the destination's policy decides.
    /// 0 delivers nothing until [`Command::SetPrefetch`].
    pub prefetch: Option<u32>,
    /// Browse a queue: copies of what is pending, then [`Event::BrowseEnd`].
    pub browser: bool,
    /// Name of a durable topic subscription.
    pub durable_name: Option<Arc<str>>,
    /// Do not deliver what the same connection sent (topics).
    pub no_local: bool,
    /// Only this consumer gets messages of the queue while it lives.
    pub exclusive: bool,
    /// Ask for messages older than the subscription where the topic keeps any.
    pub retroactive: bool,
    /// Higher ones are served first, -128 to 127, 0 normally.
    pub priority: i8,
    /// Most undispatched messages kept for a topic subscription; `None`: the policy decides.
    pub pending_limit: Option<u32>,
    /// It is another broker's, which takes messages over for its own clients.
    pub network: bool,
    /// How the client introduced it, where its protocol has ids for consumers.
    pub introduction: Option<Introduction>,
    /// Asks for an answer. Deliveries follow the answer.
    pub reply: Option<Reply>,
}

impl OpenConsumer {
    /// A consumer of these destinations, with nothing else asked for.
    pub fn new(consumer: ConsumerId, destinations: Vec<Destination>) -> Self {
        Self {
            consumer,
            destinations,
            selector: None,
            prefetch: None,
            browser: false,
            durable_name: None,
            no_local: false,
            exclusive: false,
            retroactive: false,
            priority: 0,
            pending_limit: None,
            network: false,
            introduction: None,
            reply: None,
        }
    }
}

/// A producer that its client told of.
#[derive(Debug, Clone)]
pub struct OpenProducer {
    /// The room's number for it.
    pub producer: ProducerId,
    /// Where it sends to; none if it says so with each message.
    pub destinations: Vec<Destination>,
    /// Bytes that it sends without an acknowledgement, as it says; 0 for no such bound.
    pub window_bytes: u32,
    /// How the client introduced it, where its protocol has ids for producers.
    pub introduction: Option<Introduction>,
}

/// A message to be sent.
#[derive(Debug)]
pub struct Send {
    /// The room's number for the producer; sends of one producer keep their order.
    pub producer: ProducerId,
    /// Where to: one destination, or several for a composite. Wildcards address every existing
    /// destination that matches.
    pub destinations: Destinations,
    /// The message.
    pub message: Message,
    /// The transaction it belongs to.
    pub tx: Option<TxId>,
    /// Asks for an answer.
    pub reply: Option<Reply>,
}

/// Targets of a send. One is the rule and costs no allocation.
#[derive(Debug, Clone)]
pub enum Destinations {
    /// A single destination.
    One(Destination),
    /// A composite destination.
    Many(Arc<[Destination]>),
}

impl Destinations {
    /// All targets in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Destination> {
        match self {
            Self::One(one) => std::slice::from_ref(one).iter(),
            Self::Many(many) => many.iter(),
        }
    }
}

/// What a client says of deliveries it got.
#[derive(Debug, Clone)]
pub struct Ack {
    /// The consumer that got them.
    pub consumer: ConsumerId,
    /// Which deliveries.
    pub range: AckRange,
    /// What is said of them.
    pub kind: AckKind,
    /// Why the messages cannot be processed, for people who find them among the dead letters.
    pub cause: Option<Arc<str>>,
    /// The transaction it belongs to.
    pub tx: Option<TxId>,
    /// Asks for an answer.
    pub reply: Option<Reply>,
}

/// Which deliveries an [`Ack`] speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AckRange {
    /// This one.
    One(DeliveryId),
    /// All unacknowledged ones up to and including this one.
    UpTo(DeliveryId),
}

/// What an [`Ack`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AckKind {
    /// Consumed: the message is gone for this queue or subscription.
    Consumed,
    /// Cannot be processed: the message goes to the dead letter queue.
    Poison,
    /// Given back undelivered; it is dispatched again, its redelivery count unchanged.
    Released,
    /// Given back after a failed attempt; it is dispatched again with a higher count.
    Redeliver,
}

/// What the core tells a protocol room.
#[derive(Debug)]
pub enum Event {
    /// The connection was accepted.
    Connected {
        /// The reply of the [`Connect`].
        reply: Reply,
    },
    /// A message for a consumer.
    Delivery(Delivery),
    /// A command was carried out.
    Done {
        /// Its reply.
        reply: Reply,
    },
    /// A command was refused.
    Failed {
        /// Its reply, if it had one.
        reply: Option<Reply>,
        /// Why.
        failure: Failure,
    },
    /// The producer's last send waits for space; later sends of it wait behind.
    Pause {
        /// Who is paused.
        producer: ProducerId,
    },
    /// Nothing of the producer waits any more.
    Resume {
        /// Who goes on.
        producer: ProducerId,
    },
    /// A browser has seen all there was.
    BrowseEnd {
        /// The browser.
        consumer: ConsumerId,
    },
    /// The core has closed a consumer: what it held goes to others.
    Aborted {
        /// Which one.
        consumer: ConsumerId,
        /// Why, for the peer.
        reason: Arc<str>,
    },
    /// The branches that are prepared and wait for their outcome.
    Prepared {
        /// The reply of the [`Command::ListPrepared`].
        reply: Reply,
        /// Their names, ascending.
        branches: Vec<Xid>,
    },
    /// The brokers that clients may turn to, in the order in which they came. Told to connections
    /// that [`Connect::resends`] marks as able to go elsewhere: before `Connected` when there are
    /// any, and whenever they change.
    PeerBrokers {
        /// All of them, those that are gone again among them.
        brokers: Arc<[PeerBroker]>,
    },
    /// The core ends the connection.
    Closed {
        /// Why, for the peer.
        reason: Arc<str>,
    },
}

/// One message on its way to one consumer.
#[derive(Debug)]
pub struct Delivery {
    /// The consumer.
    pub consumer: ConsumerId,
    /// Its number for acknowledgements.
    pub delivery: DeliveryId,
    /// The message; its head names the destination it is delivered from.
    pub message: Arc<Message>,
    /// How often it was delivered before.
    pub redeliveries: u32,
}

/// A refusal with a reason that the peer is shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Failure {
    /// Its class, for protocols that map classes to codes.
    pub kind: FailureKind,
    /// What failed and what to do about it.
    pub text: Arc<str>,
}

impl Failure {
    /// A failure of a kind with its text.
    pub fn new(kind: FailureKind, text: impl Into<Arc<str>>) -> Self {
        Self {
            kind,
            text: text.into(),
        }
    }
}

/// Classes of refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureKind {
    /// A memory, store or temp limit has no room (`sendFailIfNoSpace`), or waited too long.
    NoSpace,
    /// The destination does not exist or cannot be used so.
    Destination,
    /// An acknowledgement of something that was not delivered.
    UnknownDelivery,
    /// The transaction is unknown, or too large.
    Transaction,
    /// There is no prepared branch of that name.
    UnknownBranch,
    /// A name that must be unique is in use.
    InUse,
    /// Credentials refused.
    Security,
    /// The store cannot write any more.
    Store,
    /// Anything else that the peer did wrong.
    Invalid,
}

/// A protocol that a listener can speak.
pub trait Protocol: std::marker::Send + Sync {
    /// `stomp`, `openwire` …: the scheme of transport connector URIs.
    fn name(&self) -> &'static str;

    /// Does a connection that starts with these bytes speak this protocol?
    fn sniff(&self, first: &[u8]) -> Sniff;

    /// A fresh connection. `serial` is unique for the life of the broker process.
    fn open(&self, serial: u64, now: Now) -> Box<dyn Connection>;
}

/// Answer of [`Protocol::sniff`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sniff {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// More bytes are needed to tell.
    More,
}

/// One connection's state machine, without input or output of its own.
pub trait Connection: std::marker::Send {
    /// Takes whole frames from the front of `input` (leaving an incomplete one there) and pushes
    /// the commands they mean. Direct answers (heart-beats, errors) go to `output`.
    ///
    /// # Errors
    /// When the connection cannot go on; what is in `output` is still written to the peer.
    fn receive(
        &mut self,
        now: Now,
        input: &mut BytesMut,
        commands: &mut Vec<Command>,
        output: &mut Output,
    ) -> Result<(), ConnectionEnd>;

    /// Turns events, which it takes out of `events` in order, into bytes. Commands pushed here
    /// (acknowledgements of a consumer that needs none) are to be submitted once `output` has
    /// been written.
    ///
    /// # Errors
    /// As [`Connection::receive`].
    fn send(
        &mut self,
        now: Now,
        events: &mut Vec<Event>,
        commands: &mut Vec<Command>,
        output: &mut Output,
    ) -> Result<(), ConnectionEnd>;

    /// Lets time pass. Returns when it wants to be called next, as monotonic milliseconds.
    ///
    /// # Errors
    /// When the peer has been silent for too long.
    fn tick(&mut self, now: Now, output: &mut Output) -> Result<Option<u64>, ConnectionEnd>;

    /// Bytes of input that the room needs at least for the frame it has begun, so that the
    /// transport can size its buffer; 0 when unknown.
    fn input_wanted(&self) -> usize {
        0
    }
}

/// Why a connection ends.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectionEnd {
    /// The peer asked for it.
    #[error("the peer disconnected")]
    Disconnected,
    /// The peer broke the protocol.
    #[error("protocol error: {0}")]
    Protocol(Arc<str>),
    /// The peer was silent for longer than it promised.
    #[error("no data from the peer for {0} ms")]
    Silent(u64),
    /// The core ended it.
    #[error("closed by the broker: {0}")]
    Closed(Arc<str>),
}
