//! Listening sockets: opening them, accepting within limits, ending their connections.
//!
//! It knows no protocol and no byte of a connection. Invariants: a connection beyond a limit is
//! closed at once instead of waiting unserved; running out of file descriptors makes accepting
//! pause, never end; a panic ends the connection it happened in and is counted.

use crate::clock::Clock;
use crate::connection::ConnectionTask;
use crate::connector::{ConnectorCounters, Shared};
use crate::error::TransportError;
use crate::settings::ConnectorSettings;
use floodway_broker::Broker;
use floodway_message::session::Protocol;
use socket2::{Domain, SockRef, Socket, Type};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

#[cfg(test)]
pub(crate) mod tests;

/// First and longest pause after a failed accept.
const ACCEPT_PAUSE_MS: std::ops::RangeInclusive<u64> = 10..=1000;
/// Refusals and failures of one kind are logged at most once in so long.
const LOG_INTERVAL_MS: u64 = 60_000;

/// An address that is ours, not listening yet: who connects is still refused.
#[derive(Debug)]
pub struct BoundConnector {
    settings: ConnectorSettings,
    socket: Socket,
    address: SocketAddr,
    counters: Arc<ConnectorCounters>,
}

impl BoundConnector {
    /// Takes the address of a connector.
    ///
    /// # Errors
    /// When the host is unknown, the port is taken or the system refuses.
    pub fn bind(settings: ConnectorSettings) -> Result<Self, TransportError> {
        let mut failure = None;
        for address in resolve(&settings)? {
            match open_socket(&settings, address) {
                Ok((socket, address)) => {
                    return Ok(Self {
                        settings,
                        socket,
                        address,
                        counters: Arc::default(),
                    });
                }
                Err(cause) => failure = failure.or(Some(cause)),
            }
        }
        let cause = failure.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into());
        Err(listen_error(&settings, cause))
    }

    /// The address with the port that the system chose.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.address.ip().to_canonical(), self.address.port())
    }

    /// What it was made from.
    pub fn settings(&self) -> &ConnectorSettings {
        &self.settings
    }

    /// What will happen on it.
    pub fn counters(&self) -> Arc<ConnectorCounters> {
        Arc::clone(&self.counters)
    }

    /// Lets peers connect. To be called within the runtime that will run the connector.
    ///
    /// # Errors
    /// When somebody else was faster, or the system refuses.
    pub fn listen(
        self,
        protocol: Arc<dyn Protocol>,
        broker: Arc<Broker>,
        clock: Clock,
    ) -> Result<Connector, TransportError> {
        let backlog = i32::try_from(self.settings.backlog).unwrap_or(i32::MAX);
        let address = self.address();
        let listener = self
            .socket
            .listen(backlog)
            .and_then(|()| TcpListener::from_std(self.socket.into()))
            .map_err(|cause| listen_error(&self.settings, cause))?;
        let shared = Shared::new(self.settings, protocol, broker, clock);
        let shared = shared.counting(self.counters);
        Ok(Connector {
            listener,
            address,
            shared: Arc::new(shared),
        })
    }
}

/// A listening connector.
pub struct Connector {
    listener: TcpListener,
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Connector {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What happens on it.
    pub fn counters(&self) -> Arc<ConnectorCounters> {
        Arc::clone(&self.shared.counters)
    }

    /// Accepts and serves connections until `stop` becomes `true` or its sender is gone; then
    /// ends all connections, writing what their peers take in time.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut connections = JoinSet::new();
        let mut log = RareLog::default();
        let mut pause_ms = *ACCEPT_PAUSE_MS.start();
        loop {
            let accepted = tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                Some(ended) = connections.join_next() => {
                    note_end(&self.shared, ended);
                    continue;
                }
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => {
                    pause_ms = *ACCEPT_PAUSE_MS.start();
                    self.serve(&mut connections, stream, peer, &mut log);
                }
                Err(error) if is_exhaustion(&error) => {
                    if let Some(silenced) = log.may_log(self.shared.clock.elapsed_ms()) {
                        tracing::warn!(
                            connector = self.shared.settings.name,
                            silenced,
                            "cannot accept connections for now: {error}; raise the limit of open \
                             files or lower maximumConnections"
                        );
                    }
                    tokio::time::sleep(Duration::from_millis(pause_ms)).await;
                    pause_ms = (pause_ms * 2).min(*ACCEPT_PAUSE_MS.end());
                }
                // The peer gave up between connecting and being accepted.
                Err(error) => tracing::debug!("accept failed: {error}"),
            }
        }
        drop(self.listener);
        self.shared.stop();
        let end = Duration::from_millis(self.shared.settings.close_timeout_ms);
        let ended = async {
            while let Some(ended) = connections.join_next().await {
                note_end(&self.shared, ended);
            }
        };
        if tokio::time::timeout(end, ended).await.is_err() {
            connections.shutdown().await;
        }
    }

    fn serve(
        &self,
        connections: &mut JoinSet<()>,
        stream: TcpStream,
        peer: SocketAddr,
        log: &mut RareLog,
    ) {
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        let settings = &self.shared.settings;
        let admission = match self.shared.admit(peer.ip()) {
            Ok(admission) => admission,
            Err(refusal) => {
                if let Some(silenced) = log.may_log(self.shared.clock.elapsed_ms()) {
                    tracing::warn!(
                        connector = settings.name, peer = %peer, silenced,
                        "connection refused: {refusal}"
                    );
                }
                return;
            }
        };
        if let Err(error) = set_options(&stream, settings) {
            tracing::debug!(peer = %peer, "socket option refused: {error}");
        }
        tracing::debug!(
            connection = admission.serial, peer = %peer, connector = settings.name,
            "connection accepted"
        );
        connections.spawn(ConnectionTask::new(admission, stream, peer).run());
    }
}

