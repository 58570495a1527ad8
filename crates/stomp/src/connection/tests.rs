//! Conversations: what the client writes and the core tells, and what becomes of it.
//!
//! Frames are written as text with `^@` for NUL; commands are shown one per line. Each file
//! below this one holds the conversations of one concept.

mod acknowledging;
mod connecting;
mod events;
mod heart_beats;
mod limits;
mod round_trip;
mod sending;
mod subscribing;
mod temporaries;
mod transactions;

use crate::{Settings, Stomp};
use bytes::BytesMut;
use floodway_message::session::{
    AckKind, AckRange, Command, Connection, ConnectionEnd, Delivery, Event, Failure, FailureKind,
    Protocol, Reply,
};
use floodway_message::{Destination, Message, MessageBuilder, Now, Output};
use std::io::IoSlice;
use std::sync::Arc;

/// A connection with both its ends.
pub(super) struct Talk {
    connection: Box<dyn Connection>,
    pub(super) input: BytesMut,
    pub(super) now: Now,
    pub(super) replies: Vec<Reply>,
    pub(super) raw: Vec<Command>,
    pub(super) end: Option<ConnectionEnd>,
    next_delivery: u64,
}

impl Talk {
    /// A connection that has sent nothing.
    pub(super) fn fresh(settings: Settings) -> Self {
        let now = Now {
            monotonic_ms: 1000,
            wall_ms: 1_700_000_000_000,
        };
        Self {
            connection: Stomp::new(settings).open(7, now),
            input: BytesMut::new(),
            now,
            replies: Vec::new(),
            raw: Vec::new(),
            end: None,
            next_delivery: 0,
        }
    }

    /// A connection that is logged in with a version.
    pub(super) fn connected(version: &str) -> Self {
        Self::connected_with(version, Settings::default())
    }

    pub(super) fn connected_with(version: &str, settings: Settings) -> Self {
        let mut talk = Self::fresh(settings);
        talk.client(&format!("CONNECT\naccept-version:{version}\n\n^@"));
        let reply = talk.replies[0];
        let answer = talk.core(vec![Event::Connected { reply }]);
        assert!(answer.contains(&format!("version:{version}\n")), "{answer}");
        talk.replies.clear();
        talk
    }

    /// The client writes; returns the commands and, after `!`, what is answered at once.
    pub(super) fn client(&mut self, text: &str) -> String {
        self.client_bytes(text.replace("^@", "\0").as_bytes())
    }

    pub(super) fn client_bytes(&mut self, bytes: &[u8]) -> String {
        self.input.extend_from_slice(bytes);
        let (mut commands, mut output) = (Vec::new(), Output::default());
        let result = self
            .connection
            .receive(self.now, &mut self.input, &mut commands, &mut output);
        self.end = result.err();
        self.shown(commands, &output)
    }

    /// The core tells; returns what the client reads and, after `!`, further commands.
    pub(super) fn core(&mut self, mut events: Vec<Event>) -> String {
        let (mut commands, mut output) = (Vec::new(), Output::default());
        let result = self
            .connection
            .send(self.now, &mut events, &mut commands, &mut output);
        self.end = result.err();
        let more = self.shown(commands, &Output::default());
        let separator = if more.is_empty() { "" } else { "! " };
        format!("{}{separator}{more}", text_of(&output))
    }

    /// Lets the time pass; returns what the client reads and when the next tick is due.
    pub(super) fn tick(&mut self, after_ms: u64) -> (String, Option<u64>) {
        self.now.monotonic_ms += after_ms;
        let mut output = Output::default();
        let result = self.connection.tick(self.now, &mut output);
        let due = result.as_ref().ok().copied().flatten();
        self.end = result.err();
        (text_of(&output), due.map(|due| due - self.now.monotonic_ms))
    }

    pub(super) fn input_wanted(&self) -> usize {
        self.connection.input_wanted()
    }

    /// The answer to the last command with a reply.
    pub(super) fn done(&mut self) -> String {
        let reply = self.replies.pop().expect("a command with a reply");
        self.core(vec![Event::Done { reply }])
    }

    pub(super) fn failed(&mut self, kind: FailureKind, text: &str) -> String {
        let reply = self.replies.pop();
        let failure = Failure::new(kind, text);
        self.core(vec![Event::Failed { reply, failure }])
    }

    /// A message with an id and a body for a consumer, as the core would hand it over.
    pub(super) fn deliver(&mut self, consumer: u64, message: Message) -> String {
        self.next_delivery += 1;
        let delivery = self.next_delivery;
        self.core(vec![delivery_of(consumer, delivery, message)])
    }

