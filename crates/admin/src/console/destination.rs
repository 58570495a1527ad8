//! One queue or topic: figures, what is blocked there and what helps, consumers, producers, and the
//! settings in force.

use super::explained::explained;
use super::figures::{bar, excerpt, number, size, time};
use super::front::charts;
use super::layout::{
    Cut, NAME_CHARS_MAX, Screen, Tab, button, confirmed, form, no_destination, screen, wide,
};
use super::subscribers::rows_of;
use super::undone;
use super::visit::{Visit, link_to};
use crate::jolokia::{Scene, is_dlq};
use axum::response::Response;
use floodway_broker::live::{Kind, Setting};
use floodway_broker::view::{DestinationView, ProducerView, Spread};
use floodway_message::{Destination, wildcard};
use maud::{Markup, html};

pub(super) async fn destination(visit: Visit) -> Response {
    let Some(destination) = visit.destination() else {
        return no_destination(&visit);
    };
    if visit.view_of(&destination).is_none() {
        return no_destination(&visit);
    }
    let is_queue = destination.kind().is_queue();
    let page = Screen {
        tab: if is_queue { Tab::Queues } else { Tab::Topics },
        title: excerpt(&destination.to_string(), NAME_CHARS_MAX),
        top,
        moving,
    };
    screen(visit, &page)
}

fn top(visit: &Visit) -> Markup {
    let view = visit.destination().and_then(|name| visit.view_of(&name));
    html! {
        @if let Some(view) = view { div.tools { (deeds(visit, &view)) } }
    }
}

/// What can be done with it. Stands still, so that nobody misses a button.
fn deeds(visit: &Visit, one: &DestinationView) -> Markup {
    let address = one.destination.to_string();
    let shown = excerpt(one.destination.name(), NAME_CHARS_MAX);
    let field = [("name", &*address)];
    let is_queue = one.destination.kind().is_queue();
    let is_dead = is_queue && is_dlq(one, &Scene::new(&visit.house));
    let list = if is_queue {
        "/admin/queues"
    } else {
        "/admin/topics"
    };
    html! {
        @if is_queue { a.button href=(link_to("/admin/browse", &one.destination)) { "Browse" } }
        @if is_queue && is_dead {
            a.button href=(link_to("/admin/causes", &one.destination)) { "Causes" }
        }
        @if visit.may_change() {
            a.button href=(link_to("/admin/send", &one.destination)) { "Send" }
            @if is_queue {
                @if one.paused { (button(visit, "resume", &field, ("Resume", &shown))) }
                @else { (button(visit, "pause", &field, ("Pause", &shown))) }
                @if is_dead {
                    (confirmed(visit, "retry", &field, ("Retry", &shown,
                        "All its messages go back to where they came from.")))
                }
                (confirmed(visit, "purge", &field,
                    ("Purge", &shown, &undone::purge_warning(visit))))
            }
            (button(visit, "reset", &field, ("Reset totals", &shown)))
            (confirmed(visit, "delete", &[("name", &*address), ("back", list)],
                ("Delete", &shown, &undone::delete_warning(visit, is_queue))))
        }
    }
}

fn moving(visit: &Visit) -> Markup {
    let Some(one) = visit.destination().and_then(|name| visit.view_of(&name)) else {
        return html! { p.state.bad { "This destination is gone." } };
    };
    let broker = &visit.house.watched.broker;
    let explanation = broker.explain(Some(&one.destination), visit.now);
    let is_queue = one.destination.kind().is_queue();
    html! {
        @if one.paused {
            p.state.bad { "Paused: nothing is dispatched to its consumers." }
        }
        (explained(visit, &explanation))
        (figures(visit, &one))
        @if let Some(series) = visit.house.desk.history().of(&one.destination) {
            (charts(series, false))
        }
        (consumers(visit, &one.destination))
        (producers(visit, &one.destination))
        @if is_queue { (groups(visit, &one.destination)) }
        (settings(visit, &one))
    }
}

fn figures(visit: &Visit, one: &DestinationView) -> Markup {
    let totals = &one.totals;
    let stored = visit.house.watched.broker.stored_bytes(&one.destination);
    let policy = match one.policy.line {
        0 => "the default entry".to_owned(),
        line => format!(
            "{}, line {line}",
            excerpt(&one.policy.pattern, NAME_CHARS_MAX)
        ),
    };
    let average = |spread: &Spread| spread.sum.checked_div(spread.count).unwrap_or_default();
    let all = [
        ("Pending", number(one.messages.pending)),
        ("In flight", number(one.messages.in_flight as u64)),
        ("Consumers", number(one.messages.consumers as u64)),
        ("Blocked sends", number(one.parked as u64)),
        ("Enqueued", number(totals.enqueued)),
        ("Dispatched", number(totals.dispatched)),
        ("Dequeued", number(totals.dequeued)),
        ("Expired", number(totals.expired)),
        ("Discarded", number(totals.discarded)),
        ("Average size", size(average(&totals.sizes))),
        ("Average wait", time(average(&totals.waits.spread))),
        ("In the store", size(stored)),
    ];
    html! {
        section aria-labelledby="figures" {
            h2 #figures { "Figures" }
            dl.figures {
                @for (name, value) in all { div { dt { (name) } dd { (value) } } }
                div.broad { dt { "Memory" }
                    dd { (bar(one.memory_used_bytes, one.memory_limit_bytes)) } }
                div { dt { "Policy" } dd { (policy) } }
            }
        }
    }
}

