//! Where accounts are: which key of the shared state, and which slot under it.
//!
//! Envoy never deletes a key, so clients have no keys of their own: a fixed number of sets, each a key, and eight slots in
//! each. Which set is a client's depends on a seed that nobody outside knows, so that nobody can choose whose neighbour to
//! be. A client whose set is full of others that have something to remember shares one bucket with all such clients of its
//! class: inventing identities resets nothing.

use super::ledger::Buckets;
use super::set::{SlotKey, WAYS};
use crate::identity::Client;
use crate::policy::{ClassId, Per, Policy};
use sha2::{Digest as _, Sha256};

/// The slot of an account that has its key for itself.
pub(super) const SHARED: SlotKey = [0; 16];

/// Who shares the bucket of operations without a place.
const ALL: &str = "all";

/// Before every key.
const PREFIX: &str = "portcullis.throttles.1";

/// What only the workers know; the same for all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seed(pub [u8; 32]);

/// Where accounts are; the default has one place for all, which is enough where nothing is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    seed: Seed,
    clients: Table,
    operations: Table,
    streams: Table,
    classes: Vec<String>,
}

/// Sets of one kind of account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Table {
    word: &'static str,
    sets: u64,
}

/// Where one account is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(super) set: String,
    pub(super) slot: SlotKey,
    /// The key to go to when the set has no room.
    pub(super) overflow: Option<String>,
}

/// What an operation is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark<'m> {
    /// The name that the client gave it.
    Name(&'m str),
    /// The shape of its document.
    Shape(u64),
}

impl Places {
    /// The places of a policy, and every key that its throttles need: one that is not there is put there, for a key can
    /// only be created without asking what is there. So this is to be called where nobody else is at work yet: Envoy
    /// configures a canary alone before any worker.
    ///
    /// `fresh` becomes the seed unless there is one; those who were there first keep theirs.
    pub fn prepare(policy: &Policy, fresh: Seed, buckets: &mut dyn Buckets) -> Self {
        let throttles = &policy.throttles;
        let sets = |accounts: u32| u64::from(accounts).div_ceil(WAYS as u64).max(1);
        let classes = policy.clients.classes().iter().map(|class| class.name.as_ref().to_owned()).collect();
        let clients = Table { word: "client", sets: sets(throttles.clients) };
        let operations = Table { word: "operation", sets: sets(throttles.operations) };
        let streams = Table { word: "stream", sets: sets(throttles.streaming) };
        let mut places = Self { seed: fresh, clients, operations, streams, classes };
        if throttles.rules().is_empty() && throttles.streams().is_empty() {
            return places;
        }
        places.seed = agreed(fresh, buckets);
        // A million clients have many keys: one at a time, for what a VM once held it keeps.
        places.each_key(policy, &mut |key| create(key, &[], buckets));
        places
    }

    /// Every key that the policy's throttles need.
    fn each_key(&self, policy: &Policy, take: &mut dyn FnMut(&str)) {
        let is_per = |per: Per| policy.throttles.rules().iter().any(|rule| rule.per == per);
        let is_streamed = |per: Per| policy.throttles.streams().iter().any(|limit| limit.per == per);
        let tables = [
            (is_per(Per::Client), self.clients, self.classes.as_slice()),
            (is_per(Per::Operation), self.operations, &[ALL.to_owned()]),
            (is_streamed(Per::Client), self.streams, &self.classes),
        ];
        for (_, table, sharers) in tables.into_iter().filter(|(is_needed, ..)| *is_needed) {
            (0..table.sets).for_each(|set| take(&table.key(set)));
            sharers.iter().for_each(|sharer| take(&table.overflow(sharer)));
        }
        for class in &self.classes {
            if is_per(Per::Class) {
                take(&class_key(class));
            }
            if is_streamed(Per::Class) {
                take(&class_streams_key(class));
            }
        }
    }

    pub(super) fn client(&self, client: &Client) -> Place {
        let overflow = Some(self.clients.overflow(self.class_name(client.class)));
        let set = self.clients.key(self.set(&client.key.0, self.clients));
        Place { set, slot: client.key.0, overflow }
    }

