//! A running broker: stores, core, threads and listeners, put together and taken apart in order.
//!
//! Addresses are taken before the stores are opened, so that a taken port leaves the data alone;
//! peers are let in last. On the way out peers go first and stores last.

use crate::administration::{self, Bound};
use crate::auto::Auto;
use crate::disks::Disks;
use crate::stores::Stores;
use anyhow::{Context, Result, bail};
use floodway_admin::Admin;
use floodway_broker::Broker;
use floodway_config::{ProtocolSettings, Settings};
use floodway_message::session::Protocol;
use floodway_openwire::OpenWire;
use floodway_stomp::Stomp;
use floodway_transport::{BoundConnector, Clock, Connector};
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

/// Threads that read pending messages back from disk.
const PAGERS: usize = 2;
/// A thread that met so many bugs gives up, instead of filling the disk with its log.
const BUGS_MAX: u32 = 100;
/// How often the core is told the time.
const TICK: Duration = Duration::from_millis(200);

/// A broker that serves its connectors.
pub struct Server {
    broker: Arc<Broker>,
    stores: Stores,
    pagers: Vec<JoinHandle<()>>,
    /// Connectors and the tick; all end when `stop` says so.
    tasks: JoinSet<()>,
    stop: watch::Sender<bool>,
    addresses: Vec<SocketAddr>,
    admin: Option<Admin>,
    /// Nobody connects without a password.
    asks_login: bool,
}

impl Server {
    /// Starts a broker within the current runtime; returns when peers can connect.
    ///
    /// # Errors
    /// When an address is taken or a store cannot be opened; nothing has changed then.
    pub async fn start(mut settings: Settings, clock: Clock) -> Result<Self> {
        tell_origin(&mut settings);
        let mut bound = Vec::new();
        for connector in &settings.connectors {
            let protocol = protocol(&connector.protocol, &settings.broker.name)?;
            let opened = BoundConnector::bind(connector.transport.clone());
            bound.push((opened.map_err(at_line(connector.transport.line))?, protocol));
        }
        let mut admin = settings.admin.as_ref().map(Bound::take).transpose()?;
        if let Some(admin) = &mut admin {
            let connectors = bound.iter().map(|(connector, _)| connector);
            admin.show(connectors.zip(settings.connectors.iter().map(|one| &one.protocol)));
        }
        let stores = Stores::open(&settings)?;
        let (messages, spool) = (stores.messages.clone(), stores.spool.clone());
        let disks = Disks::of(&settings);
        let logins = settings.broker.logins.as_ref();
        let asks_login = logins.is_some_and(|logins| !logins.anonymous);
        let broker = Broker::open(settings.broker, messages, spool, clock.now())?;
        broker.measure_commits(Box::new(move || clock.elapsed()));
        let (stop, _) = watch::channel(false);
        let mut server = Self {
            pagers: pagers(&broker, clock)?,
            broker,
            stores,
            tasks: JoinSet::new(),
            stop,
            addresses: Vec::new(),
            admin: None,
            asks_login,
        };
        let ticking = tick(Arc::clone(&server.broker), clock, server.stop.subscribe());
        server.tasks.spawn(ticking);
        if let Some(disks) = disks {
            disks.look(&server.broker);
            let following = disks.follow(Arc::clone(&server.broker), server.stop.subscribe());
            server.tasks.spawn(following);
        }
        match server.listen(bound, admin, clock) {
            Ok(()) => Ok(server),
            Err(error) => {
                // The reason to stop is told; that stopping failed as well is for the log.
                if let Err(second) = server.stop().await {
                    tracing::error!("{second:#}");
                }
                Err(error)
            }
        }
    }

    fn listen(
        &mut self,
        bound: Vec<(BoundConnector, Arc<dyn Protocol>)>,
        admin: Option<Bound>,
        clock: Clock,
    ) -> Result<()> {
        if let Some(admin) = admin {
            let stop = self.stop.subscribe();
            self.admin = Some(administration::serve(admin, &self.broker, clock, stop)?);
        }
        for (connector, protocol) in bound {
            let name = protocol.name();
            let connector = connector.listen(protocol, Arc::clone(&self.broker), clock)?;
            self.announce(name, &connector);
            self.tasks.spawn(connector.run(self.stop.subscribe()));
        }
        if self.addresses.is_empty() {
            tracing::warn!("no connector is served: nobody can connect");
        }
        Ok(())
    }

