//! DestinationInfo: destinations that a client creates and removes.
//!
//! A temporary one belongs to its connection, with whose id its name begins. Who else is told of
//! it is the core's to know.

use super::conversation::{Answer, Ask, Conversation, Turn};
use crate::convert::destination::{self, TEMP_QUEUE, TEMP_TOPIC};
use crate::error::OpenWireError;
use crate::generated::DestinationInfo;
use floodway_message::session::{Command, Destinations};
use std::sync::Arc;

const REMOVE: i8 = 1;

impl Conversation {
    pub(super) fn destination(
        &mut self,
        info: &DestinationInfo,
        ask: Ask,
        turn: &mut Turn<'_>,
    ) -> Result<Answer, OpenWireError> {
        let wire = info.destination.as_ref();
        let wire = wire.ok_or(OpenWireError::Missing {
            what: "destination",
        })?;
        let destination = match destination::read(wire)? {
            Destinations::One(one) => one,
            Destinations::Many(_) => {
                let what = "a single destination";
                return Err(OpenWireError::Missing { what });
            }
        };
        let is_temporary = matches!(wire.type_id, TEMP_QUEUE | TEMP_TOPIC);
        let name: Arc<str> = destination.name().into();
        if info.operation_type == REMOVE {
            if is_temporary && !self.own_temporaries.remove(&name) {
                return Ok(Answer::Now);
            }
            let reply = self.reply(ask);
            turn.commands
                .push(Command::RemoveDestination { destination, reply });
            return Ok(Answer::Later);
        }
        if is_temporary {
            self.note_temporary(&name)?;
        }
        let reply = self.reply(ask);
        turn.commands
            .push(Command::CreateDestination { destination, reply });
        Ok(Answer::Later)
    }

    /// Notes a temporary destination of this connection, whose id its name begins with.
    fn note_temporary(&mut self, name: &Arc<str>) -> Result<(), OpenWireError> {
        let owner = self.connection_id.clone().unwrap_or_default();
        if name
            .rsplit_once(':')
            .is_none_or(|(prefix, _)| prefix != owner.to_str())
        {
            let name = name.to_string();
            return Err(OpenWireError::ForeignTemporary { name });
        }
        let limit = self.settings.temporary_destinations_count_max;
        if self.own_temporaries.len() >= limit && !self.own_temporaries.contains(name) {
            let what = "temporary destinations";
            return Err(OpenWireError::TooMany { what, limit });
        }
        self.own_temporaries.insert(Arc::clone(name));
        Ok(())
    }
}
