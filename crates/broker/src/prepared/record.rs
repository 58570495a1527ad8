//! How a prepared branch is written: the descriptor of the list, and the first record of a branch.
//!
//! The record is: version (1 byte), format id (4, big-endian as all numbers), length (1) and bytes
//! of the global part, the same of the branch's part, number of messages that follow (4), then
//! runs of acknowledged positions to its end: list (4), first position (8), count (4).

use crate::entry::Place;
use bytes::Bytes;
use floodway_message::session::Xid;
use floodway_store::ListId;

#[cfg(test)]
mod tests;

const VERSION: u8 = 1;
const KIND: u8 = b'P';

/// Describes the list of all branches.
pub(super) fn descriptor() -> Bytes {
    Bytes::from_static(&[KIND, 0])
}

/// Is it that of the list of branches?
pub(crate) fn is_descriptor(descriptor: &[u8]) -> bool {
    descriptor == [KIND, 0]
}

/// Neighbouring positions of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) list: ListId,
    pub(super) first: u64,
    pub(super) count: u32,
}

/// The first record of a branch.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Description {
    pub(super) xid: Xid,
    pub(super) messages: u32,
    pub(super) acknowledged: Vec<Run>,
}

impl Description {
    pub(super) fn new(xid: Xid) -> Self {
        Self {
            xid,
            messages: 0,
            acknowledged: Vec::new(),
        }
    }

    /// Notes what a message that was acknowledged is kept as; one not in the store needs no note.
    pub(super) fn acknowledge(&mut self, place: Place) {
        let Place::Stored { list, position } = place else {
            return;
        };
        if let Some(run) = self.acknowledged.last_mut()
            && run.list == list
            && run.first.checked_add(run.count.into()) == Some(position)
            && run.count < u32::MAX
        {
            run.count += 1;
            return;
        }
        self.acknowledged.push(Run {
            list,
            first: position,
            count: 1,
        });
    }

    pub(super) fn write(&self) -> Bytes {
        let mut out = vec![VERSION];
        out.extend_from_slice(&self.xid.format_id().to_be_bytes());
        for part in [self.xid.global(), self.xid.branch()] {
            // At most Xid::PART_BYTES_MAX.
            out.push(u8::try_from(part.len()).unwrap_or(u8::MAX));
            out.extend_from_slice(part);
        }
        out.extend_from_slice(&self.messages.to_be_bytes());
        for run in &self.acknowledged {
            out.extend_from_slice(&run.list.to_be_bytes());
            out.extend_from_slice(&run.first.to_be_bytes());
            out.extend_from_slice(&run.count.to_be_bytes());
        }
        out.into()
    }

    /// Reads a record; `None` when it is not one of this version's.
    pub(super) fn read(mut bytes: &[u8]) -> Option<Self> {
        let [version] = take(&mut bytes)?;
        if version != VERSION {
            return None;
        }
        let format_id = i32::from_be_bytes(take(&mut bytes)?);
        let global = take_part(&mut bytes)?;
        let branch = take_part(&mut bytes)?;
        let xid = Xid::new(format_id, global, branch)?;
        let messages = u32::from_be_bytes(take(&mut bytes)?);
        let mut acknowledged = Vec::new();
        while !bytes.is_empty() {
            acknowledged.push(Run {
                list: u32::from_be_bytes(take(&mut bytes)?),
                first: u64::from_be_bytes(take(&mut bytes)?),
                count: u32::from_be_bytes(take(&mut bytes)?),
            });
        }
        Some(Self {
            xid,
            messages,
            acknowledged,
        })
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*taken)
}

fn take_part<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let [length] = take(bytes)?;
    let (part, rest) = bytes.split_at_checked(length.into())?;
    *bytes = rest;
    Some(part)
}
