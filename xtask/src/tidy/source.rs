//! Which files the repository has, which of them are tests, and source text without comments.

use anyhow::Context;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Folders that hold nothing of ours.
const SKIPPED: [&str; 6] = [
    "target",
    "node_modules",
    "data",
    "__pycache__",
    "corpus",
    "venv",
];

/// All files below `root`, relative to it, sorted; hidden ones only where we keep some.
pub(super) fn files(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let path = root.join(&folder);
        let entries = std::fs::read_dir(&path).with_context(|| format!("{}", path.display()))?;
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let kind = entry.file_type()?;
            let hidden = name.starts_with('.') && !matches!(&*name, ".ci" | ".cargo");
            if kind.is_dir() && !hidden && !SKIPPED.contains(&&*name) {
                folders.push(folder.join(&*name));
            } else if kind.is_file() && !hidden {
                found.push(folder.join(&*name));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Rust files that are compiled for tests only: by their place, or because a module declares them
/// under `cfg(test)`.
pub(super) fn test_files(root: &Path, files: &[PathBuf]) -> anyhow::Result<BTreeSet<PathBuf>> {
    let mut tests = BTreeSet::new();
    for file in files.iter().filter(|file| is_rust(file)) {
        let in_folder = file
            .components()
            .any(|part| matches!(part.as_os_str().to_str(), Some("tests" | "benches")));
        if in_folder || file.ends_with("tests.rs") {
            tests.insert(file.clone());
        }
        let path = root.join(file);
        let text = std::fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
        for name in declared_for_tests(&text) {
            tests.insert(module_folder(file).join(format!("{name}.rs")));
        }
    }
    Ok(tests)
}

fn is_rust(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "rs")
}

fn declared_for_tests(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().map(str::trim);
    lines
        .clone()
        .zip(lines.skip(1))
        .filter(|(first, _)| *first == "#[cfg(test)]")
        .filter_map(|(_, second)| {
            let (_, module) = second.rsplit_once("mod ").unwrap_or(("", ""));
            module.strip_suffix(';')
        })
}

/// The folder in which a file's modules live.
fn module_folder(file: &Path) -> PathBuf {
    let folder = file.parent().unwrap_or(Path::new(""));
    match file.file_stem().and_then(|stem| stem.to_str()) {
        Some("lib" | "main") | None => folder.to_owned(),
        Some(stem) => folder.join(stem),
    }
}

/// What a lexer is in.
enum State {
    Code,
    LineComment,
    /// Depth.
    BlockComment(usize),
    Text,
    /// Number of `#`.
    RawText(usize),
}

impl State {
    fn is_comment(&self) -> bool {
        matches!(self, Self::LineComment | Self::BlockComment(_))
    }
}

/// The source with comments replaced by nothing, lines kept; texts stay.
pub(super) fn without_comments(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut state = State::Code;
    let mut rest = source;
    while let Some(c) = rest.chars().next() {
        let (next, taken) = step(&state, rest, c);
        let (piece, after) = rest.split_at(taken);
        if state.is_comment() || next.is_comment() {
            out.extend(piece.chars().filter(|c| *c == '\n'));
        } else {
            out.push_str(piece);
        }
        state = next;
        rest = after;
    }
    out
}

/// The state after the next piece, and the length of that piece in bytes.
fn step(state: &State, rest: &str, c: char) -> (State, usize) {
    let one = c.len_utf8();
    match *state {
        State::Code if rest.starts_with("//") => (State::LineComment, 2),
        State::Code if rest.starts_with("/*") => (State::BlockComment(1), 2),
        State::Code if c == '"' => (State::Text, one),
        State::Code if c == 'r' => raw_text(rest).unwrap_or((State::Code, one)),
        State::Code => (State::Code, quoted_char(rest).unwrap_or(one)),
        State::LineComment if c == '\n' => (State::Code, one),
        State::LineComment => (State::LineComment, one),
        State::BlockComment(1) if rest.starts_with("*/") => (State::Code, 2),
        State::BlockComment(depth) if rest.starts_with("*/") => (State::BlockComment(depth - 1), 2),
        State::BlockComment(depth) if rest.starts_with("/*") => (State::BlockComment(depth + 1), 2),
        State::BlockComment(depth) => (State::BlockComment(depth), one),
        State::Text if c == '\\' => {
            let escaped = rest.chars().nth(1).map_or(0, char::len_utf8);
            (State::Text, one + escaped)
        }
        State::Text if c == '"' => (State::Code, one),
        State::Text => (State::Text, one),
        State::RawText(hashes) => {
            let end = format!("\"{}", "#".repeat(hashes));
            if rest.starts_with(&end) {
                (State::Code, end.len())
            } else {
                (State::RawText(hashes), one)
            }
        }
    }
}

/// `r"`, `r#"` … at the start of `rest`.
fn raw_text(rest: &str) -> Option<(State, usize)> {
    let after = rest.strip_prefix('r')?;
    let hashes = after.chars().take_while(|c| *c == '#').count();
    after
        .chars()
        .nth(hashes)
        .filter(|c| *c == '"')
        .map(|_| (State::RawText(hashes), hashes + 2))
}

/// Length of a character literal that would be taken for the start of a text or comment.
fn quoted_char(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix('\'')?;
    let mut chars = after.chars();
    let first = chars.next()?;
    let second = chars.next()?;
    match (first, second, chars.next()) {
        ('\\', escaped, Some('\'')) => Some(3 + escaped.len_utf8()),
        (any, '\'', _) => Some(2 + any.len_utf8()),
        _ => None,
    }
}
