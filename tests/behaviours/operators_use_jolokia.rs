//! Jolokia of a whole broker with its journal: what is removed or moved stays so after a restart,
//! however much of it was on disk alone; and the access file is obeyed.
#![allow(
    clippy::unwrap_used,
    reason = "a failed expectation here is a failed test"
)]

use floodway_tests::{Broker, Folder, broker_xml, http};

const ADMIN: &str = "Authorization: Basic YWRtaW46c2VjcmV0\r\n";
const JSON: &str = "Content-Type: application/json\r\n";
const QUEUE: &str = "org.apache.activemq:type=Broker,brokerName=localhost,destinationType=Queue,\
                     destinationName=";
/// What fits into the memory of a queue is a small part of it.
const MESSAGES: usize = 1_500;
const POLICY: &str = r#"<destinationPolicy><policyMap><policyEntries>
    <policyEntry queue="&gt;" memoryLimit="200 kb" maxPageSize="50"/>
</policyEntries></policyMap></destinationPolicy>"#;

struct Managed(Broker);

impl Managed {
    fn start(access: Option<&str>) -> Self {
        let folder = Folder::new();
        folder.write("jetty-realm.properties", "admin: secret, admin\n");
        if let Some(access) = access {
            folder.write("jolokia-access.xml", access);
        }
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
        Self(Broker::start_in(folder, &arguments))
    }

    /// A request by POST; what its answer has as value.
    fn value(&self, request: &str) -> String {
        let address = self.0.admin_address().unwrap();
        let answer = http(
            address,
            "POST /api/jolokia",
            &format!("{ADMIN}{JSON}"),
            request,
        );
        assert!(
            answer.body.contains(r#""status":200"#),
            "{request} {answer:?}"
        );
        let (_, value) = answer.body.split_once(r#""value":"#).unwrap();
        value.trim_end_matches('}').to_owned()
    }

    fn exec(&self, queue: &str, operation: &str, arguments: &str) -> String {
        self.value(&format!(
            r#"{{"type":"exec","mbean":"{QUEUE}{queue}","operation":"{operation}","arguments":[{arguments}]}}"#
        ))
    }

    fn size(&self, queue: &str) -> String {
        self.value(&format!(
            r#"{{"type":"read","mbean":"{QUEUE}{queue}","attribute":"QueueSize"}}"#
        ))
    }

    fn fill(&self, queue: &str) {
        let mut client = self.0.client();
        let body = "x".repeat(1000);
        for number in 0..MESSAGES {
            let color = if number % 3 == 0 { "red" } else { "blue" };
            client.write(&format!(
                "SEND\ndestination:/queue/{queue}\npersistent:true\ncolor:{color}\n\n{body}\0"
            ));
        }
        client.send(&format!("/queue/{queue}"), "last");
    }
}

#[test]
fn what_was_purged_or_moved_stays_so_after_a_restart() {
    let mut broker = Managed::start(None);
    for queue in ["purged", "moved"] {
        broker.fill(queue);
        assert_eq!(broker.size(queue), (MESSAGES + 1).to_string());
    }
    assert_eq!(broker.exec("purged", "purge()", ""), "null");
    let red = broker.exec(
        "moved",
        "moveMatchingMessagesTo(java.lang.String,java.lang.String)",
        r#""color = 'red'", "target""#,
    );
    assert_eq!(red, "500");
    let blue = broker.exec(
        "moved",
        "removeMatchingMessages(java.lang.String,int)",
        r#""color = 'blue'", 300"#,
    );
    assert_eq!(blue, "300");
    let sizes = [("purged", "0"), ("moved", "701"), ("target", "500")];
    for (queue, size) in sizes {
        assert_eq!(broker.size(queue), size, "{queue}");
    }
    broker.0.kill();
    broker.0.start_again();
    // A queue without messages is gone with the restart, or empty.
    for (queue, size) in sizes.into_iter().filter(|(_, size)| *size != "0") {
        assert_eq!(broker.size(queue), size, "{queue} after the restart");
    }
    let mut client = broker.0.client();
    client.subscribe("/queue/target", "1", "auto");
    for _ in 0..500 {
        assert_eq!(client.receive().header("color"), "red");
    }
    assert!(!client.has_more());
}

#[test]
fn access_file_beside_the_configuration_is_obeyed() {
    let broker = Managed::start(Some(
        "<restrict><commands><command>read</command></commands><dance/></restrict>",
    ));
    let address = broker.0.admin_address().unwrap();
    let ask = |request: &str| {
        let headers = format!("{ADMIN}Origin: http://localhost\r\n");
        http(
            address,
            &format!("GET /api/jolokia/{request}"),
            &headers,
            "",
        )
        .body
    };
    let name = "org.apache.activemq:type=Broker,brokerName=localhost";
    assert!(ask(&format!("read/{name}/BrokerName")).contains(r#""status":200"#));
    for request in ["list", "version", &format!("exec/{name}/addQueue/Q")] {
        assert!(ask(request).contains(r#""status":403"#), "{request}");
    }
    let log = broker.0.log().join("\n");
    assert!(log.contains("<dance> is not known"), "{log}");
}
