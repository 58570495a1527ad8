//! Frames from the broker: told apart, measured, and messages counted for acknowledgement.
//!
//! A frame is really decoded only if it differs in layout from the dispatch before it, or if an
//! acknowledgement must name its message.
//! Invariant: a frame that is not decoded has the size, type and flags of one that was and that
//! put nothing into the marshalling cache, so body and cache are where they were; the stamp in its
//! place is checked as well.

use std::ops::Range;

use bytes::Bytes;
use floodway_openwire::codec::{self, Encoder, Format, Offer, Throwable};
use floodway_openwire::generated::{
    ActiveMQDestination, ConsumerId, DataStructure, MessageAck, MessageDispatch, MessageId,
};
use memchr::memmem;

use super::{COMMAND_FIRST, Place, SEQUENCE_FIRST, frame, producer_id};
use crate::body::{Stamp, is_stamped};
use crate::wire::{Decoded, FRAME_BYTES_MAX};

/// Wire type of an answer.
const RESPONSE: u8 = 30;

/// `MessageAck` of messages that were consumed.
const STANDARD_ACK: i8 = 2;

const SIZE_BYTES: usize = 4;

/// Decodes what a broker sends, and says what it is owed for it.
pub struct Decoder {
    offer: Offer,
    codec: codec::Decoder,
    format: Option<Format>,
    /// The layout of the last dispatch; an empty head fits nothing.
    known: Layout,
    acknowledger: Option<Acknowledger>,
    /// The first message that no acknowledgement names, the latest, and how many they are.
    first: Option<MessageId>,
    latest: Option<Stamp>,
    open_count: u32,
    acknowledgements: Vec<u8>,
}

/// Where things are in a dispatch. Places count from the frame's size prefix.
#[derive(Default)]
struct Layout {
    /// Size, type and flags.
    head: Vec<u8>,
    body: Range<usize>,
}

/// How a consumer's messages are acknowledged.
pub(super) struct Acknowledger {
    pub(super) encoder: Encoder,
    pub(super) commands: i32,
    pub(super) consumer_id: ConsumerId,
    pub(super) destination: ActiveMQDestination,
    /// Of the destination, for the ids of its producers.
    pub(super) name: String,
    pub(super) count_max: u32,
}

impl Decoder {
    /// A decoder that has received nothing.
    pub(super) fn new(offer: Offer) -> Self {
        Self {
            offer,
            codec: codec::Decoder::new(Format::before_negotiation(), FRAME_BYTES_MAX),
            format: None,
            known: Layout::default(),
            acknowledger: None,
            first: None,
            latest: None,
            open_count: 0,
            acknowledgements: Vec::new(),
        }
    }

    /// What was agreed, once the broker has said what it speaks.
    pub(super) fn format(&self) -> Option<Format> {
        self.format
    }

    /// From now on counts messages and acknowledges them.
    pub(super) fn acknowledge_by(&mut self, acknowledger: Acknowledger) {
        self.acknowledger = Some(acknowledger);
    }

    /// Gives what is to be written.
    #[inline]
    pub fn take_acknowledgements(&mut self, out: &mut Vec<u8>) {
        if !self.acknowledgements.is_empty() {
            out.append(&mut self.acknowledgements);
        }
    }

    /// Acknowledges all that was received.
    pub fn acknowledge_rest(&mut self) {
        let name = self.acknowledger.as_ref().map(|by| by.name.as_str());
        let Some((name, stamp)) = name.zip(self.latest) else {
            return;
        };
        let place = Place {
            name,
            number: stamp.producer,
        };
        let sequence = u64::from(SEQUENCE_FIRST) + stamp.sequence;
        let last = MessageId {
            producer_id: Some(producer_id(place)),
            producer_sequence_id: i64::try_from(sequence).unwrap_or(0),
            ..MessageId::default()
        };
        self.acknowledge(last);
    }

    /// Decodes what `bytes` begin with.
    #[inline]
    pub fn decode(&mut self, bytes: &[u8]) -> Decoded {
        let Some(prefix) = bytes.first_chunk::<SIZE_BYTES>() else {
            return Decoded::Incomplete;
        };
        let size = usize::try_from(u32::from_be_bytes(*prefix)).unwrap_or(usize::MAX);
        if !(1..=FRAME_BYTES_MAX).contains(&size) {
            return refused(format!("a frame of {size} bytes"), bytes.len());
        }
        let end = SIZE_BYTES + size;
        let Some(frame) = bytes.get(..end) else {
            return Decoded::Incomplete;
        };
        if self.is_as_before(frame) && !self.must_name_this() {
            let body = self.known.body.clone();
            if self.acknowledger.is_some() {
                self.open_count += 1;
                self.latest = frame.get(body.clone()).and_then(Stamp::read);
            }
            return Decoded::Message { body, end };
        }
        self.decode_slowly(frame)
    }

    /// Whether the frame has the layout of the dispatch before it.
    #[inline]
    fn is_as_before(&self, frame: &[u8]) -> bool {
        let Layout { head, body } = &self.known;
        !head.is_empty()
            && frame.starts_with(head)
            && frame.get(body.clone()).is_some_and(is_stamped)
    }

