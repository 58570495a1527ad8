//! The file `checkpoint`: all that older segments say besides their records.
//!
//! It holds the lists, the notes, and which positions in the segments up to `covered` are still
//! needed; so facts in those segments need not be read again, and segments that hold nothing else
//! can be given up. It is always written whole under another name and then renamed. The content
//! stands twice, so that one damaged bit does not cost the facts that are nowhere else.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::disk::Disk;
use crate::journal::extent::Bits;
use crate::journal::fields::{Fields, PutFields};
use crate::journal::files::write_whole;
use crate::journal::index::{Index, List};
use crate::journal::segment::{CHECKPOINT_NAME, NUMBER_MAX, VERSION, read_up_to};
use crate::{ListId, StoreError};

const MAGIC: &[u8; 8] = b"FLWYCKP\n";

/// Magic, version, checksum, length of the rest.
const HEADER_BYTES: usize = 24;

/// Content of the file.
#[derive(Default)]
pub(crate) struct Checkpoint {
    pub(crate) covered: u64,
    pub(crate) lists_defined: ListId,
    pub(crate) lists: BTreeMap<ListId, SavedList>,
    pub(crate) notes: BTreeMap<Bytes, Bytes>,
}

/// One list in it.
#[derive(Default)]
pub(crate) struct SavedList {
    pub(crate) descriptor: Bytes,
    pub(crate) next: u64,
    pub(crate) order: u64,
    /// What is still needed in covered segments, ascending; everything else there is removed.
    pub(crate) runs: Vec<SavedRun>,
}

/// Positions of which some are still needed.
pub(crate) struct SavedRun {
    pub(crate) first: u64,
    pub(crate) count: u32,
    pub(crate) removed: Bits,
}

impl SavedRun {
    /// `true` if the position is still needed.
    pub(crate) fn has(&self, position: u64) -> bool {
        let index = position
            .checked_sub(self.first)
            .and_then(|index| u32::try_from(index).ok());
        index.is_some_and(|index| index < self.count && !self.removed.get(index))
    }
}

/// The content of the file for the index as it is, covering all segments up to `covered`.
pub(crate) fn encode(index: &Index, covered: u64) -> Vec<u8> {
    let mut rest = Vec::new();
    rest.put_u64(covered);
    rest.put_u32(index.lists_defined);
    put_count(&mut rest, index.lists.len());
    for (id, list) in &index.lists {
        put_list(&mut rest, *id, list, covered);
    }
    put_count(&mut rest, index.notes.len());
    for (key, value) in &index.notes {
        put_bytes(&mut rest, key);
        put_bytes(&mut rest, value);
    }
    let mut image = Vec::with_capacity(2 * (HEADER_BYTES + rest.len()));
    image.put(MAGIC);
    image.put_u32(VERSION);
    image.put_u32(0);
    image.put_u64(rest.len() as u64);
    image.put(&rest);
    let crc = crc(&image);
    if let Some(field) = image.get_mut(12..16) {
        field.copy_from_slice(&crc.to_le_bytes());
    }
    image.extend_from_within(..);
    image
}

fn crc(image: &[u8]) -> u32 {
    let (begin, rest) = (
        image.get(..12).unwrap_or_default(),
        image.get(16..).unwrap_or_default(),
    );
    crc32c::crc32c_append(crc32c::crc32c(begin), rest)
}

fn put_count(out: &mut Vec<u8>, count: usize) {
    out.put_u32(u32::try_from(count).unwrap_or(u32::MAX));
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_count(out, bytes.len());
    out.put(bytes);
}

fn put_list(out: &mut Vec<u8>, id: ListId, list: &List, covered: u64) {
    out.put_u32(id);
    out.put_u64(list.next);
    out.put_u64(list.order);
    put_bytes(out, &list.descriptor);
    let needed = || {
        list.extents
            .iter()
            .filter(|run| run.segment <= covered && run.live > 0)
    };
    put_count(out, needed().count());
    for extent in needed() {
        let words = extent.removed.words();
        out.put_u64(extent.first);
        out.put_u32(extent.count);
        put_count(out, words.len());
        for word in words.iter() {
            out.put_u64(*word);
        }
    }
}

