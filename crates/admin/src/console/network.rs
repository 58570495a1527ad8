//! How the broker is reached: its connectors, and the brokers that have a bridge to it.
//!
//! A bridge sends here; what it sent only its own broker counts. Known are what the other broker
//! tells when it connects, and what the bridge waits for; how many there are is bounded by the core
//! and by the length of a page.

use super::figures::{count, excerpt, number, time};
use super::layout::{Cut, NAME_CHARS_MAX, Screen, Tab, screen, wide};
use super::visit::{Visit, link};
use axum::response::Response;
use floodway_broker::view::{ConnectionView, PeerView, SubscriptionView};
use maud::{Markup, html};
use std::collections::{BTreeMap, BTreeSet};

/// `GET /admin/network`.
pub(super) async fn network(visit: Visit) -> Response {
    let page = Screen {
        tab: Tab::Network,
        title: "Network".to_owned(),
        top: |_| html! {},
        moving,
    };
    screen(visit, &page)
}

fn moving(visit: &Visit) -> Markup {
    let broker = &visit.house.watched.broker;
    let all = broker.connections();
    let bridges = bridges(broker.peers(), &broker.subscriptions(), &all);
    let blocked: BTreeMap<u64, u64> = broker
        .blocked(visit.now)
        .iter()
        .rev()
        .map(|one| (one.connection.id, one.blocked_ms))
        .collect();
    let cut = Cut::of(visit, bridges.len());
    html! {
        section aria-labelledby="connectors" {
            h2 #connectors { "Connectors" }
            @if visit.house.settings.connectors.is_empty() {
                p.quiet { "The broker listens to no client." }
            } @else { (connectors(visit, &all)) }
        }
        section aria-labelledby="bridges" {
            h2 #bridges { "Bridges from other brokers" }
            @if bridges.is_empty() {
                p.quiet { "No other broker has a bridge to this one." }
            } @else {
                p {
                    (count(bridges.len() as u64, "broker")) " known. A bridge sends here what is "
                    "consumed here, or what its broker's configuration names; how much that was "
                    "is told by its broker."
                }
                (table(cut.rows(&bridges), &blocked))
                (cut.pager(visit, "brokers"))
            }
        }
        section aria-labelledby="own" {
            h2 #own { "Bridges to other brokers" }
            p.quiet {
                "This broker has none: network connectors are not built yet. A bridge with "
                "duplex=\"true\" from another broker is refused; one without it is served."
            }
        }
    }
}

fn connectors(visit: &Visit, all: &[ConnectionView]) -> Markup {
    let table = html! {
        table {
            caption.unseen { "Connectors" }
            thead { tr {
                th scope="col" { "Connector" }
                th scope="col" { "Listens at" }
                th.number scope="col" { "Connections" }
                th.number scope="col" { "Refused" }
                th scope="col" { "Failover clients" }
            } }
            tbody {
                @for one in &visit.house.settings.connectors {
                    @let own = all.iter().filter(|other| other.connector == one.name).count();
                    tr {
                        th scope="row" { (excerpt(&one.name, NAME_CHARS_MAX)) }
                        td.mono { (excerpt(&one.uri, NAME_CHARS_MAX)) }
                        td.number { (number(own as u64)) }
                        td.number { (number(one.refusals.count())) }
                        td {
                            @if one.updates_clients { "are told the brokers below" }
                            @else { "are told no other broker" }
                            @if one.rebalances_clients { ", and spread over them" }
                        }
                    }
                }
            }
        }
    };
    wide("Connectors", &table)
}

/// A bridge from another broker.
struct Bridge<'a> {
    /// What that told of itself; not all do.
    peer: Option<PeerView>,
    /// While it lasts.
    connection: Option<&'a ConnectionView>,
    /// Of its connection; by those of advisories it learns what is consumed here.
    consumers: u64,
}

/// Brokers that have told of themselves, then connections that consume for one that has not.
fn bridges<'a>(
    peers: Vec<PeerView>,
    subscriptions: &[SubscriptionView],
    all: &'a [ConnectionView],
) -> Vec<Bridge<'a>> {
    let mut consumers: BTreeMap<u64, u64> = BTreeMap::new();
    let mut others = BTreeSet::new();
    for one in subscriptions {
        if let Some(connection) = &one.connection {
            *consumers.entry(connection.id).or_default() += 1;
            if one.network {
                others.insert(connection.id);
            }
        }
    }
    for peer in &peers {
        peer.connection.map(|id| others.remove(&id));
    }
    let unnamed = others.into_iter().map(|id| (None, Some(id)));
    let named = peers.into_iter().map(|one| {
        let id = one.connection;
        (Some(one), id)
    });
    let bridge = |(peer, id): (Option<PeerView>, Option<u64>)| Bridge {
        peer,
        connection: all.iter().find(|one| Some(one.id) == id),
        consumers: id
            .and_then(|id| consumers.get(&id).copied())
            .unwrap_or_default(),
    };
    named.chain(unnamed).map(bridge).collect()
}

fn table(rows: &[Bridge<'_>], blocked: &BTreeMap<u64, u64>) -> Markup {
    let short = |text: &str| excerpt(text, NAME_CHARS_MAX);
    let table = html! {
        table {
            caption.unseen { "Bridges from other brokers" }
            thead { tr {
                @for name in ["Broker", "Its clients reach it at", "State", "Connection"] {
                    th scope="col" { (name) }
                }
                th.number scope="col" { "Consumers" }
            } }
            tbody {
                @for one in rows {
                    @let waits = one.connection.and_then(|own| blocked.get(&own.id));
                    tr.blocked[waits.is_some()] {
                        th scope="row" {
                            @match &one.peer {
                                Some(peer) => { (short(&peer.name)) }
                                None => { "(told no name)" }
                            }
                        }
                        td.mono {
                            @match &one.peer { Some(peer) => { (short(&peer.url)) } None => { "-" } }
                        }
                        td {
                            @if let Some(ms) = waits { span.tag.bad { "blocked for " (time(*ms)) } }
                            @else if one.connection.is_some() { span.tag { "connected" } }
                            @else { span.tag.bad { "gone" } }
                        }
                        td {
                            @match one.connection {
                                Some(own) => { (connection(own)) }
                                None => { "-" }
                            }
                        }
                        td.number { (number(one.consumers)) }
                    }
                }
            }
        }
    };
    wide("Bridges from other brokers", &table)
}

fn connection(one: &ConnectionView) -> Markup {
    let name = if one.client_id.is_empty() {
        "(no client id)"
    } else {
        &one.client_id
    };
    html! {
        a href=(link("/admin/connection", &[("id", &one.id.to_string())])) {
            (excerpt(name, NAME_CHARS_MAX))
        }
        " " span.quiet { (one.peer) ", " (excerpt(&one.connector, NAME_CHARS_MAX)) }
    }
}
