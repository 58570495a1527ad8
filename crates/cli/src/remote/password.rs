//! The login: the user's name, and a password from a file or the environment.
//!
//! The only place of this room that opens a file.

use super::RemoteError;
use crate::Remote;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// What the broker calls the file in its data directory.
const FILE: &str = "admin-password";
/// Longest password file in bytes.
const BYTES_MAX: u64 = 1024;

/// Value of the header `Authorization`.
pub(super) fn login(remote: &Remote) -> Result<String, RemoteError> {
    let password = match (&remote.password_file, &remote.password) {
        (Some(file), _) => read(file)?,
        (None, Some(password)) => password.clone(),
        (None, None) => read(&remote.data.join(FILE))?,
    };
    let pair = format!("{}:{password}", remote.user);
    Ok(format!("Basic {}", STANDARD.encode(pair)))
}

fn read(file: &Path) -> Result<String, RemoteError> {
    let mut text = String::new();
    let read = File::open(file).and_then(|file| file.take(BYTES_MAX).read_to_string(&mut text));
    read.map_err(|cause| RemoteError::NoPassword {
        file: file.display().to_string(),
        cause,
    })?;
    Ok(text.trim().to_owned())
}
