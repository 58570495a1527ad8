//! Medians and spreads over the runs of one broker in one scenario.
//!
//! It knows the field names of the load tool's records and nothing of how they look in a report.
//! Invariant: a run that failed is not part of a median, and is never forgotten either.

use serde_json::Value;

/// All records in the order in which they were measured.
#[derive(Default)]
pub(crate) struct Results {
    records: Vec<Value>,
}

/// Median, smallest and largest value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Results {
    pub(crate) fn push(&mut self, record: Value) {
        self.records.push(record);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    pub(crate) fn records(&self) -> &[Value] {
        &self.records
    }

    /// Scenario names in the order of the runs.
    pub(crate) fn scenarios(&self) -> Vec<String> {
        distinct(self.records.iter().filter_map(scenario_name))
    }

    /// Brokers of a scenario in the order of their first runs.
    pub(crate) fn brokers(&self, scenario: &str) -> Vec<String> {
        distinct(self.of_scenario(scenario).filter_map(broker_name))
    }

    /// The runs of one broker in one scenario.
    pub(crate) fn runs<'a>(
        &'a self,
        scenario: &'a str,
        broker: &'a str,
    ) -> impl Iterator<Item = &'a Value> {
        self.of_scenario(scenario)
            .filter(move |record| broker_name(record) == Some(broker))
    }

    /// The spread of one figure, given as a JSON pointer such as `/load/sent_per_second`.
    pub(crate) fn spread(&self, scenario: &str, broker: &str, pointer: &str) -> Option<Spread> {
        let values = self
            .runs(scenario, broker)
            .filter_map(|run| run.pointer(pointer)?.as_f64());
        Spread::of(values.collect())
    }

    /// The sum of one counter over all runs.
    pub(crate) fn sum(&self, scenario: &str, broker: &str, pointer: &str) -> u64 {
        self.runs(scenario, broker)
            .filter_map(|run| run.pointer(pointer)?.as_u64())
            .sum()
    }

    fn of_scenario<'a>(&'a self, scenario: &'a str) -> impl Iterator<Item = &'a Value> {
        self.records
            .iter()
            .filter(move |record| scenario_name(record) == Some(scenario))
    }
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let (least, most) = (*values.first()?, *values.last()?);
        let upper = *values.get(values.len() / 2)?;
        let lower = *values.get((values.len() - 1) / 2)?;
        Some(Self {
            median: f64::midpoint(lower, upper),
            least,
            most,
        })
    }
}

fn scenario_name(record: &Value) -> Option<&str> {
    record.pointer("/scenario/name")?.as_str()
}

fn broker_name(record: &Value) -> Option<&str> {
    record.get("broker")?.as_str()
}

fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut list: Vec<String> = Vec::new();
    for name in names {
        if !list.iter().any(|known| known == name) {
            list.push(name.to_owned());
        }
    }
    list
}

#[cfg(test)]
mod tests;
