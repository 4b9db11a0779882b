//! Fragments: walked where they are first spread in a type, remembered, and added from memory from then on.

use super::counts::Counts;
use super::scope::Joins;
use super::sums::Sums;
use super::{Open, Reason, Walk, What};
use crate::table::{SizedId, TypeId};
use portcullis_graphql::{FragmentIndex, Selections, Spread};

/// A fragment that is being walked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spreading {
    fragment: FragmentIndex,
    joins: Joins,
    /// The counts around it.
    counts: Counts,
    around: Repeats,
}

/// Whether something may be walked more than once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Repeats {
    Never,
    Perhaps,
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
    counts: Counts,
    /// Whether anything was counted in it, or is watched.
    has_counts: bool,
}

impl<'a> Walk<'_, 'a> {
    /// Adds a fragment, or begins to walk it.
    pub(super) fn spread(&mut self, spread: Spread<'a>) -> Option<Selections<'a>> {
        let index = spread.fragment()?;
        let fragment = self.document.fragment(index)?;
        let Open { scope: around, sized, .. } = self.last;
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
        let selections = fragment.selections();
        let is_only = self.memory.spreads.get(index.get()) == Some(&1);
        if is_only && self.repeats == Repeats::Never && joins == Joins::Always {
            let directives = self.pricing.directives(fragment.directives());
            self.sums.field = self.sums.field + directives;
            self.open(Open { end: selections.end(), scope, sized, groups: 0, what: What::Once });
            return Some(selections);
        }
        self.open(Open { end: selections.end(), scope, sized, groups: 0, what: What::Apart });
        let counts = self.count_apart();
        let around = std::mem::replace(&mut self.repeats, Repeats::Perhaps);
        self.apart(Reason::Spread(Spreading { fragment: index, joins, counts, around }));
        self.sums.field = self.pricing.directives(fragment.directives());
        Some(selections)
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
        let Some(memo) = self.memory.memos.get(index) else { return };
        let Memo { sums, most, first_group, end_group, counts, has_counts, .. } = *memo;
        if has_counts {
            self.count_again(counts, index, joins);
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

    /// Ends a fragment that is walked only once: groups that would take too long become the most of them.
    pub(super) fn settle(&mut self, open: &Open) {
        let first = open.groups as usize;
        let groups = self.memory.groups.get(first..).unwrap_or_default();
        if groups.is_empty() {
            return;
        }
        let kept = self.memory.kept_groups.len();
        self.memory.kept_groups.extend_from_slice(groups);
        let most = self.most(open);
        let len = self.memory.kept_groups.len().saturating_sub(kept);
        if self.pricing.steps.allow(len) {
            self.pricing.steps.take(len);
            self.memory.groups.extend(self.memory.kept_groups.drain(kept..));
        } else {
            self.memory.kept_groups.truncate(kept);
            self.sums = self.sums.add(most);
        }
    }

    /// Remembers a fragment that was walked, and adds it to where it is spread.
    pub(super) fn close_spread(&mut self, open: &Open, sums: Sums, spreading: Spreading) {
        let Spreading { fragment, joins, counts, around } = spreading;
        self.repeats = around;
        let (counts, has_counts) = self.keep_counts(counts);
        let first_group = self.memory.kept_groups.len();
        let mut most = Sums::default();
        if open.groups != self.memory.groups_end() {
            let groups = self.memory.groups.get(open.groups as usize..).unwrap_or_default();
            self.memory.kept_groups.extend_from_slice(groups);
            most = self.most(open);
        }
        let end_group = self.memory.kept_groups.len();
        let before = self.memory.heads.get(fragment.get()).copied().unwrap_or(u32::MAX);
        let span = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let memo = self.memory.memos.len();
        self.memory.memos.push(Memo {
            scope: open.scope,
            sized: open.sized,
            before,
            sums,
            most,
            first_group: span(first_group),
            end_group: span(end_group),
            counts,
            has_counts,
        });
        if let Some(head) = self.memory.heads.get_mut(fragment.get()) {
            *head = span(memo);
        }
        self.add_again(memo, joins);
    }
}
