//! A client that writes what it is told to, and reads what comes back.

use crate::codec::{Decoder, Encoder, Format, Offer, Text, Wire};
use crate::convert::destination::QUEUE;
use crate::generated::{
    ActiveMQDestination, ConnectionId, ConnectionInfo, ConsumerId, ConsumerInfo, DataStructure,
    ProducerId, SessionId, SessionInfo,
};
use crate::{OpenWire, Settings};
use bytes::{Bytes, BytesMut};
use floodway_message::session::{Command, Connection, ConnectionEnd, Delivery, Event, Protocol};
use floodway_message::{BodyKind, Destination, DestinationKind, MessageBuilder, Now, Output};
use std::io::IoSlice;
use std::sync::Arc;

pub(super) fn loose(version: u8) -> Format {
    Format {
        version,
        ..Format::before_negotiation()
    }
}

/// The class of the only exception among what was told.
#[track_caller]
pub(super) fn class_of(told: &[DataStructure]) -> String {
    let mut found = told.iter().filter_map(|one| match one {
        DataStructure::ExceptionResponse(one) => one.exception.as_ref(),
        DataStructure::ConnectionError(one) => one.exception.as_ref(),
        _ => None,
    });
    let exception = found.next().unwrap_or_else(|| panic!("{told:?}"));
    assert!(found.next().is_none());
    exception.class.as_ref().unwrap().to_str().into_owned()
}

pub(super) struct Client {
    connection: Box<dyn Connection>,
    now: Now,
    encoder: Encoder,
    decoder: Decoder,
    output: Output,
    commands: Vec<Command>,
    commands_sent: i32,
    pub(super) end: Option<ConnectionEnd>,
    /// All that was taken so far.
    pub(super) taken: Vec<DataStructure>,
}

impl Client {
    pub(super) fn open() -> Self {
        Self::open_with(Settings::default())
    }

    pub(super) fn open_with(settings: Settings) -> Self {
        let now = Now {
            monotonic_ms: 1_000_000,
            wall_ms: 1_700_000_000_000,
        };
        let mut client = Self {
            connection: OpenWire::new(settings).open(1, now),
            now,
            encoder: Encoder::default(),
            decoder: Decoder::new(Format::before_negotiation(), 1 << 20),
            output: Output::default(),
            commands: Vec::new(),
            commands_sent: 0,
            end: None,
            taken: Vec::new(),
        };
        client.tick(0).unwrap();
        client
    }

    /// One that is let in, with session 1 and producer 1:1.
    pub(super) fn connected(format: Format) -> Self {
        let mut client = Self::open();
        client.introduce(format);
        let info = client.connection_info();
        client.ask(|_| info);
        for command in client.commands() {
            if let Command::Connect(connect) = command {
                client.tell(Event::Connected {
                    reply: connect.reply,
                });
            }
        }
        let session = client.session_info(1);
        client.ask(|_| session);
        client.take();
        client
    }

    pub(super) fn introduce(&mut self, format: Format) {
        let offer = Offer {
            version: format.version.into(),
            tight: format.tight,
            cache: format.cache,
            cache_size: format.cache_size.into(),
            stack_traces: format.stack_traces,
            no_size_prefix: true,
            no_delay: true,
            inactivity_ms: 30_000,
            inactivity_initial_ms: 10_000,
            frame_bytes_max: i64::MAX,
        };
        // The broker's own comes first and is read before the agreement counts.
        let told = self.take();
        assert!(told.len() <= 1);
        self.put(&offer.info());
        let format = Format {
            cache_size: format.cache_size.min(1024),
            ..format
        };
        self.encoder = Encoder::new(format);
        self.decoder = Decoder::new(format, 1 << 20);
    }

    pub(super) fn connection_id(&self) -> Text {
        Text::fixed("ID:client-1:1")
    }

    pub(super) fn connection_info(&self) -> ConnectionInfo {
        ConnectionInfo {
            connection_id: Some(ConnectionId {
                value: Some(self.connection_id()),
            }),
            client_id: Some("client".into()),
            user_name: Some("user".into()),
            password: Some(crate::codec::Secret("pass".into())),
            ..ConnectionInfo::default()
        }
    }

    pub(super) fn session_info(&self, value: i64) -> SessionInfo {
        let connection_id = Some(self.connection_id());
        SessionInfo {
            session_id: Some(SessionId {
                connection_id,
                value,
            }),
            ..SessionInfo::default()
        }
    }

