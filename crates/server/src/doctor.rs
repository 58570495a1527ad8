//! `floodway doctor`: the report on a configuration, without starting anything.

use crate::{configuration, print};
use anyhow::Result;
use floodway_cli::Doctor;
use floodway_config::{Diagnosis, Table};
use serde_json::{Map, Value, json};

pub(crate) fn run(arguments: &Doctor) -> Result<u8> {
    let source = configuration::source(Some(&arguments.config));
    let options = configuration::options(arguments.data.as_ref(), None)?;
    let diagnosis = floodway_config::doctor(&source, &options);
    if arguments.json {
        print(&format!("{:#}\n", as_json(&diagnosis)))?;
    } else {
        print(&diagnosis.to_string())?;
    }
    Ok(u8::from(diagnosis.errors_count() > 0))
}

/// The same in parts; `text` is what people read.
fn as_json(diagnosis: &Diagnosis) -> Value {
    let notes = diagnosis.notes().iter().map(|note| {
        json!({
            "severity": note.severity.to_string(), "line": note.line, "subject": note.subject,
            "message": note.message, "advice": note.advice,
        })
    });
    let mut all = json!({
        "starts": diagnosis.errors_count() == 0,
        "errors": diagnosis.errors_count(),
        "warnings": diagnosis.warnings_count(),
        "notes": notes.collect::<Vec<_>>(),
        "text": diagnosis.to_string(),
    });
    if let Value::Object(fields) = &mut all {
        for table in diagnosis.tables() {
            fields.insert(table.name.to_owned(), rows(table));
        }
    }
    all
}

/// Objects whose fields are the columns; the settings are one object.
fn rows(table: &Table) -> Value {
    if table.name == "settings" {
        let pairs = table.rows.iter().filter_map(|row| match row.as_slice() {
            [name, value] => Some((name.clone(), value.as_str().into())),
            _ => None,
        });
        return Value::Object(pairs.collect());
    }
    let Some((head, rows)) = table.rows.split_first() else {
        return Value::Null;
    };
    let object = |row: &Vec<String>| -> Value {
        let fields = head
            .iter()
            .cloned()
            .zip(row.iter().cloned().map(Value::from));
        Value::Object(fields.collect::<Map<_, _>>())
    };
    rows.iter().map(object).collect()
}
