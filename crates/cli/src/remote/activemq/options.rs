//! Options as ActiveMQ's script takes them: `--name value`, `-QQueue=X`, `-Vbody`, and the rest.

use super::RemoteError;

/// Options that stand alone.
const FLAGS: [&str; 3] = ["reset", "jmxlocal", "bytesAsText"];

/// What was given.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Given {
    options: Vec<(String, String)>,
    flags: Vec<String>,
    /// `-Qtype=name`.
    pub(super) queries: Vec<(String, String)>,
    /// `-xQtype=name`.
    pub(super) left_out: Vec<(String, String)>,
    /// `-Vheader`, `-Vcustom`, `-Vbody`.
    pub(super) views: Vec<String>,
    /// Names.
    pub(super) rest: Vec<String>,
}

impl Given {
    pub(super) fn parse(arguments: &[String]) -> Result<Self, RemoteError> {
        let mut given = Self::default();
        let mut left = arguments.iter();
        let pair = |text: &str| match text.split_once('=') {
            Some((kind, name)) => (kind.to_owned(), name.to_owned()),
            None => (text.to_owned(), "*".to_owned()),
        };
        while let Some(one) = left.next() {
            if let Some(option) = one.strip_prefix("--") {
                let (name, value) = match option.split_once('=') {
                    Some((name, value)) => (name, Some(value.to_owned())),
                    None if FLAGS.contains(&option) => {
                        given.flags.push(option.to_owned());
                        continue;
                    }
                    None => (option, left.next().cloned()),
                };
                let value = value.ok_or_else(|| RemoteError::Usage {
                    reason: format!("--{} wants a value", name.escape_debug()),
                })?;
                given.options.push((name.to_owned(), value));
            } else if let Some(query) = one.strip_prefix("-xQ") {
                given.left_out.push(pair(query));
            } else if let Some(query) = one.strip_prefix("-Q") {
                given.queries.push(pair(query));
            } else if let Some(views) = one.strip_prefix("-V") {
                given.views.extend(views.split(',').map(str::to_owned));
            } else if one.len() > 1 && one.starts_with('-') {
                let reason = format!("{} is not known here", one.escape_debug());
                return Err(RemoteError::Usage { reason });
            } else {
                given.rest.push(one.clone());
            }
        }
        Ok(given)
    }

    /// All values of an option.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let own = self.options.iter().filter(move |(own, _)| own == name);
        own.map(|(_, value)| value.as_str())
    }

    /// The last value of an option.
    pub(super) fn one(&self, name: &str) -> Option<&str> {
        let own = self.options.iter().rfind(|(own, _)| own == name);
        own.map(|(_, value)| value.as_str())
    }

    /// A number.
    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, RemoteError> {
        let number = |text: &str| {
            text.parse().ok().ok_or_else(|| RemoteError::Usage {
                reason: format!(
                    "--{name} wants a whole number, and not {}",
                    text.escape_debug()
                ),
            })
        };
        self.one(name).map(number).transpose()
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.flags.iter().any(|own| own == name)
    }
}
