//! Answers as people read them: a few lines, or a table.

use serde_json::Value;

#[cfg(test)]
mod tests;

/// The text without control characters, so that no name can move the cursor or hide a line.
pub(super) fn clean(text: &str) -> String {
    let mut all = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() && c != '\n' {
            all.extend(c.escape_default());
        } else {
            all.push(c);
        }
    }
    all
}

pub(super) fn status(status: &Value) -> String {
    let state = match status.get("ready").and_then(Value::as_bool) {
        Some(true) => "ready".to_owned(),
        _ => format!("not ready: {}", field(status, "reason")),
    };
    let mut lines = vec![format!(
        "broker {} (floodway {}), {state}, up {}",
        field(status, "name"),
        field(status, "version"),
        time(number(status, "uptimeMs"))
    )];
    let blocked = number(status, "blockedProducers");
    lines.push(match blocked {
        0 => "blocked   no producer".to_owned(),
        _ => format!(
            "blocked   {blocked} producers, the longest for {}; see floodway explain",
            time(number(status, "blockedMs"))
        ),
    });
    for name in ["memory", "store", "temp"] {
        if let Some(used) = status.get(name).filter(|used| used.is_object()) {
            lines.push(format!("{name:<9} {}", usage(used)));
        }
    }
    lines.push(format!(
        "there are {} queues, {} topics, {} connections, {} consumers",
        field(status, "queues"),
        field(status, "topics"),
        field(status, "connections"),
        field(status, "consumers")
    ));
    lines.push(format!(
        "messages  {} pending, {} delivered and not acknowledged",
        field(status, "pending"),
        field(status, "inFlight")
    ));
    lines.push(String::new());
    lines.join("\n")
}

pub(super) fn queues(rows: &Value) -> String {
    const HEAD: [&str; 7] = [
        "QUEUE",
        "PENDING",
        "IN FLIGHT",
        "CONSUMERS",
        "ENQUEUED",
        "DEQUEUED",
        "MEMORY",
    ];
    let row = |row: &Value| {
        let name = field(row, "destination");
        let name = name.strip_prefix("queue://").unwrap_or(&name);
        let total = |name| {
            row.get("totals")
                .map_or_else(String::new, |all| field(all, name))
        };
        let blocked = if number(row, "blocked") > 0 {
            " BLOCKED"
        } else {
            ""
        };
        let memory = row.get("memory").map_or_else(String::new, usage);
        vec![
            name.to_owned(),
            field(row, "pending"),
            field(row, "inFlight"),
            field(row, "consumers"),
            total("enqueued"),
            total("dequeued"),
            format!("{memory}{blocked}"),
        ]
    };
    table(&HEAD, rows, row)
}

pub(super) fn connections(rows: &Value) -> String {
    let row = |row: &Value| {
        ["clientId", "peer", "user", "protocol"]
            .iter()
            .map(|name| field(row, name))
            .collect()
    };
    table(&["CLIENT", "ADDRESS", "USER", "PROTOCOL"], rows, row)
}

/// Everything that can be set.
pub(super) fn settings(rows: &Value) -> String {
    let row = |row: &Value| {
        let all = ["name", "value", "kind"].iter();
        all.map(|name| field(row, name)).collect()
    };
    table(&["SETTING", "VALUE", "TAKES"], rows, row)
}

/// What was set.
pub(super) fn changed(answer: &Value) -> String {
    let rows = answer.get("changed").and_then(Value::as_array);
    let written = answer.get("persisted").filter(|written| !written.is_null());
    let until = if written.is_some() {
        ""
    } else {
        " until the next start"
    };
    let line = |row: &Value| {
        format!(
            "{}: {} is {} (it was {}){until}\n",
            field(answer, "target"),
            field(row, "name"),
            field(row, "value"),
            field(row, "before")
        )
    };
    let lines: String = rows.into_iter().flatten().map(line).collect();
    let Some(written) = written else {
        return lines;
    };
    format!(
        "{lines}{}:{}: {}; the file as it was is {}\n",
        field(written, "file"),
        field(written, "line"),
        field(written, "how"),
        field(written, "backup")
    )
}

pub(super) fn table(head: &[&str], rows: &Value, row: impl Fn(&Value) -> Vec<String>) -> String {
    let mut lines = vec![head.iter().map(ToString::to_string).collect::<Vec<_>>()];
    // Line feeds in names would break the table.
    let cells = |one: &Value| {
        row(one)
            .iter()
            .map(|cell| clean(&cell.replace('\n', "\\n")))
            .collect()
    };
    lines.extend(rows.as_array().into_iter().flatten().map(cells));
    let mut widths = vec![0; head.len()];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for line in &lines {
        let padded: Vec<_> = line
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        text.push_str(padded.join("  ").trim_end());
        text.push('\n');
    }
    text
}

fn usage(used: &Value) -> String {
    let (bytes, limit) = (number(used, "usedBytes"), number(used, "limitBytes"));
    let full = used.get("fullInMs").and_then(Value::as_u64);
    let full = full.map_or_else(String::new, |ms| {
        format!(", at the present rate full in {}", time(ms))
    });
    match used.get("percent").and_then(Value::as_u64) {
        Some(percent) => format!("{} of {} ({percent} %){full}", size(bytes), size(limit)),
        None => format!("{}, no limit", size(bytes)),
    }
}

pub(super) fn number(value: &Value, name: &str) -> u64 {
    value.get(name).and_then(Value::as_u64).unwrap_or_default()
}

pub(super) fn field(value: &Value, name: &str) -> String {
    match value.get(name) {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// Bytes in the units of the configuration, one digit after the point.
pub(super) fn size(bytes: u64) -> String {
    let tenths = |unit: u64| {
        let tenths = u128::from(bytes) * 10 / u128::from(unit);
        format!("{}.{}", tenths / 10, tenths % 10)
    };
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{} kb", tenths(1 << 10)),
        1_048_576..1_073_741_824 => format!("{} mb", tenths(1 << 20)),
        _ => format!("{} gb", tenths(1 << 30)),
    }
}

pub(super) fn time(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}
