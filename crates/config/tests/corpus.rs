//! Reads configuration files that users of ActiveMQ 4 to 6 wrote.
//!
//! Goal: no crash, every element and attribute accounted for, every account that is not "used"
//! explained by a note on its own line or on that of an element around it. Method: the files of
//! the reference folder beside the repository are parsed a second time here, on their own, and
//! compared with the account in the report. The share that starts a broker is printed.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use floodway_config::{
    ConfigError, Disposition, Environment, Options, Report, Severity, Source, doctor, load,
};

fn corpus() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/activemq-xml");
    folder.is_dir().then_some(folder)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "xml"))
        .collect();
    files.sort();
    files
}

/// The lines on which a note about this node may stand.
fn lines_of(node: roxmltree::Node<'_, '_>) -> Vec<u32> {
    let line = |node: roxmltree::Node<'_, '_>| node.document().text_pos_at(node.range().start).row;
    node.ancestors()
        .filter(roxmltree::Node::is_element)
        .map(line)
        .collect()
}

fn check_accounts(name: &str, text: &str, report: &Report) -> BTreeMap<Disposition, usize> {
    let document = roxmltree::Document::parse(text).unwrap();
    let mut counts = BTreeMap::new();
    let mut accounts = report.accounts().iter();
    let mut check = |expected: String, own_line: u32, lines: &[u32]| {
        let account = accounts
            .next()
            .unwrap_or_else(|| panic!("{name}: no account of {expected}"));
        assert_eq!(account.name, expected, "{name}");
        assert_eq!(account.line, own_line, "{name}: {expected}");
        *counts.entry(account.disposition).or_default() += 1;
        if account.disposition != Disposition::Used {
            let note = account.note.and_then(|note| report.notes().get(note));
            let note = note.unwrap_or_else(|| panic!("{name}: nothing told of {expected}"));
            assert!(
                note.line == own_line || lines.contains(&note.line),
                "{name}: {expected} on line {own_line} is told by {note}"
            );
        }
    };
    for node in document.descendants().filter(roxmltree::Node::is_element) {
        let lines = lines_of(node);
        let element = node.tag_name().name();
        check(element.into(), lines[0], &lines);
        for attribute in node.attributes() {
            let line = document.text_pos_at(attribute.range().start).row;
            check(format!("{element}@{}", attribute.name()), line, &lines);
        }
    }
    assert_eq!(
        accounts.next(),
        None,
        "{name}: more accounts than elements and attributes"
    );
    counts
}

#[test]
fn every_file_of_the_corpus_is_read_and_accounted_for() {
    let Some(folder) = corpus() else {
        println!("skipped: the folder ../shared/corpus/activemq-xml is not there");
        return;
    };
    let options = Options {
        data_directory: None,
        admin: None,
        environment: Environment::fixed(&folder, 16 << 30, []),
    };
    let files = files(&folder);
    assert!(files.len() > 100, "{}", files.len());
    let (mut started, mut reachable) = (0, 0);
    let mut totals: BTreeMap<Disposition, usize> = BTreeMap::new();
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for path in &files {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(path).unwrap();
        let result = load(&Source::File(path.clone()), &options);
        let report = match &result {
            Ok(loaded) => {
                started += 1;
                reachable += usize::from(!loaded.settings.connectors.is_empty());
                Some(&loaded.report)
            }
            Err(error) => {
                assert!(error.to_string().contains(&name), "{error}");
                count_reasons(error, &mut reasons);
                error.report()
            }
        };
        if let Some(report) = report {
            for (disposition, count) in check_accounts(&name, &text, report) {
                *totals.entry(disposition).or_default() += count;
            }
        }
    }
    println!(
        "{started} of {} files start a broker ({} %), {reachable} of them with a connector that is \
         built; elements and attributes: {totals:?}",
        files.len(),
        started * 100 / files.len()
    );
    for (reason, count) in reasons {
        println!("{count:4} {reason}");
    }
    assert!(
        started * 2 > files.len(),
        "fewer than half of the files start a broker"
    );
}

#[test]
fn doctor_has_a_page_for_every_file_of_the_corpus() {
    let Some(folder) = corpus() else {
        println!("skipped: the folder ../shared/corpus/activemq-xml is not there");
        return;
    };
    let options = Options {
        data_directory: None,
        admin: None,
        environment: Environment::fixed(&folder, 16 << 30, []),
    };
    for path in files(&folder) {
        let source = Source::File(path.clone());
        let diagnosis = doctor(&source, &options);
        let text = diagnosis.to_string();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let Ok(loaded) = load(&source, &options) else {
            assert!(diagnosis.errors_count() > 0, "{name}: {text}");
            assert!(
                text.ends_with("does not start with this file.\n"),
                "{name}: {text}"
            );
            continue;
        };
        assert_eq!(diagnosis.errors_count(), 0, "{name}: {text}");
        // A row for each entry and one for all others, in both tables.
        let broker = &loaded.settings.broker;
        let rows = |name: &str| text.lines().filter(|line| line.starts_with(name)).count();
        assert_eq!(rows("all others "), 2, "{name}: {text}");
        for entry in &broker.policies {
            let pattern = format!("{}{} ", entry.kind.scheme(), entry.pattern);
            assert!(rows(&pattern) >= 2, "{name}: {pattern} in {text}");
        }
        assert!(text.contains("16 gb of memory"), "{name}: {text}");
    }
}

/// Counts why a file does not start, once per reason and file.
fn count_reasons(error: &ConfigError, reasons: &mut BTreeMap<String, usize>) {
    let told: Vec<String> = match error.report() {
        Some(report) => report
            .notes()
            .iter()
            .filter(|note| note.severity == Severity::Error)
            .map(|note| {
                // Quoted parts differ from file to file.
                let plain: Vec<_> = note.message.split('"').step_by(2).collect();
                let message = plain.join("…");
                let message = message.split(": ").next().unwrap_or_default();
                format!("{}: {message}", note.subject)
            })
            .collect(),
        None => vec![
            error
                .to_string()
                .split(": ")
                .skip(2)
                .collect::<Vec<_>>()
                .join(": "),
        ],
    };
    let mut told = told;
    told.sort();
    told.dedup();
    for reason in told {
        *reasons.entry(reason).or_default() += 1;
    }
}
