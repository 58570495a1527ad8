//! What describes the interface to others is true: OpenAPI, the dashboard, the alert rules.

use crate::served::{LOGIN, NOW, Served, client};
use floodway_broker::Session;
use floodway_broker::settings::{BrokerSettings, Cursor, PolicyEntry};
use floodway_message::session::{Command, Destinations, OpenConsumer, Send};
use floodway_message::{BodyKind, Destination, DestinationKind, MessageBuilder};
use serde_json::Value;
use std::collections::BTreeSet;

const ROUTES: &str = include_str!("../../src/routes.rs");
const DOCUMENTED: &str = include_str!("../../../../docs/admin.md");
const DASHBOARD: &str = include_str!("../../../../dist/grafana-dashboard.json");
const ALERTS: &str = include_str!("../../../../dist/alerts.yml");

/// A broker with a queue at its limit, a producer that waits and a consumer that holds messages.
fn busy() -> (Served, Session) {
    let mut entry = PolicyEntry::new(DestinationKind::Queue, "small");
    entry.memory_limit_bytes = 4096;
    entry.pending_queue_policy = Cursor::Memory;
    let settings = BrokerSettings {
        policies: vec![entry],
        ..BrokerSettings::default()
    };
    let served = Served::of(settings, None, |_| ());
    let small = Destination::parse("queue://small").unwrap();
    let mut open = OpenConsumer::new(1, vec![small.clone()]);
    open.prefetch = Some(2);
    let mut commands = vec![Command::OpenConsumer(Box::new(open))];
    commands.extend((10..20).map(|number| {
        let mut builder = MessageBuilder::new();
        builder
            .id(&number.to_string())
            .destination(&small)
            .body(BodyKind::Text, "text".into());
        Command::Send(Send {
            producer: 1,
            destinations: Destinations::One(small.clone()),
            message: builder.build(0).unwrap(),
            tx: None,
            reply: Some(number),
        })
    }));
    let session = client(&served, "c", commands);
    assert!(!served.broker.blocked(NOW).is_empty(), "nobody waits");
    (served, session)
}

pub(crate) fn description(served: &Served) -> Value {
    let answer = served.ask("GET /api/openapi.json", LOGIN, "");
    assert_eq!(answer.status, 200);
    serde_json::from_str(&answer.body).unwrap()
}

/// Holds a value against a schema of the description; `at` is where it stands.
pub(crate) fn check(value: &Value, schema: &Value, all: &Value, at: &str) {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap();
        let schema = &all["components"]["schemas"][name];
        assert!(schema.is_object(), "{at}: no schema {name}");
        return check(value, schema, all, at);
    }
    if let Some(either) = schema["oneOf"].as_array() {
        let null = either.iter().any(|one| one["type"] == "null");
        if null && value.is_null() {
            return;
        }
        return check(value, &either[0], all, at);
    }
    let is = |kind: &str| match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("{at}: unknown type {other}"),
    };
    let fits = match &schema["type"] {
        Value::String(kind) => is(kind),
        Value::Array(kinds) => kinds.iter().any(|kind| is(kind.as_str().unwrap())),
        other => panic!("{at}: no type: {other}"),
    };
    assert!(fits, "{at}: {value} is not {}", schema["type"]);
    if let (Some(rows), false) = (value.as_array(), schema["items"].is_null()) {
        for row in rows {
            check(row, &schema["items"], all, &format!("{at}[]"));
        }
    }
    if let (Some(fields), Some(known)) = (value.as_object(), schema["properties"].as_object()) {
        for (name, field) in fields {
            let at = format!("{at}.{name}");
            let schema = known.get(name).unwrap_or_else(|| panic!("{at}: not told"));
            check(field, schema, all, &at);
        }
        for name in schema["required"].as_array().unwrap() {
            assert!(
                fields.contains_key(name.as_str().unwrap()),
                "{at}: no {name}"
            );
        }
    }
}

pub(crate) fn schema_of<'a>(all: &'a Value, path: &str, method: &str) -> &'a Value {
    &all["paths"][path][method]["responses"]["200"]["content"]["application/json"]["schema"]
}

