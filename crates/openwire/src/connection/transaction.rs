//! TransactionInfo: local transactions, and XA branches that are committed in one phase.
//!
//! A transaction is named by a number of the client or by a transaction manager; it begins when
//! it is announced. What a rolled back transaction acknowledged stays with its consumer: clients
//! deliver it again from their own memory.

use super::conversation::{Answer, Ask, Conversation, Turn};
use super::reply::Pending;
use crate::codec::{Text, TransactionId};
use crate::error::OpenWireError;
use crate::generated::{
    ConnectionId, DataArrayResponse, IntegerResponse, LocalTransactionId, TransactionInfo,
    XATransactionId,
};
use bytes::Bytes;
use floodway_message::session::{Command, TxId};
use std::collections::HashMap;

const BEGIN: i8 = 0;
const PREPARE: i8 = 1;
const COMMIT_ONE_PHASE: i8 = 2;
const COMMIT_TWO_PHASE: i8 = 3;
const ROLLBACK: i8 = 4;
const RECOVER: i8 = 5;
const FORGET: i8 = 6;
/// `XA_RDONLY`: nothing was done, nothing is to be committed.
const READ_ONLY: i32 = 3;

/// One open transaction.
#[derive(Debug)]
struct Open {
    tx: TxId,
    has_work: bool,
    /// Why it can only be rolled back.
    failed: Option<String>,
}

/// Open transactions by name.
#[derive(Debug, Default)]
pub(super) struct Transactions {
    open: HashMap<TransactionId, Open>,
    last: TxId,
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
                let correlation_id = ask.command_id;
                let data = Some(Vec::new());
                self.put(
                    &DataArrayResponse {
                        correlation_id,
                        data,
                        ..DataArrayResponse::default()
                    },
                    turn,
                );
            }
            return Ok(Answer::Later);
        }
        let id = info.transaction_id.as_ref();
        let id = id.ok_or(OpenWireError::Missing {
            what: "transactionId",
        })?;
        match info.operation {
            BEGIN => self.begin(id, turn),
            PREPARE => self.prepare(id, ask, turn),
            // Nothing is ever prepared here.
            COMMIT_TWO_PHASE if self.transactions.open.contains_key(id) => {
                Err(OpenWireError::NotPrepared { id: shown(id) })
            }
            COMMIT_ONE_PHASE | COMMIT_TWO_PHASE => self.commit(id, ask, turn),
            ROLLBACK | FORGET => self.roll_back(id, ask, turn),
            // The end of a branch: its commit or rollback follows.
            _ => Ok(Answer::Now),
        }
    }

    fn begin(&mut self, id: &TransactionId, turn: &mut Turn<'_>) -> Result<Answer, OpenWireError> {
        if self.transactions.open.contains_key(id) {
            return Ok(Answer::Now);
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
        if open.has_work {
            return Err(OpenWireError::NoPrepare);
        }
        let tx = open.tx;
        self.transactions.open.remove(id);
        turn.commands.push(Command::Rollback { tx, reply: None });
        if ask.required {
            let (correlation_id, result) = (ask.command_id, READ_ONLY);
            self.put(
                &IntegerResponse {
                    correlation_id,
                    result,
                    ..IntegerResponse::default()
                },
                turn,
            );
        }
        Ok(Answer::Later)
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
        TransactionId::Xa(xa) => {
            let hex = |bytes: &Option<Bytes>| {
                let bytes = bytes.as_ref().map(|bytes| &bytes[..]).unwrap_or_default();
                bytes
                    .iter()
                    .map(|byte| format!("{byte:02x}"))
                    .collect::<String>()
            };
            format!(
                "XID:[{},globalId={},branchId={}]",
                xa.format_id,
                hex(&xa.global_transaction_id),
                hex(&xa.branch_qualifier)
            )
        }
    }
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
