//! One message: headers, properties, body, and what can be done with it.

use super::body::{Form, HEX_BYTES, SHOWN_BYTES_MAX, shown};
use super::browse::{choices, queue, some};
use super::figures::{excerpt, moment, number, size};
use super::layout::{NAME_CHARS_MAX, Tab, address, form, refused, still};
use super::visit::{Visit, link_to};
use crate::jolokia::{Scene, is_dlq};
use axum::http::StatusCode;
use axum::response::Response;
use floodway_message::{BodyKind, Message, PropertyValue};
use maud::{Markup, html};

/// Most properties that are shown.
const PROPERTIES_MAX: usize = 200;
/// Most characters of a property's value that are shown.
const VALUE_CHARS_MAX: usize = 4000;

/// `GET /admin/message`.
pub(super) async fn message(visit: Visit) -> Response {
    let view = match queue(&visit) {
        Ok(view) => view,
        Err(response) => return *response,
    };
    let id = visit.query.get("id");
    let selector = format!("JMSMessageID = '{}'", id.replace('\'', "''"));
    let found = some(&visit, &view.destination, &selector, (0, 1)).await;
    let found = match found {
        Ok(found) => found.into_iter().next(),
        Err((status, reason)) => return refused(&visit, status, &reason),
    };
    let Some(one) = found else {
        let reason = format!("{} has no message {id} any more", view.destination);
        return refused(&visit, StatusCode::NOT_FOUND, &reason);
    };
    let is_dead = is_dlq(&view, &Scene::new(&visit.house));
    let browse = link_to("/admin/browse", &view.destination);
    let deeds = html! {
        input type="hidden" name="name" value=(view.destination);
        input type="hidden" name="id" value=(one.id());
        input type="hidden" name="back" value=(browse);
        (choices(is_dead, false))
    };
    let content = html! {
        p { a href=(browse) { "All messages of "
            (excerpt(view.destination.name(), NAME_CHARS_MAX)) } }
        @if visit.may_change() { div.marked { (form(&visit, "messages", &deeds)) } }
        (headers(&one))
        (properties(&one))
        (body(&visit, &one))
    };
    let title = format!("Message {}", excerpt(one.id(), NAME_CHARS_MAX));
    still(&visit, Tab::Queues, &title, &content)
}

fn headers(one: &Message) -> Markup {
    let text = |value: Option<&str>| excerpt(value.unwrap_or("-"), VALUE_CHARS_MAX);
    let place = |value: Option<floodway_message::Destination>| {
        html! { @if let Some(value) = value { (address(&value)) } @else { "-" } }
    };
    html! {
        section aria-labelledby="headers" {
            h2 #headers { "Headers" }
            dl.figures {
                div { dt { "Time, UTC" } dd { (moment(one.timestamp_ms())) } }
                div { dt { "Expires, UTC" }
                    dd { @if one.expiration_ms() == 0 { "never" }
                        @else { (moment(one.expiration_ms())) } } }
                div { dt { "Delivery" }
                    dd { @if one.is_persistent() { "persistent" } @else { "not persistent" } } }
                div { dt { "Priority" } dd { (one.priority()) } }
                div { dt { "Type" } dd { (text(one.message_type())) } }
                div { dt { "Correlation id" } dd { (text(one.correlation_id())) } }
                div { dt { "Reply to" } dd { (place(one.reply_to())) } }
                div { dt { "Sent to" } dd { (place(one.destination())) } }
                div { dt { "First sent to" } dd { (place(one.original_destination())) } }
                div { dt { "Group" }
                    dd { (text(one.group_id()))
                        @if one.group_id().is_some() { ", " (one.group_sequence()) } } }
                div { dt { "User" } dd { (text(one.user_id())) } }
                div { dt { "Transaction" } dd { (text(one.transaction_id())) } }
            }
        }
    }
}

