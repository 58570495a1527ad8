//! What a client may cost: each bound one below and at, over real sockets, with a core behind.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed expectation here is a failed test"
)]

use floodway_admin::{Account, Admin, BoundAdmin, Role, Settings, Watched};
use floodway_broker::Broker;
use floodway_broker::settings::BrokerSettings;
use floodway_message::Now;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

const LOGIN: &str = "Authorization: Basic YWRtaW46c2VjcmV0\r\n";

struct Served {
    admin: Option<Admin>,
    stop: watch::Sender<bool>,
}

impl Served {
    fn new(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings {
            port: 0,
            refusal_ms: 0,
            accounts: vec![Account {
                name: "admin".into(),
                password: "secret".into(),
                role: Role::Admin,
            }],
            ..Settings::default()
        };
        change(&mut settings);
        let now = Now {
            monotonic_ms: 5,
            wall_ms: 5,
        };
        let watched = Watched {
            broker: Broker::open(BrokerSettings::default(), None, None, now).unwrap(),
            now: Arc::new(move || now),
        };
        let (stop, stopped) = watch::channel(false);
        let bound = BoundAdmin::bind(&settings).unwrap();
        let admin = Some(bound.serve(settings, watched, stopped).unwrap());
        Self { admin, stop }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.admin.as_ref().unwrap().address()).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        stream
    }

    /// Status of the answer to these bytes; 0 if the connection was closed without one.
    fn status(&self, request: &str) -> u16 {
        let mut stream = self.connect();
        // The broker may close before it has read everything.
        stream.write_all(request.as_bytes()).ok();
        status(&mut stream)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(admin) = self.admin.take() {
            admin.join();
        }
    }
}

fn status(stream: &mut TcpStream) -> u16 {
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

fn post(body: &str, length: usize) -> String {
    format!(
        "POST /api/set HTTP/1.1\r\nHost: x\r\n{LOGIN}Content-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
}

#[test]
fn body_is_bounded() {
    let served = Served::new(|settings| settings.body_bytes_max = 60);
    let body = |length: usize| {
        let json = r#"{"target":"broker","memoryLimit":1073741824}"#;
        format!("{json}{}", " ".repeat(length - json.len()))
    };
    assert_eq!(served.status(&post(&body(60), 60)), 200);
    assert_eq!(served.status(&post(&body(61), 61)), 413);
    // Nothing is set aside for a length that is only announced.
    assert_eq!(served.status(&post("", usize::MAX >> 2)), 413);
    let chunks = format!(
        "POST /api/set HTTP/1.1\r\nHost: x\r\n{LOGIN}Content-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\n\r\n3d\r\n{}\r\n",
        body(61)
    );
    assert_eq!(served.status(&chunks), 413);
}

#[test]
fn head_is_bounded() {
    let served = Served::new(|settings| {
        settings.head_bytes_max = 8192;
        settings.headers_max = 10;
    });
    let get = |more: &str| format!("GET /api/status HTTP/1.1\r\nHost: x\r\n{LOGIN}{more}\r\n");
    assert_eq!(served.status(&get(&"A: b\r\n".repeat(8))), 200);
    assert_eq!(served.status(&get(&"A: b\r\n".repeat(9))), 431);
    assert_eq!(
        served.status(&get(&format!("A: {}\r\n", "b".repeat(7000)))),
        200
    );
    assert_eq!(
        served.status(&get(&format!("A: {}\r\n", "b".repeat(9000)))),
        431
    );
}

#[test]
fn connections_are_bounded_and_an_ended_one_makes_room() {
    let served = Served::new(|settings| settings.connections_max = 2);
    let get = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut first = served.connect();
    let mut second = served.connect();
    for stream in [&mut first, &mut second] {
        stream.write_all(get.as_bytes()).unwrap();
        assert_eq!(status(stream), 200);
    }
    assert_eq!(served.status(get), 0);
    drop(first);
    // The end of a connection is seen a moment later.
    while served.status(get) == 0 {}
    second.write_all(get.as_bytes()).unwrap();
    assert_eq!(status(&mut second), 200);
}

#[test]
fn client_that_sends_too_slowly_is_ended() {
    let served = Served::new(|settings| {
        settings.head_ms = 50;
        settings.body_ms = 50;
    });
    // Nothing was asked yet that could be answered.
    assert_eq!(served.status("GET /livez HTTP/1.1\r\nHos"), 0);
    assert_eq!(served.status(&post("{", 10)), 408);
    let mut silent = served.connect();
    assert_eq!(silent.read(&mut [0; 1]).unwrap(), 0);
}

#[test]
fn client_that_never_reads_is_ended() {
    let served = Served::new(|settings| {
        settings.connection_ms = 200;
        settings.connections_max = 1;
    });
    let mut blocked = served.connect();
    blocked
        .set_write_timeout(Some(Duration::from_millis(100)))
        .unwrap();
    let requests = format!("GET /metrics HTTP/1.1\r\nHost: x\r\n{LOGIN}\r\n").repeat(1000);
    // Until neither side can write any more, or the broker has had enough.
    while blocked.write_all(requests.as_bytes()).is_ok() {}
    while served.status("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n") != 200 {}
}

#[test]
fn bytes_that_are_not_http_harm_nobody() {
    let served = Served::new(|_| {});
    for request in [
        "\0\0\0\0\r\n\r\n",
        "CONNECT\naccept-version:1.2\n\n\0",
        "GET / HTTP/9.9\r\n\r\n",
        "GET /api/status HTTP/1.1\r\nAuthorization: Basic \u{ff}\r\n\r\n",
        "GET /%00%ff/../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /api/set HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "POST /api/set HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    ] {
        let status = served.status(request);
        assert!(
            (400..500).contains(&status) || status == 0,
            "{request:?}: {status}"
        );
    }
    assert_eq!(served.status("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"), 200);
}

#[test]
fn second_one_at_the_same_address_is_refused_with_advice() {
    let served = Served::new(|_| {});
    let address = served.admin.as_ref().unwrap().address();
    let settings = Settings {
        port: address.port(),
        ..Settings::default()
    };
    let error = BoundAdmin::bind(&settings).unwrap_err().to_string();
    assert!(error.contains(&format!("{address} is in use")), "{error}");
    assert!(error.contains("--admin"), "{error}");
}
