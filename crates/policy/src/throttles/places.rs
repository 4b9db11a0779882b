//! Where accounts are: which key of the shared state, and which slot under it.
//!
//! Envoy never deletes a key, so clients have no keys of their own: a fixed number of sets, each a key, and eight slots in
//! each. Which set is a client's depends on a seed that nobody outside knows, so that nobody can choose whose neighbour to
//! be. A client whose set is full of others that have something to remember shares one bucket with all such clients of its
//! class: inventing identities resets nothing.

use super::ledger::Buckets;
use super::set::{SlotKey, WAYS};
use crate::identity::Client;
use crate::policy::{ClassId, Per, Policy, Throttles};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

/// The slot of an account that has its key for itself.
pub(super) const SHARED: SlotKey = [0; 16];

/// Who shares the bucket of operations without a place.
const ALL: &str = "all";

/// Before every key of the accounts of requests.
const REQUESTS: &str = "portcullis.throttles.1";
/// Before every key of the accounts of attempts to open sockets, and of open ones.
const HANDSHAKES: &str = "portcullis.sockets.1";
/// Before every key of the accounts of messages on sockets.
const MESSAGES: &str = "portcullis.messages.1";

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
    /// The keys of the classes' buckets and of their streams.
    classes: Vec<Arc<str>>,
    class_streams: Vec<Arc<str>>,
    sockets: Option<Box<SocketPlaces>>,
}

/// Where the accounts of sockets are.
#[derive(Clone, Debug, PartialEq, Eq)]
struct SocketPlaces {
    handshakes: Places,
    messages: Places,
}

/// Sets of one kind of account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Table {
    /// What the key of each set begins with.
    prefix: String,
    sets: u64,
    /// The keys of those without a place: one for each class, or one for all.
    overflow: Vec<Arc<str>>,
}

