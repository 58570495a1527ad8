//! What the console remembers between requests: a token for each login, one notice for each, the
//! history, and how many look at it.
//!
//! Invariant: a token is 144 random bits, made at start, so that no page of another site and no
//! other login can know it; it is compared in constant time.

use super::history::History;
use crate::{AdminError, Settings};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use floodway_broker::undo::UndoToken;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use subtle::ConstantTimeEq;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Random bytes of a token.
const TOKEN_BYTES: usize = 18;

/// See the module.
pub(crate) struct Desk {
    /// By name of the login.
    tokens: BTreeMap<String, String>,
    /// The last one of each login, until it was shown.
    notices: Mutex<BTreeMap<String, Notice>>,
    streams: Arc<Semaphore>,
    history: Mutex<History>,
}

/// What was done, and how it can be undone.
pub(crate) struct Notice {
    pub(crate) text: String,
    pub(crate) undo: Option<UndoToken>,
}

impl Desk {
    /// An empty one.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub(crate) fn new(settings: &Settings) -> Result<Self, AdminError> {
        let mut tokens = BTreeMap::new();
        for account in &settings.accounts {
            let mut bytes = [0; TOKEN_BYTES];
            getrandom::fill(&mut bytes).map_err(|error| AdminError::Random {
                cause: error.to_string(),
            })?;
            tokens.insert(account.name.clone(), URL_SAFE_NO_PAD.encode(bytes));
        }
        Ok(Self {
            tokens,
            notices: Mutex::default(),
            streams: Arc::new(Semaphore::new(settings.console_streams_max)),
            history: Mutex::new(History::new(settings)),
        })
    }

    /// What forms of a login carry.
    pub(crate) fn token(&self, login: &str) -> &str {
        self.tokens.get(login).map_or("", String::as_str)
    }

    /// Is it the one of this login?
    pub(crate) fn is_token(&self, login: &str, given: &str) -> bool {
        let own = self.token(login);
        !own.is_empty() && bool::from(own.as_bytes().ct_eq(given.as_bytes()))
    }

    /// Something to be shown with the next page of a login.
    pub(crate) fn notify(&self, login: &str, notice: Notice) {
        lock(&self.notices).insert(login.to_owned(), notice);
    }

    pub(crate) fn take_notice(&self, login: &str) -> Option<Notice> {
        lock(&self.notices).remove(login)
    }

    /// A place among those who are sent live figures, until dropped; none if all are taken.
    pub(crate) fn stream(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.streams).try_acquire_owned().ok()
    }

    pub(crate) fn history(&self) -> MutexGuard<'_, History> {
        lock(&self.history)
    }
}

/// What is in there is whole after each change, so a panic elsewhere spoils nothing.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
