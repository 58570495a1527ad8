//! The tasks of ActiveMQ's script that ask a broker, with their options and in their form:
//! `query`, `dstat`, `bstat`, `browse`, `purge`, `producer`, `consumer`.
//!
//! Addresses of JMX and of OpenWire mean nothing here: all but taking messages goes over HTTP, with
//! the login of the options if they name one.

use super::jolokia::{Beans, Place, encoded};
use super::messages;
use super::receive::{Wait, Wish, take};
use super::text::{clean, field, table};
use super::{Broker, Print, RemoteError, pause, pretty, written};
use crate::{Activemq, Remote, Send};
use serde_json::{Value, json};
use std::time::Duration;

mod options;
#[cfg(test)]
mod tests;

use options::Given;

/// Columns of `dstat`, with their attributes.
const DSTAT: [(&str, &str); 7] = [
    ("Name", "Name"),
    ("Queue Size", "QueueSize"),
    ("Producer #", "ProducerCount"),
    ("Consumer #", "ConsumerCount"),
    ("Enqueue #", "EnqueueCount"),
    ("Dequeue #", "DequeueCount"),
    ("Memory %", "MemoryPercentUsage"),
];
/// What `bstat` tells of the broker.
const BSTAT: [&str; 9] = [
    "BrokerName",
    "Uptime",
    "TotalEnqueueCount",
    "TotalDequeueCount",
    "TotalConsumerCount",
    "TotalProducerCount",
    "TotalMessageCount",
    "MemoryPercentUsage",
    "StorePercentUsage",
];

pub(super) fn run(asked: &Activemq, print: Print<'_>) -> Result<(), RemoteError> {
    let (task, rest) = asked.task.split_first().unzip();
    let given = Given::parse(rest.unwrap_or_default())?;
    let remote = login(&asked.remote, &given);
    let beans = || Beans::new(Broker::new(&remote)?);
    let json = remote.json;
    match task.map_or("", String::as_str) {
        "query" => written(print, &query(&beans()?, &given, json)?),
        "dstat" => written(print, &dstat(&beans()?, &given, json)?),
        "bstat" => written(print, &bstat(&beans()?, json)?),
        "browse" => written(print, &browse(&beans()?, &given, json)?),
        "purge" => written(print, &purge(&beans()?, &given, json)?),
        "producer" => produce(&remote, &given, print),
        "consumer" => consume(&remote, &given, print),
        other => Err(RemoteError::Usage {
            reason: format!(
                "there is no task {} here; query, dstat, bstat, browse, purge, producer and \
                 consumer there are",
                other.escape_debug()
            ),
        }),
    }
}

fn login(remote: &Remote, given: &Given) -> Remote {
    let either = |one: &str, other: &str| given.one(one).or_else(|| given.one(other));
    let mut remote = remote.clone();
    if let Some(user) = either("jmxuser", "user") {
        remote.user = user.to_owned();
    }
    if let Some(password) = either("jmxpassword", "password") {
        remote.password = Some(password.to_owned());
        remote.password_file = None;
    }
    remote
}

/// Attributes by MBean, of all that match a name or pattern.
fn attributes(beans: &Beans<'_>, pattern: &str) -> Result<Vec<(String, Value)>, RemoteError> {
    let names = beans.request(&json!({"type": "search", "mbean": pattern}))?;
    let names = names.as_array().cloned().unwrap_or_default();
    let mut found = Vec::new();
    for name in names.iter().filter_map(Value::as_str) {
        found.push((name.to_owned(), beans.read(name)?));
    }
    Ok(found)
}

/// The pattern of `-QQueue=X`.
fn pattern_of(beans: &Beans<'_>, kind: &str, name: &str) -> Result<String, RemoteError> {
    let own = beans.broker_name();
    // Wildcards stay, everything else is as in the names of MBeans.
    let name = encoded(name).replace("&ast;", "*").replace("&qe;", "?");
    let connectors = "connector=clientConnectors";
    Ok(match kind.to_ascii_lowercase().as_str() {
        "broker" => own.to_owned(),
        "queue" => format!("{own},destinationType=Queue,destinationName={name}"),
        "topic" => format!("{own},destinationType=Topic,destinationName={name}"),
        "connector" => format!("{own},{connectors},connectorName={name}"),
        "connection" => format!(
            "{own},{connectors},connectorName=*,connectionViewType=clientId,connectionName={name}"
        ),
        _ => {
            let kind = kind.escape_debug();
            let reason = format!(
                "-Q{kind} is not known; Broker, Queue, Topic, Connector and Connection are"
            );
            return Err(RemoteError::Usage { reason });
        }
    })
}

/// The pattern that keys stand for: ActiveMQ's script takes them without a domain, and other keys
/// may follow.
fn whole_name(keys: &str) -> String {
    let is_open = keys.rsplit(',').next() == Some("*");
    let end = if is_open { "" } else { ",*" };
    match keys.split_once('=') {
        Some((key, _)) if !key.contains(':') => format!("org.apache.activemq:{keys}{end}"),
        _ => keys.to_owned(),
    }
}

