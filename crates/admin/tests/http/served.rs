//! Administration over a real socket with a core behind it, and a small client of HTTP.

use floodway_admin::{Account, Admin, BoundAdmin, Role, Settings, Watched};
use floodway_broker::settings::BrokerSettings;
use floodway_broker::{Broker, Session};
use floodway_message::Now;
use floodway_message::session::{Command, Connect, Event};
use floodway_store::Store;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// `admin:secret` and `bob:looks`.
pub(crate) const LOGIN: &str = "Authorization: Basic YWRtaW46c2VjcmV0\r\n";
pub(crate) const VIEWER: &str = "Authorization: Basic Ym9iOmxvb2tz\r\n";

/// All of it stands still at this time.
pub(crate) const NOW: Now = Now {
    monotonic_ms: 5,
    wall_ms: 1_795_385_510_000,
};

pub(crate) struct Served {
    pub(crate) broker: Arc<Broker>,
    pub(crate) admin: Option<Admin>,
    stop: watch::Sender<bool>,
}

impl Served {
    pub(crate) fn new(change: impl FnOnce(&mut Settings)) -> Self {
        Self::of(BrokerSettings::default(), None, change)
    }

    pub(crate) fn of(
        broker: BrokerSettings,
        store: Option<Arc<dyn Store>>,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let mut settings = Settings {
            port: 0,
            refusal_ms: 0,
            accounts: [
                ("admin", "secret", Role::Admin),
                ("bob", "looks", Role::User),
            ]
            .map(|(name, password, role)| Account {
                name: name.into(),
                password: password.into(),
                role,
            })
            .into(),
            ..Settings::default()
        };
        change(&mut settings);
        let broker = Broker::open(broker, store, None, NOW).unwrap();
        let watched = Watched {
            broker: Arc::clone(&broker),
            now: Arc::new(|| NOW),
        };
        let (stop, stopped) = watch::channel(false);
        let bound = BoundAdmin::bind(&settings).unwrap();
        let admin = Some(bound.serve(settings, watched, stopped).unwrap());
        Self {
            broker,
            admin,
            stop,
        }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.admin.as_ref().unwrap().address()).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        stream
    }

    /// Status of the answer to these bytes; 0 if the connection was closed without one.
    pub(crate) fn status(&self, request: &str) -> u16 {
        let mut stream = self.connect();
        // The broker may close before it has read everything.
        stream.write_all(request.as_bytes()).ok();
        status(&mut stream)
    }
}

/// An answer: status, head and body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Served {
    /// Sends a request with its own headers, and reads the whole answer.
    pub(crate) fn ask(&self, line: &str, headers: &str, body: &str) -> Answer {
        let mut stream = self.connect();
        let length = body.len();
        let request = format!(
            "{line} HTTP/1.1\r\nHost: 127.0.0.1:8161\r\nConnection: close\r\n{headers}\
             Content-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_lowercase(),
            body: body.into(),
        }
    }
}

/// Sends and opens what a test wants, as a client.
pub(crate) fn client(served: &Served, client_id: &str, commands: Vec<Command>) -> Session {
    let session = served.broker.connect("10.0.0.1:5000", Box::new(|| {}));
    let connect = Command::Connect(Box::new(Connect {
        client_id: client_id.into(),
        user: Some(client_id.into()),
        password: None,
        protocol: "STOMP 1.2",
        resends: false,
        session: None,
        introduction: None,
        reply: 1,
    }));
    let mut all = vec![connect];
    all.extend(commands);
    session.submit(&mut all, NOW);
    let mut events = Vec::new();
    while session.take_events(&mut events, 100) {}
    for event in &events {
        assert!(!matches!(event, Event::Failed { .. }), "{event:?}");
    }
    session
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(admin) = self.admin.take() {
            admin.join();
        }
    }
}

pub(crate) fn status(stream: &mut TcpStream) -> u16 {
    let mut answer = Vec::new();
    let mut buffer = [0; 1024];
    while !answer.ends_with(b"\r\n") && answer.len() < 12 {
        match stream.read(&mut buffer) {
            Ok(length) if length > 0 => answer.extend_from_slice(&buffer[..length]),
            Ok(_) | Err(_) => break,
        }
    }
    let text = String::from_utf8_lossy(&answer).into_owned();
    text.split(' ')
        .nth(1)
        .map_or(0, |code| code.parse().unwrap())
}
