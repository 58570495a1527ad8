//! Sends of a client: what it sends, where to, and what it notes of it.

use crate::body;
use crate::client::{Client, Op, Scene};
use crate::ledger::{SELECTED_PROPERTY, SendFact, SendId, Told, TxIndex, message_id};
use crate::plan::SELECTOR_VALUES;
use floodway_message::session::{Command, Destinations, ProducerId, Send, TxId};
use floodway_message::{BodyKind, Destination, DestinationKind, Message, MessageBuilder};
use floodway_message::{PropertyValue, wildcard};

/// Where a message goes.
struct Address {
    destinations: Destinations,
    /// The destinations that this means.
    targets: Vec<Destination>,
    /// A single destination: messages keep their order.
    ordered: bool,
}

/// Producers of a client.
const PRODUCERS: u64 = 2;

impl Client {
    /// Sends some messages, one after the other in one submission.
    pub(super) fn send_some(&mut self, scene: &mut Scene<'_>) {
        if self.commits_waiting > 0 {
            // What is being committed may wait: a careful client waits, too.
            return;
        }
        let producer = scene.random.between(1, PRODUCERS);
        let open = self.open_transactions(scene);
        let tx = scene.random.pick(&open);
        let tx = tx.filter(|_| scene.random.percent(60));
        for _ in 0..scene.random.one_of([1, 1, 2, 5]) {
            let Some(address) = self.address(scene) else {
                return;
            };
            self.send_one(producer, address, tx, scene);
        }
        self.submit(scene);
    }

    fn address(&self, scene: &mut Scene<'_>) -> Option<Address> {
        let plan = scene.plan;
        let temporaries = scene.ledger.temporaries.clone();
        if !temporaries.is_empty() && scene.random.percent(20) {
            let one = scene.random.pick_cloned(&temporaries).pop()?;
            return Some(single(one));
        }
        let topics = !plan.topics.is_empty() && scene.random.percent(45);
        let from = if topics { &plan.topics } else { &plan.queues };
        if plan.features.composites && scene.random.percent(15) {
            let first = scene.random.pick_cloned(&plan.queues).pop()?;
            let mut all = vec![first.clone()];
            let second = scene.random.pick_cloned(from).pop()?;
            if second != first {
                all.push(second);
            }
            return Some(Address {
                targets: all.clone(),
                destinations: Destinations::Many(all.into()),
                ordered: false,
            });
        }
        if plan.features.patterns && scene.random.percent(10) {
            return pattern(topics, from);
        }
        scene.random.pick_cloned(from).pop().map(single)
    }

    fn send_one(
        &mut self,
        producer: ProducerId,
        address: Address,
        tx: Option<(TxId, TxIndex)>,
        scene: &mut Scene<'_>,
    ) {
        let mut fact = self.fact(producer, &address, tx.map(|(_, index)| index), scene);
        let delay_ms = delay(&fact, &address, scene);
        if delay_ms.is_some() {
            fact.order = None;
        }
        let number = scene.ledger.sends.len();
        let Some(message) = self.message(number, (&fact, delay_ms), &address, scene) else {
            return;
        };
        let minimum = address.targets.iter().map(|target| {
            let policy = scene.plan.policy(target);
            policy.minimum_message_size + message.charge_bytes() as u64
        });
        let charge_bytes = minimum.max().unwrap_or(0);
        let id = scene.ledger.add_send(SendFact {
            charge_bytes,
            again: scene
                .plan
                .features
                .sequences
                .then(|| (producer, address.destinations.clone(), message.clone())),
            ..fact
        });
        let reply = match tx {
            Some((_, index)) => {
                scene.ledger.send_in(index, id);
                Some(self.ask(Op::SendInTx(index, id)))
            }
            None => {
                scene.ledger.launch(id);
                self.ask_sometimes(Op::Send(id), scene.random)
            }
        };
        if reply.is_none() {
            self.silent_sends.push(id);
        }
        self.commands.push(Command::Send(Send {
            producer,
            destinations: address.destinations,
            message,
            tx: tx.map(|(tx, _)| tx),
            reply,
        }));
    }

