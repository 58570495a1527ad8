//! Destinations by pages, searched and sorted, as ActiveMQ's console asks for them: the filter is
//! JSON, and the answer is JSON in a text.

use crate::jolokia::bean::Subject;
use crate::jolokia::beans::destination::size as size_of;
use crate::jolokia::data::{Data, Limits};
use crate::jolokia::fault::Fault;
use crate::jolokia::scene::Scene;
use floodway_broker::view::DestinationView;
use floodway_message::DestinationKind;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Most destinations of a page.
const PAGE_MAX: usize = 1000;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Filter {
    name: String,
    filter: String,
    sort_column: String,
    sort_order: String,
}

pub(super) fn query(
    scene: &Scene<'_>,
    kind: DestinationKind,
    filter: &str,
    (page, size): (u64, u64),
) -> Result<String, Fault> {
    let filter: Filter = if filter.trim().is_empty() {
        Filter::default()
    } else {
        let parsed = serde_json::from_str(filter);
        parsed.map_err(|error| Fault::illegal(format!("the filter is not understood: {error}")))?
    };
    let mut all: Vec<&DestinationView> = scene
        .destinations()
        .filter(|one| {
            let name = one.destination.name().to_lowercase();
            one.destination.kind() == kind
                && name.contains(&filter.name.to_lowercase())
                && match filter.filter.as_str() {
                    "empty" => size_of(one) == 0,
                    "nonEmpty" => size_of(one) > 0,
                    "noConsumer" => one.messages.consumers == 0,
                    _ => true,
                }
        })
        .collect();
    match filter.sort_column.as_str() {
        "queueSize" => all.sort_by_key(|one| size_of(one)),
        "consumerCount" => all.sort_by_key(|one| one.messages.consumers),
        "enqueueCount" => all.sort_by_key(|one| one.totals.enqueued),
        "dequeueCount" => all.sort_by_key(|one| one.totals.dequeued),
        // They are sorted by name already.
        _ => {}
    }
    if filter.sort_order == "desc" {
        all.reverse();
    }
    let count = all.len();
    let size = usize::try_from(size).unwrap_or(PAGE_MAX).min(PAGE_MAX);
    let from = usize::try_from(page.max(1) - 1)
        .unwrap_or(usize::MAX)
        .saturating_mul(size);
    let mut data = Map::new();
    for one in all.into_iter().skip(from).take(size) {
        let name = scene.destination_name(&one.destination).registered();
        data.insert(name, attributes(one, scene)?);
    }
    Ok(json!({"data": data, "count": count}).to_string())
}

/// All attributes, their names as in Java Beans.
fn attributes(one: &DestinationView, scene: &Scene<'_>) -> Result<Value, Fault> {
    let view = Box::new(one.clone());
    let subject = if one.destination.kind().is_queue() {
        Subject::Queue(view)
    } else {
        Subject::Topic(view)
    };
    let mut all: Vec<(String, Data)> = Vec::new();
    subject.visit(scene, &mut |row| {
        let mut letters = row.name.chars();
        let first = letters.next().map(|first| first.to_ascii_lowercase());
        // Names of several capitals stay as they are.
        let name = if row.name.to_uppercase() == row.name {
            row.name.to_owned()
        } else {
            first.into_iter().chain(letters).collect()
        };
        all.push((name, (row.get)()));
    });
    Data::Map(all).into_json(&Limits::default())
}
