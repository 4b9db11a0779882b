//! One entry in the shared buckets: load, change, store unless somebody else did meanwhile, within a bound.

use super::keeping::Keeping;
use super::places::{Place, SHARED};
use super::set::{BUCKETS, Seat, Set, Stored, WAYS};
use crate::Timestamp;
use crate::budget::Bucket;
use crate::policy::Throttle;

/// How often an entry is tried. Each failure is another worker's success, so many in a row take as many busy workers.
const ATTEMPTS: u32 = 128;

/// State that all workers share: bytes under keys, each with a version.
pub trait Buckets {
    /// The bytes under a key, and their version; no bytes and no version when there is nothing.
    fn load(&mut self, key: &str) -> (Vec<u8>, Option<Version>);

    /// Puts bytes under a key.
    ///
    /// # Errors
    /// The version there is not the one that was loaded, or nothing can be stored.
    fn store(&mut self, key: &str, bytes: &[u8], version: Option<Version>) -> Result<(), Conflict>;
}

/// Which bytes were under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(pub u32);

/// Somebody else stored first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conflict;

/// What an operator should know of the buckets beyond who was let through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Noticed {
    /// Entries that were given up because others always stored first.
    pub contended: u64,
    /// Blobs that were not readable, and were begun anew.
    pub unreadable: u64,
    /// Entries in a shared bucket for want of a place.
    pub overflowed: u64,
}

impl Noticed {
    /// Adds what was noticed at another time.
    pub fn add(&mut self, Self { contended, unreadable, overflowed }: Self) {
        self.contended = self.contended.saturating_add(contended);
        self.unreadable = self.unreadable.saturating_add(unreadable);
        self.overflowed = self.overflowed.saturating_add(overflowed);
    }
}

/// The buckets, and by what they are read.
pub(crate) struct Ledger<'l> {
    pub(crate) buckets: &'l mut dyn Buckets,
    pub(crate) keeping: Keeping<'l>,
    pub(crate) now: Timestamp,
    pub(crate) noticed: Noticed,
}

/// Whose bucket an entry was made in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seated {
    /// That of the account.
    Apart,
    /// The one that all without a place share.
    Shared,
}

/// Others always stored first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Contended;

/// What comes of looking at an account.
pub(crate) enum Entry<T> {
    /// It was changed, and is to be stored.
    Store(T),
    /// Nothing is to be stored.
    Leave(T),
}

/// The buckets of one client, class or operation.
pub(crate) struct Account {
    pub(super) stored: Vec<Stored>,
    pub(super) seated: Seated,
    now: Timestamp,
}

impl Account {
    /// A bucket; one that nobody took from is full.
    pub(crate) fn bucket(&self, throttle: &Throttle) -> Bucket {
        let known = self.stored.iter().find(|stored| stored.id == throttle.id);
        known.map_or_else(|| Bucket::full(throttle.rate, self.now), |stored| stored.bucket)
    }

    pub(crate) fn put(&mut self, throttle: &Throttle, bucket: Bucket) {
        match self.stored.iter_mut().find(|stored| stored.id == throttle.id) {
            Some(stored) => stored.bucket = bucket,
            None => self.stored.push(Stored { id: throttle.id, bucket }),
        }
    }

    /// Makes it fit its slot; what is of another policy goes first, and of that the oldest.
    fn fit(&mut self, keeping: Keeping<'_>) {
        if self.stored.len() > BUCKETS {
            self.stored
                .sort_by_key(|stored| (keeping.is_foreign(stored), std::cmp::Reverse(stored.bucket.at)));
            self.stored.truncate(BUCKETS);
        }
    }
}

impl Ledger<'_> {
    /// Makes an entry in an account; `entry` may be asked several times, and the last answer counts.
    pub(crate) fn enter<T>(
        &mut self,
        place: &Place,
        entry: impl Fn(&mut Account) -> Entry<T>,
    ) -> Result<(T, Seated), Contended> {
        let mut key: &str = &place.set;
        let mut slot = &place.slot;
        let mut seated = Seated::Apart;
        for _ in 0..ATTEMPTS {
            let (bytes, version) = self.buckets.load(key);
            let set = Set::read(&bytes).unwrap_or_else(|_| {
                self.noticed.unreadable = self.noticed.unreadable.saturating_add(1);
                Set::default()
            });
            let seat = match (set.seat(slot, self.keeping, self.now), &place.overflow) {
                (Seat::Own(seat) | Seat::Free(seat), _) => seat,
                (Seat::None, Some(overflow)) if seated == Seated::Apart => {
                    self.noticed.overflowed = self.noticed.overflowed.saturating_add(1);
                    (key, slot, seated) = (overflow, &SHARED, Seated::Shared);
                    continue;
                }
                // A blob with one slot only has others when somebody else wrote it.
                (Seat::None, _) => WAYS.saturating_sub(1),
            };
            let stored = set.buckets(seat, slot, self.keeping, self.now);
            let mut account = Account { stored, now: self.now, seated };
            match entry(&mut account) {
                Entry::Leave(outcome) => return Ok((outcome, seated)),
                Entry::Store(outcome) => {
                    account.fit(self.keeping);
                    if self.buckets.store(key, &set.with(seat, slot, &account.stored), version).is_ok() {
                        return Ok((outcome, seated));
                    }
                }
            }
        }
        self.noticed.contended = self.noticed.contended.saturating_add(1);
        Err(Contended)
    }
}
