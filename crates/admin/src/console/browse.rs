//! The messages of a queue, by pages to any depth, and dead letters by their cause.
//!
//! Nothing is taken: browsing is what any client may do. Bounds: rows of a page, messages that are
//! grouped, and the time of an operation.

use super::deeds::{CAUSE, Refusal, too_long};
use super::figures::{count, excerpt, moment, number, size};
use super::layout::{
    NAME_CHARS_MAX, ROWS, Tab, address, confirmed, form, no_destination, refused, still, wide,
};
use super::undone::mercy;
use super::visit::{Visit, link, link_to};
use crate::clerk::{BROWSE_BYTES_MAX, Clerk};
use crate::jolokia::{Scene, is_dlq};
use axum::http::StatusCode;
use axum::response::Response;
use floodway_broker::view::DestinationView;
use floodway_message::selector::{CONVERT_PREFIX, Selector};
use floodway_message::{Destination, Message, PropertyValue};
use maud::{Markup, html};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Characters of a body in a list.
const PREVIEW_CHARS: usize = 60;
/// Most messages that are looked at for their causes.
const GROUPED_MAX: usize = 10_000;
/// Most causes that are shown.
const CAUSES_MAX: usize = 50;
/// Most characters of a cause that are shown.
const CAUSE_CHARS_MAX: usize = 500;

/// The queue that is asked for.
pub(super) fn queue(visit: &Visit) -> Result<DestinationView, Box<Response>> {
    let view = visit.destination().and_then(|name| visit.view_of(&name));
    let view = view.ok_or_else(|| Box::new(no_destination(visit)))?;
    if view.destination.kind().is_queue() {
        Ok(view)
    } else {
        let reason =
            "a topic keeps no messages that could be browsed; its durable subscriptions do";
        Err(Box::new(refused(visit, StatusCode::BAD_REQUEST, reason)))
    }
}

/// Some messages of a queue, within the time of an operation: those after the first `skip`.
pub(super) async fn some(
    visit: &Visit,
    queue: &Destination,
    selector: &str,
    (skip, most): (usize, usize),
) -> Result<Vec<Arc<Message>>, Refusal> {
    let selector = if selector.trim().is_empty() {
        None
    } else {
        // Properties of STOMP are texts; whoever filters by hand means numbers when writing some.
        let parsed = if selector.starts_with(CONVERT_PREFIX) {
            Selector::parse(selector)
        } else {
            Selector::parse_converting(selector)
        };
        let parsed = parsed.map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))?;
        Some(Arc::new(parsed))
    };
    let mut clerk = Clerk::new(&visit.house.watched);
    let found = clerk.browse_from(queue, selector, (skip, most));
    let limit = Duration::from_millis(visit.house.settings.operation_ms);
    match tokio::time::timeout(limit, found).await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(failure)) => Err((StatusCode::CONFLICT, failure.to_string())),
        Err(_) => Err(too_long()),
    }
}

/// `GET /admin/browse`.
pub(super) async fn browse(visit: Visit) -> Response {
    let view = match queue(&visit) {
        Ok(view) => view,
        Err(response) => return *response,
    };
    let skip = visit.query.number("from").unwrap_or(0);
    let selector = visit.query.get("selector");
    // One more tells whether there is another page.
    let found = some(&visit, &view.destination, selector, (skip, ROWS + 1)).await;
    let found = match found {
        Ok(found) => found,
        Err((status, reason)) => return refused(&visit, status, &reason),
    };
    let is_dead = is_dlq(&view, &Scene::new(&visit.house));
    let title = format!(
        "Messages of {}",
        excerpt(view.destination.name(), NAME_CHARS_MAX)
    );
    let content = html! {
        (tools(&visit, &view, is_dead))
        @if found.is_empty() {
            p.quiet {
                @if skip > 0 { "There are no more messages." }
                @else if selector.is_empty() { "There is no message." }
                @else { "No message matches." }
            }
        } @else {
            (list(&visit, &view.destination, &found, is_dead))
        }
        (pager(&visit, skip, &found, &view))
    };
    still(&visit, Tab::Queues, &title, &content)
}

fn tools(visit: &Visit, view: &DestinationView, is_dead: bool) -> Markup {
    html! {
        p {
            (address(&view.destination)) ": " (count(view.messages.pending, "message"))
            " pending, " (number(view.messages.in_flight as u64)) " in flight."
        }
        div.tools {
            form.search method="get" action="/admin/browse" role="search" {
                input type="hidden" name="name" value=(view.destination);
                label { "Selector "
                    input name="selector" value=(visit.query.get("selector")) size="40"
                        spellcheck="false" placeholder="color = 'red' AND JMSPriority > 4"; }
                button { "Filter" }
            }
            @if is_dead {
                a.button href=(link_to("/admin/causes", &view.destination)) { "Group by cause" }
            }
        }
    }
}

