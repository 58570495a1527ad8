use super::{Command, Options, Request, Wanted, split};
use serde_json::{Value, json};

fn of_path(path: &str) -> Request {
    Request::of_path(path, Options::default()).unwrap()
}

fn of_json(json: &Value) -> Result<Request, super::Fault> {
    Request::of_json(json.as_object().unwrap(), Options::default())
}

#[test]
fn path_is_split_and_its_escapes_taken() {
    let check = |path: &str, expected: &[&str]| assert_eq!(split(path).unwrap(), expected);
    check("", &[]);
    check("/", &[]);
    check("/read/a", &["read", "a"]);
    check("/read/a/", &["read", "a"]);
    check("//version", &["", "version"]);
    check("/a!/b/c!!d/!\"!x/e!", &["a/b", "c!d", "\"x", "e!"]);
    assert!(split(&"/x".repeat(1001)).is_err());
}

#[test]
fn get_gives_each_command_its_parts() {
    let read = of_path("/read/d:a=1/X,Y/p/q");
    assert_eq!(read.attributes, Wanted::Many(vec!["X".into(), "Y".into()]));
    assert_eq!(read.path, ["p", "q"]);
    assert_eq!(of_path("/READ/d:a=1").attributes, Wanted::All);
    let write = of_path("/write/d:a=1/X/[null]");
    assert_eq!((write.command, write.value), (Command::Write, Value::Null));
    let exec = of_path("/exec/d:a=1/op(int)/5/\"\"/x!/y");
    assert_eq!(exec.operation.as_deref(), Some("op(int)"));
    assert_eq!(exec.arguments, [json!("5"), json!(""), json!("x/y")]);
    assert_eq!(of_path("").command, Command::Version);
    assert_eq!(
        of_path("/list/d/a=1!/2").echo(),
        json!({"type": "list", "path": "d/a=1!/2"})
    );
}

#[test]
fn get_that_is_no_request_is_refused() {
    for path in [
        "//version",
        "/frobnicate",
        "/read",
        "/write/d:a=1/X",
        "/exec/d:a=1",
        "/read/x",
    ] {
        let fault = Request::of_path(path, Options::default()).unwrap_err();
        assert_eq!(
            (fault.class, fault.status),
            ("java.lang.IllegalArgumentException", 400)
        );
    }
}

#[test]
fn post_that_is_no_request_is_refused() {
    for json in [
        json!({}),
        json!({"type": 1}),
        json!({"type": "notification"}),
        json!({"type": "read"}),
        json!({"type": "read", "mbean": 1}),
        json!({"type": "read", "mbean": "d:a=1", "attribute": [1]}),
        json!({"type": "read", "mbean": "d:a=1", "attribute": {}}),
        json!({"type": "exec", "mbean": "d:a=1", "operation": "x", "arguments": "y"}),
        json!({"type": "write", "mbean": "d:a=1", "value": 1}),
    ] {
        assert!(of_json(&json).is_err(), "{json}");
    }
}

#[test]
fn options_of_a_request_come_before_those_of_the_query() {
    let query = [
        ("maxDepth".to_owned(), "7".to_owned()),
        ("foo".into(), "bar".into()),
    ];
    let options = Options::of_query(&query);
    let json = json!({"type": "version", "config": {"maxDepth": "2", "maxObjects": 3,
        "ignoreErrors": true, "canonicalNaming": "false", "x": []}});
    let request = Request::of_json(json.as_object().unwrap(), options).unwrap();
    let limits = request.options.limits;
    assert_eq!((limits.depth_max, limits.objects_max), (2, 3));
    assert!(request.options.ignores_errors && limits.registered_names);
}
