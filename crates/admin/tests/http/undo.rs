//! Undo of purges and deletions over HTTP, on a journal with its own threads.

use crate::described::{check, description, schema_of};
use crate::served::{LOGIN, Served, VIEWER, client};
use floodway_broker::settings::{BrokerSettings, SchedulerSettings};
use floodway_message::session::{Command, Destinations, Send};
use floodway_message::{BodyKind, Destination, MessageBuilder, PropertyValue};
use floodway_store::disk::OsDisk;
use floodway_store::{Journal, Store};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const JSON: &str = "Content-Type: application/json\r\n";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";
const OWN: &str = "Origin: http://127.0.0.1:8161\r\n";
const Q: &str = "queue://Q";

/// A broker on a journal in a folder that is removed in the end.
struct Stored {
    served: Served,
    journal: Arc<Journal>,
    folder: std::path::PathBuf,
}

impl Drop for Stored {
    fn drop(&mut self) {
        self.journal.close().unwrap();
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

impl Stored {
    fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("floodway-admin-undo-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let settings = floodway_store::JournalSettings {
            segment_bytes: 64 << 10,
            ..Default::default()
        };
        let disk = Arc::new(OsDisk::new(&folder).unwrap());
        let journal = Arc::new(Journal::open(disk, settings).unwrap());
        journal.start().unwrap();
        let store = Some(Arc::clone(&journal) as Arc<dyn Store>);
        let settings = BrokerSettings {
            scheduler: SchedulerSettings {
                support: true,
                ..SchedulerSettings::default()
            },
            ..BrokerSettings::default()
        };
        let served = Served::of(settings, store, |_| {});
        Self {
            served,
            journal,
            folder,
        }
    }

    /// Sends a persistent message.
    fn send(&self, to: &str, change: impl FnOnce(&mut MessageBuilder)) {
        let to = Destination::parse(to).unwrap();
        let mut message = MessageBuilder::new();
        message.id("ID:p:1").destination(&to).persistent(true);
        message.body(BodyKind::Text, "text".into());
        change(&mut message);
        let send = Send {
            producer: 1,
            destinations: Destinations::One(to),
            message: message.build(0).unwrap(),
            tx: None,
            reply: None,
        };
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let own = format!("s{}", NEXT.fetch_add(1, Ordering::Relaxed));
        client(&self.served, &own, vec![Command::Send(send)]);
    }

    /// Asks for an operation of an MBean.
    fn exec(&self, mbean: &str, operation: &str, arguments: Value) {
        let name = format!("org.apache.activemq:type=Broker,brokerName=localhost{mbean}");
        let body = json!({"type": "exec", "mbean": name, "operation": operation,
            "arguments": arguments});
        let headers = format!("{LOGIN}{JSON}{OWN}");
        let answer = self
            .served
            .ask("POST /api/jolokia", &headers, &body.to_string());
        assert!(answer.body.contains("\"status\":200"), "{}", answer.body);
    }

    /// Sends messages, the last one for memory only.
    fn fill(&self, persistent: u64) {
        let to = Destination::parse(Q).unwrap();
        let sends = (0..=persistent).map(|number| {
            let mut message = MessageBuilder::new();
            message.id(&format!("ID:{number}")).destination(&to);
            message.persistent(number < persistent);
            message.body(BodyKind::Text, "<b>text</b>".into());
            Command::Send(Send {
                producer: 1,
                destinations: Destinations::One(to.clone()),
                message: message.build(0).unwrap(),
                tx: None,
                reply: None,
            })
        });
        client(&self.served, "c", sends.collect());
    }

    fn pending(&self) -> Option<u64> {
        let all = self.served.broker.view().destinations;
        let own = all.iter().find(|one| one.destination.to_string() == Q);
        own.map(|own| own.messages.pending)
    }

    fn page(&self, login: &str) -> String {
        self.page_of("queues", login)
    }

    fn page_of(&self, tab: &str, login: &str) -> String {
        self.served
            .ask(&format!("GET /admin/{tab}"), login, "")
            .body
    }

    /// Until the journal's own thread has written all that was removed.
    fn until_restorable(&self, count: u64) {
        let limit = Instant::now() + Duration::from_secs(20);
        while self.undos()[0]["restorable"] != count {
            assert!(Instant::now() < limit, "{:?}", self.undos());
            std::thread::yield_now();
        }
    }

    /// Presses a button of the console.
    fn post(&self, deed: &str, form: &str) {
        let page = self.page(LOGIN);
        let token = page.split("name=\"token\" value=\"").nth(1).unwrap();
        let token = token.split('"').next().unwrap();
        let form = format!("token={token}&back=/admin/queues&{form}");
        let headers = format!("{LOGIN}{FORM}{OWN}");
        let line = format!("POST /admin/do/{deed}");
        let answer = self.served.ask(&line, &headers, &form);
        assert_eq!(answer.status, 303, "{deed}: {}", answer.body);
    }

    fn undos(&self) -> Vec<Value> {
        let answer = self.served.ask("GET /api/undo", VIEWER, "");
        assert_eq!(answer.status, 200, "{}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }

    fn undo(&self, token: &Value, headers: &str) -> (u16, Value) {
        let line = format!("POST /api/undo/{}", token.as_str().unwrap());
        let answer = self.served.ask(&line, headers, "");
        (answer.status, serde_json::from_str(&answer.body).unwrap())
    }
}

#[test]
fn purge_is_listed_and_undone_once_by_who_may() {
    let stored = Stored::new();
    stored.fill(3);
    stored.post("purge", &format!("name={Q}"));
    assert_eq!(stored.pending(), Some(0));
    let listed = stored.undos();
    let token = listed[0]["token"].clone();
    let mut expected = json!({"token": token, "destination": Q, "what": "messages", "deleted": false,
        "removed": 4, "restorable": 3, "leftMs": 60_000});
    expected["bytes"] = listed[0]["bytes"].clone();
    assert_eq!(listed, [expected]);
    let all = description(&stored.served);
    check(
        &json!(listed),
        schema_of(&all, "/api/undo", "get"),
        &all,
        "undo",
    );

    let own = format!("{LOGIN}{JSON}");
    let foreign = format!("{LOGIN}Origin: http://elsewhere.example\r\n");
    assert_eq!(stored.undo(&token, &foreign).0, 403);
    assert_eq!(stored.undo(&token, &format!("{VIEWER}{JSON}")).0, 403);
    assert_eq!(stored.undo(&json!("u1"), &own).0, 404);
    assert_eq!(stored.undo(&json!("%3Cb%3E"), &own).0, 404);
    assert_eq!(stored.pending(), Some(0));
    let (status, undone) = stored.undo(&token, &own);
    assert_eq!(status, 200, "{undone}");
    let expected = json!({"token": token, "destination": Q, "what": "messages", "removed": 4,
        "putBack": 3});
    assert_eq!(undone, expected);
    let schema = schema_of(&all, "/api/undo/{token}", "post");
    check(&undone, schema, &all, "undone");
    assert_eq!(stored.pending(), Some(3));
    let (status, again) = stored.undo(&token, &own);
    assert_eq!(status, 410);
    assert!(
        again["error"].as_str().unwrap().contains("undone already"),
        "{again}"
    );
    assert_eq!(stored.undos(), [Value::Null; 0]);
}

#[test]
fn console_offers_the_undo_of_what_was_done_and_does_it() {
    let stored = Stored::new();
    stored.fill(2);
    stored.post("messages", &format!("name={Q}&what=delete&id=ID:1&id=ID:2"));
    let page = stored.page(LOGIN);
    let says = "2 messages deleted. 1 of 2 messages can be put back for";
    assert!(page.contains(says), "{page}");
    let token = page.split("name=\"undo\" value=\"").nth(1).unwrap();
    let token = token.split('"').next().unwrap().to_owned();
    // Once in the notice, once in the list that stays.
    assert_eq!(page.matches(&token).count(), 2, "{page}");
    let page = stored.page(LOGIN);
    assert_eq!(page.matches(&token).count(), 1, "{page}");
    assert!(page.contains("Can be undone"), "{page}");
    let seen = stored.page(VIEWER);
    assert!(
        seen.contains("Can be undone") && !seen.contains(&token),
        "{seen}"
    );

    stored.post("undo", &format!("undo={token}"));
    let page = stored.page(LOGIN);
    assert!(page.contains("1 message put back to queue://Q."), "{page}");
    assert!(!page.contains("Can be undone"), "{page}");
    assert_eq!(stored.pending(), Some(2));
}

#[test]
fn deleted_queue_is_offered_when_its_end_is_written() {
    let stored = Stored::new();
    stored.fill(5);
    stored.post("delete", &format!("name={Q}"));
    assert_eq!(stored.pending(), None);
    stored.until_restorable(5);
    let undo = &stored.undos()[0];
    assert_eq!(
        (&undo["deleted"], &undo["removed"]),
        (&json!(true), &json!(6))
    );
    let own = format!("{LOGIN}{JSON}");
    assert_eq!(stored.undo(&undo["token"], &own).0, 200);
    assert_eq!(stored.pending(), Some(5));
}

#[test]
fn removed_subscription_comes_back_by_the_console_and_by_rest() {
    const T: &str = "topic://T";
    let stored = Stored::new();
    let arguments = json!(["c", "<s>", "T", "a = 1"]);
    stored.exec("", "createDurableSubscriber", arguments);
    let matching = |message: &mut MessageBuilder| {
        message.property("a", PropertyValue::Integer(1));
    };
    stored.send(T, matching);
    stored.post("durable-remove", "client=c&subscription=<s>");
    stored.until_restorable(1);
    let page = stored.page_of("subscribers", LOGIN);
    let says = "Durable subscription &lt;s&gt; of c was removed. It can be put back, with";
    assert!(page.contains(says), "{page}");
    assert!(!stored.page(LOGIN).contains("Can be undone"));
    let token = page.split("name=\"undo\" value=\"").nth(1).unwrap();
    let token = token.split('"').next().unwrap().to_owned();
    assert_eq!(page.matches(&token).count(), 2, "{page}");
    let listed = &stored.undos()[0];
    let all = description(&stored.served);
    check(
        &json!([listed]),
        schema_of(&all, "/api/undo", "get"),
        &all,
        "undo",
    );
    let mut expected = json!({"token": token, "destination": T, "what": "subscription",
        "clientId": "c", "subscription": "<s>", "deleted": true, "removed": 1, "restorable": 1});
    for measured in ["bytes", "leftMs"] {
        expected[measured] = listed[measured].clone();
    }
    assert_eq!(*listed, expected);

    stored.post("undo", &format!("undo={token}"));
    let page = stored.page_of("subscribers", LOGIN);
    let says = "Durable subscription &lt;s&gt; of c is back with 1 message.";
    assert!(page.contains(says), "{page}");
    let durables = || stored.served.broker.subscriptions();
    assert_eq!(durables()[0].selector.as_deref(), Some("a = 1"));
    assert_eq!(durables()[0].pending, 1);

    // By an MBean, and with another one in its place.
    stored.exec("", "destroyDurableSubscriber", json!(["c", "<s>"]));
    stored.until_restorable(1);
    let own = format!("{LOGIN}{JSON}");
    let token = stored.undos()[0]["token"].clone();
    stored.exec(
        "",
        "createDurableSubscriber",
        json!(["c", "<s>", "T", "a = 2"]),
    );
    let (status, refused) = stored.undo(&token, &own);
    assert_eq!(status, 409, "{refused}");
    assert!(
        refused["error"]
            .as_str()
            .unwrap()
            .contains("again, with another"),
        "{refused}"
    );
    stored.exec("", "destroyDurableSubscriber", json!(["c", "<s>"]));
    let (status, undone) = stored.undo(&token, &own);
    assert_eq!(status, 200, "{undone}");
    assert_eq!(
        (&undone["what"], &undone["putBack"]),
        (&json!("subscription"), &json!(1))
    );
    let schema = schema_of(&all, "/api/undo/{token}", "post");
    check(&undone, schema, &all, "undone");
    assert_eq!(durables()[0].selector.as_deref(), Some("a = 1"));
}

#[test]
fn removed_scheduled_messages_come_back() {
    let stored = Stored::new();
    for _ in 0..3 {
        let later = |message: &mut MessageBuilder| {
            message.property("AMQ_SCHEDULED_DELAY", PropertyValue::Long(3_600_000));
        };
        stored.send(Q, later);
    }
    let broker = &stored.served.broker;
    let count = || broker.scheduler().unwrap().jobs;
    assert_eq!(count(), 3);
    let jobs = || broker.jobs(i64::MIN..=i64::MAX, None, 10).jobs;
    let limit = Instant::now() + Duration::from_secs(20);
    while jobs().len() < 3 {
        assert!(Instant::now() < limit);
        std::thread::yield_now();
    }
    stored.post("job-remove", &format!("id={}", jobs()[0].id));
    let page = stored.page_of("scheduled", LOGIN);
    let says = "was removed. 1 message can be put back for";
    assert!(page.contains(says), "{page}");
    assert!(page.contains("Can be undone"), "{page}");
    let scheduler = ",service=JobScheduler,name=JMS";
    stored.exec(scheduler, "removeAllJobs()", json!([]));
    assert_eq!(count(), 0);
    let tokens = stored.undos();
    assert_eq!(
        tokens
            .iter()
            .filter_map(|one| one["removed"].as_u64())
            .sum::<u64>(),
        3
    );
    let mut back = 0;
    for one in &tokens {
        assert_eq!(one["what"], "jobs");
        let (status, undone) = stored.undo(&one["token"], &format!("{LOGIN}{JSON}"));
        assert_eq!(status, 200, "{undone}");
        back += undone["putBack"].as_u64().unwrap();
    }
    assert_eq!((back, count()), (3, 3));
}
