//! The console's front page: how the broker is, what is blocked and why, and buttons that apply the
//! change that helps.
//!
//! Rendered here and complete without a script; the script replaces the middle of the page with
//! what `/admin/live` sends. Nothing is loaded from elsewhere.

use crate::gate::Actor;
use crate::listener::Peer;
use crate::reply::refuse;
use crate::rest::set::{Change, apply};
use crate::routes::House;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::{Extension, Form};
use futures_util::stream::unfold;
use std::convert::Infallible;
use std::time::Duration;
use tokio::time::{Interval, MissedTickBehavior, interval};

mod page;

/// How often the page is rendered for those who look at it.
const REFRESH: Duration = Duration::from_secs(2);

/// `/` is the console.
pub(crate) async fn root() -> Redirect {
    Redirect::to("/admin")
}

/// The page.
pub(crate) async fn front(
    State(house): State<House>,
    Extension(actor): Extension<Actor>,
) -> Response {
    Html(page::whole(&house, &actor).into_string()).into_response()
}

/// What moves of it, as server-sent events.
pub(crate) async fn live(
    State(house): State<House>,
    Extension(actor): Extension<Actor>,
) -> Response {
    let mut ticks = interval(REFRESH);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let watcher = Watcher {
        house,
        actor,
        ticks,
        sent: String::new(),
    };
    let events = unfold(watcher, |mut watcher| async {
        let event = watcher.next().await;
        Some((Ok::<_, Infallible>(event), watcher))
    });
    let kind = [(header::CONTENT_TYPE, "text/event-stream")];
    (kind, Body::from_stream(events)).into_response()
}

/// Somebody who looks at the page.
struct Watcher {
    house: House,
    actor: Actor,
    ticks: Interval,
    sent: String,
}

impl Watcher {
    async fn next(&mut self) -> Bytes {
        self.ticks.tick().await;
        let page = page::middle(&self.house, &self.actor).into_string();
        if page == self.sent {
            // A comment: it only finds out whether somebody is still there.
            return Bytes::from_static(b":\n\n");
        }
        let mut event = String::with_capacity(page.len() + 64);
        for line in page.lines() {
            event.push_str("data: ");
            event.push_str(line);
            event.push('\n');
        }
        event.push('\n');
        self.sent = page;
        event.into()
    }
}

/// A button of the page.
pub(crate) async fn set(
    State(house): State<House>,
    Extension(actor): Extension<Actor>,
    Extension(peer): Extension<Peer>,
    form: Result<Form<Change>, FormRejection>,
) -> Response {
    let change = match form {
        Ok(Form(change)) => change,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, &error.body_text()),
    };
    match apply(&house, (&actor, peer), &change) {
        Ok(_) => Redirect::to("/admin").into_response(),
        Err((status, reason)) => refuse(status, &reason),
    }
}

pub(crate) async fn script() -> Response {
    let kind = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8")];
    (kind, include_str!("../console/console.js")).into_response()
}

pub(crate) async fn style() -> Response {
    let kind = [(header::CONTENT_TYPE, "text/css; charset=utf-8")];
    (kind, include_str!("../console/console.css")).into_response()
}
