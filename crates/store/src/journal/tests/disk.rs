//! A disk in memory that keeps apart what was synced and what was not.

use std::collections::BTreeMap;
use std::io::{self, IoSlice};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::disk::{Disk, File};

const SECTOR: usize = 512;

/// Something done to a file since its last sync.
#[derive(Clone)]
enum Unsynced {
    Write { at: usize, bytes: Vec<u8> },
    Length(usize),
}

#[derive(Clone, Default)]
struct Content {
    now: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<Unsynced>,
}

#[derive(Clone)]
enum NameChange {
    Make(String, usize),
    Rename(String, String),
    Remove(String),
}

#[derive(Default, Clone)]
struct State {
    files: Vec<Content>,
    names: BTreeMap<String, usize>,
    names_durable: BTreeMap<String, usize>,
    names_unsynced: Vec<NameChange>,
    operations: u64,
    syncs: u64,
    /// Every operation from this one on fails, as if the process had died.
    dies_at: Option<u64>,
    /// This sync fails.
    sync_fails: bool,
    /// One in so many operations that take room finds none, whatever the truth.
    flaky: Option<(u64, Dice)>,
    /// Bytes of all files together.
    space: Option<usize>,
    is_locked: bool,
}

/// See the module.
#[derive(Default)]
pub(crate) struct TestDisk(Arc<Mutex<State>>);

/// Random numbers.
#[derive(Clone)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

impl NameChange {
    fn apply(&self, names: &mut BTreeMap<String, usize>) {
        match self {
            Self::Make(name, file) => {
                names.insert(name.clone(), *file);
            }
            Self::Rename(from, to) => {
                if let Some(file) = names.remove(from) {
                    names.insert(to.clone(), file);
                }
            }
            Self::Remove(name) => {
                names.remove(name);
            }
        }
    }
}

impl Unsynced {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write { at, bytes } => {
                if content.len() < at + bytes.len() {
                    content.resize(at + bytes.len(), 0);
                }
                content[*at..at + bytes.len()].copy_from_slice(bytes);
            }
            Self::Length(length) => content.resize(*length, 0),
        }
    }

    /// As a crash may leave it: whole, not at all, or some sectors of it.
    fn tear(&self, content: &mut Vec<u8>, dice: &mut Dice) {
        let mode = dice.roll(3);
        match self {
            _ if mode == 0 => {}
            Self::Write { at, bytes } if mode == 1 => {
                let mut done = 0;
                while done < bytes.len() {
                    let step = (SECTOR - (at + done) % SECTOR).min(bytes.len() - done);
                    if dice.roll(2) == 0 {
                        let part = bytes[done..done + step].to_vec();
                        Self::Write {
                            at: at + done,
                            bytes: part,
                        }
                        .apply(content);
                    }
                    done += step;
                }
            }
            _ => self.apply(content),
        }
    }
}

impl State {
    fn step(&mut self) -> io::Result<()> {
        self.operations += 1;
        match self.dies_at {
            Some(at) if self.operations >= at => Err(io::Error::other("dead")),
            _ => Ok(()),
        }
    }

    fn take_room(&mut self) -> io::Result<()> {
        let fails = self
            .flaky
            .as_mut()
            .is_some_and(|(sides, dice)| dice.roll(*sides) == 0);
        if fails {
            Err(io::ErrorKind::StorageFull.into())
        } else {
            Ok(())
        }
    }

    fn used(&self) -> usize {
        self.names
            .values()
            .map(|file| self.files[*file].now.len())
            .sum()
    }

    fn change(&mut self, change: NameChange) {
        change.apply(&mut self.names);
        self.names_unsynced.push(change);
    }

    fn write(&mut self, file: usize, change: Unsynced) -> io::Result<()> {
        let before = self.files[file].now.len();
        let after = match &change {
            Unsynced::Write { at, bytes } => before.max(at + bytes.len()),
            Unsynced::Length(length) => *length,
        };
        if after > before
            && self
                .space
                .is_some_and(|space| self.used() + after - before > space)
        {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let content = &mut self.files[file];
        change.apply(&mut content.now);
        content.unsynced.push(change);
        Ok(())
    }
}

impl TestDisk {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.0.lock().names.keys().cloned().collect()
    }

    pub(crate) fn operations(&self) -> u64 {
        self.0.lock().operations
    }

    pub(crate) fn syncs(&self) -> u64 {
        self.0.lock().syncs
    }

    /// All operations fail after so many more.
    pub(crate) fn die_after(&self, operations: u64) {
        let mut state = self.0.lock();
        state.dies_at = Some(state.operations + operations);
    }

    pub(crate) fn fail_syncs(&self, fails: bool) {
        self.0.lock().sync_fails = fails;
    }

    pub(crate) fn set_space(&self, space: Option<usize>) {
        self.0.lock().space = space;
    }

    /// From now on one in so many operations that take room fails.
    pub(crate) fn set_flaky(&self, sides: Option<u64>, seed: u64) {
        self.0.lock().flaky = sides.map(|sides| (sides, Dice(seed)));
    }

    pub(crate) fn used(&self) -> usize {
        self.0.lock().used()
    }

