//! Reading records of a list back.
//!
//! Which positions are wanted is decided under the index lock; the reading itself is done without
//! it, so writing goes on. Meanwhile a segment may be given up, because its last record was
//! removed: what cannot be read is therefore compared with the index again before it counts as
//! damaged. Neighbouring records are read with one call.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use parking_lot::Mutex;

use crate::disk::{Disk, File};
use crate::journal::Shared;
use crate::journal::extent::{Entries, Entry, Extent};
use crate::journal::index::Index;
use crate::journal::record::Record;
use crate::journal::repair;
use crate::journal::segment::{log_name, read_up_to, sidecar_name};
use crate::journal::sidecar::{self, Slice};
use crate::{ListId, Page, PageRequest, StoreError, Stored};

/// Files kept open for reading.
const OPEN_FILES_MAX: usize = 32;

/// Positions looked at with one look into the index.
const POSITIONS_MAX: usize = 4096;

/// Recently used files.
#[derive(Default)]
pub(crate) struct FileCache(Mutex<VecDeque<(String, Arc<dyn File>)>>);

impl FileCache {
    /// The file of that name; `None` if there is none (any more).
    pub(crate) fn open(
        &self,
        disk: &dyn Disk,
        name: String,
    ) -> Result<Option<Arc<dyn File>>, StoreError> {
        let mut files = self.0.lock();
        if let Some(place) = files.iter().position(|(known, _)| *known == name)
            && let Some(found) = files.remove(place)
        {
            let file = Arc::clone(&found.1);
            files.push_back(found);
            return Ok(Some(file));
        }
        match disk.open(&name) {
            Ok(file) => {
                if files.len() >= OPEN_FILES_MAX {
                    files.pop_front();
                }
                files.push_back((name, Arc::clone(&file)));
                Ok(Some(file))
            }
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(StoreError::file("opening", name, cause)),
        }
    }

    /// Closes a file whose name means something else from now on.
    pub(crate) fn close(&self, name: &str) {
        self.0.lock().retain(|(known, _)| known != name);
    }
}

/// Live positions of one extent.
struct Wanted {
    segment: u64,
    salt: u32,
    /// Ascending.
    positions: Vec<u64>,
    /// Entries of the extent from this position on.
    entries_from: u64,
    entries: WantedEntries,
    /// Where to look for more.
    next: u64,
}

enum WantedEntries {
    Here(Vec<Entry>),
    InSidecar(Slice),
}

/// What was found to read next.
enum Found {
    Some(Wanted),
    /// The list has nothing from the given position on; it ends here.
    End(u64),
}

/// One record to read.
#[derive(Clone, Copy)]
struct Piece {
    position: u64,
    at: u64,
    length: u64,
}

impl Shared {
    /// See [`crate::Store::page`].
    pub(crate) fn page(&self, request: PageRequest) -> Result<Page, StoreError> {
        // Read before the index: what is queued later belongs to a later commit.
        let queued_next = self
            .queue
            .lock()
            .tails
            .get(&request.list)
            .map(|tail| tail.next);
        let unknown = StoreError::UnknownList { list: request.list };
        let queued_next = queued_next.ok_or(unknown)?;
        let mut page = Page {
            next: request.from,
            ..Page::default()
        };
        let mut bytes_left = request.bytes_max as u64;
        while page.records.len() < request.records_max {
            let count = (request.records_max - page.records.len()).min(POSITIONS_MAX);
            match self.find(request.list, page.next, count)? {
                Found::End(end) => {
                    page.next = page.next.max(end);
                    page.unwritten = queued_next > end.max(request.from);
                    break;
                }
                Found::Some(wanted) => {
                    if !self.read_into(&mut page, &mut bytes_left, (request.list, wanted))? {
                        break;
                    }
                }
            }
        }
        Ok(page)
    }

    /// The next live positions of a list from `from` on, of one extent.
    fn find(&self, list: ListId, from: u64, count: usize) -> Result<Found, StoreError> {
        let index = self.index.lock();
        let found = index
            .lists
            .get(&list)
            .ok_or(StoreError::UnknownList { list })?;
        for extent in found.extents.range(found.search(from)..) {
            let mut positions = Vec::new();
            let mut at = from.max(extent.first);
            while positions.len() < count
                && let Some(position) = extent.next_live(at)
            {
                positions.push(position);
                at = position + 1;
            }
            let (Some(first), Some(last)) = (positions.first(), positions.last()) else {
                continue;
            };
            let is_all = extent.next_live(at).is_none();
            let next = if is_all { extent.end() } else { at };
            let entries = entries_of(&index, extent, (*first, *last));
            let (segment, entries_from) = (extent.segment, *first);
            let salt = index
                .segments
                .get(&segment)
                .map_or(0, |segment| segment.salt);
            let wanted = Wanted {
                segment,
                salt,
                positions,
                entries_from,
                entries,
                next,
            };
            return Ok(Found::Some(wanted));
        }
        Ok(Found::End(found.next))
    }

