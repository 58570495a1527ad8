//! The session in `docs/flow-control.md` happens as it is written there: the commands of its
//! console block are run one by one, and must print what follows them.
#![allow(
    clippy::unwrap_used,
    reason = "a failed expectation here is a failed test"
)]

use floodway_tests::{Broker, Client, Folder, broker_xml, run};

const PAGE: &str = include_str!("../../docs/flow-control.md");

/// Addresses and times are those of the run.
fn without_what_differs(text: &str) -> String {
    let words = text.split(' ').map(|word| {
        let (core, tail) = match word.find("127.0.0.1:") {
            Some(_) => ("(ADDRESS", word.trim_start_matches(|c: char| c != ')')),
            None => (word, ""),
        };
        let is_time = core.parse::<f64>().is_ok() && core.contains('.');
        let core = if is_time { "N" } else { core };
        format!("{core}{tail}")
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The commands of the page, each with the lines that it prints.
fn documented() -> Vec<(Vec<String>, String)> {
    let (_, block) = PAGE.split_once("```console\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    let commands = block.split("$ floodway ").filter(|part| !part.is_empty());
    commands
        .map(|part| {
            let (command, output) = part.split_once('\n').unwrap();
            let words = command.split(' ').map(str::to_owned).collect();
            (words, output.to_owned())
        })
        .collect()
}

fn policy() -> &'static str {
    let (_, block) = PAGE.split_once("```xml\n").unwrap();
    block.split_once("```").unwrap().0
}

fn client(broker: &Broker, id: &str) -> Client {
    let mut client = Client::connect(broker.address());
    client.write(&format!(
        "CONNECT\naccept-version:1.2\nhost:a\nclient-id:{id}\n\n\0"
    ));
    client.expect("CONNECTED");
    client
}

#[test]
fn page_on_flow_control_tells_what_happens() {
    let folder = Folder::new();
    let connectors = r#"<transportConnectors>
        <transportConnector name="stomp" uri="stomp://127.0.0.1:0"/></transportConnectors>"#;
    let policies = format!(
        "<destinationPolicy><policyMap><policyEntries>\n{}\
         </policyEntries></policyMap></destinationPolicy>{connectors}",
        policy()
    );
    let config = folder.write("activemq.xml", &broker_xml(&policies));
    let (config, data) = (config.display().to_string(), folder.path().join("data"));
    let data = data.display().to_string();
    let start = [
        "start",
        "--config",
        &config,
        "--data",
        &data,
        "--admin",
        "127.0.0.1:0",
    ];
    let mut broker = Broker::start_in(folder, &start);
    let mut packing = client(&broker, "packing");
    packing.confirm(
        "SUBSCRIBE\nid:1\ndestination:/queue/ORDERS\nack:client-individual\n\
         activemq.prefetchSize:10\n\n",
    );
    let mut shop = client(&broker, "shop");
    let body = "x".repeat(10 * 1024);
    let receipts: Vec<_> = (0..95)
        .map(|_| shop.send_later("/queue/ORDERS", &body))
        .collect();
    for _ in 0..10 {
        packing.expect("MESSAGE");
    }
    broker.await_line("is blocked");
    let url = format!("http://{}", broker.admin_address().unwrap());
    for (command, expected) in documented() {
        let mut line: Vec<&str> = command.iter().map(String::as_str).collect();
        line.extend(["--url", &url, "--data", &data]);
        let ended = run(&line, broker.folder());
        assert_eq!(
            without_what_differs(&ended.output),
            without_what_differs(&expected),
            "{command:?} {}",
            ended.errors
        );
    }
    while shop.expect("RECEIPT").header("receipt-id") != receipts.last().unwrap() {}
    broker.await_line("resumed after");
}
