//! Writes the result folder: README.md for people, raw.jsonl with every record.
//!
//! It knows the layout of the report only. Rates are per second, CPU in microseconds per message,
//! memory in MiB, latencies in milliseconds.
//! Invariant: an older result is never overwritten.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use super::machine::Facts;
use super::peer::Spoken;
use super::summary::{Results, Spread};
use super::targets::{self, Verdict};

const NOTES: &str = "\
How to read this: every figure is the median of the runs, with the smallest and largest in \
parentheses. All rates are counted while producers run. Brokers were loaded one at a time, in \
turns, the others being stopped by signal. CPU is user and system time of the broker's processes \
per consumed message (per confirmed one where nobody consumes). \"Ratio\" is Floodway's figure \
divided by the peer's. \"Others\" is CPU, in percent of one core, used by neither broker nor load \
tool: it tells how quiet the machine was. NATS means NATS core in non-persistent scenarios and \
JetStream on file storage with its defaults (no sync before the acknowledgement, messages kept \
after delivery, consumers that need not acknowledge) in persistent ones. ActiveMQ, Floodway and \
RabbitMQ are spoken to over PROTOCOL; ActiveMQ and Floodway have the same policies and limits.\n";

/// Counters of things that must not happen.
const FAULTS: [(&str, &str); 7] = [
    ("/lost", "lost"),
    ("/undrained", "not drained in time"),
    ("/unconfirmed", "unconfirmed"),
    ("/duplicates", "duplicates"),
    ("/disordered", "out of order"),
    ("/foreign", "foreign"),
    ("/confirms_disordered", "receipts out of order"),
];

/// A folder of this day and machine that does not exist yet.
pub(crate) fn new_folder(results: &Path, facts: &Facts) -> Result<PathBuf> {
    let name = format!("{}-{}", facts.date, facts.machine);
    let first = results.join(&name);
    let more = (2..1000).map(|number| results.join(format!("{name}-{number}")));
    std::iter::once(first)
        .chain(more)
        .find(|folder| !folder.exists())
        .context("too many results of one day")
}

/// Writes both files.
pub(crate) fn write(folder: &Path, facts: &Facts, results: &Results, spoken: Spoken) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let lines: Vec<String> = results.records().iter().map(Value::to_string).collect();
    fs::write(folder.join("raw.jsonl"), lines.join("\n") + "\n")?;
    let text = readme(facts, results, spoken)?;
    fs::write(folder.join("README.md"), text)?;
    Ok(())
}

fn readme(facts: &Facts, results: &Results, spoken: Spoken) -> Result<String> {
    let mut text = format!("# Measured on {}\n\n", facts.date);
    for (name, value) in &facts.lines {
        writeln!(text, "* {name}: {value}")?;
    }
    writeln!(text, "\n{}", NOTES.replace("PROTOCOL", spoken.text()))?;
    write_targets(&mut text, &targets::judge(results, spoken))?;
    for scenario in results.scenarios() {
        match scenario.as_str() {
            super::START => write_start(&mut text, results)?,
            _ => write_scenario(&mut text, results, &scenario)?,
        }
    }
    Ok(text)
}

fn write_targets(text: &mut String, verdicts: &[Verdict]) -> Result<()> {
    if verdicts.is_empty() {
        return Ok(());
    }
    let met = verdicts.iter().filter(|verdict| verdict.is_met).count();
    writeln!(text, "## Targets: {met} of {} met\n", verdicts.len())?;
    writeln!(text, "| scenario | wanted | found | |\n|---|---|---|---|")?;
    for verdict in verdicts {
        let word = if verdict.is_met { "met" } else { "**missed**" };
        let (scenario, wanted) = (&verdict.scenario, &verdict.wanted);
        writeln!(
            text,
            "| {scenario} | {wanted} | {:.2} x | {word} |",
            verdict.found
        )?;
    }
    writeln!(text)?;
    Ok(())
}

fn write_start(text: &mut String, results: &Results) -> Result<()> {
    writeln!(
        text,
        "## start\n\nQuestion: how soon is it ready, and what does it hold then?\n"
    )?;
    writeln!(
        text,
        "| broker | accepts connections after ms | idle memory MiB |\n|---|---|---|"
    )?;
    for broker in results.brokers(super::START) {
        let cell = |pointer: &str| {
            let spread = results.spread(super::START, &broker, pointer);
            spread.map_or("-".to_owned(), |value| with_spread(&value, 0))
        };
        writeln!(
            text,
            "| {broker} | {} | {} |",
            cell("/ready_ms"),
            cell("/idle_memory_mib")
        )?;
    }
    writeln!(text)?;
    Ok(())
}

