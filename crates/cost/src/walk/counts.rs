//! What is counted beside the cost, fragments expanded: fields that are unknown, slicing that is not as required, what is watched.

use super::Walk;
use super::scope::Joins;
use crate::table::FieldId;

/// Counts of what is being summed. They saturate.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Counts {
    pub(super) unknown: u32,
    pub(super) violations: u32,
}

impl Walk<'_, '_> {
    /// Counts a field, if it is watched.
    #[inline]
    pub(super) fn watch(&mut self, id: FieldId) {
        if !self.watched.is_empty() {
            self.watch_closely(id);
        }
    }

    #[inline(never)]
    fn watch_closely(&mut self, id: FieldId) {
        for (watched, place) in self.watched.iter().zip(0..) {
            if *watched == id {
                self.watch_more(place, 1);
            }
        }
    }

    fn watch_more(&mut self, place: usize, more: u32) {
        let row = self.memory.rows.len().saturating_sub(self.watched.len());
        if let Some(count) = self.memory.rows.get_mut(row.saturating_add(place)) {
            *count = count.saturating_add(more);
        }
    }

    /// Begins to count apart; the counts until here.
    #[inline]
    pub(super) fn count_apart(&mut self) -> Counts {
        if !self.watched.is_empty() {
            let len = self.memory.rows.len().saturating_add(self.watched.len());
            self.memory.rows.resize(len, 0);
        }
        std::mem::take(&mut self.counts)
    }

    /// Goes on with the counts around, but for unknown fields without those since.
    pub(super) fn forget_counts(&mut self, around: Counts) {
        let unknown = around.unknown.saturating_add(self.counts.unknown);
        self.counts = Counts { unknown, ..around };
        let row = self.memory.rows.len().saturating_sub(self.watched.len());
        self.memory.rows.truncate(row);
    }

    /// Goes on with the counts around; those since, of which the watched ones are kept. Whether there are any.
    #[inline]
    pub(super) fn keep_counts(&mut self, around: Counts) -> (Counts, bool) {
        let counts = std::mem::replace(&mut self.counts, around);
        let mut has_counts = counts != Counts::default();
        if !self.watched.is_empty() {
            let row = self.memory.rows.len().saturating_sub(self.watched.len());
            has_counts |= self.memory.rows.iter().skip(row).any(|count| *count != 0);
            self.memory.kept_rows.extend(self.memory.rows.drain(row..));
        }
        (counts, has_counts)
    }

    /// Adds kept counts; of what never applies, only unknown fields.
    pub(super) fn count_again(&mut self, counts: Counts, memo: usize, joins: Joins) {
        self.counts.unknown = self.counts.unknown.saturating_add(counts.unknown);
        if joins == Joins::Never {
            return;
        }
        self.counts.violations = self.counts.violations.saturating_add(counts.violations);
        let first = memo.saturating_mul(self.watched.len());
        for place in 0..self.watched.len() {
            let more = self.memory.kept_rows.get(first.saturating_add(place)).copied().unwrap_or_default();
            self.watch_more(place, more);
        }
    }
}
