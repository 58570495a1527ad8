//! Prepared branches of distributed transactions: `transactionType=RecoveredXaTransaction,xid=…`.
//!
//! ActiveMQ shows only those that it found again after a restart; here it is all that wait for
//! their outcome.

use super::{call, java};
use crate::jolokia::bean::{Act, Attribute, Operation, reads};
use crate::jolokia::data::Data;
use floodway_message::session::Xid;

pub(crate) const ATTRIBUTES: &[Attribute<Xid>] = &[
    reads("FormatId", java::INT, "form of the name", |one, _| {
        one.format_id().into()
    }),
    reads(
        "GlobalTransactionId",
        java::BYTES,
        "the transaction",
        |one, _| bytes(one.global()),
    ),
    reads(
        "BranchQualifier",
        java::BYTES,
        "the branch of it",
        |one, _| bytes(one.branch()),
    ),
];

pub(crate) const OPERATIONS: &[Operation] = &[
    call(
        "heuristicCommit",
        java::VOID,
        "commits without its manager",
        Act::CommitBranch,
    ),
    call(
        "heuristicRollback",
        java::VOID,
        "rolls back without it",
        Act::RollBackBranch,
    ),
];

/// As Java has them: with a sign.
fn bytes(bytes: &[u8]) -> Data {
    let signed = bytes.iter().map(|byte| i64::from(byte.cast_signed()));
    signed.collect::<Vec<_>>().into()
}
