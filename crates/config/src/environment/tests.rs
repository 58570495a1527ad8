use super::*;

#[test]
fn memory_is_found_in_meminfo() {
    let text = "MemFree: 1 kB\nMemTotal:       16384 kB\nBuffers: 3 kB\n";
    assert_eq!(meminfo_total(text), Some(16 << 20));
    assert_eq!(meminfo_total("MemTotal: lots"), None);
}

#[test]
fn the_heap_is_a_quarter_of_a_small_machine_and_one_gb_of_a_large_one() {
    let of = |memory| Environment::fixed(Path::new("/"), memory, []).heap_bytes();
    assert_eq!(of(2 << 30), 512 << 20);
    assert_eq!(of(4 << 30), 1 << 30);
    assert_eq!(of(64 << 30), 1 << 30);
}

#[test]
fn the_process_has_a_directory_memory_and_a_disk() {
    let environment = Environment::of_process().unwrap();
    assert!(environment.memory_bytes() > 0);
    let missing = environment.current_directory().join("not/yet/there");
    let disk = environment.disk(&missing).unwrap();
    assert!(disk.total_bytes >= disk.available_bytes);
}
