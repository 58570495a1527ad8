//! What an operator can set for STOMP, with defaults.
//!
//! The `config` room fills these from the URI options of a transport connector; names in the
//! comments are ActiveMQ's. Sizes are bytes, times milliseconds. Every count and length that a
//! peer can drive has its bound here.

use std::sync::Arc;

/// How often each side promises to send something; 0 is never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HeartBeat {
    /// The client's promise: at least this often something comes from it.
    pub receive_ms: u64,
    /// Our promise to the client.
    pub send_ms: u64,
}

/// Limits and names of STOMP connections.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Longest command line.
    pub command_bytes_max: usize,
    /// Longest header line, name and value together.
    pub header_line_bytes_max: usize,
    /// Most header lines of a frame.
    pub headers_count_max: usize,
    /// Longest command line and header lines together.
    pub header_block_bytes_max: usize,
    /// `wireFormat.maxDataLength`: longest body.
    pub body_bytes_max: usize,
    /// `wireFormat.maxFrameSize`: longest frame, header block and body together.
    pub frame_bytes_max: usize,
    /// Longest frame of a connection that has not logged in.
    pub frame_before_login_bytes_max: usize,
    /// Most bytes taken in between CONNECT and its answer.
    pub early_input_bytes_max: usize,
    /// Bodies shorter than this are copied out of the receive buffer; longer ones keep it alive.
    pub copy_body_bytes_max: usize,
    /// `transport.defaultHeartBeat`: for clients that send no `heart-beat` header.
    pub heart_beat_default: HeartBeat,
    /// `transport.hbGracePeriodMultiplier`: stretches what the client promised before the
    /// connection counts as dead. It is dead after twice the stretched time, the upper end of
    /// what ActiveMQ waits.
    pub heart_beat_grace: f64,
    /// Shortest heart-beat that we promise, however short a one the client asks for.
    pub heart_beat_ms_min: u64,
    /// Host name within connection and message ids.
    pub host: Arc<str>,
    /// The `server` header of CONNECTED. Client libraries look for `ActiveMQ/` at its start to
    /// choose their dialect.
    pub server: Arc<str>,
    /// Most subscriptions of a connection.
    pub subscriptions_count_max: usize,
    /// Most bytes of SUBSCRIBE headers of a connection's open subscriptions.
    pub subscriptions_bytes_max: usize,
    /// Most open transactions of a connection.
    pub transactions_count_max: usize,
    /// Most temporary destinations of a connection.
    pub temporary_destinations_count_max: usize,
    /// Most bytes of the names of a connection's open transactions, and of the names that it
    /// gave its temporary destinations.
    pub names_bytes_max: usize,
    /// Destinations of a connection that get a producer of their own; all others share one.
    pub producers_count_max: usize,
    /// Most bytes of destination headers remembered for those producers.
    pub producers_bytes_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            command_bytes_max: 1024,
            header_line_bytes_max: 10 * 1024,
            headers_count_max: 1000,
            header_block_bytes_max: 100 * 1024,
            body_bytes_max: 100 * 1024 * 1024,
            frame_bytes_max: 10 * 1024 * 1024,
            frame_before_login_bytes_max: 64 * 1024,
            early_input_bytes_max: 1024 * 1024,
            copy_body_bytes_max: 16 * 1024,
            heart_beat_default: HeartBeat::default(),
            heart_beat_grace: 1.0,
            heart_beat_ms_min: 10,
            host: "localhost".into(),
            server: concat!("ActiveMQ/6.2.0 (Floodway/", env!("CARGO_PKG_VERSION"), ")").into(),
            subscriptions_count_max: 10_000,
            subscriptions_bytes_max: 4 * 1024 * 1024,
            transactions_count_max: 1000,
            temporary_destinations_count_max: 1000,
            names_bytes_max: 256 * 1024,
            producers_count_max: 1000,
            producers_bytes_max: 256 * 1024,
        }
    }
}
