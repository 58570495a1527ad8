use super::*;

fn note(line: u32, severity: Severity) -> Note {
    Note {
        severity,
        line,
        subject: format!("element{line}"),
        message: "is so".into(),
        advice: String::new(),
    }
}

#[test]
fn notes_are_sorted_and_accounts_follow_them() {
    let notes = vec![note(9, Severity::Info), note(2, Severity::Error)];
    let accounts = vec![Account {
        line: 9,
        name: "element9".into(),
        disposition: Disposition::Ignored,
        note: Some(0),
    }];
    let report = Report::new("a.xml", notes, accounts);
    assert_eq!(report.notes()[0].line, 2);
    assert_eq!(report.accounts()[0].note, Some(1));
    assert_eq!(
        report.to_string(),
        "a.xml:2: error: element2: is so\na.xml:9: info: element9: is so\n"
    );
    assert_eq!(report.errors_text(), "a.xml:2: error: element2: is so");
}

#[test]
fn advice_follows_the_message() {
    let mut found = note(1, Severity::Warning);
    found.advice = "write b".into();
    assert_eq!(found.to_string(), "1: warning: element1: is so; write b");
}
