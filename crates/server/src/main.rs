//! The `floodway` command.

use std::process::ExitCode;

/// Measured against the system's allocator: see `docs/decisions/0001-house.md`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    ExitCode::from(floodway_server::run(std::env::args_os()))
}
