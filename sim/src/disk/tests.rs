use super::*;

fn disk(seed: u64) -> Arc<SimDisk> {
    SimDisk::new(Random::new(seed), Trace::default())
}

fn write(file: &Arc<dyn File>, bytes: &[u8]) {
    file.write_all_at(&mut [IoSlice::new(bytes)], 0).unwrap();
}

fn read(disk: &SimDisk, name: &str) -> Option<Vec<u8>> {
    let file = disk.open(name).ok()?;
    let mut bytes = vec![0; usize::try_from(file.length().unwrap()).unwrap()];
    let count = file.read_at(&mut bytes, 0).unwrap();
    assert_eq!(count, bytes.len());
    Some(bytes)
}

#[test]
fn what_was_synced_survives_every_loss_of_power() {
    for seed in 0..50 {
        let disk = disk(seed);
        let file = disk.create("a").unwrap();
        write(&file, &[1; 2000]);
        file.sync_data().unwrap();
        disk.sync_dir().unwrap();
        write(&file, &[2; 2000]);
        let disk = disk.reboot(Reboot::PowerLoss);
        let found = read(&disk, "a").unwrap();
        assert_eq!(found.len(), 2000);
        assert!(found.iter().all(|byte| [1, 2].contains(byte)));
    }
}

#[test]
fn unsynced_writes_are_torn_at_sectors_and_names_get_lost() {
    let mut torn = 0;
    let mut nameless = 0;
    for seed in 0..200 {
        let disk = disk(seed);
        let file = disk.create("a").unwrap();
        disk.create("b").unwrap();
        write(&file, &[1; 4096]);
        file.sync_all().unwrap();
        write(&file, &[2; 4096]);
        let disk = disk.reboot(Reboot::PowerLoss);
        match read(&disk, "a") {
            Some(found) => {
                let whole = |sector: &[u8]| sector.iter().all(|byte| *byte == sector[0]);
                assert!(found.chunks(512).all(whole), "a sector is never torn");
                torn += u32::from(!whole(&found));
            }
            None => nameless += 1,
        }
    }
    assert!(
        torn > 10 && nameless > 10,
        "{torn} torn, {nameless} without a name"
    );
}

#[test]
fn a_killed_process_leaves_everything_it_wrote() {
    let disk = disk(1);
    let file = disk.create("a").unwrap();
    write(&file, &[1; 700]);
    let next = disk.reboot(Reboot::Kill);
    assert_eq!(read(&next, "a"), Some(vec![1; 700]));
    assert!(disk.list().is_err(), "the old life is over");
    assert!(file.sync_data().is_err());
}

#[test]
fn what_a_failed_sync_dropped_no_later_sync_saves() {
    let mut lost = 0;
    for seed in 0..50 {
        let disk = disk(seed);
        let file = disk.create("a").unwrap();
        disk.sync_dir().unwrap();
        write(&file, &[1; 512]);
        disk.arm(Faults {
            sync_fails_at: Some(0),
            ..Faults::default()
        });
        assert!(file.sync_data().is_err());
        assert!(file.sync_data().is_ok(), "the failure is told once");
        assert_eq!(read(&disk, "a"), Some(vec![1; 512]), "the cache has it");
        let disk = disk.reboot(Reboot::PowerLoss);
        lost += u32::from(read(&disk, "a") != Some(vec![1; 512]));
    }
    assert!(lost > 5);
}

#[test]
fn a_full_disk_refuses_growth_only() {
    let disk = disk(1);
    let file = disk.create("a").unwrap();
    disk.arm(Faults {
        space_bytes: Some(1000),
        ..Faults::default()
    });
    file.allocate(1000).unwrap();
    let refused = file.allocate(1001).unwrap_err();
    assert!(floodway_store::disk::is_full(&refused));
    write(&file, &[1; 1000]);
    disk.remove("a").unwrap();
    let other = disk.create("b").unwrap();
    other.set_length(1000).unwrap();
}
