//! Jolokia, protocol 7: MBeans over HTTP, as ActiveMQ serves them at `/api/jolokia`.
//!
//! A request is read (`request`), judged (`policy`, and `gate` for what changes something), and
//! answered from the MBeans that the core's views amount to (`scene`, `beans`). An answer has the
//! HTTP status 200 whatever happened; the status that counts is in the JSON. Invariant: nothing
//! is changed for a role that may only look, or for a page of another site. Bounds: bodies by
//! `body_bytes_max`, bulks by `BULK_MAX`, answers by `answer_bytes_max`.

use crate::gate::{Actor, may_call};
use crate::listener::Peer;
use crate::routes::{House, JOLOKIA};
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use axum::response::{IntoResponse, Response};
use request::{BULK_MAX, Command, Options, Request};
use serde_json::{Map, Value};

mod bean;
mod beans;
mod data;
mod exec;
mod fault;
mod list;
mod object_name;
pub(crate) mod policy;
mod read;
mod request;
mod scene;
mod write;

pub(crate) use bean::{Act, Subject};
pub(crate) use beans::destination::{is_dlq, size};
pub(crate) use data::Data;
pub(crate) use exec::{date, finish, start};
pub(crate) use fault::Fault;
pub(crate) use scene::Scene;

/// The version of the protocol that is spoken, and the agent that speaks it alike.
const PROTOCOL: &str = "7.2";
const AGENT: &str = "1.7.1";

/// Parameters of a request.
type Parameters = Vec<(String, String)>;

/// Who asks, and how.
struct Caller {
    actor: Actor,
    peer: Peer,
    method: Method,
    headers: HeaderMap,
}

pub(crate) async fn get(
    State(house): State<House>,
    (Extension(actor), Extension(peer)): (Extension<Actor>, Extension<Peer>),
    Query(query): Query<Parameters>,
    (method, uri, headers): (Method, Uri, HeaderMap),
) -> Response {
    let caller = Caller {
        actor,
        peer,
        method,
        headers,
    };
    let path = uri.path().strip_prefix(JOLOKIA).unwrap_or_default();
    let path = match path.trim_matches('/') {
        "" => query
            .iter()
            .find(|(name, _)| name == "p")
            .map(|(_, path)| path.clone())
            .unwrap_or_default(),
        _ => decoded(path),
    };
    let request = Request::of_path(&path, Options::of_query(&query));
    let mut scene = None;
    let answer = match request {
        Ok(request) => answer(&house, &caller, &request, &mut scene).await,
        Err(fault) => fault.into_json(),
    };
    respond(&house, &caller, &query, answer.to_string())
}

pub(crate) async fn post(
    State(house): State<House>,
    (Extension(actor), Extension(peer)): (Extension<Actor>, Extension<Peer>),
    Query(query): Query<Parameters>,
    (method, headers): (Method, HeaderMap),
    body: Bytes,
) -> Response {
    let caller = Caller {
        actor,
        peer,
        method,
        headers,
    };
    let options = Options::of_query(&query);
    let text = match requests(&body) {
        Ok(Asked::One(json)) => {
            let mut scene = None;
            let answer = answer_json(&house, &caller, (&json, options), &mut scene).await;
            answer.to_string()
        }
        Ok(Asked::Many(all)) => bulk(&house, &caller, (&all, options)).await,
        Err(fault) => fault.into_json().to_string(),
    };
    respond(&house, &caller, &query, text)
}

/// What a body asks.
enum Asked {
    One(Map<String, Value>),
    Many(Vec<Map<String, Value>>),
}

fn requests(body: &[u8]) -> Result<Asked, Fault> {
    let json: Value = serde_json::from_slice(body)
        .map_err(|error| Fault::illegal(format!("Invalid JSON request {error}")))?;
    match json {
        Value::Object(one) => Ok(Asked::One(one)),
        Value::Array(all) if all.len() > BULK_MAX => Err(Fault::illegal(format!(
            "a bulk has at most {BULK_MAX} requests; send more of them"
        ))),
        Value::Array(all) => {
            let objects = all.into_iter().map(|one| match one {
                Value::Object(one) => Ok(one),
                other => Err(Fault::illegal(format!(
                    "Not a request within the list of requests. Expected map, but found: {}",
                    kind_of(&other)
                ))),
            });
            Ok(Asked::Many(objects.collect::<Result<_, _>>()?))
        }
        other => Err(Fault::illegal(format!(
            "Invalid JSON Request: an object or an array is wanted, not {}",
            kind_of(&other)
        ))),
    }
}

fn kind_of(json: &Value) -> &'static str {
    match json {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Each is answered for itself, in order.
async fn bulk(
    house: &House,
    caller: &Caller,
    (all, options): (&[Map<String, Value>], Options),
) -> String {
    let mut text = String::from("[");
    let mut scene = None;
    for (number, json) in all.iter().enumerate() {
        if number > 0 {
            text.push(',');
        }
        let answer = if text.len() > house.settings.answer_bytes_max {
            let why = "the answer is too large; send fewer requests at a time";
            Fault::illegal(why).into_json()
        } else {
            answer_json(house, caller, (json, options), &mut scene).await
        };
        text.push_str(&answer.to_string());
        // Others want to be served between them.
        tokio::task::yield_now().await;
    }
    text.push(']');
    text
}

async fn answer_json<'h>(
    house: &'h House,
    caller: &Caller,
    (json, options): (&Map<String, Value>, Options),
    scene: &mut Option<Scene<'h>>,
) -> Value {
    match Request::of_json(json, options) {
        Ok(request) => answer(house, caller, &request, scene).await,
        Err(fault) => fault.into_json(),
    }
}

