//! The explanation as people read it: one screen, no markup.

use super::{Blockage, Cause, Explanation, name_of};
use crate::view::{BlockedView, ConsumerView, HolderView, LimitView};
use std::fmt;

/// Most lines of one kind; the rest is counted.
const LINES_MAX: usize = 5;

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.limits.is_empty() {
            return f.write_str("No producer is blocked.\n");
        }
        for blockage in &self.limits {
            write!(f, "{blockage}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Blockage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "BLOCKED by the {}", Limit(&self.limit))?;
        for one in self.blocked.iter().take(LINES_MAX) {
            writeln!(f, "  {}", Blocked(one))?;
        }
        more(f, self.blocked.len(), "producers")?;
        if let Some(policy) = self.blocked.first().map(|one| &one.policy) {
            match policy.line {
                0 => writeln!(f, "  Policy: the default entry")?,
                line => writeln!(
                    f,
                    "  Policy: entry \"{}\", line {line} of the configuration",
                    policy.pattern
                )?,
            }
        }
        writeln!(f, "Space is held by")?;
        for holder in self.holders.iter().take(LINES_MAX) {
            writeln!(f, "  {}", Holder(holder))?;
        }
        more(f, self.holders.len(), "destinations")?;
        writeln!(f, "Because")?;
        for cause in self.causes.iter().take(LINES_MAX) {
            writeln!(f, "  {cause}")?;
        }
        writeln!(f, "What helps")?;
        for (number, remedy) in self.remedies.iter().enumerate() {
            writeln!(f, "  {}. {}", number + 1, remedy.advice)?;
            if let Some(command) = &remedy.command {
                writeln!(f, "     now:   {command}")?;
                writeln!(f, "     keep:  {command} --persist")?;
            }
            if let Some(xml) = &remedy.xml {
                writeln!(f, "     later: {xml}")?;
            }
        }
        Ok(())
    }
}

/// The same in one line of the log: the first of each.
pub(super) struct OneLine<'a>(pub(super) &'a Blockage);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Blockage {
            holders,
            causes,
            remedies,
            ..
        } = self.0;
        f.write_str("space is held by ")?;
        match holders.first() {
            Some(holder) => write!(f, "{}", Holder(holder))?,
            None => f.write_str("nobody that is known")?,
        }
        if let Some(cause) = causes.first() {
            write!(f, "; because {cause}")?;
        }
        for remedy in remedies.iter().take(2) {
            write!(f, "; what helps: {}", remedy.advice)?;
            if let Some(command) = &remedy.command {
                write!(f, " ({command})")?;
            }
        }
        Ok(())
    }
}

fn more(f: &mut fmt::Formatter<'_>, count: usize, what: &str) -> fmt::Result {
    match count.checked_sub(LINES_MAX) {
        Some(rest) if rest > 0 => writeln!(f, "  and {rest} more {what}"),
        _ => Ok(()),
    }
}

struct Limit<'a>(&'a LimitView);

impl fmt::Display for Limit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut of = |name: &str, used: u64, limit: u64| {
            let (used, limit) = (Bytes(used), Bytes(limit));
            write!(f, "{name}: {used} of {limit} used")
        };
        match self.0 {
            LimitView::Memory {
                destination,
                portion_percent,
                used_bytes,
                limit_bytes,
            } => {
                let name = match (destination, portion_percent) {
                    (Some(destination), _) => format!("memory limit of {destination}"),
                    (None, Some(percent)) => {
                        format!("producers' {percent} % of the broker's memory limit")
                    }
                    (None, None) => "memory limit of the broker".to_owned(),
                };
                of(&name, *used_bytes, *limit_bytes)
            }
            LimitView::Store {
                used_bytes,
                limit_bytes,
            } => of("store limit", *used_bytes, *limit_bytes),
            LimitView::Temp {
                used_bytes,
                limit_bytes,
            } => of("temp limit", *used_bytes, *limit_bytes),
            LimitView::Jobs {
                used_bytes,
                limit_bytes,
            } => of("job scheduler limit", *used_bytes, *limit_bytes),
            LimitView::Congested => f.write_str("disk: more waits to be written than it takes"),
        }
    }
}

struct Blocked<'a>(&'a BlockedView);

impl fmt::Display for Blocked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let BlockedView {
            connection,
            producer,
            destination,
            blocked_ms,
            sends,
            bytes,
            ..
        } = self.0;
        match producer {
            Some(producer) => write!(f, "producer {producer}")?,
            None => f.write_str("a commit")?,
        }
        write!(
            f,
            " of client {} ({}) to {destination}: for {}, {sends} sends wait ({})",
            connection.client_id,
            connection.peer,
            Time(*blocked_ms),
            Bytes(*bytes as u64)
        )
    }
}

