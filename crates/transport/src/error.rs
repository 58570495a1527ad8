//! Why a connector cannot listen. Each says where and what to do.

use std::io;

/// A connector could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The host of the connector's address has no address.
    #[error(
        "{scheme} connector {name}: host {host} cannot be resolved ({cause}); \
         name an address of this machine"
    )]
    Resolve {
        /// Scheme of the connector.
        scheme: String,
        /// Name of the connector.
        name: String,
        /// The host.
        host: String,
        /// What the system said.
        cause: io::Error,
    },
    /// Somebody listens there already.
    #[error(
        "{scheme} connector {name}: {address} is in use; stop the process that listens there or \
         choose another port"
    )]
    InUse {
        /// Scheme of the connector.
        scheme: String,
        /// Name of the connector.
        name: String,
        /// Address and port.
        address: String,
    },
    /// The system refused the socket.
    #[error(
        "{scheme} connector {name}: cannot listen on {address} ({cause}); choose an address of \
         this machine and a port that this user may open"
    )]
    Listen {
        /// Scheme of the connector.
        scheme: String,
        /// Name of the connector.
        name: String,
        /// Address and port.
        address: String,
        /// What the system said.
        cause: io::Error,
    },
}
