//! Messages of one client come out for another as they came in.

use crate::codec::{Content, Decoder, Format, Primitive, Text, put_entry};
use crate::convert::inbound::{Converter, Origin};
use crate::convert::outbound::{self, Outgoing};
use crate::generated::{DataStructure, Message as WireMessage, MessageId, ProducerId};
use bytes::{BufMut, Bytes, BytesMut};
use flate2::read::GzDecoder;
use floodway_message::{
    BodyKind, Destination, DestinationKind, Message, MessageBuilder, Now, PropertyValue,
};
use std::io::Read;
use std::path::Path;

const NOW: Now = Now {
    monotonic_ms: 1,
    wall_ms: 1_700_000_000_000,
};
const OUTGOING: Outgoing = Outgoing {
    stamp: 7,
    redeliveries: 2,
    wall_ms: 1_700_000_000_001,
};

fn take_in(wire: &WireMessage) -> Message {
    let destination = Destination::new(DestinationKind::Queue, "Q").unwrap();
    let origin = Origin {
        now: NOW,
        destination: &destination,
        composite: None,
        numbered: true,
    };
    let message = Converter::default().message(wire, &origin, 100).unwrap();
    // What was stored reads back.
    Message::from_parts(message.head().clone(), message.body().clone()).unwrap()
}

/// The content as it stands on the wire.
fn content(wire: &WireMessage) -> Option<Vec<u8>> {
    let Content { bytes, has_length } = wire.content.as_ref()?;
    let mut whole = Vec::new();
    if *has_length {
        whole.extend_from_slice(&u32::try_from(bytes.len()).unwrap().to_be_bytes());
    }
    whole.extend_from_slice(bytes);
    Some(whole)
}

#[track_caller]
fn check_relay(wire: &WireMessage) {
    let back = *outbound::message(&take_in(wire), &OUTGOING);
    assert_eq!(content(&back), content(wire));
    let producer = |wire: &WireMessage| wire.message_id.as_ref().unwrap().producer_id.clone();
    assert_eq!(producer(&back), producer(wire));
    let expected = WireMessage {
        destination: back.destination.clone(),
        message_id: wire.message_id.clone().map(|id| MessageId {
            broker_sequence_id: OUTGOING.stamp,
            ..id
        }),
        content: back.content.clone(),
        redelivery_counter: OUTGOING.redeliveries,
        broker_in_time: NOW.wall_ms,
        broker_out_time: OUTGOING.wall_ms,
        priority: wire.priority.clamp(0, 9),
        // What is the sender's business with its broker.
        command_id: 0,
        response_required: false,
        transaction_id: None,
        received_by_df_bridge: false,
        jmsx_group_first_for_consumer: false,
        ..wire.clone()
    };
    assert_eq!(back, expected);
}

/// All messages that clients sent in the recordings, and synthetic ones.
fn recorded() -> Vec<WireMessage> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let mut found = Vec::new();
    let mut packed = Vec::new();
    let file = std::fs::File::open(folder.join("synthetic.bin.gz")).unwrap();
    GzDecoder::new(file).read_to_end(&mut packed).unwrap();
    let mut rest = &packed[..];
    while let Some((head, after)) = rest.split_first_chunk::<6>() {
        let length = u32::from_be_bytes(head[2..].try_into().unwrap()) as usize;
        let (frame, after) = after.split_at(length);
        rest = after;
        // Version 12, loose, without cache.
        if head[..2] == [12, 0] {
            let format = Format {
                version: 12,
                ..Format::before_negotiation()
            };
            take(&mut Decoder::new(format, 1 << 20), frame, &mut found);
        }
    }
    for name in ["basic-tn", "compressed-tn"] {
        let format = Format {
            version: 12,
            tight: true,
            cache: false,
            cache_size: 1024,
            stack_traces: true,
        };
        let stream = std::fs::read(folder.join(format!("{name}.c2s.bin"))).unwrap();
        let first = u32::from_be_bytes(stream[..4].try_into().unwrap()) as usize;
        take(
            &mut Decoder::new(format, 1 << 20),
            &stream[4 + first..],
            &mut found,
        );
    }
    found
}

