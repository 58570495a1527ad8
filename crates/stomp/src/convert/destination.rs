//! Destination headers: `/queue/A`, `/topic/A.>`, `/temp-queue/x`, and lists of them with commas.
//!
//! As with ActiveMQ, options after a question mark are dropped and surrounding white space does
//! not count. Anything without a known prefix is an error that names the prefixes.

use super::Temporaries;
use crate::error::{StompError, shown};
use floodway_message::session::{Command, Destinations};
use floodway_message::{Destination, DestinationKind};

#[cfg(test)]
mod tests;

const PREFIXES: [(&str, DestinationKind); 4] = [
    ("/queue/", DestinationKind::Queue),
    ("/topic/", DestinationKind::Topic),
    ("/remote-temp-queue/", DestinationKind::TempQueue),
    ("/remote-temp-topic/", DestinationKind::TempTopic),
];

/// Reads a header value: one destination, or several for a composite.
///
/// # Errors
/// When a prefix is unknown or a name is empty or too long.
pub(crate) fn parse(
    value: &str,
    temporaries: &mut Temporaries,
    commands: &mut Vec<Command>,
) -> Result<Destinations, StompError> {
    let value = value.trim();
    if !value.contains(',') {
        return Ok(Destinations::One(one(value, temporaries, commands)?));
    }
    let mut many = Vec::new();
    for part in value
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        let destination = one(part, temporaries, commands)?;
        if !many.contains(&destination) {
            many.push(destination);
        }
    }
    match many.as_slice() {
        [] => Err(StompError::DestinationPrefix {
            name: shown(value.as_bytes()),
        }),
        [single] => Ok(Destinations::One(single.clone())),
        _ => Ok(Destinations::Many(many.into())),
    }
}

fn one(
    text: &str,
    temporaries: &mut Temporaries,
    commands: &mut Vec<Command>,
) -> Result<Destination, StompError> {
    for (prefix, kind) in PREFIXES {
        if let Some(name) = text.strip_prefix(prefix) {
            let name = name.split_once('?').map_or(name, |(name, _)| name).trim();
            return Destination::new(kind, name).map_err(|source| StompError::Destination {
                name: shown(text.as_bytes()),
                source,
            });
        }
    }
    if text.starts_with("/temp-queue/") {
        return temporaries.resolve(DestinationKind::TempQueue, text, commands);
    }
    if text.starts_with("/temp-topic/") {
        return temporaries.resolve(DestinationKind::TempTopic, text, commands);
    }
    Err(StompError::DestinationPrefix {
        name: shown(text.as_bytes()),
    })
}
