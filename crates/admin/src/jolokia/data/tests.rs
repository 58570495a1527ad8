use super::{Data, Limits};
use crate::jolokia::object_name::ObjectName;
use serde_json::{Value, json};

/// `[1, [2, [3, [4, [5, [6]]]]]]`.
fn nested() -> Data {
    let mut data = Data::List(vec![6.into()]);
    for number in (1..6).rev() {
        data = Data::List(vec![number.into(), data]);
    }
    data
}

#[track_caller]
fn check(data: Data, limits: Limits, expected: &Value) {
    assert_eq!(data.into_json(&limits).unwrap(), *expected);
}

/// The values of the three are what a Jolokia agent 1.7.1 gives.
#[test]
fn limits_cut_as_jolokia_does() {
    let depth = Limits {
        depth_max: 2,
        ..Limits::default()
    };
    check(nested(), depth, &json!([1, ["2", "[3, [4, [5, [6]]]]"]]));
    let objects = Limits {
        objects_max: 4,
        ..Limits::default()
    };
    let over = "[Object limit exceeded]";
    check(nested(), objects, &json!([1, [2, [over, over]]]));
    let collection = Limits {
        collection_max: 2,
        ..Limits::default()
    };
    check(vec![1, 2, 3].into(), collection, &json!([1, 2]));
}

#[test]
fn name_is_an_object_and_plain_text_below_the_depth() {
    let name = || Data::from(vec![ObjectName::parse("d:b=1,a=2").unwrap()]);
    check(
        name(),
        Limits::default(),
        &json!([{"objectName": "d:a=2,b=1"}]),
    );
    let registered = Limits {
        registered_names: true,
        ..Limits::default()
    };
    check(name(), registered, &json!([{"objectName": "d:b=1,a=2"}]));
    let depth = Limits {
        depth_max: 1,
        ..Limits::default()
    };
    check(name(), depth, &json!(["d:b=1,a=2"]));
}

#[test]
fn path_leads_into_maps_and_lists_and_nowhere_without_harm() {
    let data = || {
        Data::row([
            (
                "a",
                vec![Data::row([("x", 1.into())]), Data::row([("y", 2.into())])].into(),
            ),
            ("b", "text".into()),
        ])
    };
    let follow = |path: &[&str]| {
        let path: Vec<String> = path.iter().map(|&step| step.into()).collect();
        data().follow(&path).into_json(&Limits::default()).unwrap()
    };
    assert_eq!(follow(&["a", "0", "x"]), json!(1));
    assert_eq!(follow(&["a", "*", "y"]), json!([2]));
    assert_eq!(
        follow(&["*"]),
        json!({"a": [{"x": 1}, {"y": 2}], "b": "text"})
    );
    for nowhere in [
        &["c"][..],
        &["b", "c"],
        &["a", "7"],
        &["a", "-1"],
        &["a", "*", "z"],
        &["*", "*", "*", "*"],
    ] {
        assert_eq!(follow(nowhere), Value::Null, "{nowhere:?}");
    }
}

#[test]
fn what_is_no_number_is_null() {
    for value in [f64::NAN, f64::INFINITY] {
        check(value.into(), Limits::default(), &Value::Null);
    }
}
