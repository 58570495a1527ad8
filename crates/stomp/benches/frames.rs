//! How long does one frame of 1 KiB take, from received bytes to a command and from a delivery
//! to bytes to be written?
//!
//! Run with `cargo bench -p floodway-stomp`. Each figure is the best of several rounds over
//! batches such as a socket delivers (64 KiB), in nanoseconds per frame.
#![expect(clippy::print_stdout, reason = "the result of the benchmark")]
#![expect(
    clippy::expect_used,
    reason = "a benchmark that fails is wrong and must stop"
)]

use bytes::BytesMut;
use floodway_message::session::{Command, Connection, Delivery, Event, Protocol};
use floodway_message::{Destination, Message, MessageBuilder, Now, Output, PropertyValue};
use floodway_stomp::Stomp;
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

fn main() {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with("--"))
        .collect();
    let run = |name: &str| wanted.is_empty() || wanted.iter().any(|part| name.contains(part));
    let body = "x".repeat(1024);
    let start = "SEND\ndestination:/queue/BENCH.A\npersistent:true\n";
    let receipt = "receipt:message-12345\n";
    let rich = "content-length:1024\ncontent-type:text/plain\npriority:5\n\
                correlation-id:0123456789\ncolor:red\nweight:12\n";
    for (name, headers) in [
        ("decode SEND, 2 headers", String::new()),
        ("decode SEND, 3 headers, receipt", receipt.into()),
        ("decode SEND, 9 headers", format!("{rich}{receipt}")),
    ] {
        if run(name) {
            decode(name, &format!("{start}{headers}\n{body}\0\n"));
        }
    }
    if run("decode ACK 1.2") {
        acknowledge("decode ACK 1.2");
    }
    for (name, mode, properties) in [
        ("encode MESSAGE, auto", "auto", false),
        (
            "encode MESSAGE, client-individual",
            "client-individual",
            false,
        ),
        ("encode MESSAGE, 3 properties", "auto", true),
    ] {
        if run(name) {
            encode(name, mode, &message(&body, properties));
        }
    }
    if run("encode RECEIPT") {
        receipts("encode RECEIPT");
    }
}

fn report(name: &str, best_ns: u128, frames: usize) {
    println!("{name:<40} {:>6} ns", best_ns / frames as u128);
}

fn connected() -> Box<dyn Connection> {
    let mut connection = Stomp::default().open(1, NOW);
    let mut input = BytesMut::from(&b"CONNECT\naccept-version:1.2\n\n\0"[..]);
    let (mut commands, mut output) = (Vec::new(), Output::default());
    let received = connection.receive(NOW, &mut input, &mut commands, &mut output);
    received.expect("CONNECT is understood");
    let mut events = vec![Event::Connected { reply: 0 }];
    let sent = connection.send(NOW, &mut events, &mut commands, &mut output);
    sent.expect("CONNECTED is written");
    connection
}

fn decode(name: &str, frame: &str) {
    let mut connection = connected();
    let batch = frame.repeat(BATCH);
    let (mut commands, mut output) = (Vec::new(), Output::default());
    let mut input = BytesMut::with_capacity(batch.len());
    let mut best_ns = u128::MAX;
    for _ in 0..ROUNDS {
        input.extend_from_slice(batch.as_bytes());
        let start = Instant::now();
        let received = connection.receive(NOW, &mut input, &mut commands, &mut output);
        best_ns = best_ns.min(start.elapsed().as_nanos());
        received.expect("frames are understood");
        assert_eq!(commands.len(), BATCH);
        answer(&mut *connection, &mut commands, &mut output);
    }
    report(name, best_ns, BATCH);
}

/// Answers what asks for it, so that receipts do not pile up.
fn answer(connection: &mut dyn Connection, commands: &mut Vec<Command>, output: &mut Output) {
    let mut events = Vec::new();
    for command in commands.drain(..) {
        if let Command::Send(send) = command {
            events.extend(send.reply.map(|reply| Event::Done { reply }));
        }
    }
    let sent = connection.send(NOW, &mut events, commands, output);
    sent.expect("receipts are written");
    output.advance(output.len());
}