    /// What a new process finds after the computer lost its power now.
    pub(crate) fn after_power_loss(&self, dice: &mut Dice) -> Arc<Self> {
        let state = self.0.lock();
        let mut names = state.names_durable.clone();
        for change in &state.names_unsynced {
            if dice.roll(2) == 0 {
                change.apply(&mut names);
            }
        }
        let mut files = Vec::new();
        for content in &state.files {
            let mut found = content.durable.clone();
            for change in &content.unsynced {
                change.tear(&mut found, dice);
            }
            files.push(Content {
                now: found.clone(),
                durable: found,
                unsynced: Vec::new(),
            });
        }
        let after = State {
            files,
            names_durable: names.clone(),
            names,
            space: state.space,
            ..State::default()
        };
        Arc::new(Self(Arc::new(Mutex::new(after))))
    }

    /// What a new process finds after this one was killed: nothing is lost.
    pub(crate) fn after_kill(&self) -> Arc<Self> {
        let state = self.0.lock();
        let after = State {
            dies_at: None,
            is_locked: false,
            ..state.clone()
        };
        Arc::new(Self(Arc::new(Mutex::new(after))))
    }

    pub(crate) fn content(&self, name: &str) -> Vec<u8> {
        let state = self.0.lock();
        state.files[state.names[name]].now.clone()
    }

    pub(crate) fn flip_bit(&self, name: &str, bit: usize) {
        self.patch(name, |content| content[bit / 8] ^= 1 << (bit % 8));
    }

    /// Changes a file behind the store's back.
    pub(crate) fn patch(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.0.lock();
        let file = state.names[name];
        let content = &mut state.files[file];
        change(&mut content.now);
        content.durable = content.now.clone();
    }
}

impl Disk for TestDisk {
    fn describe(&self) -> String {
        "test disk".to_owned()
    }

    fn salt(&self) -> u32 {
        0x5a17
    }

    fn available_bytes(&self) -> io::Result<u64> {
        let state = self.0.lock();
        let space = state.space.unwrap_or(1 << 40);
        Ok(space.saturating_sub(state.used()) as u64)
    }

    fn lock(&self) -> io::Result<bool> {
        Ok(!std::mem::replace(&mut self.0.lock().is_locked, true))
    }

    fn unlock(&self) {
        self.0.lock().is_locked = false;
    }

    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.names())
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn File>> {
        let state = self.0.lock();
        let file = *state.names.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(Arc::new(TestFile {
            state: Arc::clone(&self.0),
            file,
        }))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn File>> {
        let mut state = self.0.lock();
        state.step()?;
        state.take_room()?;
        let file = state.files.len();
        state.files.push(Content::default());
        state.change(NameChange::Make(name.to_owned(), file));
        Ok(Arc::new(TestFile {
            state: Arc::clone(&self.0),
            file,
        }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.0.lock();
        state.step()?;
        assert!(state.names.contains_key(from), "{from} is renamed to {to}");
        state.change(NameChange::Rename(from.to_owned(), to.to_owned()));
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.0.lock();
        state.step()?;
        state.names.get(name).ok_or(io::ErrorKind::NotFound)?;
        state.change(NameChange::Remove(name.to_owned()));
        Ok(())
    }

    fn sync_dir(&self) -> io::Result<()> {
        let mut state = self.0.lock();
        state.step()?;
        state.syncs += 1;
        state.names_durable = state.names.clone();
        state.names_unsynced.clear();
        Ok(())
    }
}

struct TestFile {
    state: Arc<Mutex<State>>,
    file: usize,
}

impl File for TestFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let state = self.state.lock();
        let content = &state.files[self.file].now;
        let begin = usize::try_from(offset).unwrap().min(content.len());
        let length = buffer.len().min(content.len() - begin);
        buffer[..length].copy_from_slice(&content[begin..begin + length]);
        Ok(length)
    }

    fn write_all_at(&self, parts: &mut [IoSlice<'_>], offset: u64) -> io::Result<()> {
        let mut state = self.state.lock();
        let mut bytes: Vec<u8> = parts.iter().flat_map(|part| part.to_vec()).collect();
        if let Err(full) = state.take_room() {
            // Part of it finds room.
            bytes.truncate(bytes.len() * 2 / 3);
            state.write(
                self.file,
                Unsynced::Write {
                    at: usize::try_from(offset).unwrap(),
                    bytes,
                },
            )?;
            return Err(full);
        }
        let dead = state.step();
        // The write during which the process dies may reach the disk or not.
        state.write(
            self.file,
            Unsynced::Write {
                at: usize::try_from(offset).unwrap(),
                bytes,
            },
        )?;
        dead
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.state.lock();
        state.step()?;
        state.syncs += 1;
        if state.sync_fails {
            return Err(io::Error::other("sync failed"));
        }
        let content = &mut state.files[self.file];
        content.durable = content.now.clone();
        content.unsynced.clear();
        Ok(())
    }

    fn sync_all(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.state.lock().files[self.file].now.len() as u64)
    }

    fn allocate(&self, length: u64) -> io::Result<()> {
        let mut state = self.state.lock();
        state.step()?;
        let length = usize::try_from(length).unwrap();
        if state.files[self.file].now.len() < length {
            state.take_room()?;
            state.write(self.file, Unsynced::Length(length))?;
        }
        Ok(())
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        let mut state = self.state.lock();
        state.step()?;
        state.write(
            self.file,
            Unsynced::Length(usize::try_from(length).unwrap()),
        )
    }

    fn forget_cached(&self) {}
}
