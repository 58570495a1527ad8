//! The form of one record in a segment.
//!
//! All numbers are little-endian; a record begins at a multiple of 8 bytes and is padded to one:
//!
//! | at | bytes | field |
//! |---|---|---|
//! | 0 | 4 | length of the record without padding |
//! | 4 | 4 | CRC-32C of the length and of everything from byte 8 on, begun with the segment's salt |
//! | 8 | 1 | kind |
//! | 9 | 1 | flags |
//! | 10 | 2 | how many targets |
//! | 12 | 4 | length of the head |
//! | 16 | 8 | number of the segment: a record of the file's former life has another one |
//! | 24 | 8 | expiration, milliseconds since 1970, 0 for never |
//! | 32 | 20 each | targets: list (4), position (8), order (8) |
//! | then | | head, then body |

use crate::Target;
use crate::journal::fields::{Fields, PutFields};

/// Bytes before the targets.
pub(crate) const HEADER_BYTES: u64 = 32;

/// Bytes of one target.
pub(crate) const TARGET_BYTES: u64 = 20;

/// Most targets that one record can have.
pub(crate) const TARGETS_MAX: usize = 0xffff;

/// Flag: the atomic unit ends with this record.
pub(crate) const UNIT_ENDS: u8 = 1;

/// Flag: everything before this record in the segment was durable when this one was written, so
/// what is damaged there was not torn by a crash.
pub(crate) const SYNCED_BEFORE: u8 = 2;

/// What a record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// A new record of the caller.
    Add = 1,
    /// Positions no longer needed: the body is list (4), count (4), first position (8), repeated.
    Remove = 2,
    /// A new list: the head is its number, the body its descriptor.
    Define = 3,
    /// A list is forgotten: the head is its number.
    DropList = 4,
    /// A note: the head is the key, the body the value.
    Note = 5,
    /// A record that stood in an older segment: its targets are here from now on.
    Move = 11,
    // Kept for later, so that today's files stay readable: 6 checkpoint in the journal,
    // 7 prepare, 8 commit and 9 rollback of a distributed transaction, 10 scheduled,
    // 12 reference to a record elsewhere.
}

impl Kind {
    pub(crate) fn of(byte: u8) -> Option<Self> {
        [
            Self::Add,
            Self::Remove,
            Self::Define,
            Self::DropList,
            Self::Note,
            Self::Move,
        ]
        .into_iter()
        .find(|kind| *kind as u8 == byte)
    }
}

/// The first bytes of a record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header {
    pub(crate) length: u32,
    pub(crate) crc: u32,
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) targets: u16,
    pub(crate) head_length: u32,
    pub(crate) segment: u64,
    pub(crate) expiration_ms: i64,
}

impl Header {
    /// Reads a header; `None` if there are not enough bytes.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields(bytes);
        Some(Self {
            length: fields.u32()?,
            crc: fields.u32()?,
            kind: fields.u8()?,
            flags: fields.u8()?,
            targets: fields.u16()?,
            head_length: fields.u32()?,
            segment: fields.u64()?,
            expiration_ms: fields.i64()?,
        })
    }

    /// `true` if this can be a record of `segment` within the next `room` bytes.
    pub(crate) fn is_plausible(&self, segment: u64, room: u64) -> bool {
        let least = self.head_at() + u64::from(self.head_length);
        self.segment == segment && u64::from(self.length) >= least && self.padded() <= room
    }

    /// Length with padding.
    pub(crate) fn padded(&self) -> u64 {
        padded(u64::from(self.length))
    }

    /// Where the head begins.
    pub(crate) fn head_at(&self) -> u64 {
        HEADER_BYTES + TARGET_BYTES * u64::from(self.targets)
    }

    /// Bytes of head and body.
    pub(crate) fn payload(&self) -> u64 {
        u64::from(self.length).saturating_sub(self.head_at())
    }

    pub(crate) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// A whole record whose checksum is right.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record<'a> {
    pub(crate) header: Header,
    targets: &'a [u8],
    pub(crate) head: &'a [u8],
    pub(crate) body: &'a [u8],
}

impl<'a> Record<'a> {
    /// The record that fills `bytes` (padding may follow); `None` if it is damaged.
    pub(crate) fn read(bytes: &'a [u8], segment: u64, salt: u32) -> Option<Self> {
        let header = Header::read(bytes)?;
        if !header.is_plausible(segment, padded(bytes.len() as u64)) {
            return None;
        }
        let whole = bytes.get(..usize::try_from(header.length).ok()?)?;
        let crc = crc_after(crc_begin(header.length, salt), whole.get(8..)?);
        if crc == header.crc {
            Self::split(header, whole)
        } else {
            None
        }
    }

