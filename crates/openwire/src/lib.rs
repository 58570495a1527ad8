//! OpenWire, versions 1 to 12: what stock Java clients of ActiveMQ speak.

pub mod codec;
pub mod generated;
