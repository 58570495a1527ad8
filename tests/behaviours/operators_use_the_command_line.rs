//! What operators do with messages on the command line, over HTTP, against a whole broker: send,
//! look, receive, move, purge, watch, and the tasks of ActiveMQ's script.
#![allow(
    clippy::unwrap_used,
    reason = "a failed expectation here is a failed test"
)]

use floodway_tests::{Broker, Ended, Folder, broker_xml, run};

struct Running {
    broker: Broker,
    url: String,
    data: String,
}

impl Running {
    fn start() -> Self {
        let connectors = r#"<transportConnectors>
            <transportConnector name="stomp" uri="stomp://127.0.0.1:0"/></transportConnectors>"#;
        let folder = Folder::new();
        let config = folder.write("activemq.xml", &broker_xml(connectors));
        let config = config.display().to_string();
        let data = folder.path().join("data").display().to_string();
        let start = [
            "start",
            "--config",
            &config,
            "--data",
            &data,
            "--admin",
            "127.0.0.1:0",
        ];
        let broker = Broker::start_in(folder, &start);
        let url = format!("http://{}", broker.admin_address().unwrap());
        Self { broker, url, data }
    }

    fn run(&self, line: &[&str]) -> Ended {
        let reach = ["--url", &self.url, "--data", &self.data];
        // Tasks of ActiveMQ's script take everything that follows them.
        let line: Vec<&str> = match line {
            ["activemq", task @ ..] => ["activemq"]
                .iter()
                .chain(&reach)
                .chain(task)
                .copied()
                .collect(),
            line => line.iter().chain(&reach).copied().collect(),
        };
        run(&line, self.broker.folder())
    }

    /// What a command prints when it does what it should.
    #[track_caller]
    fn prints(&self, line: &[&str]) -> String {
        let ended = self.run(line);
        assert_eq!(ended.code, Some(0), "{line:?} {ended:?}");
        ended.output
    }

    fn send(&self, text: &str, colour: &str) {
        let header = format!("colour={colour}");
        self.prints(&["send", "queue://ORDERS", text, "-H", &header]);
    }
}