fn note_end(shared: &Shared, ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        let total = ConnectorCounters::count(&shared.counters.panicked);
        tracing::error!(
            connector = shared.settings.name,
            total,
            "a connection was ended by a bug in the broker ({error}); please report it"
        );
    }
}

/// Lets one line pass per interval and counts the others.
#[derive(Default)]
struct RareLog {
    next_ms: u64,
    silenced: u64,
}

impl RareLog {
    fn may_log(&mut self, now_ms: u64) -> Option<u64> {
        if now_ms < self.next_ms {
            self.silenced += 1;
            return None;
        }
        self.next_ms = now_ms + LOG_INTERVAL_MS;
        Some(std::mem::take(&mut self.silenced))
    }
}

/// Candidates in order of preference. As with Java's server sockets, `0.0.0.0` means IPv6 too.
fn resolve(settings: &ConnectorSettings) -> Result<Vec<SocketAddr>, TransportError> {
    let any = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    if settings.host.parse() == Ok(any) {
        let both = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
        return Ok([both, any].map(|ip| (ip, settings.port).into()).into());
    }
    match (settings.host.as_str(), settings.port).to_socket_addrs() {
        Ok(found) => {
            let mut found: Vec<_> = found.collect();
            found.sort_by_key(SocketAddr::is_ipv6);
            Ok(found)
        }
        Err(cause) => Err(TransportError::Resolve {
            scheme: settings.scheme.clone(),
            name: settings.name.clone(),
            host: settings.host.clone(),
            cause,
        }),
    }
}

fn open_socket(
    settings: &ConnectorSettings,
    address: SocketAddr,
) -> io::Result<(Socket, SocketAddr)> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    // A broker that restarts must not wait for its old connections to be forgotten.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    if let Some(bytes) = settings.socket_buffer_bytes {
        // Accepted sockets inherit it; it must be set before the window is negotiated.
        socket.set_recv_buffer_size(bytes)?;
        socket.set_send_buffer_size(bytes)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    let bound = socket.local_addr()?.as_socket().unwrap_or(address);
    Ok((socket, bound))
}

fn listen_error(settings: &ConnectorSettings, cause: io::Error) -> TransportError {
    let scheme = settings.scheme.clone();
    let name = settings.name.clone();
    let address = format!("{}:{}", settings.host, settings.port);
    if cause.kind() == io::ErrorKind::AddrInUse {
        TransportError::InUse {
            scheme,
            name,
            address,
        }
    } else {
        TransportError::Listen {
            scheme,
            name,
            address,
            cause,
        }
    }
}

fn set_options(stream: &TcpStream, settings: &ConnectorSettings) -> io::Result<()> {
    let socket = SockRef::from(stream);
    if settings.tcp_no_delay {
        socket.set_tcp_nodelay(true)?;
    }
    if settings.keep_alive {
        socket.set_keepalive(true)?;
    }
    if let Some(seconds) = settings.linger_seconds {
        socket.set_linger(Some(Duration::from_secs(u64::from(seconds))))?;
    }
    Ok(())
}

/// The process or the system has no file descriptor or memory left.
fn is_exhaustion(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let exhausted = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
    error
        .raw_os_error()
        .is_some_and(|code| exhausted.iter().any(|errno| errno.raw_os_error() == code))
}
