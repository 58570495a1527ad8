//! A folder of a test's own, for a real store.

use floodway_store::disk::OsDisk;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// It is removed in the end.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("floodway-broker-{}-{number}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    pub fn disk(&self) -> Arc<OsDisk> {
        Arc::new(OsDisk::new(&self.0).unwrap())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}
