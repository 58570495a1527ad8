//! Between frames and messages, and between destination headers and destinations.
//!
//! The mapping is ActiveMQ's: header names and defaults are those of its STOMP documentation. It
//! knows nothing of connections' states; what is per connection (aliases of temporary
//! destinations) is handed in.

mod advisory;
pub(crate) mod destination;
pub(crate) mod inbound;
pub(crate) mod outbound;
pub(crate) mod temporary;

pub(crate) use outbound::Template;
pub(crate) use temporary::Temporaries;
