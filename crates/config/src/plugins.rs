//! `plugins`: logins with `simpleAuthenticationPlugin`; no other is built yet.
//!
//! A plugin that decides who may do what cannot be left out in silence: without it the broker
//! would let everyone in. Those are errors. The others are told about and left out.

use floodway_broker::settings::Logins;
use floodway_message::session::Secret;
use roxmltree::Node;

use crate::reader::{Reader, children, is_core, name};
use crate::report::Severity;
use crate::value::quoted;

#[cfg(test)]
mod tests;

/// Plugins that keep people out.
const GUARDS: [&str; 5] = [
    "jaasAuthenticationPlugin",
    "jaasCertificateAuthenticationPlugin",
    "jaasDualAuthenticationPlugin",
    "authorizationPlugin",
    "shiroPlugin",
];

/// Words in the names of Java classes that suggest the same.
const GUARD_WORDS: [&str; 7] = [
    "auth",
    "login",
    "secur",
    "shiro",
    "jaas",
    "access",
    "credential",
];

#[rustfmt::skip]
const OTHERS: &[(&str, Severity, &str, &str)] = &[
    ("statisticsBrokerPlugin", Severity::Warning,
     "requests to ActiveMQ.Statistics destinations are not answered yet",
     "look at the broker with the floodway commands"),
    ("timeStampingBrokerPlugin", Severity::Warning,
     "timestamps and expirations stay as the producers set them", "set them in the producers"),
    ("loggingBrokerPlugin", Severity::Info,
     "the log has its own levels", "set them with the environment variable FLOODWAY_LOG"),
    ("redeliveryPlugin", Severity::Warning,
     "redelivery is immediate, and up to the client's own policy", "set it in the clients"),
    ("discardingDLQBrokerPlugin", Severity::Warning,
     "dead letters are kept",
     "write <deadLetterStrategy><discarding/></deadLetterStrategy> in a policyEntry"),
    ("forcePersistencyModeBrokerPlugin", Severity::Warning,
     "messages stay persistent or not as the producers send them", "set it in the producers"),
    ("runtimeConfigurationPlugin", Severity::Info,
     "changes of this file count when they are asked for, or after a restart",
     "run floodway reload after a change"),
    ("traceBrokerPathPlugin", Severity::Info, "network connectors are not built yet", ""),
    ("destinationPathSeparatorPlugin", Severity::Warning,
     "destination paths are separated by dots only", "write names with dots"),
    ("destinationsPlugin", Severity::Warning,
     "destinations are not restored from a file", "list them in <destinations>"),
    ("virtualSelectorCacheBrokerPlugin", Severity::Info, "queues of virtual topics get all messages", ""),
    ("connectionDotFilePlugin", Severity::Info, "no graph is written", "remove it"),
    ("destinationDotFilePlugin", Severity::Info, "no graph is written", "remove it"),
    ("multicastTraceBrokerPlugin", Severity::Info, "nothing is sent to a tracer", "remove it"),
    ("udpTraceBrokerPlugin", Severity::Info, "nothing is sent to a tracer", "remove it"),
    ("camelRoutesBrokerPlugin", Severity::Warning, "Camel routes do not run in this broker",
     "run them in a process of their own"),
];

const HOW_TO_START: &str = "remove it to start without logins, with connectors on 127.0.0.1 only";

/// Most users of a file.
const USERS_MAX: usize = 10_000;

/// Reads the plugins of a broker; returns who may connect, if not everyone.
pub(crate) fn read<'d, 'i>(
    reader: &mut Reader<'d, 'i, '_>,
    broker: Node<'d, 'i>,
) -> Option<Logins> {
    let mut logins = None;
    if let Some(value) = reader.value(broker, "plugins") {
        let message = "plugins that are written elsewhere cannot be told apart";
        let advice = "write them into <plugins>, or remove the attribute";
        reader.refuse(&value.place, (message, advice));
    }
    let list = reader.property(broker, "plugins")?;
    let plugins: Vec<_> = children(list).collect();
    for plugin in plugins {
        if is_core(plugin) && name(plugin) == "simpleAuthenticationPlugin" {
            logins = Some(read_logins(reader, plugin));
        } else {
            read_plugin(reader, plugin);
        }
    }
    logins
}

/// Users and passwords. Groups mean something only to authorization, which is an error of its own.
fn read_logins<'d, 'i>(reader: &mut Reader<'d, 'i, '_>, plugin: Node<'d, 'i>) -> Logins {
    reader.take(plugin);
    let mut logins = Logins::default();
    reader.set_truth(plugin, "anonymousAccessAllowed", &mut logins.anonymous);
    for attribute in ["anonymousUser", "anonymousGroup"] {
        reader.value(plugin, attribute);
    }
    let Some(list) = reader.property(plugin, "users") else {
        return logins;
    };
    for user in children(list).filter(|node| is_core(*node) && name(*node) == "authenticationUser")
    {
        reader.take(user);
        let place = reader.place(user);
        reader.value(user, "groups");
        let given = reader.value(user, "username").map(|value| value.text);
        let password = reader.value(user, "password").map(|value| value.text);
        match (given.filter(|given| !given.is_empty()), password) {
            (Some(given), Some(password)) if logins.users.len() < USERS_MAX => {
                let secret = Secret(password.into());
                logins.users.push((given.into(), secret));
            }
            (Some(_), Some(_)) => {
                let message = format!("there are more than {USERS_MAX} users");
                reader.refuse(&place, (message, "leave some out"));
                return logins;
            }
            _ => {
                let advice = "write username=\"…\" password=\"…\"";
                reader.refuse(&place, ("names no user, or has no password", advice));
            }
        }
    }
    logins
}

fn read_plugin<'d, 'i>(reader: &mut Reader<'d, 'i, '_>, plugin: Node<'d, 'i>) {
    let local = name(plugin);
    if is_core(plugin) && GUARDS.contains(&local) {
        let message = "is not built yet, and without it everyone could send and receive all";
        reader.ignore_tree(plugin, Severity::Error, (message, HOW_TO_START));
        return;
    }
    let known = OTHERS
        .iter()
        .find(|(known, ..)| is_core(plugin) && *known == local);
    if let Some(&(_, severity, message, advice)) = known {
        reader.ignore_tree(plugin, severity, (message, advice));
        return;
    }
    let class = ["class", "bean", "local", "parent"]
        .iter()
        .find_map(|attribute| plugin.attribute(*attribute));
    let Some(class) = class else {
        // Not a bean: the sweep has its words for it.
        return;
    };
    let lower = class.rsplit('.').next().unwrap_or(class).to_lowercase();
    if GUARD_WORDS.iter().any(|word| lower.contains(word)) {
        let message = format!(
            "the Java class {} does not run in this broker, and it seems to keep people out",
            quoted(class)
        );
        reader.ignore_tree(plugin, Severity::Error, (message, HOW_TO_START));
    } else {
        let message = format!(
            "the Java class {} does not run in this broker",
            quoted(class)
        );
        reader.ignore_tree(
            plugin,
            Severity::Warning,
            (message, "remove it or do without"),
        );
    }
}
