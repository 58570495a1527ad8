//! A wrong configuration is told with file, line and advice, by `start` and by `doctor`.

use floodway_tests::{Folder, broker_xml, run};

const WRONG: &str = "<systemUsage>\n<systemUsage>\n<memoryUsage>\n\
    <memoryUsage limit=\"64 apples\"/>\n</memoryUsage>\n</systemUsage>\n</systemUsage>";

#[test]
fn start_refuses_and_names_the_line() {
    let folder = Folder::new();
    let config = folder.write("activemq.xml", &broker_xml(WRONG));
    let ended = run(&["start", "--config", config.to_str().unwrap()], &folder);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.errors.contains("activemq.xml:6: "), "{ended:?}");
    assert!(ended.errors.contains("64 apples"), "{ended:?}");
    assert!(!folder.path().join("data").exists(), "data were touched");
}

#[test]
fn doctor_names_the_line_and_fails() {
    let folder = Folder::new();
    let config = folder.write("activemq.xml", &broker_xml(WRONG));
    let ended = run(&["doctor", config.to_str().unwrap()], &folder);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended.output.contains("activemq.xml:6: error: "),
        "{ended:?}"
    );
}

#[test]
fn doctor_reports_on_a_good_file_and_starts_nothing() {
    let folder = Folder::new();
    let good = "<transportConnectors>\n\
        <transportConnector name=\"amqp\" uri=\"amqp://0.0.0.0:5672\"/>\n\
        <transportConnector name=\"stomp\" uri=\"stomp://127.0.0.1:61613\"/>\n\
        </transportConnectors>";
    let config = folder.write("activemq.xml", &broker_xml(good));
    let ended = run(&["doctor", config.to_str().unwrap()], &folder);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(
        ended.output.contains("activemq.xml:4: warning: "),
        "{ended:?}"
    );
    assert!(ended.output.contains("127.0.0.1:61613"), "{ended:?}");
    assert!(!folder.path().join("data").exists(), "data were touched");
}

#[test]
fn doctor_tells_the_same_as_json() {
    let folder = Folder::new();
    let config = folder.write("activemq.xml", &broker_xml(WRONG));
    let config = config.to_str().unwrap();
    let ended = run(&["doctor", config, "--json"], &folder);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    for part in ["\"starts\": false", "\"line\": 6", "64 apples"] {
        assert!(ended.output.contains(part), "{part} {ended:?}");
    }
    folder.write("activemq.xml", &broker_xml(""));
    let ended = run(&["doctor", config, "--json"], &folder);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for part in [
        "\"starts\": true",
        "\"broker\": \"localhost\"",
        "\"policies\": [",
        "\"gates\": [",
    ] {
        assert!(ended.output.contains(part), "{part} {ended:?}");
    }
}
