//! `GET /api/connections` and `GET /api/consumers?destination=`: who is there.

use super::Asked;
use crate::reply::{json, refuse};
use crate::routes::House;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use floodway_broker::view::{ConnectionView, ConsumerView};
use floodway_message::Destination;
use serde::Serialize;

/// A connection.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Connection {
    id: u64,
    peer: String,
    client_id: String,
    user: Option<String>,
    protocol: &'static str,
}

impl From<&ConnectionView> for Connection {
    fn from(view: &ConnectionView) -> Self {
        Self {
            id: view.id,
            peer: view.peer.clone(),
            client_id: view.client_id.to_string(),
            user: view.user.as_ref().map(ToString::to_string),
            protocol: view.protocol,
        }
    }
}

/// A consumer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Consumer {
    consumer: String,
    connection: Connection,
    durable_name: Option<String>,
    selector: Option<String>,
    exclusive: bool,
    priority: i8,
    prefetch: u32,
    unacknowledged: usize,
    in_transaction: usize,
    unacknowledged_bytes: u64,
    /// `null` if it never acknowledged anything.
    since_acknowledged_ms: Option<u64>,
    groups: usize,
}

impl From<&ConsumerView> for Consumer {
    fn from(view: &ConsumerView) -> Self {
        Self {
            consumer: view.consumer.to_string(),
            connection: (&view.connection).into(),
            durable_name: view.durable_name.as_ref().map(ToString::to_string),
            selector: view.selector.clone(),
            exclusive: view.exclusive,
            priority: view.priority,
            prefetch: view.prefetch,
            unacknowledged: view.unacknowledged,
            in_transaction: view.in_transaction,
            unacknowledged_bytes: view.unacknowledged_bytes,
            since_acknowledged_ms: view.since_acknowledged_ms,
            groups: view.groups,
        }
    }
}

pub(crate) async fn connections(
    State(house): State<House>,
    Query(asked): Query<Asked>,
) -> Response {
    let mut all = house.watched.broker.connections();
    all.retain(|one| {
        let user = one.user.as_deref().unwrap_or_default();
        [&*one.client_id, &one.peer, user]
            .iter()
            .any(|name| asked.matches(name))
    });
    let row = |one: ConnectionView| Connection::from(&one);
    json(&asked.cut(house.settings.page_rows_max, all, row))
}

pub(crate) async fn consumers(State(house): State<House>, Query(asked): Query<Asked>) -> Response {
    let Some(name) = &asked.destination else {
        let reason = "name a destination: /api/consumers?destination=queue://X";
        return refuse(StatusCode::BAD_REQUEST, reason);
    };
    let destination = match Destination::parse(name) {
        Ok(destination) => destination,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let now = (house.watched.now)();
    let all = house.watched.broker.consumers(&destination, now);
    let row = |one: ConsumerView| Consumer::from(&one);
    json(&asked.cut(house.settings.page_rows_max, all, row))
}