    /// Reads records into the page. `false` when it is full.
    fn read_into(
        &self,
        page: &mut Page,
        bytes_left: &mut u64,
        (list, wanted): (ListId, Wanted),
    ) -> Result<bool, StoreError> {
        let Some(pieces) = self.pieces(&wanted)? else {
            // Look again: the segment is gone, or its index is in memory now.
            self.rebuild_sidecar(wanted.segment)?;
            return Ok(true);
        };
        let Some(file) = self
            .files
            .open(self.disk.as_ref(), log_name(wanted.segment))?
        else {
            // Given up meanwhile, unless something in it is still needed.
            if wanted
                .positions
                .iter()
                .any(|position| self.is_live_in(wanted.segment, list, *position))
            {
                let cause = std::io::ErrorKind::NotFound.into();
                return Err(StoreError::file("opening", log_name(wanted.segment), cause));
            }
            return Ok(true);
        };
        let mut reader = Reader {
            shared: self,
            file,
            list,
            segment: wanted.segment,
            salt: wanted.salt,
        };
        let mut left = pieces.as_slice();
        while !left.is_empty() {
            let (run, rest) = left.split_at(self.run_length(left, *bytes_left).min(left.len()));
            left = rest;
            match reader.run(page, bytes_left, run)? {
                Ran::Through => {}
                Ran::Full => return Ok(false),
                Ran::Moved => return Ok(true),
            }
        }
        page.next = page.next.max(wanted.next);
        Ok(true)
    }

    /// How many of the pieces are read with one call.
    fn run_length(&self, pieces: &[Piece], bytes_left: u64) -> usize {
        let Some(first) = pieces.first() else {
            return 0;
        };
        let mut end = first.at + first.length;
        let most = self
            .settings
            .page_read_bytes
            .min(bytes_left.saturating_add(64 * 1024));
        let mut count = 1;
        for piece in pieces.iter().skip(1) {
            let is_near = piece.at >= end && piece.at - end <= self.settings.page_gap_bytes;
            if !is_near || piece.at + piece.length - first.at > most {
                break;
            }
            end = piece.at + piece.length;
            count += 1;
        }
        count
    }

    /// Where the wanted records stand; `None` if that cannot be read.
    fn pieces(&self, wanted: &Wanted) -> Result<Option<Vec<Piece>>, StoreError> {
        let read;
        let entries = match &wanted.entries {
            WantedEntries::Here(entries) => entries,
            WantedEntries::InSidecar(slice) => {
                match self.sidecar_entries(wanted.segment, *slice)? {
                    Some(entries) => read = entries,
                    None => return Ok(None),
                }
                &read
            }
        };
        let pieces = wanted.positions.iter().filter_map(|position| {
            let index = usize::try_from(position - wanted.entries_from).ok()?;
            let entry = entries.get(index)?;
            let (at, length) = (u64::from(entry.at) * 8, u64::from(entry.length));
            Some(Piece {
                position: *position,
                at,
                length,
            })
        });
        Ok(Some(pieces.collect()))
    }

    /// Entries of a sidecar; `None` if it is gone or damaged.
    pub(crate) fn sidecar_entries(
        &self,
        segment: u64,
        slice: Slice,
    ) -> Result<Option<Vec<Entry>>, StoreError> {
        match self.files.open(self.disk.as_ref(), sidecar_name(segment))? {
            Some(file) => sidecar::read_entries(&file, segment, slice),
            None => Ok(None),
        }
    }

    /// `true` if the record is needed and still stands there.
    fn is_live_in(&self, segment: u64, list: ListId, position: u64) -> bool {
        self.index.lock().is_live_in(segment, list, position)
    }
}

/// Entries of the positions from `first` to `last`, or where to read them.
fn entries_of(index: &Index, extent: &Extent, (first, last): (u64, u64)) -> WantedEntries {
    let offset = u32::try_from(first.saturating_sub(extent.first)).unwrap_or_default();
    let count = u32::try_from(last - first + 1).unwrap_or_default();
    match &extent.entries {
        Entries::Memory(entries) => {
            let begin = usize::try_from(offset).unwrap_or_default();
            let end = begin + usize::try_from(count).unwrap_or_default();
            WantedEntries::Here(entries.get(begin..end).unwrap_or_default().to_vec())
        }
        Entries::Sidecar(slot) => {
            let entries_at = index
                .segments
                .get(&extent.segment)
                .and_then(|found| found.sidecar);
            let entries_at = entries_at.unwrap_or(u64::MAX / 2);
            WantedEntries::InSidecar(Slice {
                entries_at,
                slot: slot + offset,
                count,
            })
        }
    }
}