    /// As [`Record::read`], for bytes whose checksum was compared before.
    pub(crate) fn split(header: Header, whole: &'a [u8]) -> Option<Self> {
        let mut fields = Fields(whole.get(usize::try_from(HEADER_BYTES).ok()?..)?);
        let targets_length = TARGET_BYTES * u64::from(header.targets);
        let targets = fields.bytes(usize::try_from(targets_length).ok()?)?;
        let head = fields.bytes(usize::try_from(header.head_length).ok()?)?;
        Some(Self {
            header,
            targets,
            head,
            body: fields.0,
        })
    }

    pub(crate) fn targets(&self) -> impl Iterator<Item = Target> + 'a {
        targets(self.targets)
    }
}

/// The targets in their stored form.
pub(crate) fn targets(bytes: &[u8]) -> impl Iterator<Item = Target> {
    let mut fields = Fields(bytes);
    std::iter::from_fn(move || {
        Some(Target {
            list: fields.u32()?,
            position: fields.u64()?,
            order: fields.u64()?,
        })
    })
}

/// A record to be written.
#[derive(Clone, Copy)]
pub(crate) struct Draft<'a> {
    pub(crate) kind: Kind,
    pub(crate) flags: u8,
    pub(crate) expiration_ms: i64,
    pub(crate) targets: &'a [Target],
    pub(crate) head: &'a [u8],
    pub(crate) body: &'a [u8],
}

impl Draft<'_> {
    /// Length without padding.
    pub(crate) fn length(&self) -> u64 {
        length(
            self.targets.len(),
            self.head.len() as u64 + self.body.len() as u64,
        )
    }

    /// Appends header and targets, and with `inline` also head and body, with the checksum of
    /// the whole record.
    pub(crate) fn put(&self, out: &mut Vec<u8>, segment: u64, salt: u32, inline: bool) {
        // The callers bound a record far below 4 GiB; the reader would refuse a wrong length.
        let length = u32::try_from(self.length()).unwrap_or(u32::MAX);
        let begin = out.len();
        out.put_u32(length);
        out.put_u32(0);
        let targets = u16::try_from(self.targets.len()).unwrap_or(u16::MAX);
        let [low, high] = targets.to_le_bytes();
        out.put(&[self.kind as u8, self.flags, low, high]);
        out.put_u32(u32::try_from(self.head.len()).unwrap_or(u32::MAX));
        out.put_u64(segment);
        out.put_i64(self.expiration_ms);
        for target in self.targets {
            out.put_u32(target.list);
            out.put_u64(target.position);
            out.put_u64(target.order);
        }
        if inline {
            out.put(self.head);
            out.put(self.body);
        }
        let mut crc = crc_begin(length, salt);
        crc = crc_after(crc, out.get(begin + 8..).unwrap_or_default());
        if !inline {
            crc = crc_after(crc_after(crc, self.head), self.body);
        }
        if let Some(field) = out.get_mut(begin + 4..begin + 8) {
            field.copy_from_slice(&crc.to_le_bytes());
        }
    }
}

/// Length without padding of a record with so many targets and so many bytes of head and body.
pub(crate) fn length(targets: usize, payload: u64) -> u64 {
    HEADER_BYTES + TARGET_BYTES * targets as u64 + payload
}

/// A length rounded up to where the next record begins.
pub(crate) fn padded(length: u64) -> u64 {
    length.next_multiple_of(8)
}

/// Checksum of a record's length, to be continued with everything behind the checksum.
pub(crate) fn crc_begin(length: u32, salt: u32) -> u32 {
    crc32c::crc32c_append(salt, &length.to_le_bytes())
}

/// Continues a checksum.
pub(crate) fn crc_after(crc: u32, bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(crc, bytes)
}

/// Positions of one list next to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) list: u32,
    pub(crate) count: u32,
    pub(crate) first: u64,
}

/// Bytes of one span in the body of a [`Kind::Remove`] record.
pub(crate) const SPAN_BYTES: u64 = 16;

impl Span {
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        out.put_u32(self.list);
        out.put_u32(self.count);
        out.put_u64(self.first);
    }
}

/// The spans of a [`Kind::Remove`] record.
pub(crate) fn spans(body: &[u8]) -> impl Iterator<Item = Span> {
    let mut fields = Fields(body);
    std::iter::from_fn(move || {
        Some(Span {
            list: fields.u32()?,
            count: fields.u32()?,
            first: fields.u64()?,
        })
    })
}
