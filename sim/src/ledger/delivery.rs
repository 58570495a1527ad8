//! A delivery, compared with what is known: was it sent, is it whole, may it be here, is it in
//! order.

use crate::body;
use crate::finding::Checker;
use crate::ledger::places::Places;
use crate::ledger::{CopyId, Holder, HomeId, Ledger, SendId};
use floodway_message::{Destination, Message, PropertyValue};
use std::collections::BTreeMap;

/// Property of messages that selectors ask for.
pub(crate) const SELECTED_PROPERTY: &str = "k";

/// Last order seen, by producer, destination, priority, and message group, because a group may
/// move from one consumer to another.
pub(crate) type Orders = BTreeMap<(u64, Destination, u8, Option<&'static str>), u64>;

/// A delivery as a client got it.
pub(crate) struct Seen<'a> {
    pub(crate) holder: Holder,
    /// Homes that the consumer is open on.
    pub(crate) homes: &'a [HomeId],
    pub(crate) message: &'a Message,
    pub(crate) redeliveries: u32,
    /// Order is kept for this consumer.
    pub(crate) orders: Option<&'a mut Orders>,
    /// Priorities are kept in the home, also on disk.
    pub(crate) by_priority: bool,
}

impl Ledger {
    /// The number of a message that is as it was sent.
    fn identify(&mut self, message: &Message) -> Option<SendId> {
        let number = body::read(message.body());
        let Some(number) = number.and_then(|number| usize::try_from(number).ok()) else {
            let text = format!("message {} has a damaged body", message.id());
            self.report(Checker::Corruption, text);
            return None;
        };
        let Some(fact) = self.sends.get(number) else {
            let text = format!("message {number} was never sent");
            self.report(Checker::Phantom, text);
            return None;
        };
        let k = message.property(SELECTED_PROPERTY);
        let same = message.id() == message_id(number)
            && message.is_persistent() == fact.persistent
            && message.priority() == fact.priority
            && k == Some(PropertyValue::Integer(i32::from(fact.k)));
        if !same {
            let text = format!("message {number} came with other headers: {message:?}");
            self.report(Checker::Corruption, text);
        }
        Some(number)
    }

    /// A browser was shown a message.
    pub(crate) fn browsed(&mut self, homes: &[HomeId], message: &Message) {
        let Some(send) = self.identify(message) else {
            return;
        };
        let known = self.copies_of(send).into_iter().any(|id| {
            let copy = self.copies.get(id);
            copy.is_some_and(|copy| {
                let target = self.dead_letter_queue(copy);
                let target = target.and_then(|target| self.queue(&target));
                homes.contains(&copy.home) || target.is_some_and(|home| homes.contains(&home))
            })
        });
        if !known {
            let text = format!("a browser was shown message {send}, which was not sent there");
            self.report(Checker::Phantom, text);
        }
    }

    /// A consumer got a message. Returns which copy it is.
    pub(crate) fn delivered(&mut self, seen: Seen<'_>) -> Option<CopyId> {
        let send = self.identify(seen.message)?;
        let original = seen.message.original_destination();
        let id = match &original {
            Some(original) => self.dead_letter(send, original, &seen),
            None => self.at_home(send, &seen),
        }?;
        self.check_alone(id, &seen);
        self.check_redeliveries(id, &seen);
        if original.is_none() {
            if seen.by_priority && seen.redeliveries == 0 {
                self.check_precedence(id, seen.holder);
            }
            self.check_order(id, seen.message, seen.redeliveries, seen.orders);
        }
        let copy = self.copies.get_mut(id)?;
        copy.holder = Some(seen.holder);
        copy.seen = true;
        Some(id)
    }

    fn at_home(&mut self, send: SendId, seen: &Seen<'_>) -> Option<CopyId> {
        let destination = seen.message.destination()?;
        let here = |home: &HomeId| {
            let k = self.sends.get(send).map_or(0, |fact| fact.k);
            self.homes.get(*home).is_some_and(|home| {
                let any = home.selector.is_none_or(|value| value == k);
                any && (home.destination == destination || home.takes(&destination, k))
            })
        };
        let Some(home) = seen.homes.iter().copied().find(here) else {
            let text = format!("message {send} to {destination} came to a consumer of other homes");
            self.report(Checker::Phantom, text);
            return None;
        };
        let target = self.target(send, &destination);
        let Some(id) = self.by_place.get(&(send, home, target)).copied() else {
            self.not_sent_here(send, home);
            return None;
        };
        let copy = self.copies.get(id)?;
        let places = self.places(copy, copy.now);
        if !places.has(Places::HOME) {
            self.misplaced(id);
            return Some(id);
        }
        let doubt = copy.tx_doubt;
        let tx = self.sends.get(send).and_then(|fact| fact.tx);
        let text = self.describe(id);
        if let Some(tx) = tx {
            self.evidence(tx, true, format!("its {text} was delivered"));
        }
        if let Some(tx) = doubt {
            let text = format!("the {text} it had acknowledged returned");
            self.evidence(tx, false, text);
        }
        let life = self.life;
        let copy = self.copies.get_mut(id)?;
        copy.now = Places::HOME;
        // What came from disk is there; what did not may still be on its way to it.
        copy.durable = if copy.life < life {
            Places::HOME
        } else {
            copy.durable
                .without(Places::DEAD)
                .without(Places::GONE)
                .with(Places::HOME)
        };
        copy.tx_doubt = None;
        Some(id)
    }

