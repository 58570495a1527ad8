use std::path::Path;

use proptest::prelude::*;

use super::*;

fn pairs(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    entries
        .iter()
        .map(|&(name, value)| (name.into(), value.into()))
        .collect()
}

fn environment(entries: &[(&str, &str)]) -> Environment {
    Environment::fixed(Path::new("/"), 1 << 30, pairs(entries))
}

fn check(text: &str, expected: &str) {
    let environment = environment(&[
        ("HOSTNAME", "box"),
        ("AMQ_DB_URL", "jdbc:x"),
        ("both", "environment"),
    ]);
    let system = pairs(&[
        ("activemq.data", "/data"),
        ("both", "system"),
        ("third", "system"),
    ]);
    let mut placeholders = Placeholders::new(&environment, system);
    placeholders.add_file(pairs(&[
        ("port", "61613"),
        ("third", "file"),
        ("a:b", "colon"),
    ]));
    placeholders.add_file(pairs(&[
        ("port", "61614"),
        ("uri", "stomp://${host:h}:${port}"),
    ]));
    let expanded = placeholders
        .expand(text)
        .unwrap_or_else(|error| format!("error: {error}"));
    assert!(
        expanded == expected || (!expected.is_empty() && expanded.starts_with(expected)),
        "{text}: {expanded}"
    );
}

#[test]
fn names_are_found_in_files_then_system_then_environment() {
    check("${third} ${both} ${HOSTNAME}", "file system box");
    check("${env.HOSTNAME}", "box");
    check("${amq.db.url}", "jdbc:x");
}

#[test]
fn later_files_hide_earlier_ones() {
    check("${port}", "61614");
}

#[test]
fn defaults_may_hold_blanks_and_colons() {
    check("${x:64 mb}", "64 mb");
    check("${x:tcp://h:1}", "tcp://h:1");
    check("${x:}", "");
    check("${x:${port}}", "61614");
}

#[test]
fn a_whole_name_with_a_colon_comes_before_a_default() {
    check("${a:b}", "colon");
}

#[test]
fn values_and_names_may_hold_placeholders() {
    check("${uri}?x=${po${nothing:r}t}", "stomp://h:61614?x=61614");
}

#[test]
fn text_around_is_kept() {
    check(
        "file:${activemq.data}/kahadb $ { } #",
        "file:/data/kahadb $ { } #",
    );
}

#[test]
fn expressions_for_environment_and_properties_are_understood() {
    check("#{systemEnvironment['HOSTNAME']}:1", "box:1");
    check("#{ systemProperties[\"activemq.data\"] }", "/data");
    check(
        "#{T(java.lang.Math).random()}",
        "error: \"#{T(java.lang.Math)",
    );
}

#[test]
fn undefined_names_say_what_to_define() {
    check(
        "${amq.port}",
        "error: \"${amq.port}\" is not defined; set AMQ_PORT",
    );
    check("${open", "error: \"${open\" begins a placeholder");
}

#[test]
fn circles_and_bombs_end() {
    let environment = environment(&[]);
    let mut placeholders = Placeholders::new(&environment, BTreeMap::new());
    placeholders.add_file(pairs(&[("a", "${b}"), ("b", "x${a}")]));
    let mut bomb = pairs(&[("n0", "")]);
    for level in 1..20 {
        bomb.insert(
            format!("n{level}"),
            format!("${{n{}}}", level - 1).repeat(100),
        );
    }
    bomb.insert("long".into(), "x".repeat(EXPANDED_BYTES_MAX));
    placeholders.add_file(bomb);
    assert_eq!(
        placeholders.expand("${a}"),
        Err(PlaceholderError::Circular { name: "a".into() })
    );
    assert_eq!(placeholders.expand("${n8}"), Err(PlaceholderError::TooLong));
    assert_eq!(
        placeholders.expand("${n19}"),
        Err(PlaceholderError::TooDeep)
    );
    assert_eq!(
        placeholders.expand(&"${".repeat(100)),
        Err(PlaceholderError::Unclosed {
            text: format!("{}…", "${".repeat(30))
        })
    );
    let nested = format!("{}{}", "${".repeat(40), "}".repeat(40));
    assert_eq!(placeholders.expand(&nested), Err(PlaceholderError::TooDeep));
    assert!(placeholders.expand("${long}").is_ok());
    assert_eq!(
        placeholders.expand("${long}x"),
        Err(PlaceholderError::TooLong)
    );
}

#[test]
fn launcher_options_are_system_properties() {
    assert_eq!(
        system_options("-Xmx1G -Da.b=c  -De='f g' -Dflag -- D"),
        vec![
            ("a.b".into(), "c".into()),
            ("e".into(), "f g".into()),
            ("flag".into(), String::new())
        ]
    );
}

proptest! {
    #[test]
    fn any_text_ends(text in "(?s)([$#]\\{|\\}|a|:|.){0,60}") {
        let environment = environment(&[("a", "${a:a}${b}"), ("b", "${a}")]);
        let placeholders = Placeholders::new(&environment, BTreeMap::new());
        let _result = placeholders.expand(&text);
    }
}
