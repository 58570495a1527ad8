//! TransactionInfo: local transactions, and XA branches, in one phase or in two.
//!
//! A transaction is named by a number of the client or by a transaction manager; it begins when
//! it is announced. What a rolled back transaction acknowledged stays with its consumer: clients
//! deliver it again from their own memory. A prepared branch is the core's, and may be ended by
//! any connection; the one that prepared it remembers what its consumers had acknowledged.

use super::conversation::{Answer, Ask, Conversation, Turn};
use super::reply::Pending;
use crate::codec::{Text, TransactionId};
use crate::error::OpenWireError;
use crate::generated::{
    ConnectionId, DataArrayResponse, DataStructure, IntegerResponse, LocalTransactionId,
    TransactionInfo, XATransactionId,
};
use bytes::Bytes;
use floodway_message::session::{Command, Failure, FailureKind, TxId, Xid};
use std::collections::{HashMap, VecDeque};

const BEGIN: i8 = 0;
const PREPARE: i8 = 1;
const COMMIT_ONE_PHASE: i8 = 2;
const COMMIT_TWO_PHASE: i8 = 3;
const ROLLBACK: i8 = 4;
const RECOVER: i8 = 5;
const FORGET: i8 = 6;
/// `XA_OK`.
const PREPARED: i32 = 0;
/// `XA_RDONLY`: nothing was done, nothing is to be committed.
const READ_ONLY: i32 = 3;

/// Longest cause within the text of an exception, in characters.
const CAUSE_CHARS_MAX: usize = 500;

/// How a prepared branch ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Commit,
    Rollback,
}

/// One open transaction.
#[derive(Debug)]
struct Open {
    tx: TxId,
    has_work: bool,
    /// Why it can only be rolled back.
    failed: Option<String>,
}

/// Transactions by name.
#[derive(Debug, Default)]
pub(super) struct Transactions {
    open: HashMap<TransactionId, Open>,
    last: TxId,
    /// Branches that this connection prepared, oldest first.
    prepared: VecDeque<(Xid, TxId)>,
}

impl Transactions {
    /// The number of a transaction in which something is done.
    pub(super) fn work(&mut self, id: &TransactionId) -> Result<TxId, OpenWireError> {
        let open = self.open.get_mut(id).ok_or_else(|| unknown(id))?;
        open.has_work = true;
        Ok(open.tx)
    }

    /// Something within a transaction failed that nobody waited for.
    pub(super) fn fail(&mut self, tx: TxId, why: &str) {
        let mut all = self.open.values_mut();
        if let Some(open) = all.find(|open| open.tx == tx) {
            open.failed.get_or_insert_with(|| why.to_owned());
        }
    }

    fn take_prepared(&mut self, xid: &Xid) -> Option<TxId> {
        let at = self.prepared.iter().position(|(own, _)| own == xid)?;
        self.prepared.remove(at).map(|(_, tx)| tx)
    }
}

impl Conversation {
    pub(super) fn transact(
        &mut self,
        info: &TransactionInfo,
        ask: Ask,
        turn: &mut Turn<'_>,
    ) -> Result<Answer, OpenWireError> {
        if info.operation == RECOVER {
            if ask.required {
                let reply = self.replies.open(Pending::Recover(ask));
                turn.commands.push(Command::ListPrepared { reply });
            }
            return Ok(Answer::Later);
        }
        let id = info.transaction_id.as_ref();
        let id = id.ok_or(OpenWireError::Missing {
            what: "transactionId",
        })?;
        let is_open = self.transactions.open.contains_key(id);
        match (info.operation, id) {
            (BEGIN, _) => self.begin(id, turn),
            (PREPARE, _) => self.prepare(id, ask, turn),
            (COMMIT_TWO_PHASE, _) if is_open => Err(OpenWireError::NotPrepared { id: shown(id) }),
            // A prepared branch is committed whatever the number of phases that is told.
            (COMMIT_ONE_PHASE | COMMIT_TWO_PHASE, TransactionId::Xa(xa)) if !is_open => {
                self.settle(xa, (ask, Outcome::Commit), turn)
            }
            (ROLLBACK, TransactionId::Xa(xa)) if !is_open => {
                self.settle(xa, (ask, Outcome::Rollback), turn)
            }
            (COMMIT_ONE_PHASE | COMMIT_TWO_PHASE, _) => self.commit(id, ask, turn),
            // Nothing ends by itself that a transaction manager would have to be told to forget.
            (ROLLBACK | FORGET, _) => self.roll_back(id, ask, turn),
            // The end of a branch: its commit or rollback follows.
            _ => Ok(Answer::Now),
        }
    }