fn take(decoder: &mut Decoder, stream: &[u8], found: &mut Vec<WireMessage>) {
    let mut input = BytesMut::from(stream);
    while let Some(frame) = decoder.next_frame(&mut input).unwrap() {
        if let Some(DataStructure::Message(message)) = decoder.read(&frame).unwrap() {
            found.push(*message);
        }
    }
}

#[test]
fn recorded_messages_come_out_as_they_came_in() {
    let mut count = 0;
    for mut wire in recorded() {
        let Some(id) = &mut wire.message_id else {
            continue;
        };
        // Negative numbers and names without a text are nothing that a client has.
        let producer = id.producer_id.get_or_insert_default();
        producer.connection_id.get_or_insert_default();
        if wire.producer_id.is_none() {
            wire.producer_id.clone_from(&id.producer_id);
        }
        if wire
            .reply_to
            .as_ref()
            .is_some_and(|one| one.physical_name.is_none())
            || wire.original_destination.is_some()
        {
            continue;
        }
        check_relay(&wire);
        count += 1;
    }
    assert!(count >= 20, "{count} messages");
}

fn text_message(content: &[u8]) -> WireMessage {
    let producer = ProducerId {
        connection_id: Some(Text::new("ID:host-1-2-3:1")),
        value: 4,
        session_id: 3,
    };
    WireMessage {
        type_id: 28,
        producer_id: Some(producer.clone()),
        message_id: Some(MessageId {
            producer_id: Some(producer),
            producer_sequence_id: 5,
            ..MessageId::default()
        }),
        content: Some(Bytes::copy_from_slice(content).into()),
        priority: 4,
        ..WireMessage::default()
    }
}

fn text_content(text: &str) -> Vec<u8> {
    let text = Text::new(text);
    let mut content = u32::try_from(text.bytes().len())
        .unwrap()
        .to_be_bytes()
        .to_vec();
    content.extend_from_slice(text.bytes());
    content
}

#[test]
fn text_is_utf_8_for_others_and_as_it_came_for_java() {
    let texts = ["", "plain", "é€", "nul \0", "smile 😀"];
    let longer = "long 😀".repeat(100);
    for text in texts.into_iter().chain([longer.as_str()]) {
        let wire = text_message(&text_content(text));
        let message = take_in(&wire);
        assert_eq!(message.body_kind(), BodyKind::Text);
        assert_eq!(message.body(), text.as_bytes());
        assert_eq!(message.id(), "ID:host-1-2-3:1:3:4:5");
        check_relay(&wire);
    }
}

#[test]
fn text_that_is_none_is_kept_as_it_came() {
    for content in [
        &b""[..],
        b"\0\0",
        b"\0\0\0\x05four",
        b"\xff\xff\xff\xff",
        b"\0\0\0\x01\xff",
    ] {
        let wire = text_message(content);
        assert_eq!(take_in(&wire).body_kind(), BodyKind::Bytes, "{content:?}");
        check_relay(&wire);
    }
}

#[test]
fn a_producer_number_is_noted_of_persistent_messages() {
    let mut wire = text_message(&text_content("x"));
    assert_eq!(take_in(&wire).producer_sequence(), None);
    wire.persistent = true;
    assert_eq!(
        take_in(&wire).producer_sequence(),
        Some(("ID:host-1-2-3:1:3:4", 5))
    );
}