#[test]
fn answers_are_as_described() {
    let (served, _session) = busy();
    let all = description(&served);
    for question in [
        "/api/status",
        "/api/destinations",
        "/api/connections",
        "/api/consumers?destination=queue://small",
        "/api/blocked",
        "/api/explain",
        "/api/settings?target=queue://small",
    ] {
        let answer = served.ask(&format!("GET {question}"), LOGIN, "");
        assert_eq!(answer.status, 200, "{question}: {}", answer.body);
        let path = question.split('?').next().unwrap();
        let value = serde_json::from_str(&answer.body).unwrap();
        check(&value, schema_of(&all, path, "get"), &all, question);
    }
    let headers = format!("{LOGIN}Content-Type: application/json\r\n");
    let change = r#"{"target":"queue://small","memoryLimit":"1mb"}"#;
    let answer = served.ask("POST /api/set", &headers, change);
    let value = serde_json::from_str(&answer.body).unwrap();
    check(&value, schema_of(&all, "/api/set", "post"), &all, "set");
    let refused = served.ask("POST /api/set", &headers, "{}");
    let value = serde_json::from_str(&refused.body).unwrap();
    check(
        &value,
        &serde_json::json!({"$ref": "/Error"}),
        &all,
        "error",
    );
}

#[test]
fn every_route_is_described_and_the_other_way_round() {
    let (served, _session) = busy();
    let all = description(&served);
    let told: BTreeSet<&str> = all["paths"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let mut served: BTreeSet<&str> = ROUTES
        .split(".route(")
        .skip(1)
        .filter_map(|rest| rest.split('"').nth(1))
        .filter(|path| !path.starts_with("/api/jolokia"))
        .collect();
    served.insert("/api/jolokia");
    assert_eq!(told, served);
}

/// Names of metrics in a text.
fn metrics_of(text: &str) -> BTreeSet<String> {
    let is_name = |char: char| char.is_ascii_lowercase() || char == '_';
    let words = text.split(|char: char| !is_name(char));
    let names = words.filter(|word| word.starts_with("floodway_"));
    names.map(str::to_owned).collect()
}

#[test]
fn dashboard_and_alerts_use_metrics_that_there_are() {
    let store = std::sync::Arc::new(floodway_store::MemoryStore::new());
    let served = Served::of(BrokerSettings::default(), Some(store), |_| ());
    served.broker.connect("10.0.0.1:5000", Box::new(|| {}));
    let (with_queues, _session) = busy();
    let metrics = |served: &Served| served.ask("GET /metrics?destinations=1", LOGIN, "").body;
    let mut there = metrics_of(&metrics(&served));
    there.extend(metrics_of(&metrics(&with_queues)));
    let with_times = crate::metrics::waited(&["queue://a"], 1);
    there.extend(metrics_of(&metrics(&with_times)));
    for (name, text) in [("dashboard", DASHBOARD), ("alerts", ALERTS)] {
        let used = metrics_of(text);
        assert!(used.len() > 5, "{name}: {used:?}");
        for metric in used {
            // Forecasts come while something rises; there is no spool here.
            let elsewhere = metric.ends_with("_full_in_seconds") || metric.contains("_temp_");
            let is_told = DOCUMENTED.contains("full_in_seconds") && DOCUMENTED.contains("`temp`");
            assert!(
                there.contains(&metric) || (elsewhere && is_told),
                "{name}: {metric}"
            );
        }
    }
    serde_json::from_str::<Value>(DASHBOARD).unwrap();
}

#[test]
fn producers_are_explained_by_client_and_number() {
    let (served, _session) = busy();
    let limits = |query: &str| {
        let answer = served.ask(&format!("GET /api/explain{query}"), LOGIN, "");
        let value: Value = serde_json::from_str(&answer.body).unwrap();
        value["limits"].as_array().unwrap().clone()
    };
    let all = limits("");
    let connection = &all[0]["blocked"][0]["connection"];
    let address = connection["peer"].as_str().unwrap();
    let to = "&destination=queue://small";
    for (query, count) in [
        (format!("?producer={address}"), 1),
        (format!("?producer={address}:1{to}"), 1),
        (format!("?producer={address}:2"), 0),
        (format!("?producer={address}1"), 0),
        (format!("?producer={address}&destination=queue://other"), 0),
    ] {
        assert_eq!(limits(&query).len(), count, "{query}");
    }
}
