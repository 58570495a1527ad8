//! Java `.properties` text: comments, escapes, continuation lines.
//!
//! Follows the format of `java.util.Properties.load` with UTF-8 instead of ISO-8859-1 (escapes
//! `\uXXXX` work in both). Does not resolve placeholders. A repeated key keeps its last value.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::Chars;

#[cfg(test)]
mod tests;

/// Most entries of one file; more are a mistake of the path.
pub(crate) const ENTRIES_MAX: usize = 20_000;

/// Reads all pairs, at most [`ENTRIES_MAX`].
pub(crate) fn parse(text: &str) -> BTreeMap<String, String> {
    let mut entries = BTreeMap::new();
    for line in logical_lines(text) {
        if entries.len() >= ENTRIES_MAX {
            break;
        }
        let (key, value) = split(&line);
        entries.insert(key, value);
    }
    entries
}

/// Lines without comments and blank ones, continuation lines joined, escapes still in.
fn logical_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut open: Option<String> = None;
    let text = text
        .strip_prefix('\u{feff}')
        .unwrap_or(text)
        .replace("\r\n", "\n");
    for natural in text.split(['\n', '\r']) {
        let natural = natural.trim_start_matches([' ', '\t', '\u{c}']);
        if open.is_none() && (natural.is_empty() || natural.starts_with(['#', '!'])) {
            continue;
        }
        let continues = ends_in_open_escape(natural);
        let part = if continues {
            natural.strip_suffix('\\').unwrap_or(natural)
        } else {
            natural
        };
        let mut line = open.take().unwrap_or_default();
        line.push_str(part);
        if continues {
            open = Some(line);
        } else {
            lines.push(line);
        }
    }
    lines.extend(open.filter(|line| !line.is_empty()));
    lines
}

fn ends_in_open_escape(line: &str) -> bool {
    let backslashes = line.chars().rev().take_while(|&c| c == '\\').count();
    backslashes % 2 == 1
}

/// Splits at the first unescaped `=`, `:` or blank, and removes the escapes.
fn split(line: &str) -> (String, String) {
    let mut chars = line.chars().peekable();
    let mut key = String::new();
    while let Some(&c) = chars.peek() {
        if matches!(c, '=' | ':' | ' ' | '\t' | '\u{c}') {
            break;
        }
        chars.next();
        push(&mut key, c, &mut chars);
    }
    skip_blanks(&mut chars);
    if chars.next_if(|c| matches!(c, '=' | ':')).is_some() {
        skip_blanks(&mut chars);
    }
    let mut value = String::new();
    while let Some(c) = chars.next() {
        push(&mut value, c, &mut chars);
    }
    (key, value)
}

fn skip_blanks(chars: &mut Peekable<Chars<'_>>) {
    while chars
        .next_if(|c| matches!(c, ' ' | '\t' | '\u{c}'))
        .is_some()
    {}
}

/// Appends a character, or what an escape that begins with it stands for.
fn push(text: &mut String, c: char, rest: &mut Peekable<Chars<'_>>) {
    if c != '\\' {
        text.push(c);
        return;
    }
    match rest.next() {
        Some('t') => text.push('\t'),
        Some('n') => text.push('\n'),
        Some('r') => text.push('\r'),
        Some('f') => text.push('\u{c}'),
        Some('u') => {
            let mut code = 0;
            for _ in 0..4 {
                let Some(digit) = rest.peek().and_then(|c| c.to_digit(16)) else {
                    break;
                };
                rest.next();
                code = code * 16 + digit;
            }
            text.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        Some(other) => text.push(other),
        None => {}
    }
}
