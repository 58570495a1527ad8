//! WireFormatInfo, ConnectionInfo, and what the broker tells of itself.

use super::conversation::{Answer, Ask, Conversation, Phase, Turn};
use super::heart::Beat;
use super::reply::Pending;
use crate::codec::{Encoder, Offer, Text};
use crate::convert::advisory;
use crate::error::OpenWireError;
use crate::generated::{BrokerId, BrokerInfo, ConnectionInfo, KeepAliveInfo, WireFormatInfo};
use floodway_message::session::{Command, Connect, ConnectionEnd, Secret};
use floodway_message::{Now, Output};
use std::sync::Arc;

impl Conversation {
    /// Our WireFormatInfo, once.
    pub(super) fn greet(&mut self, output: &mut Output) {
        if !std::mem::replace(&mut self.greeted, true) {
            self.encoder.put(&self.settings.offer().info(), output);
        }
    }

    pub(super) fn negotiate(
        &mut self,
        info: &WireFormatInfo,
        turn: &mut Turn<'_>,
    ) -> Result<Answer, OpenWireError> {
        if self.agreement.is_some() {
            return Err(OpenWireError::NegotiatedTwice);
        }
        let offer = Offer::of(info)?;
        let agreement = self
            .settings
            .offer()
            .agree(&offer, self.settings.version_min)?;
        self.encoder = Encoder::new(agreement.format);
        self.agreement = Some(agreement);
        self.phase = Phase::Negotiated;
        let (silence, initial) = (agreement.inactivity_ms, agreement.inactivity_initial_ms);
        self.heart.start(turn.now, silence, initial);
        let told = self.broker_info();
        self.put(&told, turn);
        Ok(Answer::Now)
    }

    fn broker_info(&self) -> BrokerInfo {
        BrokerInfo {
            broker_id: Some(self.broker_id()),
            broker_name: Some(Text::new(&self.settings.broker_name)),
            broker_url: Some(Text::new(&self.settings.broker_url)),
            ..BrokerInfo::default()
        }
    }

    fn broker_id(&self) -> BrokerId {
        let value = Text::new(&self.settings.broker_id());
        BrokerId { value: Some(value) }
    }

    /// Longest frame from now on: ours, or the client's if that is shorter.
    pub(super) fn frame_bytes_max(&self) -> usize {
        let agreed = self
            .agreement
            .and_then(|agreement| agreement.frame_bytes_max);
        let agreed = agreed.and_then(|limit| usize::try_from(limit).ok());
        agreed.map_or(self.settings.frame_bytes_max, |limit| {
            limit.min(self.settings.frame_bytes_max)
        })
    }

    pub(super) fn connect(
        &mut self,
        info: &ConnectionInfo,
        ask: Ask,
        turn: &mut Turn<'_>,
    ) -> Result<Answer, OpenWireError> {
        if self.phase != Phase::Negotiated {
            return Err(OpenWireError::SecondConnection);
        }
        let text =
            |text: &Option<Text>| text.as_ref().map(|text| Arc::<str>::from(&*text.to_str()));
        let client_id = text(&info.client_id).filter(|id| !id.is_empty());
        let client_id = client_id.ok_or(OpenWireError::NoClientId)?;
        let connection_id = info.connection_id.as_ref().and_then(|id| id.value.as_ref());
        let connection_id = connection_id.ok_or(OpenWireError::Missing {
            what: "connectionId",
        })?;
        self.connection_id = Some(connection_id.detached());
        self.fault_tolerant = info.fault_tolerant || info.failover_reconnect;
        self.cluster.has_come_again = info.failover_reconnect;
        self.phase = Phase::Connecting;
        let shown = ConnectionInfo {
            password: None,
            ..info.clone()
        };
        turn.commands.push(Command::Connect(Box::new(Connect {
            client_id,
            user: text(&info.user_name),
            password: text(&info.password.as_ref().map(|secret| secret.0.clone())).map(Secret),
            protocol: "OpenWire",
            resends: self.fault_tolerant,
            session: Some(connection_id.to_str().as_ref().into()),
            introduction: advisory::introduction(&connection_id.to_str(), &shown),
            reply: self.replies.open(Pending::Connect(ask, info.manageable)),
        })));
        Ok(Answer::Later)
    }

    /// The core has let the client in.
    pub(super) fn connected(&mut self, ask: Ask, manageable: bool, turn: &mut Turn<'_>) {
        self.phase = Phase::Connected;
        if manageable {
            let control = self.cluster.first(&self.settings);
            self.put(&control, turn);
        }
        self.cluster.tell_core(turn);
        self.respond(ask, turn);
    }

    pub(super) fn tick_heart(
        &mut self,
        now: Now,
        output: &mut Output,
    ) -> Result<Option<u64>, ConnectionEnd> {
        Ok(match self.heart.tick(now)? {
            Beat::Due(next) => {
                self.encoder.put(&KeepAliveInfo::default(), output);
                Some(next)
            }
            Beat::At(next) => Some(next),
            Beat::Never => None,
        })
    }
}
