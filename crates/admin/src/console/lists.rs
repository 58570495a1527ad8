//! All queues and all topics, by pages, searched and sorted.

use super::figures::{bar, count, excerpt, number};
use super::layout::{
    Cut, NAME_CHARS_MAX, Screen, Tab, button, confirmed, finder, form, screen, search, sorted, wide,
};
use super::undone;
use super::visit::{Visit, link_to};
use crate::rest::destinations::sort;
use axum::response::Response;
use floodway_broker::view::DestinationView;
use floodway_message::DestinationKind;
use floodway_message::advisory::is_advisory;
use maud::{Markup, html};

pub(super) async fn queues(visit: Visit) -> Response {
    let page = Screen {
        tab: Tab::Queues,
        title: "Queues".to_owned(),
        top: |visit| top(visit, DestinationKind::Queue),
        moving: |visit| moving(visit, true),
    };
    screen(visit, &page)
}

pub(super) async fn topics(visit: Visit) -> Response {
    let page = Screen {
        tab: Tab::Topics,
        title: "Topics".to_owned(),
        top: |visit| top(visit, DestinationKind::Topic),
        moving: |visit| moving(visit, false),
    };
    screen(visit, &page)
}

fn top(visit: &Visit, kind: DestinationKind) -> Markup {
    let (what, scheme) = (word(kind.is_queue()), kind.scheme());
    let advisories = !visit.query.get("advisories").is_empty();
    let create = html! {
        input type="hidden" name="scheme" value=(scheme);
        input type="hidden" name="back" value=(visit.here());
        label { "New " (what) " " input name="name" required maxlength="8000" autocomplete="off"; }
        button { "Create" }
    };
    let blocked = visit.query.get("sort") == "-blocked";
    html! {
        div.tools {
            (search(visit, "Name has"))
            p {
                @if blocked { a href=(visit.with("sort", "")) { "In the order of names" } }
                @else { a href=(visit.with("sort", "-blocked")) { "Blocked first" } }
            }
            @if !kind.is_queue() {
                p {
                    @if advisories {
                        a href=(visit.with("advisories", "")) { "Without advisory topics" }
                    } @else {
                        a href=(visit.with("advisories", "yes")) { "With advisory topics" }
                    }
                }
            }
            (form(visit, "create", &create))
        }
    }
}

fn word(is_queue: bool) -> &'static str {
    if is_queue { "queue" } else { "topic" }
}

fn moving(visit: &Visit, is_queue: bool) -> Markup {
    let mut all = visit.house.watched.broker.view().destinations;
    let is_found = finder(visit);
    let advisories = !visit.query.get("advisories").is_empty();
    all.retain(|one| {
        let (kind, name) = (one.destination.kind(), one.destination.name());
        kind.is_queue() == is_queue && is_found(name) && (advisories || !is_advisory(kind, name))
    });
    // What cannot be sorted by stays in the order of names.
    sort(&mut all, visit.query.get("sort"));
    let cut = Cut::of(visit, all.len());
    let what = if is_queue { "queues" } else { "topics" };
    html! {
        @if all.is_empty() {
            p.quiet {
                @if visit.query.get("search").is_empty() {
                    "There is no " (word(is_queue)) " yet. One comes with its first message or "
                    "consumer."
                } @else {
                    "No " (word(is_queue)) " has this in its name."
                }
            }
        } @else {
            (table(visit, cut.rows(&all), if is_queue { "Queues" } else { "Topics" }, true))
            (cut.pager(visit, what))
        }
        @if is_queue { (undone::list(visit, undone::is_of_queue)) }
    }
}

/// The columns of a list: field to sort by, name, and how to read it.
type Column = (&'static str, &'static str, fn(&DestinationView) -> u64);

const COLUMNS: [Column; 5] = [
    ("pending", "Pending", |one| one.messages.pending),
    ("inFlight", "In flight", |one| one.messages.in_flight as u64),
    ("consumers", "Consumers", |one| {
        one.messages.consumers as u64
    }),
    ("enqueued", "Enqueued", |one| one.totals.enqueued),
    ("dequeued", "Dequeued", |one| one.totals.dequeued),
];

/// Destinations of one kind; sorted by a click, and with what can be done, if it is a list of its
/// own.
pub(super) fn table(visit: &Visit, rows: &[DestinationView], label: &str, own: bool) -> Markup {
    let is_queue = rows
        .first()
        .is_none_or(|one| one.destination.kind().is_queue());
    let plain = |name: &str, is_number: bool| {
        html! { th.number[is_number] scope="col" { (name) } }
    };
    let head = |field: &str, name: &str, is_number: bool| {
        if own {
            sorted(visit, field, name, is_number)
        } else {
            plain(name, is_number)
        }
    };
    let table = html! {
        table {
            caption.unseen { (label) }
            thead {
                tr {
                    (head("name", if is_queue { "Queue" } else { "Topic" }, false))
                    @for (field, name, _) in COLUMNS { (head(field, name, true)) }
                    (head("memory", "Memory", false))
                    @if own { th scope="col" { "Do" } }
                }
            }
            tbody {
                @for one in rows {
                    tr.blocked[one.parked > 0] {
                        th scope="row" { (name(one)) }
                        @for (_, _, get) in COLUMNS { td.number { (number(get(one))) } }
                        td.used { (bar(one.memory_used_bytes, one.memory_limit_bytes)) }
                        @if own { td.deeds { (deeds(visit, one)) } }
                    }
                }
            }
        }
    };
    wide(label, &table)
}

fn name(one: &DestinationView) -> Markup {
    let kind = one.destination.kind();
    html! {
        a href=(link_to("/admin/destination", &one.destination)) {
            (excerpt(one.destination.name(), NAME_CHARS_MAX))
        }
        @if kind.is_temporary() { " " span.tag { "temporary" } }
        @if one.paused { " " span.tag { "paused" } }
        @if one.parked > 0 {
            " " span.tag.bad { "blocks " (count(one.parked as u64, "send")) }
        }
    }
}

fn deeds(visit: &Visit, one: &DestinationView) -> Markup {
    let address = one.destination.to_string();
    let shown = excerpt(one.destination.name(), NAME_CHARS_MAX);
    let field = [("name", &*address)];
    let is_queue = one.destination.kind().is_queue();
    html! {
        @if is_queue {
            a href=(link_to("/admin/browse", &one.destination))
                aria-label=(format!("Browse {shown}")) { "Browse" }
        }
        @if visit.may_change() {
            " " a href=(link_to("/admin/send", &one.destination))
                aria-label=(format!("Send to {shown}")) { "Send" }
            @if is_queue {
                @if one.paused { (button(visit, "resume", &field, ("Resume", &shown))) }
                @else { (button(visit, "pause", &field, ("Pause", &shown))) }
                (confirmed(visit, "purge", &field,
                    ("Purge", &shown, &undone::purge_warning(visit))))
            }
            (confirmed(visit, "delete", &field,
                ("Delete", &shown, &undone::delete_warning(visit, is_queue))))
        }
    }
}
