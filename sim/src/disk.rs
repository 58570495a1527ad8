//! The simulated disk: it keeps apart what programs see and what would survive a loss of power.
//!
//! Until a sync, each 512-byte sector of a write may survive or not, whatever the order of the
//! writes; so may each change of a name until its directory is synced. A failed sync drops what
//! it should have saved and says so once, as kernels do. It knows nothing of what is stored.
//!
//! A [`SimDisk`] is the view of one life of the process; after [`SimDisk::reboot`] the old view
//! answers errors only.

use crate::disk::platter::{Platter, Survival};
use crate::random::Random;
use crate::trace::{Trace, digest};
use floodway_store::disk::{Disk, File};
use std::io::{self, IoSlice};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

mod platter;

/// How a life of the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reboot {
    /// The process is gone, the system goes on: everything written is there.
    Kill,
    /// What was not synced survives in part.
    PowerLoss,
}

/// Faults that are waiting to happen; operations are counted from the start of the run.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Faults {
    /// This operation and all later ones fail: the process dies here.
    pub(crate) dies_at: Option<u64>,
    /// The first sync from this operation on fails.
    pub(crate) sync_fails_at: Option<u64>,
    /// The first write from this operation on fails half way.
    pub(crate) write_fails_at: Option<u64>,
    /// Bytes of all files together.
    pub(crate) space_bytes: Option<u64>,
}

/// See the module.
pub(crate) struct SimDisk {
    machine: Arc<Mutex<Machine>>,
    life: u64,
}

struct Machine {
    platter: Platter,
    faults: Faults,
    operations: u64,
    life: u64,
    is_dead: bool,
    is_locked: bool,
    sync_failed: bool,
    random: Random,
    trace: Trace,
    salt: u32,
}

/// What an operation meets.
enum Fate {
    Works,
    Dies,
}

impl Machine {
    /// Counts an operation that changes something.
    fn operate(&mut self) -> Fate {
        self.operations += 1;
        if self.faults.dies_at.is_some_and(|at| self.operations >= at) {
            self.is_dead = true;
            self.trace
                .note(format_args!("disk dies at operation {}", self.operations));
            return Fate::Dies;
        }
        Fate::Works
    }

    fn has_room(&self, more: u64) -> io::Result<()> {
        match self.faults.space_bytes {
            Some(space) if self.platter.used_bytes() + more > space => {
                Err(io::ErrorKind::StorageFull.into())
            }
            _ => Ok(()),
        }
    }
}

fn off() -> io::Error {
    io::Error::other("the machine is off")
}

impl SimDisk {
    /// An empty disk of its first life.
    pub(crate) fn new(random: Random, trace: Trace) -> Arc<Self> {
        let mut random = random;
        let machine = Machine {
            salt: (random.next() >> 32) as u32,
            platter: Platter::default(),
            faults: Faults::default(),
            operations: 0,
            life: 0,
            is_dead: false,
            is_locked: false,
            sync_failed: false,
            random,
            trace,
        };
        Arc::new(Self {
            machine: Arc::new(Mutex::new(machine)),
            life: 0,
        })
    }

    fn lock_machine(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn running(&self) -> io::Result<MutexGuard<'_, Machine>> {
        running(&self.machine, self.life)
    }

    pub(crate) fn operations(&self) -> u64 {
        self.lock_machine().operations
    }

    /// Reboots so far.
    pub(crate) fn lives(&self) -> u64 {
        self.lock_machine().life
    }

    /// Did the process die in this life?
    pub(crate) fn is_dead(&self) -> bool {
        self.lock_machine().is_dead
    }

    /// Did a sync or a write fail in this life?
    pub(crate) fn has_failed(&self) -> bool {
        self.lock_machine().sync_failed
    }

    pub(crate) fn used_bytes(&self) -> u64 {
        self.lock_machine().platter.used_bytes()
    }

    /// Arms faults, replacing those before.
    pub(crate) fn arm(&self, faults: Faults) {
        self.lock_machine().faults = faults;
    }

    pub(crate) fn faults(&self) -> Faults {
        self.lock_machine().faults
    }

    /// Nothing of this life reaches the disk any more.
    pub(crate) fn stop(&self) {
        self.lock_machine().is_dead = true;
    }

    /// What the next life of the process finds. Faults that have not happened stay armed, but
    /// for the death.
    pub(crate) fn reboot(&self, how: Reboot) -> Arc<Self> {
        let mut machine = self.lock_machine();
        if how == Reboot::PowerLoss {
            let survival = Survival::draw(&mut machine.random);
            let Machine {
                platter, random, ..
            } = &mut *machine;
            platter.lose_power(survival, random);
        }
        machine.life += 1;
        machine.is_dead = false;
        machine.is_locked = false;
        machine.sync_failed = false;
        machine.faults.dies_at = None;
        let image = machine.platter.digest();
        machine
            .trace
            .note(format_args!("disk after {how:?}: {image:08x}"));
        let life = machine.life;
        Arc::new(Self {
            machine: Arc::clone(&self.machine),
            life,
        })
    }
}

fn running(machine: &Mutex<Machine>, life: u64) -> io::Result<MutexGuard<'_, Machine>> {
    let machine = machine.lock().unwrap_or_else(PoisonError::into_inner);
    if machine.is_dead || machine.life != life {
        return Err(off());
    }
    Ok(machine)
}