    /// Which of a message's targets a destination is.
    fn target(&self, send: SendId, destination: &Destination) -> usize {
        let targets = self.sends.get(send).map(|fact| &fact.targets);
        let found = targets.and_then(|all| all.iter().position(|one| one == destination));
        found.unwrap_or(usize::MAX)
    }

    fn not_sent_here(&mut self, send: SendId, home: HomeId) {
        let open = self
            .sends
            .get(send)
            .and_then(|fact| fact.tx)
            .and_then(|tx| self.transactions.get(tx))
            .is_some_and(|tx| tx.state == super::TxState::Open);
        let place = self.homes.get(home).map(ToString::to_string);
        let place = place.unwrap_or_default();
        if open {
            let text = format!("message {send} was delivered from {place} before its commit");
            self.report(Checker::Transaction, text);
        } else {
            let text = format!("message {send} was delivered from {place}, where it was not sent");
            self.report(Checker::Phantom, text);
        }
    }

    fn misplaced(&mut self, id: CopyId) {
        let text = self.describe(id);
        let now = self.copies.get(id).map(|copy| copy.now);
        let checker = match now {
            Some(now) if now.has(Places::DEAD) => Checker::OnePlace,
            Some(now) if now.has(Places::UNSENT) => Checker::Phantom,
            _ => Checker::Return,
        };
        self.report(checker, format!("delivered again: {text}"));
    }

    /// The copy that a dead letter is.
    fn dead_letter(
        &mut self,
        send: SendId,
        original: &Destination,
        seen: &Seen<'_>,
    ) -> Option<CopyId> {
        let target = self.target(send, original);
        let fits = |ledger: &Self, id: &CopyId| {
            let copy = ledger.copies.get(*id)?;
            if copy.target != target {
                return None;
            }
            let home = ledger.homes.get(copy.home)?;
            let k = ledger.sends.get(send)?.k;
            let target = ledger.dead_letter_queue(copy)?;
            let here = ledger.queue(&target).filter(|id| seen.homes.contains(id));
            here.filter(|_| home.takes(original, k))
        };
        let ids: Vec<CopyId> = self
            .copies_of(send)
            .into_iter()
            .filter(|id| fits(self, id).is_some())
            .collect();
        let may_be_dead = |id: &&CopyId| {
            let copy = self.copies.get(**id);
            copy.is_some_and(|copy| self.places(copy, copy.now).has(Places::DEAD))
        };
        let free = |id: &&CopyId| self.copies.get(**id).is_some_and(|c| c.holder.is_none());
        let mut candidates: Vec<CopyId> = ids.iter().filter(may_be_dead).copied().collect();
        // One that must be there rather than one that may be.
        candidates.sort_by_key(|id| {
            let copy = self.copies.get(*id);
            !copy.is_some_and(|copy| copy.now.is_only(Places::DEAD))
        });
        let chosen = candidates.iter().find(free).or(candidates.first());
        let Some(id) = chosen.copied() else {
            let known: Vec<String> = ids.iter().map(|id| self.describe(*id)).collect();
            let text = format!("dead letter of message {send} from {original}: {known:?}");
            self.report(Checker::OnePlace, text);
            return None;
        };
        let copy = self.copies.get_mut(id)?;
        if !copy.now.is_only(Places::DEAD) {
            // Moved without our doing: this is its first time here.
            copy.returns = 0;
        }
        copy.now = Places::DEAD;
        copy.durable = copy.durable.with(Places::DEAD).without(Places::UNSENT);
        Some(id)
    }

    fn check_alone(&mut self, id: CopyId, seen: &Seen<'_>) {
        let Some(holder) = self.copies.get(id).and_then(|copy| copy.holder) else {
            return;
        };
        let in_tx = self.copies.get(id).and_then(|copy| copy.tx_ack).is_some();
        let text = format!(
            "{} was delivered to {:?} while {holder:?} has it",
            self.describe(id),
            seen.holder
        );
        let checker = if in_tx {
            Checker::Transaction
        } else {
            Checker::OnePlace
        };
        self.report(checker, text);
    }

    fn check_redeliveries(&mut self, id: CopyId, seen: &Seen<'_>) {
        let returns = self.copies.get(id).map_or(0, |copy| copy.returns);
        if seen.redeliveries < returns {
            let text = format!(
                "{} came with {} redeliveries after {returns} failed deliveries",
                self.describe(id),
                seen.redeliveries
            );
            self.report(Checker::Redelivery, text);
        }
    }

    fn check_order(
        &mut self,
        id: CopyId,
        message: &Message,
        redeliveries: u32,
        orders: Option<&mut Orders>,
    ) {
        let Some(copy) = self.copies.get(id) else {
            return;
        };
        let (Some(fact), Some(home)) = (self.sends.get(copy.send), self.homes.get(copy.home))
        else {
            return;
        };
        let (Some(orders), Some(order)) = (orders, fact.order) else {
            return;
        };
        if copy.disturbed || redeliveries > 0 {
            return;
        }
        let Some(destination) = message.destination() else {
            return;
        };
        let priority = if home.prioritized { fact.priority } else { 0 };
        let last = orders
            .entry((fact.producer, destination, priority, fact.group))
            .or_default();
        if order < *last {
            let text = format!(
                "{} (order {order}) came after a later one of its producer (order {last})",
                self.describe(id)
            );
            self.report(Checker::Order, text);
        } else {
            *last = order;
        }
    }
}

/// JMSMessageID of a message.
pub(crate) fn message_id(number: SendId) -> String {
    format!("ID:sim-{number}")
}
