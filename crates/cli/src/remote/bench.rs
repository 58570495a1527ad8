//! A small load on a running broker over STOMP: how many messages a second it takes and gives, and
//! how long that takes.
//!
//! The load shares the machine with whatever else runs there, so its rates are what this client
//! gets, not what the broker can. It works on a destination of its own, which it makes and removes,
//! so that it takes nobody's messages.

use super::connector::Connector;
use super::jolokia::{Beans, Place};
use super::progress::Progress;
use super::stomp::StompError;
use super::text::clean;
use super::{Broker, Print, RemoteError, pause, pretty, written};
use crate::Bench;
use figures::Times;
use load::{Consumer, Shared, Task, produce};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

mod figures;
mod load;

/// How often the bar moves in a second.
const LOOKS_PER_SECOND: u64 = 4;

/// What a load came to.
#[derive(Debug, Default)]
struct Outcome {
    seconds: f64,
    /// Sent and received while it was measured.
    sent: u64,
    received: u64,
    /// From the beginning to the end.
    sent_total: u64,
    received_total: u64,
    receipts: Times,
    deliveries: Times,
}

/// Puts the load on and prints what it came to.
pub(super) fn run(asked: &Bench, print: Print<'_>) -> Result<(), RemoteError> {
    let name = match &asked.destination {
        Some(name) => name.clone(),
        None => format!("queue://floodway.bench.{}", std::process::id()),
    };
    let place = Place::parse(&name)?;
    let beans = Beans::new(Broker::new(&asked.remote)?)?;
    if beans.exists(&place)? {
        let reason = format!(
            "{} is there already, and a load takes messages; name one that is not",
            clean(&place.address())
        );
        return Err(RemoteError::Usage { reason });
    }
    let Some((connector, first)) = Connector::find(&beans, asked.stomp.as_deref())? else {
        let reason = "the load speaks STOMP, and the broker has no such connector that can be \
                      reached; name its address with --stomp"
            .to_owned();
        return Err(RemoteError::Usage { reason });
    };
    drop(first);
    beans.create(&place)?;
    let outcome = loaded(asked, &place, &connector);
    let removed = beans.remove(&place);
    let outcome = outcome?;
    removed?;
    let facts = facts(asked, &place, &outcome);
    match asked.remote.json {
        true => written(print, &pretty(&facts)),
        false => written(print, &clean(&text(asked, &place, &outcome))),
    }?;
    match missing(asked, &place, &outcome) {
        0 => Ok(()),
        missing => Err(RemoteError::Undone {
            reason: format!("{missing} messages did not arrive"),
        }),
    }
}

/// All connections are there before the first message.
fn loaded(asked: &Bench, place: &Place, connector: &Connector<'_>) -> Result<Outcome, RemoteError> {
    let kind = if place.is_queue { "queue" } else { "topic" };
    let destination = format!("/{kind}/{}", place.name);
    let mut consumers = Vec::new();
    for _ in 0..asked.consumers {
        consumers.push(Consumer::subscribe(connector.connect()?, &destination)?);
    }
    let mut producers = Vec::new();
    for _ in 0..asked.producers {
        producers.push(connector.connect()?);
    }
    let task = Task {
        destination,
        size: usize::try_from(asked.size).unwrap_or_default(),
        persistent: !asked.non_persistent,
        window: usize::try_from(window(asked)).unwrap_or_default(),
        interval: asked
            .rate
            .map(|rate| Duration::from_secs(1) * asked.producers / rate),
    };
    let shared = Shared::new();
    let (shared, task) = (&shared, &task);
    let copies = copies(asked, place);
    thread::scope(|scope| {
        let consuming: Vec<_> = consumers
            .into_iter()
            .map(|one| scope.spawn(move || one.consume(copies, shared)))
            .collect();
        let producing: Vec<_> = producers
            .into_iter()
            .map(|stomp| scope.spawn(move || produce(stomp, task, shared)))
            .collect();
        let mut outcome = watched(asked, shared);
        let receipts = joined(producing);
        shared.is_sent.store(true, Ordering::Release);
        let deliveries = joined(consuming);
        outcome.receipts = receipts?;
        outcome.deliveries = deliveries?;
        outcome.sent_total = shared.sent.load(Ordering::Relaxed);
        outcome.received_total = shared.received.load(Ordering::Relaxed);
        Ok(outcome)
    })
}

