//! The core's behaviour as a protocol room sees it: commands in, events out, on an in-memory
//! store, with a clock that the tests move.

#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod activity;
mod advisories;
mod client;
mod connections;
mod dead_letters;
mod explaining;
mod flow_control;
mod folder;
mod forwarding;
mod latencies;
mod logins;
mod parts;
mod prepared;
mod priorities;
mod queues;
mod scheduling;
mod scheduling_management;
mod setting;
mod situations;
mod slow_consumers;
mod subscriptions;
mod topics;
mod transactions;
mod undoing;
mod undoing_jobs;
mod undoing_subscriptions;
