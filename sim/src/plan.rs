//! What a seed decides before the run begins: destinations, policies, limits, what clients do,
//! and which faults come. Each seed takes part in a different selection of features, so that
//! rare combinations get runs of their own.

use crate::ledger::{Home, HomeKind};
use crate::plan::policies::Names;
use crate::random::Random;
use floodway_broker::settings::{BrokerSettings, Cursor, PolicyEntry};
use floodway_message::{Destination, DestinationKind, wildcard};
use floodway_store::JournalSettings;
use std::collections::BTreeMap;
use std::sync::Arc;

mod policies;

/// What clients of a run do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Features {
    pub(crate) transactions: bool,
    /// Some transactions are prepared before they are committed.
    pub(crate) two_phases: bool,
    pub(crate) expiry: bool,
    pub(crate) priorities: bool,
    pub(crate) groups: bool,
    pub(crate) exclusive: bool,
    pub(crate) selectors: bool,
    pub(crate) temporaries: bool,
    pub(crate) browsers: bool,
    pub(crate) composites: bool,
    pub(crate) patterns: bool,
    pub(crate) poison: bool,
    pub(crate) topics: bool,
    /// Producers number their messages and send again what was not answered.
    pub(crate) sequences: bool,
    pub(crate) clock_jumps: bool,
    /// Some messages are scheduled for later.
    pub(crate) scheduled: bool,
}

/// Where messages are kept.
#[derive(Debug, Clone)]
pub(crate) enum StorePlan {
    /// A broker without persistence.
    None,
    /// In a map that survives everything; finds faults of the core alone.
    Memory,
    /// In the journal, on the simulated disk.
    Journal(JournalSettings),
}

/// How often things go wrong; numbers are per run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FaultPlan {
    pub(crate) power_losses: u64,
    pub(crate) kills: u64,
    pub(crate) clean_stops: u64,
    pub(crate) failed_syncs: u64,
    pub(crate) failed_writes: u64,
    /// The disk becomes full for a while.
    pub(crate) full_disk: bool,
    /// Deaths also strike while the journal is being recovered.
    pub(crate) in_recovery: bool,
}

/// A durable subscription that clients may open.
#[derive(Debug, Clone)]
pub(crate) struct DurablePlan {
    pub(crate) client_id: Arc<str>,
    pub(crate) name: Arc<str>,
    pub(crate) destination: Destination,
    pub(crate) selector: Option<u8>,
}

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) settings: BrokerSettings,
    /// What was set on single destinations in this life.
    pub(crate) changed: BTreeMap<Destination, PolicyEntry>,
    pub(crate) queues: Vec<Destination>,
    pub(crate) topics: Vec<Destination>,
    pub(crate) durables: Vec<DurablePlan>,
    pub(crate) features: Features,
    pub(crate) store: StorePlan,
    /// `None`: no spool.
    pub(crate) spool: Option<StorePlan>,
    pub(crate) faults: FaultPlan,
    pub(crate) steps: u64,
    pub(crate) clients_max: usize,
    /// Of a hundred messages.
    pub(crate) persistent_percent: u64,
    /// Most bytes of filling of a body.
    pub(crate) filling_max: u64,
    /// Of a hundred things that a client does, about so many are sends.
    pub(crate) send_percent: u64,
    /// Most events taken at a time.
    pub(crate) events_max: usize,
}

impl Plan {
    /// All of a seed's decisions.
    pub(crate) fn draw(random: &mut Random) -> Self {
        // Drawn apart: other decisions of a seed stay as they were before there were jobs.
        let scheduled = random.clone().fork().percent(25);
        let mut features = Features::draw(random);
        // While the clock is back, nothing is due.
        features.scheduled = scheduled && !features.clock_jumps;
        let store = draw_store(random);
        let spool = draw_spool(random, &store);
        let names = Names::draw(random, features);
        let settings = policies::settings(random, &names, features, &store);
        let (steps, clients_max) = (random.one_of([150, 400, 400, 900]), random.between(1, 5));
        Self {
            durables: draw_durables(random, &names, features),
            queues: names.queues,
            topics: names.topics,
            faults: FaultPlan::draw(random, &store),
            features,
            settings,
            changed: BTreeMap::new(),
            store,
            spool,
            steps,
            clients_max: usize::try_from(clients_max).unwrap_or(1),
            persistent_percent: random.one_of([0, 50, 80, 100, 100]),
            filling_max: random.one_of([0, 100, 600, 3000]),
            send_percent: random.one_of([20, 35, 50]),
            events_max: random.one_of([1, 3, 100, 1000]),
        }
    }

    /// The policy that applies to a destination; temporary ones have the default.
    pub(crate) fn policy(&self, destination: &Destination) -> &PolicyEntry {
        if let Some(entry) = self.changed.get(destination) {
            return entry;
        }
        let entries = self.settings.policies.iter().filter(|entry| {
            entry.kind == destination.kind()
                && wildcard::matches(&entry.pattern, destination.name())
        });
        entries
            .max_by_key(|entry| wildcard::specificity(&entry.pattern))
            .unwrap_or(&self.settings.default_policy)
    }

