//! Administration of a whole broker: who gets in, what is told, and that a blocked producer is
//! explained and freed, over HTTP and by the command line.
#![allow(
    clippy::unwrap_used,
    reason = "a failed expectation here is a failed test"
)]

use floodway_tests::{Answer, Broker, Client, Ended, Folder, broker_xml, http, run};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;

/// `admin:secret` and `bob:looks` in Base64.
const ADMIN: &str = "Authorization: Basic YWRtaW46c2VjcmV0\r\n";
const VIEWER: &str = "Authorization: Basic Ym9iOmxvb2tz\r\n";
const JSON: &str = "Content-Type: application/json\r\n";
const POLICY: &str = r#"<destinationPolicy><policyMap><policyEntries>
    <policyEntry queue="small" memoryLimit="100 kb">
        <pendingQueuePolicy><vmQueueCursor/></pendingQueuePolicy>
    </policyEntry>
</policyEntries></policyMap></destinationPolicy>"#;

/// A broker with administration on a free port, and users of its own.
struct Administered {
    broker: Broker,
    address: SocketAddr,
}

impl Administered {
    fn start() -> Self {
        let folder = Folder::new();
        folder.write(
            "jetty-realm.properties",
            "admin: secret, admin\nbob: looks, user\n",
        );
        Self::start_in(folder)
    }

    fn start_in(folder: Folder) -> Self {
        let connectors = r#"<transportConnectors>
            <transportConnector name="stomp" uri="stomp://127.0.0.1:0"/>
        </transportConnectors>"#;
        let xml = broker_xml(&format!("{POLICY}{connectors}"));
        let config = folder.write("activemq.xml", &xml).display().to_string();
        let data = folder.path().join("data").display().to_string();
        let arguments = [
            "start",
            "--config",
            &config,
            "--data",
            &data,
            "--admin",
            "127.0.0.1:0",
        ];
        let broker = Broker::start_in(folder, &arguments);
        let address = broker.admin_address().unwrap();
        Self { broker, address }
    }

    fn get(&self, path: &str, headers: &str) -> Answer {
        http(self.address, &format!("GET {path}"), headers, "")
    }

    fn set(&self, headers: &str, body: &str) -> Answer {
        http(self.address, "POST /api/set", headers, body)
    }

    /// Runs a command against it, the password in its data directory.
    fn command(&self, verb: &[&str]) -> Ended {
        let folder = self.broker.folder();
        let url = format!("http://{}", self.address);
        let data = folder.path().join("data").display().to_string();
        let line: Vec<&str> = verb
            .iter()
            .copied()
            .chain(["--url", &url, "--data", &data])
            .collect();
        run(&line, folder)
    }

    /// A producer that waits for room in the queue small, with the receipt that it waits for.
    fn blocked_producer(&mut self) -> (Client, String) {
        let mut producer = self.broker.client();
        let body = "x".repeat(10 * 1024);
        let receipts: Vec<_> = (0..20)
            .map(|_| producer.send_later("/queue/small", &body))
            .collect();
        self.broker.await_line("queue://small");
        (producer, receipts.last().unwrap().clone())
    }
}

fn await_receipt(producer: &mut Client, receipt: &str) {
    while producer.expect("RECEIPT").header("receipt-id") != receipt {}
}

#[test]
fn nobody_gets_in_without_a_password() {
    let admin = Administered::start();
    let wrong = "Authorization: Basic YWRtaW46YWRtaW4=\r\n";
    for path in [
        "/api/status",
        "/api/explain",
        "/metrics",
        "/",
        "/admin",
        "/api/none",
    ] {
        for headers in ["", wrong, "Authorization: Bearer x\r\n"] {
            let answer = admin.get(path, headers);
            assert_eq!(answer.status, 401, "{path} {headers}");
            assert!(
                answer.head.contains("www-authenticate: basic"),
                "{answer:?}"
            );
        }
    }
    assert_eq!(admin.set(JSON, "{}").status, 401);
    assert_eq!(admin.get("/api/status", ADMIN).status, 200);
    assert_eq!(admin.get("/api/status", VIEWER).status, 200);
}

#[test]
fn probes_need_no_login() {
    let admin = Administered::start();
    assert_eq!(admin.get("/livez", "").status, 200);
    let ready = admin.get("/readyz", "");
    assert_eq!((ready.status, ready.body.as_str()), (200, "ready\n"));
}

