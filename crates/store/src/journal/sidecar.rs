//! The index of one sealed segment, moved out of memory into `journal-<number>.idx`.
//!
//! A sidecar only repeats what its segment says and is rebuilt from it when missing or damaged.
//! It never is the only witness of a removal: those are in the journal or in the checkpoint.
//!
//! | part | content |
//! |---|---|
//! | header, 64 bytes | magic (8), version (4), CRC-32C of header and table (4), segment (8), where its records end (8), length of the table (8), counts of extents, traces, facts (4 each), 1 if it has records moved from older segments (4) |
//! | table | extents with the bits of removed positions; lists whose last record is here; places of the records other than additions |
//! | entries | blocks of 4096 bytes: 255 entries of 16 bytes, CRC-32C of them (4), zeros |

use std::sync::Arc;

use crate::ListId;
use crate::disk::File;
use crate::journal::extent::{Bits, Entries, Entry, Extent};
use crate::journal::fields::{Fields, PutFields};
use crate::journal::index::Index;
use crate::journal::segment::{VERSION, read_up_to, sidecar_name};
use crate::{StoreError, Target};

const MAGIC: &[u8; 8] = b"FLWYIDX\n";

const HEADER_BYTES: u64 = 64;

const BLOCK_BYTES: usize = 4096;

const BLOCK_ENTRIES: u32 = 255;

const ENTRY_BYTES: usize = 16;

/// What stands in front of the entries.
pub(crate) struct Table {
    pub(crate) end: u64,
    pub(crate) extents: Vec<(ListId, Extent)>,
    /// Lists whose last record is in this segment: position and order of it.
    pub(crate) traces: Vec<Target>,
    pub(crate) facts: Vec<(u32, u32)>,
    /// It has records that stood in older segments before.
    pub(crate) has_moved: bool,
    /// Where the entries begin.
    pub(crate) entries_at: u64,
}

impl Table {
    /// `true` if the file has so many entries as the extents claim, and the segment the bytes.
    fn is_possible(&self, entries: u64) -> bool {
        self.extents.iter().all(|(_, extent)| {
            let slot = match extent.entries {
                Entries::Sidecar(slot) => u64::from(slot),
                Entries::Memory(_) => 0,
            };
            slot + u64::from(extent.count) <= entries && extent.bytes <= self.end
        })
    }
}

/// A sidecar to be written.
pub(crate) struct Image {
    pub(crate) bytes: Vec<u8>,
    pub(crate) entries_at: u64,
    /// Extents whose entries it has: list, first position, place of the first entry.
    pub(crate) moved: Vec<(ListId, u64, u32)>,
}

/// Makes the sidecar of a sealed segment from what the index has in memory.
pub(crate) fn encode(index: &Index, number: u64) -> Option<Image> {
    let segment = index.segments.get(&number)?;
    let mut moved = Vec::new();
    let mut entries: Vec<Entry> = Vec::new();
    let mut table = Vec::new();
    for (list, first) in &segment.extents {
        let Some(found) = index.lists.get(list) else {
            continue;
        };
        let Some(extent) = found.extents.get(found.search(*first)) else {
            continue;
        };
        let Entries::Memory(own) = &extent.entries else {
            continue;
        };
        if extent.segment != number || extent.first != *first {
            continue;
        }
        let slot = u32::try_from(entries.len()).ok()?;
        moved.push((*list, *first, slot));
        put_extent(&mut table, *list, extent, slot);
        entries.extend_from_slice(own);
    }
    let mut named: Vec<ListId> = segment.extents.iter().map(|(list, _)| *list).collect();
    named.sort_unstable();
    named.dedup();
    let mut traces = 0;
    for (id, list) in index.traced(number, named.into_iter()) {
        traces += 1;
        table.put_u32(id);
        table.put_u64(list.next);
        table.put_u64(list.order);
    }
    for (at, length) in &segment.facts {
        table.put_u32(*at);
        table.put_u32(*length);
    }
    let has_moved = usize::from(segment.has_moved);
    let counts = [moved.len(), traces, segment.facts.len(), has_moved];
    let mut bytes = header(number, segment.end, counts, &table)?;
    bytes.put(&table);
    let entries_at = bytes.len() as u64;
    put_entries(&mut bytes, &entries);
    Some(Image {
        bytes,
        entries_at,
        moved,
    })
}

