//! The structures of OpenWire, versions 1 to 12, generated from `commands.txt`.
//!
//! Every structure reads and writes itself field by field through the `codec`, which knows both
//! encodings; nothing here knows what a field means. Do not edit the files below: change the
//! table and run `cargo run -p xtask -- codegen openwire`.
#![allow(unused_imports, reason = "all generated files begin alike")]

pub mod connections;
pub mod controls;
pub mod identifiers;
pub mod messages;
pub mod structure;

pub use connections::*;
pub use controls::*;
pub use identifiers::*;
pub use messages::*;
pub use structure::{CachedRef, CachedValue, DataStructure};
