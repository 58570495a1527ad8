use super::*;
use crate::Options;
use crate::testing::{broker, load_with, load_xml, loaded, notes, options};

fn adapter(inside: &str) -> String {
    format!("<persistenceAdapter>{inside}</persistenceAdapter>")
}

fn journal(inside: &str) -> (PathBuf, JournalSettings) {
    match loaded("", &adapter(inside)).settings.persistence {
        Persistence::Journal {
            directory,
            settings,
        } => (directory, settings),
        Persistence::Memory => panic!("no journal"),
    }
}

#[test]
fn a_journal_is_the_default() {
    let found = loaded("", "").settings;
    assert!(found.broker.persistent);
    match found.persistence {
        Persistence::Journal {
            directory,
            settings,
        } => {
            assert_eq!(directory, Path::new("/amq/data/kahadb"));
            assert_eq!(settings.sync, SyncPolicy::Always);
        }
        Persistence::Memory => panic!("no journal"),
    }
}

#[test]
fn kahadb_is_read_as_the_settings_of_the_journal() {
    let (directory, settings) = journal(
        "<kahaDB directory='${activemq.data}/db' journalMaxFileLength='16mb'
          journalDiskSyncStrategy='PERIODIC' journalDiskSyncInterval='50'/>",
    );
    assert_eq!(directory, Path::new("/amq/data/db"));
    assert_eq!(settings.segment_bytes, 16 << 20);
    assert_eq!(settings.sync, SyncPolicy::Periodic { interval_ms: 50 });
    let (_, settings) = journal("<kahaDB enableJournalDiskSyncs='false'/>");
    assert_eq!(settings.sync, SyncPolicy::Never);
    let (_, settings) = journal("<kahaDB journalDiskSyncStrategy='never'/>");
    assert_eq!(settings.sync, SyncPolicy::Never);
}

#[test]
fn weaker_syncs_are_told_and_wrong_ones_refused() {
    let told = notes("", &adapter("<kahaDB journalDiskSyncStrategy='never'/>"));
    assert!(told.contains("a power failure loses messages"), "{told}");
    let told = notes("", &adapter("<kahaDB journalDiskSyncStrategy='often'/>"));
    assert!(
        told.contains("error: kahaDB journalDiskSyncStrategy: \"often\""),
        "{told}"
    );
}

#[test]
fn memory_stores_keep_nothing() {
    for (attributes, inside, persistent) in [
        ("persistent='false'", String::new(), false),
        ("", adapter("<memoryPersistenceAdapter/>"), true),
        ("persistent='false'", adapter("<kahaDB/>"), false),
    ] {
        let found = loaded(attributes, &inside).settings;
        assert!(
            matches!(found.persistence, Persistence::Memory),
            "{attributes} {inside}"
        );
        assert_eq!(found.broker.persistent, persistent);
    }
    let told = notes("persistent='false'", &adapter("<kahaDB directory='x'/>"));
    assert!(
        told.contains("warning: kahaDB: has no effect: persistent=\"false\""),
        "{told}"
    );
}

#[test]
fn other_stores_are_replaced_with_a_warning() {
    for kind in [
        "jdbcPersistenceAdapter dataSource='#ds'",
        "levelDB directory='x'",
        "mKahaDB",
    ] {
        let (directory, _) = journal(&format!("<{kind}/>"));
        assert_eq!(directory, Path::new("/amq/data/kahadb"), "{kind}");
        let told = notes("", &adapter(&format!("<{kind}/>")));
        assert!(
            told.contains("is not read; drain the old broker first"),
            "{told}"
        );
    }
}

#[test]
fn of_two_stores_the_last_one_counts() {
    let inside = adapter("<kahaDB directory='a'/>") + &adapter("<kahaDB directory='b'/>");
    let found = loaded("", &inside).settings.persistence;
    assert!(matches!(found, Persistence::Journal { directory, .. }
        if directory == Path::new("/amq/b")));
    assert!(notes("", &inside).contains("only the last one counts"));
}

#[test]
fn the_command_lines_data_directory_moves_all_directories() {
    let options = Options {
        data_directory: Some("/mine".into()),
        admin: None,
        ..options()
    };
    let inside = adapter("<kahaDB directory='/var/amq/kahadb'/>");
    let found = load_with(
        &broker(
            "dataDirectory='/var/amq' tmpDataDirectory='/var/tmp/spool'",
            &inside,
        ),
        &options,
    )
    .unwrap();
    assert_eq!(found.settings.data_directory, Path::new("/mine"));
    assert_eq!(found.settings.spool_directory, Path::new("/mine/spool"));
    assert!(
        matches!(found.settings.persistence, Persistence::Journal { directory, .. }
        if directory == Path::new("/mine/kahadb"))
    );
    assert_eq!(found.report.notes().len(), 3, "{}", found.report);
}

#[test]
fn a_directory_with_kahadb_files_is_told() {
    let folder = std::env::temp_dir().join(format!("floodway-config-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("db-1.log"), b"").unwrap();
    let text = broker(
        "",
        &adapter(&format!("<kahaDB directory='{}'/>", folder.display())),
    );
    let told = crate::testing::notes_of(load_xml(&text));
    fs::remove_dir_all(&folder).unwrap();
    assert!(
        told.contains("warning: kahaDB: the KahaDB messages in"),
        "{told}"
    );
}
