//! `GET /metrics`: OpenMetrics text, version 1.0 of the OpenMetrics specification.
//!
//! All names of metrics are here. Those of single destinations come only when asked for, with
//! `?destinations=1`, and for a bounded number of destinations, because whoever stores them pays
//! for each.

use crate::probe::unready;
use crate::rest::status::sum_of_totals;
use crate::routes::House;
use crate::settings::Settings;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use floodway_broker::Latencies;
use floodway_broker::view::{BrokerView, DestinationView, TotalsView};
use serde::Deserialize;
use std::fmt::{Display, Write};

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

/// How long messages and producers waited; a name and how to read it.
type Times = (&'static str, fn(&TotalsView) -> &Latencies);

const TIMES: [Times; 2] = [
    ("message_wait_seconds", |totals| &totals.waits),
    ("send_blocked_seconds", |totals| &totals.blocked),
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

    /// `labels` are without their braces.
    fn sample(&mut self, name: &str, labels: &str, value: impl Display) {
        let (open, close) = if labels.is_empty() {
            ("", "")
        } else {
            ("{", "}")
        };
        writeln!(self.0, "floodway_{name}{open}{labels}{close} {value}").ok();
    }

    /// The samples of one histogram.
    fn times(&mut self, name: &str, labels: &str, times: &Latencies) {
        let bucket = format!("{name}_bucket");
        let comma = if labels.is_empty() { "" } else { "," };
        for (seconds, count) in times.buckets() {
            let labels = format!("{labels}{comma}le=\"{seconds:?}\"");
            self.sample(&bucket, &labels, count);
        }
        let labels_of_all = format!("{labels}{comma}le=\"+Inf\"");
        self.sample(&bucket, &labels_of_all, times.spread.count);
        self.sample(&format!("{name}_count"), labels, times.spread.count);
        self.sample(&format!("{name}_sum"), labels, times.sum_seconds());
    }

    fn histogram(&mut self, name: &str, times: &Latencies) {
        self.family(name, "histogram");
        self.times(name, "", times);
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
        write_destinations(&mut text, &view.destinations, &house.settings);
    }
    text.0.push_str("# EOF\n");
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], text.0).into_response()
}

fn write_broker(text: &mut Exposition, house: &House, view: &BrokerView) {
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
    let messages = view.messages();
    text.gauge("destinations", view.destinations.len() as u64);
    text.gauge("durable_subscriptions", view.durables.len() as u64);
    text.gauge("pending_messages", messages.pending);
    text.gauge("in_flight_messages", messages.in_flight as u64);
    text.gauge("consumers", messages.consumers as u64);
    let totals = sum_of_totals(view);
    for (name, read) in TOTALS {
        text.family(&format!("{name}_messages"), "counter");
        text.sample(&format!("{name}_messages_total"), "", read(&totals));
    }
    for (name, read) in TIMES {
        text.histogram(name, read(&totals));
    }
    text.histogram("commit_seconds", &view.commits);
}

fn write_destinations(text: &mut Exposition, all: &[DestinationView], settings: &Settings) {
    let told: Vec<(String, &DestinationView)> = all
        .iter()
        .take(settings.metrics_destinations_max)
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
    let times_max = settings.metrics_times_max;
    let mut times_left_out = 0;
    for (name, read) in TIMES {
        // What never happened has no times; so most destinations cost nothing.
        let timed = |(_, one): &&(String, &DestinationView)| read(&one.totals).spread.count > 0;
        let name = format!("destination_{name}");
        text.family(&name, "histogram");
        for (labels, one) in told.iter().filter(timed).take(times_max) {
            text.times(&name, labels, read(&one.totals));
        }
        let count = told.iter().filter(timed).count();
        times_left_out += count.saturating_sub(times_max) as u64;
    }
    text.gauge("destination_times_left_out", times_left_out);
}

fn labels_of(one: &DestinationView) -> String {
    let name = escaped(one.destination.name());
    let kind = one.destination.kind().scheme().trim_end_matches("://");
    format!("kind=\"{kind}\",name=\"{name}\"")
}

/// A label's value: backslash, quote and line feed are escaped.
fn escaped(value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace('"', "\\\"");
    value.replace('\n', "\\n")
}
