//! The moving part of a page as server-sent events, for as long as somebody looks.
//!
//! At most `console_streams_max` at a time. An event is sent only if something moved; otherwise a
//! comment, which finds out whether somebody is still there.

use super::visit::Visit;
use crate::reply::refuse;
use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use maud::Markup;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// How often a page is rendered for those who look at it.
const REFRESH: Duration = Duration::from_secs(2);

/// Before the first event: how soon a browser connects again, which it must after each
/// `connection_ms`.
const AGAIN: &str = "retry: 500\n";

/// Somebody who looks.
struct Watcher {
    visit: Visit,
    moving: fn(&Visit) -> Markup,
    ticks: Interval,
    sent: String,
    _permit: OwnedSemaphorePermit,
}

pub(super) fn stream(visit: Visit, moving: fn(&Visit) -> Markup) -> Response {
    let Some(permit) = visit.house.desk.stream() else {
        let reason = "too many look at live figures already; reload the page instead";
        return refuse(StatusCode::SERVICE_UNAVAILABLE, reason);
    };
    let mut ticks = interval(REFRESH);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let watcher = Watcher {
        visit,
        moving,
        ticks,
        sent: String::new(),
        _permit: permit,
    };
    let events = unfold(watcher, |mut watcher| async {
        let event = watcher.next().await;
        Some((Ok::<_, Infallible>(event), watcher))
    });
    let kind = [(header::CONTENT_TYPE, "text/event-stream")];
    (kind, Body::from_stream(events)).into_response()
}

impl Watcher {
    async fn next(&mut self) -> Bytes {
        self.ticks.tick().await;
        self.visit.now = (self.visit.house.watched.now)();
        let page = (self.moving)(&self.visit).into_string();
        if page == self.sent {
            return Bytes::from_static(b":\n\n");
        }
        let mut event = String::with_capacity(page.len() + 64);
        if self.sent.is_empty() {
            event.push_str(AGAIN);
        }
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
