//! How long does one message of 1 KiB take, from received bytes to a command and from a delivery
//! to bytes to be written, and how long its acknowledgement?
//!
//! Run with `cargo bench -p floodway-openwire`. Each figure is the best of several rounds over
//! batches such as a socket delivers (64 KiB), in nanoseconds per frame.
#![expect(clippy::print_stdout, reason = "the result of the benchmark")]
#![expect(
    clippy::expect_used,
    reason = "a benchmark that fails is wrong and must stop"
)]

use bytes::{BufMut, Bytes, BytesMut};
use floodway_message::session::{Command, Connection, Delivery, Event, Protocol};
use floodway_message::{Message, Now, Output};
use floodway_openwire::OpenWire;
use floodway_openwire::codec::{Content, Encoder, Format, Offer, Primitive, Text, put_entry};
use floodway_openwire::generated::{
    ActiveMQDestination, ConnectionId, ConnectionInfo, ConsumerId, ConsumerInfo, MessageAck,
    MessageId, ProducerId, ProducerInfo, SessionId, SessionInfo,
};
use std::io::IoSlice;
use std::sync::Arc;
use std::time::Instant;

// The broker's own allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BATCH: usize = 60;
const ROUNDS: usize = 3000;
const NOW: Now = Now {
    monotonic_ms: 1,
    wall_ms: 1_700_000_000_000,
};
const CONNECTION: Text = Text::fixed("ID:host-41234-1700000000000-1:1");

fn main() {
    let plain = Format {
        version: 12,
        tight: false,
        cache: false,
        cache_size: 1024,
        stack_traces: true,
    };
    let java = Format {
        tight: true,
        cache: true,
        ..plain
    };
    for (name, format) in [("tight, cache", java), ("loose", plain)] {
        for properties in [0, 3] {
            let mut client = Client::connected(format);
            let sent = client.decode(
                &format!("decode message, {properties} properties, {name}"),
                properties,
            );
            client.encode(
                &format!("encode dispatch, {properties} properties, {name}"),
                &sent,
            );
        }
    }
}

fn report(name: &str, best_ns: u128) {
    println!("{name:<48} {:>6} ns", best_ns / BATCH as u128);
}

struct Client {
    connection: Box<dyn Connection>,
    encoder: Encoder,
    sequence: i64,
}

impl Client {
    fn connected(format: Format) -> Self {
        let mut client = Self {
            connection: OpenWire::default().open(1, NOW),
            encoder: Encoder::default(),
            sequence: 0,
        };
        let offer = Offer {
            version: 12,
            tight: format.tight,
            cache: format.cache,
            cache_size: 1024,
            stack_traces: true,
            no_size_prefix: false,
            no_delay: true,
            inactivity_ms: 0,
            inactivity_initial_ms: 0,
            frame_bytes_max: i64::MAX,
        };
        let mut output = Output::default();
        client.encoder.put(&offer.info(), &mut output);
        client.encoder = Encoder::new(format);
        let connection_id = Some(ConnectionId {
            value: Some(CONNECTION),
        });
        let client_id = Some("client".into());
        client.encoder.put(
            &ConnectionInfo {
                connection_id,
                client_id,
                ..ConnectionInfo::default()
            },
            &mut output,
        );
        let (commands, _) = client.receive(&output);
        assert!(matches!(commands.as_slice(), [Command::Connect(_)]));
        client.send(vec![Event::Connected { reply: 0 }]);
        client.open();
        client
    }

    fn open(&mut self) {
        let mut output = Output::default();
        let session_id = Some(SessionId {
            connection_id: Some(CONNECTION),
            value: 1,
        });
        self.encoder.put(
            &SessionInfo {
                session_id,
                ..SessionInfo::default()
            },
            &mut output,
        );
        let producer_id = Some(producer());
        self.encoder.put(
            &ProducerInfo {
                producer_id,
                ..ProducerInfo::default()
            },
            &mut output,
        );
        let consumer_id = Some(ConsumerId {
            connection_id: Some(CONNECTION),
            session_id: 1,
            value: 1,
        });
        let destination = Some(queue());
        self.encoder.put(
            &ConsumerInfo {
                consumer_id,
                destination,
                prefetch_size: 1000,
                ..ConsumerInfo::default()
            },
            &mut output,
        );
        let (commands, _) = self.receive(&output);
        assert!(matches!(commands.as_slice(), [Command::OpenConsumer(_)]));
        self.send(vec![Event::Done { reply: 0 }]);
    }

    fn receive(&mut self, output: &Output) -> (Vec<Command>, u128) {
        let mut input = written(output);
        let (mut commands, mut answers) = (Vec::new(), Output::default());
        let start = Instant::now();
        let received = self
            .connection
            .receive(NOW, &mut input, &mut commands, &mut answers);
        let taken = start.elapsed().as_nanos();
        received.expect("frames are understood");
        (commands, taken)
    }

