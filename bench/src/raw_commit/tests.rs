//! The probe commits, ends by itself and leaves no file.

use super::*;

#[test]
fn commits_are_counted_and_the_file_is_removed() {
    let directory = std::env::temp_dir().join(format!("raw-commit-test-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let probe = RawCommit {
        directory: directory.clone(),
        waiter_count: 3,
        record_bytes: 100,
        warmup: Duration::from_millis(10),
        duration: Duration::from_millis(300),
    };
    let record = probe.run().unwrap();
    assert!(record.syncs_per_second > 0.0);
    assert!(record.commits_per_second >= record.syncs_per_second);
    assert!(record.commits_per_second <= record.syncs_per_second * 3.0 + 30.0);
    assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 0);
    std::fs::remove_dir_all(&directory).unwrap();
}