fn consumers(visit: &Visit, destination: &Destination) -> Markup {
    let mut all = visit.house.watched.broker.subscriptions();
    // By its name, or by a pattern.
    all.retain(|one| {
        one.destinations.iter().any(|own| {
            own.kind().is_queue() == destination.kind().is_queue()
                && wildcard::matches(own.name(), destination.name())
        })
    });
    let cut = Cut::of(visit, all.len());
    html! {
        section aria-labelledby="consumers" {
            h2 #consumers { "Consumers" }
            @if all.is_empty() {
                p.quiet { "Nobody consumes from here." }
            } @else {
                (rows_of(visit, cut.rows(&all), "Consumers"))
                (cut.pager(visit, "consumers"))
            }
        }
    }
}

fn producers(visit: &Visit, destination: &Destination) -> Markup {
    let broker = &visit.house.watched.broker;
    let mut all = broker.producers();
    all.retain(|one| one.destinations.contains(destination));
    let blocked = broker.blocked(visit.now);
    html! {
        @if !all.is_empty() {
            section aria-labelledby="producers" {
                h2 #producers { "Producers" }
                (producer_rows(&all, |one| {
                    let mut own = blocked.iter().filter(|other| {
                        other.connection.id == one.connection
                            && other.producer == Some(one.producer)
                    });
                    own.next().map(|own| own.blocked_ms)
                }))
            }
        }
    }
}

/// Producers that told of themselves, and for how long each is blocked.
pub(super) fn producer_rows(
    all: &[ProducerView],
    blocked_ms: impl Fn(&ProducerView) -> Option<u64>,
) -> Markup {
    let table = html! {
        table {
            caption.unseen { "Producers" }
            thead { tr {
                th scope="col" { "Producer" }
                th scope="col" { "Sends to" }
                th scope="col" { "Blocked" }
            } }
            tbody {
                @for one in all.iter().take(super::layout::ROWS) {
                    @let blocked_ms = blocked_ms(one);
                    tr.blocked[blocked_ms.is_some()] {
                        th scope="row" {
                            a href=(super::visit::link("/admin/connection",
                                &[("id", &one.connection.to_string())])) {
                                (excerpt(&one.id, NAME_CHARS_MAX))
                            }
                        }
                        td {
                            @for to in one.destinations.iter().take(super::layout::ROWS) {
                                (super::layout::address(to)) " "
                            }
                        }
                        td {
                            @if let Some(ms) = blocked_ms { "for " (time(ms)) } @else { "no" }
                        }
                    }
                }
            }
        }
        @if all.len() > super::layout::ROWS {
            p { "and " (all.len() - super::layout::ROWS) " more" }
        }
    };
    wide("Producers", &table)
}

fn groups(visit: &Visit, destination: &Destination) -> Markup {
    let all = visit.house.watched.broker.groups(destination);
    html! {
        @if !all.is_empty() {
            section aria-labelledby="groups" {
                h2 #groups { "Message groups" }
                p { (super::figures::count(all.len() as u64, "group")) " with an owner." }
                ul.groups {
                    @for one in all.iter().take(super::layout::ROWS) {
                        li {
                            (excerpt(&one.group, NAME_CHARS_MAX)) ": "
                            a href=(super::visit::link("/admin/connection",
                                &[("id", &one.connection.to_string())])) {
                                "connection " (one.connection)
                            }
                        }
                    }
                }
                @if all.len() > super::layout::ROWS {
                    p { "and " (all.len() - super::layout::ROWS) " more" }
                }
            }
        }
    }
}

fn settings(visit: &Visit, one: &DestinationView) -> Markup {
    let all = visit
        .house
        .watched
        .broker
        .settings_of(Some(&one.destination));
    let target = one.destination.to_string();
    let change = |setting: &Setting| {
        let content = html! {
            input type="hidden" name="target" value=(target);
            input type="hidden" name="setting" value=(setting.name);
            input type="hidden" name="back" value=(visit.here());
            @if setting.kind == Kind::Truth {
                select name="value" aria-label=(setting.name) {
                    @for value in ["true", "false"] {
                        option selected[setting.value == value] { (value) }
                    }
                }
            } @else {
                input name="value" value=(setting.value) size="14" aria-label=(setting.name)
                    title=(setting.kind);
            }
            button aria-label=(format!("Set {}", setting.name)) { "Set" }
            @if visit.house.settings.configuration.is_some() {
                button name="persist" value="yes"
                    aria-label=(format!("Set and write {}", setting.name)) {
                    "Set and write"
                }
            }
        };
        form(visit, "set", &content)
    };
    html! {
        section aria-labelledby="settings" {
            h2 #settings { "Settings in force" }
            p.quiet {
                "A change takes effect at once and lasts until the next start, unless it is "
                "written into the configuration as well."
            }
            details.settings open[visit.query.get("settings") == "open"] {
                summary { "All settings" }
                table.settings {
                    caption.unseen { "Settings in force" }
                    thead { tr { th scope="col" { "Setting" } th scope="col" { "Value" }
                        @if visit.may_change() { th scope="col" { "Change" } } } }
                    tbody {
                        @for setting in all.iter().flatten() {
                            tr {
                                th scope="row" { (setting.name) }
                                td { (shown(setting)) }
                                @if visit.may_change() { td { (change(setting)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Sizes with their unit, and in words what 0 means.
fn shown(setting: &Setting) -> String {
    let value = setting.value.parse().unwrap_or_default();
    match setting.kind {
        Kind::Size if value == 0 => "0: none of its own".to_owned(),
        Kind::Size => size(value),
        Kind::Time if value >= 1000 => format!("{} ({})", setting.value, time(value)),
        Kind::Time => format!("{} ms", setting.value),
        Kind::Percent => format!("{} %", setting.value),
        Kind::Count | Kind::Truth => setting.value.clone(),
    }
}