    fn shown(&mut self, commands: Vec<Command>, output: &Output) -> String {
        let mut lines: Vec<String> = Vec::new();
        for command in &commands {
            let (line, reply) = show(command);
            lines.push(line);
            self.replies.extend(reply);
        }
        self.raw = commands;
        if !output.is_empty() {
            lines.push(format!("! {}", text_of(output)));
        }
        lines.join("\n")
    }
}

pub(super) fn delivery_of(consumer: u64, delivery: u64, message: Message) -> Event {
    Event::Delivery(Delivery {
        consumer,
        delivery,
        message: Arc::new(message),
        redeliveries: 0,
    })
}

/// A text message from a destination.
pub(super) fn text_message(destination: &str, id: &str, body: &str) -> Message {
    let mut builder = MessageBuilder::new();
    builder
        .destination(&Destination::parse(destination).unwrap())
        .id(id)
        .timestamp_ms(5);
    builder
        .build_copying(floodway_message::BodyKind::Text, body.as_bytes())
        .unwrap()
}

pub(super) fn text_of(output: &Output) -> String {
    let mut slices = [IoSlice::new(&[]); 16];
    let count = output.slices(&mut slices);
    let bytes: Vec<u8> = slices[..count].iter().flat_map(|s| s.to_vec()).collect();
    assert_eq!(bytes.len(), output.len());
    String::from_utf8_lossy(&bytes).replace('\0', "^@")
}

/// A command as a line, and its reply.
fn show(command: &Command) -> (String, Option<Reply>) {
    let with_tx = |tx: &Option<u64>| tx.map(|tx| format!(" tx={tx}")).unwrap_or_default();
    let (line, reply) = match command {
        Command::Connect(c) => (
            format!(
                "connect {} as {:?}/{:?} {}",
                c.client_id,
                c.user,
                c.password.as_ref().map(|p| p.0.to_string()),
                c.protocol
            ),
            Some(c.reply),
        ),
        Command::OpenConsumer(c) => (show_consumer(c), c.reply),
        Command::CloseConsumer { consumer, reply } => (format!("close {consumer}"), *reply),
        Command::RemoveDurable {
            client_id,
            name,
            reply,
        } => (format!("remove durable {name} of {client_id:?}"), *reply),
        Command::Send(s) => {
            let to: Vec<String> = s.destinations.iter().map(ToString::to_string).collect();
            let kind = s.message.body_kind();
            let body = String::from_utf8_lossy(s.message.body()).into_owned();
            let tx = with_tx(&s.tx);
            (
                format!(
                    "send p{} {} {kind:?} {body:?}{tx}",
                    s.producer,
                    to.join(",")
                ),
                s.reply,
            )
        }
        Command::Ack(a) => {
            let range = match a.range {
                AckRange::One(one) => format!("{one}"),
                AckRange::UpTo(last) => format!("..{last}"),
            };
            let kind = match a.kind {
                AckKind::Consumed => "ack",
                AckKind::Poison => "poison",
                AckKind::Released | AckKind::Redeliver => "other",
            };
            (
                format!("{kind} {}:{range}{}", a.consumer, with_tx(&a.tx)),
                a.reply,
            )
        }
        Command::Begin { tx, reply } => (format!("begin {tx}"), *reply),
        Command::Commit { tx, reply } => (format!("commit {tx}"), *reply),
        Command::Rollback { tx, reply } => (format!("rollback {tx}"), *reply),
        Command::CreateDestination { destination, reply } => {
            (format!("create {destination}"), *reply)
        }
        Command::Disconnect { reply } => ("disconnect".into(), *reply),
        other => (format!("{other:?}"), None),
    };
    let mark = if reply.is_some() { "?" } else { "" };
    (line + mark, reply)
}

fn show_consumer(c: &floodway_message::session::OpenConsumer) -> String {
    let names: Vec<String> = c.destinations.iter().map(ToString::to_string).collect();
    let mut line = format!("open {} {}", c.consumer, names.join(","));
    let options = [
        c.selector.as_ref().map(|_| "selector".into()),
        c.prefetch.map(|n| format!("prefetch={n}")),
        c.browser.then(|| "browser".into()),
        c.durable_name
            .as_ref()
            .map(|name| format!("durable={name}")),
        c.no_local.then(|| "noLocal".into()),
        c.exclusive.then(|| "exclusive".into()),
        c.retroactive.then(|| "retroactive".into()),
        (c.priority != 0).then(|| format!("priority={}", c.priority)),
        c.pending_limit.map(|n| format!("pending={n}")),
    ];
    for option in options.into_iter().flatten() {
        line.push(' ');
        line.push_str(&option);
    }
    line
}
