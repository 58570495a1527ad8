//! The markup. Every text that comes from outside goes through `maud`, which escapes it.

use crate::account::Role;
use crate::gate::Actor;
use crate::probe::unready;
use crate::routes::House;
use floodway_broker::Broker;
use floodway_broker::explain::{Blockage, Explanation, Remedy};
use floodway_broker::view::{BlockedView, BrokerView, DestinationView};
use maud::{DOCTYPE, Markup, html};
use std::cmp::Reverse;

/// Most limits, producers and causes that are shown of each.
const LINES_MAX: usize = 10;
/// Most queues that are shown.
const QUEUES_MAX: usize = 200;

pub(super) fn whole(house: &House, actor: &Actor) -> Markup {
    let name = &house.watched.broker.settings().name;
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (name) " - Floodway" }
                link rel="stylesheet" href="/admin/console.css";
                script src="/admin/console.js" defer {}
            }
            body {
                header {
                    h1 { "Floodway " span { (name) } }
                    p { (actor.name) " " span #link role="status" {} }
                }
                main #live { (middle(house, actor)) }
            }
        }
    }
}

/// What moves of the page.
pub(super) fn middle(house: &House, actor: &Actor) -> Markup {
    let broker = &house.watched.broker;
    let now = (house.watched.now)();
    let view = broker.view();
    let explanation = broker.explain(None, now);
    html! {
        (state(broker, &explanation))
        @for blockage in explanation.limits.iter().take(LINES_MAX) {
            (blocked(blockage, actor))
        }
        (usage(broker, &view))
        (queues(view))
    }
}

fn state(broker: &Broker, explanation: &Explanation) -> Markup {
    let blocked: usize = explanation.limits.iter().map(|one| one.blocked.len()).sum();
    let longest = explanation
        .limits
        .first()
        .and_then(|one| one.blocked.first());
    html! {
        @if let Some(reason) = unready(broker) {
            p.state.bad { "Not ready: " (reason) "." }
        } @else if let Some(longest) = longest {
            p.state.bad {
                @if blocked == 1 { "1 producer is blocked" } @else { (blocked) " producers are blocked" }
                ", the longest for " (time(longest.blocked_ms)) "."
            }
        } @else {
            p.state.good { "Ready. No producer is blocked." }
        }
    }
}

fn blocked(blockage: &Blockage, actor: &Actor) -> Markup {
    // The first line of the text for people names the limit.
    let text = blockage.to_string();
    let title = text.lines().next().unwrap_or_default();
    html! {
        section.blocked {
            h2 { (title) }
            h3 { "Who waits" }
            ul {
                @for one in blockage.blocked.iter().take(LINES_MAX) { li { (waiting(one)) } }
                @if let Some(more) = more(blockage.blocked.len()) { li { (more) } }
            }
            h3 { "Why" }
            ul {
                @for cause in blockage.causes.iter().take(LINES_MAX) { li { (cause) } }
                @if let Some(more) = more(blockage.causes.len()) { li { (more) } }
            }
            h3 { "What helps" }
            ol {
                @for remedy in blockage.remedies.iter().take(LINES_MAX) {
                    li { (help(remedy, actor)) }
                }
            }
        }
    }
}

fn waiting(one: &BlockedView) -> Markup {
    let connection = &one.connection;
    html! {
        @if let Some(producer) = &one.producer { "producer " (producer) } @else { "a commit" }
        " of client " b { (connection.client_id) } " (" (connection.peer)
        @if let Some(user) = &connection.user { ", user " (user) }
        ") to " b { (one.destination) } ": for " (time(one.blocked_ms)) ", "
        (one.sends) " sends wait (" (size(one.bytes as u64)) ")"
    }
}

fn help(remedy: &Remedy, actor: &Actor) -> Markup {
    html! {
        (remedy.advice)
        @if let Some((destination, limit)) = &remedy.memory_limit {
            @if actor.role == Role::Admin {
                form method="post" action="/admin/set" {
                    @let target = destination.as_ref().map_or("broker".into(), ToString::to_string);
                    input type="hidden" name="target" value=(target);
                    input type="hidden" name="memoryLimit" value=(limit);
                    button { "Set " (size(*limit)) " now" }
                }
            }
        }
        @if let Some(xml) = &remedy.xml {
            details {
                summary { "for the next start" }
                pre { code { (xml) } }
            }
        }
    }
}

fn usage(broker: &Broker, view: &BrokerView) -> Markup {
    let stores = broker.stores();
    let memory = Some((view.memory_used_bytes, view.memory_limit_bytes));
    let store = stores
        .store
        .map(|store| (store.used_bytes, store.limit_bytes));
    let temp = stores.temp.map(|temp| (temp.used_bytes, temp.limit_bytes));
    html! {
        section {
            h2 { "Usage" }
            table.usage {
                tbody {
                    @for (name, used) in [("Memory", memory), ("Store", store), ("Temp", temp)] {
                        @if let Some((used, limit)) = used {
                            tr { th scope="row" { (name) } (bar(used, limit)) }
                        }
                    }
                }
            }
        }
    }
}

/// Two cells: a bar, and what it says.
fn bar(used: u64, limit: u64) -> Markup {
    html! {
        td {
            @if limit > 0 {
                meter min="0" max=(limit) value=(used.min(limit)) high=(limit / 10 * 9) {}
            }
        }
        td.number {
            (size(used))
            @if limit > 0 { " of " (size(limit)) } @else { ", no limit" }
        }
    }
}

fn queues(view: BrokerView) -> Markup {
    let mut queues: Vec<DestinationView> = view.destinations;
    queues.retain(|one| one.destination.kind().is_queue());
    let total = queues.len();
    queues.sort_by_key(|one| (Reverse(one.parked), Reverse(one.messages.pending)));
    queues.truncate(QUEUES_MAX);
    html! {
        section {
            h2 { "Queues" }
            table {
                thead {
                    tr {
                        th scope="col" { "Queue" }
                        @for head in ["Pending", "In flight", "Consumers", "Enqueued", "Dequeued"] {
                            th.number scope="col" { (head) }
                        }
                        th scope="col" colspan="2" { "Memory" }
                    }
                }
                tbody {
                    @for one in &queues {
                        tr.blocked[one.parked > 0] {
                            th scope="row" { (one.destination.name()) }
                            td.number { (one.messages.pending) }
                            td.number { (one.messages.in_flight) }
                            td.number { (one.messages.consumers) }
                            td.number { (one.totals.enqueued) }
                            td.number { (one.totals.dequeued) }
                            (bar(one.memory_used_bytes, one.memory_limit_bytes))
                        }
                    }
                }
            }
            @if total == 0 { p { "There is no queue yet." } }
            @if total > queues.len() {
                p { (total - queues.len()) " more; floodway queues lists all." }
            }
        }
    }
}

fn more(count: usize) -> Option<String> {
    let rest = count.checked_sub(LINES_MAX).filter(|rest| *rest > 0)?;
    Some(format!("and {rest} more"))
}

/// Bytes in the units of the configuration, one digit after the point.
fn size(bytes: u64) -> String {
    let tenths = |unit: u64| {
        let tenths = u128::from(bytes) * 10 / u128::from(unit);
        format!("{}.{}", tenths / 10, tenths % 10)
    };
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{} kb", tenths(1 << 10)),
        1_048_576..1_073_741_824 => format!("{} mb", tenths(1 << 20)),
        _ => format!("{} gb", tenths(1 << 30)),
    }
}

fn time(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    }
}
