//! What a field adds where it stands, and what it does to what is selected in it.

use super::Walk;
use super::sums::Sums;
use crate::Cost;
use crate::table::{Field as Known, FieldId, Place, SizedId, TypeId};
use portcullis_graphql::Field;

/// Every type has this field, and it costs nothing.
pub(super) const TYPE_NAME: &[u8] = b"__typename";

/// What a field with selections costs that the schema does not have, and each of its objects.
pub(super) const UNKNOWN: Cost = Cost::from_units(1);

/// A field as it counts.
pub(super) enum Priced {
    /// Not at all; selections it may have count as if they stood around it.
    Nothing,
    /// Without selections: what it adds.
    Leaf(Sums),
    /// With selections, which are of a type.
    Object {
        parcel: Parcel,
        scope: Option<TypeId>,
        /// Those of them whose lists are sized from above.
        sized: SizedId,
    },
}

/// A field, ready to be summed up once its selections are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parcel {
    pub(super) own: Cost,
    /// What one of the objects or values it returns weighs.
    pub(super) weight: Cost,
    /// Entries of its list; 1 when it is none.
    pub(super) length: u64,
    /// Entries of the lists beneath it that it sizes, when it does.
    pub(super) beneath: Option<u64>,
    /// The same list when its size is told from above.
    pub(super) from_above: Option<FromAbove>,
}

/// A list that is as long as a field further up says.
#[derive(Clone, Copy, Debug)]
pub(super) struct FromAbove {
    /// Entries of the lists inside each of its entries.
    pub(super) inside: u64,
    /// Entries of its own besides, when the operation slices it again.
    pub(super) besides: u64,
}

impl<'a> Walk<'_, 'a> {
    /// Prices a field that stands in a type.
    pub(super) fn price(&mut self, field: Field<'a>, scope: Option<TypeId>, around: SizedId) -> Priced {
        let table = self.pricing.table;
        let found = scope.and_then(|scope| table.find(scope, field.key(), || field.name().as_bytes()));
        let Some((id, known)) = found else { return self.unknown(field, scope) };
        self.watch(id);
        let parcel = self.parcel(id, field, known, around);
        if !field.has_selections() {
            return Priced::Leaf(parcel.sum(Sums::default()));
        }
        let sized = match (known.sized, around) {
            (SizedId::NONE, SizedId::NONE) => SizedId::NONE,
            (SizedId::NONE, around) => match table.place(around, known) {
                Place::Above(beneath) => beneath,
                Place::Outside | Place::Sized => SizedId::NONE,
            },
            (own, _) => own,
        };
        Priced::Object { parcel, scope: Some(known.returns), sized }
    }

    #[inline]
    fn parcel(&mut self, id: FieldId, field: Field<'a>, known: &Known, around: SizedId) -> Parcel {
        let table = self.pricing.table;
        if known.simple && around == SizedId::NONE && !self.directives_cost {
            return Parcel::of_list(known, self.pricing.levels(known.lists));
        }
        let own = self.pricing.own(field, known);
        let lengths = self.pricing.lengths(field, known);
        if lengths.violates {
            self.first_violation.get_or_insert(id);
            self.counts.violations = self.counts.violations.saturating_add(1);
        }
        let from_above = (table.place(around, known) == Place::Sized).then(|| FromAbove {
            inside: self.pricing.levels(known.lists.saturating_sub(1)),
            besides: if lengths.is_sliced { lengths.own } else { 0 },
        });
        let beneath = (known.sized != SizedId::NONE).then_some(lengths.beneath);
        Parcel { own, weight: known.returned, length: lengths.own, beneath, from_above }
    }

    /// A field that the schema does not have: costed by the conventions of names, as objects or values without weights.
    #[cold]
    fn unknown(&mut self, field: Field<'a>, scope: Option<TypeId>) -> Priced {
        if field.name().as_bytes() == TYPE_NAME {
            return Priced::Nothing;
        }
        self.count_unknown(field.name().as_bytes(), scope);
        if !field.has_selections() {
            return Priced::Leaf(Sums::default());
        }
        let slice = self.pricing.request.slice(field);
        let length = slice.map_or(1, |slice| slice.entries.max(slice.size).unwrap_or(1));
        let parcel = Parcel { own: UNKNOWN, weight: UNKNOWN, length, beneath: None, from_above: None };
        Priced::Object { parcel, scope: None, sized: SizedId::NONE }
    }
}

impl Walk<'_, '_> {
    /// Counts a field that the schema does not have in a type.
    #[inline(never)]
    pub(super) fn count_unknown(&mut self, name: &[u8], scope: Option<TypeId>) {
        if self.first_unknown.is_none() {
            let around = scope.map_or("?", |scope| self.pricing.table.type_name(scope));
            self.first_unknown = Some(format!("{around}.{}", String::from_utf8_lossy(name)));
        }
        self.counts.unknown = self.counts.unknown.saturating_add(1);
    }
}

impl Parcel {
    /// A list of which nothing else is known.
    #[inline]
    pub(super) fn of_list(known: &Known, length: u64) -> Self {
        Self { own: known.own, weight: known.returned, length, beneath: None, from_above: None }
    }

    /// What a field adds that is no list, beside what is selected in it; nothing for others.
    #[inline]
    pub(super) fn adds(&self) -> Option<Sums> {
        let Self { own, weight, length, beneath, from_above } = *self;
        let adds = length == 1 && beneath.is_none() && from_above.is_none();
        adds.then(|| Sums { field: own, types: weight, ..Sums::default() })
    }

    /// The field with what is selected in it.
    #[inline]
    pub(super) fn sum(self, inside: Sums) -> Sums {
        if let Some(sums) = self.adds() {
            return inside.add(sums);
        }
        let Self { own, weight, length, beneath, from_above } = self;
        // What it sizes itself has a number of entries now; the rest still waits for one from above.
        let (inside, waiting) = match beneath {
            Some(entries) => (inside.resolved(entries), Sums::default()),
            None => (Sums { sized_field: Cost::ZERO, sized_types: Cost::ZERO, ..inside }, inside),
        };
        let entry = Sums { types: inside.types + weight, ..inside };
        let listed = |entries: u64| Sums {
            field: own + entry.field.times(entries),
            types: entry.types.times(entries),
            ..Sums::default()
        };
        match from_above {
            None => Sums {
                sized_field: waiting.sized_field.times(length),
                sized_types: waiting.sized_types.times(length),
                ..listed(length)
            },
            Some(FromAbove { inside, besides }) => Sums {
                sized_field: entry.field.times(inside),
                sized_types: entry.types.times(inside),
                ..listed(besides)
            },
        }
    }
}