#[test]
fn viewer_cannot_change_and_foreign_pages_cannot_either() {
    let admin = Administered::start();
    let change = r#"{"target":"broker","memoryLimit":1073741824}"#;
    assert_eq!(admin.set(&format!("{VIEWER}{JSON}"), change).status, 403);
    assert_eq!(
        admin
            .set(&format!("{ADMIN}Content-Type: text/plain\r\n"), change)
            .status,
        403
    );
    let foreign = "Origin: http://elsewhere.example\r\n";
    assert_eq!(
        admin.set(&format!("{ADMIN}{JSON}{foreign}"), change).status,
        403
    );
    let own = format!("Origin: http://{}\r\n", admin.address);
    assert_eq!(admin.set(&format!("{ADMIN}{own}"), change).status, 200);
    assert_eq!(admin.set(&format!("{ADMIN}{JSON}"), change).status, 200);
}

#[test]
fn answers_tell_browsers_to_be_strict() {
    let admin = Administered::start();
    for headers in [ADMIN, ""] {
        let head = admin.get("/api/status", headers).head;
        for part in [
            "content-security-policy: default-src 'none'",
            "x-frame-options: deny",
            "x-content-type-options: nosniff",
            "cache-control: no-store",
        ] {
            assert!(head.contains(part), "{part} is not in {head}");
        }
    }
}

#[test]
fn first_start_makes_a_password_that_only_its_owner_can_read() {
    let mut admin = Administered::start_in(Folder::new());
    let path = admin.broker.folder().path().join("data/admin-password");
    let password = std::fs::read_to_string(&path).unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let log = admin.broker.log().join("\n");
    assert!(log.contains(&path.display().to_string()), "{log}");
    assert!(!log.contains(password.trim()), "{log}");
    let ended = admin.command(&["status"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.output.contains("ready"), "{ended:?}");
    admin.broker.stop();
    admin.broker.start_again();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), password);
}

