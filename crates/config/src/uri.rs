//! The `uri` of a transport connector: `scheme://host:port?option=value&…`.
//!
//! A closed grammar: nothing nested, nothing loaded from elsewhere. Options keep the order of the
//! file and their names as written; escapes `%XX` are replaced.

use crate::value::quoted;

#[cfg(test)]
mod tests;

/// Most options of one connector.
const OPTIONS_MAX: usize = 100;

/// The parts of a connector's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConnectorUri {
    /// Lower case.
    pub(crate) scheme: String,
    /// Without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) options: Vec<(String, String)>,
}

/// Why an address was refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum UriError {
    #[error(
        "\"{uri}\" is not an address to listen on; write for example \"stomp://127.0.0.1:61613\""
    )]
    Form { uri: String },
    #[error(
        "\"{uri}\" names no host; write 127.0.0.1 for this machine or 0.0.0.0 for all networks"
    )]
    Host { uri: String },
    #[error(
        "\"{uri}\" names no port from 0 to 65535; write for example \"{scheme}://{host}:61613\""
    )]
    Port {
        uri: String,
        scheme: String,
        host: String,
    },
    #[error("\"{uri}\" has more than {OPTIONS_MAX} options; remove what is not needed")]
    Options { uri: String },
    #[error(
        "\"{uri}\" has an escape that is not % and two hexadecimal digits of UTF-8; write %25 for %"
    )]
    Escape { uri: String },
}

/// The scheme of an address, lower case, if it has one.
pub(crate) fn scheme(uri: &str) -> Option<String> {
    let (scheme, _) = uri.trim().split_once(':')?;
    let valid = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    valid.then(|| scheme.to_ascii_lowercase())
}

/// Reads an address.
pub(crate) fn parse(text: &str) -> Result<ConnectorUri, UriError> {
    let text = text.trim();
    let uri = quoted(text);
    let form = || UriError::Form { uri: uri.clone() };
    let scheme = scheme(text).ok_or_else(form)?;
    let rest = text
        .get(scheme.len()..)
        .and_then(|rest| rest.strip_prefix("://"));
    let rest = rest.ok_or_else(form)?;
    let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = address.split_once('/').unwrap_or((address, ""));
    if !path.is_empty() || authority.contains(['@', '(', ',']) {
        return Err(form());
    }
    let (host, port) = match authority
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        Some((host, port)) => (host, port.strip_prefix(':').unwrap_or("")),
        None => authority.rsplit_once(':').unwrap_or((authority, "")),
    };
    if host.is_empty() || host.contains(char::is_whitespace) {
        return Err(UriError::Host { uri });
    }
    if host.contains(':') && !authority.starts_with('[') {
        return Err(form());
    }
    let port_wrong = || UriError::Port {
        uri: uri.clone(),
        scheme: scheme.clone(),
        host: quoted(host),
    };
    let port = port.parse().ok().ok_or_else(port_wrong)?;
    let mut options = Vec::new();
    for option in query.split('&').filter(|option| !option.is_empty()) {
        if options.len() >= OPTIONS_MAX {
            return Err(UriError::Options { uri });
        }
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let escape = || UriError::Escape { uri: uri.clone() };
        let name = unescaped(name.trim()).ok_or_else(escape)?;
        let value = unescaped(value.trim()).ok_or_else(escape)?;
        options.push((name, value));
    }
    Ok(ConnectorUri {
        scheme,
        host: host.into(),
        port,
        options,
    })
}

fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut pieces = text.split('%');
    bytes.extend(pieces.next()?.bytes());
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(2)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend(rest.bytes());
    }
    String::from_utf8(bytes).ok()
}
