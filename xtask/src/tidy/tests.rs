//! Each rule finds what it is for, and only that.

use super::{Report, documents, edges, rules, source};
use std::path::Path;

#[track_caller]
fn check_rust(file: &str, text: &str, found: &[&str]) {
    let mut report = Report::default();
    rules::check_rust(Path::new(file), text, false, &mut report);
    expect(&report, found);
}

#[track_caller]
fn expect(report: &Report, found: &[&str]) {
    let texts: Vec<_> = report.findings.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), found.len(), "{texts:#?}");
    for (text, part) in texts.iter().zip(found) {
        assert!(text.contains(part), "{text} lacks {part}");
    }
}

#[test]
fn forbidden_edge_is_found_in_both_spellings() {
    let manifest = "[package]\nname = \"floodway-stomp\"\n\n[dependencies]\n\
        floodway-message.workspace = true\nfloodway-store = { workspace = true }\n\
        bytes.workspace = true\n\n[dev-dependencies.floodway-broker]\nworkspace = true\n";
    let mut report = Report::default();
    edges::check(Path::new("crates/stomp/Cargo.toml"), manifest, &mut report);
    expect(
        &report,
        &[
            "Cargo.toml:6: floodway-stomp must not depend on floodway-store",
            "Cargo.toml:9: floodway-stomp must not depend on floodway-broker",
        ],
    );
}

#[test]
fn package_outside_the_table_is_found() {
    let mut report = Report::default();
    let manifest = "[package]\nname = \"floodway-shared\"\n";
    edges::check(Path::new("crates/shared/Cargo.toml"), manifest, &mut report);
    expect(&report, &["floodway-shared is not in the table"]);
}

#[test]
fn clock_is_read_where_it_may_be() {
    let code = "//! Doc.\nfn f() {\n    // Instant::now is not read here\n    Instant::now();\n}\n";
    check_rust(
        "crates/broker/src/x.rs",
        code,
        &["x.rs:4: Instant::now: the clock"],
    );
    check_rust("crates/transport/src/x.rs", code, &[]);
    check_rust("bench/src/x.rs", code, &[]);
}

#[test]
fn files_are_opened_where_they_may_be() {
    let code = "//! Doc.\nuse std::fs::File;\n";
    check_rust("crates/store/src/journal.rs", code, &["only store::disk"]);
    check_rust("crates/store/src/disk.rs", code, &[]);
    check_rust("crates/store/src/disk/real.rs", code, &[]);
    check_rust("crates/config/src/load.rs", code, &[]);
}

#[test]
fn protocols_are_named_in_their_own_room() {
    let code = "//! STOMP.\n// stomp\nconst NAME: &str = \"stomp\";\n";
    check_rust("crates/broker/src/x.rs", code, &["x.rs:3: stomp named"]);
    check_rust("crates/stomp/src/x.rs", code, &[]);
    check_rust("crates/server/src/x.rs", code, &[]);
}

#[test]
fn core_does_not_wait() {
    let code = "//! Doc.\nasync fn wait() {}\n";
    check_rust("crates/store/src/x.rs", code, &["waiting and sockets"]);
    check_rust("crates/server/src/x.rs", code, &[]);
}

#[test]
fn sizes_are_checked_at_the_limit() {
    let lines = |count: usize| format!("//! Doc.\n{}", "\n".repeat(count - 1));
    check_rust("crates/broker/src/x.rs", &lines(1000), &[]);
    check_rust("crates/broker/src/x.rs", &lines(1001), &["1001 lines"]);
    check_rust("crates/broker/src/generated/x.rs", &lines(1001), &[]);
    let mut report = Report::default();
    rules::check_rust(Path::new("x.rs"), &lines(600), false, &mut report);
    assert!(report.warnings.is_empty());
    rules::check_rust(Path::new("x.rs"), &lines(601), false, &mut report);
    assert_eq!(report.warnings.len(), 1);
}

#[test]
fn names_and_headers_are_checked() {
    check_rust(
        "crates/broker/src/queue/mod.rs",
        "//! Doc.\n",
        &["no mod.rs"],
    );
    check_rust(
        "crates/broker/src/x.rs",
        "use std::fmt;\n",
        &["x.rs:1: starts without"],
    );
    let mut report = Report::default();
    rules::check_any(
        Path::new("crates/broker/src/queue_util.rs"),
        "",
        &mut report,
    );
    rules::check_any(Path::new("crates/broker/src/utility.rs"), "", &mut report);
    expect(&report, &["util says nothing"]);
}

#[test]
fn paths_of_one_machine_are_found() {
    let path = ["see /wo", "rk/shared and ${base}/ho", "me/x"].concat();
    let mut report = Report::default();
    rules::check_any(Path::new("docs/a.md"), &path, &mut report);
    expect(&report, &["exists on one machine only"]);
}

#[test]
fn comments_are_taken_out_and_texts_stay() {
    let source = "let a = \"// no\"; // yes\nlet b = '\"'; /* x /* y */ z */ let c = r#\"\"//\"#;\n\
        let d: &'static str = \"\\\"//\";\n";
    let expected = "let a = \"// no\"; \nlet b = '\"';  let c = r#\"\"//\"#;\n\
        let d: &'static str = \"\\\"//\";\n";
    assert_eq!(source::without_comments(source), expected);
}

#[test]
fn links_must_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = "[a](src/lib.rs#x) [b](https://example.org) [c](#who-may-do-what)\n\
        [d](src/nothing.rs)\n```\n[e](nowhere)\n# Not this\n```\n## Who may do `what`?\n\
        [f](#not-this) [g](../bench/README.md#scenarios) [h](../bench/README.md#nothing)\n";
    let mut report = Report::default();
    documents::check_links(root, Path::new("README.md"), text, &mut report);
    expect(
        &report,
        &[
            "README.md:2: the link to src/nothing.rs leads nowhere",
            "README.md:8: the link to #not-this leads nowhere",
            "README.md:8: the link to ../bench/README.md#nothing leads nowhere",
        ],
    );
}
