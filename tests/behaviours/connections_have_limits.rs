//! `maximumConnections` and the time for a login hold, and who is within them notices nothing.

use floodway_tests::{Broker, Client, broker_xml};

fn start(options: &str) -> Broker {
    Broker::start_xml(&broker_xml(&format!(
        "<transportConnectors><transportConnector name=\"stomp\" \
         uri=\"stomp://127.0.0.1:0?{options}\"/></transportConnectors>"
    )))
}

#[test]
fn connection_beyond_the_maximum_is_closed_and_a_freed_place_is_taken() {
    let broker = start("maximumConnections=2");
    let (first, mut second) = (broker.client(), broker.client());
    assert_eq!(Client::connect(broker.address()).until_closed(), "");
    drop(first);
    second.send("/queue/q", "still served");
    // The place is free once the broker has seen the end of the first one.
    while Client::connect(broker.address()).is_refused() {}
}

#[test]
fn peer_that_does_not_log_in_is_closed() {
    let broker = start("connectionTimeout=200");
    let mut other = broker.client();
    let mut silent = Client::connect(broker.address());
    let mut half = Client::connect(broker.address());
    half.write("CONNECT\naccept-version:1.2\n");
    silent.until_closed();
    half.until_closed();
    other.send("/queue/q", "logged in in time");
}
