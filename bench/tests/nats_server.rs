//! The load tool against a real NATS server, where one is installed: counts must add up.
//!
//! Goal: what the tool reports as sent, consumed, lost and repeated is true. Method: short,
//! rate-limited runs against a server whose core and file streams lose nothing at that rate.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test says what and fails loudly"
)]

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use floodway_bench::measure::{self, Plan, Protocol};
use floodway_bench::report::Record;
use floodway_bench::scenario::Scenario;

struct Server {
    child: Child,
    address: SocketAddr,
    folder: PathBuf,
}

impl Server {
    /// A server of its own for one test, or nothing where none is installed.
    fn start(test: &str) -> Option<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let folder = std::env::temp_dir().join(format!("load-{test}-{}", std::process::id()));
        let spawned = Command::new("nats-server")
            .args(["--addr", "127.0.0.1", "--port", &address.port().to_string()])
            .arg("--jetstream")
            .arg("--store_dir")
            .arg(&folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(child) = spawned else {
            println!("skipped: no nats-server on this machine");
            return None;
        };
        let server = Self {
            child,
            address,
            folder,
        };
        let begin = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(
                begin.elapsed() < Duration::from_secs(20),
                "nats-server does not start"
            );
            std::thread::yield_now();
        }
        Some(server)
    }

    fn run(&self, scenario: &str, rate_per_second: u32) -> Record {
        let mut scenario = Scenario::find(scenario).unwrap();
        scenario.rate_per_second = Some(rate_per_second);
        let plan = Plan {
            scenario,
            protocol: Protocol::Nats,
            address: self.address,
            warmup: Duration::from_millis(50),
            duration: Duration::from_millis(300),
            drain_limit: Duration::from_secs(20),
            broker_pid: Some(self.child.id()),
            lane_count: 2,
            openwire: floodway_bench::openwire::Choice::default(),
        };
        measure::run(&plan).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        // A server that was only used without streams has made no folder.
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

fn assert_nothing_amiss(record: &Record, deliveries_per_message: u64) {
    assert!(record.sent_total > 0);
    assert_eq!(
        record.consumed_total,
        record.sent_total * deliveries_per_message
    );
    let faults = [
        record.lost,
        record.undrained,
        record.unconfirmed,
        record.duplicates,
        record.disordered,
        record.foreign,
        record.confirms_disordered,
    ];
    assert_eq!(faults, [0; 7]);
    assert!(record.failures.is_empty(), "{:?}", record.failures);
    assert!(record.load.broker_memory_peak_mib.unwrap() > 0.0);
}

#[test]
fn queue_messages_of_many_producers_all_arrive_once() {
    let Some(server) = Server::start("queue") else {
        return;
    };
    assert_nothing_amiss(&server.run("nonpersistent-8-8", 2000), 1);
}

#[test]
fn every_topic_consumer_gets_every_message() {
    let Some(server) = Server::start("topic") else {
        return;
    };
    assert_nothing_amiss(&server.run("topic-10", 500), 10);
}

#[test]
fn persistent_messages_are_confirmed_and_consumed() {
    let Some(server) = Server::start("stream") else {
        return;
    };
    let record = server.run("persistent-8-wait", 1000);
    assert_nothing_amiss(&record, 1);
    assert!(record.confirm_latency.is_some() && record.delivery_latency.is_some());
}

#[test]
fn a_queue_without_consumers_is_drained_afterwards() {
    let Some(server) = Server::start("drain") else {
        return;
    };
    let record = server.run("persistent-1-wait-fill", 1000);
    assert_nothing_amiss(&record, 1);
    assert_eq!(record.load.consumed_per_second, 0.0);
    assert!(record.drain_per_second.unwrap() > 0.0);
}
