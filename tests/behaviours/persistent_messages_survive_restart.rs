//! What was confirmed is there after a restart, orderly or not; what was acknowledged is not.

use floodway_tests::Broker;

#[track_caller]
fn check(end: fn(&mut Broker)) {
    let mut broker = Broker::start("");
    let mut producer = broker.client();
    for number in 0..20 {
        producer.send("/queue/kept", &number.to_string());
    }
    let mut consumer = broker.client();
    consumer.subscribe("/queue/kept", "0", "client-individual");
    for number in 0..20 {
        let message = consumer.expect("MESSAGE");
        assert_eq!(message.body, number.to_string());
        // Every third one is consumed.
        if number % 3 == 0 {
            consumer.ack(&message);
        }
    }
    end(&mut broker);
    broker.start_again();
    let mut consumer = broker.client();
    consumer.subscribe("/queue/kept", "0", "auto");
    for number in (0..20).filter(|number| number % 3 != 0) {
        assert_eq!(consumer.body(), number.to_string());
    }
    // A message sent now comes next: nothing else was left.
    broker.client().send("/queue/kept", "last");
    assert_eq!(consumer.body(), "last");
}

#[test]
fn after_an_orderly_stop() {
    check(Broker::stop);
}

#[test]
fn after_a_kill() {
    check(Broker::kill);
}

#[test]
fn durable_subscription_gets_what_it_missed() {
    const SUBSCRIBE: &str = "SUBSCRIBE\ndestination:/topic/news\nid:0\nack:client-individual\n\
        activemq.subscriptionName:reader\n\n";
    let login = |broker: &Broker| {
        let mut client = floodway_tests::Client::connect(broker.address());
        client.write("CONNECT\naccept-version:1.2\nhost:localhost\nclient-id:reader-1\n\n\0");
        client.expect("CONNECTED");
        client
    };
    let mut broker = Broker::start("");
    let mut reader = login(&broker);
    reader.confirm(SUBSCRIBE);
    drop(reader);
    broker.client().send("/topic/news", "missed");
    broker.kill();
    broker.start_again();
    let mut reader = login(&broker);
    reader.confirm(SUBSCRIBE);
    assert_eq!(reader.body(), "missed");
}
