//! Consumers, browsers and durable subscriptions of a client: opened, closed, and what they hold.

use crate::client::{Client, Expected, Held, Op, Scene, durable_home};
use crate::ledger::{
    CopyId, DeadLetterTarget, DeadLetters, Exists, Home, HomeId, HomeKind, Ledger, TxIndex,
    queue_home,
};
use crate::plan::{DurablePlan, Plan, selector};
use crate::random::Random;
use floodway_broker::settings::{DeadLetterQueue, PendingMessageLimit};
use floodway_message::selector::Selector;
use floodway_message::session::{Command, ConsumerId, OpenConsumer};
use floodway_message::{Destination, DestinationKind};
use std::sync::Arc;

/// A consumer, as its client knows it.
#[derive(Debug)]
pub(crate) struct Consumer {
    pub(crate) homes: Vec<HomeId>,
    pub(crate) held: Held,
    pub(super) orders: crate::ledger::Orders,
    pub(crate) browser: bool,
    pub(super) durable: bool,
    pub(crate) prefetch: u32,
    /// A rollback opened deliveries again beyond the window.
    pub(crate) overfull: bool,
    pub(crate) selector: Option<u8>,
    pub(super) expected: Expected,
    /// Last delivery of a browser, and whether it has seen all.
    pub(super) browsed: u64,
    pub(crate) browse_ended: bool,
}

impl Consumer {
    /// Deliveries that fill the window.
    pub(crate) fn open_count(&self) -> usize {
        self.held.values().filter(|(_, tx)| tx.is_none()).count()
    }

    pub(crate) fn has_room(&self) -> bool {
        (self.open_count() as u64) < u64::from(self.prefetch)
    }

    /// It is closed; what a transaction that goes on has acknowledged stays with that.
    pub(super) fn end(self, ledger: &mut Ledger, ends: &mut dyn FnMut(TxIndex) -> bool) {
        for (id, tx) in self.held.into_values() {
            if tx.is_none_or(&mut *ends) {
                ledger.given_back(id, true);
            }
        }
        for id in self.homes {
            ledger.unrest_home(id);
            let kind = ledger.homes.get(id).map(|home| home.kind.clone());
            match kind {
                Some(HomeKind::Subscription) => ledger.close_home(id, true),
                Some(HomeKind::Durable(..)) if self.expected != Expected::Refused => {
                    ledger.detach(id);
                }
                _ => {}
            }
        }
    }
}

/// Where dead letters of a destination go, as the policy says.
pub(crate) fn dead_letters(
    plan: &Plan,
    from: &Destination,
    durable: Option<(&str, &str)>,
) -> DeadLetters {
    let strategy = &plan.policy(from).dead_letter;
    let target = match &strategy.queue {
        DeadLetterQueue::Discard => None,
        DeadLetterQueue::Shared(name) => Destination::new(DestinationKind::Queue, name)
            .ok()
            .filter(|target| target != from)
            .map(DeadLetterTarget::Shared),
        DeadLetterQueue::Individual {
            per_durable_subscriber,
            ..
        } => match durable {
            Some((client, name)) if *per_durable_subscriber => {
                Some(DeadLetterTarget::Individual(format!(".{client}.{name}")))
            }
            _ => Some(DeadLetterTarget::Individual(String::new())),
        },
    };
    DeadLetters {
        target,
        expired: strategy.process_expired,
        non_persistent: strategy.process_non_persistent,
    }
}

/// Adds a home and the queue of its dead letters.
pub(crate) fn add_home(ledger: &mut Ledger, home: Home) -> HomeId {
    if let Some(DeadLetterTarget::Shared(target)) = home.dead_letters.target.clone() {
        ledger.add_home(queue_home(&target, DeadLetters::default()));
    }
    ledger.add_home(home)
}

impl Client {
    pub(super) fn open_something(&mut self, scene: &mut Scene<'_>) {
        let own: Vec<DurablePlan> = scene
            .plan
            .durables
            .iter()
            .filter(|durable| durable.client_id == self.client_id)
            .cloned()
            .collect();
        if !own.is_empty() && scene.random.percent(30) {
            if let Some(durable) = own.get(scene.random.index(own.len())) {
                self.open_durable(durable, scene);
            }
            return;
        }
        let browser = scene.plan.features.browsers && scene.random.percent(20);
        let destinations = if browser {
            scene.random.pick_cloned(&scene.plan.queues)
        } else {
            self.choose_destinations(scene)
        };
        self.open(destinations, browser, scene);
    }