/// How reading a run ended.
enum Ran {
    Through,
    /// The page is full.
    Full,
    /// A record is not there any more: the index is to be asked again.
    Moved,
}

/// Reads records of one segment.
struct Reader<'a> {
    shared: &'a Shared,
    file: Arc<dyn File>,
    list: ListId,
    segment: u64,
    salt: u32,
}

impl Reader<'_> {
    /// Reads neighbouring records with one call.
    fn run(
        &mut self,
        page: &mut Page,
        bytes_left: &mut u64,
        run: &[Piece],
    ) -> Result<Ran, StoreError> {
        let (Some(first), Some(last)) = (run.first(), run.last()) else {
            return Ok(Ran::Through);
        };
        let buffer = self.read(first.at, last.at + last.length - first.at)?;
        let is_single = run.len() == 1;
        for piece in run {
            let begin = usize::try_from(piece.at - first.at).unwrap_or(usize::MAX);
            let length = usize::try_from(piece.length).unwrap_or(usize::MAX);
            let end = begin.saturating_add(length).min(buffer.len());
            let bytes = buffer.slice(begin.min(end)..end);
            let stored = match self.stored(*piece, &bytes, is_single) {
                Some(stored) => stored,
                None => match self.read_again(*piece)? {
                    Some(stored) => stored,
                    // What was removed or moved while it was read is not damaged.
                    None if !self.is_live(*piece) => {
                        page.next = piece.position;
                        return Ok(Ran::Moved);
                    }
                    None => {
                        self.set_aside(page, *piece);
                        continue;
                    }
                },
            };
            let bytes = stored.head.len() as u64 + stored.body.len() as u64;
            if bytes > *bytes_left && !page.records.is_empty() {
                page.next = piece.position;
                return Ok(Ran::Full);
            }
            *bytes_left = bytes_left.saturating_sub(bytes);
            page.next = piece.position + 1;
            page.records.push(stored);
        }
        Ok(Ran::Through)
    }

    fn read(&self, at: u64, length: u64) -> Result<Bytes, StoreError> {
        let fail = |cause| StoreError::file("reading", log_name(self.segment), cause);
        // A damaged index may ask for more than the file has: no memory is taken for that.
        let room = self.file.length().map_err(fail)?.saturating_sub(at);
        let mut buffer = vec![0; usize::try_from(length.min(room)).unwrap_or_default()];
        let read = read_up_to(self.file.as_ref(), &mut buffer, at).map_err(fail)?;
        buffer.truncate(read);
        Ok(Bytes::from(buffer))
    }

    /// The record in `bytes`, if it is whole and the wanted one. A buffer that holds nothing else
    /// is handed out as it is; otherwise the record is copied, so that it pins nothing.
    fn stored(&self, piece: Piece, bytes: &Bytes, is_single: bool) -> Option<Stored> {
        let record = Record::read(bytes, self.segment, self.salt)?;
        let is_this =
            |target: &crate::Target| target.list == self.list && target.position == piece.position;
        let target = record.targets().find(is_this)?;
        let payload = if is_single {
            bytes.slice_ref(bytes.get(usize::try_from(record.header.head_at()).ok()?..)?)
        } else {
            let payload = record.head.len() + record.body.len();
            Bytes::copy_from_slice(bytes.get(bytes.len().checked_sub(payload)?..)?)
        };
        let (position, order) = (piece.position, target.order);
        let body = payload.slice(record.head.len()..);
        Some(Stored {
            position,
            order,
            head: payload.slice(..record.head.len()),
            body,
        })
    }

    /// A second look at what seemed damaged: the fault may have been on the way.
    fn read_again(&self, piece: Piece) -> Result<Option<Stored>, StoreError> {
        if !self.is_live(piece) {
            return Ok(None);
        }
        let bytes = self.read(piece.at, piece.length)?;
        Ok(self.stored(piece, &bytes, true))
    }

    fn is_live(&self, piece: Piece) -> bool {
        self.shared
            .is_live_in(self.segment, self.list, piece.position)
    }

    fn set_aside(&self, page: &mut Page, piece: Piece) {
        page.next = piece.position + 1;
        let bytes = self.read(piece.at, piece.length).unwrap_or_default();
        repair::set_aside(self.shared.disk.as_ref(), self.segment, piece.at, &bytes);
        self.shared.remove_damaged(self.list, piece.position);
        page.damaged += 1;
        self.shared.damaged.fetch_add(1, Ordering::Relaxed);
        tracing::error!(
            file = log_name(self.segment),
            offset = piece.at,
            list = self.list,
            position = piece.position,
            "a record is damaged; it is set aside and not delivered"
        );
    }
}
