//! What is set on a running broker can be written into the file that it was started with, and a
//! changed file can be read again: shown first, then made, while producers wait.
#![allow(
    clippy::unwrap_used,
    reason = "a failed expectation here is a failed test"
)]

use floodway_tests::{Broker, Client, Ended, Folder, broker_xml, run};
use std::fs;
use std::path::PathBuf;

const POLICY: &str = r#"<destinationPolicy><policyMap><policyEntries>
    <!-- kept as it is -->
    <policyEntry queue=">" memoryLimit="100 kb">
        <pendingQueuePolicy><vmQueueCursor/></pendingQueuePolicy>
    </policyEntry>
</policyEntries></policyMap></destinationPolicy>
<transportConnectors>
    <transportConnector name="stomp" uri="stomp://127.0.0.1:0"/>
</transportConnectors>"#;

struct Running {
    broker: Broker,
    file: PathBuf,
}

impl Running {
    fn start() -> Self {
        let folder = Folder::new();
        let file = folder.write("activemq.xml", &broker_xml(POLICY));
        let data = folder.path().join("data").display().to_string();
        let name = file.display().to_string();
        let start = [
            "start",
            "--config",
            &name,
            "--data",
            &data,
            "--admin",
            "127.0.0.1:0",
        ];
        Self {
            broker: Broker::start_in(folder, &start),
            file,
        }
    }

    fn command(&mut self, verb: &[&str]) -> Ended {
        let url = format!("http://{}", self.broker.admin_address().unwrap());
        let folder = self.broker.folder();
        let data = folder.path().join("data").display().to_string();
        let mut line = verb.to_vec();
        line.extend(["--url", &url, "--data", &data]);
        run(&line, folder)
    }

    /// A producer that waits for room in a queue, with the receipt that it waits for.
    fn blocked_producer(&mut self, queue: &str) -> (Client, String) {
        let mut producer = self.broker.client();
        let body = "x".repeat(10 * 1024);
        let receipts: Vec<_> = (0..20)
            .map(|_| producer.send_later(&format!("/queue/{queue}"), &body))
            .collect();
        self.broker
            .await_line(&format!("memory limit of queue://{queue}"));
        (producer, receipts.last().unwrap().clone())
    }

    fn limit_of(&mut self, queue: &str) -> String {
        let shown = self.command(&["set", &format!("queue://{queue}")]);
        let line = shown
            .output
            .lines()
            .find(|line| line.contains("memoryLimit"));
        let words = line.unwrap_or_default().split_whitespace();
        words.skip(1).take(1).collect()
    }
}

fn await_receipt(producer: &mut Client, receipt: &str) {
    while producer.expect("RECEIPT").header("receipt-id") != receipt {}
}

#[test]
fn persisted_limit_frees_producers_now_and_holds_after_a_restart() {
    let mut running = Running::start();
    let before = fs::read_to_string(&running.file).unwrap();
    let (mut producer, last) = running.blocked_producer("ORDERS");
    let ended = running.command(&["set", "queue://ORDERS", "memoryLimit=2mb", "--persist"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(
        ended
            .output
            .contains("memoryLimit is 2097152 (it was 102400)\n"),
        "{ended:?}"
    );
    await_receipt(&mut producer, &last);

    let after = fs::read_to_string(&running.file).unwrap();
    let line = after
        .lines()
        .position(|line| line.contains("queue=\"ORDERS\" memoryLimit=\"2mb\""))
        .unwrap();
    let place = format!("activemq.xml:{}: ", line + 1);
    assert!(ended.output.contains(&place), "{place} {ended:?}");
    assert!(before.lines().all(|line| after.contains(line)));
    assert_eq!(after.matches("<vmQueueCursor/>").count(), 2);
    let backup = running.file.with_file_name("activemq.xml.before");
    assert_eq!(fs::read_to_string(backup).unwrap(), before);

    running.broker.stop();
    running.broker.start_again();
    assert_eq!(running.limit_of("ORDERS"), "2097152");
}

#[test]
fn nothing_is_set_when_the_file_was_changed_by_somebody_else() {
    let mut running = Running::start();
    running.broker.client().send("/queue/A", "text");
    let text = fs::read_to_string(&running.file).unwrap();
    fs::write(&running.file, text.replace("100 kb", "200 kb")).unwrap();
    let ended = running.command(&["set", "queue://A", "memoryLimit=2mb", "--persist"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.errors.contains("has changed since"), "{ended:?}");
    assert_eq!(running.limit_of("A"), "102400");
    let ended = running.command(&["set", "queue://A", "memoryLimit=much", "--persist"]);
    assert!(ended.errors.contains("is a size"), "{ended:?}");
}

#[test]
fn reload_shows_the_difference_and_then_frees_producers() {
    let mut running = Running::start();
    let (mut producer, last) = running.blocked_producer("A");
    let text = fs::read_to_string(&running.file).unwrap();
    let changed = text
        .replace("100 kb", "3 mb")
        .replace("127.0.0.1:0", "127.0.0.1:1");
    fs::write(&running.file, changed).unwrap();

    let shown = running.command(&["reload"]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    for part in [
        "queue://> (line ",
        "changed; 1 destination\n  memoryLimit: 102400 -> 3145728\n",
        "needs a restart\n",
        "stomp://127.0.0.1:0 -> stomp://127.0.0.1:1\n",
        "Nothing was changed yet.",
    ] {
        assert!(shown.output.contains(part), "{part} {shown:?}");
    }
    assert_eq!(running.limit_of("A"), "102400");
    let token = shown.output.trim().rsplit(' ').next().unwrap().to_owned();

    let stale = running.command(&["reload", "--apply", "0123456789abcdef"]);
    assert_eq!(stale.code, Some(1), "{stale:?}");
    assert!(stale.errors.contains("not what was shown"), "{stale:?}");
    assert_eq!(running.limit_of("A"), "102400");

    let made = running.command(&["reload", "--apply", &token]);
    assert_eq!(made.code, Some(0), "{made:?}");
    assert!(made.output.contains("This was changed"), "{made:?}");
    await_receipt(&mut producer, &last);
    // What comes later has the new entry, too.
    running.broker.client().send("/queue/B", "text");
    assert_eq!(running.limit_of("B"), "3145728");
    let nothing = running.command(&["reload", "--apply"]);
    assert!(
        nothing.output.contains("Nothing was to be changed"),
        "{nothing:?}"
    );
}

#[test]
fn reload_of_a_broken_file_changes_nothing() {
    let mut running = Running::start();
    running.broker.client().send("/queue/A", "text");
    let text = fs::read_to_string(&running.file).unwrap();
    fs::write(&running.file, text.replace("100 kb", "a lot")).unwrap();
    let ended = running.command(&["reload", "--apply"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.errors.contains("is not a size"), "{ended:?}");
    assert_eq!(running.limit_of("A"), "102400");
}