    fn choose_destinations(&self, scene: &mut Scene<'_>) -> Vec<Destination> {
        let plan = scene.plan;
        let topics = !plan.topics.is_empty() && scene.random.percent(40);
        let from = if topics { &plan.topics } else { &plan.queues };
        let patterns = plan.features.patterns && scene.random.percent(25);
        if patterns {
            let (kind, name) = if topics {
                (DestinationKind::Topic, "T.>")
            } else {
                (DestinationKind::Queue, "Q.>")
            };
            return Destination::new(kind, name).into_iter().collect();
        }
        if plan.features.composites && scene.random.percent(25) {
            return from.iter().take(2).cloned().collect();
        }
        scene.random.pick_cloned(from)
    }

    /// Opens a consumer of queues, or of topics, or a browser.
    pub(crate) fn open(
        &mut self,
        destinations: Vec<Destination>,
        browser: bool,
        scene: &mut Scene<'_>,
    ) {
        let Some(first) = destinations.first().cloned() else {
            return;
        };
        let features = scene.plan.features;
        let plain = self.drains;
        let selects = features.selectors && !plain && scene.random.percent(30);
        let value = selects.then(|| selector(scene.random));
        let pending_limit = (!first.kind().is_queue() && !plain && scene.random.percent(10))
            .then(|| scene.random.one_of([0, 2]));
        let mut open = self.opening(&destinations, value, scene.random);
        open.browser = browser;
        open.pending_limit = pending_limit;
        open.exclusive = features.exclusive && !browser && !plain && scene.random.percent(30);
        let homes = if first.kind().is_queue() {
            queue_homes(scene, &destinations)
        } else {
            let lossy = pending_limit.is_some();
            subscriptions(scene, &destinations, value, lossy)
        };
        let policy = scene.plan.policy(&first);
        let by_policy = match (first.kind().is_queue(), browser) {
            (true, true) => policy.queue_browser_prefetch,
            (true, false) => policy.queue_prefetch,
            (false, _) => policy.topic_prefetch,
        };
        let id = open.consumer;
        let consumer = Consumer {
            browser,
            prefetch: open.prefetch.unwrap_or(by_policy),
            // What a subscription selects is selected before it comes to the consumer.
            selector: value.filter(|_| first.kind().is_queue()),
            ..new_consumer(homes, Expected::Done)
        };
        self.start(id, consumer, open, scene);
    }

    pub(crate) fn open_durable(&mut self, durable: &DurablePlan, scene: &mut Scene<'_>) {
        let home = durable_home(scene.ledger, &durable.client_id, &durable.name);
        let home = home.unwrap_or_else(|| add_durable(scene, durable));
        let attached = scene.ledger.is_attached(home);
        let expected = if attached {
            Expected::Refused
        } else {
            Expected::Done
        };
        let destinations = [durable.destination.clone()];
        let mut open = self.opening(&destinations, durable.selector, scene.random);
        open.durable_name = Some(Arc::clone(&durable.name));
        if !attached {
            scene.ledger.attach(home);
        }
        let by_policy = scene.plan.policy(&durable.destination);
        let consumer = Consumer {
            durable: true,
            prefetch: open.prefetch.unwrap_or(by_policy.durable_topic_prefetch),
            ..new_consumer(vec![home], expected)
        };
        let id = open.consumer;
        self.start(id, consumer, open, scene);
    }

    fn opening(
        &mut self,
        destinations: &[Destination],
        value: Option<u8>,
        random: &mut Random,
    ) -> OpenConsumer {
        self.consumer_count += 1;
        let text = value.map(|value| format!("k = {value}"));
        let selector = text.and_then(|text| Selector::parse(&text).ok());
        OpenConsumer {
            selector: selector.map(Arc::new),
            prefetch: random.one_of([None, Some(1), Some(2), Some(5), Some(100)]),
            priority: random.one_of([0, 0, 0, 1, -1]),
            ..OpenConsumer::new(self.consumer_count, destinations.to_vec())
        }
    }

    fn start(
        &mut self,
        id: ConsumerId,
        consumer: Consumer,
        mut open: OpenConsumer,
        scene: &mut Scene<'_>,
    ) {
        open.reply = Some(self.ask(Op::Open(id)));
        self.consumers.insert(id, consumer);
        self.commands.push(Command::OpenConsumer(Box::new(open)));
        self.submit(scene);
    }

    pub(super) fn close_consumer(&mut self, scene: &mut Scene<'_>) {
        let ids: Vec<ConsumerId> = self.consumers.keys().copied().collect();
        let Some(id) = scene.random.pick(&ids) else {
            return;
        };
        self.close_one(id, scene);
    }

