//! The page that sends messages, now or later.

use super::deeds::{Refusal, call};
use super::figures;
use super::layout::{Tab, form, still};
use super::visit::{Fields, Visit};
use crate::jolokia::{Act, Subject};
use axum::http::StatusCode;
use axum::response::Response;
use floodway_message::Destination;
use maud::{Markup, html};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Most messages that are sent at a time.
const COUNT_MAX: usize = 1000;
/// Most lines of properties.
const PROPERTIES_MAX: usize = 100;
/// Property with the number of a message, as ActiveMQ's console calls it.
const COUNTER: &str = "JMSXMessageCounter";

/// Headers of the form: its field, and how Jolokia calls it.
const HEADERS: [(&str, &str, &str); 10] = [
    ("priority", "JMSPriority", "Priority, 0 to 9"),
    ("live", "JMSExpiration", "Time to live, ms"),
    ("correlation", "JMSCorrelationID", "Correlation id"),
    ("type", "JMSType", "Type"),
    ("reply", "JMSReplyTo", "Reply to"),
    ("group", "JMSXGroupID", "Message group"),
    ("delay", "AMQ_SCHEDULED_DELAY", "Delay, ms"),
    ("period", "AMQ_SCHEDULED_PERIOD", "Repeat every, ms"),
    ("repeat", "AMQ_SCHEDULED_REPEAT", "Repetitions"),
    ("cron", "AMQ_SCHEDULED_CRON", "Cron"),
];

/// `GET /admin/send`.
pub(super) async fn page(visit: Visit) -> Response {
    let content = html! {
        @if visit.may_change() {
            (form(&visit, "send", &fields(&visit)))
        } @else {
            p.quiet { "Sending needs the role admin." }
        }
    };
    still(&visit, Tab::Send, "Send a message", &content)
}

fn fields(visit: &Visit) -> Markup {
    let name = visit.query.get("name");
    let header = |(field, _, label): &(&str, &str, &str)| {
        html! {
            label { (label) input name=(field) value=(visit.query.get(field)) maxlength="8000"; }
        }
    };
    let (plain, later) = HEADERS.split_at(6);
    html! {
        input type="hidden" name="back" value=(visit.here());
        div.letter {
            fieldset {
                legend { "Destination" }
                label.broad { "queue://NAME or topic://NAME; a name alone is a queue"
                    input name="name" value=(name) required maxlength="8000"; }
                label.check { input type="checkbox" name="persistent" value="yes" checked;
                    "Persistent" }
                label { "How many, at most " (COUNT_MAX)
                    input name="count" type="number" min="1" max=(COUNT_MAX) value="1"; }
            }
            fieldset { legend { "Headers" } @for one in plain { (header(one)) } }
            fieldset {
                legend { "Later" }
                @for one in later { (header(one)) }
                p.quiet.broad { "A cron entry has five fields, such as 0 8 * * 1-5." }
            }
            fieldset.content {
                legend { "Content" }
                label.broad { "Properties, one name=value on each line"
                    textarea name="properties" rows="3" spellcheck="false" {} }
                label.broad { "Body"
                    textarea name="body" rows="12" spellcheck="false" {} }
            }
        }
        p { button.main { "Send" } " " span.quiet { "All of it has at most "
            (figures::size(visit.house.settings.body_bytes_max as u64)) "." } }
    }
}

/// What the form sends.
pub(super) async fn send(visit: &Visit, form: &Fields) -> Result<String, Refusal> {
    let refuse = |reason: String| (StatusCode::BAD_REQUEST, reason);
    let name = form.get("name").trim();
    let to = Destination::parse(name).map_err(|error| refuse(error.to_string()))?;
    if to.is_pattern() {
        return Err(refuse(format!("{name} is a pattern; name one destination")));
    }
    let count = form.number("count").unwrap_or(1).clamp(1, COUNT_MAX);
    let headers = headers(form).map_err(refuse)?;
    if visit.view_of(&to).is_none() {
        let act = if to.kind().is_queue() {
            Act::AddQueue
        } else {
            Act::AddTopic
        };
        call(visit, act, &Subject::Broker, &[json!(to.to_string())]).await?;
    }
    let view = visit.view_of(&to).map(Box::new);
    let view = view.ok_or_else(|| refuse(format!("{to} does not stay")))?;
    let subject = Subject::Queue(view);
    let body = form.get("body");
    let mut sent: usize = 0;
    let all = async {
        for number in 1..=count {
            let mut headers = headers.clone();
            if count > 1 {
                headers.insert(COUNTER.to_owned(), json!(number));
            }
            let given = [Value::Object(headers), json!(body)];
            call(visit, Act::SendTextWithHeaders, &subject, &given).await?;
            sent = number;
        }
        Ok::<(), Refusal>(())
    };
    let limit = Duration::from_millis(visit.house.settings.operation_ms);
    let done = tokio::time::timeout(limit, all).await;
    let told = format!("{} sent to {to}", figures::count(sent as u64, "message"));
    match done {
        Ok(Ok(())) => Ok(told),
        Ok(Err((status, reason))) => Err((status, format!("{told}; then: {reason}"))),
        Err(_) => Err((
            StatusCode::GATEWAY_TIMEOUT,
            format!("{told}; then the broker took too long: is {to} blocked? The front page tells"),
        )),
    }
}

/// Headers and properties as Jolokia takes them.
fn headers(form: &Fields) -> Result<Map<String, Value>, String> {
    let mut headers = Map::new();
    let mode = if form.get("persistent").is_empty() {
        1
    } else {
        2
    };
    headers.insert("JMSDeliveryMode".to_owned(), json!(mode));
    // As a producer of JMS that says nothing; Jolokia's own default is ActiveMQ's 0.
    headers.insert("JMSPriority".to_owned(), json!(4));
    for (field, name, label) in HEADERS {
        let text = form.get(field).trim();
        if text.is_empty() {
            continue;
        }
        let is_number = matches!(field, "priority" | "live" | "delay" | "period" | "repeat");
        let value = if is_number {
            let number = text.parse::<i64>();
            json!(number.map_err(|error| format!("{label}: {text} is no whole number ({error})"))?)
        } else {
            json!(text)
        };
        headers.insert(name.to_owned(), value);
    }
    let lines = form.get("properties").lines().map(str::trim);
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    if lines.len() > PROPERTIES_MAX {
        return Err(format!(
            "a message has at most {PROPERTIES_MAX} properties here"
        ));
    }
    for line in lines {
        let Some((name, value)) = line.split_once('=') else {
            return Err(format!("a property is written as name=value, not {line}"));
        };
        headers.insert(name.trim().to_owned(), property(value.trim()));
    }
    Ok(headers)
}

/// Whole numbers and truths are what they look like; everything else is text.
fn property(text: &str) -> Value {
    match text {
        "true" => json!(true),
        "false" => json!(false),
        _ => text
            .parse::<i64>()
            .map_or_else(|_| json!(text), |number| json!(number)),
    }
}
