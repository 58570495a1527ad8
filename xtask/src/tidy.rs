//! The rules of the house that no compiler checks: which room may depend on which, sizes, names,
//! what product code never does, and documents that tell the truth about the tree.
//!
//! Every finding names file, line, rule and what to do. Findings fail; warnings do not.

mod documents;
mod edges;
mod rules;
mod source;

use anyhow::Context;
use std::fmt;
use std::path::{Path, PathBuf};

#[cfg(test)]
mod tests;

/// One thing to be put right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// File, relative to the root of the repository.
    pub file: PathBuf,
    /// Line, from 1; 0 speaks of the whole file.
    pub line: usize,
    /// What is wrong and what to do.
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        write!(f, ": {}", self.text)
    }
}

/// What a check found.
#[derive(Debug, Default)]
pub struct Report {
    /// To be put right before anything lands.
    pub findings: Vec<Finding>,
    /// To be thought about.
    pub warnings: Vec<Finding>,
    /// Files looked at.
    pub files: usize,
}

/// Checks the repository at `root`.
///
/// # Errors
/// When a file of it cannot be read.
pub fn check(root: &Path) -> anyhow::Result<Report> {
    let mut report = Report::default();
    let files = source::files(root)?;
    let tests = source::test_files(root, &files)?;
    report.files = files.len();
    for file in &files {
        let path = root.join(file);
        let bytes = std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        // What is not text has no lines to check.
        let Ok(text) = String::from_utf8(bytes) else {
            continue;
        };
        rules::check_any(file, &text, &mut report);
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("rs") => rules::check_rust(file, &text, tests.contains(file), &mut report),
            Some("md") => documents::check_links(root, file, &text, &mut report),
            _ if file.ends_with("Cargo.toml") => edges::check(file, &text, &mut report),
            _ => (),
        }
    }
    documents::check_architecture(root, &files, &mut report);
    Ok(report)
}