    fn begin(&mut self, id: &TransactionId, turn: &mut Turn<'_>) -> Result<Answer, OpenWireError> {
        if self.transactions.open.contains_key(id) {
            return Ok(Answer::Now);
        }
        if let TransactionId::Xa(xa) = id {
            xid_of(xa)?;
        }
        let limit = self.settings.transactions_count_max;
        if self.transactions.open.len() >= limit {
            let what = "open transactions";
            return Err(OpenWireError::TooMany { what, limit });
        }
        self.transactions.last += 1;
        let tx = self.transactions.last;
        let open = Open {
            tx,
            has_work: false,
            failed: None,
        };
        self.transactions.open.insert(detached(id), open);
        turn.commands.push(Command::Begin { tx, reply: None });
        Ok(Answer::Now)
    }

    fn prepare(
        &mut self,
        id: &TransactionId,
        ask: Ask,
        turn: &mut Turn<'_>,
    ) -> Result<Answer, OpenWireError> {
        let Some(open) = self.transactions.open.get(id) else {
            let id = shown(id);
            return Err(OpenWireError::PrepareUnknown { id });
        };
        let tx = open.tx;
        if !open.has_work {
            self.transactions.open.remove(id);
            turn.commands.push(Command::Rollback { tx, reply: None });
            self.respond_number(READ_ONLY, ask, turn);
            return Ok(Answer::Later);
        }
        let TransactionId::Xa(xa) = id else {
            return Err(OpenWireError::LocalPrepare { id: shown(id) });
        };
        let xid = xid_of(xa)?;
        let failed = self.transactions.open.remove(id);
        if let Some(why) = failed.and_then(|open| open.failed) {
            self.consumers.roll_back(tx);
            turn.commands.push(Command::Rollback { tx, reply: None });
            let cause = cause(&why);
            return Err(OpenWireError::BranchRolledBack { cause });
        }
        let prepared = &mut self.transactions.prepared;
        prepared.push_back((xid.clone(), tx));
        if prepared.len() > self.settings.transactions_count_max
            && let Some((_, forgotten)) = prepared.pop_front()
        {
            self.consumers.commit(forgotten);
        }
        let pending = Pending::Prepare(ask, xid.clone());
        let reply = Some(self.replies.open(pending));
        turn.commands.push(Command::Prepare { tx, xid, reply });
        Ok(Answer::Later)
    }

    /// The answer to the first phase: `None` when it succeeded.
    pub(super) fn prepared(
        &mut self,
        (ask, xid): (Ask, &Xid),
        failure: Option<&Failure>,
        turn: &mut Turn<'_>,
    ) {
        let Some(failure) = failure else {
            return self.respond_number(PREPARED, ask, turn);
        };
        if let Some(tx) = self.transactions.take_prepared(xid) {
            self.consumers.roll_back(tx);
        }
        let error = match failure.kind {
            FailureKind::InUse => OpenWireError::BranchExists { id: xid.clone() },
            _ => OpenWireError::BranchRolledBack {
                cause: cause(&failure.text),
            },
        };
        self.refuse(error.throwable(), ask, turn);
    }

    /// The second phase, or the rollback, of a branch that is not open here.
    fn settle(
        &mut self,
        xa: &XATransactionId,
        (ask, outcome): (Ask, Outcome),
        turn: &mut Turn<'_>,
    ) -> Result<Answer, OpenWireError> {
        let xid = xid_of(xa)?;
        let pending = Pending::Settle(ask, xid.clone(), outcome);
        let reply = Some(self.replies.open(pending));
        turn.commands.push(match outcome {
            Outcome::Commit => Command::CommitPrepared { xid, reply },
            Outcome::Rollback => Command::RollbackPrepared { xid, reply },
        });
        Ok(Answer::Later)
    }

    /// The answer to the second phase: `None` when it succeeded.
    pub(super) fn settled(
        &mut self,
        (ask, xid, outcome): (Ask, &Xid, Outcome),
        failure: Option<&Failure>,
        turn: &mut Turn<'_>,
    ) {
        let is_unknown = failure.is_some_and(|one| one.kind == FailureKind::UnknownBranch);
        if (failure.is_none() || is_unknown)
            && let Some(tx) = self.transactions.take_prepared(xid)
        {
            match outcome {
                Outcome::Rollback if !is_unknown => self.consumers.roll_back(tx),
                // Ended by another connection, one way or the other.
                Outcome::Commit | Outcome::Rollback => self.consumers.commit(tx),
            }
        }
        let error = match failure {
            None => return self.respond(ask, turn),
            Some(_) if is_unknown => OpenWireError::NoXaTransaction {
                id: xid.to_string(),
            },
            Some(failure) => OpenWireError::StillPrepared {
                cause: cause(&failure.text),
            },
        };
        self.refuse(error.throwable(), ask, turn);
    }

