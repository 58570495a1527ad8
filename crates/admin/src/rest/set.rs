//! `POST /api/set`: changes of a running broker. They last until its next start, or with `persist`
//! for good: then they are written into its configuration file first, and not made at all when
//! that fails.

use crate::gate::Actor;
use crate::listener::Peer;
use crate::reply::{json, refuse};
use crate::routes::House;
use crate::{ConfigurationFile, PersistentChange, Written};
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
use tokio::task::spawn_blocking;

/// What is said of a panic, which is in the log.
pub(crate) const BUG: &str = "this met a bug in the broker; please report it";
/// What `target` says for the broker itself.
const BROKER: &str = "broker";

/// What is asked for: `{"target":"queue://X","memoryLimit":"2mb","useCache":true}`.
#[derive(Debug, Deserialize)]
pub(crate) struct Change {
    /// `broker`, or a destination: `queue://X`.
    target: String,
    /// `true` writes the change into the configuration file as well.
    persist: Option<Given>,
    /// Settings by their names; the broker knows which there are.
    #[serde(flatten)]
    settings: BTreeMap<String, Given>,
}

impl Change {
    /// Of one setting, its value as a text.
    pub(crate) fn of_one(target: &str, (setting, value): (&str, &str), persist: bool) -> Self {
        Self {
            target: target.to_owned(),
            persist: Some(Given::Truth(persist)),
            settings: BTreeMap::from([(setting.to_owned(), Given::Text(value.to_owned()))]),
        }
    }
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
    /// Where it was written, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    persisted: Option<Written>,
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
    // Writing a file takes its time; the other requests go on.
    let made = spawn_blocking(move || apply(&house, (&actor, peer), &change)).await;
    match made {
        Ok(Ok(done)) => json(&done),
        Ok(Err((status, reason))) => refuse(status, &reason),
        Err(_) => refuse(StatusCode::INTERNAL_SERVER_ERROR, BUG),
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
    let (changed, persisted) = make(house, (target.as_ref(), &asked), change.persists()?)?;
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
    if let Some(written) = &persisted {
        tracing::info!(
            "user {} at {} had it written: {}:{}: {}; as before in {}",
            actor.name,
            peer.0,
            written.file,
            written.line,
            written.how,
            written.backup
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
        persisted,
    })
}

impl Change {
    fn persists(&self) -> Result<bool, (StatusCode, String)> {
        match self.persist.as_ref().map(ToString::to_string).as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => {
                let reason = "persist is true or false".to_owned();
                Err((StatusCode::BAD_REQUEST, reason))
            }
        }
    }
}

/// What was changed, and where it was written.
type Made = (Vec<Setting>, Option<Written>);

/// Makes a change, and writes it if it `persists`.
fn make(
    house: &House,
    (target, asked): (Option<&Destination>, &[(&str, &str)]),
    persists: bool,
) -> Result<Made, (StatusCode, String)> {
    let now = (house.watched.now)();
    let broker = &house.watched.broker;
    if !persists {
        let changed = broker.set(target, asked, now).map_err(not_settable)?;
        return Ok((changed, None));
    }
    broker.check(target, asked).map_err(not_settable)?;
    let change = PersistentChange { target, asked, now };
    let made = file_of(house)?.persist(broker, &change);
    let made = made.map_err(|refusal| (StatusCode::CONFLICT, refusal.reason))?;
    Ok((made.changed, Some(made.written)))
}

fn not_settable(error: SetError) -> (StatusCode, String) {
    let status = match error {
        SetError::NoDestination { .. } => StatusCode::NOT_FOUND,
        _ => StatusCode::BAD_REQUEST,
    };
    (status, error.to_string())
}

/// The file behind the broker.
pub(crate) fn file_of(house: &House) -> Result<&dyn ConfigurationFile, (StatusCode, String)> {
    house.settings.configuration.as_deref().ok_or_else(|| {
        let reason = "the broker was not started with a configuration file; start it with \
                      --config FILE";
        (StatusCode::CONFLICT, reason.to_owned())
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