    fn send(&mut self, mut events: Vec<Event>) -> u128 {
        let (mut commands, mut output) = (Vec::new(), Output::default());
        output.buffer().reserve(1 << 18);
        let start = Instant::now();
        let sent = self
            .connection
            .send(NOW, &mut events, &mut commands, &mut output);
        let taken = start.elapsed().as_nanos();
        sent.expect("frames are written");
        taken
    }

    /// Times messages; returns a batch of them as the core has them.
    fn decode(&mut self, name: &str, properties: usize) -> Vec<Arc<Message>> {
        let mut best_ns = u128::MAX;
        let mut kept = Vec::new();
        for _ in 0..ROUNDS {
            let mut output = Output::default();
            for _ in 0..BATCH {
                self.sequence += 1;
                self.encoder
                    .put(&message(self.sequence, properties), &mut output);
            }
            let (commands, taken) = self.receive(&output);
            assert_eq!(commands.len(), BATCH);
            best_ns = best_ns.min(taken);
            let sends = commands.into_iter().filter_map(|command| match command {
                Command::Send(send) => Some(Arc::new(send.message)),
                _ => None,
            });
            kept = sends.collect();
        }
        report(name, best_ns);
        kept
    }

    fn encode(&mut self, name: &str, messages: &[Arc<Message>]) {
        let (mut best_ns, mut best_ack_ns) = (u128::MAX, u128::MAX);
        let first = self.sequence - i64::try_from(BATCH).unwrap_or(0) + 1;
        let mut delivery = 0;
        for _ in 0..ROUNDS {
            let deliver = |message: &Arc<Message>| {
                delivery += 1;
                Event::Delivery(Delivery {
                    consumer: 1,
                    delivery,
                    message: Arc::clone(message),
                    redeliveries: 0,
                })
            };
            let events = messages.iter().map(deliver).collect();
            best_ns = best_ns.min(self.send(events));
            let mut output = Output::default();
            for sequence in first..=self.sequence {
                self.encoder.put(&acknowledgement(sequence), &mut output);
            }
            let (commands, taken) = self.receive(&output);
            assert_eq!(commands.len(), BATCH);
            best_ack_ns = best_ack_ns.min(taken);
        }
        report(name, best_ns);
        report(
            &name.replace("encode dispatch", "decode ack of dispatch"),
            best_ack_ns,
        );
    }
}

fn producer() -> ProducerId {
    ProducerId {
        connection_id: Some(CONNECTION),
        value: 1,
        session_id: 1,
    }
}

fn queue() -> ActiveMQDestination {
    ActiveMQDestination {
        type_id: 100,
        physical_name: Some("BENCH.A".into()),
    }
}

fn message_id(sequence: i64) -> MessageId {
    MessageId {
        producer_id: Some(producer()),
        producer_sequence_id: sequence,
        ..MessageId::default()
    }
}

fn message(sequence: i64, properties: usize) -> floodway_openwire::generated::Message {
    let mut map = BytesMut::new();
    map.put_u32(u32::try_from(properties).unwrap_or(0));
    for at in 0..properties {
        put_entry(
            &mut map,
            &format!("property{at}"),
            &Primitive::String(b"some value"),
        );
    }
    let content = Content {
        bytes: Bytes::from(vec![b'x'; 1024]),
        has_length: true,
    };
    floodway_openwire::generated::Message {
        type_id: 28,
        producer_id: Some(producer()),
        message_id: Some(message_id(sequence)),
        destination: Some(queue()),
        persistent: true,
        priority: 4,
        timestamp: NOW.wall_ms,
        content: Some(content),
        marshalled_properties: (properties > 0).then(|| map.freeze()),
        ..floodway_openwire::generated::Message::default()
    }
}

fn acknowledgement(sequence: i64) -> MessageAck {
    let consumer_id = Some(ConsumerId {
        connection_id: Some(CONNECTION),
        session_id: 1,
        value: 1,
    });
    MessageAck {
        destination: Some(queue()),
        consumer_id,
        ack_type: 2,
        first_message_id: Some(message_id(sequence)),
        last_message_id: Some(message_id(sequence)),
        message_count: 1,
        ..MessageAck::default()
    }
}

fn written(output: &Output) -> BytesMut {
    let mut slices = [IoSlice::new(&[]); 64];
    let count = output.slices(&mut slices);
    let mut all = BytesMut::new();
    slices
        .iter()
        .take(count)
        .for_each(|slice| all.extend_from_slice(slice));
    all
}
