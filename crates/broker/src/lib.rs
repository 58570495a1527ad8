//! The core of the broker: destinations, subscriptions, dispatch, flow control, transactions.
//!
//! It speaks [`floodway_message::session`] with the protocol rooms and
//! [`floodway_store`] with the disk. It knows no protocol, opens no socket or file, starts no
//! thread and reads no clock: time arrives with every call.

pub mod explain;
pub mod live;
pub mod settings;
pub mod undo;
pub mod view;

mod advisory;
mod audit;
mod background;
mod broker;
mod consumer;
mod dead_letter;
mod destination;
mod entry;
mod error;
mod filter;
mod flow;
mod forward;
mod latency;
mod login;
mod manage;
mod operation;
mod outbox;
mod peers;
mod policy;
mod prepared;
mod queue;
mod rates;
mod recover;
mod registry;
mod scheduler;
mod selection;
mod session;
mod slow;
mod topic;
mod turn;

pub use broker::Broker;
pub use error::BrokerError;
pub use latency::{Latencies, Stopwatch};
pub use manage::GroupView;
pub use outbox::Wake;
pub use session::Session;