    /// All prepared branches.
    pub(super) fn recovered(&mut self, ask: Ask, branches: &[Xid], turn: &mut Turn<'_>) {
        let names = branches.iter().map(|xid| {
            Some(DataStructure::XATransactionId(XATransactionId {
                format_id: xid.format_id(),
                global_transaction_id: Some(Bytes::copy_from_slice(xid.global())),
                branch_qualifier: Some(Bytes::copy_from_slice(xid.branch())),
            }))
        });
        let (correlation_id, data) = (ask.command_id, Some(names.collect()));
        self.put(
            &DataArrayResponse {
                correlation_id,
                data,
                ..DataArrayResponse::default()
            },
            turn,
        );
    }

    fn respond_number(&mut self, result: i32, ask: Ask, turn: &mut Turn<'_>) {
        if ask.required {
            let correlation_id = ask.command_id;
            self.put(
                &IntegerResponse {
                    correlation_id,
                    result,
                    ..IntegerResponse::default()
                },
                turn,
            );
        }
    }

    fn commit(
        &mut self,
        id: &TransactionId,
        ask: Ask,
        turn: &mut Turn<'_>,
    ) -> Result<Answer, OpenWireError> {
        let open = self
            .transactions
            .open
            .remove(id)
            .ok_or_else(|| unknown(id))?;
        let tx = open.tx;
        if let Some(cause) = open.failed {
            self.consumers.roll_back(tx);
            turn.commands.push(Command::Rollback { tx, reply: None });
            return Err(OpenWireError::RolledBack { cause });
        }
        self.consumers.commit(tx);
        let reply = Some(self.replies.open(Pending::Commit(ask)));
        turn.commands.push(Command::Commit { tx, reply });
        Ok(Answer::Later)
    }

    fn roll_back(
        &mut self,
        id: &TransactionId,
        ask: Ask,
        turn: &mut Turn<'_>,
    ) -> Result<Answer, OpenWireError> {
        let open = self
            .transactions
            .open
            .remove(id)
            .ok_or_else(|| unknown(id))?;
        let tx = open.tx;
        self.consumers.roll_back(tx);
        let reply = self.reply(ask);
        turn.commands.push(Command::Rollback { tx, reply });
        Ok(Answer::Later)
    }
}

fn unknown(id: &TransactionId) -> OpenWireError {
    let text = shown(id);
    match id {
        TransactionId::Local(_) => OpenWireError::NoTransaction { id: text },
        TransactionId::Xa(_) => OpenWireError::NoXaTransaction { id: text },
    }
}

/// As ActiveMQ prints it.
fn shown(id: &TransactionId) -> String {
    match id {
        TransactionId::Local(local) => {
            let connection = local
                .connection_id
                .as_ref()
                .and_then(|id| id.value.as_ref());
            let connection = connection.map(Text::to_str).unwrap_or_default();
            format!("TX:{connection}:{}", local.value)
        }
        TransactionId::Xa(xa) => match xid_of(xa) {
            Ok(xid) => xid.to_string(),
            Err(_) => format!("XID:[{},too long]", xa.format_id),
        },
    }
}

fn xid_of(xa: &XATransactionId) -> Result<Xid, OpenWireError> {
    let part = |bytes: &Option<Bytes>| bytes.clone().unwrap_or_default();
    let global = part(&xa.global_transaction_id);
    let branch = part(&xa.branch_qualifier);
    Xid::new(xa.format_id, &global, &branch).ok_or(OpenWireError::BranchName {
        limit: Xid::PART_BYTES_MAX,
    })
}

/// A cause that leaves room for the code behind it, by which clients know what happened.
fn cause(text: &str) -> String {
    text.chars().take(CAUSE_CHARS_MAX).collect()
}

/// A copy that keeps no receive buffer alive.
fn detached(id: &TransactionId) -> TransactionId {
    let copy = |bytes: &Option<Bytes>| bytes.as_ref().map(|bytes| Bytes::copy_from_slice(bytes));
    match id {
        TransactionId::Local(local) => TransactionId::Local(LocalTransactionId {
            value: local.value,
            connection_id: local.connection_id.as_ref().map(|id| ConnectionId {
                value: id.value.as_ref().map(Text::detached),
            }),
        }),
        TransactionId::Xa(xa) => TransactionId::Xa(XATransactionId {
            format_id: xa.format_id,
            global_transaction_id: copy(&xa.global_transaction_id),
            branch_qualifier: copy(&xa.branch_qualifier),
        }),
    }
}
