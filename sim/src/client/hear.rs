//! What a client makes of the events it gets.

use crate::client::{Client, Expected, Op, Scene};
use crate::finding::Checker;
use crate::ledger::{Exists, Holder, Seen, TxState};
use floodway_message::session::{Delivery, Event, Failure, FailureKind, Reply};

impl Client {
    pub(super) fn hear(&mut self, event: Event, scene: &mut Scene<'_>) {
        match event {
            Event::Connected { reply } => match self.ops.remove(&reply) {
                Some(Op::Connect) => self.connected = true,
                other => self.unasked(&other, reply, scene),
            },
            Event::Delivery(delivery) => self.hear_delivery(&delivery, scene),
            Event::Done { reply } => self.hear_done(reply, scene),
            Event::Failed { reply, failure } => self.hear_failed(reply, &failure, scene),
            Event::Pause { producer } => {
                if !self.paused.insert(producer) {
                    self.complain(
                        scene,
                        Checker::Pause,
                        &format!("{producer} is paused twice"),
                    );
                }
            }
            Event::Resume { producer } => {
                if !self.paused.remove(&producer) {
                    let text = format!("{producer} is resumed without a pause");
                    self.complain(scene, Checker::Pause, &text);
                }
            }
            Event::BrowseEnd { consumer } => {
                if let Some(browser) = self.consumers.get_mut(&consumer) {
                    browser.browse_ended = true;
                }
            }
            Event::Prepared { .. } => {
                self.complain(
                    scene,
                    Checker::Reply,
                    "branches were told that nobody asked for",
                );
            }
            Event::PeerBrokers { .. } => {
                self.complain(scene, Checker::Reply, "brokers were told that nobody named");
            }
            Event::Aborted { consumer, reason } => {
                let text = format!("the core closed consumer {consumer}: {reason}");
                self.complain(scene, Checker::Refusal, &text);
            }
            Event::Closed { reason } => {
                let text = format!("the core ended the connection: {reason}");
                self.complain(scene, Checker::Refusal, &text);
            }
        }
    }

    fn unasked(&self, op: &Option<Op>, reply: Reply, scene: &mut Scene<'_>) {
        let text = format!("reply {reply} answers {op:?}");
        self.complain(scene, Checker::Reply, &text);
    }

    fn hear_delivery(&mut self, delivery: &Delivery, scene: &mut Scene<'_>) {
        let Some(consumer) = self.consumers.get_mut(&delivery.consumer) else {
            // It was on its way when the consumer was closed.
            scene.ledger.unrest(&delivery.message);
            return;
        };
        if consumer.browser {
            consumer.browsed = delivery.delivery;
            let homes = consumer.homes.clone();
            return scene.ledger.browsed(&homes, &delivery.message);
        }
        let homeless = |home: &usize| {
            let home = scene.ledger.homes.get(*home);
            home.is_some_and(|h| h.destination.kind().is_temporary() && h.exists == Exists::No)
        };
        if consumer.homes.iter().any(homeless) {
            // On its way when its temporary queue was removed.
            return;
        }
        let holder = Holder {
            connection: self.connection,
            consumer: delivery.consumer,
            delivery: delivery.delivery,
        };
        let homes = consumer.homes.clone();
        let ordered = !scene.plan.features.selectors;
        let mut consumed = homes
            .iter()
            .filter_map(|home| scene.ledger.homes.get(*home));
        let by_priority = consumed.all(|home| scene.plan.keeps_priorities(home));
        let id = scene.ledger.delivered(Seen {
            holder,
            homes: &homes,
            message: &delivery.message,
            redeliveries: delivery.redeliveries,
            // Selective consumers beside others are served when they have room.
            orders: ordered.then_some(&mut consumer.orders),
            by_priority,
        });
        if let Some(id) = id {
            consumer.held.insert(delivery.delivery, (id, None));
        }
        let over = consumer.open_count() as u64 > u64::from(consumer.prefetch);
        if over && !consumer.overfull {
            let text = format!(
                "consumer {} holds {} deliveries with a prefetch of {}",
                delivery.consumer,
                consumer.open_count(),
                consumer.prefetch
            );
            self.complain(scene, Checker::Prefetch, &text);
        }
    }

    fn hear_done(&mut self, reply: Reply, scene: &mut Scene<'_>) {
        let Some(op) = self.ops.remove(&reply) else {
            return self.unasked(&None, reply, scene);
        };
        let ledger = &mut *scene.ledger;
        match op {
            Op::Connect => self.unasked(&Some(op), reply, scene),
            Op::Open(consumer) => self.opened(consumer, scene),
            Op::Remove(_, _, Expected::Refused) => {
                self.complain(scene, Checker::Refusal, "a subscription in use was removed");
            }
            Op::Remove(home, copies, _) => ledger.remove_done(home, &copies),
            Op::Send(send) => {
                if scene.failure_noticed && ledger.sends.get(send).is_some_and(|s| s.persistent) {
                    // A topic without durable subscriptions stores nothing.
                    let stored = ledger.copies_of(send).into_iter().any(|copy| {
                        let copy = ledger.copies.get(copy).filter(|copy| !copy.maybe);
                        let home = copy.map(|copy| copy.home);
                        let home = home.and_then(|home| ledger.homes.get(home));
                        home.is_some_and(|home| home.stores && home.surely_exists())
                    });
                    if stored {
                        let text = format!("message {send} was receipted after a failed sync");
                        ledger.report(Checker::FailedSync, text);
                    }
                }
                ledger.send_done(send);
            }
            Op::Ack(copies) => copies.into_iter().for_each(|copy| ledger.ack_done(copy)),
            Op::Poison(copies) => copies.into_iter().for_each(|copy| ledger.poison_done(copy)),
            Op::Commit(tx) | Op::CommitPrepared(tx) => {
                self.commits_waiting = self.commits_waiting.saturating_sub(1);
                ledger.committed(tx);
                self.forget_marked(tx);
            }
            Op::Prepare(tx) => self.prepared(tx, scene),
            Op::Close
            | Op::Create
            | Op::SendInTx(..)
            | Op::GiveBack
            | Op::AckInTx(..)
            | Op::Begin
            | Op::Rollback
            | Op::Destroy
            | Op::Disconnect => {}
        }
    }

