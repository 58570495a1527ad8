//! Connectors on real sockets, with a protocol of lines.

use super::{BoundConnector, RareLog};
use crate::line_room::LineProtocol;
use crate::{Clock, ConnectorCounters, ConnectorSettings, TransportError};
use floodway_broker::{Broker, settings::BrokerSettings};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::watch;

/// No single wait of a test is longer.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn broker() -> Arc<Broker> {
    open(BrokerSettings::default())
}

fn open(mut settings: BrokerSettings) -> Arc<Broker> {
    settings.persistent = false;
    Broker::open(settings, None, None, Clock::start().now()).unwrap()
}

pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) counters: Arc<ConnectorCounters>,
    stop: watch::Sender<bool>,
    runtime: Option<tokio::runtime::Runtime>,
    ended: tokio::task::JoinHandle<()>,
}

impl Running {
    pub(crate) fn start(change: impl FnOnce(&mut ConnectorSettings)) -> Self {
        Self::start_core(BrokerSettings::default(), change)
    }

    pub(crate) fn start_core(
        core: BrokerSettings,
        change: impl FnOnce(&mut ConnectorSettings),
    ) -> Self {
        let mut settings = ConnectorSettings::new("line", "127.0.0.1", 0);
        change(&mut settings);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let _inside = runtime.enter();
        let bound = BoundConnector::bind(settings).unwrap();
        let connector = bound
            .listen(Arc::new(LineProtocol), open(core), Clock::start())
            .unwrap();
        let (stop, stopped) = watch::channel(false);
        Self {
            address: connector.address(),
            counters: connector.counters(),
            stop,
            ended: runtime.spawn(connector.run(stopped)),
            runtime: Some(runtime),
        }
    }

    pub(crate) fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Client {
            reader: BufReader::new(stream),
        }
    }

    pub(crate) fn login(&self) -> Client {
        let mut client = self.connect();
        client.say("connect");
        assert_eq!(client.hear(), "connected");
        client
    }

    pub(crate) fn stop(mut self) {
        self.stop.send(true).unwrap();
        let runtime = self.runtime.take().unwrap();
        runtime
            .block_on(async { tokio::time::timeout(PATIENCE, self.ended).await })
            .unwrap()
            .unwrap();
    }
}

pub(crate) struct Client {
    reader: BufReader<TcpStream>,
}

impl Client {
    pub(crate) fn say(&mut self, line: &str) {
        self.write(format!("{line}\n").as_bytes());
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.reader.get_mut().write_all(bytes).unwrap();
    }

    pub(crate) fn stream(&self) -> TcpStream {
        self.reader.get_ref().try_clone().unwrap()
    }

    /// The next line, or nothing at the end.
    pub(crate) fn hear(&mut self) -> String {
        let mut line = String::new();
        match self.reader.read_line(&mut line) {
            Ok(_) => line.trim_end().to_owned(),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => String::new(),
            Err(error) => panic!("waiting for a line: {error}"),
        }
    }

    pub(crate) fn is_closed(&mut self) -> bool {
        match self.reader.read(&mut [0; 1]) {
            Ok(read) => read == 0,
            Err(error) => error.kind() == ErrorKind::ConnectionReset,
        }
    }
}

#[test]
fn messages_pass_between_connections() {
    let running = Running::start(|_| ());
    let (mut consumer, mut producer) = (running.login(), running.login());
    consumer.say("sub news");
    assert_eq!(consumer.hear(), "done 1");
    producer.say("send news one\nsend news two");
    assert_eq!(producer.hear(), "done 1");
    assert_eq!(producer.hear(), "done 2");
    assert_eq!(consumer.hear(), "message one");
    assert_eq!(consumer.hear(), "message two");
    running.stop();
}

#[test]
fn connection_beyond_the_maximum_is_closed_at_once() {
    let running = Running::start(|settings| settings.maximum_connections = 2);
    let (mut first, _second) = (running.login(), running.login());
    assert!(running.connect().is_closed());
    assert_eq!(running.counters.refused.load(Ordering::Relaxed), 1);
    first.say("send q still served");
    assert_eq!(first.hear(), "done 1");
    running.stop();
}

#[test]
fn login_time_is_not_extended_by_bytes() {
    let running = Running::start(|settings| settings.connect_timeout_ms = 200);
    let mut logged_in = running.login();
    let mut slow = running.connect();
    let mut trickle = slow.stream();
    // Writes until the broker closes; without a limit this would go on for ever.
    let writing = std::thread::spawn(move || while trickle.write_all(b"x").is_ok() {});
    assert!(slow.is_closed());
    assert_eq!(running.counters.login_timeouts.load(Ordering::Relaxed), 1);
    writing.join().unwrap();
    logged_in.say("send q logged in in time");
    assert_eq!(logged_in.hear(), "done 1");
    running.stop();
}

#[test]
fn panic_ends_only_the_connection_it_happens_in() {
    let running = Running::start(|_| ());
    let (mut broken, mut other) = (running.login(), running.login());
    broken.say("panic");
    assert!(broken.is_closed());
    other.say("send q unharmed");
    assert_eq!(other.hear(), "done 1");
    // The count follows the end of the task; stopping waits for both.
    let counters = Arc::clone(&running.counters);
    running.login();
    running.stop();
    assert_eq!(counters.accepted.load(Ordering::Relaxed), 3);
    assert_eq!(counters.panicked.load(Ordering::Relaxed), 1);
}

#[test]
fn refused_peer_can_read_why_although_it_sent_more() {
    let running = Running::start(|_| ());
    let mut client = running.login();
    let mut bytes = b"nonsense\n".to_vec();
    bytes.extend(vec![b'x'; 200_000]);
    client.write(&bytes);
    assert_eq!(client.hear(), "error protocol error: what is nonsense?");
    assert_eq!(client.hear(), "");
    running.stop();
}

#[test]
fn taken_port_is_named() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port();
    let error = BoundConnector::bind(ConnectorSettings::new("line", "127.0.0.1", port));
    let error = error.unwrap_err();
    assert!(matches!(error, TransportError::InUse { .. }), "{error:?}");
    let text = error.to_string();
    assert!(
        text.contains(&format!("127.0.0.1:{port} is in use")),
        "{text}"
    );
}

#[test]
fn unknown_host_is_named() {
    let settings = ConnectorSettings::new("line", "no such host", 1);
    let error = BoundConnector::bind(settings).unwrap_err();
    assert!(matches!(error, TransportError::Resolve { .. }), "{error:?}");
    assert!(error.to_string().contains("no such host"), "{error}");
}

#[test]
fn stopping_closes_connections_and_frees_the_port() {
    let running = Running::start(|_| ());
    let address = running.address;
    let mut client = running.login();
    running.stop();
    assert!(client.is_closed());
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn every_interface_means_both_address_families() {
    let running = Running::start(|settings| settings.host = "0.0.0.0".into());
    let port = running.address.port();
    TcpStream::connect(("127.0.0.1", port)).unwrap();
    running.stop();
}

#[test]
fn repeated_log_lines_are_counted_instead() {
    let mut log = RareLog::default();
    assert_eq!(log.may_log(0), Some(0));
    assert_eq!(log.may_log(1), None);
    assert_eq!(log.may_log(59_999), None);
    assert_eq!(log.may_log(60_000), Some(2));
}