    /// Whether an acknowledgement begins or ends with the next message.
    #[inline]
    fn must_name_this(&self) -> bool {
        let count_max = self.acknowledger.as_ref().map(|by| by.count_max);
        count_max.is_some_and(|max| self.open_count == 0 || self.open_count + 1 >= max)
    }

    fn decode_slowly(&mut self, frame: &[u8]) -> Decoded {
        let end = frame.len();
        if frame.get(SIZE_BYTES) == Some(&RESPONSE) && self.format.is_some() {
            // Its last field, in either encoding.
            let correlation = frame.last_chunk::<4>().map(|id| u32::from_be_bytes(*id));
            let receipt = correlation.and_then(|id| id.checked_sub(COMMAND_FIRST));
            let receipt = receipt.map(u64::from);
            return Decoded::Confirm { receipt, end };
        }
        let payload = Bytes::copy_from_slice(frame.get(SIZE_BYTES..).unwrap_or_default());
        let stored_before = self.codec.stored_count();
        let structure = match self.codec.read(&payload) {
            Ok(Some(structure)) => structure,
            Ok(None) => return Decoded::Skip { end },
            Err(error) => return refused(error.to_string(), end),
        };
        match structure {
            DataStructure::WireFormatInfo(info) => {
                let agreed = Offer::of(&info).and_then(|theirs| self.offer.agree(&theirs, 1));
                match agreed {
                    Ok(agreement) => {
                        self.format = Some(agreement.format);
                        self.codec = codec::Decoder::new(agreement.format, FRAME_BYTES_MAX);
                        Decoded::Ready { end }
                    }
                    Err(error) => refused(error.to_string(), end),
                }
            }
            DataStructure::MessageDispatch(dispatch) => {
                let is_plain = self.codec.stored_count() == stored_before;
                self.take_dispatch(*dispatch, frame, is_plain)
            }
            DataStructure::ExceptionResponse(refusal) => refused(told(refusal.exception), end),
            DataStructure::ConnectionError(refusal) => refused(told(refusal.exception), end),
            _ => Decoded::Skip { end },
        }
    }

    /// A message that was decoded; it is remembered as the layout to come only if plain.
    fn take_dispatch(
        &mut self,
        dispatch: MessageDispatch,
        frame: &[u8],
        is_plain: bool,
    ) -> Decoded {
        let end = frame.len();
        let Some(message) = dispatch.message else {
            return Decoded::Skip { end };
        };
        let content = message.content.map(|content| content.bytes);
        let content = content.unwrap_or_default();
        let Some(at) = memmem::rfind(frame, &content) else {
            return refused("a message whose body is not in its frame".to_owned(), end);
        };
        let body = at..at + content.len();
        self.known = Layout::default();
        if is_plain && let Some(head) = head(frame, self.format) {
            self.known = Layout {
                head: head.to_vec(),
                body: body.clone(),
            };
        }
        if let Some(acknowledger) = &self.acknowledger {
            self.open_count += 1;
            self.latest = Stamp::read(&content);
            let is_full = self.open_count >= acknowledger.count_max;
            let id = message.message_id.unwrap_or_default();
            if self.open_count == 1 {
                self.first = Some(id.clone());
            }
            if is_full {
                self.acknowledge(id);
            }
        }
        Decoded::Message { body, end }
    }

    /// Acknowledges all messages since the last time.
    fn acknowledge(&mut self, last: MessageId) {
        let Some(acknowledger) = &mut self.acknowledger else {
            return;
        };
        acknowledger.commands += 1;
        let ack = MessageAck {
            command_id: acknowledger.commands,
            destination: Some(acknowledger.destination.clone()),
            consumer_id: Some(acknowledger.consumer_id.clone()),
            ack_type: STANDARD_ACK,
            first_message_id: self.first.take(),
            last_message_id: Some(last),
            message_count: i32::try_from(self.open_count).unwrap_or(i32::MAX),
            ..MessageAck::default()
        };
        let bytes = frame(&mut acknowledger.encoder, &ack);
        self.acknowledgements.extend_from_slice(&bytes);
        self.latest = None;
        self.open_count = 0;
    }
}

/// Size, type and, of a tight frame, all flags: they fix where its fields lie.
fn head(frame: &[u8], format: Option<Format>) -> Option<&[u8]> {
    let flags_at = SIZE_BYTES + 1;
    let end = match (format?.tight, *frame.get(flags_at)?) {
        (false, _) => flags_at,
        (true, 0xc0) => flags_at + 2 + usize::from(*frame.get(flags_at + 1)?),
        (true, 0x80) => return None,
        (true, count) => flags_at + 1 + usize::from(count),
    };
    frame.get(..end)
}

fn refused(text: String, end: usize) -> Decoded {
    Decoded::Refused { text, end }
}

fn told(exception: Option<Throwable>) -> String {
    let exception = exception.unwrap_or_default();
    let part = |text: Option<codec::Text>| text.unwrap_or_default().to_str().into_owned();
    format!("{}: {}", part(exception.class), part(exception.message))
}
