//! Queues, topics and durable subscriptions as XML, where and as ActiveMQ's console has them, for
//! monitors that read them there.
//!
//! Bounds: at most `metrics_destinations_max` rows of each. What XML cannot hold, even escaped, is
//! replaced.

use super::visit::Visit;
use crate::jolokia::size;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use floodway_broker::view::DestinationView;
use floodway_message::Destination;
use floodway_message::selector::CONVERT_PREFIX;
use maud::{Markup, html};

/// What stands for a character that is none in XML.
const REPLACEMENT: char = '\u{fffd}';

/// `GET /admin/xml/queues.jsp`.
pub(super) async fn queues(visit: Visit) -> Response {
    let all = destinations(&visit, true);
    xml(&html! { queues { @for one in &all { queue name=(name(one)) { (stats(one)) } } } })
}

/// `GET /admin/xml/topics.jsp`.
pub(super) async fn topics(visit: Visit) -> Response {
    let all = destinations(&visit, false);
    xml(&html! { topics { @for one in &all { topic name=(name(one)) { (stats(one)) } } } })
}

/// `GET /admin/xml/subscribers.jsp`.
pub(super) async fn subscribers(visit: Visit) -> Response {
    let mut all = visit.house.watched.broker.subscriptions();
    all.retain(|one| one.durable_name.is_some());
    all.truncate(visit.house.settings.metrics_destinations_max);
    xml(&html! {
        subscribers {
            @for one in &all {
                @let connection = one.connection.as_ref().map(|connection| connection.id.to_string());
                @let selector = one.selector.as_deref().unwrap_or_default();
                @let selector = selector.strip_prefix(CONVERT_PREFIX).unwrap_or(selector);
                @let topic = one.destinations.first().map_or("", Destination::name);
                subscriber clientId=(text(&one.client_id))
                    subscriptionName=(text(one.durable_name.as_deref().unwrap_or_default()))
                    connectionId=(connection.unwrap_or_default())
                    destinationName=(text(topic)) selector=(text(selector))
                    active=(if one.connection.is_some() { "yes" } else { "no" }) {
                    stats pendingQueueSize=(one.pending) dispatchedQueueSize=(one.unacknowledged)
                        dispatchedCounter=(one.dispatched) enqueueCounter=(one.enqueued)
                        dequeueCounter=(one.dequeued) {}
                }
            }
        }
    })
}

fn destinations(visit: &Visit, is_queue: bool) -> Vec<DestinationView> {
    let mut all = visit.house.watched.broker.view().destinations;
    all.retain(|one| one.destination.kind().is_queue() == is_queue);
    all.truncate(visit.house.settings.metrics_destinations_max);
    all
}

fn name(one: &DestinationView) -> String {
    text(one.destination.name())
}

fn stats(one: &DestinationView) -> Markup {
    html! {
        stats size=(size(one)) consumerCount=(one.messages.consumers) enqueueCount=(one.totals.enqueued)
            dequeueCount=(one.totals.dequeued) {}
    }
}

fn text(value: &str) -> String {
    let is_none = |one: char| {
        (one.is_control() && !matches!(one, '\t' | '\n' | '\r'))
            || matches!(one, '\u{fffe}' | '\u{ffff}')
    };
    value.replace(is_none, &REPLACEMENT.to_string())
}

fn xml(content: &Markup) -> Response {
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}\n",
        content.0
    );
    ([(header::CONTENT_TYPE, "text/xml; charset=utf-8")], text).into_response()
}
