//! The broker and its fullest destinations, again and again, with rates between two looks.

use super::text::{clean, field, number, status, table};
use super::{Broker, Print, RemoteError, encoded, pause, written};
use crate::Top;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::IsTerminal;
use std::time::Duration;

/// Rows that fit on a screen.
const ROWS: usize = 20;
/// Moves to the upper left corner and clears.
const CLEAR: &str = "\u{1b}[H\u{1b}[J";

/// Messages that came and went so far, and when they were counted: the broker's uptime.
type Counted = (u64, u64, u64);

/// Shows until it has been shown often enough, or the reader goes away.
pub(super) fn run(asked: &Top, print: Print<'_>) -> Result<(), RemoteError> {
    let broker = Broker::new(&asked.remote)?;
    let search = encoded(asked.search.as_deref().unwrap_or_default());
    let path = format!("/api/destinations?search={search}&sort=-pending&size={ROWS}");
    let mut before: HashMap<String, Counted> = HashMap::new();
    let mut looks = 0;
    loop {
        let state = broker.get("/api/status")?;
        let mut found = broker.get(&path)?;
        let rows = rated(&mut found, number(&state, "uptimeMs"), &mut before);
        if asked.remote.json {
            written(
                print,
                &format!("{}\n", json!({"status": state, "rows": rows})),
            )?;
        } else {
            let clear = if std::io::stdout().is_terminal() {
                CLEAR
            } else {
                ""
            };
            let page = clean(&format!("{}\n{}", status(&state), destinations(&rows)));
            written(print, &format!("{clear}{page}\n"))?;
        }
        looks += 1;
        if asked.looks.is_some_and(|most| looks >= most) {
            return Ok(());
        }
        pause(Duration::from_secs(asked.every));
    }
}

/// The rows with `inRate` and `outRate`, messages a second since the last look.
fn rated(found: &mut Value, now_ms: u64, before: &mut HashMap<String, Counted>) -> Value {
    let mut rows = found.get_mut("rows").map(Value::take).unwrap_or_default();
    for row in rows.as_array_mut().into_iter().flatten() {
        let totals = row.get("totals").cloned().unwrap_or_default();
        let (came, went) = (number(&totals, "enqueued"), number(&totals, "dequeued"));
        let last = before.insert(field(row, "destination"), (came, went, now_ms));
        let Some((last_came, last_went, then_ms)) = last else {
            continue;
        };
        let seconds = now_ms.saturating_sub(then_ms).max(1) as f64 / 1000.0;
        let rate = |more: u64| (more as f64 / seconds).round();
        if let Value::Object(fields) = row {
            fields.insert("inRate".into(), rate(came.saturating_sub(last_came)).into());
            fields.insert(
                "outRate".into(),
                rate(went.saturating_sub(last_went)).into(),
            );
        }
    }
    rows
}

fn destinations(rows: &Value) -> String {
    const HEAD: [&str; 7] = [
        "DESTINATION",
        "PENDING",
        "IN FLIGHT",
        "CONSUMERS",
        "IN/S",
        "OUT/S",
        "",
    ];
    let rate = |row: &Value, name: &str| match row.get(name).and_then(Value::as_f64) {
        Some(rate) => format!("{rate:.0}"),
        None => "-".to_owned(),
    };
    table(&HEAD, rows, |row| {
        let is_blocked = number(row, "blocked") > 0;
        vec![
            field(row, "destination"),
            field(row, "pending"),
            field(row, "inFlight"),
            field(row, "consumers"),
            rate(row, "inRate"),
            rate(row, "outRate"),
            if is_blocked { "BLOCKED" } else { "" }.to_owned(),
        ]
    })
}
