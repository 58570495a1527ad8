//! A journal is written, its files are damaged in any way, and it is opened again.
//!
//! The input is a list of steps (see [`Bench::step`]): changes and commits, restarts, and damage:
//! flipped bytes, cut files, hostile numbers, and checksums put right again afterwards, so that
//! the damage is not caught by them alone. Whatever the files say, opening must end with a
//! journal or an error, without a panic and without taking memory for what a number claims; a
//! journal that opened must page, expire and accept new records. Undamaged, nothing may be lost.
#![no_main]

use bytes::Bytes;
use floodway_store::disk::{Disk, File};
use floodway_store::{
    Change, Journal, JournalSettings, PageRequest, Store, SyncPolicy, Target, Targets,
};
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeMap;
use std::io::{self, IoSlice};
use std::sync::{Arc, Mutex, PoisonError};

/// Files never grow beyond this, whatever is asked.
const FILE_BYTES_MAX: usize = 1 << 20;
const FILES_BYTES_MAX: usize = 8 << 20;
const STEPS_MAX: usize = 300;

fuzz_target!(|data: &[u8]| {
    let mut bench = Bench::new();
    let mut steps = Steps(data);
    for _ in 0..STEPS_MAX {
        let Some(what) = steps.byte() else {
            break;
        };
        bench.step(what, &mut steps);
    }
    bench.restart(false);
});

/// Bytes that steps are made of; zeros when they are used up.
struct Steps<'a>(&'a [u8]);

impl Steps<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn small(&mut self) -> usize {
        self.byte().unwrap_or_default().into()
    }

    fn offset(&mut self) -> usize {
        self.small() * 256 + self.small()
    }
}

struct Bench {
    disk: Arc<MemoryDisk>,
    journal: Option<Journal>,
    /// Records that must be there: list and position, with the length of the body.
    expected: BTreeMap<(u32, u64), usize>,
    lists: Vec<u32>,
    damaged: bool,
    time: i64,
}

impl Bench {
    fn new() -> Self {
        let mut bench = Self {
            disk: Arc::default(),
            journal: None,
            expected: BTreeMap::new(),
            lists: Vec::new(),
            damaged: false,
            time: 1,
        };
        bench.restart(false);
        bench
    }

    fn step(&mut self, what: u8, steps: &mut Steps<'_>) {
        match what % 16 {
            0 => self.define(),
            1 | 2 => self.add(steps),
            3 => self.remove(steps),
            4 => self.note(steps),
            5 => self.drop_list(steps),
            6 => self.commit(),
            7 => self.maintain(),
            8 => self.restart(true),
            9 => self.restart(false),
            10 => self.damage(steps, |content, at, value| {
                if let Some(byte) = content.get_mut(at) {
                    *byte ^= value.max(1);
                }
            }),
            11 => self.damage(steps, |content, at, _| content.truncate(at)),
            12 => self.damage(steps, |content, at, value| {
                let hostile = [0, 1, u64::MAX, 1 << 31, 1 << 32, u64::MAX >> 1, 4096, 128];
                let number = hostile[usize::from(value) % hostile.len()].to_le_bytes();
                let length = if value & 0x80 == 0 { 4 } else { 8 };
                if let Some(field) = content.get_mut(at..at + length) {
                    field.copy_from_slice(&number[..length]);
                }
            }),
            13 => self.damage(steps, |content, at, value| {
                content.iter_mut().skip(at).take(value.into()).for_each(|byte| *byte = 0);
            }),
            14 => {
                let raw = steps.0.get(..64).unwrap_or(steps.0).to_vec();
                self.damage(steps, |content, at, _| {
                    content.truncate(at);
                    content.extend_from_slice(&raw);
                });
            }
            _ => self.disk.put_checksums_right(),
        }
    }

    fn define(&mut self) {
        if let Some(journal) = &self.journal
            && let Ok(list) = journal.define(Bytes::from_static(b"descriptor"))
        {
            self.lists.push(list);
        }
    }

    fn list(&self, steps: &mut Steps<'_>) -> Option<u32> {
        let at = steps.small() % self.lists.len().max(1);
        self.lists.get(at).copied()
    }

    fn add(&mut self, steps: &mut Steps<'_>) {
        let (Some(list), Some(journal)) = (self.list(steps), &self.journal) else {
            return;
        };
        let length = steps.small() * 4;
        let Some(info) = journal.list(list) else {
            return;
        };
        if info.next > u64::MAX / 2 {
            return;
        }
        self.time += 1;
        let target = Target {
            list,
            position: info.next,
            order: info.order,
        };
        let mut changes = vec![Change::Add {
            targets: Targets::One(target),
            expiration_ms: if length % 3 == 0 { self.time } else { 0 },
            head: Bytes::from_static(b"head"),
            body: Bytes::from(vec![b'b'; length]),
        }];
        if journal.append(&mut changes).is_ok() {
            self.expected.insert((list, info.next), length);
        }
    }

