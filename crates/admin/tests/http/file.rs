//! Requests that concern the configuration file, of a broker that has none.

use crate::served::{LOGIN, Served, VIEWER};

const JSON: &str = "Content-Type: application/json\r\n";

#[test]
fn without_a_file_nothing_is_persisted_and_nothing_changed() {
    let served = Served::new(|_| ());
    let headers = format!("{LOGIN}{JSON}");
    let change = r#"{"target":"broker","memoryLimit":"5mb","persist":true}"#;
    let answer = served.ask("POST /api/set", &headers, change);
    assert_eq!(answer.status, 409, "{answer:?}");
    assert!(answer.body.contains("--config"), "{answer:?}");
    assert_eq!(served.broker.limits().memory_limit_bytes, 1 << 30);
    // What would not be set anyway is told before the file is thought of.
    for (change, status) in [
        (
            r#"{"target":"broker","memoryLimit":"much","persist":true}"#,
            400,
        ),
        (
            r#"{"target":"queue://none","memoryLimit":1,"persist":true}"#,
            404,
        ),
        (
            r#"{"target":"broker","memoryLimit":1,"persist":"perhaps"}"#,
            400,
        ),
        (r#"{"target":"broker","persist":true}"#, 400),
    ] {
        let answer = served.ask("POST /api/set", &headers, change);
        assert_eq!(answer.status, status, "{change} {answer:?}");
    }
    let change = r#"{"target":"broker","memoryLimit":"5mb","persist":false}"#;
    assert_eq!(served.ask("POST /api/set", &headers, change).status, 200);
}

#[test]
fn without_a_file_there_is_nothing_to_read_again() {
    let served = Served::new(|_| ());
    let headers = format!("{LOGIN}{JSON}");
    assert_eq!(served.ask("GET /api/reload", VIEWER, "").status, 409);
    let token = r#"{"token":"0"}"#;
    assert_eq!(served.ask("POST /api/reload", &headers, token).status, 409);
    let viewer = format!("{VIEWER}{JSON}");
    assert_eq!(served.ask("POST /api/reload", &viewer, token).status, 403);
    for body in ["", "{}", r#"{"token":1}"#, &"[".repeat(10_000)] {
        let answer = served.ask("POST /api/reload", &headers, body);
        assert_eq!(answer.status, 400, "{body} {answer:?}");
    }
    let asked = served.ask("GET /api/reload?keepLive=perhaps", LOGIN, "");
    assert_eq!(asked.status, 400, "{asked:?}");
}
