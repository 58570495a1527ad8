//! Destination headers.

use super::*;

fn parsed(value: &str) -> Result<String, String> {
    parsed_with(value, Unprefixed::Refused)
}

fn parsed_with(value: &str, unprefixed: Unprefixed) -> Result<String, String> {
    let mut temporaries = Temporaries::new("ID:c".into(), 10, 100);
    let mut commands = Vec::new();
    let found = parse(value, unprefixed, &mut temporaries, &mut commands)
        .map_err(|error| error.to_string())?;
    let names: Vec<String> = found.iter().map(ToString::to_string).collect();
    Ok(names.join(" ") + &" created".repeat(commands.len()))
}

#[test]
fn prefixes_tell_what_a_destination_is() {
    for (value, expected) in [
        ("/queue/A.B", "queue://A.B"),
        ("/topic/A.>", "topic://A.>"),
        ("/remote-temp-queue/ID:x:1", "temp-queue://ID:x:1"),
        ("/remote-temp-topic/ID:x:1", "temp-topic://ID:x:1"),
        ("/temp-queue/replies", "temp-queue://ID:c:1 created"),
        ("/temp-topic/replies", "temp-topic://ID:c:1 created"),
        ("  /queue/a b  ", "queue://a b"),
        ("/queue/a?consumer.prefetchSize=1", "queue://a"),
        ("/queue//x", "queue:///x"),
        ("/queue/größe", "queue://größe"),
    ] {
        assert_eq!(parsed(value).as_deref(), Ok(expected), "{value}");
    }
}

#[test]
fn a_list_is_a_composite_without_repetitions() {
    for (value, expected) in [
        (
            "/queue/a,/topic/b, /queue/c",
            "queue://a topic://b queue://c",
        ),
        ("/queue/a,/queue/a", "queue://a"),
        ("/queue/a,", "queue://a"),
        ("/temp-queue/x,/temp-queue/x", "temp-queue://ID:c:1 created"),
    ] {
        assert_eq!(parsed(value).as_deref(), Ok(expected), "{value}");
    }
}

#[test]
fn a_name_without_prefix_is_a_queue_where_a_destination_is_required() {
    for (value, expected) in [
        ("foo", "queue://foo"),
        ("/foo/bar", "queue:///foo/bar"),
        ("queue/a", "queue://queue/a"),
        (" foo?x=y ", "queue://foo"),
        ("foo,/topic/b", "queue://foo topic://b"),
    ] {
        let found = parsed_with(value, Unprefixed::Queue);
        assert_eq!(found.as_deref(), Ok(expected), "{value}");
    }
    for value in ["", ",", " , ", "/queue/", "?a=b"] {
        assert!(parsed_with(value, Unprefixed::Queue).is_err(), "{value}");
    }
}

#[test]
fn anything_else_is_refused_with_the_prefixes() {
    for value in [
        "a",
        "queue/a",
        "/Queue/a",
        "/queue/a,b",
        "",
        ",",
        " , ",
        "/dsub/x",
    ] {
        let error = parsed(value).unwrap_err();
        assert!(
            error.contains("/queue/ /topic/ /temp-queue/ /temp-topic/"),
            "{value}: {error}"
        );
    }
    for value in ["/queue/", "/topic/ ", "/queue/?a=b", "/queue/a,/topic/"] {
        assert!(parsed(value).unwrap_err().contains("is empty"), "{value}");
    }
}

#[test]
fn a_name_has_a_limit() {
    let max = floodway_message::destination::NAME_BYTES_MAX;
    assert!(parsed(&format!("/queue/{}", "x".repeat(max))).is_ok());
    let error = parsed(&format!("/queue/{}", "x".repeat(max + 1))).unwrap_err();
    assert!(error.contains("at most 8192 are allowed"), "{error}");
    assert!(error.len() < 1000, "shown shortened: {error}");
}
