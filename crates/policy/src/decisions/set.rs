//! A set of decisions: the base, the delta over it, and what of the base holds no longer.

use super::record::{Family, Record, place};
use super::table::Table;
use super::{Effect, Ruling};
use crate::{ClientKey, Timestamp};
use std::net::IpAddr;

/// How close a decision for a key is; an address is as close as it has bits.
const KEY: u8 = u8::MAX;
/// Generation of the base, revision, and how many ids are gone.
const HEAD: usize = 8 + 8 + 4;

/// A set of decisions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DecisionSet {
    pub(super) base: Table,
    /// Which base it is.
    pub(super) generation: u64,
    /// The highest id of the base.
    pub(super) newest: u64,
    pub(super) delta: Table,
    /// Ids of the base that hold no longer, or whose decision is in the delta; sorted, each once.
    pub(super) gone: Vec<u64>,
    /// What the analyzer calls this state.
    pub(super) revision: u64,
}

/// The bytes are no set, or parts of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

impl DecisionSet {
    /// Takes the bytes of a base and of a delta for a set.
    ///
    /// # Errors
    /// They are no such thing, or do not belong together.
    pub fn read(base: &[u8], delta: &[u8]) -> Result<Self, Unreadable> {
        let (base, generation) = read_base(base)?;
        let mut set = Self::of(base, generation);
        set.take_delta(delta)?;
        Ok(set)
    }

    /// Takes the bytes of another delta over the same base.
    ///
    /// # Errors
    /// They are none, or belong to another base; the set stays as it is.
    pub(super) fn take_delta(&mut self, delta: &[u8]) -> Result<(), Unreadable> {
        let (head, rest) = delta.split_at_checked(HEAD).ok_or(Unreadable)?;
        let (words, count) = head.as_chunks::<8>();
        let [of, revision] = words else { return Err(Unreadable) };
        if u64::from_le_bytes(*of) != self.generation {
            return Err(Unreadable);
        }
        let count = count.first_chunk::<4>().map(|count| u32::from_le_bytes(*count)).ok_or(Unreadable)?;
        let length = usize::try_from(count).ok().and_then(|count| count.checked_mul(8)).ok_or(Unreadable)?;
        let (gone, table) = rest.split_at_checked(length).ok_or(Unreadable)?;
        self.delta = Table::read(table.to_vec()).ok_or(Unreadable)?;
        self.gone = gone.as_chunks::<8>().0.iter().map(|id| u64::from_le_bytes(*id)).collect();
        self.revision = u64::from_le_bytes(*revision);
        Ok(())
    }

    /// What is decided about a client: an allowing decision is above all others, one for the key is closer than one for the
    /// address, a longer prefix closer than a shorter, and of equally close ones the stricter holds.
    pub fn find(&self, address: Option<IpAddr>, key: ClientKey, now: Timestamp) -> Option<Ruling> {
        let mut best: Option<(u8, Ruling)> = None;
        let mut is_allowed = None;
        let mut weigh = |family: Family, record: &Record| {
            if record.expires <= now {
                return;
            }
            let closeness = if family == Family::Key { KEY } else { record.prefix };
            let found = (closeness, record.ruling());
            if record.effect == Effect::Allow {
                is_allowed = Some(record.ruling());
            }
            // Effects are in the order of their strictness.
            if best.is_none_or(|(closest, ruling)| {
                (closeness, std::cmp::Reverse(record.effect)) > (closest, std::cmp::Reverse(ruling.effect))
            }) {
                best = Some(found);
            }
        };
        let asked = address.map(place).into_iter().chain([(Family::Key, u128::from_be_bytes(key.0))]);
        for (family, bits) in asked {
            self.delta.each(family, bits, |record| weigh(family, record));
            self.base.each(family, bits, |record| {
                if self.gone.binary_search(&record.id).is_err() {
                    weigh(family, record);
                }
            });
        }
        is_allowed.or(best.map(|(_, ruling)| ruling))
    }

    /// Decisions in it, those included whose time is over and that nobody has put away yet.
    pub fn len(&self) -> usize {
        self.base.len().saturating_sub(self.gone.len()).saturating_add(self.delta.len())
    }

    /// Whether nothing is decided.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the analyzer calls this state; 0 when nothing was ever fetched.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Which base it has.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// A base alone.
    pub(super) fn of(base: Table, generation: u64) -> Self {
        let newest = base.iter().map(|record| record.id).max().unwrap_or(0);
        Self { base, generation, newest, ..Self::default() }
    }

    pub(super) fn base_bytes(&self) -> Vec<u8> {
        [&self.generation.to_le_bytes(), self.base.bytes()].concat()
    }

    pub(super) fn delta_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD.saturating_add(self.delta.bytes().len()));
        bytes.extend(self.generation.to_le_bytes());
        bytes.extend(self.revision.to_le_bytes());
        bytes.extend(u32::try_from(self.gone.len()).unwrap_or(u32::MAX).to_le_bytes());
        self.gone.iter().for_each(|id| bytes.extend(id.to_le_bytes()));
        bytes.extend(self.delta.bytes());
        bytes
    }
}

fn read_base(bytes: &[u8]) -> Result<(Table, u64), Unreadable> {
    let (generation, table) = bytes.split_first_chunk::<8>().ok_or(Unreadable)?;
    let table = Table::read(table.to_vec()).ok_or(Unreadable)?;
    Ok((table, u64::from_le_bytes(*generation)))
}

#[cfg(test)]
mod tests;
