//! What failover clients are told of other brokers, and what brokers tell of themselves.

use super::client::{Client, loose};
use crate::Settings;
use crate::generated::{BrokerInfo, ConnectionControl, ConnectionInfo, DataStructure};
use floodway_message::session::{Command, Event, PeerBroker};

const OURS: &str = "tcp://here:61616";

fn settings() -> Settings {
    Settings {
        broker_url: OURS.into(),
        update_cluster_clients: true,
        ..Settings::default()
    }
}

fn peer(name: &str, connected: bool) -> PeerBroker {
    PeerBroker {
        name: name.into(),
        url: format!("tcp://{name}:61616").into(),
        connected,
    }
}

/// A failover client that knows of `first` when it is let in, and the controls that it got.
fn connected(
    settings: Settings,
    version: u8,
    first: Vec<PeerBroker>,
    again: bool,
) -> (Client, Vec<ConnectionControl>) {
    let mut client = Client::open_with(settings);
    client.introduce(loose(version));
    let info = ConnectionInfo {
        manageable: true,
        fault_tolerant: true,
        failover_reconnect: again,
        ..client.connection_info()
    };
    client.ask(|_| info);
    for command in client.commands() {
        if let Command::Connect(connect) = command {
            client.tell(Event::PeerBrokers {
                brokers: first.clone().into(),
            });
            client.tell(Event::Connected {
                reply: connect.reply,
            });
        }
    }
    let controls = controls(&mut client);
    (client, controls)
}

fn controls(client: &mut Client) -> Vec<ConnectionControl> {
    let told = client.take().into_iter();
    told.filter_map(|one| match one {
        DataStructure::ConnectionControl(control) => Some(*control),
        _ => None,
    })
    .collect()
}

fn list(control: &ConnectionControl) -> String {
    let text = control.connected_brokers.as_ref().unwrap();
    text.to_str().into_owned()
}

/// The only list that a client gets when these brokers are known.
fn told(client: &mut Client, brokers: Vec<PeerBroker>) -> String {
    client.tell(Event::PeerBrokers {
        brokers: brokers.into(),
    });
    let controls = controls(client);
    assert_eq!(controls.len(), 1, "{controls:?}");
    list(&controls[0])
}

#[test]
fn a_client_learns_all_addresses_with_its_login_and_each_change_later() {
    let (mut client, first) = connected(settings(), 12, vec![peer("a", true)], false);
    assert_eq!(list(&first[0]), "tcp://here:61616,tcp://a:61616");
    assert!(!first[0].rebalance_connection);
    let both = vec![peer("a", true), peer("b", true)];
    let expected = "tcp://here:61616,tcp://a:61616,tcp://b:61616";
    assert_eq!(told(&mut client, both.clone()), expected);
    client.tell(Event::PeerBrokers {
        brokers: both.into(),
    });
    assert!(controls(&mut client).is_empty(), "nothing has changed");
}

#[test]
fn a_broker_that_is_gone_is_told_on_unless_it_is_to_be_removed() {
    let (mut client, _) = connected(settings(), 12, vec![], false);
    let brokers = || vec![peer("a", false), peer("b", true)];
    let all = "tcp://here:61616,tcp://a:61616,tcp://b:61616";
    assert_eq!(told(&mut client, brokers()), all);
    let removing = Settings {
        update_cluster_clients_on_remove: true,
        ..settings()
    };
    let (mut client, _) = connected(removing, 12, vec![], false);
    assert_eq!(
        told(&mut client, brokers()),
        "tcp://here:61616,tcp://b:61616"
    );
}

#[test]
fn a_filter_is_a_pattern_of_whole_names() {
    let filtered = Settings {
        update_cluster_filter: vec!["eu|ap".into(), "us.*".into()],
        ..settings()
    };
    let (mut client, _) = connected(filtered, 12, vec![], false);
    let names = ["eu", "eu2", "us-1", "aus"];
    let brokers = names.map(|name| peer(name, true)).to_vec();
    assert_eq!(
        told(&mut client, brokers),
        "tcp://here:61616,tcp://eu:61616,tcp://us-1:61616"
    );
}

#[test]
fn clients_are_spread_by_the_order_of_addresses_but_not_when_they_come_again() {
    let spreading = Settings {
        rebalance_cluster_clients: true,
        ..settings()
    };
    // The connection has number 1, so its list begins with the second broker.
    let known = vec![peer("a", true)];
    let (_, first) = connected(spreading.clone(), 12, known.clone(), false);
    assert_eq!(list(&first[0]), "tcp://a:61616,tcp://here:61616");
    assert!(first[0].rebalance_connection);
    let (_, again) = connected(spreading, 12, known, true);
    assert!(!again[0].rebalance_connection);
}

#[test]
fn nothing_is_told_without_the_setting_or_in_a_version_without_the_field() {
    let quiet = Settings::default();
    for (settings, version) in [(quiet, 12), (settings(), 5)] {
        let (mut client, first) = connected(settings, version, vec![peer("a", true)], false);
        assert!(
            first[0]
                .connected_brokers
                .as_ref()
                .is_none_or(|text| text.to_str().is_empty())
        );
        client.tell(Event::PeerBrokers {
            brokers: vec![peer("b", true)].into(),
        });
        assert!(controls(&mut client).is_empty());
    }
}

#[test]
fn a_bridging_broker_is_named_to_the_core_once_it_is_logged_in() {
    let info = |url: &str, network| BrokerInfo {
        broker_name: Some("other".into()),
        broker_url: Some(url.into()),
        network_connection: network,
        ..BrokerInfo::default()
    };
    let url = "tcp://other:61616";
    let mut client = Client::open();
    client.introduce(loose(12));
    client.ask(|_| info(url, true));
    assert!(client.commands().is_empty(), "not logged in");
    let login = client.connection_info();
    client.ask(|_| login);
    let commands = client.commands();
    let [Command::Connect(connect)] = &commands[..] else {
        panic!("{commands:?}");
    };
    client.tell(Event::Connected {
        reply: connect.reply,
    });
    let commands = client.commands();
    let [Command::PeerBroker(told)] = &commands[..] else {
        panic!("{commands:?}");
    };
    assert_eq!(*told, peer("other", true));
    // What is no network connection, or no single address, names nobody.
    let long = "tcp://".to_owned() + &"x".repeat(2000);
    for (url, network) in [
        (url, false),
        ("tcp://a,tcp://b", true),
        ("tcp://a b", true),
        (&long, true),
    ] {
        client.ask(|_| info(url, network));
        assert!(client.commands().is_empty(), "{url}");
    }
}
