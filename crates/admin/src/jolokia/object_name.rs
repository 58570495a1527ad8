//! Names of MBeans and patterns of them (Java Management Extensions 1.4, `ObjectName`).
//!
//! A name has a domain and keys with values, in the order in which it was registered; its
//! canonical form has the keys sorted. In a pattern `*` and `?` stand in the domain or in values,
//! and a key list that ends in `*` lets more keys follow. At most [`NAME_BYTES_MAX`] bytes.

use super::fault::Fault;
use std::borrow::Cow;

#[cfg(test)]
mod tests;

/// Domain of all names of the broker.
pub(crate) const DOMAIN: &str = "org.apache.activemq";
/// Longest name or pattern in bytes; names of destinations have up to 8192.
const NAME_BYTES_MAX: usize = 32 << 10;
/// Most keys of a name.
const KEYS_MAX: usize = 64;

/// A name or a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ObjectName {
    domain: Cow<'static, str>,
    keys: Vec<(Cow<'static, str>, String)>,
    /// Other keys may follow.
    open: bool,
}

impl ObjectName {
    /// A name of the broker; values are encoded.
    pub(crate) fn new(keys: &[(&'static str, &str)]) -> Self {
        let keys = keys.iter();
        Self {
            domain: DOMAIN.into(),
            keys: keys
                .map(|(key, value)| ((*key).into(), encode(value)))
                .collect(),
            open: false,
        }
    }

    /// Reads a name or pattern.
    ///
    /// # Errors
    /// When it is none.
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        let invalid = |why: &str| Fault::illegal(format!("Invalid object name. {why}"));
        if text.len() > NAME_BYTES_MAX {
            return Err(invalid("It is too long"));
        }
        let Some((domain, mut rest)) = text.split_once(':') else {
            return Err(invalid("Key properties cannot be empty"));
        };
        let mut name = Self {
            domain: domain.to_owned().into(),
            keys: Vec::new(),
            open: false,
        };
        if rest.is_empty() {
            return Err(invalid("Key properties cannot be empty"));
        }
        loop {
            let (part, after) = first_part(rest);
            if part == "*" && !name.open {
                name.open = true;
            } else {
                let pair = part.split_once('=').filter(|(key, _)| !key.is_empty());
                let Some((key, value)) = pair else {
                    return Err(invalid("Key properties must be key=value"));
                };
                if name.keys.iter().any(|(other, _)| other == key) {
                    return Err(invalid("A key occurs twice"));
                }
                name.keys.push((key.to_owned().into(), value.to_owned()));
            }
            if name.keys.len() > KEYS_MAX {
                return Err(invalid("It has too many keys"));
            }
            match after {
                Some(after) => rest = after,
                None => return Ok(name),
            }
        }
    }

    pub(crate) fn is_pattern(&self) -> bool {
        let wild = |text: &str| text.contains(['*', '?']);
        self.open || wild(&self.domain) || self.keys.iter().any(|(_, value)| wild(value))
    }

    /// Could a name with exactly these keys match?
    pub(crate) fn could_match(&self, keys: &[&str]) -> bool {
        let own = self.keys.iter();
        let known = own.clone().all(|(key, _)| keys.contains(&&**key));
        known && (self.open || self.keys.len() == keys.len())
    }

    /// Does the pattern (or name) mean this name?
    pub(crate) fn matches(&self, name: &Self) -> bool {
        if !(self.open || self.keys.len() == name.keys.len()) {
            return false;
        }
        glob(&self.domain, &name.domain)
            && self.keys.iter().all(|(key, pattern)| {
                let value = name.keys.iter().find(|(other, _)| other == key);
                value.is_some_and(|(_, value)| glob(pattern, value))
            })
    }

    /// The keys as they were registered.
    pub(crate) fn registered_keys(&self) -> String {
        self.joined(self.keys.iter())
    }

    /// The keys sorted.
    pub(crate) fn canonical_keys(&self) -> String {
        let mut keys: Vec<_> = self.keys.iter().collect();
        keys.sort();
        self.joined(keys.into_iter())
    }

    pub(crate) fn registered(&self) -> String {
        format!("{}:{}", self.domain, self.registered_keys())
    }

    pub(crate) fn canonical(&self) -> String {
        format!("{}:{}", self.domain, self.canonical_keys())
    }

    fn joined<'a>(&self, keys: impl Iterator<Item = &'a (Cow<'static, str>, String)>) -> String {
        let pairs = keys.map(|(key, value)| format!("{key}={value}"));
        let rest = self.open.then(|| "*".to_owned());
        pairs.chain(rest).collect::<Vec<_>>().join(",")
    }
}

/// The first key and value, and what follows its comma. Commas within quotes do not count.
fn first_part(text: &str) -> (&str, Option<&str>) {
    let mut quoted = false;
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                let (part, rest) = text.split_at(at);
                return (part, rest.strip_prefix(','));
            }
            _ => {}
        }
    }
    (text, None)
}

/// How ActiveMQ writes what must not stand in a value.
fn encode(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for letter in value.chars() {
        match letter {
            ':' | ',' | '\'' | '"' => encoded.push('_'),
            '?' => encoded.push_str("&qe;"),
            '=' => encoded.push_str("&amp;"),
            '*' => encoded.push_str("&ast;"),
            other => encoded.push(other),
        }
    }
    encoded
}

/// Does a pattern with `*` and `?` match the whole text? Takes at most the product of both
/// lengths, whatever they are.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    // Where to go on when the last star must take one letter more.
    let mut retry: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let before = (pattern.clone(), text.clone());
        match (pattern.next(), text.next()) {
            (Some('*'), _) => {
                text = before.1;
                retry = Some((pattern.clone(), text.clone()));
            }
            (None, None) => return true,
            (Some('?'), Some(_)) => {}
            (Some(wanted), Some(found)) if wanted == found => {}
            _ => {
                let Some((after, from)) = &mut retry else {
                    return false;
                };
                if from.next().is_none() {
                    return false;
                }
                (pattern, text) = (after.clone(), from.clone());
            }
        }
    }
}