fn header(number: u64, end: u64, counts: [usize; 4], table: &[u8]) -> Option<Vec<u8>> {
    let mut rest = Vec::new();
    rest.put_u64(number);
    rest.put_u64(end);
    rest.put_u64(table.len() as u64);
    for count in counts {
        rest.put_u32(u32::try_from(count).ok()?);
    }
    rest.resize(usize::try_from(HEADER_BYTES).ok()? - 16, 0);
    let mut bytes = Vec::new();
    bytes.put(MAGIC);
    bytes.put_u32(VERSION);
    let crc = crc32c::crc32c_append(crc32c::crc32c_append(crc32c::crc32c(&bytes), &rest), table);
    bytes.put_u32(crc);
    bytes.put(&rest);
    Some(bytes)
}

fn put_extent(table: &mut Vec<u8>, list: ListId, extent: &Extent, slot: u32) {
    let words = extent.removed.words();
    table.put_u32(list);
    table.put_u32(extent.count);
    table.put_u64(extent.first);
    table.put_u64(extent.order);
    table.put_u64(extent.bytes);
    table.put_i64(extent.expiration_ms_min);
    table.put_u32(extent.filled);
    table.put_u32(slot);
    table.put_u32(u32::try_from(words.len()).unwrap_or_default());
    for word in words.iter() {
        table.put_u64(*word);
    }
}

fn put_entries(bytes: &mut Vec<u8>, entries: &[Entry]) {
    bytes.reserve((entries.len() / BLOCK_ENTRIES as usize + 1) * BLOCK_BYTES);
    for block in entries.chunks(BLOCK_ENTRIES as usize) {
        let begin = bytes.len();
        for entry in block {
            bytes.put_u32(entry.at);
            bytes.put_u32(entry.length);
            bytes.put_i64(entry.expiration_ms);
        }
        bytes.resize(begin + BLOCK_ENTRIES as usize * ENTRY_BYTES, 0);
        let crc = crc32c::crc32c(bytes.get(begin..).unwrap_or_default());
        bytes.put_u32(crc);
        bytes.resize(begin + BLOCK_BYTES, 0);
    }
}

/// Reads the table of segment `number`'s sidecar; `None` if it is damaged or of another segment.
pub(crate) fn read(file: &dyn File, number: u64) -> Result<Option<Table>, StoreError> {
    let fail = |cause| StoreError::file("reading", sidecar_name(number), cause);
    let length = file.length().map_err(fail)?;
    let mut begin = [0; HEADER_BYTES as usize];
    if read_up_to(file, &mut begin, 0).map_err(fail)? < begin.len() || !begin.starts_with(MAGIC) {
        return Ok(None);
    }
    let Some(parsed) = Begin::read(&begin) else {
        return Ok(None);
    };
    let room = length.saturating_sub(HEADER_BYTES);
    if parsed.number != number || parsed.table_length > room {
        return Ok(None);
    }
    let Ok(table_length) = usize::try_from(parsed.table_length) else {
        return Ok(None);
    };
    let mut table = vec![0; table_length];
    if read_up_to(file, &mut table, HEADER_BYTES).map_err(fail)? < table_length {
        return Ok(None);
    }
    let (head, rest) = (begin.get(..12), begin.get(16..));
    let crc = crc32c::crc32c_append(
        crc32c::crc32c(head.unwrap_or_default()),
        rest.unwrap_or_default(),
    );
    if crc32c::crc32c_append(crc, &table) != parsed.crc {
        return Ok(None);
    }
    if parsed.version > VERSION {
        let (found, known) = (parsed.version, VERSION);
        return Err(StoreError::Version {
            file: sidecar_name(number),
            found,
            known,
        });
    }
    let blocks = (room - parsed.table_length) / BLOCK_BYTES as u64;
    let entries = blocks * u64::from(BLOCK_ENTRIES);
    Ok(parsed
        .table(&table)
        .filter(|table| table.is_possible(entries)))
}

struct Begin {
    version: u32,
    crc: u32,
    number: u64,
    end: u64,
    table_length: u64,
    extents: u32,
    traces: u32,
    facts: u32,
    has_moved: u32,
}

