//! What a reload changes, as people read it.

use super::text::{field, number};
use serde_json::Value;

/// Most lines of one kind; the rest is counted.
const LINES_MAX: usize = 100;

/// What would change, or with `applied` what has changed.
pub(super) fn difference(found: &Value, keep_live: bool) -> String {
    let is_applied = found.get("applied").and_then(Value::as_bool) == Some(true);
    let entries = rows(found, "entries");
    let broker = rows(found, "broker");
    let live = rows(found, "setLive");
    let restart = rows(found, "restart");
    let mut text = String::new();
    for entry in entries.iter().take(LINES_MAX) {
        text.push_str(&heading(entry));
        for change in rows(entry, "changes") {
            text.push_str(&changed(change));
        }
    }
    more(&mut text, entries.len(), "entries");
    if !broker.is_empty() {
        text.push_str("broker\n");
        for change in broker {
            text.push_str(&changed(change));
        }
    }
    if !live.is_empty() {
        text.push_str("set while the broker ran, and not in the file\n");
        for one in live.iter().take(LINES_MAX) {
            for change in rows(one, "changes") {
                text.push_str(&format!(
                    "  {} {}\n",
                    field(one, "target"),
                    set_live(change)
                ));
            }
        }
        more(&mut text, live.len(), "destinations");
    }
    if !restart.is_empty() {
        text.push_str("needs a restart\n");
        for one in restart.iter().take(LINES_MAX) {
            text.push_str(&restarts(one));
        }
        more(&mut text, restart.len(), "differences");
    }
    for one in rows(found, "warnings") {
        text.push_str(one.as_str().unwrap_or_default());
        text.push('\n');
    }
    let makes = !(entries.is_empty() && broker.is_empty() && live.is_empty());
    text.push_str(&ending(found, (makes, is_applied), keep_live));
    text
}

fn ending(found: &Value, (makes, is_applied): (bool, bool), keep_live: bool) -> String {
    let file = field(found, "file");
    match (is_applied, makes) {
        (true, true) => format!("This was changed; the broker has {file}.\n"),
        (true, false) => format!("Nothing was to be changed; the broker has {file}.\n"),
        (false, false) => format!("Nothing of {file} is to be changed in the running broker.\n"),
        (false, true) => {
            let keep = if keep_live { " --keep-live" } else { "" };
            format!(
                "Nothing was changed yet. To change just this: floodway reload{keep} --apply {}\n",
                field(found, "token")
            )
        }
    }
}

fn rows<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    let rows = value.get(name).and_then(Value::as_array);
    rows.map_or(&[], Vec::as_slice)
}

fn heading(entry: &Value) -> String {
    let count = number(entry, "destinations");
    let exist = match count {
        1 => "1 destination".to_owned(),
        count => format!("{count} destinations"),
    };
    let what = field(entry, "what");
    match number(entry, "line") {
        0 if what == "removed" => format!(
            "{}: {what}; {exist} will have another entry\n",
            field(entry, "target")
        ),
        0 => format!("{}: {what}; {exist}\n", field(entry, "target")),
        line => format!(
            "{} (line {line}): {what}; {exist}\n",
            field(entry, "target")
        ),
    }
}

fn changed(change: &Value) -> String {
    let effect = match field(change, "effect").as_str() {
        "now" => String::new(),
        effect => format!("  ({effect} only, all others with a restart)"),
    };
    format!(
        "  {}: {} -> {}{effect}\n",
        field(change, "name"),
        field(change, "before"),
        field(change, "after")
    )
}

fn set_live(change: &Value) -> String {
    let (before, after) = (field(change, "before"), field(change, "after"));
    if before == after {
        return format!("{}: {before} is kept", field(change, "name"));
    }
    format!("{}: {before} -> {after}", field(change, "name"))
}

fn restarts(one: &Value) -> String {
    let (line, subject) = (number(one, "line"), field(one, "subject"));
    let value = |name: &str| one.get(name).and_then(Value::as_str);
    match (value("before"), value("after")) {
        (Some(before), Some(after)) => format!("  line {line}: {subject}: {before} -> {after}\n"),
        (None, Some("")) => format!("  line {line}: {subject}: new\n"),
        (None, Some(after)) => format!("  line {line}: {subject}: {after} is new\n"),
        (Some(""), None) => format!("  {subject}: gone\n"),
        (Some(before), None) => format!("  {subject}: {before} is gone\n"),
        (None, None) => String::new(),
    }
}

fn more(text: &mut String, count: usize, what: &str) {
    if let Some(rest) = count.checked_sub(LINES_MAX).filter(|rest| *rest > 0) {
        text.push_str(&format!("  and {rest} more {what}\n"));
    }
}
