//! Who may connect: users and passwords of the configuration.
//!
//! Every password is compared in full, so that the time tells nothing of how much was right.

use crate::settings::Logins;
use floodway_message::session::{Connect, Failure, FailureKind};

/// # Errors
/// When the user is unknown, the password wrong, or nobody is named where somebody must be.
pub(crate) fn check(logins: Option<&Logins>, connect: &Connect) -> Result<(), Failure> {
    let Some(logins) = logins else { return Ok(()) };
    let user = connect.user.as_deref().filter(|user| !user.is_empty());
    let Some(user) = user else {
        return if logins.anonymous {
            Ok(())
        } else {
            let text = "a user name and a password are required";
            Err(Failure::new(FailureKind::Security, text))
        };
    };
    let given = connect.password.as_ref().map_or("", |password| &password.0);
    let known = logins.users.iter();
    let allowed = known.fold(false, |allowed, (name, password)| {
        let right = is_same(password.0.as_bytes(), given.as_bytes());
        allowed | (right & (**name == *user))
    });
    if allowed {
        return Ok(());
    }
    // The words that clients of ActiveMQ know; the name is the client's own.
    let text = format!("User name [{user}] or password is invalid.");
    Err(Failure::new(FailureKind::Security, text))
}

fn is_same(one: &[u8], other: &[u8]) -> bool {
    let pairs = one.iter().zip(other);
    let differences = pairs.fold(0, |differences, (one, other)| differences | (one ^ other));
    (one.len() == other.len()) & (differences == 0)
}