#[test]
fn blocked_producer_is_explained_and_a_higher_limit_frees_it() {
    let mut admin = Administered::start();
    let (mut producer, last) = admin.blocked_producer();

    let explained = admin.get("/api/explain", VIEWER).body;
    for part in [
        r#""blockedProducers":1"#,
        r#""kind":"memory","destination":"queue://small""#,
        r#""kind":"noConsumer""#,
        r#""target":"queue://small","memoryLimit":"#,
    ] {
        assert!(explained.contains(part), "{part} is not in {explained}");
    }
    let text = admin.get("/api/explain", &format!("{VIEWER}Accept: text/plain\r\n"));
    assert!(text.head.contains("content-type: text/plain"), "{text:?}");
    assert!(
        text.body.contains("nobody consumes from queue://small"),
        "{text:?}"
    );
    let other = admin
        .get("/api/explain?destination=queue://other", VIEWER)
        .body;
    assert!(other.contains(r#""blockedProducers":0"#), "{other}");
    let blocked = admin.get("/api/blocked", VIEWER).body;
    assert!(blocked.contains(r#""total":1"#), "{blocked}");
    let status = admin.get("/api/status", VIEWER).body;
    assert!(status.contains(r#""blockedProducers":1"#), "{status}");

    let change = r#"{"target":"queue://small","memoryLimit":2097152}"#;
    let changed = admin.set(&format!("{ADMIN}{JSON}"), change);
    assert_eq!(changed.status, 200, "{changed:?}");
    await_receipt(&mut producer, &last);
    let line = admin.broker.await_line("user admin at 127.0.0.1:");
    assert!(
        line.contains("set memoryLimit of queue://small to 2097152 (it was 102400)"),
        "{line}"
    );
    let explained = admin.get("/api/explain", VIEWER).body;
    assert!(explained.contains(r#""blockedProducers":0"#), "{explained}");
}

#[test]
fn change_that_cannot_be_is_refused_with_its_reason() {
    let admin = Administered::start();
    let set = |body: &str| admin.set(&format!("{ADMIN}{JSON}"), body);
    for (body, status) in [
        (r#"{"target":"queue://none","memoryLimit":1}"#, 404),
        (r#"{"target":"none","memoryLimit":1}"#, 404),
        (r#"{"target":"queue://","memoryLimit":1}"#, 400),
        (r#"{"target":"broker","memoryLimit":-1}"#, 400),
        (
            r#"{"target":"broker","memoryLimit":1,"useCache":true}"#,
            400,
        ),
        (r#"{"target":"broker","memoryLimit":[1]}"#, 400),
        (r#"{"target":"broker","memoryLimit":"1.5mb"}"#, 400),
        (r#"{"target":"broker"}"#, 400),
        (
            r#"{"target":"broker","memoryLimit":18446744073709551615}"#,
            400,
        ),
        ("", 400),
        (&"[".repeat(10_000), 400),
    ] {
        let answer = set(body);
        assert_eq!(answer.status, status, "{body} {answer:?}");
        assert!(answer.body.starts_with(r#"{"error":"#), "{answer:?}");
    }
}

#[test]
fn destinations_come_in_pages_searched_and_sorted() {
    let admin = Administered::start();
    let mut client = admin.broker.client();
    for (queue, count) in [("a", 1), ("b", 3), ("other", 2)] {
        for _ in 0..count {
            client.send(&format!("/queue/{queue}"), "text");
        }
    }
    let names = |query: &str| {
        let body = admin
            .get(&format!("/api/destinations?{query}"), VIEWER)
            .body;
        let parts = body.split(r#""destination":"queue://"#).skip(1);
        let names: Vec<_> = parts
            .map(|part| part.split('"').next().unwrap().to_owned())
            .collect();
        names.join(" ")
    };
    assert_eq!(names(""), "a b other");
    assert_eq!(names("sort=-pending"), "b other a");
    assert_eq!(names("sort=-name&size=2"), "other b");
    assert_eq!(names("size=2&page=2"), "other");
    assert_eq!(names("search=OTH"), "other");
    assert_eq!(names("page=18446744073709551615&size=1000"), "");
    assert_eq!(
        admin.get("/api/destinations?sort=colour", VIEWER).status,
        400
    );
    assert_eq!(admin.get("/api/destinations?page=-1", VIEWER).status, 400);
}

#[test]
fn consumers_and_connections_are_told() {
    let admin = Administered::start();
    let mut client = admin.broker.client();
    client.subscribe("/queue/q", "0", "client");
    let consumers = admin
        .get("/api/consumers?destination=queue%3A%2F%2Fq", VIEWER)
        .body;
    assert!(consumers.contains(r#""total":1"#), "{consumers}");
    assert_eq!(admin.get("/api/consumers", VIEWER).status, 400);
    assert_eq!(
        admin
            .get("/api/consumers?destination=queue://", VIEWER)
            .status,
        400
    );
    let connections = admin.get("/api/connections", VIEWER).body;
    assert!(
        connections.contains(r#""protocol":"STOMP 1.2""#),
        "{connections}"
    );
}

#[test]
fn metrics_are_openmetrics_and_tell_single_destinations_when_asked() {
    let admin = Administered::start();
    let mut client = admin.broker.client();
    client.send("/queue/q\\c\"quoted\"", "text");
    let answer = admin.get("/metrics", VIEWER);
    assert!(
        answer
            .head
            .contains("application/openmetrics-text; version=1.0.0"),
        "{answer:?}"
    );
    let text = answer.body;
    for line in [
        "# TYPE floodway_enqueued_messages counter",
        "floodway_enqueued_messages_total 1",
        "floodway_pending_messages 1",
        "floodway_connections 1",
        "floodway_blocked_producers 0",
        "floodway_ready 1",
    ] {
        assert!(
            text.lines().any(|other| other == line),
            "{line} is not in {text}"
        );
    }
    assert!(
        text.ends_with("# EOF\n") && !text.contains("{kind="),
        "{text}"
    );
    let text = admin.get("/metrics?destinations=1", VIEWER).body;
    let labels = r#"{kind="queue",name="q:\"quoted\""}"#;
    let line = format!("floodway_destination_pending_messages{labels} 1");
    assert!(
        text.lines().any(|other| other == line),
        "{line} is not in {text}"
    );
    // Each family is told once, as the format demands.
    let mut types: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("# TYPE"))
        .collect();
    let count = types.len();
    types.sort_unstable();
    types.dedup();
    assert_eq!(types.len(), count, "{text}");
}

#[test]
fn command_line_tells_explains_and_sets() {
    let mut admin = Administered::start_in(Folder::new());
    let (mut producer, last) = admin.blocked_producer();
    let told = |verb: &[&str], part: &str| {
        let ended = admin.command(verb);
        assert_eq!(ended.code, Some(0), "{verb:?} {ended:?}");
        assert!(ended.output.contains(part), "{verb:?} {ended:?}");
    };
    told(&["status"], "1 producers");
    told(&["status", "--json"], r#""blockedProducers": 1"#);
    told(&["queues"], "BLOCKED");
    told(&["queues", "none"], "PENDING");
    told(&["queues", "--json"], r#""destination": "queue://small""#);
    told(&["connections"], "STOMP 1.2");
    told(&["explain"], "floodway set queue://small memoryLimit=");
    told(&["explain", "queue://other"], "No producer is blocked");
    told(&["explain", "--json"], r#""kind": "noConsumer""#);
    told(
        &["set", "queue://small", "memoryLimit=2mb", "useCache=false"],
        "memoryLimit is 2097152 (it was 102400) until the next start",
    );
    await_receipt(&mut producer, &last);
    told(&["set", "queue://small"], "useCache");
    told(&["set", "broker", "--json"], r#""name": "storeLimit""#);
}

#[test]
fn command_line_that_cannot_be_answered_says_why() {
    let admin = Administered::start_in(Folder::new());
    let failed = |ended: &Ended, part: &str| {
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.errors.contains(part), "{part}: {ended:?}");
    };
    failed(
        &admin.command(&["set", "queue://none", "memoryLimit=1mb"]),
        "no destination queue://none",
    );
    failed(
        &admin.command(&["status", "--user", "root"]),
        "wrong user name or password",
    );
    failed(
        &admin.command(&["status", "--password-file", "none"]),
        "--password-file",
    );
    let folder = Folder::new();
    folder.write("password", "x");
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let url = format!("http://127.0.0.1:{port}");
    let line = ["status", "--url", &url, "--password-file", "password"];
    failed(&run(&line, &folder), "no broker answers");
}

#[test]
fn taken_address_is_one_clear_line() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = holder.local_addr().unwrap().to_string();
    let folder = Folder::new();
    let config = folder.write("activemq.xml", &broker_xml(""));
    let line = [
        "start",
        "--config",
        config.to_str().unwrap(),
        "--admin",
        &address,
    ];
    let ended = run(&line, &folder);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let told = format!("floodway: administration: {address} is in use");
    assert!(ended.errors.contains(&told), "{ended:?}");
    assert!(!folder.path().join("data").exists(), "data were touched");
}

#[test]
fn front_page_tells_what_is_blocked_and_its_button_frees_it() {
    let mut admin = Administered::start();
    let (mut producer, last) = admin.blocked_producer();
    admin
        .broker
        .client()
        .send("/queue/<script>alert(1)</script>", "text");
    let page = admin.get("/admin", ADMIN);
    assert!(page.head.contains("content-type: text/html"), "{page:?}");
    let page = page.body;
    for part in [
        "1 producer is blocked",
        "nobody consumes from queue://small",
        "Set ",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    assert!(
        page.contains("&lt;script&gt;alert") && !page.contains("<script>alert"),
        "{page}"
    );
    let viewed = admin.get("/admin", VIEWER).body;
    assert!(
        viewed.contains("nobody consumes") && !viewed.contains("<button"),
        "{viewed}"
    );

    // The form as a browser sends it.
    let fields = page.split("action=\"/admin/do/set\">").nth(1).unwrap();
    let value = |name: &str| {
        let after = fields
            .split(&format!("name=\"{name}\" value=\""))
            .nth(1)
            .unwrap();
        let value = after.split('"').next().unwrap();
        value.replace(':', "%3A").replace('/', "%2F")
    };
    let press = |token: &str, more: &str| {
        let form = format!(
            "token={token}&target={}&setting={}&value={}",
            value("target"),
            value("setting"),
            value("value")
        );
        let kind = "Content-Type: application/x-www-form-urlencoded\r\n";
        let headers = format!("{ADMIN}{kind}{more}");
        http(admin.address, "POST /admin/do/set", &headers, &form).status
    };
    let (own, token) = (
        format!("Origin: http://{}\r\n", admin.address),
        value("token"),
    );
    assert_eq!(press(&token, ""), 403);
    assert_eq!(press(&token, "Origin: http://elsewhere.example\r\n"), 403);
    assert_eq!(press("", &own), 403);
    assert_eq!(press(&token, &own), 303);
    await_receipt(&mut producer, &last);
    let page = admin.get("/admin", ADMIN).body;
    assert!(page.contains("No producer is blocked"), "{page}");
}

#[test]
fn console_is_whole_without_anything_from_elsewhere() {
    let admin = Administered::start();
    assert_eq!(admin.get("/", ADMIN).status, 303);
    let page = admin.get("/admin", ADMIN).body;
    let links: Vec<_> = ["href=\"", "src=\""]
        .iter()
        .flat_map(|name| page.split(name).skip(1))
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert!(links.contains(&"/admin/console.css") && links.contains(&"/admin/console.js"));
    for link in links.into_iter().filter(|link| !link.starts_with('#')) {
        assert!(link.starts_with("/admin"), "{link}");
        assert_eq!(admin.get(link, VIEWER).status, 200, "{link}");
        assert_eq!(admin.get(link, "").status, 401, "{link}");
    }
    assert!(
        !page.contains("style=") && !page.contains("onclick"),
        "{page}"
    );
}

#[test]
fn page_is_sent_again_as_events() {
    let admin = Administered::start();
    let mut stream = TcpStream::connect(admin.address).unwrap();
    let request =
        format!("GET /admin HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n{ADMIN}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.eq_ignore_ascii_case("content-type: text/event-stream")));
    assert!(
        lines.any(|line| line.starts_with("data: ") && line.contains("No producer is blocked"))
    );
}
