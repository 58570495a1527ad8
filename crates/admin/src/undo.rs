//! Undo of purges, deletions and removals, as the interface for programs and the console offer it: which
//! there are, and putting messages back, step by step, until all of that is safe.

use crate::clerk::Clerk;
use crate::gate::Actor;
use crate::listener::Peer;
use crate::routes::House;
use axum::http::StatusCode;
use floodway_broker::undo::{Removed, UndoError, UndoToken, UndoView};
use serde::Serialize;
use std::time::Duration;

/// What was removed, and whose it was.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Whose {
    what: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subscription: Option<String>,
}

impl From<&Removed> for Whose {
    fn from(what: &Removed) -> Self {
        let (what, durable) = match what {
            Removed::Messages => ("messages", None),
            Removed::Queue => ("queue", None),
            Removed::Durable { client_id, name } => ("subscription", Some((client_id, name))),
            Removed::Jobs => ("jobs", None),
        };
        Self {
            what,
            client_id: durable.map(|(client_id, _)| client_id.to_string()),
            subscription: durable.map(|(_, name)| name.to_string()),
        }
    }
}

/// What was put back.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Undone {
    pub(crate) token: String,
    pub(crate) destination: String,
    #[serde(flatten)]
    whose: Whose,
    #[serde(skip)]
    pub(crate) what: Removed,
    /// Messages that were removed.
    pub(crate) removed: u64,
    /// Messages that are there again.
    pub(crate) put_back: u64,
}

/// Why nothing, or not all, was put back.
pub(crate) type Refusal = (StatusCode, String);

/// Undoes, and tells the log who did.
///
/// # Errors
/// When it is not possible (any more), or not now.
pub(crate) async fn undo(
    house: &House,
    (actor, peer): (&Actor, Peer),
    token: &str,
) -> Result<Undone, Refusal> {
    let token: UndoToken = token.parse().map_err(refusal)?;
    let now = (house.watched.now)();
    let view = house.watched.broker.undo(token, now);
    let mut clerk = Clerk::new(&house.watched);
    let limit = Duration::from_millis(house.settings.operation_ms);
    let done = tokio::time::timeout(limit, clerk.put_back(token)).await;
    let deed = view.as_ref().map_or_else(|| token.to_string(), deed);
    let (name, peer) = (&actor.name, peer.0);
    match done {
        Ok(Ok(put_back)) => {
            tracing::info!("user {name} at {peer} undid the {deed}: {put_back} messages put back");
            let view = view.as_ref();
            let what = view.map_or(Removed::Messages, |one| one.what.clone());
            Ok(Undone {
                token: token.to_string(),
                whose: Whose::from(&what),
                what,
                destination: view.map_or_else(String::new, |one| one.destination.to_string()),
                removed: view.map_or(put_back, |one| one.removed),
                put_back,
            })
        }
        Ok(Err(error)) => {
            tracing::info!("user {name} at {peer} asked to undo the {deed}: {error}");
            Err(refusal(error))
        }
        Err(_) => {
            let reason = "it was given up because it took too long; what was put back stays, so \
                          undo again to go on";
            Err((StatusCode::GATEWAY_TIMEOUT, reason.to_owned()))
        }
    }
}

/// What was done, in words.
pub(crate) fn deed(view: &UndoView) -> String {
    match &view.what {
        Removed::Messages => format!("removal of messages from {}", view.destination),
        Removed::Queue => format!("deletion of {}", view.destination),
        Removed::Durable { client_id, name } => {
            format!("removal of durable subscription {name} of {client_id}")
        }
        Removed::Jobs => "removal of scheduled messages".to_owned(),
    }
}

fn refusal(error: UndoError) -> Refusal {
    let status = match &error {
        UndoError::Unknown => StatusCode::NOT_FOUND,
        UndoError::Done { .. } | UndoError::Over { .. } | UndoError::GivenUp => StatusCode::GONE,
        UndoError::Unreadable(_) => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::CONFLICT,
    };
    (status, error.to_string())
}

/// What was removed since a time and can be put back.
pub(crate) fn newest(
    house: &House,
    since_ms: u64,
    is_meant: impl Fn(&UndoView) -> bool,
) -> Option<UndoView> {
    let broker = &house.watched.broker;
    let mut now = (house.watched.now)();
    now.monotonic_ms = since_ms;
    let least_ms = broker.settings().undo_grace_ms;
    let all = broker.undos(now).into_iter();
    let mut own = all.filter(|one| one.left_ms >= least_ms && is_meant(one));
    own.next()
}