#[test]
fn messages_are_sent_shown_moved_received_and_purged() {
    let running = Running::start();
    for (text, colour) in [("one", "red"), ("two", "blue"), ("three", "red")] {
        running.send(text, colour);
    }
    let shown = running.prints(&["browse", "ORDERS"]);
    for part in [
        "  one\n",
        "  two\n",
        "  {colour=blue}\n",
        "persistent  priority 4\n",
    ] {
        assert!(shown.contains(part), "{part} {shown}");
    }
    let blue = running.prints(&[
        "browse",
        "ORDERS",
        "--selector",
        "colour = 'blue'",
        "--json",
    ]);
    assert_eq!(blue.matches("JMSMessageID").count(), 1, "{blue}");

    let moved = running.prints(&["move", "ORDERS", "REDS", "--selector", "colour = 'red'"]);
    assert_eq!(moved, "queue://ORDERS: 2 messages moved to queue://REDS\n");
    assert_eq!(running.prints(&["receive", "ORDERS"]), "two\n");
    assert_eq!(
        running.prints(&["receive", "REDS", "--max", "5"]),
        "one\nthree\n"
    );
    let ended = running.run(&["receive", "REDS"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.errors.contains("no message waits in queue://REDS"));

    let sent = running.prints(&["send", "MANY", "x", "--count", "7", "--non-persistent"]);
    assert_eq!(sent, "queue://MANY: sent 7 messages\n");
    assert_eq!(
        running.prints(&["purge", "MANY"]),
        "queue://MANY: 7 messages removed\nthey cannot be put back: they were in memory only\n"
    );
    assert_eq!(running.prints(&["browse", "MANY"]), "");
}

#[test]
fn purge_is_undone_by_the_command_that_it_names() {
    let running = Running::start();
    for (text, colour) in [("one", "red"), ("two", "blue"), ("three", "red")] {
        running.send(text, colour);
    }
    let purged = running.prints(&["purge", "ORDERS", "--selector", "colour = 'red'"]);
    let (done, undo) = purged.split_once('\n').unwrap();
    assert_eq!(done, "queue://ORDERS: 2 messages removed");
    assert!(undo.starts_with("2 of 2 can be put back for "), "{undo}");
    let token = undo.trim().rsplit(' ').next().unwrap();
    let listed = running.prints(&["undo"]);
    assert!(
        listed.contains(token) && listed.contains("emptied"),
        "{listed}"
    );
    let undone = running.prints(&["undo", token]);
    assert_eq!(undone, "queue://ORDERS: 2 of 2 messages put back\n");
    let left = running.prints(&["receive", "ORDERS", "--max", "5"]);
    assert_eq!(left, "two\none\nthree\n");
    let again = running.run(&["undo", token]);
    assert_eq!(again.code, Some(1));
    assert!(again.errors.contains("undone already"), "{again:?}");
}

#[test]
fn what_cannot_be_done_is_one_clear_line() {
    let running = Running::start();
    for (line, expected) in [
        (&["purge", "NONE"][..], "there is no destination NONE"),
        (&["browse", "topic://NEWS"], "a topic keeps no messages"),
        (&["browse", "a:b"], "has no MBean of its own"),
        (&["activemq", "fly"], "there is no task fly"),
        (&["activemq", "dstat", "planes"], "dstat takes queues"),
    ] {
        let ended = running.run(line);
        assert_eq!(ended.code, Some(1), "{line:?} {ended:?}");
        assert_eq!(ended.errors.trim().lines().count(), 1, "{line:?} {ended:?}");
        assert!(ended.errors.contains(expected), "{line:?} {ended:?}");
    }
    running.send("one", "red");
    let ended = running.run(&["browse", "ORDERS", "--selector", "colour ="]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
}

#[test]
fn top_shows_the_fullest_destinations_first() {
    let running = Running::start();
    running.send("one", "red");
    running.prints(&["send", "MANY", "x", "--count", "3"]);
    let shown = running.prints(&["top", "--looks", "1"]);
    let rows: Vec<_> = shown
        .lines()
        .filter(|line| line.starts_with("queue://"))
        .collect();
    assert!(rows.first().unwrap().starts_with("queue://MANY"), "{shown}");
    assert!(shown.contains("blocked   no producer"), "{shown}");
    assert!(shown.contains("OUT/S"), "{shown}");
}

#[test]
fn tasks_of_activemq_s_script_work() {
    let running = Running::start();
    let task = [
        "activemq",
        "producer",
        "--destination",
        "queue://ORDERS",
        "--messageCount",
        "3",
    ];
    running.prints(&[&task[..], &["--message", "hello", "--persistent", "true"]].concat());
    let queried = running.prints(&[
        "activemq",
        "query",
        "-QQueue=ORD*",
        "--view",
        "Name,QueueSize",
    ]);
    assert_eq!(queried, "Name = ORDERS\nQueueSize = 3\n\n");
    let all = running.prints(&["activemq", "query"]);
    assert!(all.contains("BrokerName = "), "{all}");
    let shown = running.prints(&["activemq", "dstat", "queues"]);
    assert!(shown.starts_with("Name "), "{shown}");
    assert!(
        shown
            .lines()
            .any(|line| line.starts_with("ORDERS ") && line.contains(" 3 "))
    );
    let shown = running.prints(&["activemq", "bstat"]);
    assert!(shown.contains("TotalMessageCount = 3\n"), "{shown}");
    let shown = running.prints(&["activemq", "browse", "-Vbody", "ORDERS"]);
    assert_eq!(
        shown.matches("JMS_BODY_FIELD:JMSText = hello\n").count(),
        3,
        "{shown}"
    );
    let task = [
        "activemq",
        "consumer",
        "--destination",
        "queue://ORDERS",
        "--messageCount",
        "1",
    ];
    assert_eq!(running.prints(&task), "hello\n");
    let purged = running.prints(&["activemq", "purge", "ORD*"]);
    assert_eq!(purged, "ORDERS: 2 messages removed\n");
}
