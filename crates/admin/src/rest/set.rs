//! `POST /api/set`: changes of a running broker. They last until its next start.

use crate::gate::Actor;
use crate::listener::Peer;
use crate::reply::{json, refuse};
use crate::routes::House;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use floodway_message::Destination;
use serde::{Deserialize, Serialize};

/// What `target` says for the broker's own limit.
const BROKER: &str = "broker";
/// Greatest limit; more is a mistake of the unit.
const LIMIT_BYTES_MAX: u64 = 1 << 50;

/// What is asked for.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Change {
    /// `broker`, or a destination: `queue://X`.
    target: String,
    /// Bytes; 0 is none of its own.
    memory_limit: u64,
}

pub(crate) async fn set(
    State(house): State<House>,
    Extension(actor): Extension<Actor>,
    Extension(peer): Extension<Peer>,
    body: Bytes,
) -> Response {
    let change: Change = match serde_json::from_slice(&body) {
        Ok(change) => change,
        Err(error) => {
            let reason = format!(
                "{error}; send for example {{\"target\":\"queue://X\",\"memoryLimit\":1048576}}"
            );
            return refuse(StatusCode::BAD_REQUEST, &reason);
        }
    };
    match apply(&house, (&actor, peer), &change) {
        Ok(()) => json(&change),
        Err((status, reason)) => refuse(status, &reason),
    }
}

/// Makes a change and tells the log who did.
pub(crate) fn apply(
    house: &House,
    (actor, peer): (&Actor, Peer),
    change: &Change,
) -> Result<(), (StatusCode, String)> {
    if change.memory_limit > LIMIT_BYTES_MAX {
        let reason = format!("a memory limit has at most {LIMIT_BYTES_MAX} bytes");
        return Err((StatusCode::BAD_REQUEST, reason));
    }
    let destination = if change.target == BROKER {
        None
    } else {
        let parsed = Destination::parse(&change.target);
        Some(parsed.map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))?)
    };
    let now = (house.watched.now)();
    let broker = &house.watched.broker;
    if !broker.set_memory_limit(destination.as_ref(), change.memory_limit, now) {
        let reason = format!("there is no destination {}", change.target);
        return Err((StatusCode::NOT_FOUND, reason));
    }
    tracing::info!(
        "user {} at {} set memoryLimit of {} to {} bytes",
        actor.name,
        peer.0,
        change.target.escape_debug(),
        change.memory_limit
    );
    Ok(())
}