    /// A disk so small that no message fits besides the reserve cannot be drained to take more.
    pub(crate) fn disk_bytes_min(&self) -> u64 {
        match &self.store {
            StorePlan::Journal(settings) => {
                let segments = settings.reserve_segments + settings.spare_segments + 3;
                settings.segment_bytes * segments as u64 + 8192
            }
            StorePlan::None | StorePlan::Memory => 0,
        }
    }

    /// Do higher priorities go first in a home, wherever messages are? What is only in memory
    /// cannot make room, and what a full disk keeps from being written cannot be read.
    pub(crate) fn keeps_priorities(&self, home: &Home) -> bool {
        let features = self.features;
        let plain = !features.groups && !features.exclusive && !features.selectors;
        let policy = self.policy(&home.destination);
        let cursor = match home.kind {
            HomeKind::Queue => policy.pending_queue_policy,
            HomeKind::Durable(..) => policy.pending_durable_subscriber_policy,
            HomeKind::Subscription => return false,
        };
        home.prioritized
            && home.stores
            && cursor != Cursor::Memory
            && self.persistent_percent == 100
            && plain
            && !features.scheduled
            && !self.faults.full_disk
    }

    /// Do messages of a kind outlive the process?
    pub(crate) fn stores(&self) -> bool {
        !matches!(self.store, StorePlan::None)
    }
}

impl Features {
    fn draw(random: &mut Random) -> Self {
        let mut on = |percent| random.percent(percent);
        let transactions = on(50);
        Self {
            transactions,
            two_phases: transactions && on(50),
            expiry: on(30),
            priorities: on(30),
            groups: on(20),
            exclusive: on(20),
            // The selector engine is not there yet.
            selectors: on(30) && SELECTORS,
            temporaries: on(20),
            browsers: on(25),
            composites: on(25),
            patterns: on(30),
            poison: on(40),
            topics: on(50),
            sequences: on(15),
            clock_jumps: on(10),
            scheduled: false,
        }
    }
}

fn draw_store(random: &mut Random) -> StorePlan {
    match random.below(20) {
        0 => StorePlan::None,
        1..=2 => StorePlan::Memory,
        _ => StorePlan::Journal(draw_journal(random)),
    }
}

fn draw_journal(random: &mut Random) -> JournalSettings {
    JournalSettings {
        segment_bytes: random.one_of([4096, 8192, 16_384, 65_536]),
        spare_segments: random.index(3),
        reserve_segments: random.index(2) + 2,
        commit_queue_limit_bytes: random.one_of([1000, 20_000, 1 << 20]),
        unit_bytes: random.one_of([256, 4096, 65_536]),
        page_gap_bytes: random.one_of([0, 100, 4096]),
        page_read_bytes: random.one_of([64, 1000, 65_536]),
        cancel_removed_adds: random.percent(70),
        sidecar_lag_segments: random.index(3),
        ..JournalSettings::default()
    }
}

fn draw_spool(random: &mut Random, store: &StorePlan) -> Option<StorePlan> {
    match (store, random.below(10)) {
        (StorePlan::None, _) | (_, 0) => None,
        (_, 1..=4) => Some(StorePlan::Memory),
        _ => Some(StorePlan::Journal(JournalSettings {
            segment_bytes: random.one_of([4096, 16_384]),
            spare_segments: random.index(2),
            commit_queue_limit_bytes: random.one_of([2000, 1 << 20]),
            page_read_bytes: random.one_of([64, 4096]),
            ..JournalSettings::spool()
        })),
    }
}

fn draw_durables(random: &mut Random, names: &Names, features: Features) -> Vec<DurablePlan> {
    if names.topics.is_empty() {
        return Vec::new();
    }
    let count = random.below(4);
    let plans = (0..count).filter_map(|number| {
        let topic = names.topics.get(random.index(names.topics.len()))?.clone();
        let all = Destination::new(DestinationKind::Topic, "T.>").ok()?;
        let with_pattern = features.patterns && random.percent(30);
        Some(DurablePlan {
            client_id: format!("d{}", number % 2).into(),
            name: format!("s{number}").into(),
            destination: if with_pattern { all } else { topic },
            selector: (features.selectors && random.percent(30)).then(|| selector(random)),
        })
    });
    plans.collect()
}

/// Are selectors evaluated?
const SELECTORS: bool = false;

/// Values that messages have in their property `k`.
pub(crate) const SELECTOR_VALUES: u64 = 3;

/// The value that a selector asks for.
pub(crate) fn selector(random: &mut Random) -> u8 {
    u8::try_from(random.below(SELECTOR_VALUES)).unwrap_or(0)
}

impl FaultPlan {
    fn draw(random: &mut Random, store: &StorePlan) -> Self {
        let disk = u64::from(matches!(store, StorePlan::Journal(_)));
        let any = u64::from(!matches!(store, StorePlan::None));
        Self {
            power_losses: random.one_of([0, 1, 2, 4]) * disk,
            kills: random.one_of([0, 0, 1, 2]) * any,
            clean_stops: random.one_of([0, 0, 0, 1]) * any,
            failed_syncs: random.one_of([0, 0, 0, 0, 1]) * disk,
            failed_writes: random.one_of([0, 0, 0, 0, 0, 0, 1]) * disk,
            full_disk: disk == 1 && random.percent(15),
            in_recovery: random.percent(40),
        }
    }
}
