//! A target is judged by the medians of both sides.

use serde_json::json;

use super::*;

fn verdicts(ours: f64, theirs: f64) -> Vec<bool> {
    let mut results = Results::default();
    for (broker, rate) in [("floodway", ours), ("activemq", theirs)] {
        results.push(json!({
            "broker": broker,
            "scenario": {"name": "topic-10"},
            "load": {"consumed_per_second": rate},
        }));
    }
    judge(&results, Spoken::Native(Protocol::Stomp))
        .iter()
        .map(|verdict| verdict.is_met)
        .collect()
}

#[test]
fn a_target_is_met_at_its_factor_and_missed_below() {
    assert_eq!(verdicts(400.0, 100.0), [true]);
    assert_eq!(verdicts(399.0, 100.0), [false]);
}

#[test]
fn a_target_without_both_sides_is_left_out() {
    assert!(judge(&Results::default(), Spoken::Native(Protocol::Stomp)).is_empty());
}

#[test]
fn over_openwire_a_rate_is_owed_whatever_the_peers_do() {
    let met = |rate: f64| {
        let mut results = Results::default();
        results.push(json!({
            "broker": "floodway",
            "scenario": {"name": "nonpersistent-1-1"},
            "load": {"consumed_per_second": rate},
        }));
        let verdicts = judge(&results, Spoken::Native(Protocol::Openwire));
        verdicts.iter().map(|one| one.is_met).collect::<Vec<_>>()
    };
    assert_eq!(met(300_000.0), [true]);
    assert_eq!(met(299_999.0), [false]);
}
