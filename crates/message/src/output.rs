//! Bytes on their way to a socket: small pieces gathered in one buffer, large bodies by reference.
//!
//! The transport writes the pieces in order with one vectored write. Bodies of
//! [`SHARE_BYTES_MIN`] bytes and more are not copied.

use bytes::{Buf, Bytes, BytesMut};
use std::collections::VecDeque;
use std::io::IoSlice;

#[cfg(test)]
mod tests;

/// Bodies of at least this many bytes are kept by reference instead of copied.
pub const SHARE_BYTES_MIN: usize = 16 * 1024;

/// An ordered list of bytes to be written.
#[derive(Debug, Default)]
pub struct Output {
    sealed: VecDeque<Bytes>,
    open: BytesMut,
    sealed_bytes: usize,
}

impl Output {
    /// Appends bytes by copying.
    #[inline]
    pub fn put(&mut self, bytes: &[u8]) {
        self.open.extend_from_slice(bytes);
    }

    /// Appends a body: copied when small, by reference when large.
    #[inline]
    pub fn put_body(&mut self, body: &Bytes) {
        if body.len() < SHARE_BYTES_MIN {
            self.open.extend_from_slice(body);
        } else {
            self.seal();
            self.sealed_bytes += body.len();
            self.sealed.push_back(body.clone());
        }
    }

    /// The buffer that [`Output::put`] appends to, for encoders that format in place.
    #[inline]
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.open
    }

    /// Bytes not yet written.
    #[inline]
    pub fn len(&self) -> usize {
        self.sealed_bytes + self.open.len()
    }

    /// `true` when nothing waits to be written.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The pieces in order, at most as many as `slices` holds; returns how many were filled.
    pub fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let open = Some(&self.open[..]).filter(|open| !open.is_empty());
        let pieces = self.sealed.iter().map(|bytes| &bytes[..]).chain(open);
        let mut count = 0;
        for (slot, piece) in slices.iter_mut().zip(pieces) {
            *slot = IoSlice::new(piece);
            count += 1;
        }
        count
    }

    /// Drops the first `written` bytes. Memory of a large emptied buffer is given back.
    pub fn advance(&mut self, mut written: usize) {
        while let Some(first) = self.sealed.front_mut() {
            if written < first.len() {
                first.advance(written);
                self.sealed_bytes -= written;
                return;
            }
            written -= first.len();
            self.sealed_bytes -= first.len();
            self.sealed.pop_front();
        }
        self.open.advance(written.min(self.open.len()));
        if self.open.is_empty() {
            if self.open.capacity() > 256 * 1024 {
                self.open = BytesMut::new();
            } else {
                self.open.clear();
            }
        }
    }

    fn seal(&mut self) {
        if !self.open.is_empty() {
            let piece = self.open.split().freeze();
            self.sealed_bytes += piece.len();
            self.sealed.push_back(piece);
        }
    }
}
