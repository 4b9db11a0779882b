//! The bytes of one set: up to eight slots, and in each all buckets of one client.
//!
//! A set is read where it lies. Bytes that are none, which only another program could have written, are an error and never a
//! panic; whoever reads them starts anew.

use crate::Timestamp;
use crate::budget::Bucket;
use crate::policy::{ThrottleId, Throttles};

/// Slots of a set.
pub(crate) const WAYS: usize = 8;
/// Buckets of a slot.
pub(crate) const BUCKETS: usize = 16;

/// The first byte: which way of writing this is.
const FORM: u8 = 1;
const KEY_BYTES: usize = 16;
/// Throttle, rest, level, moment.
const BUCKET_BYTES: usize = 4 + 4 + 8 + 8;

/// How long a bucket is kept whose throttle the policy does not have: while a policy is replaced, filters of both are at work.
const FOREIGN_MS: u64 = 3_600_000;

/// Whose slot it is.
pub(crate) type SlotKey = [u8; KEY_BYTES];

/// A bucket as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) id: ThrottleId,
    pub(crate) bucket: Bucket,
}

/// A set that was read.
#[derive(Debug, Default)]
pub(crate) struct Set<'b> {
    slots: Vec<Slot<'b>>,
}

#[derive(Clone, Copy, Debug)]
struct Slot<'b> {
    key: SlotKey,
    buckets: &'b [[u8; BUCKET_BYTES]],
}

/// The bytes are no set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable;

/// Where in a set a client is, or can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seat {
    /// It is there.
    Own(usize),
    /// Nobody is there, or one of whom nothing would be forgotten.
    Free(usize),
    /// Everybody there has something that must not be forgotten.
    None,
}

impl<'b> Set<'b> {
    /// Reads a set; no bytes are an empty one.
    pub(crate) fn read(bytes: &'b [u8]) -> Result<Self, Unreadable> {
        let mut rest = match bytes.split_first() {
            None => return Ok(Self::default()),
            Some((form, rest)) if *form == FORM => rest,
            Some(_) => return Err(Unreadable),
        };
        let mut slots: Vec<Slot<'b>> = Vec::with_capacity(WAYS);
        while !rest.is_empty() {
            let (slot, after) = Slot::read(rest).ok_or(Unreadable)?;
            if slots.len() == WAYS || slots.iter().any(|known| known.key == slot.key) {
                return Err(Unreadable);
            }
            slots.push(slot);
            rest = after;
        }
        Ok(Self { slots })
    }

    /// Where a client is or can be.
    pub(crate) fn seat(&self, key: &SlotKey, throttles: &Throttles, now: Timestamp) -> Seat {
        if let Some(own) = self.slots.iter().position(|slot| slot.key == *key) {
            return Seat::Own(own);
        }
        if self.slots.len() < WAYS {
            return Seat::Free(self.slots.len());
        }
        let idle = self.slots.iter().enumerate().filter(|(_, slot)| slot.is_idle(throttles, now));
        let longest = idle.min_by_key(|(_, slot)| slot.last_use()).map(|(place, _)| place);
        longest.map_or(Seat::None, Seat::Free)
    }

    /// The buckets of a client at its place that still mean something; none while another is there.
    pub(crate) fn buckets(
        &self,
        place: usize,
        key: &SlotKey,
        throttles: &Throttles,
        now: Timestamp,
    ) -> Vec<Stored> {
        let slot = self.slots.get(place).filter(|slot| slot.key == *key);
        let all = slot.into_iter().flat_map(|slot| slot.stored());
        all.filter(|stored| throttles.rate(stored.id).is_some() || !is_forgotten(stored, now)).collect()
    }

    /// The bytes of the set with other buckets at a place, which is one of its own or the next.
    pub(crate) fn with(&self, place: usize, key: &SlotKey, buckets: &[Stored]) -> Vec<u8> {
        let others = self.slots.iter().enumerate().filter(|(other, _)| *other != place);
        let mut bytes = Vec::with_capacity(1 + (WAYS * (KEY_BYTES + 1 + 2 * BUCKET_BYTES)));
        bytes.push(FORM);
        for (_, slot) in others {
            write_head(&mut bytes, &slot.key, slot.buckets.len());
            bytes.extend_from_slice(slot.buckets.as_flattened());
        }
        write_head(&mut bytes, key, buckets.len());
        buckets.iter().for_each(|stored| stored.write(&mut bytes));
        bytes
    }
}

fn write_head(bytes: &mut Vec<u8>, key: &SlotKey, buckets: usize) {
    bytes.extend_from_slice(key);
    // At most `BUCKETS`.
    bytes.push(u8::try_from(buckets).unwrap_or(u8::MAX));
}

fn is_forgotten(stored: &Stored, now: Timestamp) -> bool {
    stored.bucket.at.millis().abs_diff(now.millis()) > FOREIGN_MS
}

impl<'b> Slot<'b> {
    fn read(bytes: &'b [u8]) -> Option<(Self, &'b [u8])> {
        let (key, rest) = bytes.split_first_chunk()?;
        let (count, rest) = rest.split_first()?;
        let count = usize::from(*count);
        if !(1..=BUCKETS).contains(&count) {
            return None;
        }
        let (own, rest) = rest.split_at_checked(count.checked_mul(BUCKET_BYTES)?)?;
        let (buckets, _) = own.as_chunks();
        Some((Self { key: *key, buckets }, rest))
    }

    fn stored(&self) -> impl Iterator<Item = Stored> + use<'b> {
        self.buckets.iter().map(Stored::read)
    }

    /// Whether nothing would be forgotten with it: every bucket is full, or that of a policy long gone.
    fn is_idle(&self, throttles: &Throttles, now: Timestamp) -> bool {
        self.stored().all(|stored| match throttles.rate(stored.id) {
            Some(rate) => stored.bucket.is_full(rate, now),
            None => is_forgotten(&stored, now),
        })
    }

    fn last_use(&self) -> Option<Timestamp> {
        self.stored().map(|stored| stored.bucket.at).max()
    }
}

impl Stored {
    fn read(bytes: &[u8; BUCKET_BYTES]) -> Self {
        let [i0, i1, i2, i3, r0, r1, r2, r3, l0, l1, l2, l3, l4, l5, l6, l7, at @ ..] = *bytes;
        Self {
            id: ThrottleId(u32::from_le_bytes([i0, i1, i2, i3])),
            bucket: Bucket {
                level: i64::from_le_bytes([l0, l1, l2, l3, l4, l5, l6, l7]),
                rest: u32::from_le_bytes([r0, r1, r2, r3]),
                at: Timestamp::from_millis(u64::from_le_bytes(at)),
            },
        }
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        let Self { id, bucket } = self;
        bytes.extend_from_slice(&id.0.to_le_bytes());
        bytes.extend_from_slice(&bucket.rest.to_le_bytes());
        bytes.extend_from_slice(&bucket.level.to_le_bytes());
        bytes.extend_from_slice(&bucket.at.millis().to_le_bytes());
    }
}

#[cfg(test)]
mod tests;
