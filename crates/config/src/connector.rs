//! `transportConnectors`: where the broker listens, and what is spoken there.
//!
//! A connector whose protocol is not built is told about with its line and left out. Options that
//! nobody knows are errors, as in ActiveMQ; what an option means is in [`options`].

use floodway_transport::ConnectorSettings;
use roxmltree::Node;

use crate::reader::{Reader, Value, children, is_core, name};
use crate::report::Severity;
use crate::settings::{Connector, ProtocolSettings};
use crate::uri;
use crate::value::quoted;

mod options;
#[cfg(test)]
mod tests;

/// Most connectors of a broker.
const CONNECTORS_MAX: usize = 1000;

/// Whether a scheme can be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Stomp,
    OpenWire,
    /// OpenWire and STOMP on one port.
    Auto,
    /// Known, with the name of what is not built.
    Unbuilt(&'static str),
    /// Known, and it has no meaning here.
    Never(&'static str),
    Unknown,
}

impl Scheme {
    fn of(scheme: &str) -> Self {
        match scheme {
            "stomp" | "stomp+nio" => Self::Stomp,
            "tcp" | "nio" | "openwire" => Self::OpenWire,
            "auto" | "auto+nio" => Self::Auto,
            "ssl" | "nio+ssl" => Self::Unbuilt("OpenWire over TLS"),
            "stomp+ssl" | "stomp+nio+ssl" => Self::Unbuilt("STOMP over TLS"),
            "mqtt" | "mqtt+nio" => Self::Unbuilt("MQTT"),
            "mqtt+ssl" | "mqtt+nio+ssl" => Self::Unbuilt("MQTT over TLS"),
            "amqp" | "amqp+nio" => Self::Unbuilt("AMQP"),
            "amqp+ssl" | "amqp+nio+ssl" => Self::Unbuilt("AMQP over TLS"),
            "ws" | "wss" | "amqp+ws" | "amqp+wss" => Self::Unbuilt("WebSocket"),
            "auto+ssl" | "auto+nio+ssl" => Self::Unbuilt("several protocols on one port over TLS"),
            "http" | "https" => Self::Never("OpenWire inside HTTP requests is not planned"),
            "vm" => Self::Never("vm connects within one Java process"),
            "udp" | "multicast" | "peer" | "mock" => Self::Never("this transport is not planned"),
            "xmpp" => Self::Never("ActiveMQ itself dropped XMPP"),
            _ => Self::Unknown,
        }
    }
}

/// Reads the connectors of a broker, in which everybody must log in or not.
pub(crate) fn read<'d, 'i>(
    reader: &mut Reader<'d, 'i, '_>,
    broker: Node<'d, 'i>,
    (consumers_max, asks_login): (&mut usize, bool),
) -> Vec<Connector> {
    let mut connectors: Vec<Connector> = Vec::new();
    let Some(list) = reader.property(broker, "transportConnectors") else {
        return connectors;
    };
    let nodes = children(list).filter(|node| is_core(*node) && name(*node) == "transportConnector");
    for node in nodes {
        if connectors.len() >= CONNECTORS_MAX {
            let place = reader.place(node);
            let message = format!("there are more than {CONNECTORS_MAX} connectors");
            reader.refuse(&place, (message, "remove what is not needed"));
            break;
        }
        let Some(connector) = read_connector(reader, node) else {
            continue;
        };
        read_consumers_max(reader, node, consumers_max);
        refuse_same_port(reader, node, &connector, &connectors);
        warn_if_open(reader, node, &connector, asks_login);
        connectors.push(connector);
    }
    connectors
}

fn read_connector<'d, 'i>(
    reader: &mut Reader<'d, 'i, '_>,
    node: Node<'d, 'i>,
) -> Option<Connector> {
    reader.take(node);
    let place = reader.place(node);
    let Some(value) = reader.value(node, "uri") else {
        if !node.has_attribute("uri") {
            let advice = "write uri=\"stomp://127.0.0.1:61613\"";
            reader.refuse(&place, ("has no uri", advice));
        }
        return None;
    };
    let connector_name = reader.value(node, "name").map(|value| value.text);
    let scheme = uri::scheme(&value.text).unwrap_or_default();
    let spoken = Scheme::of(&scheme);
    match spoken {
        Scheme::Stomp | Scheme::OpenWire | Scheme::Auto => {}
        Scheme::Unbuilt(what) => {
            let message = format!("{what} is not built yet: {scheme} connectors are skipped");
            let advice = "let clients use a tcp or stomp connector";
            reader.ignore_tree(node, Severity::Warning, (message, advice));
            options::check_skipped(reader, &value);
            return None;
        }
        Scheme::Never(why) => {
            let message = format!("{scheme} connectors are skipped: {why}");
            reader.ignore_tree(node, Severity::Warning, (message, "remove it"));
            return None;
        }
        Scheme::Unknown => {
            refuse_scheme(reader, &value, &scheme);
            return None;
        }
    }
    let uri = match uri::parse(&value.text) {
        Ok(uri) => uri,
        Err(error) => {
            reader.refuse_with(&value.place, &error.to_string());
            return None;
        }
    };
    let mut transport = ConnectorSettings::new(&uri.scheme, &uri.host, uri.port);
    transport.line = place.line;
    if let Some(given) = connector_name.filter(|name| !name.trim().is_empty()) {
        transport.name = given;
    }
    let mut targets = options::Targets {
        spoken,
        transport,
        stomp: floodway_stomp::Settings::default(),
        openwire: floodway_openwire::Settings::default(),
    };
    for option in &uri.options {
        options::apply(reader, &value, option, &mut targets);
    }
    let options::Targets {
        transport,
        stomp,
        mut openwire,
        ..
    } = targets;
    read_cluster(reader, node, &mut openwire);
    let protocol = match spoken {
        Scheme::OpenWire => ProtocolSettings::OpenWire(openwire),
        Scheme::Auto => ProtocolSettings::Auto { openwire, stomp },
        _ => ProtocolSettings::Stomp(stomp),
    };
    Some(Connector {
        transport,
        protocol,
    })
}

/// Tells clients the machine's name where a connector listens on every interface.
pub(crate) fn publish(connectors: &mut [Connector], machine: Option<&str>) {
    for connector in connectors {
        let ConnectorSettings {
            scheme, host, port, ..
        } = &connector.transport;
        let is_any = matches!(host.as_str(), "0.0.0.0" | "::");
        let host = machine.filter(|_| is_any).unwrap_or(host);
        let url = match host.contains(':') {
            true => format!("{scheme}://[{host}]:{port}"),
            false => format!("{scheme}://{host}:{port}"),
        };
        if let ProtocolSettings::OpenWire(openwire) | ProtocolSettings::Auto { openwire, .. } =
            &mut connector.protocol
        {
            openwire.broker_url = url.into();
        }
    }
}

/// What failover clients are told of other brokers.
fn read_cluster<'d, 'i>(
    reader: &mut Reader<'d, 'i, '_>,
    node: Node<'d, 'i>,
    openwire: &mut floodway_openwire::Settings,
) {
    let flags = [
        ("updateClusterClients", &mut openwire.update_cluster_clients),
        (
            "updateClusterClientsOnRemove",
            &mut openwire.update_cluster_clients_on_remove,
        ),
        (
            "rebalanceClusterClients",
            &mut openwire.rebalance_cluster_clients,
        ),
    ];
    for (attribute, flag) in flags {
        reader.set_truth(node, attribute, flag);
    }
    let Some(value) = reader.value(node, "updateClusterFilter") else {
        return;
    };
    for pattern in value.text.split(',').filter(|text| !text.trim().is_empty()) {
        if let Err(error) = floodway_message::selector::Pattern::new(pattern) {
            reader.refuse(&value.place, (error.to_string(), "write a Java pattern"));
        }
        openwire.update_cluster_filter.push(pattern.to_owned());
    }
}

fn refuse_scheme(reader: &mut Reader<'_, '_, '_>, value: &Value, scheme: &str) {
    const KNOWN: [&str; 8] = [
        "stomp",
        "stomp+nio",
        "tcp",
        "nio",
        "ssl",
        "mqtt",
        "amqp",
        "ws",
    ];
    let near = crate::schema::nearest(scheme, KNOWN.into_iter());
    reader.refuse(
        &value.place,
        (
            format!("\"{}\" has no known scheme", quoted(&value.text)),
            match near {
                Some(near) => format!("did you mean {near}://?"),
                None => "write for example \"stomp://127.0.0.1:61613\"".into(),
            },
        ),
    );
}

/// ActiveMQ counts per connector; here the greatest of all connectors counts.
fn read_consumers_max(reader: &mut Reader<'_, '_, '_>, node: Node<'_, '_>, most: &mut usize) {
    let given = reader.number(
        node,
        "maximumConsumersAllowedPerConnection",
        (1, i64::from(i32::MAX)),
    );
    if let Some(given) = given.and_then(|given| usize::try_from(given).ok()) {
        *most = given;
        let place = reader.place(node);
        let message = "maximumConsumersAllowedPerConnection counts for all connectors; the last \
                       one given is used";
        reader.translate(&place, (message, ""));
    }
}

fn refuse_same_port(
    reader: &mut Reader<'_, '_, '_>,
    node: Node<'_, '_>,
    connector: &Connector,
    others: &[Connector],
) {
    let ConnectorSettings { host, port, .. } = &connector.transport;
    let same = others
        .iter()
        .map(|other| &other.transport)
        .find(|other| *port != 0 && other.port == *port && other.host == *host);
    if let Some(other) = same {
        let place = reader.place(node);
        let message = format!(
            "port {port} is used by the connector on line {} too",
            other.line
        );
        reader.refuse(&place, (message, "give each connector a port of its own"));
    }
}

/// Without logins an open port is open to everyone who reaches it, and with them it has no TLS.
fn warn_if_open(
    reader: &mut Reader<'_, '_, '_>,
    node: Node<'_, '_>,
    connector: &Connector,
    asks_login: bool,
) {
    let host = connector.transport.host.as_str();
    let local = host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback());
    if !local {
        let place = reader.place(node);
        let port = connector.transport.port;
        let words = if asks_login {
            format!(
                "listens on {host} without TLS: passwords and messages of port {port} can be read \
                 on the way"
            )
        } else {
            format!(
                "listens on {host} without any login: everyone who reaches port {port} can send \
                 and receive"
            )
        };
        let advice = "write 127.0.0.1 as the host, or let a firewall choose who gets there";
        reader.warn(&place, (words, advice));
    }
}
