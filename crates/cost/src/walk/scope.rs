//! Which types a selection can be of, and how what only some of them cost comes together: the most of any one, not the sum of all.

use super::sums::Sums;
use super::{Open, Walk};
use crate::table::TypeId;

/// How a fragment's sums join those around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joins {
    /// Whatever the type.
    Always,
    /// When the object is of a type that this one includes.
    When(TypeId),
    /// Not at all; only unknown fields count.
    Never,
}

impl Walk<'_, '_> {
    /// The type of what is inside a fragment, and when it applies.
    ///
    /// An object type is only itself, so the wrong one never applies. Everything else that does not fit, servers refuse if their
    /// schema is this one; it counts, in case theirs is newer.
    pub(super) fn narrow(&mut self, scope: Option<TypeId>, condition: &str) -> (Option<TypeId>, Joins) {
        let condition = self.pricing.table.type_named(condition);
        self.narrow_to(scope, condition)
    }

    /// The same for a condition that is looked up.
    pub(super) fn narrow_to(
        &mut self,
        scope: Option<TypeId>,
        condition: Option<TypeId>,
    ) -> (Option<TypeId>, Joins) {
        let table = self.pricing.table;
        let Some(condition) = condition else { return (None, Joins::Always) };
        let inside = Some(condition);
        match scope {
            None => (inside, Joins::Always),
            Some(scope) if scope == condition => (inside, Joins::Always),
            Some(scope) => match (table.is_object(scope), table.is_object(condition)) {
                (true, true) => (inside, Joins::Never),
                (true, false) if table.members(condition).binary_search(&scope).is_ok() => {
                    (Some(scope), Joins::Always)
                }
                (true, false) => (inside, Joins::Always),
                (false, true) => (inside, Joins::When(condition)),
                (false, false) if self.includes(condition, scope) => (inside, Joins::Always),
                (false, false) => (inside, Joins::When(condition)),
            },
        }
    }

    /// Whether everything an abstract type can be is also what another can be; no when that would take too long to find out.
    fn includes(&mut self, outer: TypeId, inner: TypeId) -> bool {
        let table = self.pricing.table;
        let (outer, inner) = (table.members(outer), table.members(inner));
        if inner.len() > outer.len() || !self.pricing.steps.allow(inner.len()) {
            return false;
        }
        self.pricing.steps.take(inner.len());
        inner.iter().all(|member| outer.binary_search(member).is_ok())
    }

    /// Adds a closed fragment to what is around it. Its groups become those of the surrounding selection.
    pub(super) fn join(&mut self, sums: Sums, groups: u32, joins: Joins) {
        match joins {
            Joins::Always => self.sums = self.sums.add(sums),
            Joins::When(_) if sums == Sums::default() => {}
            Joins::When(condition) => self.memory.groups.push((condition, sums)),
            Joins::Never => self.memory.groups.truncate(groups as usize),
        }
    }

    /// The most that any one possible type costs of the groups of a selection, which are used up.
    pub(super) fn most(&mut self, open: &Open) -> Sums {
        let first = open.groups as usize;
        let mut always = Sums::default();
        match self.memory.groups.get(first..) {
            None | Some([]) => return always,
            Some([(_, only)]) => always = *only,
            Some(several) => {
                let several = several.len();
                self.pricing.steps.take(several);
                always = always.add(self.expand(first, open.scope));
                let (groups, mut most) =
                    (self.memory.groups.get_mut(first..).unwrap_or_default(), Sums::default());
                groups.sort_unstable_by_key(|(id, _)| *id);
                for of_type in groups.chunk_by(|(left, _), (right, _)| left == right) {
                    most = most.max(of_type.iter().fold(Sums::default(), |sum, (_, sums)| sum.add(*sums)));
                }
                always = always.add(most);
            }
        }
        self.memory.groups.truncate(first);
        always
    }

    /// Puts the object types that an abstract type can be in its place. What cannot be, or would take too long, is returned: it
    /// counts whatever the type.
    fn expand(&mut self, first: usize, scope: Option<TypeId>) -> Sums {
        let table = self.pricing.table;
        let possible = scope.map_or(&[][..], |scope| table.members(scope));
        let mut always = Sums::default();
        for index in first..self.memory.groups.len() {
            let Some((id, sums)) = self.memory.groups.get_mut(index) else { break };
            if table.is_object(*id) {
                continue;
            }
            let (members, sums) = (table.members(*id), std::mem::take(sums));
            let before = self.memory.groups.len();
            if self.pricing.steps.allow(members.len()) {
                self.pricing.steps.take(members.len());
                let can_be = |member: &&TypeId| possible.is_empty() || possible.binary_search(member).is_ok();
                self.memory.groups.extend(members.iter().filter(can_be).map(|member| (*member, sums)));
            }
            if self.memory.groups.len() == before {
                always = always.add(sums);
            }
        }
        always
    }
}
