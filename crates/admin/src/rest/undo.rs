//! `GET /api/undo` tells what can be undone; `POST /api/undo/{token}` undoes it.

use crate::gate::Actor;
use crate::listener::Peer;
use crate::reply::{json, refuse};
use crate::routes::House;
use crate::undo::{Whose, undo};
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use floodway_broker::undo::UndoView;
use serde::Serialize;

/// Something that can be undone.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    token: String,
    destination: String,
    #[serde(flatten)]
    whose: Whose,
    /// `true`: the queue or the subscription itself was deleted.
    deleted: bool,
    removed: u64,
    /// Of the removed messages those that can be put back.
    restorable: u64,
    bytes: u64,
    left_ms: u64,
}

impl From<UndoView> for Row {
    fn from(view: UndoView) -> Self {
        Self {
            token: view.token.to_string(),
            destination: view.destination.to_string(),
            whose: Whose::from(&view.what),
            deleted: view.is_deleted(),
            removed: view.removed,
            restorable: view.restorable,
            bytes: view.bytes,
            left_ms: view.left_ms,
        }
    }
}

/// The newest first.
pub(crate) async fn list(State(house): State<House>) -> Response {
    let undos = house.watched.broker.undos((house.watched.now)());
    json(&undos.into_iter().map(Row::from).collect::<Vec<_>>())
}

pub(crate) async fn put_back(
    State(house): State<House>,
    Extension(actor): Extension<Actor>,
    Extension(peer): Extension<Peer>,
    Path(token): Path<String>,
) -> Response {
    match undo(&house, (&actor, peer), &token).await {
        Ok(undone) => json(&undone),
        Err((status, reason)) => refuse(status, &reason),
    }
}
