//! The journal: `service=PersistenceAdapter,instanceName=…`.

use super::{call, java};
use crate::jolokia::bean::{Act, Attribute, Operation, reads};

/// What stands for its name; ActiveMQ has the directories of KahaDB there.
pub(crate) const NAME: &str = "FloodwayJournal";

pub(crate) const ATTRIBUTES: &[Attribute<()>] = &[
    reads("Name", java::STRING, "always FloodwayJournal", |(), _| {
        NAME.into()
    }),
    reads("Size", java::LONG, "bytes of its files", |(), scene| {
        scene
            .stores()
            .store
            .map_or(0, |store| store.used_bytes)
            .into()
    }),
    reads(
        "Transactions",
        java::STRING,
        "prepared branches",
        |(), scene| {
            let all = scene.branches().iter().map(ToString::to_string);
            format!("[{}]", all.collect::<Vec<_>>().join(", ")).into()
        },
    ),
];

pub(crate) const OPERATIONS: &[Operation] = &[call(
    "resetStatistics",
    java::STRING,
    "no effect: nothing is counted",
    Act::Nothing,
)];
