//! Sets of places where a copy may be. Within one life of the broker a copy only goes forward:
//! not yet there, at home, in the dead letter queue, gone.

use std::fmt;

/// A set of places.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Places(u8);

impl Places {
    /// Not accepted, or not yet.
    pub(crate) const UNSENT: Self = Self(1);
    /// Where it was sent to.
    pub(crate) const HOME: Self = Self(2);
    /// In the dead letter queue of its home.
    pub(crate) const DEAD: Self = Self(4);
    /// Consumed, discarded or forgotten.
    pub(crate) const GONE: Self = Self(8);

    pub(crate) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(crate) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) fn is_only(self, other: Self) -> bool {
        self == other
    }

    /// Only places from this one on.
    pub(crate) fn from(self, first: Self) -> Self {
        Self(self.0 & !(first.0 - 1))
    }

    /// It need not be anywhere.
    pub(crate) fn may_be_nowhere(self) -> bool {
        self.has(Self::UNSENT.with(Self::GONE)) || self.0 == 0
    }
}

impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (Self::UNSENT, "unsent"),
            (Self::HOME, "home"),
            (Self::DEAD, "dead letter"),
            (Self::GONE, "gone"),
        ];
        let present = names.iter().filter(|(place, _)| self.has(*place));
        f.debug_set()
            .entries(present.map(|(_, name)| name))
            .finish()
    }
}