/// Writes the file, so that either the old or the new one is found after a crash.
pub(crate) fn write(disk: &dyn Disk, image: &[u8]) -> Result<(), StoreError> {
    write_whole(disk, CHECKPOINT_NAME, image, true)
}

/// Reads the file; `None` if there is none.
pub(crate) fn read(disk: &dyn Disk) -> Result<Option<Checkpoint>, StoreError> {
    let fail = |cause| StoreError::file("reading", CHECKPOINT_NAME.to_owned(), cause);
    let file = match disk.open(CHECKPOINT_NAME) {
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(fail)?,
    };
    let length = file.length().map_err(fail)?;
    let Ok(half) = usize::try_from(length / 2) else {
        return Err(damaged());
    };
    let mut image = vec![0; half];
    for at in [0, length / 2] {
        let read = read_up_to(file.as_ref(), &mut image, at).map_err(fail)?;
        if let Some(found) = decode(image.get(..read).unwrap_or_default())? {
            return Ok(Some(found));
        }
        tracing::error!(
            file = CHECKPOINT_NAME,
            offset = at,
            "one copy of the checkpoint is damaged"
        );
    }
    Err(damaged())
}

fn damaged() -> StoreError {
    let damage = "neither of its two copies has a right checksum";
    StoreError::Damaged {
        file: CHECKPOINT_NAME.to_owned(),
        damage,
    }
}

fn decode(image: &[u8]) -> Result<Option<Checkpoint>, StoreError> {
    let mut fields = Fields(image);
    if fields.bytes(MAGIC.len()) != Some(MAGIC) {
        return Ok(None);
    }
    let (version, sum, length) = (fields.u32(), fields.u32(), fields.u64());
    if length != Some(fields.0.len() as u64) || sum != Some(crc(image)) {
        return Ok(None);
    }
    let found = version.unwrap_or_default();
    if found > VERSION {
        let file = CHECKPOINT_NAME.to_owned();
        return Err(StoreError::Version {
            file,
            found,
            known: VERSION,
        });
    }
    Ok(decode_content(&mut fields).filter(|found| found.covered <= NUMBER_MAX))
}

fn decode_content(fields: &mut Fields<'_>) -> Option<Checkpoint> {
    let mut checkpoint = Checkpoint {
        covered: fields.u64()?,
        lists_defined: fields.u32()?,
        ..Checkpoint::default()
    };
    for _ in 0..fields.u32()? {
        let id = fields.u32()?;
        checkpoint.lists.insert(id, saved_list(fields)?);
    }
    for _ in 0..fields.u32()? {
        let key = bytes(fields)?;
        checkpoint.notes.insert(key, bytes(fields)?);
    }
    Some(checkpoint)
}

fn bytes(fields: &mut Fields<'_>) -> Option<Bytes> {
    let length = usize::try_from(fields.u32()?).ok()?;
    fields.bytes(length).map(Bytes::copy_from_slice)
}

fn saved_list(fields: &mut Fields<'_>) -> Option<SavedList> {
    let (next, order) = (fields.u64()?, fields.u64()?);
    let mut list = SavedList {
        descriptor: bytes(fields)?,
        next,
        order,
        runs: Vec::new(),
    };
    for _ in 0..fields.u32()? {
        let (first, count, words) = (fields.u64()?, fields.u32()?, fields.u32()?);
        let mut words = Fields(fields.bytes(usize::try_from(words).ok()?.checked_mul(8)?)?);
        let removed = Bits::from_words(std::iter::from_fn(|| words.u64()).collect());
        first.checked_add(u64::from(count))?;
        list.runs.push(SavedRun {
            first,
            count,
            removed,
        });
    }
    Some(list)
}
