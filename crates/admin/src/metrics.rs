//! `GET /metrics`: OpenMetrics text, version 1.0 of the OpenMetrics specification.
//!
//! All names of metrics are here. Those of single destinations come only when asked for, with
//! `?destinations=1`, and for a bounded number of destinations, because whoever stores them pays
//! for each.

use crate::probe::unready;
use crate::rest::status::sum_of_totals;
use crate::routes::House;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use floodway_broker::view::{DestinationView, TotalsView};
use serde::Deserialize;
use std::fmt::Write;

#[cfg(test)]
mod tests;

const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    destinations: Option<String>,
}

/// What is counted of messages; a name and how to read it.
type Total = (&'static str, fn(&TotalsView) -> u64);

const TOTALS: [Total; 5] = [
    ("enqueued", |totals| totals.enqueued),
    ("dispatched", |totals| totals.dispatched),
    ("dequeued", |totals| totals.dequeued),
    ("expired", |totals| totals.expired),
    ("discarded", |totals| totals.discarded),
];

/// What is measured of a destination; a name and how to read it.
type Gauge = (&'static str, fn(&DestinationView) -> u64);

const GAUGES: [Gauge; 6] = [
    ("memory_used_bytes", |one| one.memory_used_bytes),
    ("memory_limit_bytes", |one| one.memory_limit_bytes),
    ("pending_messages", |one| one.messages.pending),
    ("in_flight_messages", |one| one.messages.in_flight as u64),
    ("consumers", |one| one.messages.consumers as u64),
    ("blocked_sends", |one| one.parked as u64),
];

/// The text while it is written. Writing to a `String` cannot fail.
#[derive(Default)]
struct Exposition(String);

impl Exposition {
    fn family(&mut self, name: &str, kind: &str) {
        writeln!(self.0, "# TYPE floodway_{name} {kind}").ok();
    }

    fn sample(&mut self, name: &str, labels: &str, value: u64) {
        writeln!(self.0, "floodway_{name}{labels} {value}").ok();
    }

    /// When a limit will be full; without a forecast there is no sample.
    fn forecast(&mut self, name: &str, full_in_ms: Option<u64>) {
        if let Some(ms) = full_in_ms {
            self.gauge(&format!("{name}_full_in_seconds"), ms / 1000);
        }
    }

    fn gauge(&mut self, name: &str, value: u64) {
        self.family(name, "gauge");
        self.sample(name, "", value);
    }
}

pub(crate) async fn metrics(State(house): State<House>, Query(wanted): Query<Wanted>) -> Response {
    let mut text = Exposition::default();
    let view = house.watched.broker.view();
    write_broker(&mut text, &house, &view);
    if wanted
        .destinations
        .as_deref()
        .is_some_and(|wanted| wanted != "0")
    {
        let destinations_max = house.settings.metrics_destinations_max;
        write_destinations(&mut text, &view.destinations, destinations_max);
    }
    text.0.push_str("# EOF\n");
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], text.0).into_response()
}

fn write_broker(text: &mut Exposition, house: &House, view: &floodway_broker::view::BrokerView) {
    let broker = &house.watched.broker;
    let now = (house.watched.now)();
    let stores = broker.stores();
    text.gauge("ready", u64::from(unready(broker).is_none()));
    text.gauge("uptime_seconds", now.monotonic_ms / 1000);
    text.gauge("memory_used_bytes", view.memory_used_bytes);
    text.gauge("memory_limit_bytes", view.memory_limit_bytes);
    text.forecast("memory", view.memory_full_in_ms);
    for (name, store) in [("store", stores.store), ("temp", stores.temp)] {
        if let Some(store) = store {
            text.gauge(&format!("{name}_used_bytes"), store.used_bytes);
            text.gauge(&format!("{name}_limit_bytes"), store.limit_bytes);
            text.forecast(name, store.full_in_ms);
        }
    }
    text.gauge("connections", broker.connections().len() as u64);
    let blocked = broker.blocked(now);
    text.gauge("blocked_producers", blocked.len() as u64);
    // The first has waited longest.
    let longest_ms = blocked.first().map_or(0, |one| one.blocked_ms);
    text.gauge("longest_blocked_seconds", longest_ms / 1000);
    let messages = || {
        let durables = view.durables.iter().map(|one| &one.messages);
        view.destinations
            .iter()
            .map(|one| &one.messages)
            .chain(durables)
    };
    text.gauge("destinations", view.destinations.len() as u64);
    text.gauge("durable_subscriptions", view.durables.len() as u64);
    text.gauge("pending_messages", messages().map(|one| one.pending).sum());
    text.gauge(
        "in_flight_messages",
        messages().map(|one| one.in_flight as u64).sum(),
    );
    let consumers = view
        .destinations
        .iter()
        .map(|one| one.messages.consumers as u64);
    text.gauge("consumers", consumers.sum());
    let totals = sum_of_totals(view);
    for (name, read) in TOTALS {
        text.family(&format!("{name}_messages"), "counter");
        text.sample(&format!("{name}_messages_total"), "", read(&totals));
    }
}

fn write_destinations(text: &mut Exposition, all: &[DestinationView], destinations_max: usize) {
    let told: Vec<(String, &DestinationView)> = all
        .iter()
        .take(destinations_max)
        .map(|one| (labels_of(one), one))
        .collect();
    for (name, read) in GAUGES {
        let name = format!("destination_{name}");
        text.family(&name, "gauge");
        for (labels, one) in &told {
            text.sample(&name, labels, read(one));
        }
    }
    for (name, read) in TOTALS {
        let name = format!("destination_{name}_messages");
        text.family(&name, "counter");
        for (labels, one) in &told {
            text.sample(&format!("{name}_total"), labels, read(&one.totals));
        }
    }
    let left_out = all.len() - told.len();
    text.gauge("destinations_left_out", left_out as u64);
}

fn labels_of(one: &DestinationView) -> String {
    let name = escaped(one.destination.name());
    let kind = one.destination.kind().scheme().trim_end_matches("://");
    format!("{{kind=\"{kind}\",name=\"{name}\"}}")
}

/// A label's value: backslash, quote and line feed are escaped.
fn escaped(value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace('"', "\\\"");
    value.replace('\n', "\\n")
}
