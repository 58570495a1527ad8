//! A file is replaced by another text as a whole: whoever reads it sees the old one or the new
//! one, also after a crash.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Gid, Mode, Uid, fchmod, fchown};

/// Why a file was left as it is: what was tried, and what the system said.
pub(super) type Refusal = (String, io::Error);

/// Replaces what is in `path`, and keeps what was there beside it, in the file whose name is
/// returned. Mode and owner stay; symbolic links are followed.
///
/// `is_same` is asked about the file's bytes just before.
pub(super) fn replace(
    path: &Path,
    new: &[u8],
    is_same: impl Fn(&[u8]) -> bool,
) -> Result<Option<PathBuf>, Refusal> {
    let on = |path: &Path, verb: &str| {
        let action = format!("{verb} {}", path.display());
        move |cause| (action, cause)
    };
    let real = path.canonicalize().map_err(on(path, "finding"))?;
    let metadata = real.metadata().map_err(on(&real, "reading"))?;
    if !metadata.is_file() {
        let cause = io::Error::other("it is not a file");
        return Err(on(&real, "replacing")(cause));
    }
    let old = fs::read(&real).map_err(on(&real, "reading"))?;
    let backup = beside(&real, "", ".before");
    let next = Temporary::write(&real, ".next", (new, &metadata))?;
    let kept = Temporary::write(&real, ".kept", (&old, &metadata))?;
    if !is_same(&old) {
        return Ok(None);
    }
    kept.rename(&backup)?;
    next.rename(&real)?;
    // The new name is to outlive a crash of the machine as well.
    let folder = real.parent().unwrap_or(Path::new("/"));
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    if let Err(cause) = synced {
        // It is written and named; taking that back would be worse.
        drop(cause);
    }
    Ok(Some(backup))
}

/// A file in the same folder, its name between these two.
fn beside(path: &Path, before: &str, behind: &str) -> PathBuf {
    let mut name = OsString::from(before);
    name.push(path.file_name().unwrap_or_default());
    name.push(behind);
    path.with_file_name(name)
}

/// A written file that goes away unless it gets a name of its own.
struct Temporary {
    path: PathBuf,
}

impl Temporary {
    fn write(
        beside_of: &Path,
        behind: &str,
        (bytes, like): (&[u8], &fs::Metadata),
    ) -> Result<Self, Refusal> {
        let path = beside(beside_of, ".", behind);
        // Left behind by a crash; nobody else uses these names.
        fs::remove_file(&path).ok();
        let failed = |action: &str| {
            let action = format!("{action} {}", path.display());
            move |cause: io::Error| (action, cause)
        };
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(failed("writing"))?;
        // From here on it is removed when something fails.
        let temporary = Self { path: path.clone() };
        let owner = (like.uid(), like.gid());
        let own = file.metadata().map_err(failed("reading"))?;
        if (own.uid(), own.gid()) != owner {
            let (user, group) = (Uid::from_raw(owner.0), Gid::from_raw(owner.1));
            let given = fchown(&file, Some(user), Some(group)).map_err(io::Error::from);
            given.map_err(failed("keeping the owner with"))?;
        }
        let mode = Mode::from_raw_mode(like.mode() & 0o7777);
        let given = fchmod(&file, mode).map_err(io::Error::from);
        given.map_err(failed("keeping the permissions with"))?;
        file.write_all(bytes)
            .and_then(|()| file.sync_all())
            .map_err(failed("writing"))?;
        Ok(temporary)
    }

    fn rename(self, name: &Path) -> Result<(), Refusal> {
        let renamed = fs::rename(&self.path, name);
        renamed.map_err(|cause| (format!("writing {}", name.display()), cause))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // Renamed ones are not there any more.
        fs::remove_file(&self.path).ok();
    }
}