fn map(entries: &[(&str, Primitive<'_>)]) -> Bytes {
    let mut map = BytesMut::new();
    map.put_u32(u32::try_from(entries.len()).unwrap());
    for (name, value) in entries {
        put_entry(&mut map, name, value);
    }
    map.freeze()
}

#[test]
fn properties_are_read_by_all_and_kept_as_they_came() {
    let big = "b".repeat(9000);
    let entries = [
        ("null", Primitive::Null),
        ("flag", Primitive::Boolean(true)),
        ("byte", Primitive::Byte(-1)),
        ("short", Primitive::Short(-2)),
        ("int", Primitive::Integer(-3)),
        ("long", Primitive::Long(-4)),
        ("double", Primitive::Double(0.5)),
        ("float", Primitive::Float(0.25)),
        ("text", Primitive::String("é".as_bytes())),
        ("big", Primitive::BigString(big.as_bytes())),
    ];
    let mut wire = text_message(&text_content("x"));
    wire.marshalled_properties = Some(map(&entries));
    let message = take_in(&wire);
    assert_eq!(message.property("flag"), Some(PropertyValue::Boolean(true)));
    assert_eq!(message.property("long"), Some(PropertyValue::Long(-4)));
    assert_eq!(message.property("text"), Some(PropertyValue::String("é")));
    assert_eq!(message.property("big"), Some(PropertyValue::String(&big)));
    check_relay(&wire);
}

#[test]
fn properties_without_a_field_of_their_own_are_kept_as_they_came() {
    let nested = map(&[("inner", Primitive::Integer(1))]);
    let entries = [
        ("char", Primitive::Char(0x41)),
        ("bytes", Primitive::Bytes(b"\0\x01")),
        ("map", Primitive::Map(&nested)),
        ("known", Primitive::Integer(1)),
    ];
    let mut wire = text_message(&text_content("x"));
    wire.marshalled_properties = Some(map(&entries));
    check_relay(&wire);
    let message = take_in(&wire);
    assert_eq!(message.property("char"), Some(PropertyValue::String("A")));
    // What the broker adds later comes behind them.
    let mut builder = message.rebuild();
    builder.property("added", PropertyValue::String("later"));
    let back = *outbound::message(&builder.build(0).unwrap(), &OUTGOING);
    let mut all = entries.to_vec();
    all.push(("added", Primitive::String(b"later")));
    assert_eq!(back.marshalled_properties, Some(map(&all)));
}

#[test]
fn properties_that_the_broker_removes_are_gone_from_a_map_kept_as_it_came() {
    let entries = [
        ("char", Primitive::Char(0x41)),
        ("gone", Primitive::Long(1)),
        ("bytes", Primitive::Bytes(b"\0\x01")),
        ("known", Primitive::Integer(1)),
        ("gone", Primitive::Integer(2)),
    ];
    let mut wire = text_message(&text_content("x"));
    wire.marshalled_properties = Some(map(&entries));
    let mut builder = take_in(&wire).rebuild();
    builder.remove_properties(|name| name == "gone");
    builder.property("added", PropertyValue::String("later"));
    let back = *outbound::message(&builder.build(0).unwrap(), &OUTGOING);
    let expected = [
        entries[0],
        entries[2],
        entries[3],
        ("added", Primitive::String(b"later")),
    ];
    assert_eq!(back.marshalled_properties, Some(map(&expected)));
}

#[test]
fn damaged_properties_are_kept_as_they_came() {
    for damaged in [
        &b"\0\0\0\x09\0\x01a\x05\0"[..],
        b"\0",
        b"\xff\xff\xff\xff",
        b"\0\0\0\0x",
    ] {
        let mut wire = text_message(&text_content("x"));
        wire.marshalled_properties = Some(Bytes::copy_from_slice(damaged));
        check_relay(&wire);
    }
}

#[test]
fn a_message_of_another_protocol_becomes_a_text_or_bytes_message() {
    let mut builder = MessageBuilder::new();
    let queue = Destination::new(DestinationKind::Queue, "Q").unwrap();
    builder.id("ID:stomp-1-2:3:-1:1:9").destination(&queue);
    builder.property("p", PropertyValue::String("v"));
    builder.body(BodyKind::Text, Bytes::from_static("😀".as_bytes()));
    let text = *outbound::message(&builder.build(0).unwrap(), &OUTGOING);
    assert_eq!(text.type_id, 28);
    assert_eq!(content(&text), Some(text_content("😀")));
    assert_eq!(text.message_id.unwrap().producer_sequence_id, 9);
    let properties = map(&[("p", Primitive::String(b"v"))]);
    assert_eq!(text.marshalled_properties, Some(properties));

    let mut builder = MessageBuilder::new();
    builder.id("anything").destination(&queue);
    builder.body(BodyKind::Bytes, Bytes::from_static(b"\0\x01"));
    let bytes = *outbound::message(&builder.build(0).unwrap(), &OUTGOING);
    assert_eq!(
        (bytes.type_id, content(&bytes)),
        (24, Some(b"\0\x01".to_vec()))
    );
    assert_eq!(
        bytes.message_id.unwrap().text_view,
        Some(Text::new("anything"))
    );
}
