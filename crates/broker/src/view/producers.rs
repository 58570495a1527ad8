//! Producers that their clients told of, as far as advisories keep them.

use crate::broker::Broker;
use floodway_message::Destination;
use floodway_message::session::ProducerId;
use std::sync::Arc;

/// A producer.
#[derive(Debug, Clone)]
pub struct ProducerView {
    /// Its connection.
    pub connection: u64,
    /// Its number there.
    pub producer: ProducerId,
    /// Its id in the words of its protocol.
    pub id: Arc<str>,
    /// Where it sends to; none if it says so with each message.
    pub destinations: Vec<Destination>,
}

impl Broker {
    /// All producers that were introduced, by connection; none while advisories are off, and
    /// those without a destination only if `anonymousProducerAdvisorySupport` is on.
    pub fn producers(&self) -> Vec<ProducerView> {
        let known = self.advisories.producers();
        known
            .into_iter()
            .map(|((connection, producer), facts)| ProducerView {
                connection,
                producer,
                id: Arc::clone(&facts.introduction.id),
                destinations: facts.destinations.clone(),
            })
            .collect()
    }
}
