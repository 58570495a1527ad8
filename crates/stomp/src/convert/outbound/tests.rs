//! MESSAGE frames of all kinds of messages.

use super::*;
use floodway_message::{Destination, MessageBuilder};
use std::io::IoSlice;
use std::sync::Arc;

fn written(template: &mut Template, message: Message) -> String {
    let mut output = Output::default();
    let temporaries = Temporaries::new("ID:c".into(), 10, 100);
    let delivery = Delivery {
        consumer: 3,
        delivery: 5,
        message: Arc::new(message),
        redeliveries: 0,
    };
    template.put_message(&mut output, &delivery, &temporaries);
    let mut slices = [IoSlice::new(&[]); 8];
    let count = output.slices(&mut slices);
    let bytes: Vec<u8> = slices[..count]
        .iter()
        .flat_map(|slice| slice.to_vec())
        .collect();
    String::from_utf8_lossy(&bytes).replace('\0', "^@")
}

fn template(version: Version) -> Template {
    Template::new(version, Some(b"s:1"), None, None)
}

fn builder() -> MessageBuilder {
    let mut builder = MessageBuilder::new();
    builder
        .destination(&Destination::parse("queue://a").unwrap())
        .id("m1");
    builder
}

fn text(body: &str) -> Message {
    builder()
        .build_copying(BodyKind::Text, body.as_bytes())
        .unwrap()
}

#[test]
fn all_fields_have_their_headers() {
    let mut builder = builder();
    builder
        .original_destination(&Destination::parse("topic://o").unwrap())
        .reply_to(&Destination::parse("temp-topic://r").unwrap())
        .correlation_id("c")
        .message_type("t")
        .group_id("g")
        .group_sequence(-1)
        .user_id("u");
    builder
        .priority(9)
        .expiration_ms(-8)
        .timestamp_ms(7)
        .persistent(true);
    let message = builder.build_copying(BodyKind::Text, b"x").unwrap();
    assert_eq!(
        written(&mut template(Version::V1_0), message),
        "MESSAGE\nsubscription:s:1\nexpires:-8\npriority:9\ntimestamp:7\npersistent:true\n\
         destination:/queue/a\nmessage-id:m1\noriginal-destination:/topic/o\n\
         reply-to:/remote-temp-topic/r\ncorrelation-id:c\ntype:t\nJMSXGroupID:g\n\
         JMSXGroupSeq:-1\nJMSXUserID:u\n\nx^@\n"
    );
}

#[test]
fn properties_of_every_type_are_text() {
    let mut builder = builder();
    for (name, value) in [
        ("null", PropertyValue::Null),
        ("boolean", PropertyValue::Boolean(true)),
        ("byte", PropertyValue::Byte(-1)),
        ("short", PropertyValue::Short(-2)),
        ("integer", PropertyValue::Integer(-3)),
        ("long", PropertyValue::Long(i64::MIN)),
        ("float", PropertyValue::Float(0.5)),
        ("double", PropertyValue::Double(1e10)),
        ("string", PropertyValue::String("a:b\nc")),
        ("na:me", PropertyValue::Boolean(false)),
    ] {
        builder.property(name, value);
    }
    let message = builder.build_copying(BodyKind::Text, b"").unwrap();
    let frame = written(&mut template(Version::V1_1), message);
    let expected = "message-id:m1\nnull:null\nboolean:true\nbyte:-1\nshort:-2\ninteger:-3\n\
                    long:-9223372036854775808\nfloat:0.5\ndouble:1.0E10\nstring:a\\cb\\nc\n\
                    na\\cme:false\n\n^@\n";
    assert!(frame.ends_with(expected), "{frame}");
}

#[test]
fn no_property_stands_in_for_a_header_that_clients_steer_by() {
    let mut builder = builder();
    for name in [
        "destination",
        "message-id",
        "subscription",
        "ack",
        "content-length",
        "",
    ] {
        builder.property(name, PropertyValue::String("forged"));
    }
    builder.property("x", PropertyValue::String("a\nsubscription:forged"));
    let message = builder.build_copying(BodyKind::Text, b"").unwrap();
    for version in [Version::V1_0, Version::V1_1, Version::V1_2] {
        let frame = written(&mut template(version), message.clone());
        assert!(
            frame
                .lines()
                .all(|line| !line.ends_with(":forged") || line.starts_with("x:"))
        );
        assert_eq!(frame.matches("\nsubscription:").count(), 1, "{frame}");
    }
}

#[test]
fn bytes_have_a_length_and_text_only_with_a_nul() {
    let length = |kind, body: &'static [u8]| {
        let message = builder().build_copying(kind, body).unwrap();
        let frame = written(&mut template(Version::V1_2), message);
        let line = frame
            .lines()
            .find(|line| line.starts_with("content-length:"));
        line.map(str::to_owned)
    };
    assert_eq!(length(BodyKind::Text, b"abc"), None);
    assert_eq!(
        length(BodyKind::Text, b"a\0c").as_deref(),
        Some("content-length:3")
    );
    assert_eq!(
        length(BodyKind::Bytes, b"").as_deref(),
        Some("content-length:0")
    );
    assert_eq!(
        length(BodyKind::Bytes, b"abcd").as_deref(),
        Some("content-length:4")
    );
}

