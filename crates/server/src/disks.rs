//! Tells the broker, at intervals, for how much its disks have room, so that disk limits follow the
//! free space.
//!
//! A disk that does not answer delays nothing but the next look. What a store uses already counts
//! as room for it. Unit: bytes.

use floodway_broker::Broker;
use floodway_config::{DiskCheck, Persistence, Settings, space_of};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

/// What is looked at, and how.
pub(crate) struct Disks {
    check: DiskCheck,
    store: Option<PathBuf>,
    spool: PathBuf,
}

impl Disks {
    /// `None`: limits are not to follow.
    pub(crate) fn of(settings: &Settings) -> Option<Self> {
        let store = match &settings.persistence {
            Persistence::Journal { directory, .. } => Some(directory.clone()),
            Persistence::Memory => None,
        };
        Some(Self {
            check: settings.disk_check?,
            store,
            spool: settings.spool_directory.clone(),
        })
    }

    /// Looks once.
    pub(crate) fn look(&self, broker: &Broker) {
        let stores = broker.stores();
        let room = |path: &PathBuf, used: Option<u64>| {
            let free = space_of(path)?.available_bytes;
            Some(free.saturating_add(used.unwrap_or(0)))
        };
        let used =
            |store: Option<&floodway_broker::view::StoreView>| store.map(|one| one.used_bytes);
        let store = self.store.as_ref();
        broker.follow_disks(
            store.and_then(|path| room(path, used(stores.store.as_ref()))),
            room(&self.spool, used(stores.temp.as_ref())),
            self.check.least_growth_bytes,
        );
    }

    /// Looks until the broker stops.
    pub(crate) async fn follow(self, broker: Arc<Broker>, mut stopped: watch::Receiver<bool>) {
        let disks = Arc::new(self);
        let mut interval = tokio::time::interval(Duration::from_millis(disks.check.period_ms));
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = stopped.wait_for(|stopped| *stopped) => return,
                _ = interval.tick() => {}
            }
            let (disks, broker) = (Arc::clone(&disks), Arc::clone(&broker));
            let look = tokio::task::spawn_blocking(move || disks.look(&broker));
            if let Err(error) = look.await {
                tracing::error!("looking at the free space met a bug: {error}");
                return;
            }
        }
    }
}
