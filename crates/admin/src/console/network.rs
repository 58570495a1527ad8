//! How the broker is reached: its connectors, and its neighbours.

use super::figures::{excerpt, number};
use super::layout::{NAME_CHARS_MAX, Tab, still, wide};
use super::visit::Visit;
use axum::response::Response;
use floodway_broker::view::ConnectionView;
use maud::{Markup, html};

/// `GET /admin/network`.
pub(super) async fn network(visit: Visit) -> Response {
    let all = visit.house.watched.broker.connections();
    let content = html! {
        section aria-labelledby="connectors" {
            h2 #connectors { "Connectors" }
            @if visit.house.settings.connectors.is_empty() {
                p.quiet { "The broker listens to no client." }
            } @else { (connectors(&visit, &all)) }
        }
        section aria-labelledby="networks" {
            h2 #networks { "Network of brokers" }
            p.quiet {
                "This broker connects to no other; network connectors are not built yet. "
                "Other brokers may connect to it as clients."
            }
        }
    };
    still(&visit, Tab::Network, "Network", &content)
}

fn connectors(visit: &Visit, all: &[ConnectionView]) -> Markup {
    let table = html! {
        table {
            caption.unseen { "Connectors" }
            thead { tr {
                th scope="col" { "Connector" }
                th scope="col" { "Listens at" }
                th.number scope="col" { "Connections" }
            } }
            tbody {
                @for one in &visit.house.settings.connectors {
                    @let own = all.iter().filter(|other| other.connector == one.name).count();
                    tr {
                        th scope="row" { (excerpt(&one.name, NAME_CHARS_MAX)) }
                        td.mono { (excerpt(&one.uri, NAME_CHARS_MAX)) }
                        td.number { (number(own as u64)) }
                    }
                }
            }
        }
    };
    wide("Connectors", &table)
}
