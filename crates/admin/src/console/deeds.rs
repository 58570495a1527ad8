//! What the buttons of the pages do: each checks the token of the login, does one thing as Jolokia
//! or the interface for programs do it, tells the log who did it, and leads back to a page that
//! says what was done.
//!
//! Invariant: nothing is done without the token; the gate has asked for the role admin and for our
//! own origin before.

use super::desk::Notice;
use super::layout::refused;
use super::undone::is_of_queue;
use super::visit::{Fields, Visit};
use super::{figures, send};
use crate::clerk::{Clerk, Fate};
use crate::jolokia::{Act, Data, Fault, Scene, Subject, finish, start};
use crate::rest::set::{BUG, Change, apply};
use crate::undo;
use axum::Form;
use axum::extract::Path;
use axum::extract::rejection::FormRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use floodway_broker::undo::{Removed, UndoToken, UndoView};
use floodway_broker::view::DestinationView;
use floodway_message::Destination;
use floodway_message::selector::Selector;
use serde_json::{Value, json};
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::spawn_blocking;

/// Most messages that are chosen at a time.
pub(super) const CHOSEN_MAX: usize = 200;
/// Property that tells why a message is a dead letter.
pub(super) const CAUSE: &str = "dlqDeliveryFailureCause";

/// Why something was not done.
pub(super) type Refusal = (StatusCode, String);
/// What was done, in words.
type Done = Result<String, Refusal>;

