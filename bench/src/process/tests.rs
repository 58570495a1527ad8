//! The counters are read from this very process, which certainly exists.

use super::*;

#[test]
fn this_process_has_memory_and_cpu_time() {
    let tree = ProcessTree::of(std::process::id());
    let mut sum = 0_u64;
    while tree.cpu_us() == 0 {
        sum = (0..100_000).fold(sum, |sum, n| std::hint::black_box(sum.wrapping_add(n)));
    }
    assert!(tree.memory_kib() > 0);
    assert!(tree.memory_peak_kib() > 0);
    assert!(MachineTime::now().busy_us > 0);
}

#[test]
fn children_belong_to_the_tree() {
    let mut child = std::process::Command::new("sleep")
        .arg("60")
        .spawn()
        .unwrap();
    let tree = ProcessTree::of(std::process::id());
    assert!(tree.pids.contains(&child.id()));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_process_that_is_gone_counts_as_zero() {
    let tree = ProcessTree::of(u32::MAX);
    assert_eq!(
        (tree.cpu_us(), tree.memory_kib(), tree.memory_peak_kib()),
        (0, 0, 0)
    );
}
