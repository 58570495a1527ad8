//! A STOMP client that may send anything, and a core that answers it, against one connection.
//!
//! The input is what the client sends, as text, with control bytes for what happens meanwhile
//! (see [`Talk::act`]). Whatever comes, the connection must not panic, must write nothing but
//! well-formed frames, must use each reply number once at a time, and must acknowledge only what
//! was delivered. Messages that the client sends are what it gets delivered.
#![no_main]

use bytes::BytesMut;
use floodway_message::session::{
    AckRange, Command, Connection, Delivery, Event, Failure, FailureKind, Protocol, Reply,
};
use floodway_message::{Message, Now, Output};
use floodway_stomp::{HeartBeat, Settings, Stomp};
use libfuzzer_sys::fuzz_target;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::IoSlice;
use std::sync::Arc;

fuzz_target!(|data: &[u8]| {
    let Some((&first, stream)) = data.split_first() else {
        return;
    };
    let mut talk = Talk::new(first);
    let mut bytes = stream.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            // The next byte is the client's, whatever it is.
            0x10 => talk.pending.extend(bytes.next()),
            // NUL and the usual white space belong to STOMP.
            0x01..=0x08 | 0x0e | 0x0f => talk.act(byte, bytes.next().unwrap_or_default()),
            _ => talk.pending.extend_from_slice(&[byte]),
        }
    }
    talk.flush();
    while !talk.replies.is_empty() {
        talk.answer(true);
    }
    talk.check_output();
});

#[derive(Default)]
struct Consumer {
    delivered: u64,
}

