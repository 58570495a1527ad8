//! Turning operations into the bytes of a segment, ready for one vectored write.
//!
//! Headers and small contents are copied into one slab; larger contents are written from where
//! they are. Knows no files: it is told where in the segment the bytes will stand.

use std::io::IoSlice;

use bytes::Bytes;

use crate::journal::queue::Op;
use crate::journal::record::{self, Draft, Kind, UNIT_ENDS};
use crate::journal::segment::{RECORDS_AT, SegmentHeader};
use crate::journal::unit::Unit;
use crate::{Change, Target};

/// A head or body up to this size is copied: that costs less than another part of the write.
const COPY_BYTES_MAX: usize = 4096;

enum Piece {
    /// The slab up to here.
    Slab(usize),
    Shared(Bytes),
}

/// Bytes that wait to be written, and where their records will stand.
#[derive(Default)]
pub(crate) struct Encoder {
    slab: Vec<u8>,
    pieces: Vec<Piece>,
    segment: u64,
    salt: u32,
    /// Where the waiting bytes begin in the segment.
    begin: u64,
    waiting: u64,
    /// Per addition, in order: offset in units of 8 bytes and length; length 0 if not written.
    pub(crate) placed: Vec<(u32, u32)>,
    /// The same for other records.
    pub(crate) facts: Vec<(u32, u32)>,
    spans: Vec<u8>,
}

impl Encoder {
    /// Begins a segment with its header.
    pub(crate) fn begin_segment(&mut self, header: SegmentHeader) {
        self.forget();
        self.begin = 0;
        self.segment = header.number;
        self.salt = header.salt;
        header.put(&mut self.slab);
        self.waiting = RECORDS_AT;
    }

    /// Where the next record will stand.
    pub(crate) fn end(&self) -> u64 {
        self.begin + self.waiting
    }

    /// Bytes that wait to be written.
    pub(crate) fn waiting(&self) -> u64 {
        self.waiting
    }

    /// Parts that they consist of.
    pub(crate) fn parts(&self) -> usize {
        self.pieces.len() + 1
    }

    /// Appends all records of a unit; the first one gets `flags` besides.
    pub(crate) fn unit(&mut self, ops: &[Op], unit: &Unit, flags: u8) {
        let mut left = Left {
            records: unit.records,
            flags,
        };
        let mut cancelled = unit.cancelled.iter().peekable();
        for (op, index) in ops
            .get(unit.ops.clone())
            .unwrap_or_default()
            .iter()
            .zip(unit.ops.start..)
        {
            match op {
                Op::Change(Change::Add { .. })
                    if cancelled.next_if(|at| **at == index).is_some() =>
                {
                    self.placed.push((0, 0));
                }
                Op::Change(change) => self.change(change, &mut left),
                Op::Define { list, descriptor } => {
                    self.fact(Kind::Define, (&list.to_le_bytes(), descriptor), &mut left);
                }
                Op::DropList { list } => {
                    self.fact(Kind::DropList, (&list.to_le_bytes(), &[]), &mut left);
                }
                Op::Move {
                    targets,
                    expiration_ms,
                    head,
                    body,
                    ..
                } => {
                    let places = (targets.as_slice(), *expiration_ms);
                    self.record(Kind::Move, places, (head, body), &mut left);
                }
            }
        }
        if !unit.spans.is_empty() {
            let mut body = std::mem::take(&mut self.spans);
            body.clear();
            for span in &unit.spans {
                span.put(&mut body);
            }
            self.fact(Kind::Remove, (&[], &body), &mut left);
            self.spans = body;
        }
    }

    fn change(&mut self, change: &Change, left: &mut Left) {
        match change {
            Change::Add {
                targets,
                expiration_ms,
                head,
                body,
            } => {
                let places = (targets.as_slice(), *expiration_ms);
                self.record(Kind::Add, places, (head, body), left);
            }
            Change::Remove { .. } => {}
            Change::Note { key, value } => self.fact(Kind::Note, (key, value), left),
        }
    }

    /// Appends a record with content, which may be written from where it is.
    fn record(
        &mut self,
        kind: Kind,
        (targets, expiration_ms): (&[Target], i64),
        content: (&Bytes, &Bytes),
        left: &mut Left,
    ) {
        let (head, body) = content;
        let flags = left.next();
        let draft = Draft {
            kind,
            flags,
            expiration_ms,
            targets,
            head,
            body,
        };
        let place = self.content(draft, content);
        self.placed.push(place);
    }

    fn content(&mut self, draft: Draft<'_>, (head, body): (&Bytes, &Bytes)) -> (u32, u32) {
        if head.len() <= COPY_BYTES_MAX && body.len() <= COPY_BYTES_MAX {
            return self.put(draft, true);
        }
        let place = self.place(&draft);
        draft.put(&mut self.slab, self.segment, self.salt, false);
        for part in [head, body] {
            if part.len() <= COPY_BYTES_MAX {
                self.slab.extend_from_slice(part);
            } else {
                self.pieces.push(Piece::Slab(self.slab.len()));
                self.pieces.push(Piece::Shared(part.clone()));
            }
        }
        self.pad(draft.length());
        place
    }

    fn fact(&mut self, kind: Kind, (head, body): (&[u8], &[u8]), left: &mut Left) {
        let draft = Draft {
            kind,
            flags: left.next(),
            expiration_ms: 0,
            targets: &[],
            head,
            body,
        };
        let place = self.put(draft, true);
        self.facts.push(place);
    }

    fn put(&mut self, draft: Draft<'_>, inline: bool) -> (u32, u32) {
        let place = self.place(&draft);
        draft.put(&mut self.slab, self.segment, self.salt, inline);
        self.pad(draft.length());
        place
    }

    /// Where a record will stand if it is appended now. Segments are far below 32 GiB.
    fn place(&self, draft: &Draft<'_>) -> (u32, u32) {
        let at = u32::try_from(self.end() / 8).unwrap_or(u32::MAX);
        (at, u32::try_from(draft.length()).unwrap_or(u32::MAX))
    }

    fn pad(&mut self, length: u64) {
        let padded = record::padded(length);
        for _ in length..padded {
            self.slab.push(0);
        }
        self.waiting += padded;
    }

    /// The waiting bytes in order, with their offset.
    pub(crate) fn parts_to_write(&self) -> (u64, Vec<IoSlice<'_>>) {
        let mut parts = Vec::with_capacity(self.parts());
        let mut from = 0;
        for piece in &self.pieces {
            match piece {
                Piece::Slab(to) => {
                    parts.push(IoSlice::new(self.slab.get(from..*to).unwrap_or_default()));
                    from = *to;
                }
                Piece::Shared(bytes) => parts.push(IoSlice::new(bytes)),
            }
        }
        parts.push(IoSlice::new(self.slab.get(from..).unwrap_or_default()));
        (self.begin, parts)
    }

    /// The waiting bytes were written.
    pub(crate) fn written(&mut self) {
        self.begin += self.waiting;
        self.waiting = 0;
        self.pieces.clear();
        self.slab.clear();
    }

    /// Forgets everything that waits, and where it would have stood.
    pub(crate) fn forget(&mut self) {
        self.written();
        self.placed.clear();
        self.facts.clear();
    }
}

/// What is left of a unit.
struct Left {
    records: usize,
    flags: u8,
}

impl Left {
    /// Flags of the next record.
    fn next(&mut self) -> u8 {
        self.records = self.records.saturating_sub(1);
        let ends = if self.records == 0 { UNIT_ENDS } else { 0 };
        std::mem::take(&mut self.flags) | ends
    }
}
