use super::*;

fn tree(root: u64, child: u64) -> (Arc<Signal>, Arc<Usage>, Arc<Usage>) {
    let signal = Arc::new(Signal::default());
    let parent = Usage::root("broker", root, Arc::clone(&signal));
    let usage = Usage::child(&parent, "queue://A", child);
    (signal, parent, usage)
}

#[test]
fn a_charge_counts_on_the_node_and_its_ancestors_until_dropped() {
    let (_, parent, usage) = tree(100, 50);
    let charge = Charge::new(&usage, 30);
    assert_eq!((usage.used_bytes(), parent.used_bytes()), (30, 30));
    drop(charge);
    assert_eq!((usage.used_bytes(), parent.used_bytes()), (0, 0));
}

#[test]
fn full_is_at_the_limit_not_one_below() {
    let (_, _, usage) = tree(0, 50);
    let _below = Charge::new(&usage, 49);
    assert!(usage.full_node().is_none());
    let _at = Charge::new(&usage, 1);
    assert_eq!(usage.full_node().unwrap().name(), "queue://A");
}

#[test]
fn a_full_ancestor_makes_a_node_full() {
    let (_, parent, usage) = tree(40, 0);
    let _charge = Charge::new(&parent, 40);
    assert_eq!(usage.full_node().unwrap().name(), "broker");
    let (_, parent, usage) = tree(40, 30);
    let _charge = Charge::new(&parent, 40);
    assert_eq!(usage.full_node().unwrap().name(), "broker");
    assert!(!usage.has_space(70));
}

#[test]
fn the_signal_is_raised_on_the_edge_only() {
    let (signal, _, usage) = tree(1000, 50);
    let first = Charge::new(&usage, 30);
    let second = Charge::new(&usage, 30);
    assert!(!signal.take());
    drop(second);
    assert!(signal.take());
    drop(first);
    assert!(!signal.take());
}
