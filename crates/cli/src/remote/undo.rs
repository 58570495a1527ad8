//! `undo`: what purges, deletions and removals can be undone, and undoing one.

use super::text::{clean, field, number, size, table, time};
use super::{Broker, RemoteError, encoded, pretty, shown};
use crate::{Remote, Undo};
use serde_json::{Value, json};

/// Lists what can be undone, or undoes it.
pub(super) fn undo(asked: &Undo) -> Result<String, RemoteError> {
    let broker = Broker::new(&asked.remote)?;
    match &asked.token {
        None => Ok(shown(&asked.remote, &broker.get("/api/undo")?, list)),
        Some(token) => {
            let path = format!("/api/undo/{}", encoded(token));
            let undone = broker.post(&path, &json!({}))?;
            Ok(shown(&asked.remote, &undone, |undone| {
                let (back, removed) = (number(undone, "putBack"), number(undone, "removed"));
                let to = clean(&place(undone));
                format!("{to}: {back} of {removed} messages put back\n")
            }))
        }
    }
}

/// Where it was.
fn place(row: &Value) -> String {
    let at = field(row, "destination");
    match row.get("what").and_then(Value::as_str) {
        Some("subscription") => {
            let (name, client) = (field(row, "subscription"), field(row, "clientId"));
            format!("{name} of {client} at {at}")
        }
        Some("jobs") => "scheduled messages".to_owned(),
        _ => at,
    }
}

fn list(rows: &Value) -> String {
    if rows.as_array().is_some_and(Vec::is_empty) {
        return "nothing was removed that could be undone\n".to_owned();
    }
    let head = [
        "TOKEN",
        "WHERE",
        "WAS",
        "REMOVED",
        "CAN BE PUT BACK",
        "SIZE",
        "FOR",
    ];
    table(&head, rows, |row| {
        let deleted = row.get("deleted").and_then(Value::as_bool) == Some(true);
        let is_jobs = row.get("what").and_then(Value::as_str) == Some("jobs");
        let was = match (deleted, is_jobs) {
            (true, _) => "deleted",
            (false, true) => "removed",
            (false, false) => "emptied",
        };
        vec![
            field(row, "token"),
            place(row),
            was.to_owned(),
            field(row, "removed"),
            field(row, "restorable"),
            size(number(row, "bytes")),
            time(number(row, "leftMs")),
        ]
    })
}

/// What a purge of a queue can be undone with; nothing from a broker that cannot.
pub(super) fn newest(remote: &Remote, address: &str) -> Option<Value> {
    let all = Broker::new(remote).ok()?.get("/api/undo").ok()?;
    let mut own = all.as_array()?.iter();
    let found = own.find(|one| field(one, "destination") == address);
    found.cloned()
}

/// How to undo, in one line.
pub(super) fn told(undo: &Value) -> String {
    match number(undo, "restorable") {
        0 => "they cannot be put back: they were in memory only\n".to_owned(),
        some => clean(&format!(
            "{some} of {} can be put back for {}: floodway undo {}\n",
            number(undo, "removed"),
            time(number(undo, "leftMs")),
            field(undo, "token")
        )),
    }
}

/// The same as JSON.
pub(super) fn purged(count: u64, undo: Option<&Value>) -> String {
    pretty(&json!({"removed": count, "undo": undo}))
}

#[cfg(test)]
mod tests;
