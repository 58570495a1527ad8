//! An OpenWire client that may send anything, and a core that answers it, against one connection.
//!
//! The input is a list of steps: bytes of the client, answers and deliveries of the core, time.
//! Whatever comes, the connection must not panic, must write nothing but well-formed frames, must
//! use each reply number once at a time, and must acknowledge only what was delivered. Messages
//! that the client sends are what it gets delivered.
#![no_main]

use bytes::BytesMut;
use floodway_message::session::{
    AckRange, Command, Connection, Delivery, Event, Failure, FailureKind, Protocol, Reply, Xid,
};
use floodway_message::{Message, Now, Output};
use floodway_openwire::OpenWire;
use floodway_openwire::codec::{Decoder, Encoder, Format, Offer};
use libfuzzer_sys::fuzz_target;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::IoSlice;
use std::sync::Arc;

fuzz_target!(|data: &[u8]| {
    let Some((&options, mut steps)) = data.split_first() else {
        return;
    };
    let mut talk = Talk::new(options);
    while let [what, which, rest @ ..] = steps {
        steps = match what % 8 {
            // Up to 255 bytes of the client, or 16 times as many.
            0 | 1 => {
                let length = usize::from(*which) * if what % 8 == 0 { 1 } else { 16 };
                let (bytes, rest) = rest.split_at(length.min(rest.len()));
                talk.receive(bytes);
                rest
            }
            other => {
                talk.act(other, *which);
                rest
            }
        };
    }
    while !talk.replies.is_empty() {
        talk.answer(true);
    }
});

/// The answer that a command wants.
#[derive(Clone, Copy)]
enum Wants {
    Connected,
    Branches,
    Done,
}

struct Talk {
    connection: Box<dyn Connection>,
    now: Now,
    input: BytesMut,
    output: BytesMut,
    decoder: Option<Decoder>,
    format: Format,
    replies: VecDeque<(Reply, Wants)>,
    delivered: BTreeMap<u64, u64>,
    opened: u64,
    transactions: BTreeSet<u64>,
    messages: Vec<Arc<Message>>,
    ended: bool,
}

impl Talk {
    fn new(options: u8) -> Self {
        let now = Now {
            monotonic_ms: 1,
            wall_ms: 1_700_000_000_000,
        };
        let format = Format {
            version: options >> 3 & 15,
            tight: options & 1 != 0,
            cache: options & 2 != 0,
            cache_size: 1024,
            stack_traces: options & 4 != 0,
        };
        let mut talk = Self {
            connection: OpenWire::default().open(1, now),
            now,
            input: BytesMut::new(),
            output: BytesMut::new(),
            decoder: None,
            format,
            replies: VecDeque::new(),
            delivered: BTreeMap::new(),
            opened: 0,
            transactions: BTreeSet::new(),
            messages: Vec::new(),
            ended: false,
        };
        let mut output = Output::default();
        assert!(talk.connection.tick(now, &mut output).is_ok());
        if (1..=12).contains(&format.version) {
            let offer = Offer {
                version: format.version.into(),
                tight: format.tight,
                cache: format.cache,
                cache_size: 1024,
                stack_traces: format.stack_traces,
                no_size_prefix: false,
                no_delay: true,
                inactivity_ms: 30_000,
                inactivity_initial_ms: 10_000,
                frame_bytes_max: 1 << 20,
            };
            let mut hello = Output::default();
            Encoder::default().put(&offer.info(), &mut hello);
            talk.decoder = Some(Decoder::new(format, 1 << 24));
            talk.receive(&written(&hello));
        }
        talk
    }

    fn act(&mut self, what: u8, which: u8) {
        match what {
            2 => self.answer(true),
            3 => self.answer(false),
            4 => self.deliver(which),
            5 => self.pass_time(u64::from(which) * 100),
            6 => self.send(vec![Event::BrowseEnd {
                consumer: which.into(),
            }]),
            _ => self.send(vec![match which {
                0 => Event::Closed {
                    reason: "over".into(),
                },
                1 => Event::Done { reply: u64::MAX },
                2 => Event::PeerBrokers {
                    brokers: Default::default(),
                },
                _ => Event::Failed {
                    reply: None,
                    failure: Failure::new(FailureKind::Store, "disk"),
                },
            }]),
        }
    }

    fn receive(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
        let (mut commands, mut output) = (Vec::new(), Output::default());
        let received =
            self.connection
                .receive(self.now, &mut self.input, &mut commands, &mut output);
        assert!(received.is_err() || !self.ended, "what is over stays over");
        self.ended |= received.is_err();
        self.take(commands, &output);
    }

    fn send(&mut self, mut events: Vec<Event>) {
        let (mut commands, mut output) = (Vec::new(), Output::default());
        let sent = self
            .connection
            .send(self.now, &mut events, &mut commands, &mut output);
        assert!(events.is_empty(), "all events are taken");
        self.ended |= sent.is_err();
        self.take(commands, &output);
    }

