//! The console: pages in a browser, complete without a script.
//!
//! Rendered here by `maud`, which escapes every text; the only script replaces the moving part of a
//! page with what the same address sends as events. Nothing is loaded from elsewhere. What pages
//! need to remember is in `desk`; what they change goes through `deeds`, which asks for the token
//! of the login. Invariant: everything a page shows is bounded.

use crate::routes::House;
use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};

mod body;
mod bookmarks;
mod browse;
mod chart;
mod connections;
mod deeds;
pub(crate) mod desk;
mod destination;
mod explained;
mod feeds;
mod figures;
mod front;
pub(crate) mod history;
mod layout;
mod lists;
mod live;
mod message;
mod network;
mod scheduled;
mod send;
mod subscribers;
mod undone;
mod visit;

/// Everything under `/admin`.
pub(crate) fn routes() -> Router<House> {
    let pages = Router::new()
        .route("/", get(root))
        .route("/admin", get(front::front))
        .route("/admin/", get(root))
        .route("/admin/queues", get(lists::queues))
        .route("/admin/topics", get(lists::topics))
        .route("/admin/destination", get(destination::destination))
        .route("/admin/subscribers", get(subscribers::subscribers))
        .route("/admin/connections", get(connections::connections))
        .route("/admin/connection", get(connections::connection))
        .route("/admin/browse", get(browse::browse))
        .route("/admin/causes", get(browse::causes))
        .route("/admin/message", get(message::message))
        .route("/admin/scheduled", get(scheduled::scheduled))
        .route("/admin/network", get(network::network))
        .route("/admin/send", get(send::page))
        .route("/admin/do/{deed}", post(deeds::act))
        .route("/admin/xml/queues.jsp", get(feeds::queues))
        .route("/admin/xml/topics.jsp", get(feeds::topics))
        .route("/admin/xml/subscribers.jsp", get(feeds::subscribers))
        .route("/admin/console.js", get(script))
        .route("/admin/console.svg", get(icon))
        .route("/admin/console.css", get(style));
    let bookmarks = bookmarks::PAGES.iter();
    bookmarks.fold(pages, |pages, (path, _)| {
        pages.route(path, get(bookmarks::lead))
    })
}

/// `/` is the console.
async fn root() -> Redirect {
    Redirect::to("/admin")
}

async fn script() -> Response {
    let kind = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8")];
    (kind, include_str!("../console/console.js")).into_response()
}

async fn icon() -> Response {
    let kind = [(header::CONTENT_TYPE, "image/svg+xml")];
    (kind, include_str!("../console/console.svg")).into_response()
}

async fn style() -> Response {
    let kind = [(header::CONTENT_TYPE, "text/css; charset=utf-8")];
    (kind, include_str!("../console/console.css")).into_response()
}