    fn remove(&mut self, steps: &mut Steps<'_>) {
        let list = self.list(steps);
        let position = steps.small() as u64;
        if let (Some(list), Some(journal)) = (list, &self.journal) {
            let mut changes = vec![Change::Remove { list, position }];
            if journal.append(&mut changes).is_ok() {
                self.expected.remove(&(list, position));
            }
        }
    }

    fn note(&mut self, steps: &mut Steps<'_>) {
        let key = Bytes::from(vec![steps.small() as u8 % 4]);
        let value = Bytes::from(vec![b'v'; steps.small()]);
        if let Some(journal) = &self.journal {
            drop(journal.append(&mut vec![Change::Note { key, value }]));
        }
    }

    fn drop_list(&mut self, steps: &mut Steps<'_>) {
        let list = self.list(steps);
        if let (Some(list), Some(journal)) = (list, &self.journal)
            && journal.drop_list(list).is_ok()
        {
            self.lists.retain(|one| *one != list);
            self.expected.retain(|(of, _), _| *of != list);
        }
    }

    fn commit(&mut self) {
        if let Some(journal) = &self.journal {
            for _ in 0..100 {
                if !journal.commit_step() {
                    break;
                }
            }
        }
    }

    fn maintain(&mut self) {
        if let Some(journal) = &self.journal {
            for _ in 0..100 {
                if !journal.maintain_step() {
                    break;
                }
            }
        }
    }

    /// Closes the journal, in order or as a crash would after a commit, and opens it again.
    fn restart(&mut self, in_order: bool) {
        self.commit();
        if let Some(journal) = self.journal.take()
            && in_order
        {
            drop(journal.close());
        }
        self.open();
    }

    /// Damages a file while the journal is closed, and opens it again.
    fn damage(&mut self, steps: &mut Steps<'_>, how: impl FnOnce(&mut Vec<u8>, usize, u8)) {
        self.commit();
        drop(self.journal.take());
        self.damaged = true;
        let (file, at, value) = (steps.small(), steps.offset(), steps.small() as u8);
        self.disk.change(file, |content| how(content, at.min(content.len()), value));
        if value & 1 == 0 {
            self.disk.put_checksums_right();
        }
        self.open();
    }

    fn open(&mut self) {
        let settings = JournalSettings {
            segment_bytes: 4096,
            spare_segments: 1,
            reserve_segments: 1,
            sync: SyncPolicy::Always,
            sidecar_lag_segments: 0,
            record_bytes_max: 2048,
            page_read_bytes: 4096,
            ..JournalSettings::default()
        };
        let disk: Arc<dyn Disk> = Arc::<MemoryDisk>::clone(&self.disk);
        match Journal::open(disk, settings) {
            Ok(journal) => {
                self.check(&journal);
                self.lists = journal.lists().iter().map(|info| info.list).collect();
                self.journal = Some(journal);
            }
            Err(error) => assert!(self.damaged, "undamaged, but: {error}"),
        }
    }

    /// Reads everything, and compares it unless something was damaged.
    fn check(&mut self, journal: &Journal) {
        let mut found = BTreeMap::new();
        for info in journal.lists() {
            let mut from = info.first;
            for _ in 0..1000 {
                let request = PageRequest {
                    list: info.list,
                    from,
                    records_max: 16,
                    bytes_max: 4096,
                };
                let Ok(page) = journal.page(request) else {
                    assert!(self.damaged, "an undamaged page cannot be read");
                    break;
                };
                for stored in &page.records {
                    assert!(stored.position >= from && stored.position < page.next);
                    found.insert((info.list, stored.position), stored.body.len());
                }
                assert!(page.next >= from, "pages go forward");
                if page.next == from || page.next >= info.next {
                    break;
                }
                from = page.next;
            }
            drop(journal.expiring(info.list, i64::MAX, 0, 100));
            journal.next_expiration_ms(info.list);
        }
        let _ = (journal.usage(), journal.notes());
        if self.damaged {
            self.expected = found;
        } else {
            assert_eq!(found, self.expected, "what was committed is there");
        }
    }
}

#[derive(Default)]
struct MemoryDisk {
    files: Mutex<BTreeMap<String, Arc<MemoryFile>>>,
    locked: Mutex<bool>,
}

#[derive(Default)]
struct MemoryFile(Mutex<Vec<u8>>);

