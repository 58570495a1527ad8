//! Between OpenWire's messages and the broker's, and between destinations.
//!
//! What only OpenWire clients understand travels in the message's native field, so that it comes
//! out byte for byte; all else is converted to fields that every protocol reads. It knows nothing
//! of connections' states.

pub(crate) mod advisory;
pub(crate) mod body;
pub(crate) mod destination;
pub(crate) mod inbound;
pub(crate) mod native;
pub(crate) mod outbound;
pub(crate) mod properties;
