//! The front page: how the broker is, what is blocked and why, buttons that apply the change that
//! helps, and what is used.

use super::chart::{Line, bytes, chart, per_second, whole};
use super::explained::explained;
use super::figures::{bar, count, time};
use super::history::{Series, rates};
use super::layout::{Screen, Tab, screen};
use super::lists;
use super::visit::Visit;
use crate::probe::unready;
use axum::response::Response;
use floodway_broker::explain::Explanation;
use floodway_broker::view::{BrokerView, DestinationView};
use maud::{Markup, html};
use std::cmp::Reverse;

/// Most queues that are shown.
const QUEUES_MAX: usize = 10;

pub(super) async fn front(visit: Visit) -> Response {
    let page = Screen {
        tab: Tab::Home,
        title: "Home".to_owned(),
        top: |_| html! {},
        moving,
    };
    screen(visit, &page)
}

fn moving(visit: &Visit) -> Markup {
    let broker = &visit.house.watched.broker;
    let view = broker.view();
    let explanation = broker.explain(None, visit.now);
    html! {
        (state(visit, &explanation))
        (explained(visit, &explanation))
        (usage(visit, &view))
        (charts(visit.house.desk.history().broker(), true))
        (queues(visit, view))
    }
}

fn state(visit: &Visit, explanation: &Explanation) -> Markup {
    let blocked: usize = explanation.limits.iter().map(|one| one.blocked.len()).sum();
    let longest = explanation
        .limits
        .first()
        .and_then(|one| one.blocked.first());
    html! {
        @if let Some(reason) = unready(&visit.house.watched.broker) {
            p.state.bad { "Not ready: " (reason) "." }
        } @else if let Some(longest) = longest {
            p.state.bad {
                @if blocked == 1 { "1 producer is blocked" }
                @else { (blocked) " producers are blocked" }
                ", the longest for " (time(longest.blocked_ms)) "."
            }
        } @else {
            p.state.good { "Ready. No producer is blocked." }
        }
    }
}

fn usage(visit: &Visit, view: &BrokerView) -> Markup {
    let broker = &visit.house.watched.broker;
    let stores = broker.stores();
    let of_store = |store: floodway_broker::view::StoreView| {
        (store.used_bytes, store.limit_bytes, store.full_in_ms)
    };
    let memory = (
        view.memory_used_bytes,
        view.memory_limit_bytes,
        view.memory_full_in_ms,
    );
    let jobs = broker.scheduler();
    let jobs = jobs.map(|jobs| (jobs.used_bytes, jobs.limit_bytes, None));
    let all = [
        ("Memory", Some(memory)),
        ("Store", stores.store.map(of_store)),
        ("Temp", stores.temp.map(of_store)),
        ("Scheduled", jobs),
    ];
    let queues = view.destinations.iter();
    let queues = queues
        .filter(|one| one.destination.kind().is_queue())
        .count();
    let topics = view.destinations.len() - queues;
    html! {
        section aria-labelledby="usage" {
            h2 #usage { "Usage" }
            ul.cards {
                @for (name, used) in all {
                    @if let Some((used, limit, full_in_ms)) = used {
                        li {
                            h3 { (name) }
                            (bar(used, limit))
                            @if let Some(ms) = full_in_ms {
                                p.bad { "full in " (time(ms)) " at the present rate" }
                            }
                        }
                    }
                }
                li {
                    h3 { "Broker" }
                    p {
                        (count(queues as u64, "queue")) ", " (count(topics as u64, "topic")) ", "
                        (count(broker.connections().len() as u64, "connection"))
                    }
                    p.quiet {
                        "Floodway " (env!("CARGO_PKG_VERSION")) ", up for "
                        (time(visit.now.monotonic_ms))
                    }
                }
            }
        }
    }
}

/// Rates, and how much waits.
pub(super) fn charts(series: &Series, is_broker: bool) -> Markup {
    let first = series.front().map_or(0, |one| one.at_ms);
    let last = series.back().map_or(0, |one| one.at_ms);
    let span = time(last.saturating_sub(first));
    let values = |get: fn(&super::history::Point) -> u64| {
        series.iter().map(|one| get(one) as f64).collect::<Vec<_>>()
    };
    let line = |name, class, values| Line {
        name,
        class,
        values,
    };
    let moved = [
        line("in", "a", rates(series, |one| one.enqueued)),
        line("out", "b", rates(series, |one| one.dequeued)),
    ];
    let memory = if is_broker { "Memory" } else { "Memory here" };
    html! {
        section.charts aria-label="History" {
            (chart("Messages", per_second, &span, &moved))
            (chart("Pending", whole, &span, &[line("wait", "a", values(|one| one.pending))]))
            (chart(memory, bytes, &span, &[line("used", "a", values(|one| one.memory_bytes))]))
        }
    }
}

fn queues(visit: &Visit, view: BrokerView) -> Markup {
    let mut queues: Vec<DestinationView> = view.destinations;
    queues.retain(|one| one.destination.kind().is_queue());
    let total = queues.len();
    queues.sort_by_key(|one| (Reverse(one.parked), Reverse(one.messages.pending)));
    queues.truncate(QUEUES_MAX);
    html! {
        section aria-labelledby="deepest" {
            h2 #deepest { "Deepest queues" }
            @if total == 0 {
                p.quiet { "There is no queue yet. One comes with its first message or consumer." }
            } @else {
                (lists::table(visit, &queues, "Deepest queues", false))
            }
            @if total > queues.len() {
                p { a href="/admin/queues" { "All " (count(total as u64, "queue")) } }
            }
        }
    }
}
