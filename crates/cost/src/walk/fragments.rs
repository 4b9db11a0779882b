//! Fragments: walked where they are first spread in a type, remembered, and added from memory from then on.

use super::scope::Joins;
use super::sums::Sums;
use super::{Open, Walk, What};
use crate::table::{SizedId, TypeId};
use portcullis_graphql::{FragmentIndex, Selections, Spread};

/// A fragment that is being walked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spreading {
    fragment: FragmentIndex,
    joins: Joins,
}

/// The type a fragment is on.
#[derive(Clone, Copy, Debug)]
pub(super) enum Condition {
    /// Not looked up.
    Unread,
    /// Not in the schema.
    Unknown,
    Known(TypeId),
}

/// What a fragment comes to in a type, with certain fields sized from above.
#[derive(Clone, Copy, Debug)]
pub(super) struct Memo {
    scope: Option<TypeId>,
    sized: SizedId,
    /// The memo of the same fragment before this one.
    before: u32,
    sums: Sums,
    /// The most of its groups.
    most: Sums,
    /// Its groups, among those that are kept.
    first_group: u32,
    end_group: u32,
    /// Whether anything was counted in it.
    has_counts: bool,
}

impl<'a> Walk<'_, 'a> {
    /// Adds a fragment, or begins to walk it.
    pub(super) fn spread(&mut self, spread: Spread<'a>) -> Option<Selections<'a>> {
        let index = spread.fragment()?;
        let fragment = self.document.fragment(index)?;
        let around = self.memory.open.last()?;
        let (around, sized) = (around.scope, around.sized);
        let condition = match self.memory.conditions.get(index.get())? {
            Condition::Known(known) => Some(*known),
            Condition::Unknown => None,
            Condition::Unread => self.condition(index, fragment.type_condition()),
        };
        let (mut scope, joins) = self.narrow_to(around, condition);
        if !self.pricing.steps.allow(0) {
            // Exact is one memo for each type it is spread in; what it costs in its own type is never less.
            scope = condition;
        }
        if let Some(found) = self.remembered(index, scope, sized) {
            self.add_again(found, joins);
            return None;
        }
        let groups = self.memory.groups_end();
        let what = What::Spread(Spreading { fragment: index, joins });
        self.push_row();
        let field = self.pricing.directives(fragment.directives());
        let sums = Sums { field, ..Sums::default() };
        self.memory.open.push(Open { end: None, scope, sized, sums, groups, what });
        Some(fragment.selections())
    }

    /// The type a fragment is on, looked up once.
    fn condition(&mut self, fragment: FragmentIndex, name: &str) -> Option<TypeId> {
        let found = self.pricing.table.type_named(name);
        if let Some(place) = self.memory.conditions.get_mut(fragment.get()) {
            *place = found.map_or(Condition::Unknown, Condition::Known);
        }
        found
    }

    fn remembered(
        &mut self,
        fragment: FragmentIndex,
        scope: Option<TypeId>,
        sized: SizedId,
    ) -> Option<usize> {
        let mut next = *self.memory.heads.get(fragment.get())?;
        while let Some(memo) = self.memory.memos.get(next as usize) {
            self.pricing.steps.take(1);
            if memo.scope == scope && memo.sized == sized {
                return Some(next as usize);
            }
            next = memo.before;
        }
        None
    }

    fn add_again(&mut self, index: usize, joins: Joins) {
        let Some(memo) = self.memory.memos.get(index).copied() else { return };
        let Memo { sums, most, first_group, end_group, has_counts, .. } = memo;
        if has_counts {
            self.count_again(index, joins);
        }
        if joins == Joins::Never {
            return;
        }
        let kept = first_group as usize..end_group as usize;
        if kept.is_empty() {
            self.join(sums, 0, joins);
        } else if self.pricing.steps.allow(kept.len()) {
            self.pricing.steps.take(kept.len());
            self.join(sums, 0, joins);
            let kept = self.memory.kept_groups.get(kept).unwrap_or_default();
            self.memory.groups.extend_from_slice(kept);
        } else {
            self.join(sums.add(most), 0, joins);
        }
    }

    /// Adds the counts of a fragment; of one that never applies, only unknown fields.
    fn count_again(&mut self, index: usize, joins: Joins) {
        let len = self.row_len();
        let first = index.saturating_mul(len);
        for place in 0..len {
            let more = self.memory.kept_rows.get(first.saturating_add(place)).copied().unwrap_or_default();
            if joins != Joins::Never || place == super::UNKNOWN {
                self.count_more(place, more);
            }
        }
    }

    /// Remembers a fragment that was walked, and adds it to where it is spread.
    pub(super) fn close_spread(&mut self, open: &Open, spreading: Spreading) {
        let Spreading { fragment, joins } = spreading;
        let len = self.row_len();
        let row = self.memory.rows.len().saturating_sub(len);
        let has_counts = self.memory.rows.iter().skip(row).any(|count| *count != 0);
        self.memory.kept_rows.extend(self.memory.rows.drain(row..));
        let first_group = self.memory.kept_groups.len();
        let groups = self.memory.groups.get(open.groups as usize..).unwrap_or_default();
        self.memory.kept_groups.extend_from_slice(groups);
        let end_group = self.memory.kept_groups.len();
        let most = self.most(open);
        let before = self.memory.heads.get(fragment.get()).copied().unwrap_or(u32::MAX);
        let span = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let memo = self.memory.memos.len();
        self.memory.memos.push(Memo {
            scope: open.scope,
            sized: open.sized,
            before,
            sums: open.sums,
            most,
            first_group: span(first_group),
            end_group: span(end_group),
            has_counts,
        });
        if let Some(head) = self.memory.heads.get_mut(fragment.get()) {
            *head = span(memo);
        }
        self.add_again(memo, joins);
    }
}
