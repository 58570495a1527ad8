//! Why administration cannot be served. Each says where and what to do.

use std::io;

/// The address could not be opened, or its thread not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdminError {
    /// The host has no address.
    #[error(
        "administration: host {host} cannot be resolved ({cause}); name an address of this machine"
    )]
    Resolve {
        /// The host.
        host: String,
        /// What the system said.
        cause: io::Error,
    },
    /// Somebody listens there already.
    #[error(
        "administration: {address} is in use; stop the process that listens there, or choose \
         another address with --admin HOST:PORT (--admin none does without)"
    )]
    InUse {
        /// Address and port.
        address: String,
    },
    /// The system refused the socket.
    #[error(
        "administration: cannot listen on {address} ({cause}); choose an address of this machine \
         and a port that this user may open, with --admin HOST:PORT"
    )]
    Listen {
        /// Address and port.
        address: String,
        /// What the system said.
        cause: io::Error,
    },
    /// No thread.
    #[error("administration: its thread cannot be started ({0})")]
    Thread(io::Error),
    /// No random bytes for the tokens of the console.
    #[error("administration: the system gives no random bytes ({cause})")]
    Random {
        /// What the system said.
        cause: String,
    },
}
