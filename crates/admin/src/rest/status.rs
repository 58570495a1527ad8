//! `GET /api/status`: the broker on one screen.

use crate::probe::unready;
use crate::reply::json;
use crate::routes::House;
use axum::extract::State;
use axum::response::Response;
use floodway_broker::view::{BrokerView, StoreView, TotalsView};
use serde::Serialize;

/// What is used of a limit. Bytes; a limit of 0 is none.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Used {
    used_bytes: u64,
    limit_bytes: u64,
    /// `null` without a limit.
    percent: Option<u64>,
    /// When it will be full, if use goes on rising as now.
    #[serde(skip_serializing_if = "Option::is_none")]
    full_in_ms: Option<u64>,
}

impl Used {
    pub(crate) fn of(used_bytes: u64, limit_bytes: u64) -> Self {
        let percent = u128::from(used_bytes) * 100;
        let percent = percent.checked_div(u128::from(limit_bytes));
        Self {
            used_bytes,
            limit_bytes,
            percent: percent.map(|percent| u64::try_from(percent).unwrap_or(u64::MAX)),
            full_in_ms: None,
        }
    }

    fn of_store(store: &StoreView) -> Self {
        Self {
            full_in_ms: store.full_in_ms,
            ..Self::of(store.used_bytes, store.limit_bytes)
        }
    }
}

/// Messages since the start.
#[derive(Debug, Serialize)]
pub(crate) struct Totals {
    enqueued: u64,
    dispatched: u64,
    dequeued: u64,
    expired: u64,
    discarded: u64,
}

impl From<TotalsView> for Totals {
    fn from(view: TotalsView) -> Self {
        Self {
            enqueued: view.enqueued,
            dispatched: view.dispatched,
            dequeued: view.dequeued,
            expired: view.expired,
            discarded: view.discarded,
        }
    }
}

/// All totals of all destinations that exist now.
pub(crate) fn sum_of_totals(view: &BrokerView) -> TotalsView {
    let mut sum = TotalsView::default();
    for one in &view.destinations {
        sum.enqueued += one.totals.enqueued;
        sum.dispatched += one.totals.dispatched;
        sum.dequeued += one.totals.dequeued;
        sum.expired += one.totals.expired;
        sum.discarded += one.totals.discarded;
        sum.uncommitted_exceeded += one.totals.uncommitted_exceeded;
        sum.sizes.add(one.totals.sizes);
        sum.waits.add(&one.totals.waits);
        sum.blocked.add(&one.totals.blocked);
    }
    sum
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    name: String,
    version: &'static str,
    uptime_ms: u64,
    ready: bool,
    /// Why not.
    reason: Option<&'static str>,
    memory: Used,
    store: Option<Used>,
    temp: Option<Used>,
    queues: usize,
    topics: usize,
    connections: usize,
    pending: u64,
    in_flight: usize,
    consumers: usize,
    blocked_producers: usize,
    /// The longest of them.
    blocked_ms: u64,
    totals: Totals,
}

pub(crate) async fn status(State(house): State<House>) -> Response {
    let broker = &house.watched.broker;
    let now = (house.watched.now)();
    let view = broker.view();
    let stores = broker.stores();
    let blocked = broker.blocked(now);
    let reason = unready(broker);
    let queues = view.destinations.iter();
    let queues = queues
        .filter(|one| one.destination.kind().is_queue())
        .count();
    let messages = view.messages();
    json(&Status {
        name: broker.settings().name.clone(),
        version: env!("CARGO_PKG_VERSION"),
        uptime_ms: now.monotonic_ms,
        ready: reason.is_none(),
        reason,
        memory: Used {
            full_in_ms: view.memory_full_in_ms,
            ..Used::of(view.memory_used_bytes, view.memory_limit_bytes)
        },
        store: stores.store.as_ref().map(Used::of_store),
        temp: stores.temp.as_ref().map(Used::of_store),
        queues,
        topics: view.destinations.len() - queues,
        connections: broker.connections().len(),
        pending: messages.pending,
        in_flight: messages.in_flight,
        consumers: messages.consumers,
        blocked_producers: blocked.len(),
        blocked_ms: blocked.first().map_or(0, |first| first.blocked_ms),
        totals: sum_of_totals(&view).into(),
    })
}