/// What was asked, with its answer. The scene is kept until something changes.
async fn answer<'h>(
    house: &'h House,
    caller: &Caller,
    request: &Request,
    scene: &mut Option<Scene<'h>>,
) -> Value {
    let value = value(house, caller, request, scene).await;
    let json = value.and_then(|value| value.into_json(&request.options.limits));
    let mut answer = match json {
        Ok(value) => {
            let seconds = (house.watched.now)().wall_ms.div_euclid(1000);
            serde_json::json!({"value": value, "timestamp": seconds, "status": 200})
        }
        Err(fault) => fault.into_json(),
    };
    if let Value::Object(answer) = &mut answer {
        answer.insert("request".into(), request.echo());
    }
    answer
}

async fn value<'h>(
    house: &'h House,
    caller: &Caller,
    request: &Request,
    scene: &mut Option<Scene<'h>>,
) -> Result<Data, Fault> {
    admit(house, caller, request)?;
    if request.is_proxied {
        let text = "proxy requests are not served; ask the broker that is meant itself";
        return Err(Fault::illegal(text));
    }
    if request.command.changes() {
        tracing::info!(
            "user {} at {} asks by Jolokia: {} {} of {}",
            caller.actor.name,
            caller.peer.0,
            request.command.name(),
            request
                .operation
                .as_deref()
                .unwrap_or_default()
                .escape_debug(),
            request
                .mbean
                .as_ref()
                .map(|name| name.canonical().escape_debug().to_string())
                .unwrap_or_default(),
        );
    }
    let now = || Scene::new(house);
    match request.command {
        Command::Version => Ok(version()),
        Command::Read => read::read(request, scene.get_or_insert_with(now)),
        Command::Search => list::search(request, scene.get_or_insert_with(now)),
        Command::List => list::list(request, scene.get_or_insert_with(now)),
        Command::Write => {
            let old = write::write(request, scene.get_or_insert_with(now));
            *scene = None;
            old
        }
        Command::Exec => {
            let task = exec::begin(request, scene.get_or_insert_with(now));
            *scene = None;
            exec::finish(task?, house).await
        }
    }
}

/// Host, method, origin, command and role, in this order.
fn admit(house: &House, caller: &Caller, request: &Request) -> Result<(), Fault> {
    let policy = &house.settings.jolokia;
    policy.lets_in(caller.peer.0.ip())?;
    policy.lets_method(caller.method.as_str())?;
    let text = |name: HeaderName| caller.headers.get(name).and_then(|text| text.to_str().ok());
    let origin = text(header::ORIGIN);
    if policy.strict_origins {
        let shown = origin.or_else(|| text(header::REFERER));
        let passes = shown.is_some_and(|shown| {
            policy.origins.is_empty() || origin.is_none() || policy.lets_origin(shown)
        });
        if !passes {
            let shown = shown.unwrap_or("null");
            let text = format!("Origin {shown} is not allowed to call this agent");
            return Err(Fault::forbidden(text));
        }
    }
    policy.lets_command(request.command)?;
    if request.command.changes() {
        // Everybody is nobody in particular.
        let trusted = |origin: &str| {
            policy.lets_origin(origin) && !policy.origins.iter().any(|one| one == "*")
        };
        may_call(&caller.actor, (&caller.method, &caller.headers), trusted)
            .map_err(Fault::forbidden)?;
    }
    Ok(())
}

fn version() -> Data {
    Data::row([
        ("agent", AGENT.into()),
        ("protocol", PROTOCOL.into()),
        ("config", Data::row([("agentType", "servlet".into())])),
        (
            "info",
            Data::row([
                ("product", "floodway".into()),
                ("vendor", "Floodway".into()),
                ("version", env!("CARGO_PKG_VERSION").into()),
            ]),
        ),
    ])
}

fn respond(house: &House, caller: &Caller, query: &Parameters, text: String) -> Response {
    let asked = query.iter().find(|(name, _)| name == "mimeType");
    let content_type = match asked {
        Some((_, kind)) if kind == "application/json" => "application/json",
        _ => "text/plain;charset=utf-8",
    };
    let mut response = ([(header::CONTENT_TYPE, content_type)], text).into_response();
    // No page of another site reads an answer unless the operator has named it.
    if let Some(origin) = caller.headers.get(header::ORIGIN)
        && origin
            .to_str()
            .is_ok_and(|origin| house.settings.jolokia.lets_origin(origin))
    {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        let yes = HeaderValue::from_static("true");
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
    }
    response
}

/// A path without its percent escapes; what is none stays.
fn decoded(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let byte = digits.filter(|two| two.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match byte.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
