//! Requests against throttles, with an invented clock and the shared state of an invented host.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail loudly")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test looks for one outcome among several")]

mod contention;
mod oracle;
mod places;
mod rules;
mod streams;

use portcullis_cost::Cost;
use portcullis_policy::decisions::Share;
use portcullis_policy::throttles::{
    Buckets, Conflict, Noticed, OperationKey, Places, Seed, Shelf, Spend, Spending, Taken, Version, correct,
    spend,
};
use portcullis_policy::{Client, Evidence, Mode, Policy, Timestamp};
use std::net::IpAddr;

const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);
const SEED: Seed = Seed([0x5a; 32]);

/// What a host keeps, and how often something was stored.
#[derive(Clone, Debug, Default)]
struct Host {
    shelf: Shelf,
    stores: usize,
}

impl Buckets for Host {
    fn load(&mut self, key: &str) -> (Vec<u8>, Option<Version>) {
        self.shelf.load(key)
    }

    fn store(&mut self, key: &str, bytes: &[u8], version: Option<Version>) -> Result<(), Conflict> {
        self.stores += 1;
        self.shelf.store(key, bytes, version)
    }
}

/// A policy, its places and the shared state.
struct Bank {
    policy: Policy,
    places: Places,
    host: Host,
    /// What the client keeps of its throttles.
    share: Share,
    /// What becomes of what a throttle never holds.
    quota: Mode,
}

impl Bank {
    fn under(policy: &str) -> Self {
        Self::with(policy, Host::default())
    }

    /// A filter of that policy where others were at work before.
    fn with(policy: &str, mut host: Host) -> Self {
        let policy = Policy::parse(policy).unwrap();
        let places = Places::prepare(&policy, SEED, &mut host);
        host.stores = 0;
        Self { policy, places, host, share: Share::ALL, quota: Mode::Enforce }
    }

    fn client(&self, address: &str) -> Client {
        client(&self.policy, address)
    }

    fn spend(&mut self, client: &Client, operations: &[OperationKey<'_>], at: u64) -> (Spending, Noticed) {
        let request = Spend { client, operations, share: self.share, quota: self.quota };
        spend(&self.policy.throttles, &self.places, request, &mut self.host, START.later(at))
    }

    /// Spends one operation of a cost.
    fn one(&mut self, address: &str, cost: u64, at: u64) -> Spending {
        let client = self.client(address);
        self.spend(&client, &[costing(cost)], at).0
    }

    fn correct(&mut self, taken: &Taken, actual: &[Option<Cost>], at: u64) -> Noticed {
        correct(&self.policy.throttles, taken, actual, &mut self.host, START.later(at))
    }
}

fn client(policy: &Policy, address: &str) -> Client {
    let address: IpAddr = address.parse().unwrap();
    policy.clients.identify(&Evidence { header: &|_| None, properties: &[], address: Some(address) })
}

fn costing(units: u64) -> OperationKey<'static> {
    OperationKey { name: None, shape: None, cost: Cost::from_units(units) }
}

fn named(name: &str, shape: u64) -> OperationKey<'_> {
    OperationKey { name: Some(name), shape: Some(shape), cost: Cost::from_units(1) }
}

/// In one word: passes, waits that long for that throttle, exceeds it, contended.
fn word(spending: &Spending, policy: &Policy) -> String {
    let name = |rule: usize| policy.throttles.rules()[rule].name.clone();
    match spending {
        Spending::Passes(_) => "passes".to_owned(),
        Spending::Waits { millis, standing } => format!("{} {millis}", name(standing.rule)),
        Spending::Exceeds { rule, capacity, wanted } => {
            format!("{} {} > {}", name(*rule), wanted.units(), capacity.units())
        }
        Spending::Contended => "contended".to_owned(),
    }
}

#[track_caller]
fn passes(spending: Spending) -> Taken {
    match spending {
        Spending::Passes(taken) => taken,
        other => panic!("{other:?}"),
    }
}
