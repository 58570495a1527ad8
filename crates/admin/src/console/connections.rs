//! Who is connected, and what one of them does.

use super::destination::producer_rows;
use super::figures::{count, excerpt, time};
use super::layout::{
    Cut, NAME_CHARS_MAX, Screen, Tab, address, confirmed, finder, refused, screen, search, wide,
};
use super::subscribers::rows_of;
use super::visit::{Visit, link};
use axum::http::StatusCode;
use axum::response::Response;
use floodway_broker::view::{BlockedView, ConnectionView};
use maud::{Markup, html};
use std::collections::BTreeMap;

pub(super) async fn connections(visit: Visit) -> Response {
    let page = Screen {
        tab: Tab::Connections,
        title: "Connections".to_owned(),
        top: |visit| html! { div.tools { (search(visit, "Client, user or address has")) } },
        moving: moving_of_all,
    };
    screen(visit, &page)
}

fn moving_of_all(visit: &Visit) -> Markup {
    let broker = &visit.house.watched.broker;
    let mut all = broker.connections();
    let is_found = finder(visit);
    all.retain(|one| {
        let user = one.user.as_deref().unwrap_or_default();
        [&*one.client_id, &one.peer, user]
            .iter()
            .any(|name| is_found(name))
    });
    let blocked: BTreeMap<u64, u64> = broker
        .blocked(visit.now)
        .iter()
        .rev()
        .map(|one| (one.connection.id, one.blocked_ms))
        .collect();
    let connectors = &visit.house.settings.connectors;
    let of_connector = |name: &str| all.iter().filter(|one| one.connector == name).count();
    let cut = Cut::of(visit, all.len());
    let short = |text: &str| excerpt(text, NAME_CHARS_MAX);
    let table = html! {
        table {
            caption.unseen { "Connections" }
            thead { tr {
                @for name in ["Client", "User", "Address", "Speaks", "Connector", "State"] {
                    th scope="col" { (name) }
                }
            } }
            tbody {
                @for one in cut.rows(&all) {
                    @let waits = blocked.get(&one.id);
                    tr.blocked[waits.is_some()] {
                        th scope="row" { (client(one)) }
                        td { (short(one.user.as_deref().unwrap_or("-"))) }
                        td { (one.peer) }
                        td { (one.protocol) }
                        td { (short(&one.connector)) }
                        td {
                            @if let Some(ms) = waits { span.tag.bad { "blocked for " (time(*ms)) } }
                            @else { span.tag { "running" } }
                        }
                    }
                }
            }
        }
    };
    html! {
        p {
            @for one in connectors {
                (short(&one.name)) ": " (count(of_connector(&one.name) as u64, "connection")) ". "
            }
        }
        @if all.is_empty() {
            p.quiet { "There is no such connection." }
        } @else {
            (wide("Connections", &table))
            (cut.pager(visit, "connections"))
        }
    }
}

fn client(one: &ConnectionView) -> Markup {
    let name = if one.client_id.is_empty() {
        "(no client id)"
    } else {
        &one.client_id
    };
    html! {
        a href=(link("/admin/connection", &[("id", &one.id.to_string())])) {
            (excerpt(name, NAME_CHARS_MAX))
        }
    }
}

pub(super) async fn connection(visit: Visit) -> Response {
    let Some(one) = asked(&visit) else {
        let reason = "this connection has ended";
        return refused(&visit, StatusCode::NOT_FOUND, reason);
    };
    let page = Screen {
        tab: Tab::Connections,
        title: format!("Connection of {}", excerpt(&one.client_id, NAME_CHARS_MAX)),
        top,
        moving: moving_of_one,
    };
    screen(visit, &page)
}

fn asked(visit: &Visit) -> Option<ConnectionView> {
    let id = visit.query.get("id").parse::<u64>().ok()?;
    let all = visit.house.watched.broker.connections();
    all.into_iter().find(|one| one.id == id)
}

fn top(visit: &Visit) -> Markup {
    let id = visit.query.get("id");
    html! {
        div.tools {
            (confirmed(visit, "connection-close", &[("id", id), ("back", "/admin/connections")],
                ("Close", "the connection",
                    "Its client may connect again. What it has not acknowledged goes to others.")))
        }
    }
}

fn moving_of_one(visit: &Visit) -> Markup {
    let Some(one) = asked(visit) else {
        return html! { p.state.bad { "This connection has ended." } };
    };
    let broker = &visit.house.watched.broker;
    let mut blocked = broker.blocked(visit.now);
    blocked.retain(|other| other.connection.id == one.id);
    let mut consumers = broker.subscriptions();
    consumers.retain(|other| {
        other
            .connection
            .as_ref()
            .is_some_and(|own| own.id == one.id)
    });
    let mut producers = broker.producers();
    producers.retain(|other| other.connection == one.id);
    let cut = Cut::of(visit, consumers.len());
    let short = |text: &str| excerpt(text, NAME_CHARS_MAX);
    html! {
        dl.figures {
            div { dt { "Client id" } dd { (short(&one.client_id)) } }
            div { dt { "User" } dd { (short(one.user.as_deref().unwrap_or("-"))) } }
            div { dt { "Address" } dd { (one.peer) } }
            div { dt { "Speaks" } dd { (one.protocol) } }
            div { dt { "Connector" } dd { (short(&one.connector)) } }
        }
        (waits(&blocked))
        section aria-labelledby="consumers" {
            h2 #consumers { "Consumers" }
            @if consumers.is_empty() { p.quiet { "It consumes from nothing." } }
            @else {
                (rows_of(visit, cut.rows(&consumers), "Consumers"))
                (cut.pager(visit, "consumers"))
            }
        }
        section aria-labelledby="producers" {
            h2 #producers { "Producers" }
            @if producers.is_empty() {
                p.quiet { "It told of no producer; clients of STOMP never do." }
            } @else {
                (producer_rows(&producers, |producer| {
                    let mut own = blocked.iter();
                    let own = own.find(|other| other.producer == Some(producer.producer));
                    own.map(|own| own.blocked_ms)
                }))
            }
        }
    }
}

fn waits(blocked: &[BlockedView]) -> Markup {
    html! {
        @if !blocked.is_empty() {
            section.blocked aria-labelledby="waits" {
                h2 #waits { "Blocked" }
                ul {
                    @for one in blocked.iter().take(10) {
                        li {
                            "at " (address(&one.destination)) " for " b { (time(one.blocked_ms)) }
                            ", " (count(one.sends as u64, "send")) " waiting"
                        }
                    }
                }
                p { a href="/admin" { "Why, and what helps" } }
            }
        }
    }
}
