//! Administration, started beside the connectors: its address first, its password when the data
//! directory is ours, its thread last.

use anyhow::{Context, Result};
use floodway_admin::{Account, Admin, BoundAdmin, Refusals, Role, ServedConnector, Watched};
use floodway_broker::Broker;
use floodway_config::{AdminSettings, ProtocolSettings, admin_password};
use floodway_transport::{BoundConnector, Clock};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::watch;

/// Name of the account whose password the first start makes.
const FIRST_ADMIN: &str = "admin";

/// An address that is ours, not listening yet.
pub(crate) struct Bound {
    address: BoundAdmin,
    settings: AdminSettings,
}

impl Bound {
    /// Takes the address.
    ///
    /// # Errors
    /// When it is taken or not of this machine.
    pub(crate) fn take(settings: &AdminSettings) -> Result<Self> {
        Ok(Self {
            address: BoundAdmin::bind(&settings.room)?,
            settings: settings.clone(),
        })
    }

    /// Makes known which connectors the broker has.
    pub(crate) fn show<'a>(
        &mut self,
        connectors: impl Iterator<Item = (&'a BoundConnector, &'a ProtocolSettings)>,
    ) {
        let shown = connectors.map(|(connector, protocol)| {
            let settings = connector.settings();
            // Clients of OpenWire call it so.
            let scheme = match settings.scheme.as_str() {
                "openwire" => "tcp",
                scheme => scheme,
            };
            ServedConnector {
                name: settings.name.clone(),
                scheme: scheme.into(),
                uri: format!("{scheme}://{}", connector.address()),
                refusals: refusals(connector),
                ..cluster(protocol)
            }
        });
        self.settings.room.connectors = shown.collect();
    }
}

/// Connections that `maximumConnections` left no room for.
fn refusals(connector: &BoundConnector) -> Refusals {
    let counters = connector.counters();
    Refusals::new(move || counters.refused.load(Ordering::Relaxed))
}

/// What a connector does for clients that can go to other brokers.
fn cluster(protocol: &ProtocolSettings) -> ServedConnector {
    let (ProtocolSettings::OpenWire(openwire) | ProtocolSettings::Auto { openwire, .. }) = protocol
    else {
        return ServedConnector::default();
    };
    ServedConnector {
        updates_clients: openwire.update_cluster_clients,
        updates_clients_on_remove: openwire.update_cluster_clients_on_remove,
        rebalances_clients: openwire.rebalance_cluster_clients,
        client_filter: openwire.update_cluster_filter.join(","),
        ..ServedConnector::default()
    }
}

/// Serves administration of a broker.
///
/// # Errors
/// When there can be no password, or the system refuses.
pub(crate) fn serve(
    bound: Bound,
    broker: &Arc<Broker>,
    clock: Clock,
    stop: watch::Receiver<bool>,
) -> Result<Admin> {
    let Bound {
        address,
        mut settings,
    } = bound;
    for remark in &settings.remarks {
        tracing::warn!("{remark}");
    }
    let accounts = &mut settings.room.accounts;
    if accounts.iter().all(|account| account.role < Role::Admin) {
        let file = settings.password_file.display();
        let made = admin_password(&settings.password_file);
        let (password, is_new) = made.with_context(|| format!("password file {file}"))?;
        let made = if is_new { ", made just now," } else { "" };
        tracing::info!("the password of {FIRST_ADMIN}{made} is in {file}");
        accounts.push(Account {
            name: FIRST_ADMIN.into(),
            password,
            role: Role::Admin,
        });
    }
    let watched = Watched {
        broker: Arc::clone(broker),
        now: Arc::new(move || clock.now()),
    };
    let admin = address.serve(settings.room, watched, stop)?;
    let address = admin.address();
    tracing::info!("administration listening on http://{address}");
    if !address.ip().is_loopback() {
        tracing::warn!(
            "administration on {address} can be reached from other machines, and its passwords \
             can be read on the way: there is no TLS"
        );
    }
    Ok(admin)
}
