//! Regular expressions as Java writes them (`java.util.regex`, Java 17).
//!
//! A pattern is translated to the syntax of the engine, which searches in linear time where no
//! look-around or back-reference stands in the way, and counts its backtracking elsewhere.
//! Not supported, and refused at evaluation: `\X`, `\N{...}`, `\b{g}`, blocks (`\p{In...}`) and
//! lone surrogates. Limits: bytes for texts, counts for the rest.

mod class;
mod escape;
mod property;
mod replacement;
mod translate;
mod unit;

use super::error::{EvaluationError, excerpt};
use super::value::append_bounded;
use fancy_regex::{Captures, Regex, RegexBuilder};
use replacement::Template;

/// Longest pattern, in bytes.
const PATTERN_BYTES_MAX: usize = 8 * 1024;
/// Most backtracking steps of one search.
const BACKTRACK_MAX: usize = 100_000;
/// Most memory for one compiled automaton, in bytes.
const AUTOMATON_BYTES_MAX: usize = 1024 * 1024;
/// Most instructions of one compiled pattern.
const INSTRUCTIONS_MAX: usize = 20_000;

/// A compiled pattern.
#[derive(Clone, Debug)]
pub struct Pattern {
    regex: Regex,
    names: Vec<(String, usize)>,
}

impl Pattern {
    /// Compiles a Java pattern.
    ///
    /// # Errors
    /// When it is too long, or not one.
    pub fn new(pattern: &str) -> Result<Self, EvaluationError> {
        if pattern.len() > PATTERN_BYTES_MAX {
            return Err(EvaluationError::TooLarge {
                what: "bytes of a regular expression",
                limit: PATTERN_BYTES_MAX,
            });
        }
        let refused = |reason: String| EvaluationError::Pattern {
            pattern: excerpt(pattern),
            reason,
        };
        let translated = translate::translate(pattern).map_err(|reason| refused(reason.into()))?;
        let regex = RegexBuilder::new(&translated.text)
            .backtrack_limit(BACKTRACK_MAX)
            .delegate_size_limit(AUTOMATON_BYTES_MAX)
            .delegate_dfa_size_limit(AUTOMATON_BYTES_MAX)
            .max_prog_size(INSTRUCTIONS_MAX)
            .build()
            .map_err(|error| refused(excerpt(&error.to_string())))?;
        Ok(Self {
            regex,
            names: translated.names,
        })
    }

    /// Whether the pattern is the whole of `text`, as `java.util.regex.Pattern.matches` tells.
    ///
    /// # Errors
    /// When the search takes more steps than allowed.
    pub fn is_whole(pattern: &str, text: &str) -> Result<bool, EvaluationError> {
        // Alternatives of the pattern must not bind weaker than the ends.
        Self::new(&format!("\\A(?:{pattern})\\z"))?.is_found_in(text)
    }

    /// Whether the pattern occurs anywhere in `text`.
    pub(super) fn is_found_in(&self, text: &str) -> Result<bool, EvaluationError> {
        self.regex.is_match(text).map_err(|error| exhausted(&error))
    }

    /// The parts of `text` between occurrences, as Java's `String.split` gives them. `limit`:
    /// at most so many parts; 0 drops empty parts at the end, a negative one keeps them.
    pub(super) fn split<'t>(
        &self,
        text: &'t str,
        limit: i32,
        parts_max: usize,
    ) -> Result<Vec<&'t str>, EvaluationError> {
        let limit_parts = usize::try_from(limit).ok().filter(|limit| *limit > 0);
        let mut parts = Vec::new();
        let mut start = 0;
        let mut search = Some(0);
        while let Some(from) = search {
            if limit_parts.is_some_and(|limit| parts.len().saturating_add(1) >= limit) {
                break;
            }
            let found = self
                .regex
                .find_from_pos(text, from)
                .map_err(|error| exhausted(&error))?;
            let Some(found) = found else {
                break;
            };
            search = next_search(text, found.start(), found.end());
            // An empty occurrence at the very start splits nothing off.
            if found.end() == 0 {
                continue;
            }
            if parts.len() >= parts_max {
                return Err(EvaluationError::TooLarge {
                    what: "items of a computed list",
                    limit: parts_max,
                });
            }
            parts.push(text.get(start..found.start()).unwrap_or_default());
            start = found.end();
        }
        if parts.is_empty() {
            return Ok(vec![text]);
        }
        parts.push(text.get(start..).unwrap_or_default());
        if limit == 0 {
            while parts.last().is_some_and(|part| part.is_empty()) {
                parts.pop();
            }
        }
        Ok(parts)
    }

    /// `text` with all occurrences replaced, as Java's `String.replaceAll` does it.
    pub(super) fn replace(
        &self,
        text: &str,
        replacement: Option<&str>,
    ) -> Result<String, EvaluationError> {
        let mut out = String::new();
        let mut template = None;
        let mut copied = 0;
        let mut search = Some(0);
        while let Some(from) = search {
            let captures: Option<Captures<'_, str>> = self
                .regex
                .captures_from_pos(text, from)
                .map_err(|error| exhausted(&error))?;
            let Some((captures, whole)) = captures.and_then(|captures| {
                let whole = captures.get(0)?;
                Some((captures, whole))
            }) else {
                break;
            };
            // Java looks at the replacement only when there is something to replace.
            let parsed = match template.take() {
                Some(parsed) => parsed,
                None => {
                    let replacement = replacement.ok_or(EvaluationError::Replacement {
                        reason: "it is null",
                    })?;
                    Template::new(replacement, self.regex.captures_len(), &self.names)?
                }
            };
            append_bounded(
                &mut out,
                text.get(copied..whole.start()).unwrap_or_default(),
            )?;
            parsed.append(&mut out, |group| {
                captures.get(group).map_or("", |found| found.as_str())
            })?;
            template = Some(parsed);
            copied = whole.end();
            search = next_search(text, whole.start(), whole.end());
        }
        append_bounded(&mut out, text.get(copied..).unwrap_or_default())?;
        Ok(out)
    }
}

/// Where to look for the occurrence behind `start..end`, if there is room for one.
fn next_search(text: &str, start: usize, end: usize) -> Option<usize> {
    if end > start {
        return Some(end);
    }
    let next = text.get(end..)?.chars().next()?;
    Some(end.saturating_add(next.len_utf8()))
}

/// The engine's only failure while searching: its backtracking limit or stack was used up.
fn exhausted(_error: &fancy_regex::Error) -> EvaluationError {
    EvaluationError::TooLarge {
        what: "backtracking steps of a regular expression",
        limit: BACKTRACK_MAX,
    }
}

#[cfg(test)]
mod tests;
