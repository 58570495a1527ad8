//! Wildcards in destination names: `*` stands for one path element, `>` for all the rest.
//!
//! Path elements are separated by dots. Patterns may meet patterns: two match when some name is
//! matched by both (used for policies on wildcard subscriptions). Matching allocates nothing.

#[cfg(test)]
mod tests;

/// `true` when a path element of the name is `*` or `>`.
pub fn is_pattern(name: &str) -> bool {
    name.split('.')
        .any(|element| element == "*" || element == ">")
}

/// `true` when a concrete name (or another pattern) is covered by the pattern.
///
/// As ActiveMQ does, a trailing `>` also matches the name without any further element
/// (`A.>` matches `A`).
pub fn matches(pattern: &str, name: &str) -> bool {
    let mut names = name.split('.');
    for element in pattern.split('.') {
        if element == ">" {
            return true;
        }
        match names.next() {
            Some(">") => return true,
            Some(found) if element == "*" || found == "*" || element == found => {}
            Some(_) | None => return false,
        }
    }
    matches!(names.next(), None | Some(">"))
}

/// How specific a pattern is, greatest first: literal elements count most, then `*`, then `>`.
///
/// Used to choose the one policy entry that applies to a destination.
pub fn specificity(pattern: &str) -> Vec<u8> {
    pattern
        .split('.')
        .map(|element| match element {
            ">" => 0,
            "*" => 1,
            _ => 2,
        })
        .collect()
}
