//! How a job is written: a message in one list, its schedule in another, so that a repetition
//! writes only the schedule again, and a start reads no bodies.
//!
//! A schedule is: version (1 byte), number of the job (8, big-endian as all numbers), next time,
//! start, delay, period (8 each, milliseconds), repetitions left (4), deliveries so far (4), bytes
//! of the message (8), then job id, destination and cron entry, each with a length (4).

use bytes::Bytes;
use floodway_message::Destination;

const VERSION: u8 = 1;
const KIND: u8 = b'J';

/// Describes the list of schedules.
pub(super) const SCHEDULES: &[u8] = &[KIND, 0];
/// Describes the list of messages.
pub(super) const MESSAGES: &[u8] = &[KIND, 1];

/// Is it that of a list of jobs?
pub(crate) fn is_descriptor(descriptor: &[u8]) -> bool {
    [SCHEDULES, MESSAGES].contains(&descriptor)
}

/// All that is known of a job besides its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JobRecord {
    /// One more than the position of its message.
    pub(crate) number: u64,
    pub(crate) next_ms: i64,
    pub(crate) start_ms: i64,
    pub(crate) delay_ms: i64,
    pub(crate) period_ms: i64,
    /// Repetitions left; less than zero for no end.
    pub(crate) left: i32,
    /// Deliveries so far.
    pub(crate) fired: u32,
    pub(crate) bytes: u64,
    pub(crate) id: String,
    pub(crate) destination: Destination,
    /// Empty for none.
    pub(crate) cron: String,
}

impl JobRecord {
    pub(super) fn write(&self) -> Bytes {
        let mut out = vec![VERSION];
        out.extend_from_slice(&self.number.to_be_bytes());
        for time in [self.next_ms, self.start_ms, self.delay_ms, self.period_ms] {
            out.extend_from_slice(&time.to_be_bytes());
        }
        out.extend_from_slice(&self.left.to_be_bytes());
        out.extend_from_slice(&self.fired.to_be_bytes());
        out.extend_from_slice(&self.bytes.to_be_bytes());
        for text in [&self.id, &self.destination.to_string(), &self.cron] {
            let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
            out.extend_from_slice(&length.to_be_bytes());
            out.extend_from_slice(text.as_bytes());
        }
        out.into()
    }

    /// Reads a record; `None` when it is not one of this version's.
    pub(crate) fn read(mut bytes: &[u8]) -> Option<Self> {
        let [version] = take(&mut bytes)?;
        if version != VERSION {
            return None;
        }
        let record = Self {
            number: u64::from_be_bytes(take(&mut bytes)?),
            next_ms: i64::from_be_bytes(take(&mut bytes)?),
            start_ms: i64::from_be_bytes(take(&mut bytes)?),
            delay_ms: i64::from_be_bytes(take(&mut bytes)?),
            period_ms: i64::from_be_bytes(take(&mut bytes)?),
            left: i32::from_be_bytes(take(&mut bytes)?),
            fired: u32::from_be_bytes(take(&mut bytes)?),
            bytes: u64::from_be_bytes(take(&mut bytes)?),
            id: take_text(&mut bytes)?.into(),
            destination: Destination::parse(take_text(&mut bytes)?).ok()?,
            cron: take_text(&mut bytes)?.into(),
        };
        bytes.is_empty().then_some(record)
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*taken)
}

fn take_text<'a>(bytes: &mut &'a [u8]) -> Option<&'a str> {
    let length = u32::from_be_bytes(take(bytes)?);
    let (text, rest) = bytes.split_at_checked(usize::try_from(length).ok()?)?;
    *bytes = rest;
    std::str::from_utf8(text).ok()
}
