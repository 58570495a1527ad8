use super::{ObjectName, glob};

#[track_caller]
fn check(pattern: &str, name: &str, expected: bool) {
    let matches = ObjectName::parse(pattern)
        .unwrap()
        .matches(&ObjectName::parse(name).unwrap());
    assert_eq!(matches, expected, "{pattern} {name}");
}

#[test]
fn pattern_matches_in_any_order_of_keys() {
    let name = "d:type=Broker,brokerName=lab,destinationType=Queue,destinationName=A.B";
    check("d:brokerName=lab,type=Broker,*", name, true);
    check("d:*", name, true);
    check("*:*", name, true);
    check("e:*", name, false);
    check("d:brokerName=*,type=Broker", name, false);
    check(
        "d:brokerName=*,type=Broker,destinationName=*,destinationType=Queue",
        name,
        true,
    );
    check("d:destinationName=A.?,*", name, true);
    check("d:destinationName=a.?,*", name, false);
    check("d:endpoint=*,*", name, false);
    check(name, name, true);
}

#[test]
fn names_have_a_canonical_and_a_registered_form() {
    let name = ObjectName::new(&[("type", "Broker"), ("brokerName", "a:b=*?'\",")]);
    assert_eq!(
        name.registered(),
        "org.apache.activemq:type=Broker,brokerName=a_b&amp;&ast;&qe;___"
    );
    assert_eq!(
        name.canonical(),
        "org.apache.activemq:brokerName=a_b&amp;&ast;&qe;___,type=Broker"
    );
    let parsed = ObjectName::parse("d:b=\"x,y\",a=1,*").unwrap();
    assert_eq!(parsed.canonical(), "d:a=1,b=\"x,y\",*");
}

#[test]
fn text_that_is_no_name_is_refused() {
    for text in [
        "",
        "not-a-name",
        "d:",
        "d:x",
        "d:=x",
        "d:a=1,a=2",
        "d:a=1,",
        "d:*,*",
    ] {
        assert!(ObjectName::parse(text).is_err(), "{text}");
    }
    assert!(ObjectName::parse(&format!("d:a={}", "x".repeat(40_000))).is_err());
    let keys: Vec<String> = (0..65).map(|key| format!("k{key}=")).collect();
    assert!(ObjectName::parse(&format!("d:{}", keys.join(","))).is_err());
    assert!(ObjectName::parse(&format!("d:{}", keys[..64].join(","))).is_ok());
}

#[test]
fn many_stars_cost_little() {
    let pattern = "*a".repeat(5_000) + "b";
    let text = "a".repeat(10_000);
    assert!(!glob(&pattern, &text));
    assert!(glob(&"*".repeat(10_000), &text));
    assert!(!glob("?", ""));
    assert!(glob("*", ""));
}
