//! Buffers that a connection needs only while it works, kept per thread and lent for one turn.
//!
//! An idle connection holds none of them, so ten thousand idle connections cost their sockets
//! and little more. Invariant: lists are empty when lent. Sizes are bytes.

use bytes::BytesMut;
use floodway_message::Output;
use floodway_message::session::{Command, Event};
use std::cell::RefCell;

/// Lists longer than this are given back to the system after a turn.
const LIST_ITEMS_KEPT: usize = 4096;
/// Read buffers greater than this are given back to the system after a turn.
const READ_BYTES_KEPT: usize = 256 * 1024;
/// The beginning of a frame up to this size is copied out, so that the buffer can be lent on.
const REST_BYTES_KEPT: usize = 8 * 1024;

thread_local! {
    static KEPT: RefCell<Option<Box<Scratch>>> = const { RefCell::new(None) };
}

/// What a turn works with.
#[derive(Default)]
pub(crate) struct Scratch {
    pub(crate) commands: Vec<Command>,
    pub(crate) events: Vec<Event>,
    input: BytesMut,
    output: Output,
}

impl Scratch {
    /// Takes this thread's, or makes one.
    pub(crate) fn take() -> Box<Self> {
        KEPT.with(|kept| kept.borrow_mut().take())
            .unwrap_or_default()
    }

    /// Gives it back for the next turn on this thread.
    pub(crate) fn give_back(mut self: Box<Self>) {
        self.commands.clear();
        self.events.clear();
        self.commands.shrink_to(LIST_ITEMS_KEPT);
        self.events.shrink_to(LIST_ITEMS_KEPT);
        KEPT.with(|kept| *kept.borrow_mut() = Some(self));
    }

    /// Lends buffers to a connection that holds none, or only the beginning of a frame.
    pub(crate) fn lend(&mut self, input: &mut BytesMut, output: &mut Output) {
        if input.len() <= REST_BYTES_KEPT && self.input.capacity() > input.capacity() {
            self.input.extend_from_slice(input);
            *input = std::mem::take(&mut self.input);
        }
        if output.is_empty() {
            std::mem::swap(output, &mut self.output);
        }
    }

    /// Takes back what the connection does not need while it rests.
    pub(crate) fn collect(&mut self, input: &mut BytesMut, output: &mut Output, read_bytes: usize) {
        if input.len() <= REST_BYTES_KEPT {
            let rest = BytesMut::from(&input[..]);
            let mut buffer = std::mem::replace(input, rest);
            buffer.clear();
            // A body that somebody still holds keeps the buffer from being used again.
            if buffer.try_reclaim(read_bytes) && buffer.capacity() <= READ_BYTES_KEPT {
                self.input = buffer;
            }
        }
        if output.is_empty() {
            self.output = std::mem::take(output);
        }
    }
}
