//! BEGIN, COMMIT and ABORT.
//!
//! Transactions have names of the client's choice, unique while they are open. Messages that an
//! aborted transaction acknowledged can be acknowledged again; they are not delivered again
//! before the connection ends, as with ActiveMQ.

use super::conversation::{Conversation, Turn};
use crate::codec::{Frame, Headers, Verb};
use crate::error::{StompError, shown};
use floodway_message::session::{Command, TxId};
use std::collections::HashMap;

/// Open transactions by name, each with its number.
#[derive(Debug, Default)]
pub(super) struct Transactions {
    open: HashMap<Box<[u8]>, TxId>,
    names_bytes: usize,
    last: TxId,
}

impl Transactions {
    /// The number of an open transaction.
    pub(super) fn find(&self, headers: Headers<'_>, raw: &[u8]) -> Result<TxId, StompError> {
        let name = headers.escaping.decode(raw);
        let found = self.open.get(&*name).copied();
        found.ok_or_else(|| StompError::UnknownTransaction { name: shown(&name) })
    }
}

impl Conversation {
    /// The transaction that a frame names, if it names one.
    pub(super) fn transaction(&self, headers: Headers<'_>) -> Result<Option<TxId>, StompError> {
        let raw = headers.raw("transaction");
        raw.map(|raw| self.transactions.find(headers, raw))
            .transpose()
    }

    pub(super) fn begin(
        &mut self,
        frame: &Frame<'_>,
        turn: &mut Turn<'_>,
    ) -> Result<(), StompError> {
        let raw = frame.headers.required(frame.verb, "transaction")?;
        let name = frame.headers.escaping.decode(raw);
        if self.transactions.open.contains_key(&*name) {
            let name = shown(&name);
            return Err(StompError::DuplicateTransaction { name });
        }
        let limit = self.settings.transactions_count_max;
        if self.transactions.open.len() >= limit {
            let what = "open transactions";
            return Err(StompError::TooMany { what, limit });
        }
        let limit = self.settings.names_bytes_max;
        if self.transactions.names_bytes + name.len() > limit {
            let what = "bytes of transaction names";
            return Err(StompError::TooMany { what, limit });
        }
        self.transactions.names_bytes += name.len();
        self.transactions.last += 1;
        let tx = self.transactions.last;
        self.transactions.open.insert((&*name).into(), tx);
        let reply = self.reply(frame.headers);
        turn.commands.push(Command::Begin { tx, reply });
        Ok(())
    }

    /// COMMIT or ABORT.
    pub(super) fn finish(
        &mut self,
        frame: &Frame<'_>,
        turn: &mut Turn<'_>,
    ) -> Result<(), StompError> {
        let raw = frame.headers.required(frame.verb, "transaction")?;
        let name = frame.headers.escaping.decode(raw);
        let tx = self.transactions.find(frame.headers, raw)?;
        self.transactions.open.remove(&*name);
        self.transactions.names_bytes -= name.len();
        let reply = self.reply(frame.headers);
        if frame.verb == Verb::Commit {
            self.subscriptions.commit(tx);
            turn.commands.push(Command::Commit { tx, reply });
        } else {
            self.subscriptions.abort(tx);
            turn.commands.push(Command::Rollback { tx, reply });
        }
        Ok(())
    }
}
