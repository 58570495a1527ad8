//! Segments prepared before they are needed.
//!
//! The writer takes them in the order of their numbers. Some are kept for removals alone, so that
//! a full disk can be drained. A prepared file has its final name, which is durable before the
//! file is handed out; whether its bytes are zeros or remains of a former life does not matter.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::sync::Arc;

use crate::StoreError;
use crate::disk::{Disk, File};
use crate::journal::files::sync_names;
use crate::journal::segment::log_name;

/// A segment without records.
pub(crate) struct Spare {
    pub(crate) number: u64,
    pub(crate) file: Arc<dyn File>,
    /// Room on the disk is taken up to here.
    pub(crate) capacity: u64,
}

/// All prepared segments.
pub(crate) struct Pool {
    pub(crate) ready: VecDeque<Spare>,
    /// Number of the next file.
    pub(crate) next_number: u64,
}

/// How a new file gets its room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fill {
    /// Taken without writing: at once, but each commit then also changes the file's metadata.
    Allocate,
    /// Written with zeros: slow, but commits are fast.
    Zeros,
    /// Taken when written to.
    Grow,
}

const ZEROS_BYTES: usize = 1024 * 1024;

impl Pool {
    /// Gives a file the next number and puts it at the end.
    pub(crate) fn adopt(
        &mut self,
        disk: &dyn Disk,
        name: &str,
        found: (Arc<dyn File>, u64),
        durable: bool,
    ) -> Result<(), StoreError> {
        let (file, capacity) = found;
        let number = self.next_number;
        self.next_number += 1;
        disk.rename(name, &log_name(number))
            .map_err(|cause| StoreError::file("renaming", name.to_owned(), cause))?;
        if durable {
            sync_names(disk)?;
        }
        self.ready.push_back(Spare {
            number,
            file,
            capacity,
        });
        Ok(())
    }

    /// Room in prepared segments that additions may use.
    pub(crate) fn room(&self, reserve: usize) -> u64 {
        let usable = self.ready.len().saturating_sub(reserve);
        self.ready
            .iter()
            .take(usable)
            .map(|spare| spare.capacity)
            .sum()
    }
}

/// Makes a file with room on the disk, called `name` until it is adopted.
pub(crate) fn prepare(
    disk: &dyn Disk,
    name: &str,
    capacity: u64,
    fill: Fill,
) -> Result<Arc<dyn File>, StoreError> {
    let made = fill_new(disk, name, capacity, fill);
    if made.is_err() {
        // What it has of the disk is wanted elsewhere; if even this fails, the next one replaces it.
        disk.remove(name).ok();
    }
    made
}

fn fill_new(
    disk: &dyn Disk,
    name: &str,
    capacity: u64,
    fill: Fill,
) -> Result<Arc<dyn File>, StoreError> {
    let fail = |action| move |cause| StoreError::file(action, name.to_owned(), cause);
    let file = disk.create(name).map_err(fail("creating"))?;
    if fill != Fill::Grow {
        file.allocate(capacity).map_err(fail("taking room for"))?;
    }
    if fill == Fill::Zeros {
        let zeros = vec![0; ZEROS_BYTES];
        let mut at = 0;
        while at < capacity {
            let step = usize::try_from(capacity - at)
                .unwrap_or(usize::MAX)
                .min(zeros.len());
            let part = IoSlice::new(zeros.get(..step).unwrap_or_default());
            file.write_all_at(&mut [part], at)
                .map_err(fail("writing"))?;
            at += step as u64;
        }
        file.sync_all().map_err(fail("syncing"))?;
        file.forget_cached();
    }
    Ok(file)
}
