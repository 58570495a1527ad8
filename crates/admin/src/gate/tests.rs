use super::{Account, Actor, HeaderMap, Method, Role, StatusCode, may, may_call};
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
    let answer = may(&account, &method, "/api/set", &headers)
        .map_err(|(status, _): (StatusCode, _)| status.as_u16());
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

fn headers_of(headers: &[(&str, &str)]) -> HeaderMap {
    let headers = headers.iter();
    headers
        .map(|(name, value)| {
            let name: HeaderName = name.parse().unwrap();
            (name, value.parse().unwrap())
        })
        .collect()
}

#[track_caller]
fn check_call(role: Role, method: Method, headers: &[(&str, &str)], expected: bool) {
    let actor = Actor {
        name: "somebody".into(),
        role,
    };
    let map = headers_of(headers);
    let trusted = |origin: &str| origin == "https://console.example";
    let may = may_call(&actor, (&method, &map), trusted).is_ok();
    assert_eq!(may, expected, "{role:?} {method} {headers:?}");
}

#[test]
fn viewer_asks_jolokia_by_post_and_nothing_else() {
    let account = Account {
        name: "bob".into(),
        password: "x".into(),
        role: Role::User,
    };
    let may = |method: Method, path: &str| may(&account, &method, path, &HeaderMap::new()).is_ok();
    assert!(may(Method::POST, "/api/jolokia"));
    assert!(may(Method::POST, "/api/jolokia/read/x"));
    assert!(!may(Method::POST, "/api/jolokiax"));
    assert!(!may(Method::PUT, "/api/jolokia"));
    check_call(
        Role::User,
        Method::POST,
        &[("content-type", "application/json")],
        false,
    );
}

#[test]
fn operation_must_come_from_our_own_pages_or_from_a_program() {
    let host = ("host", "127.0.0.1:8161");
    let named = ("host", "mq.example:8161");
    let json = ("content-type", "application/json");
    let allowed: [(Method, &[(&str, &str)]); 8] = [
        (Method::POST, &[host, json]),
        (Method::POST, &[host, ("x-floodway", "1")]),
        (Method::GET, &[host, ("x-floodway", "1")]),
        (Method::GET, &[host, ("origin", "http://127.0.0.1:8161")]),
        // As ActiveMQ's own documentation has it.
        (Method::GET, &[host, ("origin", "http://localhost")]),
        (Method::GET, &[named, ("origin", "https://mq.example")]),
        (
            Method::POST,
            &[named, ("origin", "https://console.example")],
        ),
        (
            Method::GET,
            &[
                host,
                ("origin", "http://127.0.0.1:8161"),
                ("sec-fetch-site", "same-origin"),
            ],
        ),
    ];
    for (method, headers) in allowed {
        check_call(Role::Admin, method, headers, true);
    }
    let refused: [(Method, &[(&str, &str)]); 10] = [
        (Method::GET, &[host]),
        (Method::GET, &[host, json]),
        (
            Method::GET,
            &[host, ("referer", "http://127.0.0.1:8161/admin")],
        ),
        (Method::POST, &[host]),
        (Method::POST, &[host, ("content-type", "text/plain")]),
        (
            Method::POST,
            &[host, json, ("origin", "http://evil.example")],
        ),
        (Method::POST, &[host, json, ("origin", "null")]),
        (
            Method::GET,
            &[named, ("origin", "http://mq.example.evil.example")],
        ),
        (
            Method::GET,
            &[named, ("origin", "http://mq.example@evil.example")],
        ),
        (
            Method::GET,
            &[
                host,
                ("origin", "http://localhost"),
                ("sec-fetch-site", "cross-site"),
            ],
        ),
    ];
    for (method, headers) in refused {
        check_call(Role::Admin, method, headers, false);
    }
}
