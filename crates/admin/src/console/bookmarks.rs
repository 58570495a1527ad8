//! The addresses of ActiveMQ's console, for bookmarks and links: each leads to the page that shows
//! the same.

use super::visit::{Visit, link};
use axum::response::{IntoResponse, Redirect, Response};

/// Theirs and ours.
pub(super) const PAGES: [(&str, &str); 12] = [
    ("/admin/index.jsp", "/admin"),
    ("/admin/queues.jsp", "/admin/queues"),
    ("/admin/topics.jsp", "/admin/topics"),
    ("/admin/subscribers.jsp", "/admin/subscribers"),
    ("/admin/connections.jsp", "/admin/connections"),
    ("/admin/network.jsp", "/admin/network"),
    ("/admin/scheduled.jsp", "/admin/scheduled"),
    ("/admin/send.jsp", "/admin/send"),
    ("/admin/browse.jsp", "/admin/browse"),
    ("/admin/message.jsp", "/admin/message"),
    ("/admin/queueConsumers.jsp", "/admin/destination"),
    ("/admin/queueProducers.jsp", "/admin/destination"),
];

pub(super) async fn lead(visit: Visit) -> Response {
    let path = visit.uri.path();
    let own = PAGES.iter().find(|(theirs, _)| *theirs == path);
    let own = own.map_or("/admin", |(_, own)| own);
    let name = visit.query.get("JMSDestination");
    let is_topic = visit.query.get("JMSDestinationType") == "topic";
    let name = if is_topic && !name.is_empty() {
        format!("topic://{name}")
    } else {
        name.to_owned()
    };
    let query = [("name", &*name), ("id", visit.query.get("id"))];
    Redirect::to(&link(own, &query)).into_response()
}
