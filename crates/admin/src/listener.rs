//! The socket, the thread, and each connection within its bounds.
//!
//! One thread with a runtime of its own serves all of administration. Invariants: a connection
//! beyond the limit, or beyond the share of its address, is closed at once; every connection ends
//! after a time, whatever its peer does; the thread ends when the broker stops. The same thread
//! keeps the history of the console's charts.

use crate::console::desk::Desk;
use crate::routes::{self, House};
use crate::{AdminError, Settings};
use axum::Router;
use axum::extract::Request;
use floodway_broker::Broker;
use floodway_message::Now;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{Domain, Socket, Type};
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use tower_service::Service;

/// Connections that wait to be accepted.
const BACKLOG: i32 = 64;
/// After a failed accept: file descriptors may be short for a moment.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long an answer that has begun may still take when a connection is ended.
const LAST_ANSWER: Duration = Duration::from_secs(1);

/// What administration looks at.
#[derive(Clone)]
pub struct Watched {
    /// The core.
    pub broker: Arc<Broker>,
    /// The clock of the process.
    pub now: Arc<dyn Fn() -> Now + Send + Sync>,
}

/// Who sent a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// An address that is ours, not listening yet.
#[derive(Debug)]
pub struct BoundAdmin {
    socket: Socket,
    address: SocketAddr,
}

/// Administration being served.
#[derive(Debug)]
pub struct Admin {
    address: SocketAddr,
    thread: JoinHandle<()>,
}

impl BoundAdmin {
    /// Takes the address.
    ///
    /// # Errors
    /// When the host is unknown, the port is taken or the system refuses.
    pub fn bind(settings: &Settings) -> Result<Self, AdminError> {
        let host = settings.host.trim_start_matches('[').trim_end_matches(']');
        let resolved = (host, settings.port).to_socket_addrs();
        let addresses = resolved.map_err(|cause| AdminError::Resolve {
            host: host.into(),
            cause,
        })?;
        let mut failure = None;
        for address in addresses {
            match open(address) {
                Ok(bound) => return Ok(bound),
                Err(cause) => failure = failure.or(Some((address, cause))),
            }
        }
        Err(match failure {
            Some((address, cause)) => refused(address, cause),
            None => AdminError::Resolve {
                host: host.into(),
                cause: io::ErrorKind::NotFound.into(),
            },
        })
    }

    /// Lets clients connect and serves them, until `stop` turns true.
    ///
    /// # Errors
    /// When somebody else was faster, or the system refuses.
    pub fn serve(
        self,
        settings: Settings,
        watched: Watched,
        stop: watch::Receiver<bool>,
    ) -> Result<Admin, AdminError> {
        let address = self.address;
        let listen = self.socket.listen(BACKLOG);
        listen.map_err(|cause| refused(address, cause))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(AdminError::Thread)?;
        let listener = {
            let _inside = runtime.enter();
            TcpListener::from_std(self.socket.into()).map_err(AdminError::Thread)?
        };
        let house = House {
            desk: Arc::new(Desk::new(&settings)?),
            settings: Arc::new(settings),
            watched,
        };
        let thread = std::thread::Builder::new()
            .name("admin".into())
            .spawn(move || runtime.block_on(accept(listener, house, stop)))
            .map_err(AdminError::Thread)?;
        Ok(Admin { address, thread })
    }
}

impl Admin {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for the end, which comes soon after `stop`.
    pub fn join(self) {
        if self.thread.join().is_err() {
            tracing::error!("administration met a bug in the broker; please report it");
        }
    }
}

fn open(address: SocketAddr) -> io::Result<BoundAdmin> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    let address = socket.local_addr()?.as_socket().unwrap_or(address);
    Ok(BoundAdmin { socket, address })
}

fn refused(address: SocketAddr, cause: io::Error) -> AdminError {
    let address = address.to_string();
    if cause.kind() == io::ErrorKind::AddrInUse {
        AdminError::InUse { address }
    } else {
        AdminError::Listen { address, cause }
    }
}

async fn accept(listener: TcpListener, house: House, mut stop: watch::Receiver<bool>) {
    let settings = &house.settings;
    let room = Arc::new(Semaphore::new(settings.connections_max));
    let shares = Shares::default();
    let router = routes::router(&house);
    let mut looks = interval(Duration::from_millis(settings.history_interval_ms.max(1)));
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            accepted = listener.accept() => accepted,
            // A panic ended no more than its connection, and was told by the panic hook.
            Some(_) = connections.join_next() => continue,
            _ = looks.tick() => {
                let watched = &house.watched;
                house.desk.history().look(&watched.broker.view(), (watched.now)());
                continue;
            }
        };
        match accepted {
            Ok((stream, peer)) => {
                let share = shares.take(peer.ip(), settings.connections_per_address_max);
                let permit = Arc::clone(&room).try_acquire_owned().ok();
                if let Some(permit) = share.zip(permit) {
                    let settings = Arc::clone(settings);
                    let router = router.clone();
                    connections.spawn(async move {
                        serve((stream, peer), permit, &settings, router).await;
                    });
                } else {
                    tracing::debug!("administration: {peer} is refused, no connection is left");
                }
            }
            Err(error) => {
                tracing::warn!("administration: accepting a connection failed: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Connections of each address.
#[derive(Default)]
struct Shares(Arc<Mutex<BTreeMap<IpAddr, usize>>>);

/// One of the connections that an address may have, until dropped.
struct Share {
    all: Arc<Mutex<BTreeMap<IpAddr, usize>>>,
    address: IpAddr,
}

impl Shares {
    fn take(&self, address: IpAddr, most: usize) -> Option<Share> {
        let address = address.to_canonical();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = all.get(&address).copied().unwrap_or_default();
        (count < most).then(|| {
            all.insert(address, count + 1);
            Share {
                all: Arc::clone(&self.0),
                address,
            }
        })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = all.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                all.remove(&self.address);
            }
        }
    }
}

async fn serve(
    (stream, peer): (TcpStream, SocketAddr),
    _permit: (Share, OwnedSemaphorePermit),
    settings: &Settings,
    router: Router,
) {
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let mut router = router.clone();
        let mut request: Request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(Peer(peer));
        router.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(settings.head_ms))
        .max_buf_size(settings.head_bytes_max)
        .max_headers(settings.headers_max)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let whole = Duration::from_millis(settings.connection_ms);
    let ended = match tokio::time::timeout(whole, connection.as_mut()).await {
        Ok(ended) => ended,
        Err(_) => {
            connection.as_mut().graceful_shutdown();
            match tokio::time::timeout(LAST_ANSWER, connection).await {
                Ok(ended) => ended,
                Err(_) => return tracing::debug!("administration: {peer} took too long"),
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!("administration: connection of {peer} ended: {error}");
    }
}
