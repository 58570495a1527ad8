//! Frames as brokers send them are told apart and acknowledged, and our own are what they say.

use super::*;
use crate::body::Stamp;
use crate::train::Train;
use crate::wire::Decoded;
use floodway_openwire::codec;
use floodway_openwire::generated::{DataStructure, MessageAck, MessageDispatch, Response};

const NAME: &str = "load-1";

fn format(tight: bool) -> Format {
    Format {
        version: 12,
        tight,
        cache: true,
        cache_size: 1024,
        stack_traces: true,
    }
}

/// What a broker sends to one consumer.
struct Broker {
    encoder: Encoder,
    sent: i64,
}

impl Broker {
    fn new(tight: bool) -> Self {
        Self {
            encoder: Encoder::new(format(tight)),
            sent: 0,
        }
    }

    fn greeting() -> Vec<u8> {
        let info = Choice::default().offer().info();
        frame(&mut Encoder::new(Format::before_negotiation()), &info)
    }

    fn dispatch(&mut self, producer: u32, sequence: u64) -> Vec<u8> {
        self.sent += 1;
        let mut body = filler(100);
        let stamp = Stamp {
            producer,
            sequence,
            sent_nanos: 1,
        };
        stamp.write(&mut body);
        let id = producer_id(Place {
            name: NAME,
            number: producer,
        });
        let mut message = message(&id, destination(Style::Queue, NAME), body.into());
        if let Some(id) = &mut message.message_id {
            id.producer_sequence_id = i64::from(SEQUENCE_FIRST) + i64::try_from(sequence).unwrap();
            id.broker_sequence_id = self.sent;
        }
        let dispatch = MessageDispatch {
            consumer_id: Some(consumer()),
            destination: Some(destination(Style::Queue, NAME)),
            message: Some(Box::new(message)),
            ..MessageDispatch::default()
        };
        frame(&mut self.encoder, &dispatch)
    }
}

fn consumer() -> ConsumerId {
    ConsumerId {
        connection_id: Some("ID:c".into()),
        session_id: 1,
        value: 1,
    }
}

/// A decoder that has negotiated and acknowledges every `count_max` messages.
fn decoder(tight: bool, count_max: u32) -> Decoder {
    let choice = Choice {
        is_loose: !tight,
        ..Choice::default()
    };
    let mut decoder = Decoder::new(choice.offer());
    let greeting = Broker::greeting();
    let end = greeting.len();
    assert_eq!(decoder.decode(&greeting), Decoded::Ready { end });
    assert_eq!(decoder.format(), Some(format(tight)));
    decoder.acknowledge_by(decoder::Acknowledger {
        encoder: Encoder::new(format(tight)),
        commands: 3,
        consumer_id: consumer(),
        destination: destination(Style::Queue, NAME),
        name: NAME.to_owned(),
        count_max,
    });
    decoder
}

fn stamps(decoder: &mut Decoder, mut bytes: &[u8]) -> Vec<(u32, u64)> {
    let mut found = Vec::new();
    loop {
        match decoder.decode(bytes) {
            Decoded::Message { body, end } => {
                assert_eq!(body.len(), 100);
                let stamp = Stamp::read(&bytes[body]).unwrap();
                found.push((stamp.producer, stamp.sequence));
                bytes = &bytes[end..];
            }
            Decoded::Incomplete => return found,
            other => panic!("unexpected {other:?}"),
        }
    }
}

fn structures(tight: bool, bytes: &[u8]) -> Vec<DataStructure> {
    let mut codec = codec::Decoder::new(format(tight), 1 << 20);
    let mut input = bytes.into();
    let mut found = Vec::new();
    while let Some(frame) = codec.next_frame(&mut input).unwrap() {
        found.extend(codec.read(&frame).unwrap());
    }
    found
}

fn acks(tight: bool, bytes: &[u8]) -> Vec<MessageAck> {
    structures(tight, bytes)
        .into_iter()
        .map(|structure| match structure {
            DataStructure::MessageAck(ack) => *ack,
            other => panic!("unexpected {other:?}"),
        })
        .collect()
}

/// The producer and our numbers of a message, and the broker's number.
fn named(id: Option<&MessageId>) -> (String, i64, i64) {
    let id = id.unwrap();
    let producer = id.producer_id.as_ref().unwrap().connection_id.as_ref();
    (
        producer.unwrap().to_str().into_owned(),
        id.producer_sequence_id - i64::from(SEQUENCE_FIRST),
        id.broker_sequence_id,
    )
}

#[test]
fn messages_of_several_producers_are_found_while_numbers_grow() {
    for tight in [true, false] {
        let mut broker = Broker::new(tight);
        let expected: Vec<_> = (0..70_000_u64)
            .map(|n| (u32::try_from(n % 3).unwrap(), n / 3))
            .collect();
        let mut stream = Vec::new();
        for (producer, sequence) in &expected {
            stream.extend(broker.dispatch(*producer, *sequence));
        }
        assert_eq!(stamps(&mut decoder(tight, 500), &stream), expected);
    }
}

#[test]
fn a_cut_frame_is_incomplete_at_every_length() {
    let mut broker = Broker::new(true);
    let first = [broker.dispatch(0, 0), broker.dispatch(0, 1)].concat();
    let frame = broker.dispatch(0, 2);
    let mut decoder = decoder(true, 500);
    assert_eq!(stamps(&mut decoder, &first).len(), 2);
    for length in 0..frame.len() {
        assert_eq!(decoder.decode(&frame[..length]), Decoded::Incomplete);
    }
    assert_eq!(stamps(&mut decoder, &frame), [(0, 2)]);
}

