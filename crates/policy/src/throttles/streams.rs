//! How many streams a client or a class has open at once, over all workers.
//!
//! Each worker keeps a lease in the slot of whoever has streams with it: how many there are, and when it last said so. A
//! worker renews its leases; one that has ended does not, so its streams are forgotten after a minute and nothing leaks.

use super::keeping::{Keeping, LEASE_MS};
use super::ledger::{Account, Buckets, Contended, Entry, Ledger, Noticed, Seated};
use super::places::{Place, Places};
use super::set::{BUCKETS, Stored};
use crate::Timestamp;
use crate::budget::Bucket;
use crate::identity::Client;
use crate::policy::{Mode, Per, StreamLimit, ThrottleId, Throttles};
use std::collections::BTreeMap;

/// How often a lease is renewed: several renewals may be late before it runs out.
const RENEW_MS: u64 = LEASE_MS / 6;

/// Leases that are renewed at one tick; the others have their turn at the next.
const RENEWALS: usize = 256;

/// The streams of one worker.
#[derive(Debug, Default)]
pub struct Live {
    worker: u32,
    open: BTreeMap<Place, Held>,
}

/// What a worker has open at one place.
#[derive(Debug, Default)]
struct Held {
    counts: BTreeMap<ThrottleId, u32>,
    renewed: Timestamp,
}

/// One open stream; it is to be given back with [`Live::close`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lease {
    places: Vec<(Place, Vec<ThrottleId>)>,
    /// Limits that would not have let it through, and only count, by their places in the policy.
    missed: Vec<usize>,
}

impl Lease {
    /// Limits that would not have let it through, and only count, by their places in the policy.
    pub fn missed(&self) -> &[usize] {
        &self.missed
    }
}

/// Whether one more stream has room at a place.
enum Room {
    /// It has, but for limits that only count.
    Enough { missed: Vec<usize> },
    /// As many are open as this limit allows.
    None { limit: usize },
}

/// Whether one more stream may be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opening {
    /// It may, and is counted.
    Opened(Lease),
    /// As many are open as this limit allows, by its place in the policy.
    Full {
        /// Which one.
        limit: usize,
    },
    /// Other workers always stored first.
    Contended,
}

impl Live {
    /// Nothing is open; `worker` tells this worker from all others.
    pub fn new(worker: u32) -> Self {
        Self { worker, open: BTreeMap::new() }
    }

    /// Opens a stream at every limit that applies to the client, or at none.
    pub fn open(
        &mut self,
        throttles: &Throttles,
        places: &Places,
        client: &Client,
        buckets: &mut dyn Buckets,
        now: Timestamp,
    ) -> (Opening, Noticed) {
        let mut ledger = Ledger { buckets, keeping: Keeping::Leases, now, noticed: Noticed::default() };
        let mut lease = Lease::default();
        for (per, place) in
            [(Per::Client, places.streams(client)), (Per::Class, places.class_streams(client.class))]
        {
            let limits = throttles.streams.iter().enumerate();
            let limits = limits.filter(|(_, limit)| limit.per == per && limit.applies_to(client.class));
            let limits: Vec<(usize, &StreamLimit)> = limits.collect();
            if limits.is_empty() {
                continue;
            }
            match self.enter(&mut ledger, place, &limits) {
                Ok((place, Room::Enough { missed })) => {
                    let counted = limits.iter().filter(|(index, _)| !missed.contains(index));
                    let ids: Vec<ThrottleId> = counted.map(|(_, limit)| limit.id).collect();
                    lease.missed.extend(missed);
                    if !ids.is_empty() {
                        self.count(&place, &ids, now);
                        lease.places.push((place, ids));
                    }
                }
                Ok((_, Room::None { limit })) => {
                    self.give_back(&mut ledger, lease);
                    return (Opening::Full { limit }, ledger.noticed);
                }
                Err(Contended) if limits.iter().all(|(_, limit)| limit.mode == Mode::Shadow) => {
                    lease.missed.extend(limits.iter().map(|(index, _)| index));
                }
                Err(Contended) => {
                    self.give_back(&mut ledger, lease);
                    return (Opening::Contended, ledger.noticed);
                }
            }
        }
        (Opening::Opened(lease), ledger.noticed)
    }

    /// The stream is over.
    pub fn close(&mut self, lease: Lease, buckets: &mut dyn Buckets, now: Timestamp) -> Noticed {
        let mut ledger = Ledger { buckets, keeping: Keeping::Leases, now, noticed: Noticed::default() };
        self.give_back(&mut ledger, lease);
        ledger.noticed
    }

