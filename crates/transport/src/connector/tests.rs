//! Limits on the number of connections, one below, at and above; counts fall with every end.

use super::{Refusal, Shared};
use crate::{Clock, ConnectorSettings, line_room::LineProtocol};
use std::net::IpAddr;
use std::sync::Arc;

fn shared(connections: usize, logins: usize) -> Arc<Shared> {
    let mut settings = ConnectorSettings::new("line", "127.0.0.1", 0);
    settings.maximum_connections = connections;
    settings.maximum_logins_per_address = logins;
    let broker = crate::listener::tests::broker();
    Arc::new(Shared::new(
        settings,
        Arc::new(LineProtocol),
        broker,
        Clock::start(),
    ))
}

fn peer(last: u8) -> IpAddr {
    [10, 0, 0, last].into()
}

#[test]
fn connections_beyond_the_maximum_are_refused_until_one_ends() {
    let shared = shared(2, 10);
    let first = shared.admit(peer(1)).ok();
    let second = shared.admit(peer(2)).ok();
    assert!(first.is_some() && second.is_some());
    assert_eq!(shared.admit(peer(3)).err(), Some(Refusal::Connections));
    drop(first);
    assert!(shared.admit(peer(3)).is_ok());
}

#[test]
fn connections_of_one_address_wait_for_each_others_login() {
    let shared = shared(10, 2);
    let mut first = shared.admit(peer(1)).ok().unwrap();
    let second = shared.admit(peer(1)).ok().unwrap();
    assert_eq!(shared.admit(peer(1)).err(), Some(Refusal::Logins));
    assert!(shared.admit(peer(2)).is_ok());
    first.logged_in();
    let third = shared.admit(peer(1)).ok().unwrap();
    assert_eq!(shared.admit(peer(1)).err(), Some(Refusal::Logins));
    // An end after login must not be counted as a second login.
    drop(first);
    assert_eq!(shared.admit(peer(1)).err(), Some(Refusal::Logins));
    drop((second, third));
    assert!(shared.logins.lock().is_empty());
    assert!(shared.open.lock().is_empty());
}