fn query(beans: &Beans<'_>, given: &Given, json: bool) -> Result<String, RemoteError> {
    let mut patterns = Vec::new();
    for (kind, name) in &given.queries {
        patterns.push(pattern_of(beans, kind, name)?);
    }
    patterns.extend(given.all("objname").map(whole_name));
    if patterns.is_empty() {
        patterns.push(format!("{},*", beans.broker_name()));
        patterns.push(beans.broker_name().to_owned());
    }
    let mut left_out = Vec::new();
    let mut without: Vec<String> = given.all("xobjname").map(whole_name).collect();
    for (kind, name) in &given.left_out {
        without.push(pattern_of(beans, kind, name)?);
    }
    for pattern in &without {
        let names = beans.request(&json!({"type": "search", "mbean": pattern}))?;
        left_out.extend(names.as_array().cloned().unwrap_or_default());
    }
    let views: Vec<&str> = given.all("view").flat_map(|all| all.split(',')).collect();
    let mut text = String::new();
    let mut rows = Vec::new();
    for pattern in &patterns {
        for (name, mut found) in attributes(beans, pattern)? {
            if left_out.iter().any(|one| one.as_str() == Some(&name)) {
                continue;
            }
            for operation in given.all("invoke") {
                beans.exec((&name, operation), &json!([]))?;
            }
            if json {
                if let Value::Object(fields) = &mut found {
                    fields.retain(|field, _| views.is_empty() || views.contains(&&**field));
                }
                rows.push(json!({"mbean": name, "attributes": found}));
            } else {
                text.push_str(&bean(&name, &found, &views));
                text.push('\n');
            }
        }
    }
    if json {
        return Ok(pretty(&Value::Array(rows)));
    }
    Ok(clean(&text))
}

/// The keys of its name and its attributes, a line each.
fn bean(name: &str, found: &Value, views: &[&str]) -> String {
    let is_asked = |name: &str| views.is_empty() || views.contains(&name);
    let mut text = String::new();
    let keys = name.split_once(':').map_or("", |(_, keys)| keys);
    let keys = keys.split(',').filter_map(|pair| pair.split_once('='));
    for (key, value) in keys.filter(|(key, _)| is_asked(key)) {
        text.push_str(&format!("{key} = {value}\n"));
    }
    let fields = found.as_object().into_iter().flatten();
    for (key, _) in fields.filter(|(key, _)| is_asked(key)) {
        text.push_str(&format!("{key} = {}\n", field(found, key)));
    }
    text
}

fn dstat(beans: &Beans<'_>, given: &Given, json: bool) -> Result<String, RemoteError> {
    let rows = destinations(beans, given)?;
    if json {
        return Ok(pretty(&picked(&rows)));
    }
    let heads = DSTAT.map(|(head, _)| head);
    Ok(table(&heads, &rows, |row| {
        DSTAT.iter().map(|(_, name)| field(row, name)).collect()
    }))
}

/// What `dstat` tells, under the names of its attributes.
fn picked(rows: &Value) -> Value {
    let own = |row: &Value| {
        let fields = DSTAT.iter().map(|(_, name)| {
            let value = row.get(*name).cloned().unwrap_or_default();
            ((*name).to_owned(), value)
        });
        Value::Object(fields.collect())
    };
    rows.as_array().into_iter().flatten().map(own).collect()
}

/// Attributes of the queues and topics that `dstat` was asked for.
fn destinations(beans: &Beans<'_>, given: &Given) -> Result<Value, RemoteError> {
    let kinds: &[&str] = match given.rest.first().map(String::as_str) {
        None => &["Queue", "Topic"],
        Some("queues") => &["Queue"],
        Some("topics") => &["Topic"],
        Some(other) => {
            let other = other.escape_debug();
            let reason = format!("dstat takes queues, topics or nothing, and not {other}");
            return Err(RemoteError::Usage { reason });
        }
    };
    let mut rows = Vec::new();
    for kind in kinds {
        let all = attributes(beans, &pattern_of(beans, kind, "*")?)?;
        rows.extend(all.into_iter().map(|(_, found)| found));
    }
    Ok(Value::Array(rows))
}

fn bstat(beans: &Beans<'_>, json: bool) -> Result<String, RemoteError> {
    let own = beans.read(beans.broker_name())?;
    if json {
        let one = |name: &&str| {
            let value = own.get(*name).cloned().unwrap_or_default();
            ((*name).to_owned(), value)
        };
        let broker: Value = Value::Object(BSTAT.iter().map(one).collect());
        let rows = picked(&destinations(beans, &Given::default())?);
        return Ok(pretty(&json!({"broker": broker, "destinations": rows})));
    }
    let line = |name: &&str| format!("{name} = {}\n", field(&own, name));
    let broker: String = BSTAT.iter().map(line).collect();
    Ok(format!(
        "{}\n{}",
        clean(&broker),
        dstat(beans, &Given::default(), false)?
    ))
}

