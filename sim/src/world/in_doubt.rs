//! The transaction manager of a run: it ends prepared branches whose connection, or whose broker,
//! is gone.
//!
//! What the ledger takes for rolled back is rolled back. Otherwise both outcomes are right, as long
//! as there is one: chance decides, and the ledger remembers.

use crate::finding::Checker;
use crate::ledger::{TxIndex, TxState, index_of, xid_of};
use crate::world::World;
use floodway_broker::Session;
use floodway_message::session::{Command, Event, Reply, Xid};

/// Reply to the list of branches; those to outcomes follow.
const LIST: Reply = 0;
/// Steps of the stores within which an outcome must be answered.
const STEPS_MAX: usize = 1000;

impl World {
    /// The broker begins a life: everything in doubt gets its outcome, for good.
    pub(super) fn settle_in_doubt(&mut self) -> Result<(), String> {
        self.in_doubt_bytes = 0;
        if !self.plan.features.two_phases {
            return Ok(());
        }
        let Some((session, listed)) = self.ask_for_branches() else {
            return Ok(());
        };
        if self.plan.stores() {
            self.ledger.in_doubt(&listed);
        }
        for index in listed {
            self.in_doubt_bytes += self.ledger.charge_of(index);
            let commits = self.end_branch(&session, index);
            match self.answer(&session) {
                Answered::Done => self.ledger.settled(index, commits, how(commits)),
                Answered::Never => {
                    session.close(self.now);
                    return Err("while branches in doubt were ended".into());
                }
                Answered::Later => self.ledger.not_prepared(index),
            }
        }
        session.close(self.now);
        Ok(())
    }

    /// A connection is gone: branches that nobody will end get their outcome.
    pub(super) fn settle_orphans(&mut self) {
        if !self.plan.features.two_phases {
            return;
        }
        let Some((session, mut listed)) = self.ask_for_branches() else {
            return;
        };
        listed.retain(|index| {
            let mut clients = self.clients.values();
            !clients.any(|client| client.is_preparing(*index))
        });
        for index in listed {
            let commits = self.end_branch(&session, index);
            // A store that has failed keeps the branch in doubt.
            if self.disk.is_dead() || self.disk.has_failed() {
                continue;
            }
            let text = format!("branch {index} {}", how(commits));
            self.ledger.evidence(index, commits, text);
        }
        session.close(self.now);
    }

    fn ask_for_branches(&mut self) -> Option<(Session, Vec<TxIndex>)> {
        let session = self.broker.as_ref()?.connect("manager", Box::new(|| {}));
        let branches = vec![Command::ListPrepared { reply: LIST }];
        self.submit(&session, branches);
        let mut events = Vec::new();
        session.take_events(&mut events, usize::MAX);
        let listed = match events.pop() {
            Some(Event::Prepared { branches, .. }) => branches,
            other => {
                self.report(Checker::Reply, format!("asked for branches, got {other:?}"));
                Vec::<Xid>::new()
            }
        };
        Some((session, listed.iter().map(index_of).collect()))
    }

    fn end_branch(&mut self, session: &Session, index: TxIndex) -> bool {
        let state = self.ledger.transactions.get(index).map(|tx| tx.state);
        if state == Some(TxState::Committed) {
            let text = format!("branch {index} was committed and is in doubt");
            self.report(Checker::Transaction, text);
        }
        let commits = state != Some(TxState::Aborted) && self.random.percent(50);
        if commits {
            self.ledger.reorder(index);
        } else {
            self.ledger.not_prepared(index);
        }
        let (xid, reply) = (xid_of(index), Some(LIST + 1));
        let command = if commits {
            Command::CommitPrepared { xid, reply }
        } else {
            Command::RollbackPrepared { xid, reply }
        };
        self.submit(session, vec![command]);
        commits
    }

    fn submit(&self, session: &Session, mut commands: Vec<Command>) {
        self.trace.note(format_args!("manager > {commands:?}"));
        session.submit(&mut commands, self.now);
    }

    /// Lets the store work until the outcome is confirmed.
    fn answer(&mut self, session: &Session) -> Answered {
        for _ in 0..STEPS_MAX {
            let mut events = Vec::new();
            session.take_events(&mut events, usize::MAX);
            match events.pop() {
                Some(Event::Done { .. }) => return Answered::Done,
                None => {}
                Some(other) if self.disk.is_dead() || self.disk.has_failed() => {
                    self.trace.note(format_args!("manager < {other:?}"));
                    return Answered::Never;
                }
                Some(other) => {
                    let text = format!("a branch in doubt was not ended: {other:?}");
                    self.report(Checker::Refusal, text);
                    return Answered::Done;
                }
            }
            if self.disk.is_dead() || self.disk.has_failed() {
                return Answered::Never;
            }
            self.store.commit_step();
            self.store.maintain_step();
        }
        if self.disk.faults().space_bytes.is_none() {
            let text = "the end of a branch in doubt was not answered";
            self.report(Checker::Reply, text);
        }
        Answered::Later
    }
}

/// What became of the answer to an outcome.
enum Answered {
    Done,
    /// The process or its store is dead.
    Never,
    /// The disk is full.
    Later,
}

fn how(commits: bool) -> &'static str {
    if commits {
        "was committed"
    } else {
        "was rolled back"
    }
}
