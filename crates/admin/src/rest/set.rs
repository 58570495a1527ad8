//! `POST /api/set`: changes of a running broker. They last until its next start.

use crate::gate::Actor;
use crate::listener::Peer;
use crate::reply::{json, refuse};
use crate::routes::House;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use floodway_broker::live::{SetError, Setting};
use floodway_message::Destination;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// What `target` says for the broker itself.
const BROKER: &str = "broker";

/// What is asked for: `{"target":"queue://X","memoryLimit":"2mb","useCache":true}`.
#[derive(Debug, Deserialize)]
pub(crate) struct Change {
    /// `broker`, or a destination: `queue://X`.
    target: String,
    /// Settings by their names; the broker knows which there are.
    #[serde(flatten)]
    settings: BTreeMap<String, Given>,
}

/// A value, however it is written.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Given {
    Truth(bool),
    Number(u64),
    Text(String),
}

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truth(value) => value.fmt(f),
            Self::Number(value) => value.fmt(f),
            Self::Text(value) => value.fmt(f),
        }
    }
}

/// What was done.
#[derive(Debug, Serialize)]
pub(crate) struct Done {
    target: String,
    changed: Vec<Row>,
}

/// A setting.
#[derive(Debug, Serialize)]
struct Row {
    name: &'static str,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<String>,
    /// What it takes, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
}

/// `GET /api/settings?target=`: everything that can be set, as it is.
pub(crate) async fn settings(State(house): State<House>, Query(asked): Query<Asked>) -> Response {
    let found = target_of(&asked.target).and_then(|target| {
        let found = house.watched.broker.settings_of(target.as_ref());
        found.ok_or_else(|| no_destination(&asked.target))
    });
    match found {
        Ok(found) => {
            let row = |one: Setting| Row {
                name: one.name,
                value: one.value,
                before: None,
                kind: Some(one.kind.to_string()),
            };
            json(&found.into_iter().map(row).collect::<Vec<_>>())
        }
        Err((status, reason)) => refuse(status, &reason),
    }
}

/// Whose settings are asked for.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    target: String,
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
                "{error}; send for example {{\"target\":\"queue://X\",\"memoryLimit\":\"2mb\"}}"
            );
            return refuse(StatusCode::BAD_REQUEST, &reason);
        }
    };
    match apply(&house, (&actor, peer), &change) {
        Ok(done) => json(&done),
        Err((status, reason)) => refuse(status, &reason),
    }
}

/// Makes a change and tells the log who did.
pub(crate) fn apply(
    house: &House,
    (actor, peer): (&Actor, Peer),
    change: &Change,
) -> Result<Done, (StatusCode, String)> {
    let target = target_of(&change.target)?;
    if change.settings.is_empty() {
        let reason = "nothing is to be set; name a setting, such as memoryLimit".to_owned();
        return Err((StatusCode::BAD_REQUEST, reason));
    }
    let texts: Vec<(&str, String)> = change
        .settings
        .iter()
        .map(|(name, given)| (name.as_str(), given.to_string()))
        .collect();
    let asked: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, &**text)).collect();
    let now = (house.watched.now)();
    let broker = &house.watched.broker;
    let changed = broker.set(target.as_ref(), &asked, now).map_err(|error| {
        let status = match error {
            SetError::NoDestination { .. } => StatusCode::NOT_FOUND,
            _ => StatusCode::BAD_REQUEST,
        };
        (status, error.to_string())
    })?;
    for one in &changed {
        tracing::info!(
            "user {} at {} set {} of {} to {} (it was {})",
            actor.name,
            peer.0,
            one.name,
            change.target.escape_debug(),
            one.value,
            one.before
        );
    }
    let row = |one: Setting| Row {
        name: one.name,
        value: one.value,
        before: Some(one.before),
        kind: None,
    };
    Ok(Done {
        target: change.target.clone(),
        changed: changed.into_iter().map(row).collect(),
    })
}

fn target_of(name: &str) -> Result<Option<Destination>, (StatusCode, String)> {
    if name == BROKER {
        return Ok(None);
    }
    let parsed = Destination::parse(name);
    parsed
        .map(Some)
        .map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))
}

fn no_destination(name: &str) -> (StatusCode, String) {
    (
        StatusCode::NOT_FOUND,
        format!("there is no destination {name}"),
    )
}
