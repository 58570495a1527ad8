//! What the black-box tests stand on: a broker in a process of its own, in a folder of its own,
//! and a small STOMP client whose every wait has a limit.
//!
//! The broker process is the test binary run once more (see [`broker_process`]), so that it is
//! always the code under test and `kill -9` is a real one.
#![allow(clippy::panic, reason = "a failed expectation here is a failed test")]

mod broker;
mod client;
mod folder;
mod http;

pub use broker::{Broker, Ended, broker_process, broker_xml, run};
pub use client::{Client, Frame};
pub use folder::Folder;
pub use http::{Answer, http};

use std::time::Duration;

/// No single wait is longer. Generous, because test machines are slow; nothing waits for it when
/// all is well.
pub const PATIENCE: Duration = Duration::from_secs(30);