struct Holder<'a>(&'a HolderView);

impl fmt::Display for Holder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let HolderView {
            destination,
            bytes,
            messages,
            consumers,
            gone_in_ms,
            ..
        } = self.0;
        write!(
            f,
            "{destination}: {}, {} pending, {} delivered and not acknowledged, {} consumers",
            Bytes(*bytes),
            messages.pending,
            messages.in_flight,
            messages.consumers
        )?;
        if let Some(first) = consumers.first().filter(|one| one.unacknowledged > 0) {
            write!(
                f,
                "; most with {}: {} messages, {}",
                name_of(first),
                first.unacknowledged,
                Bytes(first.unacknowledged_bytes)
            )?;
        }
        match gone_in_ms {
            Some(gone_in_ms) if *gone_in_ms > 0 => {
                write!(f, "; at the present rate gone in {}", Time(*gone_in_ms))
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(consumer) = self.consumer() {
            return OfConsumer(self, consumer).fmt(f);
        }
        match self {
            Self::NoConsumer { destination } => {
                write!(f, "nobody consumes from {destination}")
            }
            Self::NothingSelected {
                destination,
                selectors,
            } => write!(
                f,
                "no pending message of {destination} matches a selector of its consumers: {}",
                selectors.join(" | ")
            ),
            Self::DurableAway {
                destination,
                client_id,
                name,
            } => write!(
                f,
                "durable subscription {name} of client {client_id} to {destination} has no consumer"
            ),
            Self::InDoubt {
                destination,
                messages,
            } => write!(
                f,
                "{messages} messages of {destination} were acknowledged in transactions that are \
                 prepared and have no outcome yet"
            ),
            Self::Paused { destination } => {
                write!(f, "{destination} is paused: nothing of it is dispatched")
            }
            Self::NotStarted {
                destination,
                missing,
                wait_ms,
            } => write!(
                f,
                "dispatch of {destination} waits for {missing} more consumers \
                 (consumersBeforeDispatchStarts), or for {}",
                Time(*wait_ms)
            ),
            Self::Consuming { destination } => write!(
                f,
                "producers send to {destination} faster than its consumers take"
            ),
            Self::DiskFull => f.write_str("the disk is full before the limit is reached"),
            Self::DiskShort { set_bytes } => write!(
                f,
                "the disk has less room than the {} that are set",
                Bytes(*set_bytes)
            ),
            // Said above.
            Self::NotAcknowledged { .. }
            | Self::TransactionOpen { .. }
            | Self::GroupOwnerStalled { .. }
            | Self::NotPulling { .. } => Ok(()),
        }
    }
}

/// A cause with a consumer behind it: who, where, and what it does.
struct OfConsumer<'a>(&'a Cause, &'a ConsumerView);

impl fmt::Display for OfConsumer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(cause, consumer) = self;
        let ConsumerView {
            unacknowledged,
            in_transaction,
            prefetch,
            groups,
            ..
        } = consumer;
        f.write_str(&name_of(consumer))?;
        if let Some(destination) = cause.destination() {
            write!(f, " on {destination}")?;
        }
        match cause {
            Cause::TransactionOpen { .. } => write!(
                f,
                " has acknowledged {in_transaction} messages in a transaction that is open"
            ),
            Cause::GroupOwnerStalled { .. } => {
                write!(f, " owns {groups} message groups and does not acknowledge")
            }
            Cause::NotPulling { .. } => {
                f.write_str(" fetches messages one by one (prefetch 0) and asks for none")
            }
            _ => {
                write!(
                    f,
                    " holds {unacknowledged} messages (prefetch {prefetch}) and "
                )?;
                match consumer.since_acknowledged_ms {
                    Some(since) => write!(f, "acknowledged last {} ago", Time(since)),
                    None => f.write_str("has not acknowledged anything"),
                }
            }
        }
    }
}

/// Bytes in the unit that people use.
struct Bytes(u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0;
        match bytes {
            0..1024 => write!(f, "{bytes} bytes"),
            1024..1_048_576 => write!(f, "{:.1} kb", bytes as f64 / 1024.0),
            1_048_576..1_073_741_824 => write!(f, "{:.1} mb", bytes as f64 / 1_048_576.0),
            _ => write!(f, "{:.1} gb", bytes as f64 / 1_073_741_824.0),
        }
    }
}

/// Milliseconds in the unit that people use.
struct Time(u64);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0 / 1000;
        match seconds {
            0..120 => write!(f, "{:.1} s", self.0 as f64 / 1000.0),
            120..7200 => write!(f, "{} min", seconds / 60),
            _ => write!(f, "{} h", seconds / 3600),
        }
    }
}
