//! The temporary destinations of a connection, which it names by aliases of its own choice.
//!
//! `/temp-queue/replies` is created at its first use under a name that is unique in the broker
//! and travels as that name; back on its own connection it is shown by its alias again. Other
//! connections see `/remote-temp-queue/` and the unique name.

use crate::codec::{Escaping, number};
use crate::error::StompError;
use bytes::BytesMut;
use floodway_message::session::Command;
use floodway_message::{Destination, DestinationKind};
use std::collections::HashMap;
use std::sync::Arc;

/// Aliases of one connection, at most as many as its limit says.
#[derive(Debug)]
pub(crate) struct Temporaries {
    connection_id: Arc<str>,
    limit: usize,
    bytes_max: usize,
    bytes: usize,
    by_alias: HashMap<Box<str>, Destination>,
    alias_by_name: HashMap<Destination, Box<str>>,
}

impl Temporaries {
    /// None so far, at most `limit`, whose aliases have at most `bytes_max` bytes together.
    pub(crate) fn new(connection_id: Arc<str>, limit: usize, bytes_max: usize) -> Self {
        Self {
            connection_id,
            limit,
            bytes_max,
            bytes: 0,
            by_alias: HashMap::new(),
            alias_by_name: HashMap::new(),
        }
    }

    /// The destination of an alias such as `/temp-queue/replies`, created at first use.
    pub(crate) fn resolve(
        &mut self,
        kind: DestinationKind,
        alias: &str,
        commands: &mut Vec<Command>,
    ) -> Result<Destination, StompError> {
        if let Some(known) = self.by_alias.get(alias) {
            return Ok(known.clone());
        }
        let limit = self.limit;
        if self.by_alias.len() >= limit {
            let what = "temporary destinations";
            return Err(StompError::TooMany { what, limit });
        }
        let limit = self.bytes_max;
        if self.bytes + alias.len() > limit {
            let what = "bytes of temporary destinations";
            return Err(StompError::TooMany { what, limit });
        }
        self.bytes += alias.len();
        let mut name = BytesMut::from(self.connection_id.as_bytes());
        name.extend_from_slice(b":");
        number::put_u64(&mut name, self.by_alias.len() as u64 + 1);
        let destination =
            Destination::new(kind, &String::from_utf8_lossy(&name)).map_err(|source| {
                StompError::Destination {
                    name: alias.into(),
                    source,
                }
            })?;
        self.by_alias.insert(alias.into(), destination.clone());
        self.alias_by_name.insert(destination.clone(), alias.into());
        commands.push(Command::CreateDestination {
            destination: destination.clone(),
            reply: None,
        });
        Ok(destination)
    }

    /// Appends a destination as this connection names it.
    pub(crate) fn put(
        &self,
        out: &mut BytesMut,
        escaping: Escaping,
        kind: DestinationKind,
        name: &[u8],
    ) {
        if let Some(alias) = self.alias(kind, name) {
            return escaping.encode(out, alias.as_bytes());
        }
        out.extend_from_slice(match kind {
            DestinationKind::Queue => b"/queue/",
            DestinationKind::Topic => b"/topic/",
            DestinationKind::TempQueue => b"/remote-temp-queue/",
            DestinationKind::TempTopic => b"/remote-temp-topic/",
        });
        escaping.encode(out, name);
    }

    fn alias(&self, kind: DestinationKind, name: &[u8]) -> Option<&str> {
        if !kind.is_temporary() || self.alias_by_name.is_empty() {
            return None;
        }
        let name = std::str::from_utf8(name).ok()?;
        let alias = self.alias_by_name.get(&Destination::new(kind, name).ok()?);
        alias.map(AsRef::as_ref)
    }
}
