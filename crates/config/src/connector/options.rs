//! The options in the `uri` of a connector.
//!
//! Names are ActiveMQ's; `transport.` in front is allowed where ActiveMQ allows it. Each option is
//! applied, known without effect, or an error.

use floodway_stomp::HeartBeat;
use floodway_transport::ConnectorSettings;

use super::Scheme;
use crate::reader::{Reader, Value};
use crate::report::{Disposition, Severity};
use crate::schema;
use crate::uri;
use crate::value::{self, ValueError, quoted};

/// Options that are applied.
const APPLIED: &[&str] = &[
    "maximumConnections",
    "backlog",
    "connectionTimeout",
    "connectAttemptTimeout",
    "wireFormat.connectAttemptTimeout",
    "socketBufferSize",
    "ioBufferSize",
    "tcpNoDelay",
    "keepAlive",
    "soLinger",
    "soTimeout",
    "soWriteTimeout",
    "wireFormat.maxFrameSize",
];

/// Options that are applied where OpenWire is spoken, and nowhere else.
const OPENWIRE: &[&str] = &[
    "minmumWireFormatVersion",
    "wireFormat.version",
    "wireFormat.cacheEnabled",
    "wireFormat.cacheSize",
    "wireFormat.tightEncodingEnabled",
    "wireFormat.stackTraceEnabled",
    "wireFormat.tcpNoDelayEnabled",
    "wireFormat.maxInactivityDuration",
    "wireFormat.maxInactivityDurationInitalDelay",
];

/// Options that are applied where STOMP is spoken, and nowhere else.
const STOMP: &[&str] = &[
    "wireFormat.maxDataLength",
    "defaultHeartBeat",
    "hbGracePeriodMultiplier",
];

/// Options without effect that change nothing an operator would miss.
const HARMLESS: &[&str] = &[
    "daemon",
    "useQueueForAccept",
    "closeAsync",
    "trace",
    "logWriterName",
    "dynamicManagement",
    "startLogging",
    "jmxPort",
    "stackSize",
    "threadName",
    "typeOfService",
    "trafficClass",
    "diffServ",
    "bindAddress",
    "allowLinkStealing",
    "useInactivityMonitor",
    "useKeepAlive",
    "maxConnectionThreadPoolSize",
    "wireFormat.sizePrefixDisabled",
    "wireFormat.maxFrameSizeEnabled",
    "wireFormat.includePlatformDetails",
    "wireFormat.host",
    "wireFormat.providerName",
    "wireFormat.providerVersion",
    "wireFormat.platformDetails",
];

/// Options of other protocols and of TLS.
const ELSEWHERE: &[&str] = &[
    "needClientAuth",
    "wantClientAuth",
    "enabledProtocols",
    "enabledCipherSuites",
    "verifyHostName",
    "auto.protocols",
    "protocolDetectionTimeOut",
    "subscriptionStrategy",
    "activeMQSubscriptionPrefetch",
    "defaultKeepAlive",
    "publishDollarTopics",
    "transformer",
    "producerCredit",
    "wireFormat.maxAmqpFrameSize",
    "wireFormat.idleTimeout",
    "wireFormat.allowNonSaslConnections",
    "http.enableTrace",
    "jetty.config",
    "maximumProducersAllowedPerConnection",
    "maximumConsumersAllowedPerConnection",
];

/// What a client or an embedding program sets, at the beginning of the name.
const CLIENTS: &[&str] = &[
    "jms.",
    "nested.",
    "brokerName",
    "broker.",
    "brokerConfig",
    "create",
    "async",
    "marshal",
    "waitForStart",
    "randomize",
    "initialReconnectDelay",
    "maxReconnect",
    "timeout",
];

/// An option's name as the tables have it, and whether it was in another case there.
fn canonical(given: &str) -> (String, bool) {
    let prefix = "wireFormat.";
    if let Some((first, rest)) = given.split_at_checked(prefix.len())
        && first != prefix
        && first.eq_ignore_ascii_case(prefix)
    {
        return (format!("{prefix}{rest}"), true);
    }
    let bare = given.strip_prefix("transport.").unwrap_or(given);
    (bare.into(), false)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    Applied,
    Harmless,
    Elsewhere,
    Client,
    No,
}

/// What the options of one connector are applied to.
pub(super) struct Targets {
    pub(super) spoken: Scheme,
    pub(super) transport: ConnectorSettings,
    pub(super) stomp: floodway_stomp::Settings,
    pub(super) openwire: floodway_openwire::Settings,
}

