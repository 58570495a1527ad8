use super::*;
use floodway_message::DestinationKind::{Queue, Topic};

#[test]
fn the_most_specific_entry_of_the_kind_applies() {
    let mut settings = BrokerSettings::default();
    for (kind, pattern, limit) in [
        (Queue, ">", 1),
        (Queue, "A.>", 2),
        (Queue, "A.*", 3),
        (Queue, "A.B", 4),
        (Topic, ">", 5),
    ] {
        let mut entry = PolicyEntry::new(kind, pattern);
        entry.memory_limit_bytes = limit;
        settings.policies.push(entry);
    }
    let policies = Policies::new(&settings);
    let limit = |uri: &str| {
        policies
            .of(&Destination::parse(uri).unwrap())
            .memory_limit_bytes
    };
    assert_eq!(limit("queue://A.B"), 4);
    assert_eq!(limit("queue://A.C"), 3);
    assert_eq!(limit("queue://A.C.D"), 2);
    assert_eq!(limit("queue://X"), 1);
    assert_eq!(limit("topic://A.B"), 5);
    assert_eq!(limit("temp-queue://A"), 0);
}
