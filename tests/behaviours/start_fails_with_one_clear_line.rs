//! What keeps a broker from starting is told in one line, with an exit code, and nothing is hurt.

use floodway_tests::{Broker, Ended, Folder, broker_xml, run};
use std::net::TcpListener;

#[track_caller]
fn check_one_line(ended: &Ended, parts: &[&str]) {
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let lines: Vec<_> = ended
        .errors
        .lines()
        .filter(|line| line.starts_with("floodway: "))
        .collect();
    let [line] = lines.as_slice() else {
        unreachable!("not one line: {ended:?}");
    };
    for part in parts {
        assert!(line.contains(part), "{part} is not in {line}");
    }
    assert!(!ended.errors.contains("panicked"), "{ended:?}");
}

fn xml(port: u16) -> String {
    broker_xml(&format!(
        "<transportConnectors>\n\
         <transportConnector name=\"stomp\" uri=\"stomp://127.0.0.1:{port}\"/>\n\
         </transportConnectors>"
    ))
}

#[test]
fn port_taken_is_one_clear_line() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port();
    let folder = Folder::new();
    let config = folder.write("activemq.xml", &xml(port));
    let ended = run(&["start", "--config", config.to_str().unwrap()], &folder);
    check_one_line(&ended, &[&format!("127.0.0.1:{port} is in use"), "line 4"]);
    assert!(!folder.path().join("data").exists(), "data were touched");
}

#[test]
fn data_directory_locked_is_one_clear_line_and_harms_neither() {
    let mut broker = Broker::start("");
    broker.client().send("/queue/q", "safe");
    let ended = broker.run_twin();
    check_one_line(&ended, &["locked by another broker"]);
    broker.client().send("/queue/q", "still served");
    broker.stop();
    broker.start_again();
    let mut consumer = broker.client();
    consumer.subscribe("/queue/q", "0", "auto");
    assert_eq!(consumer.body(), "safe");
    assert_eq!(consumer.body(), "still served");
}

#[test]
fn data_directory_that_cannot_be_made_is_one_clear_line() {
    let folder = Folder::new();
    let config = folder.write("activemq.xml", &xml(0));
    let file = folder.write("file", "no directory");
    let data = file.join("data");
    let config = config.to_str().unwrap();
    let ended = run(
        &[
            "start",
            "--config",
            config,
            "--data",
            data.to_str().unwrap(),
        ],
        &folder,
    );
    check_one_line(&ended, &["file/data"]);
}

#[test]
fn missing_configuration_is_one_clear_line() {
    let folder = Folder::new();
    let ended = run(&["start", "--config", "no/such.xml"], &folder);
    check_one_line(&ended, &["no/such.xml"]);
}

#[test]
fn configuration_in_conf_is_found_by_its_name_as_activemq_finds_it() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path().join("conf")).unwrap();
    folder.write("conf/broken.xml", "<beans>");
    let ended = run(&["start", "xbean:broken.xml"], &folder);
    check_one_line(&ended, &["conf/broken.xml:1"]);
}