    pub(super) fn consumer_id(&self) -> ConsumerId {
        ConsumerId {
            connection_id: Some(self.connection_id()),
            session_id: 1,
            value: 1,
        }
    }

    pub(super) fn producer_id(&self) -> ProducerId {
        ProducerId {
            connection_id: Some(self.connection_id()),
            value: 1,
            session_id: 1,
        }
    }

    pub(super) fn destination(&self, name: &str) -> ActiveMQDestination {
        ActiveMQDestination {
            type_id: QUEUE,
            physical_name: Some(name.into()),
        }
    }

    pub(super) fn consumer_info(&self, queue: &str, prefetch_size: i32) -> ConsumerInfo {
        ConsumerInfo {
            consumer_id: Some(self.consumer_id()),
            destination: Some(self.destination(queue)),
            prefetch_size,
            ..ConsumerInfo::default()
        }
    }

    /// Opens the consumer, which is number 1 to the core.
    pub(super) fn open_consumer(&mut self, queue: &str, prefetch: i32) {
        let info = self.consumer_info(queue, prefetch);
        self.ask(|_| info);
        for command in self.commands() {
            if let Command::OpenConsumer(open) = command {
                assert_eq!(open.prefetch, u32::try_from(prefetch).ok());
                self.tell(Event::Done {
                    reply: open.reply.unwrap(),
                });
            }
        }
        self.take();
    }

    /// The core dispatches a text with this number to consumer 1.
    pub(super) fn deliver(&mut self, delivery: u64, sequence: i64, text: &str) {
        let mut builder = MessageBuilder::new();
        let queue = Destination::new(DestinationKind::Queue, "Q").unwrap();
        builder
            .id(&format!("ID:other-1:1:1:1:{sequence}"))
            .destination(&queue);
        builder.body(BodyKind::Text, Bytes::copy_from_slice(text.as_bytes()));
        self.tell(Event::Delivery(Delivery {
            consumer: 1,
            delivery,
            message: Arc::new(builder.build(0).unwrap()),
            redeliveries: 0,
        }));
    }

    /// Writes a command, whose number is handed in.
    pub(super) fn ask<T: Wire>(&mut self, command: impl FnOnce(i32) -> T) {
        self.commands_sent += 1;
        self.put(&command(self.commands_sent));
    }

    fn put<T: Wire>(&mut self, structure: &T) {
        let mut output = Output::default();
        self.encoder.put(structure, &mut output);
        let bytes = written(&mut output);
        self.raw(&bytes);
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) {
        let mut input = BytesMut::from(bytes);
        let received =
            self.connection
                .receive(self.now, &mut input, &mut self.commands, &mut self.output);
        self.end = received.err();
    }

    pub(super) fn tell(&mut self, event: Event) {
        let mut events = vec![event];
        let sent =
            self.connection
                .send(self.now, &mut events, &mut self.commands, &mut self.output);
        self.end = sent.err();
    }

    /// Time since the connection was opened.
    pub(super) fn tick(&mut self, since_ms: u64) -> Result<(), ConnectionEnd> {
        self.now.monotonic_ms = 1_000_000 + since_ms;
        self.connection.tick(self.now, &mut self.output).map(drop)
    }

    /// Commands for the core since the last time.
    pub(super) fn commands(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.commands)
    }

    /// The bytes that the broker has written since the last time.
    pub(super) fn take_bytes(&mut self) -> Vec<u8> {
        written(&mut self.output).to_vec()
    }

    /// What the broker has written since the last time.
    pub(super) fn take(&mut self) -> Vec<DataStructure> {
        let mut input = written(&mut self.output);
        let mut found = Vec::new();
        while let Some(frame) = self.decoder.next_frame(&mut input).unwrap() {
            found.extend(self.decoder.read(&frame).unwrap());
        }
        assert!(input.is_empty(), "whole frames");
        self.taken.extend(found.iter().cloned());
        found
    }
}

fn written(output: &mut Output) -> BytesMut {
    let mut slices = [IoSlice::new(&[]); 64];
    let count = output.slices(&mut slices);
    let mut all = BytesMut::new();
    slices[..count]
        .iter()
        .for_each(|slice| all.extend_from_slice(slice));
    output.advance(all.len());
    all
}
