//! How often what is selected counts, from the outside in.

use super::choice::Counts;
use crate::Cost;
use crate::walk::field::Parcel;
use crate::walk::sums::Sums;

/// How often each of a selection's sums counts in all.
#[derive(Clone, Copy)]
pub(super) struct Times {
    pub(super) field: u64,
    pub(super) types: u64,
    sized_field: u64,
    sized_types: u64,
}

impl Times {
    /// The operation's.
    pub(super) const ROOT: Self = Self { field: 1, types: 1, sized_field: 0, sized_types: 0 };

    /// As often, but nothing of what does not count.
    pub(super) fn only(self, counts: Counts) -> Self {
        let kept = |counts: bool, times: u64| if counts { times } else { 0 };
        Self {
            field: kept(counts.field, self.field),
            types: kept(counts.types, self.types),
            sized_field: kept(counts.sized_field, self.sized_field),
            sized_types: kept(counts.sized_types, self.sized_types),
        }
    }

    /// Field cost and type cost of sums.
    pub(super) fn of(self, sums: Sums) -> (Cost, Cost) {
        let field = sums.field.times(self.field) + sums.sized_field.times(self.sized_field);
        let types = sums.types.times(self.types) + sums.sized_types.times(self.sized_types);
        (field, types)
    }

    /// How often what is selected in a field counts: [`Parcel::sum`] the other way round.
    pub(super) fn within(self, parcel: Parcel) -> Self {
        let Parcel { length, beneath, from_above, .. } = parcel;
        let entries = |times: u64, sized: u64| match from_above {
            None => times.saturating_mul(length),
            Some(above) => {
                times.saturating_mul(above.besides).saturating_add(sized.saturating_mul(above.inside))
            }
        };
        let (field, types) = (entries(self.field, self.sized_field), entries(self.types, self.sized_types));
        let waiting = |entries: u64, sized: u64| match (beneath, from_above) {
            (Some(beneath), _) => entries.saturating_mul(beneath),
            (None, None) => sized.saturating_mul(length),
            (None, Some(_)) => 0,
        };
        let (sized_field, sized_types) = (waiting(field, self.sized_field), waiting(types, self.sized_types));
        Self { field, types, sized_field, sized_types }
    }
}