/// As [`known`], on a connector where this is spoken.
fn known_on(name: &str, spoken: Scheme) -> Known {
    if OPENWIRE.contains(&name) {
        return match spoken {
            Scheme::Stomp => Known::Harmless,
            _ => Known::Applied,
        };
    }
    if STOMP.contains(&name) {
        return match spoken {
            Scheme::OpenWire => Known::Elsewhere,
            _ => Known::Applied,
        };
    }
    known(name)
}

fn known(name: &str) -> Known {
    // A protocol of an `auto` connector may stand in between: wireFormat.stomp.maxFrameSize.
    let narrowed = ["default", "stomp", "amqp", "mqtt"].iter().any(|protocol| {
        name.strip_prefix("wireFormat.")
            .and_then(|rest| rest.strip_prefix(protocol))
            .is_some_and(|rest| rest.starts_with('.'))
    });
    if [APPLIED, OPENWIRE, STOMP]
        .iter()
        .any(|table| table.contains(&name))
    {
        Known::Applied
    } else if HARMLESS.contains(&name) {
        Known::Harmless
    } else if ELSEWHERE.contains(&name) || narrowed || name.starts_with("websocket.") {
        Known::Elsewhere
    } else if CLIENTS.iter().any(|client| name.starts_with(client)) {
        Known::Client
    } else {
        Known::No
    }
}

fn advice_for_unknown(name: &str) -> String {
    let tables = [APPLIED, OPENWIRE, STOMP, HARMLESS, ELSEWHERE]
        .into_iter()
        .flatten()
        .copied();
    match schema::nearest(name, tables) {
        Some(near) => format!("did you mean {near}?"),
        None => "remove it from the uri".into(),
    }
}

/// Tells unknown options of a connector that is skipped, so that they do not surprise later.
pub(super) fn check_skipped(reader: &mut Reader<'_, '_, '_>, value: &Value) {
    let Ok(uri) = uri::parse(&value.text) else {
        return;
    };
    for (given, _) in &uri.options {
        let (name, _) = canonical(given);
        if known(&name) == Known::No {
            reader.tell(
                &value.place,
                Disposition::Ignored,
                Severity::Warning,
                (
                    format!(
                        "the option {} is not known, and will stop the start once this connector \
                         is built",
                        quoted(given)
                    ),
                    advice_for_unknown(&name),
                ),
            );
        }
    }
}

/// Applies one option.
pub(super) fn apply(
    reader: &mut Reader<'_, '_, '_>,
    uri: &Value,
    (given, text): &(String, String),
    targets: &mut Targets,
) {
    let (name, case_differs) = canonical(given);
    let shown = quoted(given);
    let (severity, message, advice) = match known_on(&name, targets.spoken) {
        Known::Applied => {
            if case_differs {
                let message = format!("the option {shown} is read as {name}");
                let advice = format!("write {name}: newer releases of ActiveMQ refuse {shown}");
                reader.warn(&uri.place, (message, advice));
            }
            if let Err(error) = set(&name, text, targets) {
                reader.refuse_with(&uri.place, &format!("the option {shown}: {error}"));
            }
            return;
        }
        Known::Harmless => (
            Severity::Info,
            format!("the option {shown} is not needed here"),
            String::new(),
        ),
        Known::Elsewhere => (
            Severity::Warning,
            format!(
                "the option {shown} has no effect on a plain {} connector",
                spoken_name(targets.spoken)
            ),
            "remove it from the uri".into(),
        ),
        Known::Client => (
            Severity::Warning,
            format!("the option {shown} belongs to clients and has no effect on a connector"),
            "remove it from the uri".into(),
        ),
        Known::No => {
            let message = format!("the option {shown} is not known");
            reader.refuse(&uri.place, (message, advice_for_unknown(&name)));
            return;
        }
    };
    reader.tell(&uri.place, Disposition::Used, severity, (message, advice));
}

fn count<T: TryFrom<i64>>(text: &str, (least, most): (i64, i64)) -> Result<T, ValueError> {
    let value = value::number(text, least, most)?;
    T::try_from(value)
        .ok()
        .ok_or(ValueError::Range { value, least, most })
}

/// Bytes of a limit; more than the machine can address is the same as that.
fn limit(text: &str) -> Result<usize, ValueError> {
    let bytes = value::size(text)?;
    if bytes == 0 {
        return Err(ValueError::Range {
            value: 0,
            least: 1,
            most: i64::MAX,
        });
    }
    Ok(usize::try_from(bytes).unwrap_or(usize::MAX))
}

