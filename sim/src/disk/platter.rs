//! Files and names, as programs see them and as they would be after a loss of power.
//!
//! A file is named by its place in a table for its whole life; a name points to one. What was
//! done since the last sync is kept as a list of changes. Offsets and lengths are bytes.

use crate::random::Random;
use crate::trace::digest;
use std::collections::BTreeMap;

/// The unit that a disk writes as a whole.
const SECTOR_BYTES: usize = 512;

/// Something done to a file since its last sync.
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Length(usize),
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write { at, bytes } => put(content, *at, bytes),
            Self::Length(length) => content.resize(*length, 0),
        }
    }
}

fn put(content: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let end = at + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    if let Some(place) = content.get_mut(at..end) {
        place.copy_from_slice(bytes);
    }
}

#[derive(Default)]
struct Content {
    now: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<Change>,
}

/// Something done to a name since names were synced.
enum NameChange {
    Make(String, usize),
    Rename(String, String),
    Remove(String),
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

/// What a loss of power leaves of what was not synced.
#[derive(Debug, Clone, Copy)]
pub(super) struct Survival {
    /// Of a hundred sectors.
    sectors_percent: u64,
    /// Of a hundred changes of names or lengths.
    changes_percent: u64,
    /// Names change in order: the first ones survive, the others do not.
    names_in_order: bool,
}

impl Survival {
    pub(super) fn draw(random: &mut Random) -> Self {
        let sectors_percent = random.one_of([0, 10, 50, 90, 100]);
        let changes_percent = if random.percent(50) {
            sectors_percent
        } else {
            random.one_of([0, 50, 90, 100])
        };
        Self {
            sectors_percent,
            changes_percent,
            names_in_order: random.percent(60),
        }
    }
}

/// See the module.
#[derive(Default)]
pub(super) struct Platter {
    files: Vec<Content>,
    names: BTreeMap<String, usize>,
    names_durable: BTreeMap<String, usize>,
    names_unsynced: Vec<NameChange>,
}

fn offset(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

impl Platter {
    pub(super) fn names(&self) -> Vec<String> {
        self.names.keys().cloned().collect()
    }

    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.names.get(name).copied()
    }

    /// Bytes of all files that have a name.
    pub(super) fn used_bytes(&self) -> u64 {
        let lengths = self.names.values().map(|file| self.length(*file));
        lengths.sum()
    }

    pub(super) fn make(&mut self, name: &str) -> usize {
        let file = self.files.len();
        self.files.push(Content::default());
        self.change_name(NameChange::Make(name.into(), file));
        file
    }

    pub(super) fn rename(&mut self, from: &str, to: &str) -> bool {
        let known = self.names.contains_key(from);
        if known {
            self.change_name(NameChange::Rename(from.into(), to.into()));
        }
        known
    }

    pub(super) fn remove(&mut self, name: &str) -> bool {
        let known = self.names.contains_key(name);
        if known {
            self.change_name(NameChange::Remove(name.into()));
        }
        known
    }

    fn change_name(&mut self, change: NameChange) {
        change.apply(&mut self.names);
        self.names_unsynced.push(change);
    }

    pub(super) fn sync_names(&mut self) {
        self.names_durable = self.names.clone();
        self.names_unsynced.clear();
    }

    pub(super) fn length(&self, file: usize) -> u64 {
        self.files
            .get(file)
            .map_or(0, |content| content.now.len() as u64)
    }

    pub(super) fn read(&self, file: usize, buffer: &mut [u8], at: u64) -> usize {
        let found = self.files.get(file);
        let bytes = found.and_then(|content| content.now.get(offset(at)..));
        let bytes = bytes.unwrap_or_default();
        let mut count = 0;
        for (to, from) in buffer.iter_mut().zip(bytes) {
            *to = *from;
            count += 1;
        }
        count
    }

    pub(super) fn write(&mut self, file: usize, at: u64, bytes: Vec<u8>) {
        let at = offset(at);
        self.change(file, Change::Write { at, bytes });
    }

    pub(super) fn set_length(&mut self, file: usize, length: u64) {
        self.change(file, Change::Length(offset(length)));
    }

    fn change(&mut self, file: usize, change: Change) {
        if let Some(content) = self.files.get_mut(file) {
            change.apply(&mut content.now);
            content.unsynced.push(change);
        }
    }

    pub(super) fn sync(&mut self, file: usize) {
        if let Some(content) = self.files.get_mut(file) {
            for change in content.unsynced.drain(..) {
                change.apply(&mut content.durable);
            }
        }
    }

    /// What was to be synced may be lost, and a later sync will not save it.
    pub(super) fn fail_sync(&mut self, file: usize, random: &mut Random) {
        let survival = Survival::draw(random);
        if let Some(content) = self.files.get_mut(file) {
            let unsynced = std::mem::take(&mut content.unsynced);
            survive(&mut content.durable, &unsynced, survival, random);
        }
    }

    /// Only what is durable, and some of the rest, is still there.
    pub(super) fn lose_power(&mut self, survival: Survival, random: &mut Random) {
        let mut names = std::mem::take(&mut self.names_durable);
        for change in std::mem::take(&mut self.names_unsynced) {
            if random.percent(survival.changes_percent) {
                change.apply(&mut names);
            } else if survival.names_in_order {
                break;
            }
        }
        let mut used = vec![false; self.files.len()];
        for file in names.values() {
            if let Some(used) = used.get_mut(*file) {
                *used = true;
            }
        }
        for (content, used) in self.files.iter_mut().zip(used) {
            if !used {
                *content = Content::default();
                continue;
            }
            let unsynced = std::mem::take(&mut content.unsynced);
            survive(&mut content.durable, &unsynced, survival, random);
            content.now = content.durable.clone();
        }
        self.names_durable = names.clone();
        self.names = names;
    }

    /// One number for all that programs see.
    pub(super) fn digest(&self) -> u32 {
        let mut sums = Vec::new();
        for (name, file) in &self.names {
            sums.extend_from_slice(name.as_bytes());
            let now = self.files.get(*file).map_or(0, |file| digest(&file.now));
            sums.extend_from_slice(&now.to_be_bytes());
        }
        digest(&sums)
    }
}

/// Applies the part of the changes that survives, sector by sector.
fn survive(content: &mut Vec<u8>, changes: &[Change], survival: Survival, random: &mut Random) {
    for change in changes {
        match change {
            Change::Length(_) => {
                if random.percent(survival.changes_percent) {
                    change.apply(content);
                }
            }
            Change::Write { at, bytes } => {
                let mut at = *at;
                let mut rest = bytes.as_slice();
                while !rest.is_empty() {
                    let in_sector = (SECTOR_BYTES - at % SECTOR_BYTES).min(rest.len());
                    let (sector, after) = rest.split_at(in_sector);
                    if random.percent(survival.sectors_percent) {
                        put(content, at, sector);
                    }
                    at += in_sector;
                    rest = after;
                }
            }
        }
    }
}
