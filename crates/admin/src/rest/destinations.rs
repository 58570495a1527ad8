//! `GET /api/destinations`: queues and topics, by pages, searched and sorted.

use super::Asked;
use super::status::{Totals, Used};
use crate::reply::{json, refuse};
use crate::routes::House;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use floodway_broker::view::{DestinationView, PolicyView};
use serde::Serialize;
use std::cmp::Reverse;

/// Which policy entry applies.
#[derive(Debug, Serialize)]
pub(crate) struct Policy {
    pattern: String,
    /// Line of the configuration; 0 for the default entry.
    line: u32,
}

impl From<&PolicyView> for Policy {
    fn from(view: &PolicyView) -> Self {
        Self {
            pattern: view.pattern.clone(),
            line: view.line,
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    /// `queue://X` and the like.
    destination: String,
    pending: u64,
    in_flight: usize,
    consumers: usize,
    memory: Used,
    /// Sends and commits that wait for room here.
    blocked: usize,
    totals: Totals,
    policy: Policy,
}

impl From<DestinationView> for Row {
    fn from(view: DestinationView) -> Self {
        Self {
            destination: view.destination.to_string(),
            pending: view.messages.pending,
            in_flight: view.messages.in_flight,
            consumers: view.messages.consumers,
            memory: Used::of(view.memory_used_bytes, view.memory_limit_bytes),
            blocked: view.parked,
            totals: view.totals.into(),
            policy: (&view.policy).into(),
        }
    }
}

pub(crate) async fn destinations(
    State(house): State<House>,
    Query(asked): Query<Asked>,
) -> Response {
    let mut all = house.watched.broker.view().destinations;
    all.retain(|one| asked.matches(&one.destination.to_string()));
    if !sort(&mut all, asked.sort.as_deref().unwrap_or_default()) {
        let reason = "sort by name, pending, inFlight, consumers, memory, blocked, enqueued or \
                      dequeued, with - before it for the greatest first";
        return refuse(StatusCode::BAD_REQUEST, reason);
    }
    json(&asked.cut(house.settings.page_rows_max, all, Row::from))
}

/// Sorts by a field, the greatest first with `-` before it; `false` if there is no such field.
pub(crate) fn sort(all: &mut [DestinationView], by: &str) -> bool {
    let (field, descending) = match by.strip_prefix('-') {
        Some(field) => (field, true),
        None => (by, false),
    };
    let Some(key) = key_of(field) else {
        return false;
    };
    // Names are in order already, and sorting keeps equals as they are.
    match (key, descending) {
        (None, true) => all.reverse(),
        (None, false) => {}
        (Some(key), true) => all.sort_by_key(|one| Reverse(key(one))),
        (Some(key), false) => all.sort_by_key(key),
    }
    true
}

type Key = fn(&DestinationView) -> u64;

/// How to sort by a field; `Some(None)` is by name.
fn key_of(field: &str) -> Option<Option<Key>> {
    let key: Key = match field {
        "" | "name" => return Some(None),
        "pending" => |one| one.messages.pending,
        "inFlight" => |one| one.messages.in_flight as u64,
        "consumers" => |one| one.messages.consumers as u64,
        "memory" => |one| one.memory_used_bytes,
        "blocked" => |one| one.parked as u64,
        "enqueued" => |one| one.totals.enqueued,
        "dequeued" => |one| one.totals.dequeued,
        _ => return None,
    };
    Some(Some(key))
}
