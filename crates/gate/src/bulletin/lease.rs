//! Who of all workers does what one of them is enough for.
//!
//! The lease is a name and a time in the state that all workers share. Who holds it says so again long before it runs out;
//! a worker that has ended does not, so that another follows. Two may hold it for a moment, when it is put there for the
//! first time, and have to bear that.

use crate::time::Timestamp;
use portcullis_policy::throttles::Buckets;

const KEY: &str = "portcullis.decisions.1.lease";
/// How long a lease holds that nobody renews, in milliseconds.
const HOLDS_MS: u64 = 10_000;
/// How often it is looked at, in milliseconds.
const LOOK_MS: u64 = 1_000;

/// One worker's view of the lease.
#[derive(Debug)]
pub(super) struct Lease {
    owner: u128,
    looked: Option<Timestamp>,
    is_held: bool,
}

impl Lease {
    /// `owner` tells this worker from all others.
    pub(super) fn new(owner: u128) -> Self {
        Self { owner, looked: None, is_held: false }
    }

    /// Whether this worker holds the lease; it takes it when nobody does.
    pub(super) fn hold(&mut self, now: Timestamp, shared: &mut dyn Buckets) -> bool {
        let is_due = self.looked.is_none_or(|looked| now.since(looked) >= LOOK_MS || now < looked);
        if is_due {
            self.looked = Some(now);
            self.is_held = self.take(now, shared);
        }
        self.is_held
    }

    fn take(&self, now: Timestamp, shared: &mut dyn Buckets) -> bool {
        let (bytes, version) = shared.load(KEY);
        let is_free = match read(&bytes) {
            // Further ahead than any lease reaches, it was taken before the clock was set back.
            Some((owner, until)) => owner == self.owner || until <= now || until.since(now) > HOLDS_MS,
            None => true,
        };
        let mut mine = self.owner.to_le_bytes().to_vec();
        mine.extend(now.later(HOLDS_MS).millis().to_le_bytes());
        is_free && shared.store(KEY, &mine, version).is_ok()
    }
}

fn read(bytes: &[u8]) -> Option<(u128, Timestamp)> {
    let (owner, until) = bytes.split_first_chunk()?;
    let until = u64::from_le_bytes(*until.first_chunk()?);
    Some((u128::from_le_bytes(*owner), Timestamp::from_millis(until)))
}
