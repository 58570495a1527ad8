//! Who may log in, and as what.
//!
//! HTTP Basic (RFC 7617). Invariant: how long a comparison takes tells nothing about names or
//! passwords, so all accounts are compared, each over a fixed length.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt;
use subtle::{Choice, ConstantTimeEq};

#[cfg(test)]
mod tests;

/// Longest name and longest password in bytes; longer ones never match.
const BYTES_MAX: usize = 256;

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Look at everything.
    User,
    /// Look and change.
    Admin,
}

/// Somebody who may log in.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// Name.
    pub name: String,
    /// Password, in clear.
    pub password: String,
    /// What it may do.
    pub role: Role,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:?})", self.name, self.role)
    }
}

/// The account that an `Authorization` header logs in as.
pub(crate) fn login<'a>(accounts: &'a [Account], header: &str) -> Option<&'a Account> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = STANDARD.decode(encoded.trim()).ok()?;
    let colon = decoded.iter().position(|byte| *byte == b':')?;
    let (name, rest) = decoded.split_at_checked(colon)?;
    let password = rest.get(1..)?;
    let mut found = None;
    for account in accounts {
        let same =
            is_same(account.name.as_bytes(), name) & is_same(account.password.as_bytes(), password);
        if bool::from(same) {
            found = Some(account);
        }
    }
    found
}

fn is_same(one: &[u8], other: &[u8]) -> Choice {
    let fits = Choice::from(u8::from(one.len() <= BYTES_MAX && other.len() <= BYTES_MAX));
    // Lengths are compared as contents are.
    let same_length = one.len().ct_eq(&other.len());
    fits & same_length & padded(one).ct_eq(&padded(other))
}

fn padded(text: &[u8]) -> [u8; BYTES_MAX] {
    let mut all = [0; BYTES_MAX];
    for (to, from) in all.iter_mut().zip(text) {
        *to = *from;
    }
    all
}
