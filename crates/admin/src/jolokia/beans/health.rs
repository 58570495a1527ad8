//! How the broker is: `service=Health`.
//!
//! In ActiveMQ the status is what the last call of an operation found; here it is found anew with
//! each reading. What is told besides consumers that are missing is Floodway's own: producers
//! that wait, limits, and the store.

use super::{call, java, percent};
use crate::jolokia::bean::{Act, Attribute, Operation, reads};
use crate::jolokia::data::Data;
use crate::jolokia::scene::Scene;
use crate::probe::unready;

/// Most that is told.
const WORRIES_MAX: usize = 1000;
/// From so many percent of a limit on there is a warning.
const WARNING_PERCENT: u64 = 90;

pub(crate) const ATTRIBUTES: &[Attribute<()>] = &[reads(
    "CurrentStatus",
    java::STRING,
    "Good, or what is not",
    |(), scene| text(scene).into(),
)];

pub(crate) const OPERATIONS: &[Operation] = &[
    call(
        "health",
        java::TABLE,
        "what is not good, as a table",
        Act::HealthTable,
    ),
    call(
        "healthList",
        java::LIST,
        "what is not good; empty is good",
        Act::HealthList,
    ),
    call(
        "healthStatus",
        java::STRING,
        "Good, or what is not",
        Act::HealthText,
    ),
];

/// Something that is not good.
struct Worry {
    id: &'static str,
    level: &'static str,
    message: String,
    resource: String,
}

impl Worry {
    fn row(&self) -> Data {
        Data::row([
            ("healthId", self.id.into()),
            ("level", self.level.into()),
            ("message", self.message.as_str().into()),
            ("resource", self.resource.as_str().into()),
        ])
    }
}

fn worries(scene: &Scene<'_>) -> Vec<Worry> {
    let broker = scene.broker_bean().registered();
    let mut worries = Vec::new();
    let mut add = |id, level, message: String, resource: &str| {
        let resource = resource.to_owned();
        worries.push(Worry {
            id,
            level,
            message,
            resource,
        });
    };
    if let Some(reason) = unready(scene.broker()) {
        add("floodway.store", "ERROR", reason.into(), &broker);
    }
    for blocked in scene.blocked() {
        let message = format!(
            "a producer of client {} waits for space at {} for {} ms",
            blocked.connection.client_id, blocked.destination, blocked.blocked_ms
        );
        let resource = scene.destination_name(&blocked.destination).registered();
        add("floodway.blockedProducer", "ERROR", message, &resource);
    }
    let stores = scene.stores();
    let memory = (
        scene.view().memory_used_bytes,
        scene.view().memory_limit_bytes,
    );
    let store = stores.store.map(|one| (one.used_bytes, one.limit_bytes));
    let temp = stores.temp.map(|one| (one.used_bytes, one.limit_bytes));
    for (name, used) in [
        ("memory", Some(memory)),
        ("store", store),
        ("temp store", temp),
    ] {
        let percent = used.map_or(0, |(used, limit)| percent(used, limit));
        if percent >= WARNING_PERCENT {
            let message = format!("{name} is {percent}% of its limit");
            add("floodway.usage", "WARNING", message, &broker);
        }
    }
    for one in scene.destinations() {
        let waits = one.messages.pending > 0 && one.messages.consumers == 0;
        if waits && one.destination.kind().is_queue() {
            let message = format!("Queue {} has no consumers", one.destination.name());
            let resource = scene.destination_name(&one.destination).registered();
            add(
                "org.apache.activemq.noConsumer",
                "WARNING",
                message,
                &resource,
            );
        }
    }
    worries.truncate(WORRIES_MAX);
    worries
}

/// By id, level, message and resource.
pub(crate) fn table(scene: &Scene<'_>) -> Data {
    let mut table: Vec<(String, Data)> = Vec::new();
    for worry in worries(scene) {
        let keys = [worry.id, worry.level, &worry.message, &worry.resource];
        put(&mut table, &keys, worry.row());
    }
    Data::Map(table)
}

fn put(table: &mut Vec<(String, Data)>, keys: &[&str], row: Data) {
    let Some((key, rest)) = keys.split_first() else {
        return;
    };
    if rest.is_empty() {
        return table.push(((*key).to_owned(), row));
    }
    let at = table.iter().position(|(other, _)| other == key);
    let at = at.unwrap_or_else(|| {
        table.push(((*key).to_owned(), Data::Map(Vec::new())));
        table.len() - 1
    });
    if let Some((_, Data::Map(inner))) = table.get_mut(at) {
        put(inner, rest, row);
    }
}

pub(crate) fn list(scene: &Scene<'_>) -> Data {
    Data::List(worries(scene).iter().map(Worry::row).collect())
}

pub(crate) fn text(scene: &Scene<'_>) -> String {
    let worries = worries(scene);
    if worries.is_empty() {
        return "Good".into();
    }
    let told = worries.iter().map(|one| {
        format!(
            "{}: {} {} from {}",
            one.id, one.level, one.message, one.resource
        )
    });
    format!(
        "Getting Worried {{{}}}",
        told.collect::<Vec<_>>().join(" , ")
    )
}
