//! `sendFailIfNoSpace`: a send to a full queue is answered by an ERROR instead of waiting, and
//! everything else goes on.

use floodway_tests::Broker;

const POLICY: &str = r#"<destinationPolicy><policyMap><policyEntries>
    <policyEntry queue="small" memoryLimit="1 mb">
        <pendingQueuePolicy><vmQueueCursor/></pendingQueuePolicy>
    </policyEntry>
</policyEntries></policyMap></destinationPolicy>
<systemUsage><systemUsage sendFailIfNoSpace="true"/></systemUsage>"#;

#[test]
fn with_an_error_that_names_queue_and_receipt() {
    let broker = Broker::start(POLICY);
    let mut producer = broker.client();
    let body = "x".repeat(10 * 1024);
    let mut confirmed = 0;
    let error = loop {
        let receipt = producer.send_later("/queue/small", &body);
        let answer = producer.receive();
        if answer.command == "ERROR" {
            assert_eq!(answer.header("receipt-id"), receipt);
            break answer;
        }
        confirmed += 1;
        assert!(confirmed < 200, "never refused");
    };
    assert!(
        (80..=110).contains(&confirmed),
        "{confirmed} sends of 10 KiB"
    );
    assert!(format!("{error:?}").contains("small"), "{error:?}");
    // Room made by a consumer is used by the next send.
    let mut consumer = broker.client();
    consumer.subscribe("/queue/small", "0", "client-individual");
    for _ in 0..confirmed {
        let message = consumer.expect("MESSAGE");
        consumer.ack(&message);
    }
    broker.client().send("/queue/small", &body);
    broker.client().send("/queue/other", &body);
}
