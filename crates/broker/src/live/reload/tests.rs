use super::*;
use crate::settings::{BrokerSettings, Cursor};
use floodway_message::DestinationKind::Queue;

const NOW: Now = Now {
    monotonic_ms: 1,
    wall_ms: 1,
};

/// Policies for queues: pattern and memory limit.
fn settings(entries: &[(&str, u64)]) -> BrokerSettings {
    let mut settings = BrokerSettings::default();
    for (line, (pattern, limit)) in (1..).zip(entries) {
        let mut entry = PolicyEntry::new(Queue, pattern);
        entry.memory_limit_bytes = *limit;
        entry.line = line;
        settings.policies.push(entry);
    }
    settings
}

fn queue(name: &str) -> Destination {
    Destination::new(Queue, name).unwrap()
}

/// A broker with the queues A and B.
fn broker(entries: &[(&str, u64)]) -> Arc<Broker> {
    let mut settings = settings(entries);
    settings.destinations = vec![queue("A"), queue("B")];
    Broker::open(settings, None, None, NOW).unwrap()
}

fn adopt(broker: &Broker, entries: &[(&str, u64)], keep_strays: bool) {
    let adoption = Adoption {
        policies: Arc::new(PolicyTable::new(&settings(entries))),
        usage: None,
        keep_strays,
    };
    broker.adopt(&adoption, NOW);
}

fn limit_of(broker: &Broker, name: &str) -> String {
    let settings = broker.settings_of(Some(&queue(name))).unwrap();
    let limit = settings.iter().find(|one| one.name == "memoryLimit");
    limit.unwrap().value.clone()
}

#[test]
fn destinations_that_exist_follow_the_new_table() {
    let broker = broker(&[(">", 5000)]);
    adopt(&broker, &[(">", 6000), ("B", 7000)], false);
    assert_eq!(limit_of(&broker, "A"), "6000");
    assert_eq!(limit_of(&broker, "B"), "7000");
    let nodes = broker.nodes.read();
    let node = nodes.get(&queue("B")).unwrap();
    assert_eq!(node.usage().limit_bytes(), 7000);
    assert_eq!(node.live_policy().get().line, 2);
    assert_eq!(broker.policies.of(&queue("C")).memory_limit_bytes, 6000);
}

#[test]
fn what_was_set_meanwhile_is_told_and_kept_only_if_asked() {
    let entries = [(">", 5000)];
    let broker = broker(&entries);
    broker
        .set(Some(&queue("A")), &[("memoryLimit", "9000")], NOW)
        .unwrap();
    let strays = broker.strays();
    assert_eq!(strays.len(), 1);
    let stray = strays.first().unwrap();
    assert_eq!(stray.target, Some(queue("A")));
    let one = stray.settings.first().unwrap();
    assert_eq!(
        (one.name, &*one.value, &*one.before),
        ("memoryLimit", "9000", "5000")
    );
    adopt(&broker, &entries, true);
    assert_eq!(limit_of(&broker, "A"), "9000");
    // The configuration says something new about it: that counts.
    adopt(&broker, &[(">", 8000)], true);
    assert_eq!(limit_of(&broker, "A"), "8000");
    broker
        .set(Some(&queue("A")), &[("memoryLimit", "9000")], NOW)
        .unwrap();
    adopt(&broker, &[(">", 8000)], false);
    assert_eq!(limit_of(&broker, "A"), "8000");
    assert!(broker.strays().is_empty());
}

#[test]
fn a_queue_keeps_the_cursor_it_was_built_with() {
    let broker = broker(&[(">", 5000)]);
    let mut changed = settings(&[(">", 5000)]);
    for entry in &mut changed.policies {
        entry.pending_queue_policy = Cursor::Memory;
        entry.prioritized_messages = true;
        entry.use_cache = false;
    }
    let adoption = Adoption {
        policies: Arc::new(PolicyTable::new(&changed)),
        usage: None,
        keep_strays: false,
    };
    broker.adopt(&adoption, NOW);
    let nodes = broker.nodes.read();
    let policy = nodes.get(&queue("A")).unwrap().live_policy().get();
    assert_eq!(policy.pending_queue_policy, Cursor::Store);
    assert!(!policy.prioritized_messages);
    assert!(!policy.use_cache);
    let later = broker.policies.of(&queue("C"));
    assert_eq!(later.pending_queue_policy, Cursor::Memory);
    assert!(later.prioritized_messages);
}

#[test]
fn limits_of_the_broker_change_where_the_configuration_did() {
    let base = SystemUsage::default();
    let live = SystemUsage {
        memory_limit_bytes: 10,
        temp_limit_bytes: 20,
        ..base.clone()
    };
    let new = SystemUsage {
        store_limit_bytes: 30,
        temp_limit_bytes: 40,
        ..base.clone()
    };
    let is_changed = |name: &str| name == "storeLimit" || name == "tempLimit";
    let wanted = wanted_usage((&base, &live), (&new, is_changed), false);
    assert_eq!(wanted.memory_limit_bytes, base.memory_limit_bytes);
    assert_eq!(wanted.store_limit_bytes, 30);
    assert_eq!(wanted.temp_limit_bytes, 40);
    let wanted = wanted_usage((&base, &live), (&new, is_changed), true);
    assert_eq!(wanted.memory_limit_bytes, 10);
    assert_eq!(wanted.temp_limit_bytes, 40);
}