    pub(super) fn class(&self, class: ClassId) -> Place {
        Place { set: class_key(self.class_name(class)), slot: SHARED, overflow: None }
    }

    /// Where a client's open streams are.
    pub(super) fn streams(&self, client: &Client) -> Place {
        let overflow = Some(self.streams.overflow(self.class_name(client.class)));
        let set = self.streams.key(self.set(&client.key.0, self.streams));
        Place { set, slot: client.key.0, overflow }
    }

    /// Where the open streams of a class are.
    pub(super) fn class_streams(&self, class: ClassId) -> Place {
        Place { set: class_streams_key(self.class_name(class)), slot: SHARED, overflow: None }
    }

    pub(super) fn operation(&self, mark: Mark<'_>) -> Place {
        let mut hash = Sha256::new();
        match mark {
            Mark::Name(name) => hash.update([b"n", name.as_bytes()].concat()),
            Mark::Shape(shape) => hash.update([b"s".as_slice(), &shape.to_le_bytes()].concat()),
        }
        let digest: [u8; 32] = hash.finalize().into();
        let slot = digest.first_chunk().copied().unwrap_or_default();
        let overflow = Some(self.operations.overflow(ALL));
        Place { set: self.operations.key(self.set(&slot, self.operations)), slot, overflow }
    }

    fn class_name(&self, class: ClassId) -> &str {
        self.classes.get(class.index()).map_or("", String::as_str)
    }

    /// The set of a key: multiply-add-shift with the seed, by which two keys meet no more often than by chance, whoever
    /// chose them without knowing it.
    fn set(&self, key: &SlotKey, table: Table) -> u64 {
        let (low, high) = halves(*key);
        let (first, second) = self.seed.factors();
        let mixed = first.wrapping_mul(low).wrapping_add(second.wrapping_mul(high));
        // The high half of a product with the number of sets is below it.
        u64::try_from((mixed >> 64).wrapping_mul(u128::from(table.sets)) >> 64).unwrap_or(0)
    }
}

impl Seed {
    fn factors(self) -> (u128, u128) {
        let (first, second) = self.0.split_at(16);
        let number = |bytes: &[u8]| bytes.try_into().map(u128::from_le_bytes).unwrap_or_default() | 1;
        (number(first), number(second))
    }
}

fn halves(key: SlotKey) -> (u128, u128) {
    let whole = u128::from_le_bytes(key);
    (whole & u128::from(u64::MAX), whole >> 64)
}

impl Place {
    /// The bucket to which those without a place go.
    pub(super) fn shared(self) -> Self {
        match self.overflow {
            Some(set) => Self { set, slot: SHARED, overflow: None },
            None => self,
        }
    }
}

impl Table {
    /// The number of sets is part of the key: where it changes, every account begins anew.
    fn key(self, set: u64) -> String {
        format!("{PREFIX}.{}.{}.{set}", self.word, self.sets)
    }

    fn overflow(self, whose: &str) -> String {
        format!("{PREFIX}.{}.overflow.{whose}", self.word)
    }
}

fn class_key(class: &str) -> String {
    format!("{PREFIX}.class.{class}")
}

fn class_streams_key(class: &str) -> String {
    format!("{PREFIX}.class_streams.{class}")
}

/// The seed of those who were there first, or ours.
fn agreed(fresh: Seed, buckets: &mut dyn Buckets) -> Seed {
    let key = format!("{PREFIX}.seed");
    create(&key, &fresh.0, buckets);
    let (bytes, _) = buckets.load(&key);
    Seed(bytes.first_chunk().copied().unwrap_or_default())
}

fn create(key: &str, bytes: &[u8], buckets: &mut dyn Buckets) {
    if buckets.load(key).1.is_none() {
        #[expect(clippy::let_underscore_must_use, reason = "whoever was first has created it")]
        let _ = buckets.store(key, bytes, None);
    }
}
