//! What the analyzer has decided about clients, as every worker looks it up for every request.
//!
//! A set is two tables in bytes that all workers share: a large base, and a small delta over it, so that a new decision does
//! not write everything anew. Both are sorted and searched where they lie. Knows no protocol, and not how bytes are shared;
//! bytes that are no set are an error, and nothing in them makes a look-up panic or go on for long.

mod book;
mod record;
mod set;
mod table;

pub use book::{Blobs, Book, Page};
pub use set::{DecisionSet, Unreadable};

use portcullis_report::DecisionOrigin;

/// Decisions that an edge keeps; more are left out and counted.
pub const MOST_DECISIONS: usize = 200_000;

/// What becomes of a client's requests by a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// What.
    pub effect: Effect,
    /// Who decided.
    pub origin: DecisionOrigin,
}

/// What becomes of a client's requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// They are refused.
    Block,
    /// They are charged more.
    Throttle(Share),
    /// No other decision touches them.
    Allow,
}

/// How much of its throttles a client keeps, in thousandths from 1 to 1,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(u16);

impl Share {
    /// All of it.
    pub const ALL: Self = Self(1_000);

    /// So many thousandths; what is out of range is the nearest that is not.
    pub fn from_milli(milli: u16) -> Self {
        Self(milli.clamp(1, 1_000))
    }

    /// In thousandths.
    pub fn milli(self) -> u16 {
        self.0
    }
}
