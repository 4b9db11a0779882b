//! How a set is kept up to date by the one worker that fetches pages from the analyzer.

use super::MOST_DECISIONS;
use super::record::Record;
use super::set::{DecisionSet, Unreadable};
use super::table::Table;
use crate::Timestamp;
use portcullis_report::DecisionPage;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Changes that a delta holds; with more of them, base and delta become a new base.
const LARGEST_DELTA: usize = 4_096;

/// The set as it is in force, and what has been fetched since and is not complete.
#[derive(Clone, Debug, Default)]
pub struct Book {
    set: DecisionSet,
    pending: Option<Pending>,
    salt: u64,
}

/// What a set has become in bytes; the base only when it is another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blobs {
    /// A new base.
    pub base: Option<Vec<u8>>,
    /// The delta.
    pub delta: Vec<u8>,
    /// Decisions in the set.
    pub held: usize,
    /// Decisions that were left out since there are too many.
    pub dropped: usize,
}

/// Whether more pages have to be fetched before anything changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// More pages follow.
    Partial,
    /// The set has changed.
    Whole(Blobs),
}

/// Pages of which more follow.
#[derive(Clone, Debug)]
struct Pending {
    /// Whether they replace everything.
    is_full: bool,
    /// Of the page that began a full set.
    floor: u64,
    revision: u64,
    /// What is new or changed, by its id.
    fresh: BTreeMap<u64, Record>,
    /// Ids whose decisions hold no longer, or are others.
    gone: BTreeSet<u64>,
    /// What is fresh by its worth, once there is so much that something has to go.
    worths: BTreeSet<(u8, u64)>,
    dropped: usize,
}

impl Book {
    /// An empty book; `salt` tells the bases that it makes from those of others.
    pub fn new(salt: u64) -> Self {
        Self { set: DecisionSet::default(), pending: None, salt }
    }

    /// Goes on from a set that others have kept until here.
    pub fn take_over(&mut self, set: DecisionSet) {
        (self.set, self.pending) = (set, None);
    }

    /// Takes a delta that others have kept over the same base.
    ///
    /// # Errors
    /// It is none, or is over another base; nothing changes.
    pub fn take_over_delta(&mut self, delta: &[u8]) -> Result<(), Unreadable> {
        self.pending = None;
        self.set.take_delta(delta)
    }

    /// Forgets pages of which more should have followed.
    pub fn abandon(&mut self) {
        self.pending = None;
    }

    /// What to fetch after.
    pub fn revision(&self) -> u64 {
        self.pending.as_ref().map_or(self.set.revision(), |pending| pending.revision)
    }

    /// Whether pages were fetched of which more follow.
    pub fn is_pending(&self) -> bool {
        self.pending.is_some()
    }

    /// Of which full set more is to be fetched, by the floor that it began with.
    pub fn floor(&self) -> Option<u64> {
        self.pending.as_ref().filter(|pending| pending.is_full).map(|pending| pending.floor)
    }

    /// The set as it is in force.
    pub fn set(&self) -> &DecisionSet {
        &self.set
    }

    /// All of the set in bytes.
    pub fn blobs(&self) -> Blobs {
        let (base, delta) = (Some(self.set.base_bytes()), self.set.delta_bytes());
        Blobs { base, delta, held: self.set.len(), dropped: 0 }
    }

    /// Takes a page that was checked.
    pub fn take(&mut self, page: &DecisionPage, now: Timestamp) -> Page {
        let mut pending = match self.pending.take() {
            Some(pending) if !page.full => pending,
            Some(_) | None => Pending::new(page),
        };
        pending.add(page);
        // Of a server that never ends, what it has sent is put in force, and the rest comes behind it.
        if page.more && pending.gone.len() <= MOST_DECISIONS {
            self.pending = Some(pending);
            return Page::Partial;
        }
        Page::Whole(self.settle(pending, now))
    }

    fn settle(&mut self, pending: Pending, now: Timestamp) -> Blobs {
        let Pending { is_full, revision, fresh, gone, dropped, .. } = pending;
        if is_full {
            return self.rebase(fresh.into_values().collect(), dropped, revision, now);
        }
        let kept = self.set.delta.iter().filter(|record| !gone.contains(&record.id));
        let mut delta: Vec<Record> = kept.chain(fresh.into_values()).collect();
        let newest = self.set.newest;
        let mut all_gone: BTreeSet<u64> = std::mem::take(&mut self.set.gone).into_iter().collect();
        all_gone.extend(gone.into_iter().filter(|id| *id <= newest));
        let held = self.set.base.len().saturating_sub(all_gone.len()).saturating_add(delta.len());
        if delta.len().saturating_add(all_gone.len()) > LARGEST_DELTA || held > MOST_DECISIONS {
            let base = self.set.base.iter().filter(|record| !all_gone.contains(&record.id));
            let records = base.chain(delta).collect();
            return self.rebase(records, dropped, revision, now);
        }
        delta.sort_unstable_by_key(Record::order);
        self.set.delta = Table::of(&delta);
        self.set.gone = all_gone.into_iter().collect();
        self.set.revision = revision;
        Blobs { base: None, delta: self.set.delta_bytes(), held: self.set.len(), dropped }
    }

    /// A new base of everything that still holds; of too many decisions those of the least worth are left out.
    fn rebase(&mut self, mut records: Vec<Record>, dropped: usize, revision: u64, now: Timestamp) -> Blobs {
        records.retain(|record| record.expires > now);
        let too_many = records.len().saturating_sub(MOST_DECISIONS);
        if too_many > 0 {
            records.sort_unstable_by_key(|record| Reverse(record.worth()));
            records.truncate(MOST_DECISIONS);
        }
        // Mostly in order already: a base, and a delta behind it.
        records.sort_by_key(Record::order);
        self.salt = self.salt.wrapping_add(1);
        self.set = DecisionSet { revision, ..DecisionSet::of(Table::of(&records), self.salt) };
        Blobs { dropped: dropped.saturating_add(too_many), ..self.blobs() }
    }
}

impl Pending {
    /// Begins with that page, which is still to be added.
    fn new(page: &DecisionPage) -> Self {
        let (is_full, floor) = (page.full, page.floor);
        Self {
            is_full,
            floor,
            revision: 0,
            fresh: BTreeMap::new(),
            gone: BTreeSet::new(),
            worths: BTreeSet::new(),
            dropped: 0,
        }
    }

    fn add(&mut self, page: &DecisionPage) {
        self.revision = page.revision;
        for id in &page.removed {
            self.forget(*id);
        }
        if !self.is_full {
            self.gone.extend(page.removed.iter().copied());
            self.gone.extend(page.decisions.iter().map(|decision| decision.id));
        }
        for decision in &page.decisions {
            self.put(Record::from(decision));
        }
    }

    fn forget(&mut self, id: u64) {
        if let Some(record) = self.fresh.remove(&id) {
            self.worths.remove(&record.worth());
        }
    }

    /// Of too many the one of the least worth goes, maybe this one.
    fn put(&mut self, record: Record) {
        self.forget(record.id);
        self.fresh.insert(record.id, record);
        if self.fresh.len() <= MOST_DECISIONS && self.worths.is_empty() {
            return;
        }
        if self.worths.is_empty() {
            self.worths = self.fresh.values().map(Record::worth).collect();
        }
        self.worths.insert(record.worth());
        while self.fresh.len() > MOST_DECISIONS {
            let Some((_, least)) = self.worths.pop_first() else { return };
            self.fresh.remove(&least);
            self.dropped = self.dropped.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests;
