//! A protocol of lines for the tests of this room: small, and able to do what a real one must
//! not: panic on demand.

use bytes::{Bytes, BytesMut};
use floodway_message::session::{
    Ack, AckKind, AckRange, Command, Connect, Connection, ConnectionEnd, Destinations, Event,
    OpenConsumer, Protocol, Send, Sniff,
};
use floodway_message::{BodyKind, Destination, DestinationKind, MessageBuilder, Now, Output};

pub(crate) struct LineProtocol;

impl Protocol for LineProtocol {
    fn name(&self) -> &'static str {
        "line"
    }

    fn sniff(&self, _first: &[u8]) -> Sniff {
        Sniff::Yes
    }

    fn open(&self, serial: u64, now: Now) -> Box<dyn Connection> {
        Box::new(LineRoom {
            serial,
            replies: 0,
            heard_ms: now.monotonic_ms,
            silence_ms: None,
            beat_ms: None,
        })
    }
}

struct LineRoom {
    serial: u64,
    replies: u64,
    heard_ms: u64,
    silence_ms: Option<u64>,
    /// Interval and next time.
    beat_ms: Option<(u64, u64)>,
}

impl LineRoom {
    fn reply(&mut self) -> Option<u64> {
        self.replies += 1;
        Some(self.replies)
    }

    fn line(&mut self, now: Now, line: &str) -> Result<Option<Command>, ConnectionEnd> {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        Ok(Some(match verb {
            "connect" => Command::Connect(Box::new(Connect {
                client_id: format!("line-{}", self.serial).into(),
                user: None,
                password: None,
                protocol: "line",
                resends: false,
                session: None,
                introduction: None,
                reply: 0,
            })),
            "sub" => Command::OpenConsumer(Box::new(OpenConsumer {
                reply: self.reply(),
                ..OpenConsumer::new(
                    1,
                    vec![Destination::new(DestinationKind::Queue, rest).unwrap()],
                )
            })),
            "send" => {
                let (queue, text) = rest.split_once(' ').unwrap();
                let queue = Destination::new(DestinationKind::Queue, queue).unwrap();
                let mut message = MessageBuilder::new();
                message.id(&format!("line-{}-{}", self.serial, self.replies));
                message.destination(&queue);
                message.body(BodyKind::Text, Bytes::copy_from_slice(text.as_bytes()));
                Command::Send(Send {
                    producer: 1,
                    destinations: Destinations::One(queue),
                    message: message.build(usize::MAX).unwrap(),
                    tx: None,
                    reply: self.reply(),
                })
            }
            "silence" => {
                self.silence_ms = Some(rest.parse().unwrap());
                return Ok(None);
            }
            "beat" => {
                let every = rest.parse().unwrap();
                self.beat_ms = Some((every, now.monotonic_ms + every));
                return Ok(None);
            }
            "panic" => panic!("asked for by a test"),
            other => return Err(ConnectionEnd::Protocol(format!("what is {other}?").into())),
        }))
    }
}

impl Connection for LineRoom {
    fn receive(
        &mut self,
        now: Now,
        input: &mut BytesMut,
        commands: &mut Vec<Command>,
        output: &mut Output,
    ) -> Result<(), ConnectionEnd> {
        self.heard_ms = now.monotonic_ms;
        while let Some(end) = input.iter().position(|byte| *byte == b'\n') {
            let line = input.split_to(end + 1).freeze();
            let line = String::from_utf8(line[..end].to_vec()).unwrap();
            match self.line(now, &line) {
                Ok(command) => commands.extend(command),
                Err(end) => {
                    output.put(format!("error {end}\n").as_bytes());
                    return Err(end);
                }
            }
        }
        Ok(())
    }

    fn send(
        &mut self,
        _now: Now,
        events: &mut Vec<Event>,
        commands: &mut Vec<Command>,
        output: &mut Output,
    ) -> Result<(), ConnectionEnd> {
        for event in events.drain(..) {
            match event {
                Event::Connected { .. } => output.put(b"connected\n"),
                Event::Done { reply } => output.put(format!("done {reply}\n").as_bytes()),
                Event::Delivery(delivery) => {
                    output.put(b"message ");
                    output.put_body(delivery.message.body());
                    output.put(b"\n");
                    commands.push(Command::Ack(Ack {
                        consumer: delivery.consumer,
                        range: AckRange::One(delivery.delivery),
                        kind: AckKind::Consumed,
                        cause: None,
                        tx: None,
                        reply: None,
                    }));
                }
                other => output.put(format!("{other:?}\n").as_bytes()),
            }
        }
        Ok(())
    }

    fn tick(&mut self, now: Now, output: &mut Output) -> Result<Option<u64>, ConnectionEnd> {
        if let Some((every, at)) = &mut self.beat_ms
            && now.monotonic_ms >= *at
        {
            output.put(b"beat\n");
            *at = now.monotonic_ms + *every;
        }
        let silent_at = self.silence_ms.map(|silence| self.heard_ms + silence);
        if let (Some(limit), Some(at)) = (self.silence_ms, silent_at)
            && now.monotonic_ms >= at
        {
            return Err(ConnectionEnd::Silent(limit));
        }
        let beat_at = self.beat_ms.map(|(_, at)| at);
        Ok([silent_at, beat_at].into_iter().flatten().min())
    }
}
