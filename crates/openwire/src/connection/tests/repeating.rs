//! Frames that are written over others hold the bytes that they would have if written anew.

use super::client::{Client, loose};
use crate::codec::{Encoder, Format, Primitive, put_entry};
use crate::convert::inbound::{Converter, Origin};
use crate::convert::outbound::{self, Outgoing};
use crate::generated::{Message as WireMessage, MessageDispatch, MessageId, ProducerId};
use bytes::{BufMut, Bytes, BytesMut};
use floodway_message::session::{Delivery, Event};
use floodway_message::{Destination, DestinationKind, Message, Now, Output};
use std::io::IoSlice;
use std::sync::Arc;

const WALL_MS: i64 = 1_700_000_000_000;
const ROUNDS: u64 = 600;

/// Numbers that look like any, the same in every run.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % bound
    }

    fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }

    /// A number that a tight frame writes in 0, 2, 4 or 8 bytes; mostly in 8, as times are.
    fn long(&mut self) -> i64 {
        match self.below(12) {
            0 => 0,
            1 => 65_535,
            2 => 65_536,
            3 => -1,
            _ => WALL_MS + i64::try_from(self.below(1000)).unwrap(),
        }
    }
}

/// Mostly a plain message; now and then one with a header, properties or a large body.
fn draw_message(draw: &mut Draw, producers: u64, sequence: i64) -> Message {
    let bodies = [0, 1, 5, 300, 20_000];
    let length = bodies[usize::try_from(draw.below(bodies.len() as u64)).unwrap()];
    let rare = |draw: &mut Draw| draw.one_in(20).then(|| "rare".into());
    let mut properties = BytesMut::new();
    if draw.one_in(10) {
        properties.put_u32(1);
        put_entry(&mut properties, "key", &Primitive::Integer(7));
    }
    let producer_id = Some(ProducerId {
        connection_id: Some("ID:other-1:1".into()),
        value: i64::try_from(draw.below(producers)).unwrap(),
        session_id: 1,
    });
    let wire = WireMessage {
        type_id: if draw.one_in(5) { 28 } else { 24 },
        producer_id: producer_id.clone(),
        message_id: Some(MessageId {
            producer_id,
            producer_sequence_id: sequence,
            ..MessageId::default()
        }),
        persistent: draw.one_in(10),
        priority: if draw.one_in(10) { 9 } else { 4 },
        timestamp: draw.long(),
        expiration: if draw.one_in(4) { draw.long() } else { 0 },
        correlation_id: rare(draw),
        group_id: rare(draw),
        user_id: rare(draw),
        content: (!draw.one_in(10)).then(|| text(length).into()),
        marshalled_properties: (!properties.is_empty()).then(|| properties.freeze()),
        droppable: draw.one_in(20),
        ..WireMessage::default()
    };
    let now = Now {
        monotonic_ms: 1,
        wall_ms: draw.long(),
    };
    let name = if draw.one_in(10) { "Q.2" } else { "Q" };
    let origin = Origin {
        now,
        destination: &Destination::new(DestinationKind::Queue, name).unwrap(),
        composite: None,
        numbered: draw.one_in(2),
    };
    Converter::default().message(&wire, &origin, 100).unwrap()
}

/// The content of a text message, which is good for one of bytes too.
fn text(length: u32) -> Bytes {
    let mut content = BytesMut::new();
    content.put_u32(length);
    content.put_bytes(b'x', usize::try_from(length).unwrap());
    content.freeze()
}

/// What is written for a delivery that is like no other.
fn anew(encoder: &mut Encoder, client: &Client, delivery: &Delivery, stamp: i64) -> Vec<u8> {
    let redeliveries = i32::try_from(delivery.redeliveries).unwrap();
    let outgoing = Outgoing {
        stamp,
        redeliveries,
        wall_ms: WALL_MS,
    };
    let mut message = outbound::message(&delivery.message, &outgoing);
    // The only group begins with its first message.
    message.jmsx_group_first_for_consumer = false;
    let dispatch = MessageDispatch {
        consumer_id: Some(client.consumer_id()),
        destination: message.destination.clone(),
        message: Some(message),
        redelivery_counter: redeliveries,
        ..MessageDispatch::default()
    };
    let mut output = Output::default();
    encoder.put(&dispatch, &mut output);
    let mut slices = [IoSlice::new(&[]); 8];
    let count = output.slices(&mut slices);
    slices[..count]
        .iter()
        .flat_map(|slice| slice.to_vec())
        .collect()
}

fn check(format: Format, producers: u64) {
    let mut client = Client::connected(format);
    client.open_consumer("Q", 1000);
    let mut encoder = Encoder::new(format);
    for told in &client.taken {
        encoder.put(told, &mut Output::default());
    }
    let mut draw = Draw(producers + u64::from(format.version));
    let mut begun = false;
    for number in 1..=ROUNDS {
        let stamp = i64::try_from(number).unwrap();
        // Where ids pass 65,535 a tight frame gets wider.
        let sequence = stamp + 64_000;
        let message = draw_message(&mut draw, producers, sequence);
        let is_first = message.group_id().is_some() && !std::mem::replace(&mut begun, true);
        let delivery = Delivery {
            consumer: 1,
            delivery: number,
            message: Arc::new(message),
            redeliveries: u32::from(draw.one_in(20)),
        };
        let expected = anew(&mut encoder, &client, &delivery, stamp);
        let what = format!("{format:?}, {number}: {delivery:?}");
        client.tell(Event::Delivery(delivery));
        let told = client.take_bytes();
        assert!(is_first || told == expected, "{what}");
    }
}

/// All versions and encodings, with a marshalling cache of this size.
fn formats(cache_size: u16) -> impl Iterator<Item = Format> {
    let versions = [1, 2, 3, 9, 10, 12];
    versions.into_iter().flat_map(move |version| {
        [(true, true), (true, false), (false, true), (false, false)].map(|(tight, cache)| Format {
            tight,
            cache,
            cache_size,
            ..loose(version)
        })
    })
}

#[test]
fn frames_of_a_producer_are_those_of_a_new_writer() {
    formats(1024).for_each(|format| check(format, 1));
}

#[test]
fn frames_of_more_producers_than_are_remembered_are_those_of_a_new_writer() {
    formats(1024).for_each(|format| check(format, 7));
    formats(1024).for_each(|format| check(format, 60));
}

#[test]
fn frames_whose_names_the_client_has_forgotten_are_those_of_a_new_writer() {
    // The cache keeps 100 places free, so these remember 8 names, or one.
    formats(108).for_each(|format| check(format, 7));
    formats(101).for_each(|format| check(format, 2));
}
