//! What every request passes: login, role, where it comes from, and the bounds of its body.
//!
//! Invariants: nothing but [`OPEN`] is answered without a login; a request that could change
//! something needs the role admin, and cannot be made by a foreign web page, because it carries
//! our own origin, or a form that browsers let no foreign page send unasked.

use crate::account::{self, Account, Role};
use crate::listener::Peer;
use crate::reply::refuse;
use crate::routes::{House, JOLOKIA, OPEN};
use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use std::time::Duration;
use tokio::time::{sleep, timeout};

#[cfg(test)]
mod tests;

/// A header that no foreign page can send without asking first; any value will do.
const OWN_HEADER: &str = "x-floodway";

/// Names of this machine that mean the same.
const LOCAL: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Sent with every answer. Pages load nothing from elsewhere and run in no frame.
const HARDENED: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
         connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
];

/// Who has logged in.
#[derive(Debug, Clone)]
pub(crate) struct Actor {
    pub(crate) name: String,
    pub(crate) role: Role,
}

/// Adds the headers that browsers obey.
pub(crate) async fn harden(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in HARDENED {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}

/// Lets a request pass, or answers it.
pub(crate) async fn admit(State(house): State<House>, request: Request, next: Next) -> Response {
    if OPEN.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    let settings = &house.settings;
    let login = match login_of(request.headers()) {
        // Clients that wait to be asked send the request again on the same connection, which goes
        // on only if it was read to its end.
        None => {
            return match with_whole_body(request, &house).await {
                Ok(_) => unauthorized("log in with HTTP Basic"),
                Err(refused) => refused,
            };
        }
        Some(login) => login,
    };
    let Some(account) = account::login(&settings.accounts, login) else {
        let peer = request.extensions().get::<Peer>();
        tracing::debug!(
            "administration: wrong login from {:?}",
            peer.map(|peer| peer.0)
        );
        sleep(Duration::from_millis(settings.refusal_ms)).await;
        return unauthorized("wrong user name or password");
    };
    let path = request.uri().path();
    if let Err((status, reason)) = may(account, request.method(), path, request.headers()) {
        return refuse(status, reason);
    }
    let actor = Actor {
        name: account.name.clone(),
        role: account.role,
    };
    let mut request = match with_whole_body(request, &house).await {
        Ok(request) => request,
        Err(response) => return response,
    };
    request.extensions_mut().insert(actor);
    next.run(request).await
}

pub(crate) async fn not_found() -> Response {
    refuse(StatusCode::NOT_FOUND, "there is nothing at this path")
}

pub(crate) async fn not_allowed() -> Response {
    refuse(
        StatusCode::METHOD_NOT_ALLOWED,
        "this path knows another method",
    )
}

fn login_of(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()
}

fn unauthorized(reason: &str) -> Response {
    let mut response = refuse(StatusCode::UNAUTHORIZED, reason);
    let challenge = HeaderValue::from_static("Basic realm=\"Floodway\", charset=\"UTF-8\"");
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, challenge);
    response
}

fn may(
    account: &Account,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
) -> Result<(), (StatusCode, &'static str)> {
    if matches!(*method, Method::GET | Method::HEAD) {
        return Ok(());
    }
    // What a request of Jolokia does is in its body: each passes `may_call`.
    if *method == Method::POST && is_jolokia(path) {
        return Ok(());
    }
    if account.role < Role::Admin {
        return Err((StatusCode::FORBIDDEN, "changes need the role admin"));
    }
    if is_ours(headers) {
        Ok(())
    } else {
        Err((
            StatusCode::FORBIDDEN,
            "changes need an Origin that is this host, or without one the content type \
             application/json or a header X-Floodway",
        ))
    }
}

