//! Where buckets are kept, for how many clients, and what becomes of those without a place.

use crate::*;

const SMALL: &str = "
clients: {classes: [{name: staff, when: [{address: [10.0.0.0/8]}]}]}
throttles:
  tracked_clients: 8
  rules: [{name: calls, per: client, unit: requests, capacity: 2, refill: 1, window_ms: 1000}]";

fn address(number: u32) -> String {
    format!("192.0.{}.{}", number / 256, number % 256)
}

#[test]
fn every_key_is_there_before_the_first_request_and_none_is_added() {
    let mut bank = Bank::under(SMALL);
    let keys = |bank: &Bank| bank.host.shelf.entries.keys().cloned().collect::<Vec<_>>();
    let before = keys(&bank);
    for number in 0..100 {
        bank.one(&address(number), 1, 0);
    }
    assert_eq!(keys(&bank), before);
    // One set, an overflow for each of two classes, the seed.
    assert_eq!(before.len(), 4);
}

#[test]
fn whoever_comes_later_takes_what_is_there() {
    let mut first = Bank::under(SMALL);
    passes(first.one("192.0.2.1", 1, 0));
    let entries = first.host.shelf.clone();
    let policy = Policy::parse(SMALL).unwrap();
    let places = Places::prepare(&policy, Seed([1; 32]), &mut first.host);
    assert_eq!((places, &first.host.shelf), (first.places, &entries));
}

#[test]
fn inventing_identities_resets_nothing() {
    let mut bank = Bank::under(SMALL);
    let me = "198.51.100.1";
    passes(bank.one(me, 1, 0));
    passes(bank.one(me, 1, 0));
    // A thousand others, who share one set of eight places and then one bucket.
    let passed = (0..1_000).filter(|number| matches!(bank.one(&address(*number), 1, 0), Spending::Passes(_)));
    assert_eq!(passed.count(), 7 + 2);
    assert_eq!(word(&bank.one(me, 1, 0), &bank.policy), "calls 1000");
    // Those of another class have a bucket of their own when there is no place.
    passes(bank.one("10.0.0.1", 1, 0));
    passes(bank.one("10.0.0.2", 1, 0));
    assert_eq!(word(&bank.one("10.0.0.3", 1, 0), &bank.policy), "calls 1000");
    // Once nothing is owed to anybody there is room again.
    passes(bank.one("10.0.0.3", 1, 2_000));
    passes(bank.one("10.0.0.3", 1, 2_000));
}

#[test]
fn an_entry_for_want_of_a_place_is_noticed() {
    let mut bank = Bank::under(SMALL);
    let noticed: u64 = (0..10)
        .map(|number| {
            let client = bank.client(&address(number));
            bank.spend(&client, &[costing(1)], 0).1.overflowed
        })
        .sum();
    assert_eq!(noticed, 2);
}

#[test]
fn what_was_taken_from_the_shared_bucket_is_settled_there() {
    let policy = "
throttles:
  tracked_clients: 8
  rules: [{name: spent, per: client, unit: cost, capacity: 10, window_ms: 1000}]";
    let mut bank = Bank::under(policy);
    for number in 0..8 {
        passes(bank.one(&address(number), 1, 0));
    }
    let taken = passes(bank.one(&address(8), 5, 0));
    bank.correct(&taken, &[Some(Cost::from_units(20))], 0);
    assert_eq!(word(&bank.one(&address(9), 1, 0), &bank.policy), "spent 1100");
}

#[test]
fn a_new_policy_finds_the_buckets_of_the_old() {
    let mut old = Bank::under(SMALL);
    let me = "198.51.100.1";
    passes(old.one(me, 1, 0));
    passes(old.one(me, 1, 0));
    let larger = SMALL.replace("capacity: 2, refill: 1", "capacity: 9, refill: 3");
    let more = larger
        .replace("rules: [", "rules: [{name: more, per: client, unit: cost, capacity: 1, window_ms: 1000}, ");
    let mut new = Bank::with(&more, old.host);
    assert_eq!(word(&new.one(me, 1, 0), &new.policy), "calls 334");
    passes(new.one(me, 1, 334));
    // The old filter still serves what is open, and forgets nothing of the new one's.
    let mut old = Bank::with(SMALL, new.host);
    old.one(me, 1, 5_000);
    let mut new = Bank::with(&more, old.host);
    passes(new.one(me, 1, 5_000));
    assert_eq!(word(&new.one(me, 1, 5_000), &new.policy), "more 1000");
}

#[test]
fn bytes_that_nobody_of_us_wrote_are_begun_anew_and_noticed() {
    let mut bank = Bank::under(SMALL);
    for (key, (bytes, _)) in &mut bank.host.shelf.entries {
        if !key.ends_with("seed") {
            *bytes = vec![0xff; 40];
        }
    }
    let client = bank.client("192.0.2.1");
    let (said, noticed) = bank.spend(&client, &[costing(1)], 0);
    passes(said);
    assert_eq!(noticed.unreadable, 1);
    assert_eq!(bank.spend(&client, &[costing(1)], 0).1.unreadable, 0);
}

#[test]
fn clients_are_spread_evenly_and_otherwise_by_another_seed() {
    let policy = "throttles: {tracked_clients: 1024, rules: [{name: a, per: client, unit: cost, capacity: 9, window_ms: 9}]}";
    let spread = |seed: [u8; 32]| {
        let mut bank = Bank::under(policy);
        bank.host = Host::default();
        bank.places = Places::prepare(&bank.policy, Seed(seed), &mut bank.host);
        (0..1_024).for_each(|number| drop(bank.one(&address(number), 1, 0)));
        let sets = bank.host.shelf.entries.iter().filter(|(key, _)| key.contains(".client.128."));
        sets.map(|(_, (bytes, _))| bytes.len()).collect::<Vec<_>>()
    };
    let seed: [u8; 32] = std::array::from_fn(|place| (place as u8).wrapping_mul(37).wrapping_add(11));
    let one = spread(seed);
    assert_eq!(one.len(), 128);
    let empty = one.iter().filter(|length| **length == 0).count();
    assert!(empty < 5, "{empty} of 128 sets are empty");
    assert_ne!(one, spread(seed.map(|byte| byte ^ 0xff)));
}

/// What `docs` say a full table takes.
#[test]
fn a_client_with_two_throttles_takes_65_bytes() {
    let policy = "throttles: {tracked_clients: 8, rules: [{name: a, per: client, unit: cost, capacity: 9, window_ms: 9}, {name: b, per: client, unit: requests, capacity: 9, window_ms: 9}]}";
    let mut bank = Bank::under(policy);
    (0..8).for_each(|number| drop(passes(bank.one(&address(number), 1, 0))));
    let largest = bank.host.shelf.entries.values().map(|(bytes, _)| bytes.len()).max();
    assert_eq!(largest, Some(1 + 8 * 65));
}
