//! `GET /api/reload` tells what the configuration file would change if it was read again;
//! `POST /api/reload` changes exactly that.

use super::set::{BUG, file_of};
use crate::gate::Actor;
use crate::listener::Peer;
use crate::reply::{json, refuse};
use crate::routes::House;
use crate::{Difference, Reload};
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use tokio::task::spawn_blocking;

/// How it is to be shown.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Shown {
    /// What was set while the broker ran stays where the file did not change.
    keep_live: bool,
}

/// What was shown.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Asked {
    token: String,
    #[serde(default)]
    keep_live: bool,
}

/// A difference, or why there is none.
type Answer = Result<Difference, (StatusCode, String)>;

pub(crate) async fn show(State(house): State<House>, Query(shown): Query<Shown>) -> Response {
    answer(move || {
        let broker = &house.watched.broker;
        let found = file_of(&house)?.difference(broker, shown.keep_live);
        found.map_err(|refusal| (StatusCode::CONFLICT, refusal.reason))
    })
    .await
}

pub(crate) async fn apply(
    State(house): State<House>,
    Extension(actor): Extension<Actor>,
    Extension(peer): Extension<Peer>,
    body: Bytes,
) -> Response {
    let asked: Asked = match serde_json::from_slice(&body) {
        Ok(asked) => asked,
        Err(error) => {
            let reason = format!("{error}; send {{\"token\": …}} as GET /api/reload gives it");
            return refuse(StatusCode::BAD_REQUEST, &reason);
        }
    };
    answer(move || {
        let now = (house.watched.now)();
        let reload = Reload {
            token: &asked.token,
            keep_live: asked.keep_live,
        };
        let made = file_of(&house)?.reload(&house.watched.broker, &reload, now);
        let made = made.map_err(|refusal| (StatusCode::CONFLICT, refusal.reason))?;
        tracing::info!(
            "user {} at {} had {} read again: {} policy entries and {} limits changed",
            actor.name,
            peer.0,
            made.file,
            made.entries.len(),
            made.broker.len()
        );
        Ok(made)
    })
    .await
}

/// Files are read on a thread of their own, so that other requests go on.
async fn answer(work: impl FnOnce() -> Answer + Send + 'static) -> Response {
    match spawn_blocking(work).await {
        Ok(Ok(difference)) => json(&difference),
        Ok(Err((status, reason))) => refuse(status, &reason),
        Err(_) => refuse(StatusCode::INTERNAL_SERVER_ERROR, BUG),
    }
}
