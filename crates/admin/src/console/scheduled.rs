//! Messages that are to come later: what is scheduled, in the order of their times, and how it
//! is removed.

use super::figures::{bar, count, excerpt, moment, number, time};
use super::layout::{NAME_CHARS_MAX, ROWS, Tab, address, confirmed, refused, still, wide};
use super::undone::{is_of_jobs, job_warning, list};
use super::visit::Visit;
use crate::rest::set::BUG;
use axum::http::StatusCode;
use axum::response::Response;
use floodway_broker::view::{JobView, SchedulerView};
use maud::{Markup, html};
use std::sync::Arc;
use tokio::task::spawn_blocking;

/// `GET /admin/scheduled`.
pub(super) async fn scheduled(visit: Visit) -> Response {
    let broker = Arc::clone(&visit.house.watched.broker);
    let content = match broker.scheduler() {
        None => html! {
            p.quiet { "There is no scheduler: activemq.xml does not say schedulerSupport=\"true\"." }
        },
        Some(scheduler) => {
            let after = visit.query.get("after").parse().unwrap_or(i64::MIN);
            // They are read from disk; the other requests go on.
            let page = spawn_blocking(move || broker.jobs(after..=i64::MAX, None, ROWS));
            match page.await {
                Ok(page) => jobs(&visit, &scheduler, &page.jobs, page.next.is_some()),
                Err(_) => return refused(&visit, StatusCode::INTERNAL_SERVER_ERROR, BUG),
            }
        }
    };
    still(&visit, Tab::Scheduled, "Scheduled messages", &content)
}

fn jobs(visit: &Visit, scheduler: &SchedulerView, rows: &[JobView], has_more: bool) -> Markup {
    let last = rows.last().map(|one| one.next_ms);
    let after = visit.query.get("after").parse::<i64>().ok();
    // Those of the same moment as the last one come again; a page of nothing else would not end.
    let next = last.map(|last| {
        if after == Some(last) {
            last.saturating_add(1)
        } else {
            last
        }
    });
    html! {
        p {
            (count(scheduler.jobs as u64, "scheduled message"))
            @if let Some(ms) = scheduler.next_ms { ", the first is due " (moment(ms)) " UTC" } "."
        }
        dl.figures { div.broad { dt { "Space" }
            dd { (bar(scheduler.used_bytes, scheduler.limit_bytes)) } } }
        @if rows.is_empty() {
            p.quiet { "Nothing is scheduled" @if after.is_some() { " later" } "." }
        } @else {
            (table(visit, rows))
        }
        @if after.is_some() || has_more {
            nav.pager aria-label="Pages of the list" {
                @if after.is_some() { a href=(visit.with("after", "")) { "First" } }
                @if let (true, Some(next)) = (has_more, next) {
                    a rel="next" href=(visit.with("after", &next.to_string())) { "Next" }
                }
            }
        }
        (list(visit, is_of_jobs))
    }
}

fn table(visit: &Visit, rows: &[JobView]) -> Markup {
    let every = |one: &JobView| {
        html! {
            @if !one.cron.is_empty() { code { (excerpt(&one.cron, 60)) } " " }
            @if one.period_ms > 0 {
                "every " (time(one.period_ms.unsigned_abs())) ", "
                @if one.repeat < 0 { "without end" } @else { (one.repeat) " left" }
            } @else if one.cron.is_empty() { "once" }
        }
    };
    let table = html! {
        table {
            caption.unseen { "Scheduled messages" }
            thead { tr {
                th scope="col" { "Job" }
                th scope="col" { "Destination" }
                th scope="col" { "Next, UTC" }
                th scope="col" { "Since, UTC" }
                th.number scope="col" { "Delay, ms" }
                th scope="col" { "Repeats" }
                th.number scope="col" { "Done" }
                @if visit.may_change() { th scope="col" { "Do" } }
            } }
            tbody {
                @for one in rows {
                    tr {
                        th scope="row" { (excerpt(&one.id, NAME_CHARS_MAX)) }
                        td { (address(&one.destination)) }
                        td.time { (moment(one.next_ms)) }
                        td.time { (moment(one.start_ms)) }
                        td.number { (number(one.delay_ms.unsigned_abs())) }
                        td { (every(one)) }
                        td.number { (one.count) }
                        @if visit.may_change() {
                            td.deeds {
                                (confirmed(visit, "job-remove", &[("id", &one.id)], ("Remove",
                                    &excerpt(&one.id, 60), &job_warning(visit))))
                            }
                        }
                    }
                }
            }
        }
    };
    wide("Scheduled messages", &table)
}
