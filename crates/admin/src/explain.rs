//! `GET /api/explain` and `GET /api/blocked`: what is blocked, why, and what would help.
//!
//! The explanation is made by the core; this gives it names for programs, or its text for people.

use crate::reply::{json, refuse, text};
use crate::rest::Asked;
use crate::rest::connections::{Connection, Consumer};
use crate::rest::destinations::Policy;
use crate::routes::House;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use floodway_broker::explain::{Blockage, Cause, Explanation, Remedy};
use floodway_broker::view::{BlockedView, HolderView, LimitView};
use floodway_message::Destination;
use serde::Serialize;

/// A limit that is reached.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Limit {
    /// `memory`, `store`, `temp` or `congested`.
    kind: &'static str,
    /// Whose memory; `null` for the broker's.
    destination: Option<String>,
    /// Of the broker's memory, only the part that is for producers, percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    portion_percent: Option<u32>,
    used_bytes: u64,
    limit_bytes: u64,
}

impl From<&LimitView> for Limit {
    fn from(view: &LimitView) -> Self {
        let limit = |kind, used_bytes: &u64, limit_bytes: &u64| Self {
            kind,
            destination: None,
            portion_percent: None,
            used_bytes: *used_bytes,
            limit_bytes: *limit_bytes,
        };
        match view {
            LimitView::Memory {
                destination,
                portion_percent,
                used_bytes,
                limit_bytes,
            } => Self {
                destination: destination.as_ref().map(ToString::to_string),
                portion_percent: *portion_percent,
                ..limit("memory", used_bytes, limit_bytes)
            },
            LimitView::Store {
                used_bytes,
                limit_bytes,
            } => limit("store", used_bytes, limit_bytes),
            LimitView::Temp {
                used_bytes,
                limit_bytes,
            } => limit("temp", used_bytes, limit_bytes),
            LimitView::Jobs {
                used_bytes,
                limit_bytes,
            } => limit("jobs", used_bytes, limit_bytes),
            LimitView::Congested => limit("congested", &0, &0),
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Blocked {
    connection: Connection,
    /// `null` for a commit, or a send to several destinations.
    producer: Option<String>,
    destination: String,
    limit: Limit,
    blocked_ms: u64,
    sends: usize,
    bytes: usize,
    policy: Policy,
}

impl From<&BlockedView> for Blocked {
    fn from(view: &BlockedView) -> Self {
        Self {
            connection: (&view.connection).into(),
            producer: view.producer.as_ref().map(ToString::to_string),
            destination: view.destination.to_string(),
            limit: (&view.limit).into(),
            blocked_ms: view.blocked_ms,
            sends: view.sends,
            bytes: view.bytes,
            policy: (&view.policy).into(),
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Holder {
    destination: String,
    bytes: u64,
    pending: u64,
    in_flight: usize,
    /// When all its messages will have gone, at the rate at which they go now.
    gone_in_ms: Option<u64>,
    consumers: Vec<Consumer>,
    policy: Policy,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Reason {
    kind: &'static str,
    destination: Option<String>,
    consumer: Option<Consumer>,
    /// For people.
    text: String,
}

impl From<&Cause> for Reason {
    fn from(cause: &Cause) -> Self {
        Self {
            kind: cause.name(),
            destination: cause.destination().map(ToString::to_string),
            consumer: cause.consumer().map(Consumer::from),
            text: cause.to_string(),
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Help {
    advice: String,
    xml: Option<String>,
    command: Option<String>,
    /// Body for `POST /api/set`.
    set: Option<Set>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Set {
    target: String,
    memory_limit: u64,
}

impl From<&Remedy> for Help {
    fn from(remedy: &Remedy) -> Self {
        let set = |(destination, memory_limit): &(Option<Destination>, u64)| Set {
            target: destination
                .as_ref()
                .map_or_else(|| "broker".into(), ToString::to_string),
            memory_limit: *memory_limit,
        };
        Self {
            advice: remedy.advice.clone(),
            xml: remedy.xml.clone(),
            command: remedy.command.clone(),
            set: remedy.memory_limit.as_ref().map(set),
        }
    }
}

#[derive(Debug, Serialize)]
struct Explained {
    limit: Limit,
    blocked: Vec<Blocked>,
    holders: Vec<Holder>,
    causes: Vec<Reason>,
    remedies: Vec<Help>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    /// All blocked producers, those that are not listed included.
    blocked_producers: usize,
    limits: Vec<Explained>,
}

fn answer(explanation: &Explanation, rows_max: usize) -> Answer {
    let explained = |one: &Blockage| Explained {
        limit: (&one.limit).into(),
        blocked: one
            .blocked
            .iter()
            .take(rows_max)
            .map(Blocked::from)
            .collect(),
        holders: one
            .holders
            .iter()
            .map(|one| holder(one, rows_max))
            .collect(),
        causes: one.causes.iter().take(rows_max).map(Reason::from).collect(),
        remedies: one.remedies.iter().take(rows_max).map(Help::from).collect(),
    };
    Answer {
        blocked_producers: explanation.limits.iter().map(|one| one.blocked.len()).sum(),
        limits: explanation
            .limits
            .iter()
            .take(rows_max)
            .map(explained)
            .collect(),
    }
}

fn holder(view: &HolderView, rows_max: usize) -> Holder {
    Holder {
        destination: view.destination.to_string(),
        bytes: view.bytes,
        pending: view.messages.pending,
        in_flight: view.messages.in_flight,
        gone_in_ms: view.gone_in_ms,
        consumers: view
            .consumers
            .iter()
            .take(rows_max)
            .map(Consumer::from)
            .collect(),
        policy: (&view.policy).into(),
    }
}

pub(crate) async fn explain(
    State(house): State<House>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let only = match asked.destination.as_deref().map(Destination::parse) {
        None => None,
        Some(Ok(destination)) => Some(destination),
        Some(Err(error)) => return refuse(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let now = (house.watched.now)();
    let is_asked = |one: &BlockedView| {
        only.as_ref().is_none_or(|only| *only == one.destination)
            && asked
                .producer
                .as_deref()
                .is_none_or(|name| is_of(one, name))
    };
    let explanation = house.watched.broker.explain_some(is_asked, now);
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok());
    if accept.is_some_and(|accept| accept.trim_start().starts_with("text/plain")) {
        text(explanation.to_string())
    } else {
        json(&answer(&explanation, house.settings.page_rows_max))
    }
}

/// Is it the client's of this id, address, or id or address with `:` and the producer?
fn is_of(blocked: &BlockedView, name: &str) -> bool {
    let producer = blocked.producer.as_ref().map(ToString::to_string);
    let connection = &blocked.connection;
    [&*connection.client_id, &connection.peer]
        .iter()
        .any(|own| {
            let rest = name.strip_prefix(own).filter(|_| !own.is_empty());
            rest.is_some_and(|rest| {
                rest.is_empty()
                    || producer.is_some() && rest.strip_prefix(':') == producer.as_deref()
            })
        })
}

pub(crate) async fn blocked(State(house): State<House>, Query(asked): Query<Asked>) -> Response {
    let now = (house.watched.now)();
    let mut all = house.watched.broker.blocked(now);
    all.retain(|one| asked.matches(&one.destination.to_string()));
    let row = |one: BlockedView| Blocked::from(&one);
    json(&asked.cut(house.settings.page_rows_max, all, row))
}