/// Rows, with what can be done with those that are marked.
fn list(visit: &Visit, queue: &Destination, found: &[Arc<Message>], is_dead: bool) -> Markup {
    let may = visit.may_change();
    // Columns that would be empty take no room.
    let any = |get: fn(&Message) -> Option<&str>| found.iter().any(|one| get(one).is_some());
    let has_type = any(Message::message_type);
    let has_correlation = !is_dead && any(Message::correlation_id);
    let has_group = !is_dead && any(Message::group_id);
    let table = html! {
        table {
            caption.unseen { "Messages" }
            thead { tr {
                @if may { th scope="col" { span.unseen { "Marked" } } }
                th scope="col" { "Message" }
                th scope="col" { "Time, UTC" }
                th.number scope="col" { "Size" }
                th scope="col" { "Persistent" }
                th.number scope="col" { "Priority" }
                @if has_type { th scope="col" { "Type" } }
                @if is_dead { th scope="col" { "From" } th scope="col" { "Cause" } }
                @if has_correlation { th scope="col" { "Correlation" } }
                @if has_group { th scope="col" { "Group" } }
                th scope="col" { "Body" }
            } }
            tbody {
                @for one in found.iter().take(ROWS) {
                    tr {
                        @if may {
                            td { input type="checkbox" name="id" value=(one.id())
                                aria-label=(format!("Mark {}", excerpt(one.id(), 80))); }
                        }
                        th scope="row" { (id(queue, one)) }
                        td.time { (moment(one.timestamp_ms())) }
                        td.number { (size(one.body().len() as u64)) }
                        td { @if one.is_persistent() { "yes" } @else { "no" } }
                        td.number { (one.priority()) }
                        @if has_type {
                            td { (excerpt(one.message_type().unwrap_or_default(), 40)) }
                        }
                        @if is_dead {
                            td {
                                @if let Some(from) = one.original_destination() { (address(&from)) }
                            }
                            td { (excerpt(cause(one).unwrap_or("-"), 80)) }
                        }
                        @if has_correlation {
                            td { (excerpt(one.correlation_id().unwrap_or_default(), 60)) }
                        }
                        @if has_group {
                            td { (excerpt(one.group_id().unwrap_or_default(), 40)) }
                        }
                        td.preview { (preview(one)) }
                    }
                }
            }
        }
    };
    let table = wide("Messages", &table);
    let content = html! {
        input type="hidden" name="name" value=(queue);
        input type="hidden" name="back" value=(visit.here());
        (table)
        (choices(is_dead, true))
    };
    html! {
        @if may { div.marked { (form(visit, "messages", &content)) } } @else { (table) }
    }
}

