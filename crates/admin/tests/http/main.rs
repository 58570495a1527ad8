//! Administration over real sockets.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failed expectation here is a failed test"
)]

mod bounds;
mod console;
mod described;
mod file;
mod jolokia;
mod metrics;
mod ready;
mod served;
mod undo;
