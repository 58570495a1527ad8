//! Whether the process lives, and whether producers can be served: for those who restart it and
//! those who send it traffic.

use crate::reply::text;
use crate::routes::House;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use floodway_broker::Broker;

/// The process answers.
pub(crate) async fn livez() -> Response {
    text("alive\n".into())
}

/// The store takes messages.
pub(crate) async fn readyz(State(house): State<House>) -> Response {
    match unready(&house.watched.broker) {
        None => text("ready\n".into()),
        Some(reason) => {
            let mut response = text(format!("not ready: {reason}\n"));
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            response
        }
    }
}

/// Why messages are not taken.
pub(crate) fn unready(broker: &Broker) -> Option<&'static str> {
    let stores = broker.stores();
    let refuses = stores.store.is_some_and(|store| store.refuses_adds);
    if stores.failed {
        Some("the store has failed; restart the broker")
    } else if refuses {
        Some("the disk of the store is full")
    } else {
        None
    }
}