impl MemoryFile {
    fn with<T>(&self, act: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl MemoryDisk {
    fn files<T>(&self, act: impl FnOnce(&mut BTreeMap<String, Arc<MemoryFile>>) -> T) -> T {
        act(&mut self.files.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn change(&self, which: usize, act: impl FnOnce(&mut Vec<u8>)) {
        let file = self.files(|files| {
            let at = which % files.len().max(1);
            files.values().nth(at).cloned()
        });
        if let Some(file) = file {
            file.with(act);
        }
    }

    /// Computes all checksums again, as the format describes them.
    fn put_checksums_right(&self) {
        self.files(|files| {
            for (name, file) in files.iter() {
                file.with(|content| match name {
                    name if name.ends_with(".log") => right_segment(content),
                    name if name.ends_with(".idx") => right_sidecar(content),
                    _ => right_checkpoint(content),
                });
            }
        });
    }
}

fn put(content: &mut [u8], at: usize, sum: u32) {
    if let Some(field) = content.get_mut(at..at + 4) {
        field.copy_from_slice(&sum.to_le_bytes());
    }
}

fn number(content: &[u8], at: usize) -> Option<usize> {
    let bytes = content.get(at..at + 4)?.try_into().ok()?;
    usize::try_from(u32::from_le_bytes(bytes)).ok()
}

/// The sum over everything but the four bytes at 12.
fn sum_around(image: &[u8]) -> u32 {
    let (begin, rest) = (image.get(..12), image.get(16..));
    crc32c::crc32c_append(
        crc32c::crc32c(begin.unwrap_or_default()),
        rest.unwrap_or_default(),
    )
}

fn right_segment(content: &mut [u8]) {
    for copy in content.chunks_exact_mut(64).take(2) {
        let sum = sum_around(copy);
        put(copy, 12, sum);
    }
    let salt = number(content, 40).unwrap_or_default() as u32;
    let mut at = 128;
    while let Some(length) = number(content, at) {
        let Some(record) = content.get_mut(at..).and_then(|rest| rest.get_mut(..length)) else {
            break;
        };
        if length < 32 {
            break;
        }
        let begun = crc32c::crc32c_append(salt, &(length as u32).to_le_bytes());
        let sum = crc32c::crc32c_append(begun, &record[8..]);
        put(record, 4, sum);
        at += length.next_multiple_of(8);
    }
}

fn right_sidecar(content: &mut [u8]) {
    let table = number(content, 32).unwrap_or_default();
    let end = content.len().min(64usize.saturating_add(table));
    let sum = sum_around(content.get(..end).unwrap_or_default());
    put(content, 12, sum);
    for block in content.get_mut(end..).unwrap_or_default().chunks_exact_mut(4096) {
        let sum = crc32c::crc32c(&block[..4080]);
        put(block, 4080, sum);
    }
}

fn right_checkpoint(content: &mut [u8]) {
    let half = content.len() / 2;
    for copy in content.chunks_exact_mut(half.max(24)) {
        let sum = sum_around(copy);
        put(copy, 12, sum);
    }
}

impl Disk for MemoryDisk {
    fn describe(&self) -> String {
        "memory".to_owned()
    }

    fn salt(&self) -> u32 {
        0x5a17
    }

    fn available_bytes(&self) -> io::Result<u64> {
        let used: usize =
            self.files(|files| files.values().map(|file| file.with(|bytes| bytes.len())).sum());
        Ok(FILES_BYTES_MAX.saturating_sub(used) as u64)
    }

    fn lock(&self) -> io::Result<bool> {
        let mut locked = self.locked.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(!std::mem::replace(&mut locked, true))
    }

    fn unlock(&self) {
        *self.locked.lock().unwrap_or_else(PoisonError::into_inner) = false;
    }

    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.files(|files| files.keys().cloned().collect()))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn File>> {
        let found = self.files(|files| files.get(name).cloned());
        Ok(found.ok_or(io::ErrorKind::NotFound)?)
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn File>> {
        let file = Arc::<MemoryFile>::default();
        self.files(|files| files.insert(name.to_owned(), Arc::clone(&file)));
        Ok(file)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.files(|files| {
            let file = files.remove(from).ok_or(io::ErrorKind::NotFound)?;
            files.insert(to.to_owned(), file);
            Ok(())
        })
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.files(|files| files.remove(name).map(drop))
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn sync_dir(&self) -> io::Result<()> {
        Ok(())
    }
}

fn within(length: u64) -> io::Result<usize> {
    let length = usize::try_from(length).ok().filter(|length| *length <= FILE_BYTES_MAX);
    length.ok_or_else(|| io::ErrorKind::StorageFull.into())
}

impl File for MemoryFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.with(|content| {
            let begin = usize::try_from(offset).unwrap_or(usize::MAX).min(content.len());
            let length = buffer.len().min(content.len() - begin);
            buffer[..length].copy_from_slice(&content[begin..begin + length]);
            Ok(length)
        })
    }

    fn write_all_at(&self, parts: &mut [IoSlice<'_>], offset: u64) -> io::Result<()> {
        self.with(|content| {
            let mut at = usize::try_from(offset).unwrap_or(usize::MAX);
            for part in parts {
                let end = within(at.saturating_add(part.len()) as u64)?;
                if content.len() < end {
                    content.resize(end, 0);
                }
                content[at..end].copy_from_slice(part);
                at = end;
            }
            Ok(())
        })
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn sync_all(&self) -> io::Result<()> {
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.with(|content| content.len() as u64))
    }

    fn allocate(&self, length: u64) -> io::Result<()> {
        let length = within(length)?;
        self.with(|content| {
            if content.len() < length {
                content.resize(length, 0);
            }
        });
        Ok(())
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        let length = within(length)?;
        self.with(|content| content.resize(length, 0));
        Ok(())
    }

    fn forget_cached(&self) {}
}
