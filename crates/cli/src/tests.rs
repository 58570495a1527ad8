//! Command lines as users and ActiveMQ's scripts write them.

use super::{Assignment, CommandLine, Location, Verb};
use clap::Parser;
use std::path::PathBuf;

#[track_caller]
fn start(arguments: &[&str]) -> super::Start {
    let line = ["floodway"].iter().chain(arguments);
    match CommandLine::try_parse_from(line).unwrap().verb {
        Some(Verb::Start(start)) => start,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn check_location(text: &str, path: &str, by_name: bool) {
    let expected = Location {
        path: path.into(),
        by_name,
    };
    assert_eq!(text.parse(), Ok(expected), "{text}");
}

#[test]
fn nothing_asked_means_start() {
    let line = CommandLine::try_parse_from(["floodway"]).unwrap();
    assert!(line.verb.is_none());
}

#[test]
fn start_takes_configuration_and_data() {
    let start = start(&["start", "--config", "a.xml", "--data", "/var/lib/floodway"]);
    assert_eq!(start.location().unwrap().path, PathBuf::from("a.xml"));
    assert_eq!(start.data, Some(PathBuf::from("/var/lib/floodway")));
}

#[test]
fn start_takes_a_configuration_as_scripts_of_activemq_give_it() {
    let start = start(&["console", "xbean:file:/etc/activemq/activemq.xml"]);
    let location = start.location().unwrap();
    assert_eq!(location.path, PathBuf::from("/etc/activemq/activemq.xml"));
}

#[test]
fn two_configurations_are_refused() {
    let line = ["floodway", "start", "--config", "a.xml", "xbean:b.xml"];
    assert!(CommandLine::try_parse_from(line).is_err());
}

#[test]
fn locations_are_understood_in_all_their_forms() {
    check_location("conf/activemq.xml", "conf/activemq.xml", false);
    check_location("file:conf/activemq.xml", "conf/activemq.xml", false);
    check_location("file:///etc/activemq.xml", "/etc/activemq.xml", false);
    check_location("xbean:activemq.xml", "activemq.xml", true);
    check_location("xbean:file:conf/a.xml", "conf/a.xml", false);
    check_location(
        "xbean:file:///etc/a.xml?validate=false",
        "/etc/a.xml",
        false,
    );
    check_location("odd?name.xml", "odd?name.xml", false);
}

#[test]
fn doctor_needs_a_file() {
    assert!(CommandLine::try_parse_from(["floodway", "doctor"]).is_err());
    let line = CommandLine::try_parse_from(["floodway", "doctor", "a.xml"]).unwrap();
    assert!(matches!(line.verb, Some(Verb::Doctor(_))));
}

#[test]
fn settings_are_given_as_names_and_values() {
    for (text, name, value) in [
        ("memoryLimit=0", "memoryLimit", "0"),
        (" memoryLimit = 1 GB ", "memoryLimit", "1 GB"),
        ("useCache=false", "useCache", "false"),
    ] {
        let found = text.parse::<Assignment>().unwrap();
        assert_eq!((&*found.name, &*found.value), (name, value), "{text}");
    }
    for text in ["", "2mb", "memoryLimit", "memoryLimit=", "=1"] {
        assert!(text.parse::<Assignment>().is_err(), "{text}");
    }
}

#[test]
fn remote_verbs_know_where_to_ask() {
    let line = [
        "floodway",
        "explain",
        "queue://X",
        "--url",
        "http://h:1",
        "--json",
    ];
    let Some(Verb::Explain(explain)) = CommandLine::try_parse_from(line).unwrap().verb else {
        panic!("not explain");
    };
    assert_eq!(explain.destination.as_deref(), Some("queue://X"));
    assert_eq!(explain.remote.url, "http://h:1");
    assert!(explain.remote.json);
    assert_eq!(explain.remote.data, PathBuf::from("data"));
}

#[test]
fn tasks_of_activemq_take_all_that_follows() {
    let line = [
        "floodway",
        "activemq",
        "query",
        "-QQueue=*",
        "--view",
        "QueueSize",
    ];
    match CommandLine::try_parse_from(line).unwrap().verb {
        Some(Verb::Activemq(asked)) => {
            assert_eq!(asked.task, ["query", "-QQueue=*", "--view", "QueueSize"]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn persist_needs_something_to_write() {
    let parse = |line: &[&str]| CommandLine::try_parse_from(line).map(|line| line.verb);
    assert!(parse(&["floodway", "set", "queue://A", "--persist"]).is_err());
    match parse(&[
        "floodway",
        "set",
        "queue://A",
        "memoryLimit=1mb",
        "--persist",
    ])
    .unwrap()
    {
        Some(Verb::Set(set)) => assert!(set.persist),
        other => panic!("{other:?}"),
    }
}

#[test]
fn completions_and_manual_name_every_verb() {
    let script = crate::paper::completions(clap_complete::Shell::Bash);
    let page = crate::paper::manual(None).unwrap();
    for verb in [
        "start", "doctor", "top", "browse", "receive", "move", "bench", "reload", "activemq",
        "undo",
    ] {
        assert!(script.contains(verb), "{verb}");
        assert!(page.contains(verb), "{verb}");
    }
}

#[test]
fn undo_lists_without_a_token() {
    let parse = |line: &[&str]| CommandLine::try_parse_from(line).unwrap().verb;
    for (line, expected) in [
        (&["floodway", "undo"][..], None),
        (&["floodway", "undo", "u1f"], Some("u1f")),
    ] {
        match parse(line) {
            Some(Verb::Undo(undo)) => assert_eq!(undo.token.as_deref(), expected),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn loads_have_bounds() {
    let parse = |line: &[&str]| {
        let line = ["floodway", "bench"].iter().chain(line);
        CommandLine::try_parse_from(line).map(|line| line.verb)
    };
    match parse(&[]).unwrap() {
        Some(Verb::Bench(bench)) => {
            assert_eq!((bench.producers, bench.consumers, bench.size), (1, 1, 1024));
            assert_eq!((bench.window, bench.rate), (None, None));
        }
        other => panic!("{other:?}"),
    }
    assert!(parse(&["--producers", "100", "--size", "1048576"]).is_ok());
    for line in [
        ["--producers", "0"],
        ["--producers", "101"],
        ["--consumers", "101"],
        ["--size", "1048577"],
        ["--window", "10001"],
        ["--rate", "0"],
        ["--seconds", "0"],
        ["--seconds", "3601"],
    ] {
        assert!(parse(&line).is_err(), "{line:?}");
    }
}
