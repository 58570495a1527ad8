use super::*;
use crate::Options;
use crate::testing::{broker, load_with, loaded, notes, options};

#[test]
fn the_brokers_own_attributes_are_read() {
    let found = loaded(
        "brokerName=' amq-1 ' dataDirectory='var/${user.dir}' schedulePeriodForDestinationPurge='10'
         maxUncommittedCount='5' advisorySupport='false' anonymousProducerAdvisorySupport='true'",
        "",
    )
    .settings;
    assert_eq!(found.broker.name, "amq-1");
    assert_eq!(found.data_directory, Path::new("/amq/var/amq"));
    assert_eq!(found.spool_directory, Path::new("/amq/var/amq/tmp_storage"));
    assert_eq!(found.broker.destination_purge_period_ms, 10);
    assert_eq!(found.broker.uncommitted_count_max, 5);
    let advisories = found.broker.advisories;
    assert!(!advisories.support && advisories.anonymous_producers);
}

#[test]
fn scheduled_messages_are_supported_where_the_file_says_so() {
    let scheduler = |attributes| loaded(attributes, "").settings.broker.scheduler;
    assert!(!scheduler("").support);
    assert_eq!(scheduler("").repeat_max, 1000);
    let found = scheduler("schedulerSupport='true' maxSchedulerRepeatAllowed='5'");
    assert!(found.support);
    assert_eq!(found.repeat_max, 5);
    let told = notes("schedulerSupport='true' schedulerDirectory='jobs'", "");
    assert!(!told.contains("schedulerSupport"), "{told}");
    assert!(
        told.contains("info: broker schedulerDirectory: scheduled messages are kept with all"),
        "{told}"
    );
}

#[test]
fn names_keep_only_what_is_safe_in_names() {
    let found = loaded("brokerName='a/b c'", "");
    assert_eq!(found.settings.broker.name, "a_b_c");
    assert!(notes("brokerName='a/b c'", "").contains("is read as \"a_b_c\""));
    assert!(notes("brokerName=''", "").contains("error: broker brokerName"));
}

#[test]
fn zero_uncommitted_messages_are_not_unlimited() {
    assert!(notes("maxUncommittedCount='0'", "").contains("is read as 100000"));
}

#[test]
fn destinations_are_created_at_start() {
    let found = loaded(
        "",
        "<destinations><queue physicalName='A.B'/><topic physicalName=' C '/><queue name='D'/>\
         </destinations>",
    );
    let names: Vec<_> = found
        .settings
        .broker
        .destinations
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(names, ["queue://A.B", "topic://C", "queue://D"]);
    assert!(notes("", "<destinations><queue/></destinations>").contains("name is empty"));
    let told = notes(
        "",
        "<destinations><queue physicalName='A.>'/></destinations>",
    );
    assert!(told.contains("a pattern cannot be created"), "{told}");
}

#[test]
fn the_spool_may_stand_elsewhere() {
    let inside = "<tempDataStore><PListStoreImpl directory='spool' journalMaxFileLength='1mb'/>\
                  </tempDataStore>";
    let found = loaded("tmpDataDirectory='other'", inside);
    assert_eq!(found.settings.spool_directory, Path::new("/amq/spool"));
    assert_eq!(found.settings.spool.segment_bytes, 1 << 20);
}

#[test]
fn the_spool_never_shares_the_directory_of_the_messages() {
    let found = loaded("tmpDataDirectory='${activemq.data}/kahadb'", "");
    let spool = Path::new("/amq/data/kahadb/tmp_storage");
    assert_eq!(found.settings.spool_directory, spool);
    assert!(
        found
            .report
            .to_string()
            .contains("cannot share a directory")
    );
}

#[test]
fn stores_know_their_limits() {
    let found = loaded("", "").settings;
    assert_eq!(found.spool.limit_bytes, 50 << 30);
    assert!(
        matches!(found.persistence, Persistence::Journal { settings, .. }
        if settings.limit_bytes == 100 << 30)
    );
}

#[test]
fn time_for_undo_comes_from_the_environment() {
    for (given, expected) in [
        (None, 60_000),
        (Some("0"), 0),
        (Some(" 5000 "), 5000),
        (Some("86400000"), 86_400_000),
        (Some("86400001"), 60_000),
        (Some("soon"), 60_000),
    ] {
        let variables = given.map(|text| ("FLOODWAY_UNDO_MS".into(), text.to_owned()));
        let options = Options {
            environment: Environment::fixed(Path::new("/amq"), 16 << 30, variables),
            ..options()
        };
        let found = load_with(&broker("", ""), &options).unwrap();
        assert_eq!(found.settings.broker.undo_grace_ms, expected, "{given:?}");
        let is_told = found.report.to_string().contains("FLOODWAY_UNDO_MS");
        let is_wrong = given.is_some() && expected == 60_000;
        assert_eq!(is_told, is_wrong, "{given:?}");
    }
}
