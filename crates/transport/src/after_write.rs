//! Commands that may be carried out only when certain bytes have been written to the peer:
//! acknowledgements on behalf of consumers that send none.
//!
//! Positions count the bytes of the connection's output from its start. Two groups are enough:
//! while the first waits, everything younger gathers in the second.

use floodway_message::session::Command;

#[cfg(test)]
mod tests;

#[derive(Default)]
struct Group {
    commands: Vec<Command>,
    position: u64,
}

/// Commands in the order of the bytes they wait for.
#[derive(Default)]
pub(crate) struct AfterWrite {
    first: Group,
    second: Group,
}

impl AfterWrite {
    /// Keeps `commands` until the output has been written up to `position`.
    pub(crate) fn push(&mut self, commands: &mut Vec<Command>, position: u64) {
        let group = if self.first.commands.is_empty() {
            &mut self.first
        } else {
            &mut self.second
        };
        group.commands.append(commands);
        group.position = position;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.commands.is_empty()
    }

    /// Moves to `commands` what may be carried out now.
    pub(crate) fn take_due(&mut self, written: u64, commands: &mut Vec<Command>) {
        for _ in 0..2 {
            if self.first.commands.is_empty() || self.first.position > written {
                return;
            }
            commands.append(&mut self.first.commands);
            std::mem::swap(&mut self.first, &mut self.second);
        }
    }

    /// Nothing waits; memory of the lists is given back.
    pub(crate) fn rest(&mut self) {
        if self.first.commands.is_empty() && self.first.commands.capacity() > 64 {
            *self = Self::default();
        }
    }
}
