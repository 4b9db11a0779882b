//! Sums of a selection set: what it costs, and what it costs for each entry of lists that are sized further up.

use crate::Cost;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) field: Cost,
    pub(super) types: Cost,
    /// Times the size told from above.
    pub(super) sized_field: Cost,
    /// Times the size told from above.
    pub(super) sized_types: Cost,
}

impl Sums {
    #[inline]
    pub(super) fn add(self, other: Self) -> Self {
        Self {
            field: self.field + other.field,
            types: self.types + other.types,
            sized_field: self.sized_field + other.sized_field,
            sized_types: self.sized_types + other.sized_types,
        }
    }

    /// The larger of each: what either of two possible types can cost at most.
    pub(super) fn max(self, other: Self) -> Self {
        Self {
            field: self.field.max(other.field),
            types: self.types.max(other.types),
            sized_field: self.sized_field.max(other.sized_field),
            sized_types: self.sized_types.max(other.sized_types),
        }
    }

    /// With the size from above being known.
    pub(super) fn resolved(self, entries: u64) -> Self {
        Self {
            field: self.field + self.sized_field.times(entries),
            types: self.types + self.sized_types.times(entries),
            ..Self::default()
        }
    }
}