    pub(super) fn close_one(&mut self, id: ConsumerId, scene: &mut Scene<'_>) {
        let refused = self
            .consumers
            .get(&id)
            .is_some_and(|c| c.expected == Expected::Refused);
        // What it acknowledged in a transaction without an answer yet may still be refused, and is
        // then given back before this client hears of it.
        let mut ops = self.ops.values();
        if refused || ops.any(|op| matches!(op, Op::AckInTx(..))) {
            return;
        }
        let Some(consumer) = self.consumers.remove(&id) else {
            return;
        };
        let reply = self.ask_sometimes(Op::Close, scene.random);
        self.commands.push(Command::CloseConsumer {
            consumer: id,
            reply,
        });
        self.submit(scene);
        consumer.end(scene.ledger, &mut |_| false);
    }

    pub(super) fn remove_durable(&mut self, scene: &mut Scene<'_>) {
        let homes: Vec<(HomeId, Arc<str>, Exists)> = scene
            .ledger
            .homes
            .iter()
            .enumerate()
            .filter_map(|(id, home)| match &home.kind {
                HomeKind::Durable(client, name) if *client == self.client_id => {
                    Some((id, Arc::clone(name), home.exists))
                }
                _ => None,
            })
            .collect();
        let Some((id, name, exists)) = homes.get(scene.random.index(homes.len())).cloned() else {
            return;
        };
        let expected = match exists {
            _ if scene.ledger.is_attached(id) => Expected::Refused,
            Exists::No => Expected::Refused,
            Exists::Yes => Expected::Done,
            Exists::Maybe => Expected::Either,
        };
        let mut copies: Vec<CopyId> = Vec::new();
        if expected != Expected::Refused {
            copies = scene.ledger.copies_at(id);
            scene.ledger.close_home(id, false);
        }
        let reply = Some(self.ask(Op::Remove(id, copies, expected)));
        self.commands.push(Command::RemoveDurable {
            client_id: None,
            name,
            reply,
        });
        self.submit(scene);
    }
}

fn new_consumer(homes: Vec<HomeId>, expected: Expected) -> Consumer {
    Consumer {
        homes,
        held: Held::new(),
        orders: crate::ledger::Orders::new(),
        browser: false,
        durable: false,
        prefetch: 0,
        overfull: false,
        selector: None,
        expected,
        browsed: 0,
        browse_ended: false,
    }
}

fn queue_homes(scene: &mut Scene<'_>, destinations: &[Destination]) -> Vec<HomeId> {
    let ledger = &scene.ledger;
    let mut homes = Vec::new();
    for (id, home) in ledger.homes.iter().enumerate() {
        let fits = |destination: &Destination| {
            destination.kind() == home.destination.kind()
                && floodway_message::wildcard::matches(destination.name(), home.destination.name())
        };
        if home.is_queue() && destinations.iter().any(fits) {
            homes.push(id);
        }
    }
    homes
}

fn subscriptions(
    scene: &mut Scene<'_>,
    destinations: &[Destination],
    value: Option<u8>,
    lossy: bool,
) -> Vec<HomeId> {
    let mut homes = Vec::new();
    for destination in destinations {
        let policy = scene.plan.policy(destination);
        let home = Home {
            kind: HomeKind::Subscription,
            destination: destination.clone(),
            exists: Exists::No,
            exists_after_crash: Exists::No,
            attached: false,
            lossy: lossy || policy.pending_message_limit != PendingMessageLimit::None,
            stores: false,
            prioritized: policy.prioritized_messages,
            dead_letters: dead_letters(scene.plan, destination, None),
            selector: value,
        };
        let id = add_home(scene.ledger, home);
        scene.ledger.open_home(id);
        homes.push(id);
    }
    homes
}

fn add_durable(scene: &mut Scene<'_>, durable: &DurablePlan) -> HomeId {
    let policy = scene.plan.policy(&durable.destination);
    let (client_id, name) = (&durable.client_id, &durable.name);
    let home = Home {
        kind: HomeKind::Durable(Arc::clone(client_id), Arc::clone(name)),
        destination: durable.destination.clone(),
        exists: Exists::No,
        exists_after_crash: Exists::No,
        attached: false,
        lossy: false,
        stores: scene.plan.stores(),
        prioritized: policy.prioritized_messages,
        dead_letters: dead_letters(scene.plan, &durable.destination, Some((client_id, name))),
        selector: durable.selector,
    };
    add_home(scene.ledger, home)
}