/// Where one account is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(super) set: Arc<str>,
    pub(super) slot: SlotKey,
    /// The key to go to when the set has no room.
    pub(super) overflow: Option<Arc<str>>,
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
        let mut kind = |prefix, throttles| Self::of_kind(prefix, throttles, policy, fresh, buckets);
        let mut places = kind(REQUESTS, &policy.throttles);
        let handshakes = kind(HANDSHAKES, &policy.websocket.handshakes);
        let messages = kind(MESSAGES, &policy.websocket.messages);
        places.sockets = Some(Box::new(SocketPlaces { handshakes, messages }));
        places
    }

    /// The places of the attempts and the open sockets of a client or a class.
    pub fn handshakes(&self) -> &Self {
        self.sockets.as_ref().map_or(self, |sockets| &sockets.handshakes)
    }

    /// The places of the messages that a client or a class sends over sockets.
    pub fn messages(&self) -> &Self {
        self.sockets.as_ref().map_or(self, |sockets| &sockets.messages)
    }

    fn of_kind(
        prefix: &str,
        throttles: &Throttles,
        policy: &Policy,
        fresh: Seed,
        buckets: &mut dyn Buckets,
    ) -> Self {
        let classes = || policy.clients.classes().iter().map(|class| class.name.as_ref());
        let named = |word: &str| classes().map(|class| format!("{prefix}.{word}.{class}").into()).collect();
        // Where nothing is asked no seed is agreed on, and none is needed.
        let mut places = Self {
            seed: Seed::default(),
            clients: Table::new(prefix, "client", throttles.clients, classes()),
            operations: Table::new(prefix, "operation", throttles.operations, std::iter::once(ALL)),
            streams: Table::new(prefix, "stream", throttles.streaming, classes()),
            classes: named("class"),
            class_streams: named("class_streams"),
            sockets: None,
        };
        if throttles.rules().is_empty() && throttles.streams().is_empty() {
            return places;
        }
        places.seed = agreed(prefix, fresh, buckets);
        // A million clients have many keys: one at a time, for what a VM once held it keeps.
        places.each_key(throttles, &mut |key| create(key, &[], buckets));
        places
    }

    /// Every key that throttles need.
    fn each_key(&self, throttles: &Throttles, take: &mut dyn FnMut(&str)) {
        let is_per = |per: Per| throttles.rules().iter().any(|rule| rule.per == per);
        let is_streamed = |per: Per| throttles.streams().iter().any(|limit| limit.per == per);
        let tables = [
            (is_per(Per::Client), &self.clients),
            (is_per(Per::Operation), &self.operations),
            (is_streamed(Per::Client), &self.streams),
        ];
        for (_, table) in tables.into_iter().filter(|(is_needed, _)| *is_needed) {
            (0..table.sets).for_each(|set| take(&table.key(set)));
            table.overflow.iter().for_each(|key| take(key));
        }
        let classes = [(is_per(Per::Class), &self.classes), (is_streamed(Per::Class), &self.class_streams)];
        for (_, keys) in classes.into_iter().filter(|(is_needed, _)| *is_needed) {
            keys.iter().for_each(|key| take(key));
        }
    }

    pub(super) fn client(&self, client: &Client) -> Place {
        self.place(&self.clients, client.key.0, client.class.index())
    }

    pub(super) fn class(&self, class: ClassId) -> Place {
        alone(&self.classes, class)
    }

    /// Where a client's open streams are.
    pub(super) fn streams(&self, client: &Client) -> Place {
        self.place(&self.streams, client.key.0, client.class.index())
    }

    /// Where the open streams of a class are.
    pub(super) fn class_streams(&self, class: ClassId) -> Place {
        alone(&self.class_streams, class)
    }

    pub(super) fn operation(&self, mark: Mark<'_>) -> Place {
        let mut hash = Sha256::new();
        match mark {
            Mark::Name(name) => hash.update([b"n", name.as_bytes()].concat()),
            Mark::Shape(shape) => hash.update([b"s".as_slice(), &shape.to_le_bytes()].concat()),
        }
        let digest: [u8; 32] = hash.finalize().into();
        let slot = digest.first_chunk().copied().unwrap_or_default();
        self.place(&self.operations, slot, 0)
    }

    fn place(&self, table: &Table, slot: SlotKey, sharer: usize) -> Place {
        let set = table.key(self.set(&slot, table)).into();
        Place { set, slot, overflow: table.overflow.get(sharer).cloned() }
    }

    /// The set of a key: multiply-add-shift with the seed, by which two keys meet no more often than by chance, whoever
    /// chose them without knowing it.
    fn set(&self, key: &SlotKey, table: &Table) -> u64 {
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
    fn new<'n>(prefix: &str, word: &str, accounts: u32, sharers: impl Iterator<Item = &'n str>) -> Self {
        let sets = u64::from(accounts).div_ceil(WAYS as u64).max(1);
        let overflow = sharers.map(|sharer| format!("{prefix}.{word}.overflow.{sharer}").into());
        Self { prefix: format!("{prefix}.{word}.{sets}."), sets, overflow: overflow.collect() }
    }

    /// Written by hand: it is done for each request.
    fn key(&self, set: u64) -> String {
        let mut key = String::with_capacity(self.prefix.len().saturating_add(20));
        key.push_str(&self.prefix);
        let mut unit = 1_u64;
        while set.checked_div(unit).unwrap_or(0) >= 10 {
            unit = unit.saturating_mul(10);
        }
        while unit > 0 {
            let digit = set.checked_div(unit).unwrap_or(0) % 10;
            key.push(char::from(b'0'.saturating_add(u8::try_from(digit).unwrap_or(0))));
            unit /= 10;
        }
        key
    }
}

/// An account that has its key for itself.
fn alone(keys: &[Arc<str>], class: ClassId) -> Place {
    let set = keys.get(class.index()).cloned().unwrap_or_default();
    Place { set, slot: SHARED, overflow: None }
}

/// The seed of those who were there first, or ours.
fn agreed(prefix: &str, fresh: Seed, buckets: &mut dyn Buckets) -> Seed {
    let key = format!("{prefix}.seed");
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