fn buffer(text: &str) -> Result<usize, ValueError> {
    let (least, most) = (1024, 64 << 20);
    let value = i64::try_from(limit(text)?).unwrap_or(i64::MAX);
    count(&value.to_string(), (least, most))
}

fn spoken_name(spoken: Scheme) -> &'static str {
    match spoken {
        Scheme::OpenWire => "OpenWire",
        Scheme::Auto => "auto",
        _ => "STOMP",
    }
}

fn set(name: &str, text: &str, targets: &mut Targets) -> Result<(), ValueError> {
    if OPENWIRE.contains(&name) {
        return set_openwire(name, text, &mut targets.openwire);
    }
    let Targets {
        transport, stomp, ..
    } = targets;
    const JAVA_INT: (i64, i64) = (0, i32::MAX as i64);
    const JAVA_LONG: (i64, i64) = (0, i64::MAX);
    match name {
        "maximumConnections" => transport.maximum_connections = count(text, JAVA_INT)?,
        "backlog" => transport.backlog = count(text, JAVA_INT)?,
        "connectionTimeout" | "connectAttemptTimeout" | "wireFormat.connectAttemptTimeout" => {
            transport.connect_timeout_ms = count(text, JAVA_LONG)?;
        }
        "socketBufferSize" => transport.socket_buffer_bytes = Some(buffer(text)?),
        "ioBufferSize" => transport.read_buffer_bytes = buffer(text)?,
        "tcpNoDelay" => transport.tcp_no_delay = value::truth(text)?,
        "keepAlive" => transport.keep_alive = value::truth(text)?,
        "soLinger" => {
            let seconds = value::number(text, -1, 65_535)?;
            transport.linger_seconds = u32::try_from(seconds).ok();
        }
        "soTimeout" => transport.read_timeout_ms = count(text, JAVA_LONG)?,
        "soWriteTimeout" => transport.write_timeout_ms = count(text, JAVA_LONG)?,
        "wireFormat.maxFrameSize" => {
            stomp.frame_bytes_max = limit(text)?;
            targets.openwire.frame_bytes_max = limit(text)?;
        }
        "wireFormat.maxDataLength" => stomp.body_bytes_max = limit(text)?,
        "defaultHeartBeat" => stomp.heart_beat_default = heart_beat(text)?,
        "hbGracePeriodMultiplier" => stomp.heart_beat_grace = grace(text)?,
        _ => {}
    }
    Ok(())
}

fn set_openwire(
    name: &str,
    text: &str,
    openwire: &mut floodway_openwire::Settings,
) -> Result<(), ValueError> {
    const VERSIONS: (i64, i64) = (1, 12);
    // A Java client loops for ever when it is told fewer slots.
    const CACHE_SIZES: (i64, i64) = (100, 16_383);
    const JAVA_INT: (i64, i64) = (0, i32::MAX as i64);
    match name {
        "minmumWireFormatVersion" => openwire.version_min = count(text, VERSIONS)?,
        "wireFormat.version" => openwire.version_max = count(text, VERSIONS)?,
        "wireFormat.cacheEnabled" => openwire.cache = value::truth(text)?,
        "wireFormat.cacheSize" => openwire.cache_size = count(text, CACHE_SIZES)?,
        "wireFormat.tightEncodingEnabled" => openwire.tight_encoding = value::truth(text)?,
        "wireFormat.stackTraceEnabled" => openwire.stack_traces = value::truth(text)?,
        "wireFormat.tcpNoDelayEnabled" => openwire.no_delay = value::truth(text)?,
        "wireFormat.maxInactivityDuration" => openwire.inactivity_ms = count(text, JAVA_INT)?,
        "wireFormat.maxInactivityDurationInitalDelay" => {
            openwire.inactivity_initial_ms = count(text, JAVA_INT)?;
        }
        _ => {}
    }
    Ok(())
}

/// `client,broker` in milliseconds.
fn heart_beat(text: &str) -> Result<HeartBeat, ValueError> {
    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
    let (receive, send) = text
        .split_once(',')
        .ok_or_else(|| ValueError::HeartBeat { text: quoted(text) })?;
    Ok(HeartBeat {
        receive_ms: count(receive, (0, DAY_MS))?,
        send_ms: count(send, (0, DAY_MS))?,
    })
}

fn grace(text: &str) -> Result<f64, ValueError> {
    let value = value::fraction(text)?;
    if (1.0..=1000.0).contains(&value) {
        Ok(value)
    } else {
        Err(ValueError::Grace { text: quoted(text) })
    }
}
