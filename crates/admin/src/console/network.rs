//! How the broker is reached: its connectors, and the brokers that have a bridge to it.
//!
//! It knows of bridges what their brokers tell when they connect, and what their consumers do
//! here; how many there are is bounded by the core and by the length of a page.

use super::figures::{count, excerpt, number};
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
                    (count(bridges.len() as u64, "broker")) " known. A bridge consumes here what "
                    "its broker has consumers for."
                }
                (table(cut.rows(&bridges)))
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

/// Another broker, and what it does here.
struct Bridge<'a> {
    /// What it told of itself; not all do.
    peer: Option<PeerView>,
    /// While it lasts.
    connection: Option<&'a ConnectionView>,
    consumers: u64,
    forwarded: u64,
    unacknowledged: u64,
}

/// Brokers that have told of themselves, then connections that consume for one that has not.
fn bridges<'a>(
    peers: Vec<PeerView>,
    subscriptions: &[SubscriptionView],
    all: &'a [ConnectionView],
) -> Vec<Bridge<'a>> {
    let mut consuming: BTreeMap<u64, (u64, u64, u64)> = BTreeMap::new();
    for one in subscriptions.iter().filter(|one| one.network) {
        if let Some(connection) = &one.connection {
            let (consumers, forwarded, open) = consuming.entry(connection.id).or_default();
            *consumers += 1;
            *forwarded += one.dequeued;
            *open += one.unacknowledged;
        }
    }
    let told: BTreeSet<u64> = peers.iter().filter_map(|one| one.connection).collect();
    let unnamed = consuming.keys().filter(|id| !told.contains(id));
    let unnamed = unnamed.map(|id| (None, Some(*id)));
    let named = peers.into_iter().map(|one| {
        let id = one.connection;
        (Some(one), id)
    });
    let bridge = |(peer, id): (Option<PeerView>, Option<u64>)| {
        let own = id.and_then(|id| consuming.get(&id).copied());
        let (consumers, forwarded, unacknowledged) = own.unwrap_or_default();
        Bridge {
            peer,
            connection: all.iter().find(|one| Some(one.id) == id),
            consumers,
            forwarded,
            unacknowledged,
        }
    };
    named.chain(unnamed).map(bridge).collect()
}

fn table(rows: &[Bridge<'_>]) -> Markup {
    let short = |text: &str| excerpt(text, NAME_CHARS_MAX);
    let table = html! {
        table {
            caption.unseen { "Bridges from other brokers" }
            thead { tr {
                @for name in ["Broker", "Its clients reach it at", "State", "Connection"] {
                    th scope="col" { (name) }
                }
                @for name in ["Consumers", "Forwarded", "In flight"] {
                    th.number scope="col" { (name) }
                }
            } }
            tbody {
                @for one in rows {
                    tr {
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
                            @if one.connection.is_some() { span.tag { "connected" } }
                            @else { span.tag.bad { "gone" } }
                        }
                        td {
                            @match one.connection {
                                Some(own) => { (connection(own)) }
                                None => { "-" }
                            }
                        }
                        td.number { (number(one.consumers)) }
                        td.number { (number(one.forwarded)) }
                        td.number { (number(one.unacknowledged)) }
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