impl Begin {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields(bytes);
        fields.bytes(MAGIC.len())?;
        Some(Self {
            version: fields.u32()?,
            crc: fields.u32()?,
            number: fields.u64()?,
            end: fields.u64()?,
            table_length: fields.u64()?,
            extents: fields.u32()?,
            traces: fields.u32()?,
            facts: fields.u32()?,
            has_moved: fields.u32()?,
        })
    }

    fn table(&self, bytes: &[u8]) -> Option<Table> {
        let mut fields = Fields(bytes);
        // No capacity is taken from the counts: the bytes end before memory does.
        let mut extents = Vec::new();
        for _ in 0..self.extents {
            extents.push(extent(&mut fields, self.number)?);
        }
        let mut traces = Vec::new();
        for _ in 0..self.traces {
            let (list, next, order) = (fields.u32()?, fields.u64()?, fields.u64()?);
            traces.push(Target {
                list,
                position: next.checked_sub(1)?,
                order,
            });
        }
        let mut facts = Vec::new();
        for _ in 0..self.facts {
            facts.push((fields.u32()?, fields.u32()?));
        }
        let entries_at = HEADER_BYTES + self.table_length;
        Some(Table {
            end: self.end,
            extents,
            traces,
            facts,
            has_moved: self.has_moved != 0,
            entries_at,
        })
    }
}

fn extent(fields: &mut Fields<'_>, segment: u64) -> Option<(ListId, Extent)> {
    let list = fields.u32()?;
    let count = fields.u32()?;
    let mut extent = Extent::new(segment, fields.u64()?);
    extent.count = count;
    extent.first.checked_add(u64::from(count))?;
    extent.order = fields.u64()?;
    extent.bytes = fields.u64()?;
    extent.expiration_ms_min = fields.i64()?;
    extent.filled = fields.u32()?;
    extent.entries = Entries::Sidecar(fields.u32()?);
    let words = fields.u32()?;
    let bytes = fields.bytes(usize::try_from(words).ok()?.checked_mul(8)?)?;
    let mut bits = Fields(bytes);
    let removed = Bits::from_words(std::iter::from_fn(|| bits.u64()).collect());
    extent.live = count.checked_sub(removed.count(count))?;
    extent.removed = removed;
    (extent.live <= extent.filled && extent.filled <= count).then_some((list, extent))
}

/// Which entries to read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slice {
    /// Where the entries begin in the file.
    pub(crate) entries_at: u64,
    /// Place of the first one wanted.
    pub(crate) slot: u32,
    pub(crate) count: u32,
}

/// Reads entries; `None` if they are damaged.
pub(crate) fn read_entries(
    file: &Arc<dyn File>,
    number: u64,
    slice: Slice,
) -> Result<Option<Vec<Entry>>, StoreError> {
    let Some(last) = (u64::from(slice.slot) + u64::from(slice.count)).checked_sub(1) else {
        return Ok(Some(Vec::new()));
    };
    let per_block = u64::from(BLOCK_ENTRIES);
    let first_block = u64::from(slice.slot) / per_block;
    let blocks = last / per_block - first_block + 1;
    let fail = |cause| StoreError::file("reading", sidecar_name(number), cause);
    let at = slice.entries_at + first_block * BLOCK_BYTES as u64;
    let room = file.length().map_err(fail)?.saturating_sub(at);
    if blocks * BLOCK_BYTES as u64 > room {
        return Ok(None);
    }
    let Ok(blocks) = usize::try_from(blocks) else {
        return Ok(None);
    };
    let mut bytes = vec![0; blocks * BLOCK_BYTES];
    if read_up_to(file.as_ref(), &mut bytes, at).map_err(fail)? < bytes.len() {
        return Ok(None);
    }
    let mut entries = Vec::with_capacity(blocks * BLOCK_ENTRIES as usize);
    for block in bytes.chunks_exact(BLOCK_BYTES) {
        let (content, after) = block.split_at(BLOCK_ENTRIES as usize * ENTRY_BYTES);
        if Fields(after).u32() != Some(crc32c::crc32c(content)) {
            return Ok(None);
        }
        let mut fields = Fields(content);
        entries.extend(std::iter::from_fn(|| {
            let (at, length) = (fields.u32()?, fields.u32()?);
            Some(Entry {
                at,
                length,
                expiration_ms: fields.i64()?,
            })
        }));
    }
    let skip = usize::try_from(slice.slot % BLOCK_ENTRIES).unwrap_or_default();
    entries.drain(..skip.min(entries.len()));
    entries.truncate(usize::try_from(slice.count).unwrap_or(usize::MAX));
    Ok(Some(entries))
}
