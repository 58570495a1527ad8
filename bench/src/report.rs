//! What a run says: one record as a JSON line for machines, one line for people.
//!
//! It knows field names and units (in the names), and nothing of how they were measured.
//! Invariant: a figure that was not measured is absent, never zero.

use anyhow::Result;
use serde::Serialize;

use crate::latency::Summary;
use crate::scenario::Scenario;

/// Rates and costs while producers ran.
#[derive(Clone, Debug, Serialize)]
pub struct Load {
    pub seconds: f64,
    pub sent_per_second: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmed_per_second: Option<f64>,
    pub consumed_per_second: f64,
    /// Per consumed message, or per confirmed one where nobody consumes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broker_cpu_us_per_message: Option<f64>,
    /// Of one core.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broker_cpu_percent: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broker_memory_peak_mib: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load_cpu_us_per_message: Option<f64>,
    pub load_cpu_percent: f64,
    /// Used by neither broker nor load: the kernel and neighbours.
    pub other_cpu_percent: f64,
    pub stolen_cpu_percent: f64,
}

/// One run against one broker.
#[derive(Clone, Debug, Serialize)]
pub struct Record {
    pub scenario: Scenario,
    pub load: Load,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery_latency: Option<Summary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirm_latency: Option<Summary>,
    pub sent_total: u64,
    pub consumed_total: u64,
    /// Deliveries that never came although the broker had become quiet.
    pub lost: u64,
    /// Deliveries still to come when the time for draining was over.
    pub undrained: u64,
    pub unconfirmed: u64,
    pub duplicates: u64,
    pub disordered: u64,
    pub foreign: u64,
    pub confirms_disordered: u64,
    pub drain_seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drain_per_second: Option<f64>,
    pub failures: Vec<String>,
}

impl Record {
    /// One line of JSON.
    pub fn json(&self, label: &str) -> Result<String> {
        let mut value = serde_json::to_value(self)?;
        if let Some(fields) = value.as_object_mut() {
            fields.insert("broker".into(), label.into());
        }
        Ok(value.to_string())
    }

    /// One line for a person.
    pub fn human(&self, label: &str) -> String {
        let load = &self.load;
        let mut line = format!(
            "{label} {}: sent {:.0}/s",
            self.scenario.name, load.sent_per_second
        );
        if let Some(confirmed) = load.confirmed_per_second {
            line.push_str(&format!(", confirmed {confirmed:.0}/s"));
        }
        line.push_str(&format!(", consumed {:.0}/s", load.consumed_per_second));
        for (what, summary) in [
            ("delivery", self.delivery_latency),
            ("confirm", self.confirm_latency),
        ] {
            if let Some(Summary {
                p50_us,
                p99_us,
                p999_us,
                max_us,
                ..
            }) = summary
            {
                line.push_str(&format!(
                    "; {what} p50 {p50_us:.0} p99 {p99_us:.0} p99.9 {p999_us:.0} max {max_us:.0} us"
                ));
            }
        }
        if let Some(cpu) = load.broker_cpu_us_per_message {
            line.push_str(&format!("; broker {cpu:.2} us/msg"));
        }
        if let (Some(percent), Some(peak)) = (load.broker_cpu_percent, load.broker_memory_peak_mib)
        {
            line.push_str(&format!(" ({percent:.0} % of a core), peak {peak:.0} MiB"));
        }
        let (load_percent, other) = (load.load_cpu_percent, load.other_cpu_percent);
        line.push_str(&format!(
            "; load tool {load_percent:.0} %, others {other:.0} %"
        ));
        line.push_str(&self.faults());
        line
    }

    fn faults(&self) -> String {
        let counts = [
            ("LOST", self.lost),
            ("undrained", self.undrained),
            ("UNCONFIRMED", self.unconfirmed),
            ("DUPLICATES", self.duplicates),
            ("DISORDERED", self.disordered),
            ("FOREIGN", self.foreign),
            ("RECEIPTS DISORDERED", self.confirms_disordered),
        ];
        let mut text: String = counts
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(name, count)| format!("; {name} {count}"))
            .collect();
        for failure in &self.failures {
            text.push_str("; FAILED: ");
            text.push_str(failure.lines().next().unwrap_or_default());
        }
        text
    }
}
