//! Counts the requests of one window, sorted by what they have in common, in bounded memory.
//!
//! Operation names are the client's: a flood of invented ones must not push out those of honest clients. So names that
//! were busy in the windows before have places of their own, newcomers share the rest, and what finds no place is
//! counted as `other`.

use crate::event::Event;
use portcullis_cost::Cost;
use portcullis_report::{OperationKind, RollupKey, RollupRow, Transport};
use std::collections::{BTreeMap, BTreeSet};

/// Rows for names that were busy before; each may take several.
const REGULAR_ROWS: usize = 500;
/// Rows for names that were not.
const NEWCOMER_ROWS: usize = 400;
/// Names that are remembered as busy.
const REGULARS: usize = 250;

/// What stands for the names without a place.
const OTHER: &str = "other";
/// Rows of that name. Beyond, only why requests were or would have been refused is told apart: a report has no more rows
/// than an analyzer takes.
const OTHER_ROWS: usize = 160;

/// Whether an event was counted under its own name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Own,
    Other,
}

/// The counts of one window.
#[derive(Debug, Default)]
pub(crate) struct Rollup {
    rows: BTreeMap<RollupKey, RollupRow>,
    regular_rows: usize,
    newcomer_rows: usize,
    other_rows: usize,
    /// Names that were busy before, with how busy.
    regulars: BTreeMap<String, u64>,
}

impl Rollup {
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Counts a request, which stands for so many.
    pub(crate) fn add(&mut self, event: &Event, weight: u64) -> Place {
        let key = event.key();
        if self.rows.contains_key(&key) || self.take_place(&key.operation) {
            self.count(key, event, weight);
            return Place::Own;
        }
        let key = self.among_others(RollupKey { operation: OTHER.to_owned(), ..key });
        self.count(key, event, weight);
        Place::Other
    }

    fn among_others(&mut self, key: RollupKey) -> RollupKey {
        if self.rows.contains_key(&key) {
            return key;
        }
        if self.other_rows < OTHER_ROWS {
            self.other_rows = self.other_rows.saturating_add(1);
            return key;
        }
        let (kind, transport) = (OperationKind::Unknown, Transport::OtherHttp);
        RollupKey { class: OTHER.to_owned(), kind, transport, ..key }
    }

    fn take_place(&mut self, operation: &str) -> bool {
        let (taken, places) = match self.regulars.contains_key(operation) {
            true => (&mut self.regular_rows, REGULAR_ROWS),
            false => (&mut self.newcomer_rows, NEWCOMER_ROWS),
        };
        let free = *taken < places;
        *taken += usize::from(free);
        free
    }

    fn count(&mut self, key: RollupKey, event: &Event, weight: u64) {
        let row = self.rows.entry(key).or_insert_with_key(|key| RollupRow {
            key: key.clone(),
            count: 0,
            cost_milli_sum: 0,
            cost_milli_max: 0,
            depth_max: 0,
            fields_sum: 0,
            body_bytes_sum: 0,
            actual_count: 0,
            actual_milli_sum: 0,
        });
        let cost = event.cost.map_or(0, Cost::milli);
        let (depth, fields) =
            event.measures.as_ref().map_or((0, 0), |measures| (measures.depth, measures.fields));
        let add = |sum: &mut u64, one: u64| *sum = sum.saturating_add(one.saturating_mul(weight));
        add(&mut row.count, 1);
        add(&mut row.cost_milli_sum, cost);
        row.cost_milli_max = row.cost_milli_max.max(cost);
        if let Some(actual) = event.actual {
            add(&mut row.actual_count, 1);
            add(&mut row.actual_milli_sum, actual.milli());
        }
        row.depth_max = row.depth_max.max(depth);
        add(&mut row.fields_sum, u64::from(fields));
        add(&mut row.body_bytes_sum, event.body_bytes);
    }

    /// The rows of the window; a new one begins.
    pub(crate) fn cut(&mut self) -> Vec<RollupRow> {
        self.remember_the_busy();
        self.regular_rows = 0;
        self.newcomer_rows = 0;
        self.other_rows = 0;
        std::mem::take(&mut self.rows).into_values().collect()
    }

    /// Halves what was known and adds what was seen; keeps the busiest.
    fn remember_the_busy(&mut self) {
        for busy in self.regulars.values_mut() {
            *busy /= 2;
        }
        for row in self.rows.values().filter(|row| row.key.operation != OTHER) {
            let busy = self.regulars.entry(row.key.operation.clone()).or_default();
            *busy = busy.saturating_add(row.count);
        }
        self.regulars.retain(|_, busy| *busy > 0);
        if self.regulars.len() > REGULARS {
            let mut by_busy: Vec<(u64, String)> =
                self.regulars.iter().map(|(name, busy)| (*busy, name.clone())).collect();
            by_busy.sort_unstable_by(|one, other| other.cmp(one));
            let kept: BTreeSet<String> = by_busy.into_iter().take(REGULARS).map(|(_, name)| name).collect();
            self.regulars.retain(|name, _| kept.contains(name));
        }
    }
}

#[cfg(test)]
mod tests;