/// Is the path one of Jolokia?
fn is_jolokia(path: &str) -> bool {
    let rest = path.strip_prefix(JOLOKIA);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// May a request of Jolokia change something? Clients of ActiveMQ send an `Origin` of their own
/// making, often without the port, so that its host must be ours and no more. No foreign page can
/// make a browser send such a request: to a GET without `Origin` browsers add a `Referer`, or
/// nothing, and neither is enough. `trusted` are origins that the operator has named.
pub(crate) fn may_call(
    actor: &Actor,
    (method, headers): (&Method, &HeaderMap),
    trusted: impl Fn(&str) -> bool,
) -> Result<(), &'static str> {
    if actor.role < Role::Admin {
        return Err("write and exec need the role admin");
    }
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(site) = headers.get("sec-fetch-site")
        && !matches!(site.as_bytes(), b"same-origin" | b"none")
    {
        return Err("write and exec are refused to pages of other sites");
    }
    if let Some(origin) = text(header::ORIGIN) {
        let host = text(header::HOST).unwrap_or_default();
        let own = origin_host(origin).is_some_and(|origin| is_same_host(origin, host_of(host)));
        return if own || trusted(origin) {
            Ok(())
        } else {
            Err(
                "write and exec need an Origin that is this host, or one that \
                 jolokia-access.xml names",
            )
        };
    }
    let is_program = headers.contains_key(OWN_HEADER);
    if is_program || (*method == Method::POST && has_json(headers)) {
        Ok(())
    } else {
        Err(
            "write and exec need an Origin that is this host, or a header X-Floodway, or a POST \
             with the content type application/json",
        )
    }
}

/// The host of `http://host:port`.
fn origin_host(origin: &str) -> Option<&str> {
    let http = origin.strip_prefix("http://");
    let authority = http.or_else(|| origin.strip_prefix("https://"))?;
    (!authority.contains(['/', '@'])).then(|| host_of(authority))
}

/// An authority without its port.
fn host_of(authority: &str) -> &str {
    let port = authority.rfind(':').filter(|at| {
        let port = authority.get(at + 1..).unwrap_or_default();
        port.bytes().all(|byte| byte.is_ascii_digit())
    });
    let host = port.and_then(|at| authority.get(..at));
    host.unwrap_or(authority)
}

fn is_same_host(one: &str, other: &str) -> bool {
    let is_local = |host: &str| LOCAL.iter().any(|local| local.eq_ignore_ascii_case(host));
    !one.is_empty() && (one.eq_ignore_ascii_case(other) || (is_local(one) && is_local(other)))
}

fn is_ours(headers: &HeaderMap) -> bool {
    if let Some(origin) = headers.get(header::ORIGIN) {
        let host = headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok());
        let origin = origin.to_str().ok();
        let authority = origin.and_then(|origin| {
            let http = origin.strip_prefix("http://");
            http.or_else(|| origin.strip_prefix("https://"))
        });
        return authority.is_some() && authority == host;
    }
    has_json(headers) || headers.contains_key(OWN_HEADER)
}

/// Is the content type one that no foreign page can send without asking first?
fn has_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE);
    let content_type = content_type
        .and_then(|text| text.to_str().ok())
        .unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

/// Takes the body within its bounds, so that handlers never wait for a client.
async fn with_whole_body(request: Request, house: &House) -> Result<Request, Response> {
    let settings = &house.settings;
    let (head, body) = request.into_parts();
    let reason = format!("a body has at most {} bytes", settings.body_bytes_max);
    let too_large = || refuse(StatusCode::PAYLOAD_TOO_LARGE, &reason);
    if body.size_hint().lower() > settings.body_bytes_max as u64 {
        return Err(too_large());
    }
    let whole = to_bytes(body, settings.body_bytes_max);
    match timeout(Duration::from_millis(settings.body_ms), whole).await {
        Ok(Ok(bytes)) => Ok(Request::from_parts(head, Body::from(bytes))),
        Ok(Err(error)) => {
            tracing::debug!("administration: a body was refused: {error}");
            Err(too_large())
        }
        Err(_) => Err(refuse(
            StatusCode::REQUEST_TIMEOUT,
            "the body came too slowly",
        )),
    }
}
