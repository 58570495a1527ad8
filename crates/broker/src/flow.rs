//! Flow control: usage nodes that count bytes against limits, and sends parked until there is
//! room. It knows no destination and no message.

pub(crate) mod admission;
pub(crate) mod disks;
pub(crate) mod parking;
pub(crate) mod parts;
pub(crate) mod usage;
