//! The STOMP connector of the broker that administration speaks for.
//!
//! Another broker may listen where it seems to be, behind a forwarded port for example. So nothing
//! is said there before administration has seen the new connection; no password is sent.

use super::jolokia::Beans;
use super::stomp::{Stomp, StompError};
use super::text::clean;
use super::{RemoteError, encoded};
use serde_json::{Value, json};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{SocketAddr, ToSocketAddrs};

/// What to say instead of an address, to have no STOMP spoken.
const NONE: &str = "none";

/// Where it is, and connections to it.
pub(super) struct Connector<'a> {
    beans: &'a Beans<'a>,
    address: SocketAddr,
}

impl<'a> Connector<'a> {
    /// The one that was told, or the first that can be reached, with a connection to it; nothing
    /// if there is none.
    ///
    /// # Errors
    /// When the one that was told is no address, or cannot be reached.
    pub(super) fn find(
        beans: &'a Beans<'a>,
        told: Option<&str>,
    ) -> Result<Option<(Self, Stomp)>, RemoteError> {
        match told {
            Some(NONE) => Ok(None),
            Some(told) => {
                let connector = Self {
                    beans,
                    address: resolved(told)?,
                };
                let stomp = connector.connect()?;
                Ok(Some((connector, stomp)))
            }
            None => {
                for address in addresses(&beans.connectors()?, beans.url()) {
                    let connector = Self { beans, address };
                    if let Ok(stomp) = connector.connect() {
                        return Ok(Some((connector, stomp)));
                    }
                }
                Ok(None)
            }
        }
    }

    /// One more connection to that broker.
    ///
    /// # Errors
    /// When nobody answers, or another broker.
    pub(super) fn connect(&self) -> Result<Stomp, RemoteError> {
        let random = RandomState::new().build_hasher().finish();
        let client_id = format!("floodway-cli-{}-{random:016x}", std::process::id());
        let stomp = Stomp::connect(self.address, &client_id)?;
        let path = format!("/api/connections?search={}", encoded(&client_id));
        let found = self.beans.broker().get(&path)?;
        let rows = found.get("rows").and_then(Value::as_array);
        let is_own = |row: &Value| row.get("clientId").and_then(Value::as_str) == Some(&client_id);
        if rows.is_some_and(|rows| rows.iter().any(is_own)) {
            return Ok(stomp);
        }
        Err(RemoteError::Undone {
            reason: format!("another broker listens on {}", self.address),
        })
    }
}

impl Beans<'_> {
    /// Addresses of the connectors by name.
    fn connectors(&self) -> Result<Value, RemoteError> {
        self.request(&json!({
            "type": "read", "mbean": self.broker_name(), "attribute": "TransportConnectors",
        }))
    }
}

impl From<StompError> for RemoteError {
    fn from(error: StompError) -> Self {
        Self::Undone {
            reason: error.to_string(),
        }
    }
}

fn resolved(told: &str) -> Result<SocketAddr, RemoteError> {
    let address = told.split_once("://").map_or(told, |(_, address)| address);
    let first = address
        .to_socket_addrs()
        .ok()
        .and_then(|mut all| all.next());
    first.ok_or_else(|| RemoteError::Usage {
        reason: format!(
            "{} is no address of a STOMP connector; write HOST:PORT, or none",
            clean(told)
        ),
    })
}

/// Connectors that speak STOMP in clear, as seen from where administration is at this URL.
fn addresses(connectors: &Value, url: &str) -> Vec<SocketAddr> {
    let uris = connectors.as_object().into_iter().flatten();
    let uris = uris.filter_map(|(_, uri)| uri.as_str()?.split_once("://"));
    let mut found: Vec<_> = uris
        .filter(|(scheme, _)| matches!(*scheme, "stomp" | "stomp+nio" | "auto" | "auto+nio"))
        .filter_map(|(scheme, address)| Some((scheme.starts_with("auto"), address.parse().ok()?)))
        .collect();
    found.sort_by_key(|(is_auto, _)| *is_auto);
    let seen = |(_, address)| seen_from(address, url);
    found.into_iter().filter_map(seen).collect()
}

/// What listens on all addresses, or on those of its own machine, is reached where administration
/// is.
fn seen_from(address: SocketAddr, url: &str) -> Option<SocketAddr> {
    if !address.ip().is_unspecified() && !address.ip().is_loopback() {
        return Some(address);
    }
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let authority = authority.rsplit('@').next().unwrap_or_default();
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if is_port(port) => host,
        Some(_) | None => authority,
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let mut all = (host, address.port()).to_socket_addrs().ok()?;
    all.find(|one| one.is_ipv4() == address.is_ipv4() || address.ip().is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::{addresses, resolved};
    use serde_json::json;

    #[track_caller]
    fn check(connectors: &serde_json::Value, url: &str, expected: &[&str]) {
        let found = addresses(connectors, url);
        let found: Vec<_> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found, expected, "{connectors} {url}");
    }

    #[test]
    fn connectors_of_stomp_are_found_where_administration_is() {
        let all = json!({
            "a": "auto://0.0.0.0:61616", "o": "tcp://127.0.0.1:61617",
            "s": "stomp://127.0.0.1:61613", "t": "stomp+ssl://127.0.0.1:61614",
            "x": "stomp+nio://10.0.0.7:61615", "y": "stomp://", "z": 7,
        });
        check(
            &all,
            "http://127.0.0.1:8161",
            &["127.0.0.1:61613", "10.0.0.7:61615", "127.0.0.1:61616"],
        );
        check(
            &json!({"v": "stomp://[::]:7"}),
            "http://u:p@[::1]:8161/",
            &["[::1]:7"],
        );
        check(
            &json!({"v": "stomp://[::]:7"}),
            "http://10.1.2.3",
            &["10.1.2.3:7"],
        );
        check(&json!(null), "http://127.0.0.1:8161", &[]);
    }

    #[test]
    fn told_addresses_are_checked() {
        assert_eq!(resolved("stomp://127.0.0.1:7").unwrap().port(), 7);
        assert!(resolved("127.0.0.1").is_err());
    }
}
