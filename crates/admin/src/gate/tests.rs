use super::{Account, HeaderMap, Method, Role, StatusCode, may};
use axum::http::HeaderName;

#[track_caller]
fn check(role: Role, method: Method, headers: &[(&str, &str)], expected: Result<(), u16>) {
    let account = Account {
        name: "somebody".into(),
        password: "x".into(),
        role,
    };
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| {
            let name: HeaderName = name.parse().unwrap();
            (name, value.parse().unwrap())
        })
        .collect();
    let answer =
        may(&account, &method, &headers).map_err(|(status, _): (StatusCode, _)| status.as_u16());
    assert_eq!(answer, expected, "{role:?} {method} {headers:?}");
}

#[test]
fn viewer_reads_and_changes_nothing() {
    check(Role::User, Method::GET, &[], Ok(()));
    let json = [("content-type", "application/json")];
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
        check(Role::User, method, &json, Err(403));
    }
}

#[test]
fn change_must_come_from_our_own_pages_or_from_a_program() {
    let host = ("host", "127.0.0.1:8161");
    let allowed: [&[(&str, &str)]; 4] = [
        &[host, ("content-type", "application/json")],
        &[host, ("content-type", "Application/JSON; charset=utf-8")],
        &[host, ("x-floodway", "1")],
        &[host, ("origin", "http://127.0.0.1:8161")],
    ];
    for headers in allowed {
        check(Role::Admin, Method::POST, headers, Ok(()));
    }
    let refused: [&[(&str, &str)]; 7] = [
        &[host],
        &[host, ("content-type", "text/plain")],
        &[host, ("content-type", "text/plain; application/json")],
        &[
            host,
            ("origin", "http://evil.example"),
            ("content-type", "application/json"),
        ],
        &[host, ("origin", "null"), ("x-floodway", "1")],
        &[host, ("origin", "http://127.0.0.1:8161.evil.example")],
        &[("origin", "127.0.0.1:8161")],
    ];
    for headers in refused {
        check(Role::Admin, Method::POST, headers, Err(403));
    }
}
