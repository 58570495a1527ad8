//! Medians and spreads over runs, with and without failures.

use serde_json::json;

use super::*;

#[test]
fn the_median_of_an_even_count_lies_between_the_middle_values() {
    let spread = Spread::of(vec![4.0, 1.0, 2.0, 9.0]).unwrap();
    assert_eq!(
        spread,
        Spread {
            median: 3.0,
            least: 1.0,
            most: 9.0
        }
    );
    assert_eq!(Spread::of(Vec::new()), None);
}

#[test]
fn a_failed_run_does_not_count_towards_the_median() {
    let mut results = Results::default();
    for rate in [10.0, 30.0] {
        results.push(json!({"broker": "a", "scenario": {"name": "s"}, "load": {"x": rate}}));
    }
    results.push(json!({"broker": "a", "scenario": {"name": "s"}, "error": "gone"}));
    assert_eq!(results.spread("s", "a", "/load/x").unwrap().median, 20.0);
    assert_eq!(results.runs("s", "a").count(), 3);
}