/// `POST /admin/do/{deed}`.
pub(super) async fn act(
    visit: Visit,
    Path(deed): Path<String>,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Response {
    let form = match form {
        Ok(Form(form)) => Fields(form),
        Err(error) => return refused(&visit, StatusCode::BAD_REQUEST, &error.body_text()),
    };
    if !visit
        .house
        .desk
        .is_token(&visit.actor.name, form.get("token"))
    {
        let reason = "this form is of another login, or from before the last start of the broker; \
                      go back, reload the page and try again";
        return refused(&visit, StatusCode::FORBIDDEN, reason);
    }
    tracing::info!(
        "user {} at {} asks by the console: {} {}",
        visit.actor.name,
        visit.peer.0,
        deed.escape_debug(),
        told(&form).escape_debug()
    );
    match done(&visit, &deed, &form).await {
        Ok(text) => {
            let undo = undo_of(&visit, &deed, &form);
            let notice = Notice { text, undo };
            visit.house.desk.notify(&visit.actor.name, notice);
            Redirect::to(back(&form)).into_response()
        }
        Err((status, reason)) => refused(&visit, status, &reason),
    }
}

/// How what was just done can be undone.
fn undo_of(visit: &Visit, deed: &str, form: &Fields) -> Option<UndoToken> {
    let wanted = match deed {
        "delete" => Removed::Queue,
        "purge" | "messages" | "cause-remove" => Removed::Messages,
        "durable-remove" => Removed::Durable {
            client_id: form.get("client").into(),
            name: form.get("subscription").into(),
        },
        "job-remove" => Removed::Jobs,
        _ => return None,
    };
    let at = Destination::parse(form.get("name")).ok();
    let is_meant = |one: &UndoView| {
        // What belongs to a queue is found by its name.
        let is_there = !is_of_queue(&wanted) || at.as_ref() == Some(&one.destination);
        one.what == wanted && is_there
    };
    undo::newest(&visit.house, visit.now.monotonic_ms, is_meant).map(|view| view.token)
}

async fn put_back(visit: &Visit, form: &Fields) -> Done {
    let who = (&visit.actor, visit.peer);
    let undone = undo::undo(&visit.house, who, form.get("undo")).await?;
    let messages = figures::count(undone.put_back, "message");
    Ok(match undone.what {
        Removed::Messages | Removed::Queue => {
            format!("{messages} put back to {}", undone.destination)
        }
        Removed::Durable { client_id, name } => {
            format!("durable subscription {name} of {client_id} is back with {messages}")
        }
        Removed::Jobs => format!("{messages} scheduled again"),
    })
}

/// What the log says of a form: never bodies, never the token.
fn told(form: &Fields) -> String {
    let mut text = String::new();
    let quiet = ["token", "back", "body", "properties"];
    for (name, value) in form
        .0
        .iter()
        .filter(|(name, _)| !quiet.contains(&&**name))
        .take(20)
    {
        let value = figures::excerpt(value, 200);
        // Writing to a `String` cannot fail.
        write!(text, "{name}={value} ").unwrap_or_default();
    }
    text
}

/// Only to pages of the console.
fn back(form: &Fields) -> &str {
    let back = form.get("back");
    let rest = back.strip_prefix("/admin");
    let is_ours = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    if is_ours { back } else { "/admin" }
}

async fn done(visit: &Visit, deed: &str, form: &Fields) -> Done {
    let name = form.get("name");
    match deed {
        "create" => create(visit, form).await,
        "delete" => {
            let act = if is_queue(name) {
                Act::RemoveQueue
            } else {
                Act::RemoveTopic
            };
            call(visit, act, &Subject::Broker, &[json!(name)]).await?;
            Ok(format!("{name} was deleted"))
        }
        "purge" | "pause" | "resume" | "retry" | "reset" => of_destination(visit, deed, name).await,
        "messages" => of_messages(visit, form).await,
        "cause-remove" | "cause-retry" => of_cause(visit, deed, form).await,
        "send" => send::send(visit, form).await,
        "durable-create" | "durable-remove" => of_durable(visit, deed, form).await,
        "connection-close" => close(visit, form),
        "job-remove" => remove_job(visit, form).await,
        "set" => set(visit, form).await,
        "undo" => put_back(visit, form).await,
        _ => Err((StatusCode::NOT_FOUND, "there is no such action".to_owned())),
    }
}

fn is_queue(name: &str) -> bool {
    Destination::parse(name).is_ok_and(|one| one.kind().is_queue())
}

async fn create(visit: &Visit, form: &Fields) -> Done {
    let name = format!("{}{}", form.get("scheme"), form.get("name").trim());
    let act = if is_queue(&name) {
        Act::AddQueue
    } else {
        Act::AddTopic
    };
    call(visit, act, &Subject::Broker, &[json!(name)]).await?;
    Ok(format!("{name} was created"))
}

async fn of_destination(visit: &Visit, deed: &str, name: &str) -> Done {
    let (subject, _) = subject(visit, name)?;
    let (act, words) = match deed {
        "purge" => (Act::Purge, "was purged"),
        "pause" => (Act::Pause, "is paused: its consumers get nothing"),
        "resume" => (Act::Resume, "goes on"),
        "reset" => (Act::ResetTotals, "counts from 0 again"),
        _ => (
            Act::RetryAll,
            "was emptied: its messages went back to where they came from",
        ),
    };
    call(visit, act, &subject, &[]).await?;
    Ok(format!("{name} {words}"))
}

/// What is done with messages that were chosen by their ids.
async fn of_messages(visit: &Visit, form: &Fields) -> Done {
    let name = form.get("name");
    let (subject, view) = subject(visit, name)?;
    let ids: Vec<&str> = form.all("id").take(CHOSEN_MAX + 1).collect();
    if ids.is_empty() {
        let reason = "no message was chosen; mark some and try again";
        return Err((StatusCode::BAD_REQUEST, reason.to_owned()));
    }
    if ids.len() > CHOSEN_MAX {
        let reason = format!("at most {CHOSEN_MAX} messages can be chosen at a time");
        return Err((StatusCode::BAD_REQUEST, reason));
    }
    let selector = format!("JMSMessageID IN ({})", quoted(&ids));
    let to = form.get("to").trim();
    let what = form.get("what");
    if matches!(what, "move" | "copy") && to.is_empty() {
        let reason = format!("name the queue or topic that they are to {what} to");
        return Err((StatusCode::BAD_REQUEST, reason));
    }
    let count = json!(ids.len());
    let given = |more: &[Value]| -> Vec<Value> {
        let selector = [json!(selector)];
        selector
            .iter()
            .chain(more)
            .chain([&count])
            .cloned()
            .collect()
    };
    let (taken, words) = match what {
        "delete" => {
            let given = given(&[]);
            let done = call(visit, Act::RemoveMatching, &subject, &given).await?;
            (counted(&done), "deleted".to_owned())
        }
        "move" => {
            let given = given(&[json!(to)]);
            let done = call(visit, Act::MoveMatching, &subject, &given).await?;
            (counted(&done), format!("moved to {to}"))
        }
        "copy" => {
            let given = given(&[json!(to)]);
            let done = call(visit, Act::CopyMatching, &subject, &given).await?;
            (counted(&done), format!("copied to {to}"))
        }
        "retry" => {
            let most = ids.len() as u64;
            let taken = take(visit, &view, &selector, (most, Fate::Retried)).await?;
            (taken, "moved back to where they came from".to_owned())
        }
        _ => return Err((StatusCode::BAD_REQUEST, "choose what to do".to_owned())),
    };
    let of = if taken < ids.len() as u64 {
        "; the others are gone or being delivered"
    } else {
        ""
    };
    Ok(format!("{} {words}{of}", figures::count(taken, "message")))
}

/// What is done with all dead letters of one cause.
async fn of_cause(visit: &Visit, deed: &str, form: &Fields) -> Done {
    let (_, view) = subject(visit, form.get("name"))?;
    let selector = selector_of_cause(form.all("cause").next());
    let (fate, words) = match deed {
        "cause-remove" => (Fate::Removed, "deleted"),
        _ => (Fate::Retried, "moved back to where they came from"),
    };
    let most = view.messages.pending;
    let taken = take(visit, &view, &selector, (most, fate)).await?;
    Ok(format!("{} {words}", figures::count(taken, "message")))
}

/// What selects dead letters of a cause, or those without one.
pub(super) fn selector_of_cause(cause: Option<&str>) -> String {
    match cause {
        Some(cause) => format!("{CAUSE} = {}", quoted(&[cause])),
        None => format!("{CAUSE} IS NULL"),
    }
}

/// Texts of a selector, separated by commas.
fn quoted(texts: &[&str]) -> String {
    let all = texts
        .iter()
        .map(|text| format!("'{}'", text.replace('\'', "''")));
    all.collect::<Vec<_>>().join(",")
}

async fn of_durable(visit: &Visit, deed: &str, form: &Fields) -> Done {
    let (client, name) = (form.get("client"), form.get("subscription"));
    if deed == "durable-remove" {
        let given = [json!(client), json!(name)];
        call(visit, Act::DestroyDurable, &Subject::Broker, &given).await?;
        return Ok(format!(
            "durable subscription {name} of {client} was removed"
        ));
    }
    let given = [client, name, form.get("topic").trim(), form.get("selector")];
    let given = given.map(Value::from);
    call(visit, Act::CreateDurable, &Subject::Broker, &given).await?;
    Ok(format!(
        "durable subscription {name} of {client} was created"
    ))
}

fn close(visit: &Visit, form: &Fields) -> Done {
    let id = form.get("id").parse().unwrap_or_default();
    let reason = "an operator has closed the connection";
    let broker = &visit.house.watched.broker;
    if broker.close_connection(id, reason, visit.now) {
        Ok(format!("connection {id} was closed"))
    } else {
        Err((
            StatusCode::NOT_FOUND,
            "this connection has ended already".to_owned(),
        ))
    }
}

async fn remove_job(visit: &Visit, form: &Fields) -> Done {
    let id = form.get("id");
    let (broker, own, now) = (
        Arc::clone(&visit.house.watched.broker),
        id.to_owned(),
        visit.now,
    );
    // It is read from disk.
    let removed = spawn_blocking(move || broker.remove_job(&own, now)).await;
    let Ok(removed) = removed else {
        return Err((StatusCode::INTERNAL_SERVER_ERROR, BUG.to_owned()));
    };
    match removed {
        Ok(true) => Ok(format!("scheduled message {id} was removed")),
        Ok(false) => Err((
            StatusCode::NOT_FOUND,
            "it is not scheduled any more".to_owned(),
        )),
        Err(failure) => Err((StatusCode::CONFLICT, failure.to_string())),
    }
}

async fn set(visit: &Visit, form: &Fields) -> Done {
    let (target, name, value) = (form.get("target"), form.get("setting"), form.get("value"));
    let persist = !form.get("persist").is_empty();
    let change = Change::of_one(target, (name, value), persist);
    let own = visit.clone();
    // Writing a file takes its time; the other requests go on.
    let made = move || apply(&own.house, (&own.actor, own.peer), &change).map(|_| ());
    match spawn_blocking(made).await {
        Ok(made) => made?,
        Err(_) => return Err((StatusCode::INTERNAL_SERVER_ERROR, BUG.to_owned())),
    }
    let lasts = if persist {
        "here and in the file"
    } else {
        "until the next start"
    };
    Ok(format!("{name} of {target} is {value} {lasts}"))
}

fn subject(visit: &Visit, name: &str) -> Result<(Subject, DestinationView), Refusal> {
    let gone = || {
        (
            StatusCode::NOT_FOUND,
            format!("there is no destination {name} any more"),
        )
    };
    let destination = Destination::parse(name).ok().ok_or_else(gone)?;
    let view = visit.view_of(&destination).ok_or_else(gone)?;
    let boxed = Box::new(view.clone());
    let subject = if destination.kind().is_queue() {
        Subject::Queue(boxed)
    } else {
        Subject::Topic(boxed)
    };
    Ok((subject, view))
}

/// Has an operation of an MBean done.
pub(super) async fn call(
    visit: &Visit,
    act: Act,
    subject: &Subject,
    given: &[Value],
) -> Result<Data, Refusal> {
    let task = start(act, subject, given, &Scene::new(&visit.house)).map_err(refusal)?;
    finish(task, &visit.house).await.map_err(refusal)
}

fn refusal(fault: Fault) -> Refusal {
    let status = match fault.status {
        // The core refused; nothing is broken here.
        500 => StatusCode::CONFLICT,
        status => StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST),
    };
    (status, fault.text)
}

fn counted(data: &Data) -> u64 {
    match data {
        Data::Int(count) => u64::try_from(*count).unwrap_or_default(),
        _ => 0,
    }
}

async fn take(
    visit: &Visit,
    queue: &DestinationView,
    selector: &str,
    (most, fate): (u64, Fate),
) -> Result<u64, Refusal> {
    let selector = Selector::parse(selector);
    let selector = selector.map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))?;
    let mut clerk = Clerk::new(&visit.house.watched);
    let taken = clerk.take(&queue.destination, Some(Arc::new(selector)), most, &fate);
    let limit = Duration::from_millis(visit.house.settings.operation_ms);
    match tokio::time::timeout(limit, taken).await {
        Ok(Ok(taken)) => Ok(taken),
        Ok(Err(failure)) => Err((StatusCode::CONFLICT, failure.to_string())),
        Err(_) => Err(too_long()),
    }
}

pub(super) fn too_long() -> Refusal {
    let reason = "it was given up because it took too long; what was done so far stays done, so \
                  do it again to go on";
    (StatusCode::GATEWAY_TIMEOUT, reason.to_owned())
}
