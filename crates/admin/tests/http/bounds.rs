//! What a client may cost: each bound one below and at.

use crate::served::{LOGIN, Served, status};
use floodway_admin::{BoundAdmin, Settings};
use socket2::{Domain, Socket, Type};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

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

#[test]
fn one_address_leaves_room_for_others() {
    let served = Served::new(|settings| settings.connections_per_address_max = 1);
    let get = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut first = served.connect();
    first.write_all(get.as_bytes()).unwrap();
    assert_eq!(status(&mut first), 200);
    assert_eq!(served.status(get), 0);
    let mut other = connect_from([127, 0, 0, 2], served.admin.as_ref().unwrap().address());
    other.write_all(get.as_bytes()).unwrap();
    assert_eq!(status(&mut other), 200);
    drop(first);
    // The end of a connection is seen a moment later.
    while served.status(get) == 0 {}
}

fn connect_from(address: [u8; 4], to: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((address, 0)).into()).unwrap();
    socket.connect(&to.into()).unwrap();
    socket.into()
}

#[test]
fn client_that_waits_to_be_asked_for_its_login_goes_on_with_the_same_connection() {
    let served = Served::new(|_| {});
    let mut stream = served.connect();
    let body = r#"{"target":"broker","memoryLimit":1073741824}"#;
    let request = |login: &str| {
        format!(
            "POST /api/set HTTP/1.1\r\nHost: x\r\n{login}Content-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    for (login, expected) in [("", 401), (LOGIN, 200)] {
        stream.write_all(request(login).as_bytes()).unwrap();
        let answer = read_answer(&mut stream);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {expected}")),
            "{answer}"
        );
    }
}

/// An answer of known length.
fn read_answer(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&answer).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.split("content-length: ").nth(1).unwrap();
            let length: usize = length.lines().next().unwrap().parse().unwrap();
            if body.len() >= length {
                return String::from_utf8(answer).unwrap();
            }
        }
        let mut byte = [0; 1];
        stream.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
}
