//! What an operator can set on one transport connector, with defaults.
//!
//! The `config` room fills these from the `uri` of a `transportConnector`; names in the comments
//! are ActiveMQ's. Nothing here knows a protocol: frame limits and heart-beats belong to the
//! protocol room's own settings. Sizes are bytes and times milliseconds.

/// Settings of one listener and of the connections it accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectorSettings {
    /// `name`: for people; the scheme when the file gives none.
    pub name: String,
    /// Line of the connector in the configuration file; 0 when it is not from a file.
    pub line: u32,
    /// Scheme of the `uri`, lower case, as written: `stomp`, `stomp+nio` …
    pub scheme: String,
    /// Host of the `uri`: an address or a name, without brackets; `0.0.0.0` is every interface.
    pub host: String,
    /// Port of the `uri`; 0 lets the system choose.
    pub port: u16,
    /// `maximumConnections`: connections beyond so many are closed at once.
    pub maximum_connections: usize,
    /// Most connections of one peer address that have not logged in yet.
    pub maximum_logins_per_address: usize,
    /// `connectionTimeout`, `wireFormat.connectAttemptTimeout`: from accept until the peer has
    /// sent a whole connect command; received bytes do not extend it. 0 waits for ever.
    pub connect_timeout_ms: u64,
    /// `backlog`: connections that the system may keep waiting for accept.
    pub backlog: u32,
    /// `socketBufferSize`: send and receive buffer of each socket; `None` leaves the system's own
    /// tuning on, which is faster.
    pub socket_buffer_bytes: Option<usize>,
    /// `ioBufferSize`: first size of the buffer that a connection reads into. It grows to what a
    /// frame needs and is given back while the connection is idle.
    pub read_buffer_bytes: usize,
    /// Deliveries are held back while so many bytes wait to be written to the peer.
    pub output_limit_bytes: usize,
    /// A peer that leaves its answers unread is read no further when it has given so many commands
    /// since the last answer was taken.
    pub commands_ahead_max: usize,
    /// Most bytes read from one connection before others get their turn.
    pub turn_bytes_max: usize,
    /// Most reads and writes of one connection before others get their turn.
    pub turn_steps_max: usize,
    /// Most events taken from the core at a time.
    pub turn_events_max: usize,
    /// `transport.tcpNoDelay`: send small segments at once. Output is gathered before it is
    /// written, so that this costs nothing.
    pub tcp_no_delay: bool,
    /// `transport.keepAlive`: let the system probe silent peers.
    pub keep_alive: bool,
    /// `transport.soLinger`, seconds; `None` closes in the background.
    pub linger_seconds: Option<u32>,
    /// `transport.soTimeout`: close a connection that has sent nothing for so long; 0 is never.
    pub read_timeout_ms: u64,
    /// `transport.soWriteTimeout`: close a connection whose peer has taken nothing for so long
    /// while bytes wait; 0 is never.
    pub write_timeout_ms: u64,
    /// How long a closing connection may take to write what is left.
    pub close_timeout_ms: u64,
}

impl ConnectorSettings {
    /// A connector of a scheme on an address, with defaults.
    pub fn new(scheme: &str, host: &str, port: u16) -> Self {
        Self {
            name: scheme.into(),
            line: 0,
            scheme: scheme.into(),
            host: host.into(),
            port,
            maximum_connections: 10_000,
            maximum_logins_per_address: 1000,
            connect_timeout_ms: 30_000,
            backlog: 5000,
            socket_buffer_bytes: None,
            read_buffer_bytes: 64 * 1024,
            output_limit_bytes: 256 * 1024,
            commands_ahead_max: 16_384,
            turn_bytes_max: 256 * 1024,
            turn_steps_max: 16,
            turn_events_max: 1024,
            tcp_no_delay: true,
            keep_alive: false,
            linger_seconds: None,
            read_timeout_ms: 0,
            write_timeout_ms: 0,
            close_timeout_ms: 1000,
        }
    }
}
