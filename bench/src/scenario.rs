//! The questions that the load tool can ask a broker, each as one row of plain numbers.
//!
//! It knows nothing of protocols or brokers. A scenario never changes between peers.
//! Sizes are bytes of message body, rates are messages per second over all producers, windows are
//! unconfirmed sends per producer.

use serde::Serialize;

/// Queue (each message to one consumer) or topic (each message to all consumers).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    Queue,
    Topic,
}

/// Which figure answers the scenario's question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Headline {
    /// Messages that the broker confirmed to producers, per second.
    Confirmed,
    /// Messages that consumers received, per second, while producers ran.
    Consumed,
    /// Delivery latency at a fixed rate.
    Latency,
}

/// One load pattern.
#[derive(Clone, Debug, Serialize)]
pub struct Scenario {
    pub name: String,
    pub question: &'static str,
    pub producer_count: u32,
    pub consumer_count: u32,
    /// Producers and consumers are spread evenly over this many destinations.
    pub destination_count: u32,
    pub size_bytes: usize,
    pub persistent: bool,
    pub style: Style,
    /// Unconfirmed sends that a producer may have; without it no confirmation is asked for.
    pub window_count: Option<u32>,
    /// Messages per second of all producers together; without it they send flat out.
    pub rate_per_second: Option<u32>,
    pub headline: Headline,
}

/// The name of the machine probe that needs no broker.
pub const RAW_COMMIT: &str = "raw-commit";

/// A window that a rate-limited producer never fills: it asks for receipts without waiting.
const WINDOW_OPEN: u32 = 1_000_000;

impl Scenario {
    /// Whether producers ask for a confirmation of each message.
    pub fn is_confirmed(&self) -> bool {
        self.window_count.is_some()
    }

    /// How many times each message is delivered when nothing is lost.
    pub fn deliveries_per_message(&self) -> u64 {
        match self.style {
            Style::Queue => 1,
            Style::Topic => u64::from(self.consumer_count),
        }
    }

    /// The scenario of this name.
    pub fn find(name: &str) -> Option<Self> {
        all().into_iter().find(|scenario| scenario.name == name)
    }

    fn queue(name: &str, question: &'static str, producers: u32, consumers: u32) -> Self {
        Self {
            name: name.to_owned(),
            question,
            producer_count: producers,
            consumer_count: consumers,
            destination_count: 1,
            size_bytes: 1024,
            persistent: false,
            style: Style::Queue,
            window_count: None,
            rate_per_second: None,
            headline: Headline::Consumed,
        }
    }

    fn persistent(self, window: u32) -> Self {
        let headline = Headline::Confirmed;
        Self {
            persistent: true,
            window_count: Some(window),
            headline,
            ..self
        }
    }

    fn at_rate(self, rate: u32) -> Self {
        Self {
            rate_per_second: Some(rate),
            headline: Headline::Latency,
            ..self
        }
    }
}

/// Every scenario that needs a broker, in the order of the report.
pub fn all() -> Vec<Scenario> {
    let mut list = persistent();
    list.extend(non_persistent());
    list.extend(latency());
    list
}

fn persistent() -> Vec<Scenario> {
    vec![
        Scenario::queue(
            "persistent-1-wait",
            "how fast is one producer that waits for each receipt, with one consumer?",
            1,
            1,
        )
        .persistent(1),
        Scenario::queue(
            "persistent-1-wait-fill",
            "how fast is one producer that waits for each receipt, with nobody consuming?",
            1,
            0,
        )
        .persistent(1),
        Scenario::queue(
            "persistent-1-window-100",
            "how fast is one producer with 100 unconfirmed sends, with one consumer?",
            1,
            1,
        )
        .persistent(100),
        Scenario::queue(
            "persistent-1-window-100-fill",
            "how fast is one producer with 100 unconfirmed sends, with nobody consuming?",
            1,
            0,
        )
        .persistent(100),
        Scenario::queue(
            "persistent-8-wait",
            "how fast are 8 producers that each wait, with 8 consumers on the same queue?",
            8,
            8,
        )
        .persistent(1),
    ]
}

fn non_persistent() -> Vec<Scenario> {
    vec![
        Scenario::queue(
            "nonpersistent-1-1",
            "how much reaches one consumer while one producer sends flat out?",
            1,
            1,
        ),
        Scenario::queue(
            "nonpersistent-8-8",
            "how much reaches 8 consumers of one queue while 8 producers send flat out?",
            8,
            8,
        ),
        Scenario {
            destination_count: 8,
            ..Scenario::queue(
                "nonpersistent-8-8-queues",
                "how much reaches the consumers of 8 queues while 8 producers send flat out?",
                8,
                8,
            )
        },
        Scenario {
            style: Style::Topic,
            ..Scenario::queue(
                "topic-10",
                "how much reaches 10 consumers of a topic while one producer sends flat out?",
                1,
                10,
            )
        },
    ]
}

fn latency() -> Vec<Scenario> {
    vec![
        Scenario::queue(
            "latency-2000",
            "how long is a non-persistent message on its way at 2,000 a second?",
            1,
            1,
        )
        .at_rate(2000),
        Scenario::queue(
            "latency-2000-persistent",
            "how long is a persistent message on its way at 2,000 a second?",
            1,
            1,
        )
        .persistent(WINDOW_OPEN)
        .at_rate(2000),
    ]
}
