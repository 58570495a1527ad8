//! The two sides of a load: a producer and a consumer, each with a thread and a connection.
//!
//! They know no administration. A message carries the time of its sending as a header, in
//! microseconds of the clock that all of them share. What is counted as received is acknowledged
//! before the connection ends.

use super::super::clock::Clock;
use super::super::pause;
use super::super::stomp::{Frame, Stomp, StompError};
use super::figures::Times;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Header of the time of sending.
const SENT: &str = "sent-us";
/// Messages that one acknowledgement is for.
const ACK_COUNT: u32 = 100;
/// Messages that are on their way to a consumer at most.
const PREFETCH: &str = "1000";
/// One wait for a message.
const ROUND: Duration = Duration::from_millis(100);
/// A producer that waits for its receipts no longer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Nothing came for so many rounds: what is missing will not come.
const QUIET_ROUNDS: u32 = 30;

/// What all sides see.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) clock: Clock,
    pub(super) sent: AtomicU64,
    pub(super) received: AtomicU64,
    /// Times count.
    pub(super) is_measured: AtomicBool,
    /// Producers stop.
    pub(super) is_over: AtomicBool,
    /// All that was sent is with the broker.
    pub(super) is_sent: AtomicBool,
}

impl Shared {
    pub(super) fn new() -> Self {
        Self {
            clock: Clock::start(),
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
            is_measured: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
            is_sent: AtomicBool::new(false),
        }
    }
}

/// What a producer does.
#[derive(Debug, Clone)]
pub(super) struct Task {
    pub(super) destination: String,
    pub(super) size: usize,
    pub(super) persistent: bool,
    /// Unconfirmed messages; 0 asks for no receipts.
    pub(super) window: usize,
    /// Between two messages of this producer.
    pub(super) interval: Option<Duration>,
}

/// Sends until it is over; returns how long receipts took.
///
/// # Errors
/// When the broker refuses, or takes nothing any more.
pub(super) fn produce(mut stomp: Stomp, task: &Task, shared: &Shared) -> Result<Times, StompError> {
    let body = vec![b'x'; task.size];
    let length = task.size.to_string();
    let mut times = Times::default();
    let mut unconfirmed = VecDeque::new();
    let mut number = 0_u64;
    let begin = shared.clock.elapsed();
    while !shared.is_over.load(Ordering::Relaxed) {
        if let Some(interval) = task.interval {
            let due = begin + interval.saturating_mul(u32::try_from(number).unwrap_or(u32::MAX));
            let early = due.saturating_sub(shared.clock.elapsed());
            if !early.is_zero() {
                pause(early);
                continue;
            }
        }
        number += 1;
        let now = shared.clock.micros();
        let (sent, receipt) = (now.to_string(), number.to_string());
        let mut headers = vec![
            ("destination", task.destination.as_str()),
            ("content-length", &length),
            (SENT, &sent),
        ];
        if task.persistent {
            headers.push(("persistent", "true"));
        }
        if task.window > 0 {
            headers.push(("receipt", &receipt));
            unconfirmed.push_back((receipt.clone(), now));
        }
        stomp.send("SEND", &headers, Some(&body))?;
        shared.sent.fetch_add(1, Ordering::Relaxed);
        while task.window > 0 && unconfirmed.len() >= task.window {
            confirmed(&mut stomp, &mut unconfirmed, (&mut times, shared))?;
        }
    }
    while !unconfirmed.is_empty() {
        confirmed(&mut stomp, &mut unconfirmed, (&mut times, shared))?;
    }
    stomp.confirm("DISCONNECT", &[], None)?;
    Ok(times)
}

/// Waits for a receipt, which is that of the oldest message.
fn confirmed(
    stomp: &mut Stomp,
    unconfirmed: &mut VecDeque<(String, u64)>,
    (times, shared): (&mut Times, &Shared),
) -> Result<(), StompError> {
    let answer = stomp.read(PATIENCE)?.ok_or(StompError::Silent)?;
    let name = answer.header("receipt-id").unwrap_or_default();
    let place = unconfirmed.iter().position(|(own, _)| own == name);
    let Some((_, sent)) = place.and_then(|place| unconfirmed.remove(place)) else {
        return Err(StompError::Refused(format!("{} came unasked", answer.verb)));
    };
    if shared.is_measured.load(Ordering::Relaxed) {
        times.add(shared.clock.micros().saturating_sub(sent));
    }
    Ok(())
}

/// Receives until nothing more is to come; returns how long messages took.
pub(super) struct Consumer {
    stomp: Stomp,
    early: VecDeque<Frame>,
    times: Times,
    /// What the next acknowledgement is for, up to this one.
    last: Option<String>,
    unacknowledged: u32,
}

impl Consumer {
    /// Subscribes; messages that come from now on are received.
    ///
    /// # Errors
    /// When the broker refuses.
    pub(super) fn subscribe(mut stomp: Stomp, destination: &str) -> Result<Self, StompError> {
        let headers = [
            ("id", "0"),
            ("destination", destination),
            ("ack", "client"),
            ("activemq.prefetchSize", PREFETCH),
        ];
        let early = stomp.confirm("SUBSCRIBE", &headers, None)?;
        Ok(Self {
            stomp,
            early: early.into(),
            times: Times::default(),
            last: None,
            unacknowledged: 0,
        })
    }

    /// Takes messages until all have come, which are `copies` of each, or none comes any more.
    ///
    /// # Errors
    /// When the connection ends.
    pub(super) fn consume(mut self, copies: u64, shared: &Shared) -> Result<Times, StompError> {
        let mut quiet = 0;
        loop {
            let frame = match self.early.pop_front() {
                Some(frame) => Some(frame),
                None => self.stomp.read(ROUND)?,
            };
            if let Some(frame) = frame {
                quiet = 0;
                self.took(&frame, shared)?;
                continue;
            }
            self.acknowledge()?;
            if shared.is_sent.load(Ordering::Acquire) {
                quiet += 1;
                let sent = shared.sent.load(Ordering::Relaxed);
                let received = shared.received.load(Ordering::Relaxed);
                if received >= sent.saturating_mul(copies) || quiet >= QUIET_ROUNDS {
                    break;
                }
            }
        }
        self.stomp.confirm("DISCONNECT", &[], None)?;
        Ok(self.times)
    }

    fn took(&mut self, frame: &Frame, shared: &Shared) -> Result<(), StompError> {
        let sent = frame.header(SENT).and_then(|sent| sent.parse().ok());
        let (Some(sent), Some(ack)) = (sent, frame.header("ack")) else {
            return Ok(());
        };
        shared.received.fetch_add(1, Ordering::Relaxed);
        if shared.is_measured.load(Ordering::Relaxed) {
            self.times.add(shared.clock.micros().saturating_sub(sent));
        }
        self.last = Some(ack.to_owned());
        self.unacknowledged += 1;
        if self.unacknowledged >= ACK_COUNT {
            self.acknowledge()?;
        }
        Ok(())
    }

    fn acknowledge(&mut self) -> Result<(), StompError> {
        self.unacknowledged = 0;
        match self.last.take() {
            Some(last) => self.stomp.send("ACK", &[("id", &last)], None),
            None => Ok(()),
        }
    }
}