    /// Says of what is open that it still is, where that was not said for a while; a part of it at each tick.
    pub fn renew(&mut self, buckets: &mut dyn Buckets, now: Timestamp) -> Noticed {
        let mut ledger = Ledger { buckets, keeping: Keeping::Leases, now, noticed: Noticed::default() };
        let worker = self.worker;
        let is_due = |held: &Held| now.since(held.renewed) >= RENEW_MS || now < held.renewed;
        let due = self.open.iter_mut().filter(|(_, held)| is_due(held)).take(RENEWALS);
        for (place, held) in due {
            held.renewed = now;
            tell(&mut ledger, worker, place, held);
        }
        ledger.noticed
    }

    /// Adds a lease at a place, unless a limit is reached that does not only count.
    fn enter(
        &self,
        ledger: &mut Ledger<'_>,
        place: Place,
        limits: &[(usize, &StreamLimit)],
    ) -> Result<(Place, Room), Contended> {
        let shared = place.clone().shared();
        let now = ledger.now;
        let entry = |account: &mut Account| {
            let own = self.open.get(if account.seated == Seated::Apart { &place } else { &shared });
            let mut missed = Vec::new();
            for (index, limit) in limits {
                let count = own.and_then(|held| held.counts.get(&limit.id)).copied().unwrap_or(0);
                let others = account.others(limit.id, self.worker);
                let has_room = others.saturating_add(count) < limit.max
                    && account.lease(limit.id, self.worker, count.saturating_add(1), now);
                match limit.mode {
                    _ if has_room => (),
                    Mode::Shadow => missed.push(*index),
                    Mode::Enforce => return Entry::Leave(Room::None { limit: *index }),
                }
            }
            match missed.len() == limits.len() {
                true => Entry::Leave(Room::Enough { missed }),
                false => Entry::Store(Room::Enough { missed }),
            }
        };
        let (room, seated) = ledger.enter(&place, entry)?;
        Ok((if seated == Seated::Apart { place } else { shared }, room))
    }

    fn count(&mut self, place: &Place, ids: &[ThrottleId], now: Timestamp) {
        let held = self.open.entry(place.clone()).or_default();
        held.renewed = now;
        for id in ids {
            let count = held.counts.entry(*id).or_default();
            *count = count.saturating_add(1);
        }
    }

    fn give_back(&mut self, ledger: &mut Ledger<'_>, lease: Lease) {
        for (place, ids) in lease.places {
            let Some(held) = self.open.get_mut(&place) else { continue };
            for id in &ids {
                if let Some(count) = held.counts.get_mut(id) {
                    *count = count.saturating_sub(1);
                }
            }
            held.renewed = ledger.now;
            tell(ledger, self.worker, &place, held);
            held.counts.retain(|_, count| *count > 0);
            if held.counts.is_empty() {
                self.open.remove(&place);
            }
        }
    }
}

/// Stores what a worker has open at a place. What could not be stored is said again at the next renewal, or runs out.
fn tell(ledger: &mut Ledger<'_>, worker: u32, place: &Place, held: &Held) {
    let now = ledger.now;
    let entry = |account: &mut Account| {
        for (id, count) in &held.counts {
            account.lease(*id, worker, *count, now);
        }
        Entry::Store(())
    };
    match ledger.enter(place, entry) {
        Ok(_) | Err(Contended) => (),
    }
}

impl Account {
    /// What other workers have open.
    fn others(&self, id: ThrottleId, worker: u32) -> u32 {
        let others = self.stored.iter().filter(|stored| stored.id == id && stored.bucket.rest != worker);
        let counts = others.map(|stored| u32::try_from(stored.bucket.level).unwrap_or(u32::MAX));
        counts.fold(0, u32::saturating_add)
    }

    /// Says what a worker has open, if there is room to say it.
    fn lease(&mut self, id: ThrottleId, worker: u32, count: u32, now: Timestamp) -> bool {
        let bucket = Bucket { level: i64::from(count), rest: worker, at: now };
        let has_room = self.stored.len() < BUCKETS;
        let own = self.stored.iter_mut().find(|stored| stored.id == id && stored.bucket.rest == worker);
        match own {
            Some(stored) => stored.bucket = bucket,
            None if has_room => self.stored.push(Stored { id, bucket }),
            None => return false,
        }
        true
    }
}