    fn opened(&mut self, id: u64, scene: &mut Scene<'_>) {
        let Some(consumer) = self.consumers.get(&id) else {
            return;
        };
        if consumer.expected == Expected::Refused {
            let text = "a durable subscription was opened twice";
            return self.complain(scene, Checker::Refusal, text);
        }
        if consumer.durable {
            for home in &consumer.homes {
                scene.ledger.attach_done(*home);
            }
        }
    }

    fn hear_failed(&mut self, reply: Option<Reply>, failure: &Failure, scene: &mut Scene<'_>) {
        let Some(reply) = reply else {
            return self.hear_silent_failure(failure, scene);
        };
        let Some(op) = self.ops.remove(&reply) else {
            return self.unasked(&None, reply, scene);
        };
        let text = format!("{op:?} was refused ({:?}): {failure}", failure.kind);
        if failure.kind == FailureKind::Store {
            return self.hear_store_failure(op, &text, scene);
        }
        let ledger = &mut *scene.ledger;
        let expected = match op {
            Op::Open(id) => {
                let consumer = self.consumers.remove(&id);
                let expected = consumer.as_ref().map(|consumer| consumer.expected);
                if let Some(consumer) = consumer {
                    consumer.end(ledger, &mut |_| true);
                }
                expected != Some(Expected::Done)
            }
            Op::Remove(home, copies, expected) => {
                if expected == Expected::Either {
                    ledger.remove_done(home, &copies);
                }
                expected != Expected::Done
            }
            Op::Send(send) => {
                ledger.send_refused(send);
                let to_temporary = ledger.sends.get(send).is_some_and(|fact| {
                    let mut targets = fact.targets.iter();
                    targets.any(|target| target.kind().is_temporary())
                });
                may_refuse(scene.plan, failure.kind)
                    || (to_temporary && failure.kind == FailureKind::Destination)
            }
            Op::SendInTx(tx, send) => {
                ledger.not_in(tx, send);
                failure.kind == FailureKind::Transaction
            }
            Op::AckInTx(tx, copies) => {
                let full = failure.kind == FailureKind::Transaction;
                self.unmark(tx, &copies, scene);
                full
            }
            Op::Commit(tx) | Op::Prepare(tx) => {
                self.commits_waiting = self.commits_waiting.saturating_sub(1);
                let open = ledger.aborted(tx);
                self.reopen(tx, &open, scene);
                may_refuse(scene.plan, failure.kind) || failure.kind == FailureKind::Destination
            }
            // Of a durable subscription that may not have been stored.
            Op::Close => scene.store_failed,
            _ => false,
        };
        if !expected {
            self.complain(scene, Checker::Refusal, &text);
        }
    }

    /// Outcomes are unknown after a failure of the store.
    fn hear_store_failure(&mut self, op: Op, text: &str, scene: &mut Scene<'_>) {
        match op {
            Op::Send(send) => scene.ledger.send_forgotten(send),
            Op::Commit(tx) | Op::Prepare(tx) | Op::CommitPrepared(tx) => {
                self.commits_waiting = self.commits_waiting.saturating_sub(1);
                scene.ledger.abandon(tx);
            }
            Op::Open(id) => {
                let homes = self.consumers.get(&id).map(|one| one.homes.clone());
                for home in homes.unwrap_or_default() {
                    scene.ledger.attach_doubtful(home);
                }
            }
            _ => {}
        }
        if !scene.store_failed {
            self.complain(scene, Checker::Refusal, text);
        }
    }

    /// A failure of something that asked for no answer.
    fn hear_silent_failure(&mut self, failure: &Failure, scene: &mut Scene<'_>) {
        // It is not known which of the sends it was.
        for send in std::mem::take(&mut self.silent_sends) {
            scene.ledger.send_doubtful(send);
        }
        let explained = match failure.kind {
            FailureKind::NoSpace => may_refuse(scene.plan, failure.kind),
            FailureKind::Destination => scene.plan.features.temporaries,
            FailureKind::Transaction => scene.plan.features.transactions,
            FailureKind::Store => scene.store_failed,
            _ => false,
        };
        if !explained {
            let text = format!("refused ({:?}): {failure}", failure.kind);
            self.complain(scene, Checker::Refusal, &text);
        }
    }
}

/// Is anything configured that refuses instead of letting wait?
fn may_refuse(plan: &crate::plan::Plan, kind: FailureKind) -> bool {
    let usage = &plan.settings.usage;
    let configured = usage.send_fail_if_no_space
        || usage.send_fail_after_timeout_ms > 0
        || plan.settings.policies.iter().any(|policy| {
            policy.send_fail_if_no_space == Some(true)
                || policy.send_fail_after_timeout_ms.is_some_and(|ms| ms > 0)
        });
    kind == FailureKind::NoSpace && configured
}

impl Client {
    /// Transactions that the ledger knows to be open.
    pub(super) fn is_open(&self, scene: &Scene<'_>, tx: usize) -> bool {
        let found = scene.ledger.transactions.get(tx);
        found.is_some_and(|tx| tx.state == TxState::Open)
    }
}