fn receipts(name: &str) {
    let mut connection = connected();
    let frame = "SEND\ndestination:/queue/BENCH.A\nreceipt:message-12345\n\n\0\n";
    let (mut commands, mut output) = (Vec::new(), Output::default());
    let mut best_ns = u128::MAX;
    for _ in 0..ROUNDS {
        let mut input = BytesMut::from(frame.repeat(BATCH).as_bytes());
        let received = connection.receive(NOW, &mut input, &mut commands, &mut output);
        received.expect("frames are understood");
        let mut events = Vec::new();
        for command in commands.drain(..) {
            if let Command::Send(send) = command {
                events.extend(send.reply.map(|reply| Event::Done { reply }));
            }
        }
        let start = Instant::now();
        let sent = connection.send(NOW, &mut events, &mut commands, &mut output);
        best_ns = best_ns.min(start.elapsed().as_nanos());
        sent.expect("receipts are written");
        output.advance(output.len());
    }
    report(name, best_ns, BATCH);
}

fn message(body: &str, rich: bool) -> Arc<Message> {
    let mut builder = MessageBuilder::new();
    let destination = Destination::parse("queue://BENCH.A").expect("a good name");
    builder
        .destination(&destination)
        .id("ID:localhost-1700000000000-0:7:-1:1:123456")
        .timestamp_ms(NOW.wall_ms)
        .persistent(true);
    if rich {
        builder
            .property("color", PropertyValue::String("red"))
            .property("weight", PropertyValue::Integer(12))
            .property("content-type", PropertyValue::String("text/plain"));
    }
    let built = builder.build_copying(floodway_message::BodyKind::Text, body.as_bytes());
    Arc::new(built.expect("a short head"))
}

fn subscribe(connection: &mut dyn Connection, mode: &str) {
    let frame = format!("SUBSCRIBE\nid:1\ndestination:/queue/BENCH.A\nack:{mode}\n\n\0");
    let mut input = BytesMut::from(frame.as_bytes());
    let (mut commands, mut output) = (Vec::new(), Output::default());
    let received = connection.receive(NOW, &mut input, &mut commands, &mut output);
    received.expect("SUBSCRIBE is understood");
}

fn deliveries(message: &Arc<Message>, first: u64) -> Vec<Event> {
    let deliver = |n| {
        Event::Delivery(Delivery {
            consumer: 1,
            delivery: first + n,
            message: Arc::clone(message),
            redeliveries: 0,
        })
    };
    (0..BATCH as u64).map(deliver).collect()
}

fn encode(name: &str, mode: &str, message: &Arc<Message>) {
    let mut connection = connected();
    subscribe(&mut *connection, mode);
    let (mut commands, mut output) = (Vec::new(), Output::default());
    let mut best_ns = u128::MAX;
    for round in 0..ROUNDS {
        let mut events = deliveries(message, (round * BATCH) as u64 + 1);
        let start = Instant::now();
        let sent = connection.send(NOW, &mut events, &mut commands, &mut output);
        best_ns = best_ns.min(start.elapsed().as_nanos());
        sent.expect("deliveries are written");
        output.advance(output.len());
        commands.clear();
    }
    report(name, best_ns, BATCH);
}

fn acknowledge(name: &str) {
    let mut connection = connected();
    subscribe(&mut *connection, "client-individual");
    let message = message("", false);
    let (mut commands, mut output) = (Vec::new(), Output::default());
    let mut best_ns = u128::MAX;
    for round in 0..ROUNDS {
        let first = (round * BATCH) as u64 + 1;
        let mut events = deliveries(&message, first);
        let sent = connection.send(NOW, &mut events, &mut commands, &mut output);
        sent.expect("deliveries are written");
        output.advance(output.len());
        let ack = |n| format!("ACK\nid:1-{n}\n\n\0\n");
        let acks: String = (first..first + BATCH as u64).map(ack).collect();
        let mut input = BytesMut::from(acks.as_bytes());
        let start = Instant::now();
        let received = connection.receive(NOW, &mut input, &mut commands, &mut output);
        best_ns = best_ns.min(start.elapsed().as_nanos());
        received.expect("ACK is understood");
        assert_eq!(commands.len(), BATCH);
        commands.clear();
    }
    report(name, best_ns, BATCH);
}
