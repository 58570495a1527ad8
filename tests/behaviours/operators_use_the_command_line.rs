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

#[test]
fn what_is_received_is_acknowledged_and_the_rest_stays_as_it_was() {
    let running = Running::start();
    for text in ["one", "two", "three"] {
        running.send(text, "red");
    }
    assert_eq!(
        running.prints(&["receive", "ORDERS", "--max", "2"]),
        "one\ntwo\n"
    );
    let left = running.prints(&["browse", "ORDERS", "--json"]);
    assert_eq!(left.matches("JMSMessageID").count(), 1, "{left}");
    assert!(left.contains("\"JMSRedelivered\": false"), "{left}");
    let shown = running.prints(&["receive", "ORDERS", "--json"]);
    for part in [
        "\"Text\":\"three\"",
        "\"colour\":\"red\"",
        "\"JMSRedelivered\":false",
        "\"JMSDestination\":\"queue://ORDERS\"",
        "\"JMSDeliveryMode\":\"PERSISTENT\"",
    ] {
        assert!(shown.contains(part), "{part} {shown}");
    }
    let ended = running.run(&["receive", "ORDERS", "--wait", "1"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    running.send("three and a half", "red");
    let waited = running.prints(&["receive", "ORDERS", "--wait", "30"]);
    assert_eq!(waited, "three and a half\n");
    running.send("four", "blue");
    let http = ["receive", "ORDERS", "--stomp", "none", "--selector"];
    let ended = running.run(&[&http[..], &["colour = 'red'"]].concat());
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let line = [&http[..], &["colour = 'blue'"]].concat();
    assert_eq!(running.prints(&line), "four\n");
    let ended = running.run(&["receive", "NONE"]);
    assert!(
        ended.errors.contains("there is no destination NONE"),
        "{ended:?}"
    );
}

#[test]
fn selected_messages_are_received_in_their_order() {
    let running = Running::start();
    for (text, colour) in [("one", "red"), ("two", "blue"), ("three", "red")] {
        running.send(text, colour);
    }
    let line = ["receive", "ORDERS", "--selector", "colour = 'red'"];
    let line = [&line[..], &["--max", "5"]].concat();
    assert_eq!(running.prints(&line), "one\nthree\n");
    assert_eq!(running.prints(&["receive", "ORDERS"]), "two\n");
}

#[test]
fn a_small_load_loses_nothing_and_leaves_nothing() {
    let running = Running::start();
    let short = ["--seconds", "1", "--warmup", "0"];
    let shown = running.prints(&[&["bench", "--json"][..], &short].concat());
    assert!(shown.contains("\"missing\": 0,"), "{shown}");
    assert!(shown.contains("\"receiptMicros\": {"), "{shown}");
    let topic = ["bench", "topic://LOAD", "--non-persistent"];
    let topic = [&topic[..], &["--consumers", "2", "--rate", "100"], &short].concat();
    let shown = running.prints(&topic);
    assert!(shown.starts_with("topic://LOAD: 1 producer, 2 consumers, 1024 bytes"));
    assert!(shown.contains("delivery  after "), "{shown}");
    assert!(!shown.contains("receipt   after "), "{shown}");
    let queues = running.prints(&["queues", "--json"]);
    assert!(!queues.contains("bench"), "{queues}");

    running.send("one", "red");
    let ended = running.run(&["bench", "ORDERS"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended.errors.contains("queue://ORDERS is there already"),
        "{ended:?}"
    );
    let ended = running.run(&["bench", "--stomp", "none"]);
    assert!(ended.errors.contains("the load speaks STOMP"), "{ended:?}");
}

#[test]
fn tasks_of_activemq_s_script_answer_in_json_too() {
    let running = Running::start();
    running.send("one", "red");
    for (task, part) in [
        (
            &["query", "-QQueue=ORD*", "--view", "QueueSize"][..],
            "\"QueueSize\": 1",
        ),
        (&["dstat", "queues"], "\"Name\": \"ORDERS\""),
        (&["bstat"], "\"TotalMessageCount\": 1"),
        (&["browse", "ORDERS"], "\"Text\": \"one\""),
        (&["purge", "ORDERS"], "\"removed\": 1"),
    ] {
        let shown = running.prints(&[&["activemq", "--json"][..], task].concat());
        assert!(shown.contains(part), "{task:?} {shown}");
        assert!(shown.starts_with(['[', '{']), "{task:?} {shown}");
    }
}

#[test]
fn all_messages_are_seen_however_many_there_are() {
    let running = Running::start();
    running.prints(&["send", "MANY", "x", "--count", "450", "--non-persistent"]);
    running.prints(&["send", "MANY", "last", "-H", "colour=red"]);
    let page = running.prints(&["browse", "MANY", "--json"]);
    assert!(page.matches("JMSMessageID").count() < 451, "{page}");
    let all = running.prints(&["browse", "MANY", "--all", "--json"]);
    assert_eq!(all.lines().count(), 451);
    let line = ["browse", "MANY", "--all", "--selector", "colour = 'red'"];
    let shown = running.prints(&line);
    assert!(shown.contains("  {colour=red}\n  last\n"), "{shown}");
    let some = running.prints(&["browse", "MANY", "--all", "--max", "5", "--json"]);
    assert_eq!(some.lines().count(), 5);
    assert_eq!(running.prints(&["receive", "MANY"]), "x\n");
    let ended = running.run(&["browse", "MANY", "--all", "--stomp", "none"]);
    assert!(ended.errors.contains("leave out --all"), "{ended:?}");
}
