//! What the core writes about its lists, and how it finds its queues again after a restart.
//!
//! A descriptor is: kind (1 byte), lane (1), then texts, each with a length (4 bytes,
//! big-endian). Kinds: `Q` a queue's messages (destination), `S` a durable subscription's
//! (destination, client id, name). That a durable subscription exists is a note of the store: key
//! `D`, client id, name; value destination, `1` or `0` for no-local, selector (or nothing).

use crate::queue::Role;
use crate::queue::lane::{Kept, Lane};
use bytes::Bytes;
use floodway_message::Destination;
use floodway_store::ListInfo;
use std::sync::Arc;

#[cfg(test)]
mod tests;

/// A list's owner, as described.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Described {
    Queue {
        destination: Destination,
        lane: usize,
    },
    Durable {
        destination: Destination,
        lane: usize,
        client_id: String,
        name: String,
    },
}

/// Describes the list of a lane.
pub(crate) fn describe(destination: &Destination, role: &Role, lane: usize) -> Bytes {
    let uri = destination.to_string();
    let texts: Vec<&str> = match role {
        Role::Queue | Role::Subscription => vec![&uri],
        Role::Durable { client_id, name } => vec![&uri, client_id, name],
    };
    let kind = if texts.len() == 1 { b'Q' } else { b'S' };
    let mut out = vec![kind, u8::try_from(lane).unwrap_or_default()];
    write_texts(&mut out, &texts);
    out.into()
}

fn write_texts(out: &mut Vec<u8>, texts: &[&str]) {
    for text in texts {
        out.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
        out.extend_from_slice(text.as_bytes());
    }
}

fn read_texts(mut bytes: &[u8]) -> Option<Vec<&str>> {
    let mut texts = Vec::new();
    while let Some((length, after)) = bytes.split_first_chunk::<4>() {
        let (text, next) = after.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        texts.push(std::str::from_utf8(text).ok()?);
        bytes = next;
    }
    bytes.is_empty().then_some(texts)
}

/// A durable subscription as noted in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DurableNote {
    pub(crate) client_id: Arc<str>,
    pub(crate) name: Arc<str>,
    pub(crate) destination: Destination,
    pub(crate) no_local: bool,
    pub(crate) selector: Option<String>,
}

impl DurableNote {
    pub(crate) fn key(client_id: &str, name: &str) -> Bytes {
        let mut key = vec![b'D'];
        write_texts(&mut key, &[client_id, name]);
        key.into()
    }

    pub(crate) fn value(&self) -> Bytes {
        let uri = self.destination.to_string();
        let mut value = Vec::new();
        let no_local = if self.no_local { "1" } else { "0" };
        let mut texts = vec![uri.as_str(), no_local];
        texts.extend(self.selector.as_deref());
        write_texts(&mut value, &texts);
        value.into()
    }

    pub(crate) fn read(key: &[u8], value: &[u8]) -> Option<Self> {
        let key = read_texts(key.strip_prefix(b"D")?)?;
        let value = read_texts(value)?;
        let (&[client_id, name], [uri, no_local, selector @ ..]) = (key.as_slice(), &value[..])
        else {
            return None;
        };
        Some(Self {
            client_id: client_id.into(),
            name: name.into(),
            destination: Destination::parse(uri).ok()?,
            no_local: *no_local == "1",
            selector: selector.first().map(|text| (*text).into()),
        })
    }
}

/// Reads a descriptor; `None` when it is not one of this version's.
pub(crate) fn read(descriptor: &[u8]) -> Option<Described> {
    let (&[kind, lane], rest) = descriptor.split_first_chunk::<2>()?;
    let texts = read_texts(rest)?;
    let lane = usize::from(lane);
    match (kind, texts.as_slice()) {
        (b'Q', [uri]) => Some(Described::Queue {
            destination: Destination::parse(uri).ok()?,
            lane,
        }),
        (b'S', [uri, client_id, name]) => Some(Described::Durable {
            destination: Destination::parse(uri).ok()?,
            lane,
            client_id: (*client_id).into(),
            name: (*name).into(),
        }),
        _ => None,
    }
}

/// Gives a recovered list to a lane: everything in it waits on disk.
pub(crate) fn restore(state: &mut crate::queue::QueueState, lane: usize, info: &ListInfo) {
    // A queue that once was prioritized keeps the lanes that still hold messages.
    while state.lanes.len() <= lane {
        state.lanes.push(Lane::default());
    }
    let Some(lane) = state.lanes.get_mut(lane) else {
        return;
    };
    let backlog = lane.backlog(Kept::Stored);
    backlog.list = Some(info.list);
    backlog.from = info.first;
    backlog.end = info.next;
    backlog.count = info.pending;
    state.next_order = state.next_order.max(info.order + 1);
}
