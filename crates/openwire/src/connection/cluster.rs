//! Other brokers: what one says that connects to us, and what failover clients are told of them.
//!
//! A client gets the addresses in an order of its own where clients are to be spread, since it
//! goes to the first one. One that has just come again stays where it is: else clients would
//! wander for ever. ConnectionControl has these fields from version 6 on.

use super::conversation::{Conversation, Phase, Turn};
use crate::codec::Text;
use crate::generated::{BrokerInfo, ConnectionControl};
use crate::settings::Settings;
use floodway_message::selector::Pattern;
use floodway_message::session::{Command, PeerBroker};
use std::sync::Arc;

/// Longest address and name of a broker, in bytes.
const TEXT_BYTES_MAX: usize = 1024;
/// ConnectionControl can name brokers from this version on.
const CLUSTER_VERSION: u8 = 6;

/// What a connection knows of other brokers.
pub(super) struct Cluster {
    /// The client was connected before.
    pub(super) has_come_again: bool,
    /// Decides with which broker this client's list begins.
    serial: u64,
    /// The peer says that it is this broker; told when it is logged in.
    own: Option<PeerBroker>,
    known: Arc<[PeerBroker]>,
    /// The list that the client has.
    told: String,
}

impl Cluster {
    pub(super) fn new(serial: u64) -> Self {
        Self {
            has_come_again: false,
            serial,
            own: None,
            known: Arc::default(),
            told: String::new(),
        }
    }

    /// What a client is told with its login.
    pub(super) fn first(&mut self, settings: &Settings) -> ConnectionControl {
        self.told = self.list(settings);
        self.control(settings.rebalance_cluster_clients && !self.has_come_again)
    }

    /// Passes on what the peer said of itself, once it is logged in.
    pub(super) fn tell_core(&mut self, turn: &mut Turn<'_>) {
        turn.commands
            .extend(self.own.take().map(Command::PeerBroker));
    }

    fn control(&self, rebalance: bool) -> ConnectionControl {
        ConnectionControl {
            connected_brokers: Some(Text::new(&self.told)),
            rebalance_connection: rebalance,
            ..ConnectionControl::default()
        }
    }

    /// The addresses of all brokers, ours among them, with commas between.
    fn list(&self, settings: &Settings) -> String {
        if !settings.update_cluster_clients {
            return String::new();
        }
        let others = self.known.iter().filter(|one| is_told(one, settings));
        let others = others.map(|one| &*one.url);
        let mut urls: Vec<&str> = others.filter(|url| *url != &*settings.broker_url).collect();
        urls.insert(0, &settings.broker_url);
        if settings.rebalance_cluster_clients {
            let first = self.serial % urls.len() as u64;
            urls.rotate_left(usize::try_from(first).unwrap_or(0));
        }
        urls.join(",")
    }
}

fn is_told(broker: &PeerBroker, settings: &Settings) -> bool {
    let filter = &settings.update_cluster_filter;
    let is_meant = |pattern: &String| Pattern::is_whole(pattern, &broker.name).unwrap_or(false);
    (broker.connected || !settings.update_cluster_clients_on_remove)
        && (filter.is_empty() || filter.iter().any(is_meant))
}

impl Conversation {
    /// A BrokerInfo: the peer may be a broker that bridges to us.
    pub(super) fn introduced(&mut self, info: &BrokerInfo, turn: &mut Turn<'_>) {
        let text = |text: &Option<Text>| -> Option<Arc<str>> {
            let text = text.as_ref()?.to_str();
            (!text.is_empty() && text.len() <= TEXT_BYTES_MAX).then(|| text.as_ref().into())
        };
        let (Some(name), Some(url)) = (text(&info.broker_name), text(&info.broker_url)) else {
            return;
        };
        let is_one_url = |byte: u8| byte.is_ascii_graphic() && byte != b',';
        if !info.network_connection || !url.bytes().all(is_one_url) {
            return;
        }
        self.cluster.own = Some(PeerBroker {
            name,
            url,
            connected: true,
        });
        if self.phase == Phase::Connected {
            self.cluster.tell_core(turn);
        }
    }

    /// Tells a failover client, if the list is another than it has.
    pub(super) fn peers_changed(&mut self, brokers: Arc<[PeerBroker]>, turn: &mut Turn<'_>) {
        self.cluster.known = brokers;
        if self.phase != Phase::Connected || self.encoder.format().version < CLUSTER_VERSION {
            return;
        }
        let list = self.cluster.list(&self.settings);
        if list != self.cluster.told {
            self.cluster.told = list;
            let control = self
                .cluster
                .control(self.settings.rebalance_cluster_clients);
            self.put(&control, turn);
        }
    }
}
