//! Who consumes: durable subscriptions with and without their consumer, and all other consumers.

use super::figures::{excerpt, number};
use super::layout::{
    Cut, NAME_CHARS_MAX, Screen, Tab, address, confirmed, finder, form, screen, search, wide,
};
use super::undone;
use super::visit::{Visit, link};
use axum::response::Response;
use floodway_broker::view::SubscriptionView;
use floodway_message::selector::CONVERT_PREFIX;
use maud::{Markup, html};

pub(super) async fn subscribers(visit: Visit) -> Response {
    let page = Screen {
        tab: Tab::Subscribers,
        title: "Subscribers".to_owned(),
        top,
        moving,
    };
    screen(visit, &page)
}

/// What may be asked for: the value in the query, its name, and who belongs to it.
type Kind = (&'static str, &'static str, fn(&SubscriptionView) -> bool);

const KINDS: [Kind; 5] = [
    ("", "All", |_| true),
    ("durable", "Durable", |one| one.durable_name.is_some()),
    ("offline", "Durable, offline", |one| {
        one.connection.is_none()
    }),
    ("topic", "Topic, not durable", |one| {
        one.durable_name.is_none() && !is_of_queue(one)
    }),
    ("queue", "Queue", is_of_queue),
];

fn is_of_queue(one: &SubscriptionView) -> bool {
    one.destinations
        .first()
        .is_some_and(|first| first.kind().is_queue())
}

fn top(visit: &Visit) -> Markup {
    let kind = visit.query.get("kind");
    let create = html! {
        input type="hidden" name="back" value=(visit.here());
        label { "Client id " input name="client" required maxlength="1000" autocomplete="off"; }
        label { "Name " input name="subscription" required maxlength="1000" autocomplete="off"; }
        label { "Topic " input name="topic" required maxlength="8000" autocomplete="off"; }
        label { "Selector " input name="selector" maxlength="8000" autocomplete="off"; }
        button { "Create" }
    };
    html! {
        nav.kinds aria-label="Kinds of subscribers" {
            ul {
                @for (value, name, _) in KINDS {
                    li {
                        a href=(visit.with("kind", value))
                            aria-current=[(kind == value).then_some("true")] { (name) }
                    }
                }
            }
        }
        div.tools {
            (search(visit, "Client, name or destination has"))
            @if visit.may_change() {
                details.confirm {
                    summary { "New durable subscription…" }
                    div.ask { (form(visit, "durable-create", &create)) }
                }
            }
        }
    }
}

fn moving(visit: &Visit) -> Markup {
    let mut all = visit.house.watched.broker.subscriptions();
    let kind = visit.query.get("kind");
    let kind = KINDS.iter().find(|(value, ..)| *value == kind);
    let is_of_kind = kind.map_or(KINDS[0].2, |(.., is)| *is);
    let is_found = finder(visit);
    all.retain(|one| {
        is_of_kind(one)
            && (is_found(&one.client_id)
                || one.durable_name.as_ref().is_some_and(|name| is_found(name))
                || one.destinations.iter().any(|to| is_found(to.name())))
    });
    // Whoever is away first: somebody may have forgotten its messages.
    all.sort_by_key(|one| (one.connection.is_some(), one.durable_name.is_none()));
    let cut = Cut::of(visit, all.len());
    html! {
        @if all.is_empty() {
            p.quiet { "There is no such subscriber." }
        } @else {
            (rows_of(visit, cut.rows(&all), "Subscribers"))
            (cut.pager(visit, "subscribers"))
        }
        (undone::list(visit, undone::is_of_subscription))
    }
}

/// Subscriptions as a table.
pub(super) fn rows_of(visit: &Visit, rows: &[SubscriptionView], label: &str) -> Markup {
    let numbers = [
        "Pending",
        "In flight",
        "Prefetch",
        "Enqueued",
        "Dispatched",
        "Dequeued",
        "Discarded",
    ];
    let may_remove = visit.may_change()
        && rows
            .iter()
            .any(|one| one.durable_name.is_some() && one.connection.is_none());
    let table = html! {
        table {
            caption.unseen { (label) }
            thead {
                tr {
                    th scope="col" { "Client" }
                    th scope="col" { "Consumes from" }
                    th scope="col" { "State" }
                    @for name in numbers { th.number scope="col" { (name) } }
                    @if may_remove { th scope="col" { "Do" } }
                }
            }
            tbody { @for one in rows { (row(visit, one, may_remove)) } }
        }
    };
    wide(label, &table)
}

fn row(visit: &Visit, one: &SubscriptionView, may_remove: bool) -> Markup {
    let short = |text: &str| excerpt(text, NAME_CHARS_MAX);
    let numbers = [
        one.pending,
        one.unacknowledged,
        one.prefetch.into(),
        one.enqueued,
        one.dispatched,
        one.dequeued,
        one.discarded,
    ];
    html! {
        tr {
            th scope="row" {
                @if let Some(connection) = &one.connection {
                    a href=(link("/admin/connection", &[("id", &connection.id.to_string())])) {
                        (short(&one.client_id))
                    }
                } @else { (short(&one.client_id)) }
                @if let Some(name) = &one.durable_name { br; b { (short(name)) } }
            }
            td {
                @for to in one.destinations.iter().take(10) {
                    @if to.is_pattern() { (short(&to.to_string())) } @else { (address(to)) }
                    " "
                }
                @if one.destinations.len() > 10 { "and " (one.destinations.len() - 10) " more" }
                @if let Some(selector) = &one.selector {
                    br; span.quiet { "where " code {
                        (short(selector.strip_prefix(CONVERT_PREFIX).unwrap_or(selector)))
                    } }
                }
            }
            td { (state(one)) }
            @for value in numbers { td.number { (number(value)) } }
            @if may_remove {
                td.deeds {
                    @if let (Some(name), None) = (&one.durable_name, &one.connection) {
                        (confirmed(visit, "durable-remove",
                            &[("client", &one.client_id), ("subscription", name)],
                            ("Remove", &short(name), &undone::subscription_warning(visit))))
                    }
                }
            }
        }
    }
}

fn state(one: &SubscriptionView) -> Markup {
    html! {
        @if one.connection.is_none() { span.tag.bad { "offline" } } @else { span.tag { "online" } }
        @if one.durable_name.is_some() { " " span.tag { "durable" } }
        @if one.slow { " " span.tag.bad { "slow" } }
        @if one.exclusive { " " span.tag { "exclusive" } }
        @if one.browser { " " span.tag { "browser" } }
        @if one.priority != 0 { " " span.tag { "priority " (one.priority) } }
    }
}
