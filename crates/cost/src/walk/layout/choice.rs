//! Which of the possible types of an object cost the most, so which fragments count.

use crate::pricing::Steps;
use crate::table::{Table, TypeId};
use crate::walk::sums::Sums;
use std::collections::BTreeMap;

/// What a fragment costs that only some types have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group {
    pub(super) condition: TypeId,
    pub(super) sums: Sums,
    pub(super) item: usize,
}

/// Which of its sums count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) field: bool,
    pub(super) types: bool,
    pub(super) sized_field: bool,
    pub(super) sized_types: bool,
}

impl Counts {
    pub(super) const ALL: Self = Self { field: true, types: true, sized_field: true, sized_types: true };
}

/// The most that any one possible type costs, and which groups that is; nothing when it takes too long to find out.
pub(super) fn choose(
    table: &Table,
    scope: Option<TypeId>,
    groups: &[Group],
    counts: &mut [Counts],
    steps: &mut Steps,
) -> Option<Sums> {
    if let [] | [_] = groups {
        return Some(groups.first().map_or(Sums::default(), |only| only.sums));
    }
    let possible = scope.map_or(&[][..], |scope| table.members(scope));
    let can_be = |member: &TypeId| possible.is_empty() || possible.binary_search(member).is_ok();
    let mut always = Sums::default();
    let mut by_type: BTreeMap<TypeId, Sums> = BTreeMap::new();
    let mut of_group: Vec<Vec<TypeId>> = Vec::with_capacity(groups.len());
    for group in groups {
        let types: Vec<TypeId> = if table.is_object(group.condition) {
            vec![group.condition]
        } else {
            table.members(group.condition).iter().copied().filter(can_be).collect()
        };
        if !steps.take(types.len().saturating_add(1)) {
            return None;
        }
        if types.is_empty() {
            always = always.add(group.sums);
        }
        for id in &types {
            let sum = by_type.entry(*id).or_default();
            *sum = sum.add(group.sums);
        }
        of_group.push(types);
    }
    let dearest =
        |part: fn(&Sums) -> crate::Cost| by_type.iter().max_by_key(|(_, sums)| part(sums)).map(|(id, _)| *id);
    let (field, types) = (dearest(|sums| sums.field), dearest(|sums| sums.types));
    let (sized_field, sized_types) = (dearest(|sums| sums.sized_field), dearest(|sums| sums.sized_types));
    for (group, types_of) in groups.iter().zip(of_group) {
        let is_it = |id: Option<TypeId>| types_of.is_empty() || id.is_some_and(|id| types_of.contains(&id));
        if let Some(counts) = counts.get_mut(group.item) {
            *counts = Counts {
                field: is_it(field),
                types: is_it(types),
                sized_field: is_it(sized_field),
                sized_types: is_it(sized_types),
            };
        }
    }
    let most = by_type.values().fold(Sums::default(), |most, sums| most.max(*sums));
    Some(always.add(most))
}
