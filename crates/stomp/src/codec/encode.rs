//! Writes frames.
//!
//! A frame is a command line, header lines and a body up to a NUL, to which ActiveMQ adds a line
//! feed that some clients read as the end of the frame. Values are escaped as the version of the
//! connection asks; names known to the program need no escapes.

use super::Escaping;
use bytes::BytesMut;

/// What follows every body.
pub(crate) const END: &[u8] = b"\0\n";

/// Appends `name:value`; the name is the program's own, with its colon.
#[inline]
pub(crate) fn put_header(out: &mut BytesMut, escaping: Escaping, name: &[u8], value: &[u8]) {
    out.extend_from_slice(name);
    escaping.encode(out, value);
    out.extend_from_slice(b"\n");
}

/// Appends `RECEIPT` for an id that is escaped already.
#[inline]
pub(crate) fn put_receipt(out: &mut BytesMut, escaped_id: &[u8]) {
    out.extend_from_slice(b"RECEIPT\nreceipt-id:");
    out.extend_from_slice(escaped_id);
    out.extend_from_slice(b"\n\n\0\n");
}

/// Appends an `ERROR` frame.
pub(crate) fn put_error(out: &mut BytesMut, escaping: Escaping, error: &ErrorFrame<'_>) {
    out.extend_from_slice(b"ERROR\n");
    put_header(out, escaping, b"message:", error.message.as_bytes());
    out.extend_from_slice(b"content-type:text/plain\n");
    if let Some(version) = error.versions {
        put_header(out, escaping, b"version:", version.as_bytes());
    }
    if let Some(id) = error.escaped_receipt_id {
        out.extend_from_slice(b"receipt-id:");
        out.extend_from_slice(id);
        out.extend_from_slice(b"\n");
    }
    out.extend_from_slice(b"\n");
    // A body without length must not hold a NUL.
    for part in error.body.as_bytes().split(|byte| *byte == 0) {
        out.extend_from_slice(part);
    }
    out.extend_from_slice(END);
}

/// The parts of an `ERROR` frame.
#[derive(Debug, Default)]
pub(crate) struct ErrorFrame<'a> {
    pub(crate) message: &'a str,
    pub(crate) escaped_receipt_id: Option<&'a [u8]>,
    /// Versions to offer instead of the refused ones.
    pub(crate) versions: Option<&'a str>,
    pub(crate) body: &'a str,
}