impl Disk for SimDisk {
    fn describe(&self) -> String {
        "the simulated disk".into()
    }

    fn salt(&self) -> u32 {
        self.lock_machine().salt
    }

    fn available_bytes(&self) -> io::Result<u64> {
        let machine = self.running()?;
        let space = machine.faults.space_bytes.unwrap_or(1 << 40);
        Ok(space.saturating_sub(machine.platter.used_bytes()))
    }

    fn lock(&self) -> io::Result<bool> {
        let mut machine = self.running()?;
        Ok(!std::mem::replace(&mut machine.is_locked, true))
    }

    fn unlock(&self) {
        if let Ok(mut machine) = self.running() {
            machine.is_locked = false;
        }
    }

    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.running()?.platter.names())
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn File>> {
        let machine = self.running()?;
        let file = machine.platter.find(name);
        let file = file.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        Ok(self.handle(file))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn File>> {
        let mut machine = self.running()?;
        let fate = machine.operate();
        let file = machine.platter.make(name);
        machine.trace.note(format_args!("disk create {name}"));
        match fate {
            Fate::Works => Ok(self.handle(file)),
            Fate::Dies => Err(off()),
        }
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut machine = self.running()?;
        let fate = machine.operate();
        if !machine.platter.rename(from, to) {
            return Err(io::ErrorKind::NotFound.into());
        }
        machine
            .trace
            .note(format_args!("disk rename {from} to {to}"));
        fate.result()
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut machine = self.running()?;
        let fate = machine.operate();
        if !machine.platter.remove(name) {
            return Err(io::ErrorKind::NotFound.into());
        }
        machine.trace.note(format_args!("disk remove {name}"));
        fate.result()
    }

    fn sync_dir(&self) -> io::Result<()> {
        let mut machine = self.running()?;
        machine.operate().result()?;
        machine.trace.note(format_args!("disk sync names"));
        machine.platter.sync_names();
        Ok(())
    }
}

impl Fate {
    fn result(self) -> io::Result<()> {
        match self {
            Self::Works => Ok(()),
            Self::Dies => Err(off()),
        }
    }
}

impl SimDisk {
    fn handle(&self, file: usize) -> Arc<dyn File> {
        Arc::new(SimFile {
            machine: Arc::clone(&self.machine),
            life: self.life,
            file,
        })
    }
}

struct SimFile {
    machine: Arc<Mutex<Machine>>,
    life: u64,
    file: usize,
}

impl SimFile {
    fn running(&self) -> io::Result<MutexGuard<'_, Machine>> {
        running(&self.machine, self.life)
    }

    fn sync(&self) -> io::Result<()> {
        let mut machine = self.running()?;
        machine.operate().result()?;
        let at = machine.operations;
        let fails = machine.faults.sync_fails_at.is_some_and(|from| at >= from);
        machine.trace.note(format_args!(
            "disk sync {}{}",
            self.file,
            if fails { " fails" } else { "" }
        ));
        if fails {
            machine.faults.sync_fails_at = None;
            machine.sync_failed = true;
            let Machine {
                platter, random, ..
            } = &mut *machine;
            platter.fail_sync(self.file, random);
            return Err(io::Error::other("simulated failure of a sync"));
        }
        machine.platter.sync(self.file);
        Ok(())
    }

    /// Makes sure that there is room for the file to have a length.
    fn grow(&self, machine: &Machine, length: u64) -> io::Result<()> {
        let now = machine.platter.length(self.file);
        if length > now {
            machine.has_room(length - now)?;
        }
        Ok(())
    }

    fn resize(&self, length: u64) -> io::Result<()> {
        let mut machine = self.running()?;
        let fate = machine.operate();
        self.grow(&machine, length)?;
        machine
            .trace
            .note(format_args!("disk length {} = {length}", self.file));
        machine.platter.set_length(self.file, length);
        fate.result()
    }
}

impl File for SimFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        Ok(self.running()?.platter.read(self.file, buffer, offset))
    }

    fn write_all_at(&self, parts: &mut [IoSlice<'_>], offset: u64) -> io::Result<()> {
        let mut bytes: Vec<u8> = parts.iter().flat_map(|part| part.iter().copied()).collect();
        let mut machine = self.running()?;
        let fate = machine.operate();
        self.grow(&machine, offset + bytes.len() as u64)?;
        machine.trace.note(format_args!(
            "disk write {} {offset}+{} {:08x}",
            self.file,
            bytes.len(),
            digest(&bytes)
        ));
        let at = machine.operations;
        let fails = machine.faults.write_fails_at.is_some_and(|from| at >= from);
        if fails {
            machine.faults.write_fails_at = None;
            machine.sync_failed = true;
        }
        if fails || matches!(fate, Fate::Dies) {
            let kept = machine.random.index(bytes.len() + 1);
            bytes.truncate(kept);
        }
        machine.platter.write(self.file, offset, bytes);
        if fails {
            return Err(io::Error::other("simulated failure of a write"));
        }
        fate.result()
    }

    fn sync_data(&self) -> io::Result<()> {
        self.sync()
    }

    fn sync_all(&self) -> io::Result<()> {
        self.sync()
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.running()?.platter.length(self.file))
    }

    fn allocate(&self, length: u64) -> io::Result<()> {
        let longer = self.running()?.platter.length(self.file).max(length);
        self.resize(longer)
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.resize(length)
    }

    fn forget_cached(&self) {}
}

#[cfg(test)]
mod tests;
