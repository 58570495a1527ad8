//! Destinations of the wire: a kind and a name, or several names with commas.
//!
//! An element of a composite may carry a kind of its own in front (`topic://A`); without one it
//! has the kind of the whole. Blank elements and repeated ones do not count.

use crate::codec::Text;
use crate::error::OpenWireError;
use crate::generated::ActiveMQDestination;
use bytes::Bytes;
use floodway_message::session::Destinations;
use floodway_message::{Destination, DestinationKind};

/// Most elements of a composite destination.
const ELEMENTS_MAX: usize = 1000;

/// Wire types of destinations.
pub(crate) const QUEUE: u8 = 100;
pub(crate) const TOPIC: u8 = 101;
pub(crate) const TEMP_QUEUE: u8 = 102;
pub(crate) const TEMP_TOPIC: u8 = 103;

/// Prefixes as Java prints them; `temp-queue` before `queue` does not matter, they differ.
const PREFIXES: [(&str, DestinationKind); 4] = [
    ("queue://", DestinationKind::Queue),
    ("topic://", DestinationKind::Topic),
    ("temp-queue://", DestinationKind::TempQueue),
    ("temp-topic://", DestinationKind::TempTopic),
];

/// The kind of a wire type.
pub(crate) fn kind_of(type_id: u8) -> DestinationKind {
    match type_id {
        TOPIC => DestinationKind::Topic,
        TEMP_QUEUE => DestinationKind::TempQueue,
        TEMP_TOPIC => DestinationKind::TempTopic,
        _ => DestinationKind::Queue,
    }
}

/// The wire type of a kind.
pub(crate) fn type_of(kind: DestinationKind) -> u8 {
    match kind {
        DestinationKind::Queue => QUEUE,
        DestinationKind::Topic => TOPIC,
        DestinationKind::TempQueue => TEMP_QUEUE,
        DestinationKind::TempTopic => TEMP_TOPIC,
    }
}

/// Reads a destination, composite or not.
///
/// # Errors
/// When a name is missing or too long, or there are too many.
pub(crate) fn read(wire: &ActiveMQDestination) -> Result<Destinations, OpenWireError> {
    let name = wire
        .physical_name
        .as_ref()
        .map(Text::to_str)
        .unwrap_or_default();
    let kind = kind_of(wire.type_id);
    if !name.contains(',') {
        return named(kind, &name).map(Destinations::One);
    }
    let mut many: Vec<Destination> = Vec::new();
    for element in name
        .split(',')
        .map(str::trim)
        .filter(|element| !element.is_empty())
    {
        let prefixed = PREFIXES
            .iter()
            .find_map(|(prefix, kind)| element.strip_prefix(prefix).map(|name| (*kind, name)));
        let (kind, name) = prefixed.unwrap_or((kind, element));
        let destination = named(kind, name)?;
        if many.len() >= ELEMENTS_MAX {
            return Err(OpenWireError::TooMany {
                what: "elements of a composite destination",
                limit: ELEMENTS_MAX,
            });
        }
        if !many.contains(&destination) {
            many.push(destination);
        }
    }
    match many.as_slice() {
        [] => named(kind, "").map(Destinations::One),
        [single] => Ok(Destinations::One(single.clone())),
        _ => Ok(Destinations::Many(many.into())),
    }
}

/// One destination as it stands, commas and all: for fields that only name it.
pub(crate) fn read_one(wire: &ActiveMQDestination) -> Option<Destination> {
    let name = wire.physical_name.as_ref()?.to_str();
    Destination::new(kind_of(wire.type_id), &name).ok()
}

fn named(kind: DestinationKind, name: &str) -> Result<Destination, OpenWireError> {
    Destination::new(kind, name).map_err(|source| OpenWireError::Destination { source })
}

/// The wire form of a destination whose name is UTF-8.
pub(crate) fn write(kind: DestinationKind, name: Bytes) -> ActiveMQDestination {
    ActiveMQDestination {
        type_id: type_of(kind),
        physical_name: Some(Text::from_standard(name)),
    }
}
