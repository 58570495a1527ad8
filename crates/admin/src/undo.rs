//! Undo of purges and deletions, as the interface for programs and the console offer it: which
//! there are, and putting messages back, step by step, until all of that is safe.

use crate::clerk::Clerk;
use crate::gate::Actor;
use crate::listener::Peer;
use crate::routes::House;
use axum::http::StatusCode;
use floodway_broker::undo::{UndoError, UndoToken, UndoView};
use floodway_message::Destination;
use serde::Serialize;
use std::time::Duration;

/// What was put back.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Undone {
    pub(crate) token: String,
    pub(crate) destination: String,
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
    let deed = match &view {
        Some(view) if view.deleted => format!("deletion of {}", view.destination),
        Some(view) => format!("removal of messages from {}", view.destination),
        None => token.to_string(),
    };
    let (name, peer) = (&actor.name, peer.0);
    match done {
        Ok(Ok(put_back)) => {
            tracing::info!("user {name} at {peer} undid the {deed}: {put_back} messages put back");
            let view = view.as_ref();
            Ok(Undone {
                token: token.to_string(),
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

fn refusal(error: UndoError) -> Refusal {
    let status = match &error {
        UndoError::Unknown => StatusCode::NOT_FOUND,
        UndoError::Done { .. } | UndoError::Over { .. } | UndoError::GivenUp => StatusCode::GONE,
        UndoError::Unreadable(_) => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::CONFLICT,
    };
    (status, error.to_string())
}

/// What was removed from a destination since `visit` began and can be put back.
pub(crate) fn newest(house: &House, destination: &Destination, since_ms: u64) -> Option<UndoView> {
    let broker = &house.watched.broker;
    let mut now = (house.watched.now)();
    now.monotonic_ms = since_ms;
    let least_ms = broker.settings().undo_grace_ms;
    let all = broker.undos(now).into_iter();
    let mut own = all.filter(|one| one.destination == *destination && one.left_ms >= least_ms);
    own.next()
}
