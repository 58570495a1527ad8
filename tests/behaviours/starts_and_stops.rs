//! The process: what it says when it is ready, and that it ends when told, with clients or not.

use floodway_tests::{Broker, Folder, broker_xml, run};
use rustix::process::Signal;

#[test]
fn ready_broker_says_where_it_listens_and_how_long_it_took() {
    let broker = Broker::start("");
    let log = broker.log().join("\n");
    let address = broker.address();
    assert!(
        log.contains(&format!("stomp connector listening on {address}")),
        "{log}"
    );
    assert!(log.contains("started in "), "{log}");
}

#[test]
fn sigterm_and_sigint_end_it_with_code_zero() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut broker = Broker::start("");
        assert_eq!(broker.end(signal), Some(0), "{}", broker.log().join("\n"));
        let log = broker.log().join("\n");
        assert!(log.contains("stopped in"), "{log}");
    }
}

#[test]
fn open_connections_do_not_keep_it_from_ending() {
    let mut broker = Broker::start("");
    let mut idle = broker.client();
    let mut consumer = broker.client();
    consumer.subscribe("/queue/q", "0", "client");
    let mut unread = broker.client();
    unread.subscribe("/queue/flood", "0", "auto");
    let body = "x".repeat(100_000);
    for _ in 0..100 {
        idle.send("/queue/flood", &body);
    }
    broker.stop();
    assert_eq!(idle.until_closed().trim(), "");
    assert_eq!(consumer.until_closed().trim(), "");
}

#[test]
fn start_needs_nothing_that_a_stop_left_behind() {
    let mut broker = Broker::start("");
    for _ in 0..3 {
        broker.client().send("/queue/q", "kept");
        broker.stop();
        broker.start_again();
    }
}

#[test]
fn connector_of_an_unbuilt_protocol_is_reported_with_its_line_and_skipped() {
    let xml = broker_xml(
        "<transportConnectors>\n\
         <transportConnector name=\"mqtt\" uri=\"mqtt://127.0.0.1:0\"/>\n\
         <transportConnector name=\"stomp\" uri=\"stomp://127.0.0.1:0\"/>\n\
         </transportConnectors>",
    );
    let broker = Broker::start_xml(&xml);
    let log = broker.log().join("\n");
    assert!(log.contains("activemq.xml:4: warning: "), "{log}");
    broker.client().send("/queue/q", "served");
}

#[test]
fn without_arguments_it_takes_conf_and_data_of_the_current_directory() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path().join("conf")).unwrap();
    let connector = "<transportConnectors><transportConnector name=\"stomp\" \
        uri=\"stomp://127.0.0.1:0\"/></transportConnectors>";
    folder.write("conf/activemq.xml", &broker_xml(connector));
    let mut broker = Broker::start_in(folder, &[]);
    broker.client().send("/queue/q", "kept");
    broker.stop();
    assert!(broker.folder().path().join("data").is_dir());
    broker.start_again();
    let mut consumer = broker.client();
    consumer.subscribe("/queue/q", "0", "auto");
    assert_eq!(consumer.body(), "kept");
}

#[test]
fn version_is_told() {
    let ended = run(&["--version"], &Folder::new());
    assert_eq!(ended.code, Some(0));
    assert!(ended.output.contains("floodway "), "{ended:?}");
}

#[test]
fn unknown_command_is_refused_with_advice() {
    let ended = run(&["strat"], &Folder::new());
    assert_eq!(ended.code, Some(2));
    assert!(ended.errors.contains("start"), "{ended:?}");
}