struct Talk {
    connection: Box<dyn Connection>,
    now: Now,
    /// What the client has written and the connection not yet been shown.
    pending: Vec<u8>,
    input: BytesMut,
    output: Vec<u8>,
    replies: VecDeque<(Reply, bool)>,
    consumers: BTreeMap<u64, Consumer>,
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
        let mut settings = Settings {
            copy_body_bytes_max: 64,
            heart_beat_default: HeartBeat {
                receive_ms: 1000,
                send_ms: 1000,
            },
            ..Settings::default()
        };
        if options & 1 != 0 {
            settings.command_bytes_max = 16;
            settings.header_line_bytes_max = 64;
            settings.headers_count_max = 8;
            settings.header_block_bytes_max = 200;
            settings.body_bytes_max = 300;
            settings.frame_bytes_max = 400;
            settings.frame_before_login_bytes_max = 150;
            settings.early_input_bytes_max = 100;
            settings.subscriptions_count_max = 3;
            settings.transactions_count_max = 2;
            settings.temporary_destinations_count_max = 2;
            settings.producers_count_max = 2;
        }
        let mut talk = Self {
            connection: Stomp::new(settings).open(1, now),
            now,
            pending: Vec::new(),
            input: BytesMut::new(),
            output: Vec::new(),
            replies: VecDeque::new(),
            consumers: BTreeMap::new(),
            opened: 0,
            transactions: BTreeSet::new(),
            messages: Vec::new(),
            ended: false,
        };
        let version = match options >> 1 & 3 {
            0 => return talk,
            1 => "1.0",
            2 => "1.1",
            _ => "1.2",
        };
        let connect = format!("CONNECT\naccept-version:{version}\n\n\0");
        talk.pending.extend_from_slice(connect.as_bytes());
        talk.flush();
        talk.answer(true);
        talk
    }

    fn act(&mut self, what: u8, which: u8) {
        self.flush();
        match what {
            0x01 => self.answer(true),
            0x02 => self.answer(false),
            0x03 => self.deliver(which),
            0x04 => self.pass_time(u64::from(which) * 50),
            0x05 => self.send(vec![Event::BrowseEnd {
                consumer: which.into(),
            }]),
            0x06 => self.send(vec![
                Event::Pause {
                    producer: which.into(),
                },
                Event::Resume {
                    producer: which.into(),
                },
            ]),
            0x07 => self.fail_unasked(),
            0x0e => self.send(vec![Event::Done { reply: u64::MAX }]),
            0x0f => self.send(vec![Event::Closed {
                reason: "over\nand: out".into(),
            }]),
            // A piece of input ends here.
            _ => {}
        }
    }

    /// Shows the connection what the client has written.
    fn flush(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        self.input.extend_from_slice(&self.pending);
        self.pending.clear();
        let (mut commands, mut output) = (Vec::new(), Output::default());
        let received =
            self.connection
                .receive(self.now, &mut self.input, &mut commands, &mut output);
        assert!(received.is_err() || !self.ended, "what is over stays over");
        self.ended |= received.is_err();
        let wanted = self.connection.input_wanted();
        assert!(wanted <= (2 * self.input.len()).max(64 * 1024) + 64 * 1024);
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
        let Some((reply, connects)) = self.replies.pop_front() else {
            return;
        };
        self.send(vec![match (well, connects) {
            (true, true) => Event::Connected { reply },
            (true, false) => Event::Done { reply },
            (false, _) => Event::Failed {
                reply: Some(reply),
                failure: Failure::new(FailureKind::NoSpace, "full: \r\n\0 stop"),
            },
        }]);
    }

    fn fail_unasked(&mut self) {
        self.send(vec![Event::Failed {
            reply: None,
            failure: Failure::new(FailureKind::UnknownDelivery, "unknown"),
        }]);
    }

    fn deliver(&mut self, which: u8) {
        let Some(message) = self.messages.get(usize::from(which) / 4).or(self.messages.last())
        else {
            return;
        };
        let consumer = u64::from(which) % 4 + 1;
        let entry = self.consumers.entry(consumer).or_default();
        entry.delivered += 1;
        self.send(vec![Event::Delivery(Delivery {
            consumer,
            delivery: self.consumers.get(&consumer).map_or(0, |one| one.delivered),
            message: Arc::clone(message),
            redeliveries: u32::from(which) % 3,
        })]);
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
        let mut slices = [IoSlice::new(&[]); 64];
        let count = output.slices(&mut slices);
        if count == slices.len() {
            // More pieces than shown: only their number matters here.
            self.output.clear();
            return;
        }
        for slice in slices.iter().take(count) {
            self.output.extend_from_slice(slice);
        }
        for command in commands {
            self.check_command(command);
        }
        self.check_output();
    }

    fn expect_reply(&mut self, reply: Option<Reply>, connects: bool) {
        if let Some(reply) = reply {
            let used = self.replies.iter().any(|(open, _)| *open == reply);
            assert!(!used, "reply {reply} is awaited already");
            self.replies.push_back((reply, connects));
        }
    }

    fn check_command(&mut self, command: Command) {
        let reply = match command {
            Command::Connect(connect) => {
                self.expect_reply(Some(connect.reply), true);
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
            Command::RemoveDurable { reply, .. } => reply,
            Command::Send(send) => {
                assert!(send.destinations.iter().next().is_some());
                assert!(send.tx.is_none_or(|tx| self.transactions.contains(&tx)));
                let (head, body) = (send.message.head().clone(), send.message.body().clone());
                let message = Message::from_parts(head, body).expect("a message reads back");
                assert!(self.messages.len() < 10_000, "one message per frame");
                self.messages.push(Arc::new(message));
                send.reply
            }
            Command::Ack(ack) => {
                let (AckRange::One(last) | AckRange::UpTo(last)) = ack.range;
                let delivered = self.consumers.get(&ack.consumer).map_or(0, |one| one.delivered);
                assert!((1..=delivered).contains(&last), "{last} of {delivered}");
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
            Command::CreateDestination { destination, reply } => {
                assert!(destination.kind().is_temporary());
                reply
            }
            Command::Disconnect { reply } => reply,
            other => panic!("{other:?} is nothing that STOMP asks for"),
        };
        self.expect_reply(reply, false);
    }

    /// Reads what the connection wrote as a strict client would.
    fn check_output(&mut self) {
        let mut rest = &self.output[..];
        loop {
            rest = rest.trim_ascii_start();
            if rest.is_empty() {
                break;
            }
            rest = check_frame(rest);
        }
        self.output.clear();
    }
}

/// Checks one frame and returns what follows it.
fn check_frame(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    let mut line = || {
        let end = rest.iter().position(|byte| *byte == b'\n').expect("a whole line");
        let (line, after) = rest.split_at(end);
        assert!(!line.contains(&0), "no NUL within headers");
        rest = &after[1..];
        line
    };
    let command = line();
    let known: [&[u8]; 4] = [b"CONNECTED", b"MESSAGE", b"RECEIPT", b"ERROR"];
    assert!(known.contains(&command), "{:?}", String::from_utf8_lossy(command));
    let mut length = None;
    loop {
        let header = line();
        if header.is_empty() {
            break;
        }
        assert!(header.contains(&b':'), "{:?}", String::from_utf8_lossy(header));
        if let Some(value) = header.strip_prefix(b"content-length:") {
            assert!(length.is_none(), "one length");
            let value = std::str::from_utf8(value).expect("digits");
            length = Some(value.parse::<usize>().expect("digits"));
        }
    }
    let end = length.or_else(|| rest.iter().position(|byte| *byte == 0));
    let end = end.expect("a body that ends");
    assert_eq!(rest.get(end), Some(&0), "a NUL after the body");
    &rest[end + 1..]
}
