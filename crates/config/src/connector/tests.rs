use super::*;
use crate::testing::{load_xml, notes_of};

fn text(connectors: &str) -> String {
    format!(
        "<broker xmlns='http://activemq.apache.org/schema/core'><transportConnectors>\n\
         {connectors}\n</transportConnectors></broker>"
    )
}

fn connectors(inside: &str) -> Vec<Connector> {
    load_xml(&text(inside))
        .unwrap_or_else(|error| panic!("{error}"))
        .settings
        .connectors
}

fn notes(inside: &str) -> String {
    notes_of(load_xml(&text(inside)))
}

fn stomp(connector: &Connector) -> &floodway_stomp::Settings {
    match &connector.protocol {
        ProtocolSettings::Stomp(stomp) => stomp,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_stomp_connector_has_name_address_line_and_options() {
    let found = connectors(
        "<transportConnector name='s' uri='stomp+nio://127.0.0.1:61613?maximumConnections=1000&amp;\
         wireFormat.maxFrameSize=104857600&amp;transport.defaultHeartBeat=5000,0&amp;\
         transport.hbGracePeriodMultiplier=1.5&amp;wireFormat.maxDataLength=1mb&amp;backlog=7&amp;\
         connectionTimeout=8&amp;transport.soTimeout=9&amp;soLinger=-1&amp;tcpNoDelay=false&amp;\
         keepAlive=true&amp;socketBufferSize=65536&amp;ioBufferSize=8192&amp;soWriteTimeout=10'/>",
    );
    let transport = &found[0].transport;
    assert_eq!((transport.name.as_str(), transport.line), ("s", 2));
    assert_eq!(transport.scheme, "stomp+nio");
    assert_eq!(
        (transport.host.as_str(), transport.port),
        ("127.0.0.1", 61613)
    );
    assert_eq!(transport.maximum_connections, 1000);
    assert_eq!((transport.backlog, transport.connect_timeout_ms), (7, 8));
    assert_eq!(
        (transport.read_timeout_ms, transport.write_timeout_ms),
        (9, 10)
    );
    assert_eq!(transport.linger_seconds, None);
    assert!(!transport.tcp_no_delay && transport.keep_alive);
    assert_eq!(transport.socket_buffer_bytes, Some(65_536));
    assert_eq!(transport.read_buffer_bytes, 8192);
    let stomp = stomp(&found[0]);
    assert_eq!(stomp.frame_bytes_max, 104_857_600);
    assert_eq!(stomp.body_bytes_max, 1 << 20);
    assert_eq!(
        (
            stomp.heart_beat_default.receive_ms,
            stomp.heart_beat_default.send_ms
        ),
        (5000, 0)
    );
    assert!((stomp.heart_beat_grace - 1.5).abs() < 1e-9);
}

#[test]
fn an_openwire_connector_has_its_options() {
    let found = connectors(
        "<transportConnector uri='nio://127.0.0.1:61616?wireFormat.maxFrameSize=1mb&amp;\
         minmumWireFormatVersion=3&amp;wireFormat.version=11&amp;wireFormat.cacheEnabled=false&amp;\
         wireFormat.cacheSize=100&amp;wireFormat.tightEncodingEnabled=false&amp;\
         wireFormat.maxInactivityDuration=5000'/>",
    );
    let ProtocolSettings::OpenWire(openwire) = &found[0].protocol else {
        panic!("{:?}", found[0].protocol);
    };
    assert_eq!(openwire.frame_bytes_max, 1 << 20);
    assert_eq!((openwire.version_min, openwire.version_max), (3, 11));
    assert!(!openwire.cache && !openwire.tight_encoding && openwire.stack_traces);
    assert_eq!((openwire.cache_size, openwire.inactivity_ms), (100, 5000));
    assert_eq!(&*openwire.broker_url, "nio://127.0.0.1:61616");
}

#[test]
fn a_connector_says_which_brokers_its_clients_are_told() {
    let found = connectors(
        "<transportConnector uri='tcp://127.0.0.1:1' updateClusterClients='true'
           updateClusterClientsOnRemove='true' rebalanceClusterClients='true'
           updateClusterFilter='eu.*,us'/>
         <transportConnector uri='tcp://127.0.0.1:2'/>",
    );
    let of = |at: usize| match &found[at].protocol {
        ProtocolSettings::OpenWire(openwire) => openwire.clone(),
        other => panic!("{other:?}"),
    };
    let told = of(0);
    assert!(told.update_cluster_clients && told.update_cluster_clients_on_remove);
    assert!(told.rebalance_cluster_clients);
    assert_eq!(told.update_cluster_filter, ["eu.*", "us"]);
    assert!(!of(1).update_cluster_clients && of(1).update_cluster_filter.is_empty());
}

#[test]
fn a_filter_that_is_no_pattern_is_refused() {
    let told = notes("<transportConnector uri='tcp://localhost:1' updateClusterFilter='a('/>");
    assert!(told.contains("regular expression"), "{told}");
}

#[test]
fn a_cache_size_that_stops_clients_is_refused() {
    let told = notes("<transportConnector uri='tcp://localhost:1?wireFormat.cacheSize=99'/>");
    assert!(told.contains("the option wireFormat.cacheSize"), "{told}");
}

#[test]
fn an_auto_connector_has_the_options_of_both() {
    let found = connectors(
        "<transportConnector uri='auto://localhost:1?wireFormat.maxFrameSize=2mb&amp;\
         wireFormat.maxDataLength=1mb&amp;wireFormat.version=9'/>",
    );
    let ProtocolSettings::Auto { openwire, stomp } = &found[0].protocol else {
        panic!("{:?}", found[0].protocol);
    };
    assert_eq!(
        (openwire.frame_bytes_max, openwire.version_max),
        (2 << 20, 9)
    );
    assert_eq!(
        (stomp.frame_bytes_max, stomp.body_bytes_max),
        (2 << 20, 1 << 20)
    );
}

#[test]
fn without_a_name_the_scheme_is_the_name() {
    let found = connectors("<transportConnector uri='stomp://localhost:0'/>");
    assert_eq!(found[0].transport.name, "stomp");
}

#[test]
fn what_is_not_built_is_told_with_its_line_and_skipped() {
    for (uri, what) in [
        ("nio+ssl://h:1", "OpenWire over TLS"),
        ("stomp+ssl://h:1?needClientAuth=true", "STOMP over TLS"),
        ("mqtt://h:1", "MQTT"),
        ("amqp+nio://h:1", "AMQP"),
        ("ws://h:1", "WebSocket"),
        ("auto+ssl://h:1", "several protocols"),
        ("vm://localhost", "one Java process"),
        ("xmpp://h:1", "dropped XMPP"),
    ] {
        let inside = format!(
            "<transportConnector uri='{uri}'/>\n<transportConnector uri='stomp://localhost:1'/>"
        );
        assert_eq!(connectors(&inside).len(), 1, "{uri}");
        let told = notes(&inside);
        assert!(told.contains("2: warning: transportConnector: "), "{told}");
        assert!(told.contains(what), "{told}");
    }
}

#[test]
fn an_unknown_option_stops_the_start_and_is_named() {
    let told = notes("<transportConnector uri='stomp://localhost:1?maximumConections=5'/>");
    assert!(
        told.contains(
            "2: error: transportConnector uri: the option maximumConections is not known; \
             did you mean maximumConnections?"
        ),
        "{told}"
    );
    let told = notes(
        "<transportConnector uri='mqtt://localhost:1?colour=red'/>
         <transportConnector uri='stomp://localhost:1'/>",
    );
    assert!(
        told.contains("warning: transportConnector uri: the option colour"),
        "{told}"
    );
}

#[test]
fn known_options_without_effect_are_told() {
    let told = notes(
        "<transportConnector uri='stomp://localhost:1?trace=true&amp;jms.x=1&amp;brokerName=b&amp;\
         needClientAuth=true&amp;wireformat.maxFrameSize=5mb&amp;wireFormat.cacheEnabled=false'/>",
    );
    for part in [
        "info: transportConnector uri: the option trace is not needed",
        "warning: transportConnector uri: the option jms.x belongs to clients",
        "the option brokerName belongs to clients",
        "the option needClientAuth has no effect on a plain STOMP connector",
        "the option wireformat.maxFrameSize is read as wireFormat.maxFrameSize",
        "the option wireFormat.cacheEnabled is not needed",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(!told.contains("error"), "{told}");
}

#[test]
fn bad_option_values_are_refused() {
    for (option, part) in [
        ("maximumConnections=many", "is not a whole number"),
        ("maximumConnections=-1", "out of range"),
        ("maximumConnections=2147483648", "out of range"),
        ("wireFormat.maxFrameSize=0", "out of range"),
        ("transport.defaultHeartBeat=5000", "not a pair"),
        ("transport.hbGracePeriodMultiplier=0.5", "factor"),
        ("ioBufferSize=1023", "out of range"),
        ("tcpNoDelay=maybe", "neither true nor false"),
    ] {
        let told = notes(&format!(
            "<transportConnector uri='stomp://localhost:1?{option}'/>"
        ));
        assert!(
            told.contains("2: error: ") && told.contains(part),
            "{option}: {told}"
        );
    }
}

#[test]
fn bad_addresses_are_refused() {
    for (attribute, part) in [
        ("", "has no uri"),
        ("uri=''", "has no known scheme"),
        ("uri='stompp://h:1'", "did you mean stomp://?"),
        ("uri='stomp://h'", "names no port"),
        ("uri='stomp://${PORT}'", "\"${PORT}\" is not defined"),
    ] {
        let told = notes(&format!("<transportConnector name='a' {attribute}/>"));
        assert!(
            told.contains("2: error: ") && told.contains(part),
            "{attribute}: {told}"
        );
    }
}

#[test]
fn two_connectors_on_one_port_are_refused_but_not_on_port_0() {
    let told = notes(
        "<transportConnector uri='stomp://localhost:7'/>\n\
         <transportConnector uri='stomp+nio://localhost:7'/>",
    );
    assert!(
        told.contains("3: error: transportConnector: port 7 is used"),
        "{told}"
    );
    let one = "<transportConnector uri='stomp://localhost:0'/>";
    assert_eq!(connectors(&one.repeat(2)).len(), 2);
}

#[test]
fn an_open_port_is_told_and_a_local_one_is_not() {
    let told = notes("<transportConnector uri='stomp://0.0.0.0:61613'/>");
    assert!(
        told.contains("listens on 0.0.0.0 without any login"),
        "{told}"
    );
    for host in ["localhost", "127.0.0.1", "127.1.2.3", "[::1]"] {
        let told = notes(&format!("<transportConnector uri='stomp://{host}:61613'/>"));
        assert_eq!(told, "", "{host}");
    }
}

#[test]
fn with_logins_an_open_port_is_told_for_want_of_tls() {
    let told = |anonymous: bool| {
        let plugin = format!(
            "<plugins><simpleAuthenticationPlugin anonymousAccessAllowed='{anonymous}'><users>\
             <authenticationUser username='a' password='b'/></users>\
             </simpleAuthenticationPlugin></plugins></broker>"
        );
        let open = text("<transportConnector uri='stomp://0.0.0.0:61613'/>");
        notes_of(load_xml(&open.replace("</broker>", &plugin)))
    };
    assert!(told(false).contains("without TLS"), "{}", told(false));
    assert!(!told(false).contains("without any login"));
    assert!(told(true).contains("without any login"), "{}", told(true));
}

#[test]
fn no_connector_at_all_is_told() {
    assert!(notes("").contains("nobody can connect"));
}

#[test]
fn a_limit_of_consumers_counts_for_all() {
    let found = load_xml(&text(
        "<transportConnector uri='stomp://localhost:1' maximumConsumersAllowedPerConnection='5'/>",
    ))
    .unwrap();
    assert_eq!(found.settings.broker.consumers_per_connection_max, 5);
}
