//! Writing small files so that a crash leaves either the old or the new content.

use std::io::IoSlice;

use crate::StoreError;
use crate::disk::Disk;
use crate::journal::segment::NEW_SUFFIX;

/// Writes a file under another name and renames it. With `durable` the content is synced before
/// and the name after; without, only a process crash is survived.
pub(crate) fn write_whole(
    disk: &dyn Disk,
    name: &str,
    bytes: &[u8],
    durable: bool,
) -> Result<(), StoreError> {
    let new_name = format!("{name}{NEW_SUFFIX}");
    let fail = |action| {
        let file = new_name.clone();
        move |cause| StoreError::file(action, file, cause)
    };
    let file = disk.create(&new_name).map_err(fail("creating"))?;
    file.write_all_at(&mut [IoSlice::new(bytes)], 0)
        .map_err(fail("writing"))?;
    if durable {
        file.sync_all().map_err(fail("syncing"))?;
    }
    disk.rename(&new_name, name).map_err(fail("renaming"))?;
    if durable {
        sync_names(disk)?;
    }
    Ok(())
}

/// Makes all names durable.
pub(crate) fn sync_names(disk: &dyn Disk) -> Result<(), StoreError> {
    disk.sync_dir()
        .map_err(|cause| StoreError::file("syncing", disk.describe(), cause))
}

/// All names in the directory, ascending.
pub(crate) fn names(disk: &dyn Disk) -> Result<Vec<String>, StoreError> {
    let names = disk.list();
    let mut names = names.map_err(|cause| StoreError::file("listing", disk.describe(), cause))?;
    names.sort_unstable();
    Ok(names)
}

/// Removes a file that must be there.
pub(crate) fn remove(disk: &dyn Disk, name: &str) -> Result<(), StoreError> {
    disk.remove(name)
        .map_err(|cause| StoreError::file("removing", name.to_owned(), cause))
}
