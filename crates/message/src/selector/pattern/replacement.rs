//! Replacement texts of `REPLACE`: `$1` and `${name}` are groups, `\` takes the next character
//! as it is (`java.util.regex.Matcher.appendReplacement`).

use crate::selector::error::EvaluationError;
use crate::selector::value::append_bounded;

/// A checked replacement text.
pub(super) struct Template<'r> {
    parts: Vec<Part<'r>>,
}

enum Part<'r> {
    Text(&'r str),
    Group(usize),
}

impl<'r> Template<'r> {
    /// Checks `replacement` against a pattern with `groups` groups (the whole counts as one).
    pub(super) fn new(
        replacement: &'r str,
        groups: usize,
        names: &[(String, usize)],
    ) -> Result<Self, EvaluationError> {
        let mut parts = Vec::new();
        let mut rest = replacement;
        while let Some(special) = rest.find(['$', '\\']) {
            let (text, behind) = rest.split_at_checked(special).unwrap_or((rest, ""));
            parts.push(Part::Text(text));
            rest = if let Some(behind) = behind.strip_prefix('\\') {
                let length = behind.chars().next().map(char::len_utf8);
                let escaped = length.and_then(|length| behind.split_at_checked(length));
                let (escaped, behind) = escaped.ok_or(refused("nothing follows \\"))?;
                parts.push(Part::Text(escaped));
                behind
            } else {
                let (group, behind) = group(behind.get(1..).unwrap_or_default(), groups, names)?;
                parts.push(Part::Group(group));
                behind
            };
        }
        parts.push(Part::Text(rest));
        Ok(Self { parts })
    }

    /// Appends the replacement; `group` gives the text of a group, empty if it did not match.
    pub(super) fn append<'t>(
        &self,
        out: &mut String,
        group: impl Fn(usize) -> &'t str,
    ) -> Result<(), EvaluationError> {
        for part in &self.parts {
            match part {
                Part::Text(text) => append_bounded(out, text)?,
                Part::Group(number) => append_bounded(out, group(*number))?,
            }
        }
        Ok(())
    }
}

/// The group behind a `$`, and what follows it.
fn group<'r>(
    text: &'r str,
    groups: usize,
    names: &[(String, usize)],
) -> Result<(usize, &'r str), EvaluationError> {
    if let Some(name) = text.strip_prefix('{') {
        let (name, rest) = name.split_once('}').ok_or(refused("${ has no closing }"))?;
        let known = names.iter().find(|(known, _)| known == name);
        let (_, number) = known.ok_or(refused("there is no group of this name"))?;
        return Ok((*number, rest));
    }
    let digit = |text: &str| text.chars().next().and_then(|first| first.to_digit(10));
    let mut number = digit(text).ok_or(refused("$ is followed by neither a number nor {"))?;
    let mut rest = text.get(1..).unwrap_or_default();
    let exists = |number: u32| usize::try_from(number).is_ok_and(|number| number < groups);
    if !exists(number) {
        return Err(refused("there is no group of this number"));
    }
    // Further digits belong to the number as long as there is such a group.
    while let Some(next) = digit(rest) {
        let longer = number.saturating_mul(10).saturating_add(next);
        if !exists(longer) {
            break;
        }
        number = longer;
        rest = rest.get(1..).unwrap_or_default();
    }
    Ok((usize::try_from(number).unwrap_or(0), rest))
}

fn refused(reason: &'static str) -> EvaluationError {
    EvaluationError::Replacement { reason }
}
