//! Who is refused, and what is asked that cannot be answered.

use super::{BROKER, JSON, QUEUE, lab};
use crate::served::{LOGIN, Served, VIEWER};
use floodway_admin::{JolokiaPolicy, MBeanRule, RemoteHost};
use serde_json::{Value, json};

const PURGE: &str = "/exec/org.apache.activemq:type=Broker,brokerName=lab,\
                     destinationType=Queue,destinationName=Q/purge()";

fn with_policy(policy: JolokiaPolicy) -> Served {
    let broker = floodway_broker::settings::BrokerSettings {
        name: "lab".into(),
        ..Default::default()
    };
    Served::of(broker, None, |settings| settings.jolokia = policy)
}

fn size(served: &Served) -> Value {
    served.attribute(&format!("{QUEUE}Q"), "QueueSize")
}

#[test]
fn viewer_reads_and_changes_nothing() {
    let served = lab();
    served.client("c").send_texts("queue://Q", 2);
    let queue = format!("{QUEUE}Q");
    let read = json!({"type": "read", "mbean": queue, "attribute": "QueueSize"});
    let exec = json!({"type": "exec", "mbean": queue, "operation": "purge"});
    let write = json!({"type": "write", "mbean": queue, "attribute": "MemoryLimit", "value": 1});
    let list = json!({"type": "list", "path": "org.apache.activemq", "config": {"maxDepth": 1}});
    let search = json!({"type": "search", "mbean": "org.apache.activemq:*"});
    let bulk = json!([read, exec, write, list, search, {"type": "version"}]);
    let headers = format!("{VIEWER}{JSON}Origin: http://127.0.0.1:8161\r\n");
    let answer = served.ask("POST /api/jolokia", &headers, &bulk.to_string());
    let answers: Value = serde_json::from_str(&answer.body).unwrap();
    let statuses: Vec<u64> = answers
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["status"].as_u64().unwrap())
        .collect();
    assert_eq!(statuses, [200, 403, 403, 200, 200, 200], "{answers}");
    let own = format!("{VIEWER}Origin: http://127.0.0.1:8161\r\n");
    assert_eq!(served.get(PURGE, &own)["status"], 403);
    assert_eq!(size(&served), 2);
    for request in [
        "GET /api/jolokia",
        "POST /api/jolokia",
        "GET /api/jolokia/version",
    ] {
        assert_eq!(served.ask(request, "", "").status, 401, "{request}");
    }
}

#[test]
fn foreign_pages_change_nothing_whatever_they_send() {
    let served = lab();
    served.client("c").send_texts("queue://Q", 2);
    for headers in [
        "",
        "Origin: http://evil.example\r\n",
        "Origin: null\r\n",
        "Referer: http://127.0.0.1:8161/admin\r\n",
        "Sec-Fetch-Site: cross-site\r\n",
        "Origin: http://127.0.0.1:8161\r\nSec-Fetch-Site: cross-site\r\n",
        "Content-Type: application/json\r\n",
    ] {
        let answer = served.get(PURGE, &format!("{LOGIN}{headers}"));
        assert_eq!(answer["status"], 403, "{headers} {answer}");
        let by_parameter = PURGE.replace('/', "%2F");
        let answer = served.get(&format!("?p={by_parameter}"), &format!("{LOGIN}{headers}"));
        assert_eq!(answer["status"], 403, "{headers} {answer}");
    }
    let exec = json!({"type": "exec", "mbean": format!("{QUEUE}Q"), "operation": "purge"});
    for headers in [
        "Content-Type: text/plain\r\n",
        "Origin: http://evil.example\r\n",
    ] {
        let answer = served.ask(
            "POST /api/jolokia",
            &format!("{LOGIN}{headers}"),
            &exec.to_string(),
        );
        assert!(
            answer.body.contains("\"status\":403"),
            "{headers} {answer:?}"
        );
    }
    assert_eq!(size(&served), 2);
    // What they may read they cannot see, because nothing allows it to browsers.
    let answer = served.ask(
        "GET /api/jolokia/version",
        &format!("{LOGIN}Origin: http://evil.example\r\n"),
        "",
    );
    assert!(!answer.head.contains("access-control"), "{answer:?}");
    let own = format!("{LOGIN}Origin: http://localhost\r\n");
    assert_eq!(served.get(PURGE, &own)["status"], 200);
    assert_eq!(size(&served), 0);
}

