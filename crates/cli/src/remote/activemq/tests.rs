use super::options::Given;
use super::{bean, whole_name};
use serde_json::json;

fn given(line: &str) -> Given {
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    Given::parse(&words).unwrap()
}

#[test]
fn options_are_taken_as_the_script_takes_them() {
    let given = given(
        "--jmxuser admin -QQueue=A.* -xQQueue=A.B -QBroker --view QueueSize,Name -Vheader,body \
         --msgsel JMSPriority>3 --persistent=false --reset A B",
    );
    assert_eq!(given.one("jmxuser"), Some("admin"));
    assert_eq!(
        given.queries,
        [
            ("Queue".to_owned(), "A.*".to_owned()),
            ("Broker".to_owned(), "*".to_owned())
        ]
    );
    assert_eq!(given.left_out, [("Queue".to_owned(), "A.B".to_owned())]);
    assert_eq!(given.views, ["header", "body"]);
    assert_eq!(given.one("persistent"), Some("false"));
    assert!(given.flag("reset"));
    assert_eq!(given.rest, ["A", "B"]);
}

#[test]
fn what_is_not_understood_is_refused() {
    for line in ["--view", "-z", "A -Z"] {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        assert!(Given::parse(&words).is_err(), "{line}");
    }
    let given = given("--messageCount many");
    assert!(given.number("messageCount").is_err());
}

#[test]
fn mbean_is_its_name_and_its_attributes() {
    let found = json!({"QueueSize": 3, "Name": "A"});
    let name = "org.apache.activemq:type=Broker,destinationName=A";
    let all = bean(name, &found, &[]);
    for line in [
        "type = Broker\n",
        "destinationName = A\n",
        "QueueSize = 3\n",
    ] {
        assert!(all.contains(line), "{all}");
    }
    assert_eq!(bean(name, &found, &["QueueSize"]), "QueueSize = 3\n");
}

#[test]
fn object_names_need_neither_a_domain_nor_all_keys() {
    for (given, whole) in [
        ("type=Broker", "org.apache.activemq:type=Broker,*"),
        (
            "type=*,brokerName=a:1",
            "org.apache.activemq:type=*,brokerName=a:1,*",
        ),
        ("type=Broker,*", "org.apache.activemq:type=Broker,*"),
        ("java.lang:type=Memory", "java.lang:type=Memory"),
        (
            "org.apache.activemq:type=Broker,*",
            "org.apache.activemq:type=Broker,*",
        ),
    ] {
        assert_eq!(whole_name(given), whole);
    }
}
