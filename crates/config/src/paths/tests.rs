use super::*;

fn environment(variables: &[(&str, &str)]) -> Environment {
    let variables = variables
        .iter()
        .map(|&(name, value)| (name.into(), value.into()));
    Environment::fixed(Path::new("/srv/amq"), 1 << 30, variables)
}

fn check(file: Option<&str>, variables: &[(&str, &str)], expected: [&str; 4]) {
    let environment = environment(variables);
    let paths = Paths::new(file.map(Path::new), None, &environment);
    let properties = paths.system_properties(&environment);
    let found = ["base", "conf", "data", "home"]
        .map(|name| properties[&format!("activemq.{name}")].as_str());
    assert_eq!(found, expected);
}

#[test]
fn folders_follow_the_place_of_the_file() {
    check(
        Some("/opt/amq/conf/activemq.xml"),
        &[],
        ["/opt/amq", "/opt/amq/conf", "/opt/amq/data", "/opt/amq"],
    );
    check(
        Some("conf/activemq.xml"),
        &[],
        ["/srv/amq", "/srv/amq/conf", "/srv/amq/data", "/srv/amq"],
    );
    check(
        Some("my.xml"),
        &[],
        ["/srv/amq", "/srv/amq", "/srv/amq/data", "/srv/amq"],
    );
    check(
        None,
        &[],
        ["/srv/amq", "/srv/amq/conf", "/srv/amq/data", "/srv/amq"],
    );
}

#[test]
fn the_launchers_variables_come_first() {
    check(
        Some("/etc/amq/activemq.xml"),
        &[
            ("ACTIVEMQ_BASE", "/var/lib/amq"),
            ("ACTIVEMQ_DATA", "/data"),
            ("ACTIVEMQ_HOME", "home"),
        ],
        ["/var/lib/amq", "/etc/amq", "/data", "/srv/amq/home"],
    );
    check(
        Some("/etc/amq/activemq.xml"),
        &[("ACTIVEMQ_OPTS", "-Dactivemq.data=/elsewhere")],
        ["/etc/amq", "/etc/amq", "/elsewhere", "/etc/amq"],
    );
}

#[test]
fn the_command_lines_data_directory_comes_before_all() {
    let environment = environment(&[
        ("ACTIVEMQ_DATA", "/data"),
        ("ACTIVEMQ_OPTS", "-Dactivemq.data=/elsewhere"),
    ]);
    let paths = Paths::new(None, Some(Path::new("mine")), &environment);
    assert_eq!(
        paths.system_properties(&environment)["activemq.data"],
        "/srv/amq/mine"
    );
    assert_eq!(paths.data(), Path::new("/srv/amq/mine"));
}

#[test]
fn paths_of_the_file_begin_at_the_base() {
    let paths = Paths::new(
        Some(Path::new("/opt/amq/conf/a.xml")),
        None,
        &environment(&[]),
    );
    for (text, expected) in [
        ("data/kahadb", "/opt/amq/data/kahadb"),
        ("./x//y/", "/opt/amq/x/y"),
        ("/abs", "/abs"),
        ("file:/abs", "/abs"),
        ("file:///abs", "/abs"),
        ("file:rel", "/opt/amq/rel"),
        (
            "classpath:credentials.properties",
            "/opt/amq/conf/credentials.properties",
        ),
    ] {
        assert_eq!(paths.resolve_resource(text), Path::new(expected), "{text}");
    }
}
