//! CONNECT (or STOMP), CONNECTED and DISCONNECT.
//!
//! The highest version that the client accepts is chosen; a client that names none speaks 1.0.
//! The client is logged in when the core says so.

use super::conversation::{Conversation, Phase, Turn};
use super::receipt::{Pending, Receipt};
use crate::codec::encode::{END, put_header};
use crate::codec::{Escaping, Frame, Headers, Version, number};
use crate::error::{StompError, shown};
use crate::settings::{HeartBeat, Settings};
use floodway_message::session::{Command, Connect, Secret};
use std::sync::Arc;

impl Conversation {
    pub(super) fn connect(
        &mut self,
        frame: &Frame<'_>,
        turn: &mut Turn<'_>,
    ) -> Result<(), StompError> {
        if self.phase != Phase::Fresh {
            return Err(StompError::AlreadyConnected);
        }
        let headers = frame.headers;
        let version = version(headers)?;
        let beat = heart_beat(headers, &self.settings)?;
        let text = |name| headers.text(name).map(|text| Arc::<str>::from(&*text));
        if let Some(client_id) = text("client-id") {
            self.client_id = client_id;
        }
        self.version = version;
        self.heart_beat = beat;
        self.phase = Phase::Connecting;
        let echoed = headers.raw("request-id").or_else(|| headers.raw("receipt"));
        let echoed = echoed.map(|raw| Receipt::new(raw, Escaping::None, Escaping::None));
        turn.commands.push(Command::Connect(Box::new(Connect {
            client_id: Arc::clone(&self.client_id),
            user: text("login"),
            password: text("passcode").map(Secret),
            protocol: version.title(),
            resends: false,
            session: None,
            introduction: None,
            reply: self.replies.open(Pending::Connect(echoed)),
        })));
        Ok(())
    }

    /// Writes CONNECTED.
    pub(super) fn connected(&mut self, echoed: Option<&Receipt>, turn: &mut Turn<'_>) {
        let out = turn.output.buffer();
        out.extend_from_slice(b"CONNECTED\n");
        put_header(
            out,
            Escaping::None,
            b"server:",
            self.settings.server.as_bytes(),
        );
        out.extend_from_slice(b"heart-beat:");
        number::put_u64(out, self.heart_beat.send_ms);
        out.extend_from_slice(b",");
        number::put_u64(out, self.heart_beat.receive_ms);
        out.extend_from_slice(b"\n");
        put_header(out, Escaping::None, b"session:", self.client_id.as_bytes());
        put_header(
            out,
            Escaping::None,
            b"version:",
            self.version.number().as_bytes(),
        );
        if let Some(id) = echoed {
            put_header(out, Escaping::None, b"response-id:", id.escaped());
            put_header(out, Escaping::None, b"receipt-id:", id.escaped());
        }
        out.extend_from_slice(b"\n");
        out.extend_from_slice(END);
        self.phase = Phase::Connected;
        self.heart.start(turn.now, self.heart_beat, &self.settings);
    }

    pub(super) fn disconnect(&mut self, frame: &Frame<'_>, turn: &mut Turn<'_>) {
        let receipt = self.receipt(frame.headers);
        let reply = self.replies.open(Pending::Disconnect(receipt));
        turn.commands
            .push(Command::Disconnect { reply: Some(reply) });
        self.phase = Phase::Leaving;
    }
}

fn version(headers: Headers<'_>) -> Result<Version, StompError> {
    let Some(accepted) = headers.raw("accept-version") else {
        return Ok(Version::V1_0);
    };
    let known = [Version::V1_2, Version::V1_1, Version::V1_0];
    let mut offered = accepted.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    let offers = |version: &Version| {
        let number = version.number().as_bytes();
        offered.clone().any(|offer| offer == number)
    };
    let chosen = known.into_iter().find(offers);
    // An empty header asks for nothing in particular.
    let chosen = chosen.or_else(|| offered.all(<[u8]>::is_empty).then_some(Version::V1_0));
    chosen.ok_or_else(|| StompError::Version {
        accepted: shown(accepted),
    })
}

fn heart_beat(headers: Headers<'_>, settings: &Settings) -> Result<HeartBeat, StompError> {
    let Some(value) = headers.raw("heart-beat") else {
        return Ok(settings.heart_beat_default);
    };
    let mut parts = value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    let agreed = match (parts.next(), parts.next(), parts.next()) {
        (Some(client), Some(server), None) => {
            number::parse_u64(client).zip(number::parse_u64(server))
        }
        _ => None,
    };
    let Some((receive_ms, send_ms)) = agreed else {
        let value = shown(value);
        return Err(StompError::HeartBeat { value });
    };
    let send_ms = match send_ms {
        0 => 0,
        asked => asked.max(settings.heart_beat_ms_min),
    };
    Ok(HeartBeat {
        receive_ms,
        send_ms,
    })
}
