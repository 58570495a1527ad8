//! The only door to the disk: everything the store does to files goes through these two traits.
//!
//! [`OsDisk`] is a directory of the operating system; simulators put in disks that lose, tear and
//! reorder what was not synced. A disk knows names and bytes, nothing of segments or records.
//!
//! Invariant expected of every implementation: what was written before a successful
//! [`File::sync_data`] survives a crash; a name survives once [`Disk::sync_dir`] returned after
//! it was made; everything else may or may not. Offsets and lengths are bytes.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, IoSlice};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use rustix::fs::{Advice, FallocateFlags, FlockOperation};

use crate::StoreError;
use crate::journal::fields::Fields;

/// A flat directory of files.
pub trait Disk: Send + Sync {
    /// What to call it in messages.
    fn describe(&self) -> String;

    /// A number that no peer can guess, mixed into checksums so that bytes inside a message are
    /// never taken for a record when a damaged file is searched.
    fn salt(&self) -> u32;

    /// Bytes that are free for new files.
    ///
    /// # Errors
    /// When the system does not tell.
    fn available_bytes(&self) -> io::Result<u64>;

    /// Takes the directory for this process; `false` when another one has it.
    ///
    /// # Errors
    /// When the directory cannot be written.
    fn lock(&self) -> io::Result<bool>;

    /// Gives the directory back.
    fn unlock(&self);

    /// Names of all files, in no order.
    ///
    /// # Errors
    /// When the directory cannot be read.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Opens a file for reading and writing.
    ///
    /// # Errors
    /// When there is none or it cannot be opened.
    fn open(&self, name: &str) -> io::Result<Arc<dyn File>>;

    /// Makes an empty file, replacing one of that name.
    ///
    /// # Errors
    /// When it cannot be made.
    fn create(&self, name: &str) -> io::Result<Arc<dyn File>>;

    /// Renames a file, replacing one of the new name at once. Open handles stay valid.
    ///
    /// # Errors
    /// When the system refuses.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file. Open handles stay valid.
    ///
    /// # Errors
    /// When the system refuses.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes all names durable.
    ///
    /// # Errors
    /// When the sync failed; names made since the last success may be lost.
    fn sync_dir(&self) -> io::Result<()>;
}

/// An open file.
pub trait File: Send + Sync {
    /// Reads into `buffer` from `offset`; returns how much, 0 at the end.
    ///
    /// # Errors
    /// When the system refuses.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes all parts one after the other from `offset`. The slices are used up.
    ///
    /// # Errors
    /// When not all could be written; part of it may have been.
    fn write_all_at(&self, parts: &mut [IoSlice<'_>], offset: u64) -> io::Result<()>;

    /// Makes the content durable, and the length as far as reading the content needs it.
    ///
    /// # Errors
    /// When the sync failed; what was written since the last success may be lost for good, and
    /// trying again proves nothing.
    fn sync_data(&self) -> io::Result<()>;

    /// Makes content, length and times durable.
    ///
    /// # Errors
    /// As [`File::sync_data`].
    fn sync_all(&self) -> io::Result<()>;

    /// Length of the file.
    ///
    /// # Errors
    /// When the system refuses.
    fn length(&self) -> io::Result<u64>;

    /// Takes room on the disk for the first `length` bytes; the file grows to at least that.
    ///
    /// # Errors
    /// When there is no room.
    fn allocate(&self, length: u64) -> io::Result<()>;

    /// Cuts or extends (with zeros) the file.
    ///
    /// # Errors
    /// When the system refuses.
    fn set_length(&self, length: u64) -> io::Result<()>;

    /// Asks the system to keep nothing of the file in memory; only a hint.
    fn forget_cached(&self);
}

/// `true` if the failure means that there is no room, which passes, unlike a broken disk.
pub fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

/// A directory of the operating system, mode 0700.
pub struct OsDisk {
    directory: PathBuf,
    lock: Mutex<Option<fs::File>>,
}

/// File that carries the lock.
const LOCK_NAME: &str = "lock";

impl OsDisk {
    /// The given directory, made with its parents if missing.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(directory: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let directory = directory.into();
        let made = fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&directory);
        made.map_err(|cause| StoreError::File {
            action: "creating directory",
            file: directory.display().to_string(),
            cause: Arc::new(cause),
        })?;
        Ok(Self {
            directory,
            lock: Mutex::new(None),
        })
    }

    /// Where it is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }
}

impl Disk for OsDisk {
    fn describe(&self) -> String {
        self.directory.display().to_string()
    }

    fn salt(&self) -> u32 {
        // The standard library's hash keys are the system's random numbers.
        let hash = RandomState::new().hash_one(0_u8).to_le_bytes();
        Fields(&hash).u32().unwrap_or_default()
    }

    fn available_bytes(&self) -> io::Result<u64> {
        let found = rustix::fs::statvfs(&self.directory)?;
        Ok(found.f_bavail.saturating_mul(found.f_frsize))
    }

    fn lock(&self) -> io::Result<bool> {
        let mut options = fs::OpenOptions::new();
        options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600);
        let file = options.open(self.directory.join(LOCK_NAME))?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {
                *self.lock.lock() = Some(file);
                Ok(true)
            }
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(false),
            Err(errno) => Err(errno.into()),
        }
    }

    fn unlock(&self) {
        *self.lock.lock() = None;
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            if let Ok(name) = entry?.file_name().into_string()
                && name != LOCK_NAME
            {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn File>> {
        let file = fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open(self.directory.join(name))?;
        Ok(Arc::new(OsFile(file)))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn File>> {
        let mut options = fs::OpenOptions::new();
        options
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600);
        Ok(Arc::new(OsFile(options.open(self.directory.join(name))?)))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.directory.join(from), self.directory.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.directory.join(name))
    }

    fn sync_dir(&self) -> io::Result<()> {
        fs::File::open(&self.directory)?.sync_all()
    }
}

struct OsFile(fs::File);

impl OsFile {
    /// Lets the file grow to a length with zeros.
    fn write_zeros(&self, length: u64) -> io::Result<()> {
        let zeros = [0; 64 * 1024];
        let mut at = self.length()?;
        while at < length {
            let step = usize::try_from(length - at)
                .unwrap_or(usize::MAX)
                .min(zeros.len());
            let part = IoSlice::new(zeros.get(..step).unwrap_or_default());
            self.write_all_at(&mut [part], at)?;
            at += step as u64;
        }
        Ok(())
    }
}

impl File for OsFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        loop {
            match self.0.read_at(buffer, offset) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }

    fn write_all_at(&self, parts: &mut [IoSlice<'_>], mut offset: u64) -> io::Result<()> {
        let mut left = parts;
        IoSlice::advance_slices(&mut left, 0);
        while !left.is_empty() {
            match rustix::io::pwritev(&self.0, left, offset) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    IoSlice::advance_slices(&mut left, written);
                    offset += written as u64;
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn sync_all(&self) -> io::Result<()> {
        self.0.sync_all()
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn allocate(&self, length: u64) -> io::Result<()> {
        use rustix::io::Errno;
        match rustix::fs::fallocate(&self.0, FallocateFlags::empty(), 0, length) {
            // Not every file system can; written zeros take room too.
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => self.write_zeros(length),
            done => Ok(done?),
        }
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }

    fn forget_cached(&self) {
        // A hint: the store is only slower without it.
        if let Err(errno) = rustix::fs::fadvise(&self.0, 0, None, Advice::DontNeed) {
            tracing::debug!(%errno, "the system keeps a prepared segment in memory");
        }
    }
}

#[cfg(test)]
mod tests;