/// What can be done with messages.
pub(super) fn choices(is_dead: bool, several: bool) -> Markup {
    html! {
        div.choices.several[several] role="group" aria-labelledby="choices" {
            p #choices { @if several { "With the marked messages" } @else { "With this message" } }
            @if several { button #mark-all type="button" hidden { "Mark all" } }
            @if is_dead { button name="what" value="retry" { "Retry" } }
            label { "To " input name="to" placeholder="queue://NAME" maxlength="8000"; }
            button name="what" value="move" { "Move" }
            button name="what" value="copy" { "Copy" }
            details.confirm {
                summary { "Delete…" }
                div.ask {
                    p { "What is deleted cannot be had back." }
                    button.danger name="what" value="delete" { "Yes, delete" }
                }
            }
        }
    }
}

fn id(queue: &Destination, one: &Message) -> Markup {
    let page = link(
        "/admin/message",
        &[("name", &queue.to_string()), ("id", one.id())],
    );
    html! {
        a href=(page) { (excerpt(one.id(), 80)) }
    }
}

/// The beginning of a body, if it is text.
fn preview(one: &Message) -> String {
    let body = one.body();
    let start = body.get(..4 * PREVIEW_CHARS).unwrap_or(body);
    let text = String::from_utf8_lossy(start);
    let text = text.trim_end_matches('\u{fffd}');
    if text.contains(|one: char| one == '\u{fffd}' || (one.is_control() && !one.is_whitespace())) {
        return "(not text)".to_owned();
    }
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut shown = excerpt(&line, PREVIEW_CHARS);
    if start.len() < body.len() && !shown.ends_with('…') {
        shown.push('…');
    }
    shown
}

/// Why it is a dead letter.
fn cause(one: &Message) -> Option<&str> {
    match one.property(CAUSE) {
        Some(PropertyValue::String(cause)) => Some(cause),
        _ => None,
    }
}

/// Pages are reached by how many messages come before them.
fn pager(visit: &Visit, skip: usize, found: &[Arc<Message>], view: &DestinationView) -> Markup {
    let shown = found.len().min(ROWS);
    // Large messages end a page before it has all its rows.
    let bytes: usize = found.iter().map(|one| one.body().len()).sum();
    let has_more = found.len() > shown || bytes > BROWSE_BYTES_MAX;
    let path = |from: usize| visit.with("from", &from.to_string());
    let all = view.messages.pending + view.messages.in_flight as u64;
    html! {
        @if skip > 0 || has_more {
            nav.pager aria-label="Pages of the messages" {
                @if skip > 0 {
                    a href=(path(0)) { "First" }
                    a rel="prev" href=(path(skip.saturating_sub(ROWS))) { "Previous" }
                }
                @if shown > 0 {
                    span {
                        (number(skip as u64 + 1)) " to " (number((skip + shown) as u64))
                        @if visit.query.get("selector").is_empty() { " of " (number(all)) }
                    }
                }
                @if has_more {
                    a rel="next" href=(path(skip + shown)) { "Next" }
                }
                form method="get" action="/admin/browse" {
                    input type="hidden" name="name" value=(view.destination);
                    @if !visit.query.get("selector").is_empty() {
                        input type="hidden" name="selector" value=(visit.query.get("selector"));
                    }
                    label { "After the first "
                        input name="from" type="number" min="0" value=(skip) size="9"; }
                    button { "Go" }
                }
            }
        }
    }
}

/// Dead letters of one cause and origin.
#[derive(Default)]
struct Group {
    count: u64,
    oldest_ms: i64,
    newest_ms: i64,
    example: String,
    from: BTreeMap<Destination, u64>,
}

/// `GET /admin/causes`.
pub(super) async fn causes(visit: Visit) -> Response {
    let view = match queue(&visit) {
        Ok(view) => view,
        Err(response) => return *response,
    };
    let found = some(&visit, &view.destination, "", (0, GROUPED_MAX)).await;
    let found = match found {
        Ok(found) => found,
        Err((status, reason)) => return refused(&visit, status, &reason),
    };
    let mut groups: BTreeMap<Option<&str>, Group> = BTreeMap::new();
    for one in &found {
        let group = groups.entry(cause(one)).or_default();
        let at = one.timestamp_ms();
        if group.count == 0 || at < group.oldest_ms {
            group.oldest_ms = at;
        }
        group.newest_ms = group.newest_ms.max(at);
        group.count += 1;
        if group.example.is_empty() {
            one.id().clone_into(&mut group.example);
        }
        if let Some(from) = one.original_destination() {
            *group.from.entry(from).or_default() += 1;
        }
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, group)| std::cmp::Reverse(group.count));
    let all = view.messages.pending + view.messages.in_flight as u64;
    let title = format!(
        "Causes in {}",
        excerpt(view.destination.name(), NAME_CHARS_MAX)
    );
    let content = html! {
        p {
            (address(&view.destination)) ": " (count(groups.len() as u64, "cause")) " among "
            (count(found.len() as u64, "message"))
            @if (found.len() as u64) < all { ", the first of " (number(all)) } "."
        }
        @if groups.is_empty() { p.quiet { "There is no message." } }
        @else { (cause_rows(&visit, &view.destination, &groups)) }
        @if groups.len() > CAUSES_MAX { p { "and " (groups.len() - CAUSES_MAX) " more causes" } }
    };
    still(&visit, Tab::Queues, &title, &content)
}

fn cause_rows(visit: &Visit, queue: &Destination, groups: &[(Option<&str>, Group)]) -> Markup {
    let table = html! {
        table {
            caption.unseen { "Causes" }
            thead { tr {
                th scope="col" { "Cause" }
                th.number scope="col" { "Messages" }
                th scope="col" { "From" }
                th scope="col" { "Oldest, UTC" }
                th scope="col" { "Newest, UTC" }
                th scope="col" { "Do" }
            } }
            tbody {
                @for (number_of, (cause, group)) in groups.iter().take(CAUSES_MAX).enumerate() {
                    tr {
                        th scope="row" {
                            @if let Some(cause) = cause { (excerpt(cause, CAUSE_CHARS_MAX)) }
                            @else { "No cause told" }
                        }
                        td.number { (number(group.count)) }
                        td {
                            @for (from, count) in group.from.iter().take(5) {
                                div { (address(from)) " (" (number(*count)) ")" }
                            }
                            @if group.from.len() > 5 { "and " (group.from.len() - 5) " more" }
                        }
                        td.time { (moment(group.oldest_ms)) }
                        td.time { (moment(group.newest_ms)) }
                        td.deeds { (cause_deeds(visit, queue, *cause, (number_of, group))) }
                    }
                }
            }
        }
    };
    wide("Causes", &table)
}

fn cause_deeds(
    visit: &Visit,
    queue: &Destination,
    cause: Option<&str>,
    (number_of, group): (usize, &Group),
) -> Markup {
    let name = queue.to_string();
    let mut fields = vec![("name", &*name)];
    fields.extend(cause.map(|cause| ("cause", cause)));
    let selector = super::deeds::selector_of_cause(cause);
    let about = format!("cause {}", number_of + 1);
    let warning = format!("All messages of this cause are removed.{}", mercy(visit));
    html! {
        a href=(link("/admin/browse", &[("name", &name), ("selector", &selector)]))
            aria-label=(format!("Browse {about}")) { "Browse" }
        " " a href=(link("/admin/message", &[("name", &name), ("id", &group.example)]))
            aria-label=(format!("Example of {about}")) { "Example" }
        (confirmed(visit, "cause-retry", &fields,
            ("Retry", &about, "All messages of this cause go back to where they came from.")))
        (confirmed(visit, "cause-remove", &fields,
            ("Delete", &about, &warning)))
    }
}
