//! The speed that Floodway owes: ratios to its peers within one report, over OpenWire a rate.
//!
//! Each row names a scenario, a figure, a peer and a factor. A row without figures of both sides is
//! left out rather than passed.
//! Invariant: "at least" compares medians of the same interleaved runs.

use super::peer::{Protocol, Spoken};
use super::summary::Results;

const CONFIRMED: &str = "/load/confirmed_per_second";
const CONSUMED: &str = "/load/consumed_per_second";
const SENT: &str = "/load/sent_per_second";
const COMMITS: &str = "/commits_per_second";
const CPU: &str = "/load/broker_cpu_us_per_message";
const P50: &str = "/delivery_latency/p50_us";
const P99: &str = "/delivery_latency/p99_us";

/// Which way a figure must differ.
#[derive(Clone, Copy)]
enum Bound {
    AtLeast,
    AtMost,
}

struct Target {
    scenario: &'static str,
    figure: &'static str,
    bound: Bound,
    factor: f64,
    peer: &'static str,
    peer_figure: &'static str,
}

/// A judged target.
pub(crate) struct Verdict {
    pub(crate) scenario: String,
    pub(crate) wanted: String,
    pub(crate) found: f64,
    pub(crate) is_met: bool,
}

/// Messages a second from one producer to one consumer over OpenWire, on two cores.
const OPENWIRE_RATE: f64 = 300_000.0;

/// Judges every target that has figures.
pub(crate) fn judge(results: &Results, spoken: Spoken) -> Vec<Verdict> {
    match spoken {
        Spoken::Java => Vec::new(),
        Spoken::Native(Protocol::Stomp) => all()
            .iter()
            .filter_map(|target| target.judge(results))
            .collect(),
        Spoken::Native(Protocol::Openwire) => openwire_rate(results)
            .into_iter()
            .chain(pace_targets().filter_map(|target| target.judge(results)))
            .collect(),
    }
}

fn openwire_rate(results: &Results) -> Option<Verdict> {
    let scenario = "nonpersistent-1-1";
    let found = results.spread(scenario, "floodway", CONSUMED)?.median / OPENWIRE_RATE;
    Some(Verdict {
        scenario: scenario.to_owned(),
        wanted: format!("{} at least {OPENWIRE_RATE}/s", words(CONSUMED)),
        found,
        is_met: found >= 1.0,
    })
}

fn all() -> Vec<Target> {
    let mut targets = Vec::new();
    for scenario in ["persistent-1-wait", "persistent-1-wait-fill"] {
        targets.push(faster(scenario, CONFIRMED, 2.5, "activemq"));
    }
    for scenario in ["persistent-1-window-100", "persistent-1-window-100-fill"] {
        targets.push(faster(scenario, CONFIRMED, 20.0, "activemq"));
        targets.push(faster(scenario, CONFIRMED, 1.0, "nats"));
    }
    targets.push(faster("persistent-8-wait", CONFIRMED, 2.5, "activemq"));
    targets.push(Target {
        peer_figure: COMMITS,
        ..faster("persistent-8-wait", CONFIRMED, 0.8, "raw-commit")
    });
    targets.push(faster("nonpersistent-1-1", CONSUMED, 4.0, "activemq"));
    targets.push(faster("nonpersistent-1-1", CONSUMED, 0.6, "nats"));
    targets.push(faster("nonpersistent-8-8", CONSUMED, 20.0, "activemq"));
    targets.push(faster("topic-10", CONSUMED, 4.0, "activemq"));
    targets.push(faster("topic-10", CONSUMED, 0.7, "nats"));
    for scenario in ["latency-2000", "latency-2000-persistent"] {
        targets.push(Target {
            scenario,
            figure: P99,
            bound: Bound::AtMost,
            factor: 1.0,
            peer: "activemq",
            peer_figure: P50,
        });
    }
    targets.extend(cpu_targets());
    targets.extend(pace_targets());
    targets
}

/// Consumers keep pace with producers; the two percent are messages on their way at the borders.
fn pace_targets() -> impl Iterator<Item = Target> {
    let scenarios = [
        ("persistent-1-window-100", 0.98),
        ("persistent-8-wait", 0.98),
        ("nonpersistent-1-1", 0.98),
        ("nonpersistent-8-8", 0.98),
        ("nonpersistent-8-8-queues", 0.98),
        ("topic-10", 9.8),
    ];
    scenarios.into_iter().map(|(scenario, factor)| Target {
        peer_figure: SENT,
        ..faster(scenario, CONSUMED, factor, "floodway")
    })
}

fn cpu_targets() -> impl Iterator<Item = Target> {
    let scenarios = [
        "persistent-1-wait",
        "persistent-1-wait-fill",
        "persistent-1-window-100",
        "persistent-1-window-100-fill",
        "persistent-8-wait",
        "nonpersistent-1-1",
        "nonpersistent-8-8",
        "nonpersistent-8-8-queues",
        "topic-10",
    ];
    scenarios.into_iter().map(|scenario| Target {
        scenario,
        figure: CPU,
        bound: Bound::AtMost,
        factor: 0.25,
        peer: "activemq",
        peer_figure: CPU,
    })
}

fn faster(scenario: &'static str, figure: &'static str, factor: f64, peer: &'static str) -> Target {
    Target {
        scenario,
        figure,
        bound: Bound::AtLeast,
        factor,
        peer,
        peer_figure: figure,
    }
}

impl Target {
    fn judge(&self, results: &Results) -> Option<Verdict> {
        let ours = results
            .spread(self.scenario, "floodway", self.figure)?
            .median;
        let theirs = results
            .spread(self.scenario, self.peer, self.peer_figure)?
            .median;
        let found = ours / theirs;
        let (word, is_met) = match self.bound {
            Bound::AtLeast => ("at least", found >= self.factor),
            Bound::AtMost => ("at most", found <= self.factor),
        };
        let (figure, peer_figure) = (words(self.figure), words(self.peer_figure));
        let Self { factor, peer, .. } = self;
        Some(Verdict {
            scenario: self.scenario.to_owned(),
            wanted: format!("{figure} {word} {factor} x {peer}'s {peer_figure}"),
            found,
            is_met,
        })
    }
}

fn words(figure: &str) -> &'static str {
    match figure {
        CONFIRMED => "confirmed rate",
        CONSUMED => "consumed rate",
        SENT => "sent rate",
        COMMITS => "commit rate",
        CPU => "CPU per message",
        P50 => "p50",
        P99 => "p99",
        _ => "figure",
    }
}

#[cfg(test)]
mod tests;