    /// Where it listens, in the order of the configuration.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Where administration listens, if it does.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.as_ref().map(Admin::address)
    }

    fn announce(&mut self, name: &str, connector: &Connector) {
        let address = connector.address();
        tracing::info!("{name} connector listening on {address}");
        if !address.ip().is_loopback() {
            let why = match self.asks_login {
                true => "its passwords can be read on the way: there is no TLS",
                false => "asks for no password",
            };
            tracing::warn!(
                "{name} connector on {address} can be reached from other machines, and {why}"
            );
        }
        self.addresses.push(address);
    }

    /// Ends connections, then the core, then the stores, which write all they were given.
    ///
    /// # Errors
    /// When the last write or sync failed.
    pub async fn stop(mut self) -> Result<()> {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
        if let Some(admin) = self.admin {
            // It stops by itself, within moments.
            admin.join();
        }
        self.broker.close();
        for pager in self.pagers {
            // What a pager can panic of was logged when it happened.
            pager.join().ok();
        }
        self.stores.close()
    }
}

fn protocol(settings: &ProtocolSettings, broker_name: &str) -> Result<Arc<dyn Protocol>> {
    let speak_stomp = |settings: &floodway_stomp::Settings| Stomp::new(settings.clone());
    let speak_openwire =
        |settings: &floodway_openwire::Settings| OpenWire::new(named(settings, broker_name));
    Ok(match settings {
        ProtocolSettings::Stomp(stomp) => Arc::new(speak_stomp(stomp)),
        ProtocolSettings::OpenWire(openwire) => Arc::new(speak_openwire(openwire)),
        ProtocolSettings::Auto { openwire, stomp } => Arc::new(Auto::new(vec![
            Arc::new(speak_openwire(openwire)),
            Arc::new(speak_stomp(stomp)),
        ])),
        other => bail!("protocol {other:?} is configured and not built in"),
    })
}

/// A connector's settings with the name of the broker.
fn named(settings: &floodway_openwire::Settings, name: &str) -> floodway_openwire::Settings {
    floodway_openwire::Settings {
        broker_name: name.into(),
        ..settings.clone()
    }
}

/// The broker is to its own advisories what its first OpenWire connector says.
fn tell_origin(settings: &mut Settings) {
    let openwire = settings
        .connectors
        .iter()
        .find_map(|one| match &one.protocol {
            ProtocolSettings::OpenWire(openwire) | ProtocolSettings::Auto { openwire, .. } => {
                Some(openwire)
            }
            _ => None,
        });
    let url = openwire.map(|openwire| openwire.broker_url.to_string());
    let openwire = named(openwire.unwrap_or(&<_>::default()), &settings.broker.name);
    let advisories = &mut settings.broker.advisories;
    advisories.origin_id = openwire.broker_id();
    advisories.origin_url = url.unwrap_or_default();
}

fn at_line(line: u32) -> impl Fn(floodway_transport::TransportError) -> anyhow::Error {
    move |error| match line {
        0 => error.into(),
        line => anyhow::anyhow!("{error} (transportConnector in line {line})"),
    }
}

fn pagers(broker: &Arc<Broker>, clock: Clock) -> Result<Vec<JoinHandle<()>>> {
    let start = |_| {
        let broker = Arc::clone(broker);
        std::thread::Builder::new()
            .name("store-page".into())
            .spawn(move || {
                let mut bugs = 0;
                while bugs < BUGS_MAX && broker.wait_for_page_work() {
                    let step = || while broker.page_step(clock.now()) {};
                    bugs += u32::from(!survives("reading pending messages", step));
                }
            })
            .context("the threads for reading from disk cannot be started")
    };
    (0..PAGERS).map(start).collect()
}

/// Runs a step that others depend on; a bug in it is told and does not end its thread.
fn survives(what: &str, step: impl FnOnce()) -> bool {
    let survived = catch_unwind(AssertUnwindSafe(step)).is_ok();
    if !survived {
        tracing::error!("{what} met a bug in the broker; please report it, and restart");
    }
    survived
}

async fn tick(broker: Arc<Broker>, clock: Clock, mut stopped: watch::Receiver<bool>) {
    let mut interval = tokio::time::interval(TICK);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => return,
            _ = interval.tick() => {
                survives("letting time pass", || broker.tick(clock.now()));
            }
        }
    }
}
