//! `${name}` and `${name:default}` in attribute values and texts.
//!
//! A name is looked for as Spring and ActiveMQ's launcher do: in the properties files that the
//! configuration names, then among the system properties (`activemq.data` and its siblings,
//! `-D` options in `ACTIVEMQ_OPTS`), then among the environment variables. Found values may hold
//! placeholders themselves. Expansion is bounded in depth, steps and length, so that no file can
//! make it run away.

use std::collections::BTreeMap;

use crate::environment::Environment;
use crate::value::quoted;

#[cfg(test)]
mod tests;

/// Deepest nesting of placeholders in placeholders and of values in values.
const DEPTH_MAX: usize = 16;
/// Most placeholders replaced for one text.
const STEPS_MAX: usize = 1000;
/// Longest text after expansion, in bytes.
const EXPANDED_BYTES_MAX: usize = 64 * 1024;

/// Why a text could not be expanded.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum PlaceholderError {
    #[error(
        "\"${{{name}}}\" is not defined; set {variable} in the environment, put {name} into a \
         properties file that the configuration names, or write a default as in \"${{{name}:value}}\""
    )]
    Undefined { name: String, variable: String },
    #[error("\"{text}\" begins a placeholder that does not end; close it with \"}}\"")]
    Unclosed { text: String },
    #[error("\"${{{name}}}\" is defined by itself; give it a value of its own")]
    Circular { name: String },
    #[error("placeholders are nested more than {DEPTH_MAX} deep; give them plain values")]
    TooDeep,
    #[error(
        "the placeholders expand to more than {STEPS_MAX} values or {EXPANDED_BYTES_MAX} bytes"
    )]
    TooLong,
    #[error(
        "\"{text}\" is a Spring expression; only #{{systemEnvironment['NAME']}} and \
         #{{systemProperties['name']}} are understood: write a placeholder such as \"${{NAME}}\""
    )]
    Expression { text: String },
}

/// All that placeholders can stand for.
pub(crate) struct Placeholders<'e> {
    files: BTreeMap<String, String>,
    system: BTreeMap<String, String>,
    environment: &'e Environment,
}

/// The state of one expansion.
#[derive(Default)]
struct Expansion {
    steps: usize,
    open: Vec<String>,
}

impl<'e> Placeholders<'e> {
    /// Placeholders for system properties and the environment.
    pub(crate) fn new(environment: &'e Environment, system: BTreeMap<String, String>) -> Self {
        Self {
            files: BTreeMap::new(),
            system,
            environment,
        }
    }

    /// Adds the entries of a properties file; they hide those of files added before.
    pub(crate) fn add_file(&mut self, entries: BTreeMap<String, String>) {
        self.files.extend(entries);
    }

    /// The text with all placeholders replaced.
    pub(crate) fn expand(&self, text: &str) -> Result<String, PlaceholderError> {
        let mut expanded = String::new();
        self.append(text, &mut expanded, &mut Expansion::default())?;
        Ok(expanded)
    }

    fn append(
        &self,
        text: &str,
        expanded: &mut String,
        state: &mut Expansion,
    ) -> Result<(), PlaceholderError> {
        let mut rest = text;
        loop {
            let next = [rest.find("${"), rest.find("#{")]
                .into_iter()
                .flatten()
                .min();
            let Some((before, after)) = next.and_then(|at| rest.split_at_checked(at)) else {
                return push(expanded, rest);
            };
            push(expanded, before)?;
            let (inside, behind) = enclosed(after).ok_or_else(|| PlaceholderError::Unclosed {
                text: quoted(after),
            })?;
            state.steps += 1;
            if state.steps > STEPS_MAX {
                return Err(PlaceholderError::TooLong);
            }
            if after.starts_with('#') {
                self.append_expression(inside, expanded, state)?;
            } else {
                self.append_placeholder(inside, expanded, state)?;
            }
            rest = behind;
        }
    }

    fn append_placeholder(
        &self,
        inside: &str,
        expanded: &mut String,
        state: &mut Expansion,
    ) -> Result<(), PlaceholderError> {
        if state.open.len() >= DEPTH_MAX {
            return Err(PlaceholderError::TooDeep);
        }
        // The name itself may hold placeholders; an empty mark on the stack bounds their depth.
        state.open.push(String::new());
        let mut whole = String::new();
        self.append(inside, &mut whole, state)?;
        state.open.pop();
        let (name, default) = match whole.split_once(':') {
            Some((name, default)) if self.look_up(&whole).is_none() => (name, Some(default)),
            Some(_) | None => (whole.as_str(), None),
        };
        let Some(value) = self.look_up(name) else {
            return match default {
                Some(default) => push(expanded, default),
                None => Err(PlaceholderError::Undefined {
                    name: quoted(name),
                    variable: quoted(&name.replace(['.', '-'], "_").to_uppercase()),
                }),
            };
        };
        if state.open.iter().any(|open| open == name) {
            return Err(PlaceholderError::Circular { name: quoted(name) });
        }
        state.open.push(name.into());
        self.append(value, expanded, state)?;
        state.open.pop();
        Ok(())
    }

    fn append_expression(
        &self,
        inside: &str,
        expanded: &mut String,
        state: &mut Expansion,
    ) -> Result<(), PlaceholderError> {
        let inside = inside.trim();
        let name = ["systemEnvironment", "systemProperties"]
            .iter()
            .find_map(|map| inside.strip_prefix(map)?.trim().strip_prefix('['))
            .and_then(|key| key.trim_end().strip_suffix(']'))
            .map(|key| key.trim().trim_matches(['\'', '"']));
        match name {
            Some(name) if !name.contains(['\'', '"', ':']) => {
                self.append_placeholder(name, expanded, state)
            }
            Some(_) | None => Err(PlaceholderError::Expression {
                text: quoted(&format!("#{{{inside}}}")),
            }),
        }
    }

    /// The value of a name. Environment variables are also found with dots and hyphens written
    /// as underscores, in capitals, and behind `env.`.
    fn look_up(&self, name: &str) -> Option<&str> {
        self.files
            .get(name)
            .or_else(|| self.system.get(name))
            .map(String::as_str)
            .or_else(|| self.environment.variable(name))
            .or_else(|| self.environment.variable(name.strip_prefix("env.")?))
            .or_else(|| {
                let shell_name = name.replace(['.', '-'], "_").to_uppercase();
                self.environment.variable(&shell_name)
            })
    }
}

fn push(expanded: &mut String, text: &str) -> Result<(), PlaceholderError> {
    if expanded.len() + text.len() > EXPANDED_BYTES_MAX {
        return Err(PlaceholderError::TooLong);
    }
    expanded.push_str(text);
    Ok(())
}

/// What stands between the first two bytes (`${` or `#{`) and their own `}`, and what follows.
fn enclosed(text: &str) -> Option<(&str, &str)> {
    let inside = text.get(2..)?;
    let mut depth = 0_usize;
    for (at, c) in inside.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return Some((inside.get(..at)?, inside.get(at + 1..)?)),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// The `-Dname=value` options of a launcher variable such as `ACTIVEMQ_OPTS`.
pub(crate) fn system_options(text: &str) -> Vec<(String, String)> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    for c in text.chars() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, _) if c.is_whitespace() => words.push(std::mem::take(&mut word)),
            (Some(_) | None, _) => word.push(c),
        }
    }
    words.push(word);
    words
        .iter()
        .filter_map(|word| word.strip_prefix("-D"))
        .map(|option| option.split_once('=').unwrap_or((option, "")))
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}
