//! A queue with `memoryLimit="1 mb"` and the memory-only cursor: after about a megabyte the next
//! receipt is withheld, the same connection still does everything else, and one acknowledgement
//! lets the producer go on.

use floodway_tests::{Broker, Client};

const POLICY: &str = r#"<destinationPolicy><policyMap><policyEntries>
    <policyEntry queue="small" memoryLimit="1 mb" producerFlowControl="true">
        <pendingQueuePolicy><vmQueueCursor/></pendingQueuePolicy>
    </policyEntry>
</policyEntries></policyMap></destinationPolicy>"#;

#[test]
fn receipt_is_withheld_while_the_same_connection_goes_on() {
    let mut broker = Broker::start(POLICY);
    let mut client = broker.client();
    // Prefetch 1: what waits in the queue and what is in flight both count.
    client.confirm(
        "SUBSCRIBE\ndestination:/queue/small\nid:small\nack:client-individual\n\
         activemq.prefetchSize:1\n\n",
    );
    client.subscribe("/queue/elsewhere", "elsewhere", "client-individual");
    let body = "x".repeat(10 * 1024);
    let sent: Vec<_> = (0..200)
        .map(|_| client.request(&format!("SEND\ndestination:/queue/small\n\n{body}")))
        .collect();
    broker.client().send("/queue/elsewhere", "task");
    // The acknowledgement follows all sends; with its receipt, every receipt that is not withheld
    // has come.
    let mut seen = Seen::default();
    seen.until(&mut client, |seen| !seen.elsewhere.is_empty());
    let acked = client.request(&format!("ACK\nid:{}\n\n", seen.elsewhere));
    seen.until(&mut client, |seen| seen.receipts.last() == Some(&acked));
    seen.receipts.pop();
    let confirmed = seen.receipts.len();
    assert!(
        (80..=110).contains(&confirmed),
        "{confirmed} sends of 10 KiB"
    );
    assert_eq!(seen.receipts, sent[..confirmed]);
    broker.await_line("queue://small");
    assert!(!client.has_more());

    client.request(&format!("ACK\nid:{}\n\n", seen.small));
    seen.until(&mut client, |seen| seen.receipts.contains(&sent[confirmed]));
}

/// What one connection was told.
#[derive(Default)]
struct Seen {
    receipts: Vec<String>,
    /// Acknowledge id of the last message of each queue.
    small: String,
    elsewhere: String,
}

impl Seen {
    fn until(&mut self, client: &mut Client, done: impl Fn(&Self) -> bool) {
        while !done(self) {
            let frame = client.receive();
            match frame.command.as_str() {
                "RECEIPT" => self.receipts.push(frame.header("receipt-id").to_owned()),
                "MESSAGE" if frame.header("subscription") == "small" => {
                    self.small = frame.header("ack").to_owned();
                }
                "MESSAGE" => self.elsewhere = frame.header("ack").to_owned(),
                other => assert_eq!(other, "RECEIPT or MESSAGE", "{frame:?}"),
            }
        }
    }
}