fn properties(one: &Message) -> Markup {
    let total = one.properties().count();
    html! {
        section aria-labelledby="properties" {
            h2 #properties { "Properties" }
            @if total == 0 { p.quiet { "It has none." } }
            @else {
                div.wide role="group" aria-label="Properties" tabindex="0" {
                    table {
                        caption.unseen { "Properties" }
                        thead { tr { th scope="col" { "Name" } th scope="col" { "Value" }
                            th scope="col" { "Kind" } } }
                        tbody {
                            @for (name, value) in one.properties().take(PROPERTIES_MAX) {
                                @let (kind, value) = told(&value);
                                tr {
                                    th scope="row" { (excerpt(name, NAME_CHARS_MAX)) }
                                    td { (excerpt(&value, VALUE_CHARS_MAX)) }
                                    td.quiet { (kind) }
                                }
                            }
                        }
                    }
                }
                @if total > PROPERTIES_MAX { p { "and " (total - PROPERTIES_MAX) " more" } }
            }
        }
    }
}

/// Kind and value of a property.
fn told(value: &PropertyValue<'_>) -> (&'static str, String) {
    match value {
        PropertyValue::Null => ("null", "-".to_owned()),
        PropertyValue::Boolean(is) => ("boolean", is.to_string()),
        PropertyValue::Byte(number) => ("byte", number.to_string()),
        PropertyValue::Short(number) => ("short", number.to_string()),
        PropertyValue::Integer(number) => ("int", number.to_string()),
        PropertyValue::Long(number) => ("long", number.to_string()),
        PropertyValue::Float(number) => ("float", format!("{number:?}")),
        PropertyValue::Double(number) => ("double", format!("{number:?}")),
        PropertyValue::String(text) => ("text", (*text).to_owned()),
        _ => ("unknown", "?".to_owned()),
    }
}

fn kind_of(one: &Message) -> &'static str {
    match one.body_kind() {
        BodyKind::Text => "text",
        BodyKind::Bytes => "bytes",
        BodyKind::Empty => "no body",
        BodyKind::Map => "map, as its client wrote it",
        BodyKind::Object => "serialized object",
        BodyKind::Stream => "stream, as its client wrote it",
        _ => "advisory",
    }
}

fn body(visit: &Visit, one: &Message) -> Markup {
    let bytes = one.body();
    let asked = visit.query.get("as");
    let asked = Form::ALL.iter().find(|(_, name, _)| *name == asked);
    let shape = asked.map_or_else(|| Form::of(bytes), |(form, ..)| *form);
    let from = visit.query.number("from").unwrap_or(0) / HEX_BYTES * HEX_BYTES;
    let (most, is_hex) = match shape {
        Form::Hex => (HEX_BYTES, true),
        _ => (SHOWN_BYTES_MAX, false),
    };
    html! {
        section aria-labelledby="body" {
            h2 #body { "Body" }
            p.quiet { (size(bytes.len() as u64)) ", " (kind_of(one)) "." }
            @if !bytes.is_empty() {
                nav.kinds aria-label="Forms of the body" {
                    ul {
                        @for (other, name, label) in Form::ALL {
                            li { a href=(visit.with("as", name))
                                aria-current=[(other == shape).then_some("true")] { (label) } }
                        }
                    }
                }
                pre.body.raw[is_hex] tabindex="0" role="group" aria-label="Body" {
                    (shown(bytes, shape, from))
                }
                @if bytes.len() > most {
                    nav.pager aria-label="Pages of the body" {
                        @if is_hex {
                            @if from > 0 {
                                @let before = from.saturating_sub(most).to_string();
                                a href=(visit.with("from", &before)) { "Previous" }
                            }
                            span { "From byte " (number(from as u64)) " of "
                                (number(bytes.len() as u64)) }
                            @if from + most < bytes.len() {
                                a href=(visit.with("from", &(from + most).to_string())) { "Next" }
                            }
                        } @else {
                            span { "The first " (size(most as u64)) " of "
                                (size(bytes.len() as u64)) "; all of it can be read as hex" }
                        }
                    }
                }
            }
        }
    }
}
