//! How many sockets all workers have open, each of which says so of its own.
//!
//! A gauge that workers raise and lower drifts: a VM that traps never lowers it. So each worker keeps its counts in one
//! shared blob with the moment at which it last said so, and each sets the gauge to the sum; who says nothing for a while
//! has ended.

use super::Crowd;
use crate::time::Timestamp;
use crate::worker::WorkerEffect;
use portcullis_policy::Policy;
use portcullis_policy::throttles::Buckets;
use portcullis_report::{Metric, SocketMetric};
use std::collections::BTreeMap;

/// The key of the blob.
const KEY: &str = "portcullis.sockets.open.1";
/// How often a worker says what it has open, where that did not change.
const RENEW_MS: u64 = 1_000;
/// How long a worker is believed that says nothing.
const BELIEVED_MS: u64 = 15_000;
/// Workers in the blob, and classes of one: no Envoy has as many, no policy.
const WORKERS: usize = 1_024;
const CLASSES: usize = 32;
/// Attempts to store; what was not stored is said again at the next tick.
const ATTEMPTS: usize = 16;

/// What a worker has told the others.
#[derive(Debug, Default)]
pub(crate) struct Told {
    counts: BTreeMap<u32, u32>,
    at: Option<Timestamp>,
}

/// What one worker has open, by the hash of the class's name.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    worker: u32,
    at: Timestamp,
    counts: BTreeMap<u32, u32>,
}

impl Crowd {
    /// Tells the other workers what is open here, and sets the gauge to what all of them have.
    pub(crate) fn tell(
        &mut self,
        worker: u32,
        policy: &Policy,
        buckets: &mut dyn Buckets,
        now: Timestamp,
    ) -> Vec<WorkerEffect> {
        let open = self.open.values().filter(|open| open.count > 0).take(CLASSES);
        let counts: BTreeMap<u32, u32> =
            open.map(|open| (hash(&open.name), u32::try_from(open.count).unwrap_or(u32::MAX))).collect();
        let is_due = self.told.at.is_none_or(|at| now.since(at) >= RENEW_MS || now < at);
        if !is_due && counts == self.told.counts {
            return Vec::new();
        }
        let Some(entries) = store(worker, &counts, buckets, now) else { return Vec::new() };
        self.told = Told { counts, at: Some(now) };
        let mut sums: BTreeMap<u32, u64> = BTreeMap::new();
        for (class, count) in entries.iter().flat_map(|entry| &entry.counts) {
            let sum = sums.entry(*class).or_default();
            *sum = sum.saturating_add(u64::from(*count));
        }
        let classes = policy.clients.classes().iter().enumerate();
        let gauge = |(place, class): (usize, &portcullis_policy::Class)| {
            let label = portcullis_report::ClassLabel(u8::try_from(place).ok()?);
            let sum = sums.get(&hash(&class.name)).copied().unwrap_or(0);
            Some(WorkerEffect::Set(Metric::Socket(SocketMetric::Active(label)), sum))
        };
        classes.filter_map(gauge).collect()
    }
}

/// Puts what a worker has open into the blob; what all believed workers have then.
fn store(
    worker: u32,
    counts: &BTreeMap<u32, u32>,
    buckets: &mut dyn Buckets,
    now: Timestamp,
) -> Option<Vec<Entry>> {
    for _ in 0..ATTEMPTS {
        let (bytes, version) = buckets.load(KEY);
        // Bytes that are no such blob, only another program could have written.
        let mut entries = read(&bytes).unwrap_or_default();
        entries.retain(|entry| entry.worker != worker && age(entry.at, now) <= BELIEVED_MS);
        entries.truncate(WORKERS.saturating_sub(1));
        entries.push(Entry { worker, at: now, counts: counts.clone() });
        if buckets.store(KEY, &write(&entries), version).is_ok() {
            return Some(entries);
        }
    }
    None
}

fn age(at: Timestamp, now: Timestamp) -> u64 {
    at.millis().abs_diff(now.millis())
}

fn write(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(entries.len().saturating_mul(32));
    for entry in entries {
        bytes.extend_from_slice(&entry.worker.to_le_bytes());
        bytes.extend_from_slice(&entry.at.millis().to_le_bytes());
        // At most `CLASSES`.
        bytes.push(u8::try_from(entry.counts.len()).unwrap_or(u8::MAX));
        for (class, count) in &entry.counts {
            bytes.extend_from_slice(&class.to_le_bytes());
            bytes.extend_from_slice(&count.to_le_bytes());
        }
    }
    bytes
}

fn read(mut bytes: &[u8]) -> Option<Vec<Entry>> {
    let mut entries = Vec::new();
    while !bytes.is_empty() && entries.len() < WORKERS {
        let (worker, rest) = bytes.split_first_chunk()?;
        let (at, rest) = rest.split_first_chunk()?;
        let (classes, mut rest) = rest.split_first()?;
        let mut counts = BTreeMap::new();
        for _ in 0..usize::from(*classes).min(CLASSES) {
            let (class, after) = rest.split_first_chunk()?;
            let (count, after) = after.split_first_chunk()?;
            counts.insert(u32::from_le_bytes(*class), u32::from_le_bytes(*count));
            rest = after;
        }
        let at = Timestamp::from_millis(u64::from_le_bytes(*at));
        entries.push(Entry { worker: u32::from_le_bytes(*worker), at, counts });
        bytes = rest;
    }
    Some(entries)
}

/// FNV-1a of a class's name: filters of two policies may number classes differently.
fn hash(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
