//! The only source of chance: everything random in a run comes from one seed.
//!
//! SplitMix64 (Steele, Lea, Flood 2014): small, fast, and the same on every machine. Not for
//! secrets.

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct Random {
    state: u64,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Self {
            state: seed ^ 0x5deb_11ce_0f10_0d3a,
        };
        random.next();
        random
    }

    /// A generator of its own, so that what one part draws does not move what others draw.
    pub(crate) fn fork(&mut self) -> Self {
        Self::new(self.next())
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`; 0 when `end` is 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        if end == 0 { 0 } else { self.next() % end }
    }

    /// A place in something of a length.
    pub(crate) fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    /// A number from `first` to `last`, both included.
    pub(crate) fn between(&mut self, first: u64, last: u64) -> u64 {
        first + self.below(last - first + 1)
    }

    /// `true` in so many of a hundred cases.
    pub(crate) fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of several.
    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        from.get(self.index(from.len())).copied()
    }

    /// One of several, or nothing when there is nothing.
    pub(crate) fn pick_cloned<T: Clone>(&mut self, from: &[T]) -> Vec<T> {
        from.get(self.index(from.len()))
            .cloned()
            .into_iter()
            .collect()
    }

    /// One of several; there is at least the first.
    pub(crate) fn one_of<T: Copy, const N: usize>(&mut self, from: [T; N]) -> T {
        const { assert!(N > 0, "nothing to choose from") };
        let at = self.index(N);
        let mut chosen = from[0];
        for (index, value) in from.into_iter().enumerate() {
            if index == at {
                chosen = value;
            }
        }
        chosen
    }
}

#[cfg(test)]
mod tests;
