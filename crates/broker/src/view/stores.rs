//! How full the stores are, and whether they work.

use crate::broker::Broker;
use crate::rates::Slope;
use floodway_store::Store;
use std::sync::Arc;

/// The stores of the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoresView {
    /// Persistent messages; `None` if they stay in memory.
    pub store: Option<StoreView>,
    /// Overflow of what is not persistent.
    pub temp: Option<StoreView>,
    /// After a failed write or sync nothing more is accepted until the next start.
    pub failed: bool,
}

/// One store. Bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreView {
    /// Of its files, and of what waits to be written.
    pub used_bytes: u64,
    /// Its limit; 0 is unlimited.
    pub limit_bytes: u64,
    /// When the limit will be reached, if use goes on rising as now.
    pub full_in_ms: Option<u64>,
    /// The disk has no room for new messages.
    pub refuses_adds: bool,
}

impl StoreView {
    fn of(store: &Arc<dyn Store>, limit_bytes: u64, slope: Slope) -> Self {
        let usage = store.usage();
        Self {
            used_bytes: usage.used_bytes,
            limit_bytes,
            full_in_ms: slope.full_in_ms(usage.used_bytes, limit_bytes),
            refuses_adds: usage.refuses_adds,
        }
    }
}

impl Broker {
    /// How full the stores are, now.
    pub fn stores(&self) -> StoresView {
        let limits = self.usage.load();
        let store = self.store.as_ref();
        let temp = self.spool.as_ref();
        let slopes = self.rates.slopes();
        StoresView {
            store: store.map(|store| {
                StoreView::of(
                    store,
                    self.disks.store.of(limits.store_limit_bytes),
                    slopes.store,
                )
            }),
            temp: temp.map(|temp| {
                StoreView::of(
                    temp,
                    self.disks.temp.of(limits.temp_limit_bytes),
                    slopes.temp,
                )
            }),
            failed: self.failure().is_some(),
        }
    }
}