/// Lets it run, and counts after the warm-up.
fn watched(asked: &Bench, shared: &Shared) -> Outcome {
    let mut progress = Progress::steps("seconds", asked.warmup + asked.seconds);
    let mut until = |end: Duration| {
        while shared.clock.elapsed() < end {
            let left = end.saturating_sub(shared.clock.elapsed());
            pause(left.min(Duration::from_secs(1) / u32::try_from(LOOKS_PER_SECOND).unwrap_or(1)));
            progress.show(shared.clock.elapsed().as_secs());
        }
    };
    let look = || {
        let sent = shared.sent.load(Ordering::Relaxed);
        (
            shared.clock.elapsed(),
            sent,
            shared.received.load(Ordering::Relaxed),
        )
    };
    let begin = shared.clock.elapsed() + Duration::from_secs(asked.warmup);
    until(begin);
    shared.is_measured.store(true, Ordering::Relaxed);
    let before = look();
    until(begin + Duration::from_secs(asked.seconds));
    let after = look();
    shared.is_measured.store(false, Ordering::Relaxed);
    shared.is_over.store(true, Ordering::Relaxed);
    progress.end();
    Outcome {
        seconds: (after.0 - before.0).as_secs_f64(),
        sent: after.1 - before.1,
        received: after.2 - before.2,
        ..Outcome::default()
    }
}

/// Waits for all; the first failure counts.
fn joined(
    threads: Vec<thread::ScopedJoinHandle<'_, Result<Times, StompError>>>,
) -> Result<Times, RemoteError> {
    let mut all = Times::default();
    let mut failure = None;
    for one in threads {
        match one.join() {
            Ok(Ok(times)) => all.join(&times),
            Ok(Err(error)) => failure = failure.or(Some(error.into())),
            Err(panicked) => std::panic::resume_unwind(panicked),
        }
    }
    failure.map_or(Ok(all), Err)
}

fn window(asked: &Bench) -> u32 {
    let default = if asked.non_persistent { 0 } else { 1 };
    asked.window.unwrap_or(default)
}

/// How often each message is received.
fn copies(asked: &Bench, place: &Place) -> u64 {
    match place.is_queue {
        true => u64::from(asked.consumers.min(1)),
        false => u64::from(asked.consumers),
    }
}

fn missing(asked: &Bench, place: &Place, outcome: &Outcome) -> u64 {
    let expected = outcome.sent_total * copies(asked, place);
    expected.saturating_sub(outcome.received_total)
}

fn per_second(count: u64, outcome: &Outcome) -> f64 {
    (count as f64 / outcome.seconds.max(0.001)).round()
}

/// Everything, with rates in messages a second and times in microseconds.
fn facts(asked: &Bench, place: &Place, outcome: &Outcome) -> Value {
    let times = |times: &Times| match times.longest() {
        None => Value::Null,
        Some(longest) => json!({
            "p50": times.permille(500), "p99": times.permille(990),
            "p999": times.permille(999), "max": longest,
        }),
    };
    json!({
        "destination": place.address(),
        "producers": asked.producers,
        "consumers": asked.consumers,
        "sizeBytes": asked.size,
        "persistent": !asked.non_persistent,
        "window": window(asked),
        "rate": asked.rate,
        "seconds": (outcome.seconds * 1000.0).round() / 1000.0,
        "sentPerSecond": per_second(outcome.sent, outcome),
        "receivedPerSecond": per_second(outcome.received, outcome),
        "receiptMicros": times(&outcome.receipts),
        "deliveryMicros": times(&outcome.deliveries),
        "sent": outcome.sent_total,
        "received": outcome.received_total,
        "missing": missing(asked, place, outcome),
    })
}

fn text(asked: &Bench, place: &Place, outcome: &Outcome) -> String {
    let counted = |count: u32, word: &str| match count {
        1 => format!("1 {word}"),
        count => format!("{count} {word}s"),
    };
    let kind = if asked.non_persistent {
        "non-persistent"
    } else {
        "persistent"
    };
    let confirmed = match window(asked) {
        0 => "no receipts".to_owned(),
        1 => "each send waits for its receipt".to_owned(),
        window => format!("{window} unconfirmed"),
    };
    let mut text = format!(
        "{}: {}, {}, {} bytes, {kind}, {confirmed}, {:.1} s\n",
        place.address(),
        counted(asked.producers, "producer"),
        counted(asked.consumers, "consumer"),
        asked.size,
        outcome.seconds,
    );
    let rate = |count: u64| {
        let rate = per_second(count, outcome);
        let mb = rate * f64::from(asked.size) / 1_048_576.0;
        format!("{rate} messages a second, {mb:.1} mb/s")
    };
    text.push_str(&format!("sent      {}\n", rate(outcome.sent)));
    if asked.consumers > 0 {
        text.push_str(&format!("received  {}\n", rate(outcome.received)));
    }
    for (name, times) in [
        ("receipt", &outcome.receipts),
        ("delivery", &outcome.deliveries),
    ] {
        let ms = |micros: Option<u64>| micros.unwrap_or_default() as f64 / 1000.0;
        if let Some(longest) = times.longest() {
            text.push_str(&format!(
                "{name:<9} after {:.2} ms (p50), {:.2} ms (p99), {:.2} ms (p99.9), {:.2} ms (max)\n",
                ms(times.permille(500)),
                ms(times.permille(990)),
                ms(times.permille(999)),
                ms(Some(longest)),
            ));
        }
    }
    text
}
