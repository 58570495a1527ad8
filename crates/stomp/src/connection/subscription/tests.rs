//! Unacknowledged deliveries against a plain model.

use super::*;
use floodway_message::{BodyKind, MessageBuilder};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn message(id: u64) -> Message {
    let mut builder = MessageBuilder::new();
    builder.id(&format!("m{id}"));
    builder.build_copying(BodyKind::Empty, b"").unwrap()
}

#[derive(Debug, Clone)]
enum Step {
    Deliver,
    One(u64, Option<TxId>),
    UpTo(u64, Option<TxId>),
    Commit(TxId),
    Abort(TxId),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let tx = prop_oneof![Just(None), (1u64..3).prop_map(Some)];
    let step = prop_oneof![
        4 => Just(Step::Deliver),
        3 => (1u64..30, tx.clone()).prop_map(|(delivery, tx)| Step::One(delivery, tx)),
        1 => (1u64..30, tx).prop_map(|(delivery, tx)| Step::UpTo(delivery, tx)),
        1 => (1u64..3).prop_map(Step::Commit),
        1 => (1u64..3).prop_map(Step::Abort),
    ];
    proptest::collection::vec(step, 0..60)
}

proptest! {
    /// The model is a map from delivery to the transaction that acknowledged it.
    #[test]
    fn deliveries_are_open_until_acknowledged_for_good(steps in steps()) {
        let mut unacked = Unacked::new(Version::V1_1);
        let mut model: BTreeMap<u64, Option<TxId>> = BTreeMap::new();
        let mut delivered = 0;
        for step in steps {
            match step {
                Step::Deliver => {
                    delivered += 1;
                    unacked.push(delivered, &message(delivered));
                    model.insert(delivered, None);
                }
                Step::One(delivery, tx) if model.get(&delivery) == Some(&None) => {
                    unacked.acknowledge(delivery, tx);
                    match tx {
                        Some(tx) => model.insert(delivery, Some(tx)),
                        None => model.remove(&delivery),
                    };
                }
                Step::UpTo(delivery, tx) if model.get(&delivery) == Some(&None) => {
                    unacked.acknowledge_up_to(delivery, tx);
                    match tx {
                        Some(tx) => {
                            let open = model.range_mut(..=delivery).filter(|(_, by)| by.is_none());
                            open.for_each(|(_, by)| *by = Some(tx));
                        }
                        None => model.retain(|found, by| *found > delivery || by.is_some()),
                    }
                }
                Step::Commit(tx) => {
                    unacked.commit(tx);
                    model.retain(|_, by| *by != Some(tx));
                }
                Step::Abort(tx) => {
                    unacked.abort(tx);
                    model.values_mut().filter(|by| **by == Some(tx)).for_each(|by| *by = None);
                }
                Step::One(..) | Step::UpTo(..) => {}
            }
            for delivery in 0..=delivered + 1 {
                let open = model.get(&delivery) == Some(&None);
                prop_assert_eq!(unacked.contains(delivery), open);
                let found = unacked.by_message_id(format!("m{delivery}").as_bytes());
                prop_assert_eq!(found, open.then_some(delivery));
            }
        }
    }
}
