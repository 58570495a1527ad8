//! Floodway's load tool: measures brokers over STOMP, OpenWire and NATS with little CPU.
//!
//! Load and broker share the machine's cores, so frames are encoded once and patched, answers are
//! only measured, and one or two threads serve all connections. Of the broker the tool links the
//! OpenWire codec alone: what it measures, any client would see. Units are in the names.

pub mod body;
pub mod consumer;
pub mod control;
pub mod lane;
pub mod latency;
pub mod measure;
pub mod nats;
pub mod openwire;
pub mod process;
pub mod producer;
pub mod raw_commit;
pub mod report;
pub mod scenario;
pub mod stomp;
pub mod tracker;
pub mod train;
pub mod wire;