    fn answer(&mut self, well: bool) {
        let Some((reply, wants)) = self.replies.pop_front() else {
            return;
        };
        self.send(vec![match (well, wants) {
            (true, Wants::Connected) => Event::Connected { reply },
            (_, Wants::Branches) => {
                let branches = Xid::new(1, &[0; 64], &[]).into_iter().collect();
                Event::Prepared { reply, branches }
            }
            (true, Wants::Done) => Event::Done { reply },
            (false, _) => Event::Failed {
                reply: Some(reply),
                failure: Failure::new(FailureKind::NoSpace, "full"),
            },
        }]);
    }

    fn deliver(&mut self, which: u8) {
        let at = usize::from(which) / 4;
        let Some(message) = self.messages.get(at).or(self.messages.last()) else {
            return;
        };
        let consumer = u64::from(which) % 4 + 1;
        let delivered = self.delivered.entry(consumer).or_default();
        *delivered += 1;
        let delivery = Delivery {
            consumer,
            delivery: *delivered,
            message: Arc::clone(message),
            redeliveries: u32::from(which) % 3,
        };
        self.send(vec![Event::Delivery(delivery)]);
    }

    fn pass_time(&mut self, ms: u64) {
        self.now.monotonic_ms += ms;
        let mut output = Output::default();
        match self.connection.tick(self.now, &mut output) {
            Ok(Some(next)) => assert!(next > self.now.monotonic_ms, "the next tick is later"),
            Ok(None) | Err(_) => {}
        }
        self.take(Vec::new(), &output);
    }

    fn take(&mut self, commands: Vec<Command>, output: &Output) {
        for command in commands {
            self.check_command(command);
        }
        let bytes = written(output);
        let Some(decoder) = &mut self.decoder else {
            return;
        };
        self.output.extend_from_slice(&bytes);
        while let Some(frame) = decoder.next_frame(&mut self.output).expect("a size") {
            if let Err(error) = decoder.read(&frame) {
                panic!("{error} in {:?}", self.format);
            }
        }
        assert!(self.output.is_empty(), "whole frames");
    }

    fn expect_reply(&mut self, reply: Option<Reply>, wants: Wants) {
        if let Some(reply) = reply {
            let used = self.replies.iter().any(|(open, _)| *open == reply);
            assert!(!used, "reply {reply} is awaited already");
            self.replies.push_back((reply, wants));
        }
    }

    fn check_command(&mut self, command: Command) {
        let reply = match command {
            Command::Connect(connect) => {
                self.expect_reply(Some(connect.reply), Wants::Connected);
                None
            }
            Command::OpenConsumer(open) => {
                assert!(open.consumer > self.opened, "consumers are new");
                assert!(!open.destinations.is_empty());
                self.opened = open.consumer;
                open.reply
            }
            Command::CloseConsumer { consumer, reply } => {
                assert!(consumer <= self.opened);
                reply
            }
            Command::SetPrefetch { consumer, .. } => {
                assert!(consumer <= self.opened);
                None
            }
            Command::OpenProducer(_) | Command::CloseProducer { .. } => None,
            Command::RemoveDurable { reply, .. } => reply,
            Command::Send(send) => {
                assert!(send.destinations.iter().next().is_some());
                assert!(send.tx.is_none_or(|tx| self.transactions.contains(&tx)));
                let (head, body) = (send.message.head().clone(), send.message.body().clone());
                let message = Message::from_parts(head, body).expect("a message reads back");
                self.messages.push(Arc::new(message));
                send.reply
            }
            Command::Ack(ack) => {
                let delivered = self.delivered.get(&ack.consumer).copied().unwrap_or(0);
                match ack.range {
                    AckRange::UpTo(u64::MAX) => {}
                    AckRange::One(last) | AckRange::UpTo(last) => {
                        assert!((1..=delivered).contains(&last), "{last} of {delivered}");
                    }
                }
                assert!(ack.tx.is_none_or(|tx| self.transactions.contains(&tx)));
                ack.reply
            }
            Command::Begin { tx, reply } => {
                assert!(self.transactions.insert(tx), "transactions are new");
                reply
            }
            Command::Commit { tx, reply } | Command::Rollback { tx, reply } => {
                assert!(self.transactions.remove(&tx), "only open ones end");
                reply
            }
            Command::Prepare { tx, reply, .. } => {
                assert!(self.transactions.remove(&tx), "only open ones are prepared");
                reply
            }
            Command::CommitPrepared { reply, .. } | Command::RollbackPrepared { reply, .. } => {
                reply
            }
            Command::ListPrepared { reply } => {
                return self.expect_reply(Some(reply), Wants::Branches);
            }
            Command::CreateDestination { reply, .. } | Command::RemoveDestination { reply, .. } => {
                reply
            }
            Command::PeerBroker(broker) => {
                assert!(!broker.name.is_empty() && !broker.url.contains(','));
                None
            }
            Command::Disconnect { reply } => reply,
        };
        self.expect_reply(reply, Wants::Done);
    }
}

fn written(output: &Output) -> BytesMut {
    let mut slices = [IoSlice::new(&[]); 4096];
    let count = output.slices(&mut slices);
    let mut all = BytesMut::new();
    slices.iter().take(count).for_each(|slice| all.extend_from_slice(slice));
    assert_eq!(all.len(), output.len());
    all
}