#[test]
fn acknowledgements_name_the_first_and_last_message_of_each_range() {
    for tight in [true, false] {
        let mut broker = Broker::new(tight);
        let stream: Vec<u8> = (0..25).flat_map(|n| broker.dispatch(2, n)).collect();
        let mut decoder = decoder(tight, 10);
        stamps(&mut decoder, &stream);
        let mut bytes = Vec::new();
        decoder.take_acknowledgements(&mut bytes);
        decoder.acknowledge_rest();
        decoder.take_acknowledgements(&mut bytes);
        let acks = acks(tight, &bytes);
        let producer = "ID:load-1-producer-2".to_owned();
        let ranges: Vec<_> = acks
            .iter()
            .map(|ack| {
                let first = named(ack.first_message_id.as_ref());
                let last = named(ack.last_message_id.as_ref());
                assert_eq!((&first.0, &last.0), (&producer, &producer));
                assert_eq!((ack.ack_type, &ack.consumer_id), (2, &Some(consumer())));
                ((first.1, first.2), (last.1, last.2), ack.message_count)
            })
            .collect();
        let expected = [
            ((0, 1), (9, 10), 10),
            ((10, 11), (19, 20), 10),
            // The number of the broker is not known of the very last one.
            ((20, 21), (24, 0), 5),
        ];
        assert_eq!(ranges, expected);
        let length = bytes.len();
        decoder.acknowledge_rest();
        decoder.take_acknowledgements(&mut bytes);
        assert_eq!(bytes.len(), length);
    }
}

#[test]
fn every_message_can_be_acknowledged_by_itself() {
    let mut broker = Broker::new(true);
    let stream: Vec<u8> = (0..3).flat_map(|n| broker.dispatch(0, n)).collect();
    let mut decoder = decoder(true, 1);
    stamps(&mut decoder, &stream);
    let mut bytes = Vec::new();
    decoder.take_acknowledgements(&mut bytes);
    let counts: Vec<_> = acks(true, &bytes)
        .iter()
        .map(|ack| (named(ack.last_message_id.as_ref()).1, ack.message_count))
        .collect();
    assert_eq!(counts, [(0, 1), (1, 1), (2, 1)]);
}

#[test]
fn a_response_confirms_the_message_that_it_belongs_to() {
    for tight in [true, false] {
        let response = Response {
            correlation_id: i32::try_from(COMMAND_FIRST).unwrap() + 41,
            ..Response::default()
        };
        let bytes = frame(&mut Encoder::new(format(tight)), &response);
        let expected = Decoded::Confirm {
            receipt: Some(41),
            end: bytes.len(),
        };
        assert_eq!(decoder(tight, 500).decode(&bytes), expected);
    }
}

#[test]
fn frames_of_a_train_are_messages_with_numbers_of_their_own() {
    for tight in [true, false] {
        let place = Place {
            name: NAME,
            number: 7,
        };
        let mut encoder = Encoder::new(format(tight));
        let scenario = Scenario::find("persistent-8-wait").unwrap();
        // What the handshake puts into the cache.
        let known = [Some(destination(Style::Queue, NAME)), None].map(|destination| {
            let info = ProducerInfo {
                producer_id: Some(producer_id(place)),
                destination,
                ..ProducerInfo::default()
            };
            frame(&mut encoder, &info)
        });
        let marked = marked(&scenario, place);
        let shape = shape(frame(&mut encoder, &marked), scenario.size_bytes).unwrap();
        let mut train = Train::new(&shape, 3);
        let stamp = Stamp {
            producer: 7,
            sequence: 40,
            sent_nanos: 5,
        };
        train.load(3, stamp);
        let bytes = [&known.concat(), train.unwritten(3, 0)].concat();
        let found = structures(tight, &bytes);
        for (structure, sequence) in found[2..].iter().zip(40_u64..) {
            let DataStructure::Message(message) = structure else {
                panic!("unexpected {structure:?}");
            };
            let body = &message.content.as_ref().unwrap().bytes;
            assert_eq!(body.len(), 1024);
            let expected = Stamp { sequence, ..stamp };
            assert_eq!(Stamp::read(body), Some(expected));
            let command = i64::from(message.command_id) - i64::from(COMMAND_FIRST);
            let (producer, number, _) = named(message.message_id.as_ref());
            assert_eq!(producer, "ID:load-1-producer-7");
            let expected = i64::try_from(sequence).unwrap();
            assert_eq!((command, number), (expected, expected));
            assert!(message.persistent && message.response_required);
        }
    }
}

#[test]
fn a_refusal_is_told_in_the_brokers_words() {
    use floodway_openwire::codec::Throwable;
    use floodway_openwire::generated::ExceptionResponse;
    let refusal = ExceptionResponse {
        exception: Some(Throwable {
            class: Some("javax.jms.JMSSecurityException".into()),
            message: Some("not allowed".into()),
            ..Throwable::default()
        }),
        ..ExceptionResponse::default()
    };
    let bytes = frame(&mut Encoder::new(format(true)), &refusal);
    let expected = Decoded::Refused {
        text: "javax.jms.JMSSecurityException: not allowed".to_owned(),
        end: bytes.len(),
    };
    assert_eq!(decoder(true, 500).decode(&bytes), expected);
}