#[test]
fn bodies_without_a_form_in_stomp_are_left_out_and_named() {
    for kind in [BodyKind::Map, BodyKind::Object, BodyKind::Stream] {
        let message = builder().build_copying(kind, b"opaque").unwrap();
        let mut template = Template::new(Version::V1_1, None, None, Some(b"jms-map-json"));
        let frame = written(&mut template, message);
        let expected = "\ntransformation:jms-map-json\ntransformation-error:map, object and \
                        stream messages are not supported\n\n^@\n";
        assert!(frame.ends_with(expected), "{frame}");
    }
    let message = builder().build_copying(BodyKind::Empty, b"").unwrap();
    assert!(written(&mut template(Version::V1_1), message).ends_with("\nmessage-id:m1\n\n^@\n"));
}

#[test]
fn an_advisory_has_its_properties_as_headers_and_a_json_body() {
    let owner = None;
    let destination = Destination::parse("queue://q").unwrap();
    let thing = floodway_message::advisory::Thing::Destination { destination, owner };
    let mut builder = builder();
    builder.property("originBrokerName", PropertyValue::String("b"));
    let told = floodway_message::Advisory::Gone(thing).encode();
    let message = builder.build_copying(BodyKind::Advisory, &told).unwrap();
    let frame = written(&mut template(Version::V1_2), message);
    let expected = "\noriginBrokerName:b\n\n{\"DestinationInfo\":{\"destination\":\"queue://q\",\
                    \"operation\":\"remove\"}}^@\n";
    assert!(frame.ends_with(expected), "{frame}");
}

#[test]
fn a_wished_transformation_replaces_the_senders() {
    let mut builder = builder();
    builder.property("transformation", PropertyValue::String("jms-xml"));
    let message = builder.build_copying(BodyKind::Text, b"").unwrap();
    let mut wishing = Template::new(Version::V1_1, None, None, Some(b"jms-json"));
    let frame = written(&mut wishing, message.clone());
    assert!(frame.contains("\ntransformation:jms-json\n") && !frame.contains("jms-xml"));
    assert!(written(&mut template(Version::V1_1), message).contains("\ntransformation:jms-xml\n"));
    let bytes = self::builder().build_copying(BodyKind::Bytes, b"").unwrap();
    assert!(!written(&mut wishing, bytes).contains("transformation"));
}

#[test]
fn an_ack_id_names_consumer_and_delivery() {
    let mut template = Template::new(Version::V1_2, Some(b"1"), Some(3), None);
    let frame = written(&mut template, text("x"));
    assert!(
        frame.starts_with("MESSAGE\nsubscription:1\nack:3-5\nexpires:0\n"),
        "{frame}"
    );
}

#[test]
fn what_is_remembered_from_one_message_does_not_leak_into_the_next() {
    let mut template = template(Version::V1_1);
    let message = |destination: &str, id: &str, timestamp_ms| {
        let mut builder = MessageBuilder::new();
        builder
            .destination(&Destination::parse(destination).unwrap())
            .id(id)
            .timestamp_ms(timestamp_ms);
        builder.build_copying(BodyKind::Text, b"").unwrap()
    };
    for (destination, id, timestamp_ms, expected) in [
        (
            "queue://a",
            "ID:x:1",
            1,
            "timestamp:1\ndestination:/queue/a\nmessage-id:ID\\cx\\c1",
        ),
        (
            "queue://a",
            "ID:x:2",
            1,
            "timestamp:1\ndestination:/queue/a\nmessage-id:ID\\cx\\c2",
        ),
        (
            "topic://a",
            "ID:y:2",
            2,
            "timestamp:2\ndestination:/topic/a\nmessage-id:ID\\cy\\c2",
        ),
        (
            "topic://b",
            "plain",
            2,
            "timestamp:2\ndestination:/topic/b\nmessage-id:plain",
        ),
        (
            "topic://b",
            ":",
            2,
            "timestamp:2\ndestination:/topic/b\nmessage-id:\\c",
        ),
        (
            "queue://a",
            "ID:x:1",
            1,
            "timestamp:1\ndestination:/queue/a\nmessage-id:ID\\cx\\c1",
        ),
    ] {
        let frame = written(&mut template, message(destination, id, timestamp_ms));
        assert!(frame.contains(&format!("\n{expected}\n")), "{frame}");
    }
}

#[test]
fn large_bodies_are_written_by_reference() {
    let body = Bytes::from(vec![b'x'; COPIED_BODY_BYTES_MAX]);
    let mut builder = builder();
    builder.body(BodyKind::Bytes, body.clone());
    let message = builder.build(0).unwrap();
    let mut output = Output::default();
    let delivery = Delivery {
        consumer: 1,
        delivery: 1,
        message: Arc::new(message),
        redeliveries: 0,
    };
    let temporaries = Temporaries::new("ID:c".into(), 10, 100);
    template(Version::V1_2).put_message(&mut output, &delivery, &temporaries);
    let mut slices = [IoSlice::new(&[]); 8];
    assert_eq!(output.slices(&mut slices), 3);
    assert_eq!(slices[1].as_ptr(), body.as_ptr());
}
