use super::{JolokiaPolicy, MBeanRule, RemoteHost};
use crate::jolokia::object_name::ObjectName;
use crate::jolokia::request::Command;

const QUEUE: &str = "org.apache.activemq:type=Broker,brokerName=b,destinationType=Queue,\
                     destinationName=Q";

fn rule(attributes: &[(&str, bool)], operations: &[&str]) -> MBeanRule {
    MBeanRule {
        name: "org.apache.activemq:*".into(),
        attributes: attributes
            .iter()
            .map(|(name, reads)| ((*name).into(), *reads))
            .collect(),
        operations: operations.iter().map(|&name| name.into()).collect(),
    }
}

#[test]
fn hosts_and_networks_are_compared_by_their_bits() {
    let check = |host: &str, peer: &str, expected: bool| {
        let policy = JolokiaPolicy {
            hosts: vec![RemoteHost::parse(host).unwrap()],
            ..JolokiaPolicy::default()
        };
        let passes = policy.lets_in(peer.parse().unwrap()).is_ok();
        assert_eq!(passes, expected, "{host} {peer}");
    };
    check("10.0.0.0/8", "10.200.3.4", true);
    check("10.0.0.0/8", "11.0.0.1", false);
    check("10.1.0.0/255.255.0.0", "10.1.9.9", true);
    check("127.0.0.1", "127.0.0.1", true);
    check("127.0.0.1", "127.0.0.2", false);
    check("localhost", "127.0.0.1", true);
    check("127.0.0.1", "::ffff:127.0.0.1", true);
    check("::1", "127.0.0.1", false);
    check("0.0.0.0/0", "1.2.3.4", true);
    check("fe80::/10", "fe80::1", true);
    for text in [
        "",
        "x",
        "1.2.3",
        "1.2.3.4/33",
        "::1/129",
        "1.2.3.4/255.0.255.0",
        "1.2.3.4/-1",
    ] {
        assert_eq!(RemoteHost::parse(text), None, "{text}");
    }
}

#[test]
fn deny_counts_whatever_is_listed() {
    let name = ObjectName::parse(QUEUE).unwrap();
    for commands in [None, Some(vec!["exec".into()]), Some(vec!["read".into()])] {
        let policy = JolokiaPolicy {
            commands,
            allow: vec![rule(&[("*", false)], &["*"])],
            deny: vec![rule(&[("Password", false)], &["purge", "stop*"])],
            ..JolokiaPolicy::default()
        };
        for operation in ["purge", "purge()", "stopGracefully(java.lang.String)"] {
            assert!(
                policy.lets_operation(&name, operation).is_err(),
                "{operation}"
            );
        }
        assert!(policy.lets_operation(&name, "browse()").is_ok());
        assert!(
            policy
                .lets_attribute(Command::Read, &name, "Password")
                .is_err()
        );
        assert!(
            policy
                .lets_attribute(Command::Read, &name, "QueueSize")
                .is_ok()
        );
    }
}

#[test]
fn command_that_is_not_listed_needs_an_allow() {
    let name = ObjectName::parse(QUEUE).unwrap();
    let policy = JolokiaPolicy {
        commands: Some(vec!["read".into()]),
        allow: vec![rule(&[("MemoryLimit", true), ("DLQ", false)], &["pause"])],
        ..JolokiaPolicy::default()
    };
    assert!(policy.lets_command(Command::Exec).is_ok());
    assert!(policy.lets_command(Command::List).is_err());
    assert!(policy.lets_operation(&name, "pause").is_ok());
    assert!(policy.lets_operation(&name, "purge").is_err());
    assert!(policy.lets_attribute(Command::Write, &name, "DLQ").is_ok());
    assert!(
        policy
            .lets_attribute(Command::Write, &name, "MemoryLimit")
            .is_err()
    );
    assert!(policy.lets_attribute(Command::Read, &name, "Name").is_ok());
    let nothing = JolokiaPolicy {
        commands: Some(Vec::new()),
        ..JolokiaPolicy::default()
    };
    assert!(
        Command::ALL
            .iter()
            .all(|(command, _)| nothing.lets_command(*command).is_err())
    );
}

#[test]
fn methods_and_origins_are_those_that_are_listed() {
    let policy = JolokiaPolicy {
        methods: Some(vec!["post".into()]),
        origins: vec!["https://*.corp.example".into()],
        ..JolokiaPolicy::default()
    };
    assert!(policy.lets_method("POST").is_ok());
    assert!(policy.lets_method("GET").is_err());
    assert!(policy.lets_origin("https://x.corp.example"));
    assert!(!policy.lets_origin("https://corp.example.evil"));
    assert!(!JolokiaPolicy::default().lets_origin("http://evil.example"));
}
