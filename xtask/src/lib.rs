//! Automation of the project, in Rust so that nothing else has to be installed.
//!
//! A library as well as a command, so that `cargo test` can run the same checks.

pub mod codegen;
pub mod tidy;
