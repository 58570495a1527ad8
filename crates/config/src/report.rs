//! What the reader found in a configuration file: one note per matter, each with its line, and an
//! account of what became of every element and attribute.
//!
//! It knows no XML. Invariant: notes are sorted by line, and every account that is not simply
//! used points to the note that tells the operator about it.

use std::fmt;

#[cfg(test)]
mod tests;

/// How grave a note is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// For information: translated, or without effect on purpose.
    Info,
    /// The broker will behave differently from what the file seems to ask.
    Warning,
    /// The broker does not start with this file.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// How grave it is.
    pub severity: Severity,
    /// Line in the file, from 1.
    pub line: u32,
    /// The element, or `element attribute`.
    pub subject: String,
    /// What is so.
    pub message: String,
    /// What to do about it; may be empty.
    pub advice: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            severity,
            line,
            subject,
            message,
            advice,
        } = self;
        write!(f, "{line}: {severity}: {subject}: {message}")?;
        if advice.is_empty() {
            Ok(())
        } else {
            write!(f, "; {advice}")
        }
    }
}

/// What became of an element or attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Disposition {
    /// Does what it does in ActiveMQ.
    Used,
    /// Has the same purpose by other means; a note says which.
    Translated,
    /// Known, without effect; a note says why.
    Ignored,
    /// Not known to ActiveMQ or to us; a note names what was perhaps meant.
    Unknown,
    /// Wrong; a note says what to write instead.
    Refused,
}

/// What became of one element or attribute of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Line in the file.
    pub line: u32,
    /// `element`, or `element@attribute`.
    pub name: String,
    /// What became of it.
    pub disposition: Disposition,
    /// Index into [`Report::notes`] of the note that tells so.
    pub note: Option<usize>,
}

/// All findings of one file.
#[derive(Debug, Clone, Default)]
pub struct Report {
    pub(crate) file: String,
    pub(crate) notes: Vec<Note>,
    pub(crate) accounts: Vec<Account>,
    pub(crate) outline: Vec<OutlineLine>,
}

/// A value of the broker that counts, with its placeholders replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OutlineLine {
    /// Elements from the broker on, and the attribute; no two are the same.
    pub(crate) subject: String,
    /// Line in the file.
    pub(crate) line: u32,
    /// Its value; nothing for an element.
    pub(crate) value: String,
    /// The value must not be shown.
    pub(crate) secret: bool,
}

impl Report {
    /// A report of notes in any order, sorted by line; accounts follow their notes.
    pub(crate) fn new(file: &str, notes: Vec<Note>, mut accounts: Vec<Account>) -> Self {
        let mut order: Vec<usize> = (0..notes.len()).collect();
        order.sort_by_key(|&index| notes.get(index).map(|note| note.line));
        let mut places = vec![0; notes.len()];
        for (place, &index) in order.iter().enumerate() {
            if let Some(slot) = places.get_mut(index) {
                *slot = place;
            }
        }
        let notes = order
            .iter()
            .filter_map(|&index| notes.get(index).cloned())
            .collect();
        for account in &mut accounts {
            account.note = account.note.and_then(|note| places.get(note).copied());
        }
        Self {
            file: file.into(),
            notes,
            accounts,
            outline: Vec::new(),
        }
    }

    /// Name of the file as given.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// All notes by line.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// What became of each element and attribute, in the order of the file.
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// How many notes have this severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.notes
            .iter()
            .filter(|note| note.severity == severity)
            .count()
    }

    /// The errors only, one line each.
    pub(crate) fn errors_text(&self) -> String {
        let lines: Vec<String> = self
            .notes
            .iter()
            .filter(|note| note.severity == Severity::Error)
            .map(|note| format!("{}:{note}", self.file))
            .collect();
        lines.join("\n")
    }
}

impl fmt::Display for Report {
    /// One line per note: `FILE:LINE: warning: subject: message; advice`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for note in &self.notes {
            writeln!(f, "{}:{note}", self.file)?;
        }
        Ok(())
    }
}