fn write_scenario(text: &mut String, results: &Results, scenario: &str) -> Result<()> {
    writeln!(text, "## {scenario}\n")?;
    let question = results.records().iter().find_map(|record| {
        (record.pointer("/scenario/name")?.as_str()? == scenario)
            .then(|| record.pointer("/scenario/question")?.as_str())?
    });
    if let Some(question) = question {
        writeln!(text, "Question: {question}\n")?;
    }
    writeln!(
        text,
        "| broker | sent/s | confirmed/s | consumed/s | ratio | CPU us/msg | peak MiB | \
         delivery p50 / p99 / p99.9 / max ms | confirm p50 / p99 ms | load tool %, others % |\n\
         |---|---|---|---|---|---|---|---|---|---|"
    )?;
    for broker in results.brokers(scenario) {
        writeln!(text, "{}", row(results, scenario, &broker))?;
    }
    writeln!(text)?;
    for broker in results.brokers(scenario) {
        for fault in faults(results, scenario, &broker) {
            writeln!(text, "* {broker}: {fault}")?;
        }
    }
    writeln!(text)?;
    Ok(())
}

fn row(results: &Results, scenario: &str, broker: &str) -> String {
    let spread = |pointer: &str| results.spread(scenario, broker, pointer);
    let rate = |pointer: &str| spread(pointer).map_or("-".to_owned(), |rate| with_spread(&rate, 0));
    let median = |pointer: &str, scale: f64, digits: usize| {
        spread(pointer).map_or("-".to_owned(), |value| {
            format!("{:.*}", digits, value.median / scale)
        })
    };
    let confirmed = match spread("/commits_per_second") {
        Some(commits) => with_spread(&commits, 0),
        None => rate("/load/confirmed_per_second"),
    };
    let peak = spread("/load/broker_memory_peak_mib");
    let cells = [
        broker.to_owned(),
        rate("/load/sent_per_second"),
        confirmed,
        rate("/load/consumed_per_second"),
        ratio(results, scenario, broker),
        spread("/load/broker_cpu_us_per_message").map_or("-".into(), |cpu| with_spread(&cpu, 2)),
        peak.map_or("-".into(), |peak| format!("{:.0}", peak.most)),
        ["/p50_us", "/p99_us", "/p999_us", "/max_us"]
            .map(|name| median(&format!("/delivery_latency{name}"), 1000.0, 2))
            .join(" / "),
        ["/p50_us", "/p99_us"]
            .map(|name| median(&format!("/confirm_latency{name}"), 1000.0, 2))
            .join(" / "),
        ["/load/load_cpu_percent", "/load/other_cpu_percent"]
            .map(|name| median(name, 1.0, 0))
            .join(", "),
    ];
    format!("| {} |", cells.join(" | "))
}

/// Floodway's headline figure divided by this broker's.
fn ratio(results: &Results, scenario: &str, broker: &str) -> String {
    let headline = results.runs(scenario, "floodway").find_map(|run| {
        run.pointer("/scenario/headline")?
            .as_str()
            .map(str::to_owned)
    });
    let figure = match headline.as_deref() {
        Some("confirmed") => "/load/confirmed_per_second",
        Some("consumed") => "/load/consumed_per_second",
        Some("latency") => "/delivery_latency/p50_us",
        _ => return "-".to_owned(),
    };
    let theirs = match broker {
        "floodway" => None,
        "raw-commit" => results.spread(scenario, broker, "/commits_per_second"),
        _ => results.spread(scenario, broker, figure),
    };
    match (results.spread(scenario, "floodway", figure), theirs) {
        (Some(ours), Some(theirs)) => format!("{:.2}", ours.median / theirs.median),
        _ => "-".to_owned(),
    }
}

fn with_spread(spread: &Spread, digits: usize) -> String {
    let Spread {
        median,
        least,
        most,
    } = spread;
    format!("{median:.digits$} ({least:.digits$}-{most:.digits$})")
}

fn faults(results: &Results, scenario: &str, broker: &str) -> Vec<String> {
    let mut list = Vec::new();
    for (pointer, name) in FAULTS {
        let count = results.sum(scenario, broker, pointer);
        if count > 0 {
            list.push(format!(
                "{count} {name}, of {} sent",
                results.sum(scenario, broker, "/sent_total")
            ));
        }
    }
    for run in results.runs(scenario, broker) {
        let failures = run
            .get("failures")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        for text in failures.chain(run.get("error")).filter_map(Value::as_str) {
            let line = text.lines().next().unwrap_or_default();
            list.push(format!(
                "failed in run {}: {line}",
                run.get("run").unwrap_or(&Value::Null)
            ));
        }
    }
    list.dedup();
    list
}