fn browse(beans: &Beans<'_>, given: &Given, json: bool) -> Result<String, RemoteError> {
    let mut text = String::new();
    let mut rows = Vec::new();
    let selector = given.all("msgsel").collect::<Vec<_>>().join(" AND ");
    let shows = |part: &str| given.views.is_empty() || given.views.iter().any(|one| one == part);
    for name in &given.rest {
        let place = Place::queue(name)?;
        let mbean = beans.name_of(&place);
        let found = beans.exec((&mbean, "browse(java.lang.String)"), &json!([selector]))?;
        if json {
            rows.extend(found.as_array().cloned().unwrap_or_default());
            continue;
        }
        for message in found.as_array().into_iter().flatten() {
            let fields = message.as_object().into_iter().flatten();
            for (name, value) in fields.clone() {
                let is_header = name.starts_with("JMS");
                if is_header && shows("header") {
                    let value = field(message, name);
                    text.push_str(&format!("JMS_HEADER_FIELD:{name} = {value}\n"));
                }
                let own = value.as_object().filter(|_| name.ends_with("Properties"));
                for (name, _) in own.into_iter().flatten().filter(|_| shows("custom")) {
                    let value = field(value, name);
                    text.push_str(&format!("JMS_CUSTOM_FIELD:{name} = {value}\n"));
                }
            }
            if let Some(body) = message.get("Text").and_then(Value::as_str)
                && shows("body")
            {
                text.push_str(&format!("JMS_BODY_FIELD:JMSText = {body}\n"));
            }
            text.push('\n');
        }
    }
    if json {
        return Ok(pretty(&Value::Array(rows)));
    }
    Ok(clean(&text))
}

fn purge(beans: &Beans<'_>, given: &Given, json: bool) -> Result<String, RemoteError> {
    let selector = given.all("msgsel").collect::<Vec<_>>().join(" AND ");
    let mut text = String::new();
    let mut rows = Vec::new();
    if given.rest.is_empty() {
        let reason = "name the queues to purge, for example activemq purge ORDERS".to_owned();
        return Err(RemoteError::Usage { reason });
    }
    for name in &given.rest {
        let names = if name.contains(['*', '?']) {
            let found = attributes(beans, &pattern_of(beans, "Queue", name)?)?;
            found
                .iter()
                .map(|(_, found)| field(found, "Name"))
                .collect()
        } else {
            vec![name.clone()]
        };
        for name in names {
            let place = Place::queue(&name)?;
            let count = messages::purge_queue(beans, &place, &selector)?;
            if given.flag("reset") {
                beans.exec((&beans.name_of(&place), "resetStatistics()"), &json!([]))?;
            }
            text.push_str(&format!("{name}: {count} messages removed\n"));
            rows.push(json!({"queue": name, "removed": count}));
        }
    }
    if json {
        return Ok(pretty(&Value::Array(rows)));
    }
    Ok(clean(&text))
}

/// A destination as ActiveMQ's script takes it.
fn destination(given: &Given) -> String {
    given
        .one("destination")
        .unwrap_or("queue://TEST")
        .to_owned()
}

fn produce(remote: &Remote, given: &Given, print: Print<'_>) -> Result<(), RemoteError> {
    let size = given
        .number("messageSize")?
        .or(given.number("textMessageSize")?);
    let text = match (given.one("message"), size) {
        (Some(text), _) => text.to_owned(),
        (None, Some(size)) => "a".repeat(usize::try_from(size.min(1 << 20)).unwrap_or(0)),
        (None, None) => "test message".to_owned(),
    };
    let header = |name: &str, option: &str| {
        given.one(option).map(|value| crate::Assignment {
            name: name.into(),
            value: value.into(),
        })
    };
    let headers = [
        header("JMSExpiration", "msgTTL"),
        header("JMSXGroupID", "msgGroupID"),
        header("JMSPriority", "messagePriority"),
    ];
    let count = given.number("messageCount")?.unwrap_or(1000);
    let pause_ms = given.number("sleep")?.unwrap_or(0);
    let mut send = Send {
        destination: destination(given),
        text,
        header: headers.into_iter().flatten().collect(),
        non_persistent: given.one("persistent") == Some("false"),
        count,
        remote: remote.clone(),
    };
    if pause_ms == 0 {
        return messages::send(&send, print);
    }
    send.count = 1;
    for _ in 0..count {
        messages::send(&send, print)?;
        pause(Duration::from_millis(pause_ms));
    }
    Ok(())
}

fn consume(remote: &Remote, given: &Given, print: Print<'_>) -> Result<(), RemoteError> {
    let place = Place::parse(&destination(given))?;
    let beans = Beans::new(Broker::new(remote)?)?;
    if place.is_queue {
        beans.create(&place)?;
    }
    let wish = Wish {
        place: &place,
        selector: "",
        most: given.number("messageCount")?.unwrap_or(1000),
        wait: Wait::Ever,
        pause: Duration::from_millis(given.number("sleep")?.unwrap_or(0)),
        json: remote.json,
    };
    // The option is our own: where STOMP is spoken, or none.
    take(&beans, given.one("stomp"), &wish, print)?;
    Ok(())
}
