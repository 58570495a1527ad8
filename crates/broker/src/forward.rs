//! Virtual destinations: what is sent to one destination goes to others, too, or only.
//!
//! A virtual topic feeds the queues that exist and are named after it, so that each is a
//! subscription with many consumers; a composite destination forwards to those that it lists.
//! Forwarding happens where a send is spread over its targets, as for composite names, and is part
//! of the same operation.

use crate::broker::Broker;
use crate::destination::Node;
use crate::selection::Selection;
use crate::settings::VirtualDestination;
use crate::turn::Turn;
use floodway_message::session::{Failure, FailureKind};
use floodway_message::{Destination, DestinationKind, Message, wildcard};
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Most composite destinations in a row: more is a circle.
const DEPTH_MAX: usize = 8;

/// Where sends to a destination go besides.
#[derive(Debug)]
pub(crate) struct Forwards {
    rule: VirtualDestination,
    /// Queues of a virtual topic, and the generation of destinations when they were looked up.
    queues: Mutex<(u64, Arc<[Node]>)>,
}

impl Forwards {
    /// `None` for an ordinary destination.
    pub(crate) fn of(rules: &[VirtualDestination], destination: &Destination) -> Option<Self> {
        let kind = destination.kind();
        let rule = rules.iter().find(|rule| match rule {
            VirtualDestination::Topic { pattern, .. } => {
                kind == DestinationKind::Topic
                    && !destination.name().starts_with("ActiveMQ.Advisory.")
                    && wildcard::matches(pattern, destination.name())
            }
            VirtualDestination::Composite {
                destination: pattern,
                ..
            } => kind == pattern.kind() && wildcard::matches(pattern.name(), destination.name()),
        })?;
        Some(Self {
            rule: rule.clone(),
            queues: Mutex::new((0, Arc::new([]))),
        })
    }

    fn keeps_own(&self) -> bool {
        match &self.rule {
            VirtualDestination::Topic { .. } => true,
            VirtualDestination::Composite { forward_only, .. } => !forward_only,
        }
    }

    fn targets(
        &self,
        (own, message): (&Destination, &Message),
        turn: &mut Turn<'_>,
    ) -> Result<Vec<Node>, Failure> {
        match &self.rule {
            VirtualDestination::Topic {
                prefix, postfix, ..
            } => {
                let pattern = format!("{prefix}{}{postfix}", own.name());
                Ok(self.queues(&pattern, turn.broker).to_vec())
            }
            VirtualDestination::Composite { forward_to, .. } => {
                let selection = Selection::new(message, 0);
                let wanted = forward_to
                    .iter()
                    .filter(|one| one.filter.passes(&selection));
                wanted
                    .map(|one| turn.broker.node(&one.destination, turn))
                    .collect()
            }
        }
    }

    /// The existing queues of a pattern, looked up again when destinations came or went.
    fn queues(&self, pattern: &str, broker: &Broker) -> Arc<[Node]> {
        let generation = broker.generation.load(Ordering::Acquire);
        let mut known = self.queues.lock();
        if known.0 != generation {
            let pattern = Destination::new(DestinationKind::Queue, pattern);
            let found = pattern.map(|pattern| broker.matching(&pattern));
            *known = (generation, found.unwrap_or_default().into());
        }
        Arc::clone(&known.1)
    }
}

/// Appends a message for a node, or what becomes of it there.
pub(crate) fn spread(
    node: Node,
    message: Message,
    sends: &mut Vec<(Node, Message)>,
    turn: &mut Turn<'_>,
) -> Result<(), Failure> {
    spread_on(node, message, sends, (turn, 0))
}

fn spread_on(
    node: Node,
    message: Message,
    sends: &mut Vec<(Node, Message)>,
    (turn, depth): (&mut Turn<'_>, usize),
) -> Result<(), Failure> {
    let Some(forwards) = node.forwards() else {
        sends.push((node, message));
        return Ok(());
    };
    let own = node.destination();
    if depth >= DEPTH_MAX {
        let text = format!("{own} forwards in a circle, or more than {DEPTH_MAX} times in a row");
        return Err(Failure::new(FailureKind::Destination, text));
    }
    for target in forwards.targets((own, &message), turn)? {
        let copy = forwarded(&message, own, target.destination())?;
        if target.is(&node) {
            sends.push((target, copy));
        } else {
            spread_on(target, copy, sends, (turn, depth + 1))?;
        }
    }
    if forwards.keeps_own() {
        sends.push((node.clone(), message));
    }
    Ok(())
}

fn forwarded(message: &Message, from: &Destination, to: &Destination) -> Result<Message, Failure> {
    let mut builder = message.rebuild();
    builder.original_destination(from).destination(to);
    builder
        .build(0)
        .map_err(|error| Failure::new(FailureKind::Invalid, error.to_string()))
}