    /// Sends again what was not answered on an earlier connection: the broker knows by the
    /// sequence what it has already.
    pub(crate) fn send_again(&mut self, sends: &[SendId], scene: &mut Scene<'_>) {
        for id in sends {
            let Some(fact) = scene.ledger.sends.get(*id) else {
                continue;
            };
            let Some((producer, destinations, message)) = fact.again.clone() else {
                continue;
            };
            scene.ledger.repeat(*id);
            let reply = Some(self.ask(Op::Send(*id)));
            self.commands.push(Command::Send(Send {
                producer,
                destinations,
                message,
                tx: None,
                reply,
            }));
        }
        self.submit(scene);
    }

    fn fact(
        &self,
        producer: ProducerId,
        address: &Address,
        tx: Option<TxIndex>,
        scene: &mut Scene<'_>,
    ) -> SendFact {
        let features = scene.plan.features;
        let expires = features.expiry && scene.random.percent(40);
        let life_ms = i64::try_from(scene.random.between(1, 3000)).unwrap_or(1);
        let order = scene.ledger.next_order();
        SendFact {
            targets: address.targets.clone(),
            persistent: scene.random.percent(scene.plan.persistent_percent),
            expiration_ms: if expires {
                scene.now.wall_ms + life_ms
            } else {
                0
            },
            priority: if features.priorities {
                u8::try_from(scene.random.below(10)).unwrap_or(4)
            } else {
                4
            },
            producer: self.slot * PRODUCERS + producer,
            k: u8::try_from(scene.random.below(SELECTOR_VALUES)).unwrap_or(0),
            group: (features.groups && scene.random.percent(50))
                .then(|| scene.random.one_of(["g1", "g2", "g3"])),
            charge_bytes: 0,
            repeated: false,
            again: None,
            tx,
            told: Told::Nothing,
            order: address.ordered.then_some(order),
        }
    }

    fn message(
        &self,
        number: SendId,
        (fact, delay_ms): (&SendFact, Option<i64>),
        address: &Address,
        scene: &mut Scene<'_>,
    ) -> Option<Message> {
        let mut builder = MessageBuilder::new();
        builder.id(&message_id(number));
        builder.destination(address.destinations.iter().next()?);
        builder.persistent(fact.persistent);
        builder.priority(fact.priority);
        builder.timestamp_ms(scene.now.wall_ms);
        builder.expiration_ms(fact.expiration_ms);
        builder.property(SELECTED_PROPERTY, PropertyValue::Integer(i32::from(fact.k)));
        if let Some(group) = fact.group {
            builder.group_id(group);
            if scene.random.percent(5) {
                builder.group_sequence(-1);
            }
        }
        if scene.plan.features.sequences {
            builder.producer_sequence(&format!("p{}", fact.producer), number as u64);
        }
        if let Some(delay_ms) = delay_ms {
            builder.property("AMQ_SCHEDULED_DELAY", PropertyValue::Long(delay_ms));
        }
        let filling = scene.random.below(scene.plan.filling_max + 1);
        let filling = usize::try_from(filling).unwrap_or(0);
        builder.body(BodyKind::Bytes, body::write(number as u64, filling));
        builder.build(1024).ok()
    }
}

/// After how many milliseconds a message is to come. Only one that is sure to be kept until then,
/// and does not expire meanwhile.
fn delay(fact: &SendFact, address: &Address, scene: &mut Scene<'_>) -> Option<i64> {
    let queue = address.ordered
        && address
            .targets
            .iter()
            .all(|one| one.kind() == DestinationKind::Queue);
    let kept = fact.persistent && fact.expiration_ms == 0;
    let may = scene.plan.features.scheduled && queue && kept;
    (may && scene.random.percent(30))
        .then(|| i64::try_from(scene.random.between(0, 3000)).unwrap_or(0))
}

fn single(destination: Destination) -> Address {
    Address {
        targets: vec![destination.clone()],
        destinations: Destinations::One(destination),
        ordered: true,
    }
}

fn pattern(topics: bool, from: &[Destination]) -> Option<Address> {
    let (kind, name) = if topics {
        (DestinationKind::Topic, "T.>")
    } else {
        (DestinationKind::Queue, "Q.>")
    };
    let all = Destination::new(kind, name).ok()?;
    let matching = from
        .iter()
        .filter(|one| wildcard::matches(name, one.name()));
    Some(Address {
        targets: matching.cloned().collect(),
        destinations: Destinations::One(all),
        ordered: false,
    })
}
