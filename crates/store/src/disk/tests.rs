//! The operating system's disk does what the trait promises as far as a test can see.

use super::*;

#[test]
fn parts_are_written_one_after_the_other_however_many() {
    let directory = std::env::temp_dir().join(format!("floodway-disk-{}", std::process::id()));
    let disk = OsDisk::new(&directory).unwrap();
    let file = disk.create("file").unwrap();
    // More parts than the system takes at once, some of them empty.
    let bytes: Vec<Vec<u8>> = (0..5000_u32)
        .map(|at| vec![at as u8; (at % 7) as usize])
        .collect();
    let mut parts: Vec<IoSlice<'_>> = bytes.iter().map(|one| IoSlice::new(one)).collect();
    file.write_all_at(&mut parts, 100).unwrap();
    let expected = bytes.concat();
    assert_eq!(file.length().unwrap(), 100 + expected.len() as u64);
    let mut found = vec![1; expected.len() + 50];
    let read = file.read_at(&mut found, 100).unwrap();
    assert_eq!(found[..read], expected);
    file.allocate(100_000).unwrap();
    assert_eq!(file.length().unwrap(), 100_000);
    OsFile(
        fs::File::options()
            .write(true)
            .open(directory.join("file"))
            .unwrap(),
    )
    .write_zeros(200_001)
    .unwrap();
    assert_eq!(file.length().unwrap(), 200_001);
    file.set_length(10).unwrap();
    file.sync_all().unwrap();
    file.forget_cached();
    disk.rename("file", "other").unwrap();
    disk.sync_dir().unwrap();
    assert_eq!(disk.list().unwrap(), vec!["other"]);
    assert_eq!(
        disk.open("file").err().unwrap().kind(),
        io::ErrorKind::NotFound
    );
    assert!(disk.available_bytes().unwrap() > 0);
    disk.remove("other").unwrap();
    fs::remove_dir_all(&directory).unwrap();
}
