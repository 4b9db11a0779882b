//! What of a slot is kept, and what may be forgotten: buckets until they are full, leases until they run out.

use super::set::Stored;
use crate::Timestamp;
use crate::budget::LONGEST_WINDOW_MS;
use crate::policy::Throttles;

/// How long a bucket is kept whose throttle the policy does not have: filters of several policies may share a slot, and a bucket
/// of any of them means something for as long as its window may be.
const FOREIGN_MS: u64 = LONGEST_WINDOW_MS;

/// How long a lease holds that nobody renews: a worker that has ended does not.
pub(super) const LEASE_MS: u64 = 60_000;

/// By what stored entries are kept.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Keeping<'k> {
    /// They are buckets of these throttles.
    Buckets(&'k Throttles),
    /// They are leases: how many things a worker has open, and when it last said so.
    Leases,
}

impl Keeping<'_> {
    /// Whether it still means something.
    pub(crate) fn keeps(self, stored: &Stored, now: Timestamp) -> bool {
        match self {
            Self::Buckets(throttles) => throttles.rate(stored.id).is_some() || age(stored, now) <= FOREIGN_MS,
            Self::Leases => stored.bucket.level > 0 && age(stored, now) <= LEASE_MS,
        }
    }

    /// Whether nothing is forgotten with it.
    pub(crate) fn is_idle(self, stored: &Stored, now: Timestamp) -> bool {
        match self {
            Self::Buckets(throttles) => match throttles.rate(stored.id) {
                Some(rate) => stored.bucket.is_full(rate, now),
                None => !self.keeps(stored, now),
            },
            Self::Leases => !self.keeps(stored, now),
        }
    }

    /// Whether it is of another policy.
    pub(crate) fn is_foreign(self, stored: &Stored) -> bool {
        match self {
            Self::Buckets(throttles) => throttles.rate(stored.id).is_none(),
            Self::Leases => false,
        }
    }
}

fn age(stored: &Stored, now: Timestamp) -> u64 {
    stored.bucket.at.millis().abs_diff(now.millis())
}