#[test]
fn rules_of_the_access_file_hold() {
    let deny = MBeanRule {
        name: "org.apache.activemq:*".into(),
        attributes: vec![("MemoryLimit".into(), false)],
        operations: vec!["purge".into()],
    };
    let served = with_policy(JolokiaPolicy {
        commands: Some(vec!["read".into(), "exec".into()]),
        deny: vec![deny],
        strict_origins: true,
        origins: vec!["http://good.example".into()],
        ..JolokiaPolicy::default()
    });
    let ask = |path: &str, origin: &str| {
        served.get(path, &format!("{LOGIN}Origin: {origin}\r\n"))["status"].clone()
    };
    let read = |attribute: &str| format!("/read/{BROKER}/{attribute}");
    assert_eq!(ask(&read("BrokerName"), "http://good.example"), 200);
    assert_eq!(ask(&read("BrokerName"), "http://bad.example"), 403);
    assert_eq!(served.get(&read("BrokerName"), LOGIN)["status"], 403);
    assert_eq!(ask(&read("MemoryLimit"), "http://good.example"), 403);
    // The whole MBean has it.
    assert_eq!(ask(&format!("/read/{BROKER}"), "http://good.example"), 403);
    assert_eq!(ask("/list", "http://good.example"), 403);
    assert_eq!(
        ask(&format!("/exec/{BROKER}/addQueue/Q"), "http://good.example"),
        200
    );
    assert_eq!(ask(PURGE, "http://good.example"), 403);
    let nobody = with_policy(JolokiaPolicy {
        hosts: vec![RemoteHost::parse("10.0.0.0/8").unwrap()],
        ..JolokiaPolicy::default()
    });
    assert_eq!(nobody.get("/version", LOGIN)["status"], 403);
}

#[test]
fn requests_that_cannot_be_are_refused_one_by_one() {
    let served = lab();
    let name = "x".repeat(40_000);
    let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
    let bodies = [
        String::new(),
        "{".into(),
        "null".into(),
        "[1]".into(),
        deep.clone(),
        format!("{{\"type\":\"read\",\"mbean\":{deep}}}"),
        json!({"type": "read", "mbean": format!("d:a={name}")}).to_string(),
        json!({"type": "read", "mbean": "*".repeat(20_000)}).to_string(),
        json!({"type": "exec", "mbean": BROKER, "operation": "(((((", "arguments": []}).to_string(),
        json!({"type": "exec", "mbean": "*:*", "operation": "stop"}).to_string(),
        json!({"type": "write", "mbean": "*:*", "attribute": "X", "value": 1}).to_string(),
        json!({"type": "write", "mbean": BROKER, "attribute": "MemoryLimit", "path": "a",
            "value": 1})
        .to_string(),
        json!({"type": "exec", "mbean": BROKER, "operation": "addQueue", "arguments": [[]]})
            .to_string(),
        json!({"type": "exec", "mbean": BROKER, "operation": "addQueue",
            "arguments": ["y".repeat(9000)]})
        .to_string(),
        json!(vec![json!({"type": "version"}); 1001]).to_string(),
    ];
    for body in bodies {
        let answer = served.ask("POST /api/jolokia", &format!("{LOGIN}{JSON}"), &body);
        let shown: String = body.chars().take(80).collect();
        assert_eq!(answer.status, 200, "{shown} {answer:?}");
        let json: Value = serde_json::from_str(&answer.body).unwrap();
        let status = json["status"].as_u64().unwrap();
        assert!((400..=500).contains(&status), "{shown} {json}");
        assert!(answer.body.len() < 100_000, "{shown}");
    }
    for path in [
        "//",
        "/read/%00%ff",
        "/%",
        "/read/*:*/*/*/*",
        "/exec/a:b=c",
        "/list/a/b/c/d/e/f",
    ] {
        let answer = served.ask(&format!("GET /api/jolokia{path}"), LOGIN, "");
        assert!(answer.status < 500, "{path} {answer:?}");
    }
    let many = served.post(&json!(vec![json!({"type": "version"}); 1000]));
    assert_eq!(many.as_array().unwrap().len(), 1000);
    for method in ["PUT", "DELETE"] {
        let answer = served.ask(
            &format!("{method} /api/jolokia"),
            &format!("{LOGIN}{JSON}"),
            "{}",
        );
        assert_eq!(answer.status, 405, "{method}");
    }
}

#[test]
fn operation_that_is_not_possible_says_what_to_do() {
    let served = lab();
    for (operation, arguments) in [
        ("stop", json!([])),
        ("addConnector", json!(["tcp://0.0.0.0:1"])),
        ("terminateJVM", json!([0])),
    ] {
        let answer = served.exec(BROKER, operation, &arguments);
        assert_eq!(
            answer["error_type"], "java.lang.UnsupportedOperationException",
            "{answer}"
        );
        assert!(answer["error"].as_str().unwrap().len() > 70, "{answer}");
    }
}
