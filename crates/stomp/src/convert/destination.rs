//! Destination headers: `/queue/A`, `/topic/A.>`, `/temp-queue/x`, and lists of them with commas.
//!
//! As with ActiveMQ, options after a question mark are dropped, surrounding white space does not
//! count, and where a destination is required a name without a known prefix is a queue of that
//! name (seen on 5.17.2). A `reply-to` without one is no destination but a text.

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

/// What a name without a known prefix is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unprefixed {
    Queue,
    Refused,
}

/// Reads a header value: one destination, or several for a composite.
///
/// # Errors
/// When a prefix is unknown and that is refused, or a name is empty or too long.
pub(crate) fn parse(
    value: &str,
    unprefixed: Unprefixed,
    temporaries: &mut Temporaries,
    commands: &mut Vec<Command>,
) -> Result<Destinations, StompError> {
    let value = value.trim();
    if !value.contains(',') {
        return Ok(Destinations::One(one(
            value,
            unprefixed,
            temporaries,
            commands,
        )?));
    }
    let mut many = Vec::new();
    for part in value
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        let destination = one(part, unprefixed, temporaries, commands)?;
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
    unprefixed: Unprefixed,
    temporaries: &mut Temporaries,
    commands: &mut Vec<Command>,
) -> Result<Destination, StompError> {
    for (prefix, kind) in PREFIXES {
        if let Some(name) = text.strip_prefix(prefix) {
            return named(kind, name, text);
        }
    }
    if text.starts_with("/temp-queue/") {
        return temporaries.resolve(DestinationKind::TempQueue, text, commands);
    }
    if text.starts_with("/temp-topic/") {
        return temporaries.resolve(DestinationKind::TempTopic, text, commands);
    }
    match unprefixed {
        Unprefixed::Queue => named(DestinationKind::Queue, text, text),
        Unprefixed::Refused => Err(StompError::DestinationPrefix {
            name: shown(text.as_bytes()),
        }),
    }
}

fn named(kind: DestinationKind, name: &str, text: &str) -> Result<Destination, StompError> {
    let name = name.split_once('?').map_or(name, |(name, _)| name).trim();
    Destination::new(kind, name).map_err(|source| StompError::Destination {
        name: shown(text.as_bytes()),
        source,
    })
}
