use super::{emit, openwire, table};
use std::path::Path;

#[test]
fn checked_in_marshallers_are_those_of_the_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for (path, text) in openwire(root).unwrap() {
        let found = std::fs::read_to_string(root.join(&path)).unwrap_or_default();
        assert!(
            found == text,
            "{} is not what commands.txt gives: run `cargo run -p xtask -- codegen openwire`",
            path.display()
        );
    }
}

#[test]
fn wire_names_become_field_names() {
    for (wire, rust) in [
        ("brokerURL", "broker_url"),
        ("JMSXGroupFirstForConsumer", "jmsx_group_first_for_consumer"),
        ("messageTTL", "message_ttl"),
        ("userID", "user_id"),
        ("receivedByDFBridge", "received_by_df_bridge"),
        ("value", "value"),
    ] {
        assert_eq!(emit::snake(wire), rust);
    }
}

#[test]
fn a_mistake_in_the_table_names_its_line() {
    let error = table::parse("file a\nX 1\n  field colour\n").unwrap_err();
    assert_eq!(error.to_string(), "line 3:   field colour");
}
