//! Receipts that wait for an answer of the core.
//!
//! A reply number is a place in a table, given back by its one answer. A receipt id is kept as
//! the bytes to send back, escaped already, and without allocation while it is short.

use crate::codec::Escaping;
use bytes::BytesMut;
use floodway_message::session::{ConsumerId, Reply};
use slab::Slab;

/// Ids of at most so many bytes need no allocation; a UUID has 36.
const INLINE_BYTES: usize = 38;

/// A receipt id as it is sent back.
#[derive(Debug, Clone)]
pub(super) enum Receipt {
    Short { len: u8, bytes: [u8; INLINE_BYTES] },
    Long(Box<[u8]>),
}

impl Receipt {
    /// Of a header value as it came, escaped as `from`, to be sent back escaped as `to`.
    #[inline]
    pub(super) fn new(raw: &[u8], from: Escaping, to: Escaping) -> Self {
        if to.is_plain(raw) {
            return Self::keep(raw);
        }
        let mut escaped = BytesMut::new();
        to.encode(&mut escaped, &from.decode(raw));
        Self::keep(&escaped)
    }

    fn keep(escaped: &[u8]) -> Self {
        let mut bytes = [0; INLINE_BYTES];
        match (bytes.get_mut(..escaped.len()), u8::try_from(escaped.len())) {
            (Some(room), Ok(len)) => {
                room.copy_from_slice(escaped);
                Self::Short { len, bytes }
            }
            _ => Self::Long(escaped.into()),
        }
    }

    pub(super) fn escaped(&self) -> &[u8] {
        match self {
            Self::Short { len, bytes } => bytes.get(..usize::from(*len)).unwrap_or_default(),
            Self::Long(bytes) => bytes,
        }
    }
}

/// What to do when an answer comes.
#[derive(Debug)]
pub(super) enum Pending {
    /// Log the client in; an id to echo.
    Connect(Option<Receipt>),
    /// Send the receipt.
    Receipt(Receipt),
    /// Send the receipt, or forget the subscription.
    Subscribe(ConsumerId, Option<Receipt>),
    /// Send the receipt and end the connection.
    Disconnect(Option<Receipt>),
}

/// Answers that are awaited.
#[derive(Debug, Default)]
pub(super) struct Replies {
    pending: Slab<Pending>,
}

impl Replies {
    pub(super) fn open(&mut self, pending: Pending) -> Reply {
        self.pending.insert(pending) as Reply
    }

    pub(super) fn take(&mut self, reply: Reply) -> Option<Pending> {
        self.pending.try_remove(usize::try_from(reply).ok()?)
    }
}
