//! `floodway start`: runs the broker until a signal ends it.

use crate::{Server, configuration, log};
use anyhow::{Context, Result};
use floodway_cli::Start;
use floodway_transport::Clock;
use tokio::signal::unix::{SignalKind, signal};

pub(crate) fn run(arguments: &Start) -> Result<()> {
    let clock = Clock::start();
    log::start();
    let source = configuration::source(arguments.location());
    let options = configuration::options(arguments.data.as_ref(), arguments.admin.as_deref())?;
    let loaded = floodway_config::load(&source, &options)?;
    log::tell(&loaded.report);
    let runtime = runtime()?;
    // From here on a signal waits until the broker can be stopped properly.
    let signals = runtime.block_on(async { Signals::listen() })?;
    let server = runtime.block_on(Server::start(loaded.settings, clock))?;
    tracing::info!(
        "floodway {} started in {} ms",
        env!("CARGO_PKG_VERSION"),
        clock.elapsed_ms()
    );
    let name = runtime.block_on(signals.wait());
    tracing::info!("{name} received: stopping");
    let begin_ms = clock.elapsed_ms();
    runtime.block_on(server.stop())?;
    tracing::info!("stopped in {} ms", clock.elapsed_ms() - begin_ms);
    runtime.shutdown_background();
    Ok(())
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .thread_name("connections")
        .enable_all()
        .build()
        .context("the threads for connections cannot be started")
}

/// The signals that end the broker.
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    fn listen() -> Result<Self> {
        let listen = |kind| signal(kind).context("signals cannot be received");
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    async fn wait(mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
