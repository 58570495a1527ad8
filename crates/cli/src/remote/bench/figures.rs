//! Times of many events in little memory: how many took how long, to about six percent.
//!
//! Unit: microseconds. Invariant: a quantile is never told as shorter than it was by more than
//! one step.

/// Steps within a power of two.
const STEPS: u64 = 16;
/// Steps for all times of a `u64`.
const SLOTS: usize = 61 * 16;

/// How many took how long.
#[derive(Debug, Clone)]
pub(super) struct Times {
    slots: Vec<u64>,
    count: u64,
    longest: u64,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            slots: vec![0; SLOTS],
            count: 0,
            longest: 0,
        }
    }
}

impl Times {
    pub(super) fn add(&mut self, micros: u64) {
        if let Some(slot) = self.slots.get_mut(slot_of(micros)) {
            *slot += 1;
        }
        self.count += 1;
        self.longest = self.longest.max(micros);
    }

    pub(super) fn join(&mut self, other: &Self) {
        for (slot, more) in self.slots.iter_mut().zip(&other.slots) {
            *slot += more;
        }
        self.count += other.count;
        self.longest = self.longest.max(other.longest);
    }

    pub(super) fn longest(&self) -> Option<u64> {
        (self.count > 0).then_some(self.longest)
    }

    /// So many of a thousand took at most this long.
    pub(super) fn permille(&self, permille: u64) -> Option<u64> {
        let wanted = u128::from(self.count) * u128::from(permille);
        let wanted = wanted.div_ceil(1000).max(1);
        let mut seen = 0_u128;
        for (slot, count) in self.slots.iter().enumerate() {
            seen += u128::from(*count);
            if self.count > 0 && seen >= wanted {
                return Some(end_of(slot).min(self.longest));
            }
        }
        None
    }
}

fn slot_of(micros: u64) -> usize {
    let slot = if micros < STEPS {
        micros
    } else {
        // Four bits below the highest one.
        let power = u64::from(micros.ilog2()) - 4;
        (power + 1) * STEPS + ((micros >> power) - STEPS)
    };
    usize::try_from(slot).unwrap_or(SLOTS)
}

/// The longest time of a slot.
fn end_of(slot: usize) -> u64 {
    let slot = u64::try_from(slot).unwrap_or(u64::MAX);
    if slot < STEPS {
        return slot;
    }
    let power = slot / STEPS - 1;
    let begin = u128::from(slot % STEPS + STEPS) << power;
    u64::try_from(begin + (1 << power) - 1).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{SLOTS, Times, end_of, slot_of};

    #[test]
    fn slots_cover_every_time_once() {
        for micros in [
            0,
            1,
            15,
            16,
            17,
            31,
            32,
            1000,
            123_456,
            u64::MAX / 3,
            u64::MAX,
        ] {
            let slot = slot_of(micros);
            assert!(slot < SLOTS, "{micros}");
            assert!(end_of(slot) >= micros, "{micros}");
            assert!(slot == 0 || end_of(slot - 1) < micros, "{micros}");
            assert!(end_of(slot) - micros <= micros / 16, "{micros}");
        }
    }

    #[test]
    fn quantiles_are_those_of_all_that_were_joined() {
        let (mut times, mut slow) = (Times::default(), Times::default());
        assert_eq!((times.permille(500), times.longest()), (None, None));
        for micros in 1..=990 {
            times.add(micros);
        }
        for _ in 0..10 {
            slow.add(70_000);
        }
        times.join(&slow);
        let half = times.permille(500).unwrap();
        assert!((500..=531).contains(&half), "{half}");
        assert!(times.permille(990).unwrap() <= 1055);
        assert_eq!(times.permille(999), Some(70_000));
        assert_eq!(times.longest(), Some(70_000));
    }
}
