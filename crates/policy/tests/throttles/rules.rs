//! What each rule says of one request after another.

use crate::*;

const TEN_A_SECOND: &str =
    "throttles: {rules: [{name: calls, per: client, unit: requests, capacity: 10, window_ms: 1000}]}";

/// Requests of one operation each: address, cost, milliseconds since the start, what is said.
#[track_caller]
fn check(policy: &str, steps: &[(&str, u64, u64, &str)]) {
    let mut bank = Bank::under(policy);
    for (index, (address, cost, at, expected)) in steps.iter().enumerate() {
        let said = bank.one(address, *cost, *at);
        assert_eq!(word(&said, &bank.policy), *expected, "step {index}");
    }
}

const A: &str = "192.0.2.1";
const B: &str = "192.0.2.2";

#[test]
fn each_client_has_a_bucket_of_its_own() {
    let policy =
        "throttles: {rules: [{name: calls, per: client, unit: requests, capacity: 2, window_ms: 1000}]}";
    check(
        policy,
        &[
            (A, 9, 0, "passes"),
            (A, 9, 0, "passes"),
            (A, 9, 0, "calls 500"),
            (B, 9, 0, "passes"),
            (A, 9, 499, "calls 1"),
            (A, 9, 500, "passes"),
            (A, 9, 500, "calls 500"),
        ],
    );
}

#[test]
fn a_class_has_a_bucket_for_all_of_its_clients() {
    let policy = "
clients: {classes: [{name: staff, when: [{address: [10.0.0.0/8]}]}]}
throttles: {rules: [{name: strangers, per: class, unit: cost, capacity: 10, window_ms: 1000, classes: [anonymous]}]}";
    check(
        policy,
        &[
            (A, 6, 0, "passes"),
            (B, 6, 0, "strangers 200"),
            (B, 4, 0, "passes"),
            ("10.0.0.1", 1_000, 0, "passes"),
            ("10.0.0.1", 1_000, 0, "passes"),
            (A, 11, 5_000, "strangers 11 > 10"),
        ],
    );
}

#[test]
fn classes_are_told_apart() {
    let policy = "
clients: {classes: [{name: staff, when: [{address: [10.0.0.0/8]}]}]}
throttles: {rules: [{name: each, per: class, unit: requests, capacity: 1, window_ms: 1000}]}";
    check(
        policy,
        &[
            (A, 1, 0, "passes"),
            (B, 1, 0, "each 1000"),
            ("10.0.0.1", 1, 0, "passes"),
            ("10.0.0.2", 1, 0, "each 1000"),
        ],
    );
}

const SEVERAL: &str = "
throttles:
  rules:
    - {name: burst, per: client, unit: cost, capacity: 100, refill: 10, window_ms: 1000}
    - {name: calls, per: client, unit: requests, capacity: 3, refill: 1, window_ms: 5000}
    - {name: everyone, per: class, unit: cost, capacity: 150, refill: 1, window_ms: 1000}";

#[test]
fn the_tightest_of_several_speaks_and_none_is_charged_by_a_denial() {
    check(
        SEVERAL,
        &[
            (A, 90, 0, "passes"),
            (A, 30, 0, "burst 2000"),
            (A, 5, 0, "passes"),
            (A, 5, 0, "passes"),
            // Both are short: the calls longer.
            (A, 5, 0, "calls 5000"),
            (A, 100, 0, "everyone 50000"),
            // What others left of the class.
            (B, 51, 0, "everyone 1000"),
            (B, 50, 0, "passes"),
            // A denial at the class gave back what was taken from the client.
            (B, 50, 100_000, "passes"),
            (B, 101, 100_000, "burst 101 > 100"),
        ],
    );
}

#[test]
fn a_denial_stores_nothing() {
    let mut bank = Bank::under(TEN_A_SECOND);
    (0..10).for_each(|_| drop(passes(bank.one(A, 1, 0))));
    let before = (bank.host.stores, bank.host.shelf.clone());
    for _ in 0..100 {
        assert_eq!(word(&bank.one(A, 1, 0), &bank.policy), "calls 100");
    }
    assert_eq!((bank.host.stores, bank.host.shelf), before);
}

#[test]
fn several_throttles_of_a_client_are_one_store() {
    let mut bank = Bank::under(
        "throttles: {rules: [{name: a, per: client, unit: cost, capacity: 9, window_ms: 9}, {name: b, per: client, unit: requests, capacity: 9, window_ms: 9}]}",
    );
    passes(bank.one(A, 1, 0));
    assert_eq!(bank.host.stores, 1);
}

#[test]
fn a_batch_takes_its_sum_or_nothing() {
    let mut bank = Bank::under(SEVERAL);
    let client = bank.client(A);
    let mut batch = |costs: &[u64]| {
        let operations: Vec<_> = costs.iter().map(|cost| costing(*cost)).collect();
        let said = bank.spend(&client, &operations, 0).0;
        word(&said, &bank.policy)
    };
    assert_eq!(batch(&[1, 1, 1, 1]), "calls 4 > 3");
    assert_eq!(batch(&[60, 41]), "burst 101 > 100");
    assert_eq!(batch(&[60, 30]), "passes");
    assert_eq!(batch(&[6, 5]), "calls 5000");
    assert_eq!(batch(&[10]), "passes");
    assert_eq!(batch(&[1]), "calls 5000");
}

const OPERATIONS: &str =
    "throttles: {rules: [{name: each, per: operation, unit: requests, capacity: 2, window_ms: 1000}]}";

/// Requests of one batch each, from clients that all differ: what is said.
#[track_caller]
fn operations(steps: &[(&[(&str, u64)], &str)]) {
    let mut bank = Bank::under(OPERATIONS);
    for (index, (batch, expected)) in steps.iter().enumerate() {
        let client = bank.client(&format!("192.0.2.{index}"));
        let batch: Vec<_> = batch.iter().map(|(name, shape)| named(name, *shape)).collect();
        let said = bank.spend(&client, &batch, 0).0;
        assert_eq!(word(&said, &bank.policy), *expected, "step {index}");
    }
}

#[test]
fn neither_another_name_nor_another_shape_escapes() {
    operations(&[
        (&[("Login", 1)], "passes"),
        (&[("Login", 1)], "passes"),
        (&[("Renamed", 1)], "each 500"),
        (&[("Login", 2)], "each 500"),
        (&[("Other", 3)], "passes"),
        // The denials above took nothing from what they shared nothing of.
        (&[("Renamed", 2)], "passes"),
        (&[("Renamed", 2)], "passes"),
        (&[("Renamed", 2)], "each 500"),
    ]);
}

#[test]
fn operations_of_a_batch_are_counted_together() {
    operations(&[
        (&[("A", 1), ("A", 1), ("A", 1)], "each 3 > 2"),
        (&[("A", 1), ("B", 1), ("C", 2)], "passes"),
        (&[("D", 3), ("E", 1)], "each 500"),
        (&[("D", 3), ("E", 2)], "passes"),
    ]);
}

#[test]
fn an_operation_without_name_or_shape_has_the_buckets_that_it_has() {
    let mut bank = Bank::under(OPERATIONS);
    let client = bank.client(A);
    let nameless = OperationKey { shape: Some(1), ..costing(1) };
    passes(bank.spend(&client, &[nameless], 0).0);
    passes(bank.spend(&client, &[nameless], 0).0);
    assert_eq!(word(&bank.spend(&client, &[named("A", 1)], 0).0, &bank.policy), "each 500");
    passes(bank.spend(&client, &[costing(1); 9], 0).0);
}

#[test]
fn without_throttles_nothing_is_asked_or_kept() {
    let mut bank = Bank::under("");
    assert!(bank.host.shelf.entries.is_empty());
    let taken = passes(bank.one(A, 1_000_000, 0));
    assert_eq!((taken.standing, bank.host.stores), (None, 0));
}

#[test]
fn how_the_tightest_stands_is_told() {
    let mut bank = Bank::under(SEVERAL);
    let standing = |spending: Spending| match spending {
        Spending::Passes(taken) => taken.standing.unwrap(),
        Spending::Waits { standing, .. } => standing,
        other => panic!("{other:?}"),
    };
    let first = standing(bank.one(A, 10, 0));
    assert_eq!((first.rule, first.available, first.full_in_ms), (1, Cost::from_units(2), 5_000));
    let second = standing(bank.one(A, 80, 0));
    assert_eq!((second.rule, second.available, second.full_in_ms), (0, Cost::from_units(10), 9_000));
    let denied = standing(bank.one(A, 11, 0));
    assert_eq!((denied.rule, denied.available), (0, Cost::from_units(10)));
}

#[test]
fn what_an_operation_cost_in_the_end_is_settled() {
    let mut bank = Bank::under(SEVERAL);
    let taken = passes(bank.one(A, 90, 0));
    let units = |units| Some(Cost::from_units(units));
    assert_eq!(bank.correct(&taken, &[units(20)], 0), Noticed::default());
    let taken = passes(bank.one(A, 80, 0));
    // 180 more than was taken: a debt of 180 to the client's bucket, of 130 to the class's.
    bank.correct(&taken, &[units(260)], 0);
    assert_eq!(word(&bank.one(A, 1, 0), &bank.policy), "everyone 131000");
    assert_eq!(word(&bank.one(A, 1, 0), &bank.policy), "everyone 131000");
    let stores = bank.host.stores;
    bank.correct(&taken, &[None], 0);
    bank.correct(&taken, &[units(80)], 0);
    bank.correct(&taken, &[], 0);
    assert_eq!(bank.host.stores, stores);
}

#[test]
fn operations_are_settled_each_by_its_own_cost() {
    let mut bank = Bank::under(
        "throttles: {rules: [{name: each, per: operation, unit: cost, capacity: 10, window_ms: 1000}]}",
    );
    let client = bank.client(A);
    let batch = [named("A", 1), named("B", 2)].map(|one| OperationKey { cost: Cost::from_units(5), ..one });
    let taken = passes(bank.spend(&client, &batch, 0).0);
    bank.correct(&taken, &[Some(Cost::from_units(10)), Some(Cost::ZERO)], 0);
    assert_eq!(word(&bank.spend(&client, &[named("A", 9)], 0).0, &bank.policy), "each 100");
    let full = OperationKey { cost: Cost::from_units(10), ..named("B", 2) };
    passes(bank.spend(&client, &[full], 0).0);
}

#[test]
fn who_keeps_a_quarter_of_its_throttles_is_charged_four_times() {
    let policy = "
throttles:
  rules:
    - {name: calls, per: client, unit: requests, capacity: 8, refill: 1, window_ms: 1000}
    - {name: everyone, per: class, unit: requests, capacity: 100, refill: 1, window_ms: 1000}";
    let mut bank = Bank::under(policy);
    bank.share = Share::from_milli(250);
    let said: Vec<String> = (0..3).map(|_| word(&bank.one(A, 1, 0), &bank.policy)).collect();
    assert_eq!(said, ["passes", "passes", "calls 4000"]);
    // What it shares with others it was charged for like them: 98 of 100 are left.
    bank.share = Share::ALL;
    (0..98).for_each(|other| drop(passes(bank.one(&format!("198.51.100.{other}"), 1, 0))));
    assert_eq!(word(&bank.one(B, 1, 0), &bank.policy), "everyone 1000");
}

#[test]
fn a_share_is_rounded_so_that_nobody_gains() {
    let mut bank = Bank::under(
        "throttles: {rules: [{name: cost, per: client, unit: cost, capacity: 10, window_ms: 1000}]}",
    );
    bank.share = Share::from_milli(999);
    assert_eq!(word(&bank.one(A, 10, 0), &bank.policy), "cost 11 > 10");
    passes(bank.one(A, 9, 0));
    assert_eq!(word(&bank.one(A, 1, 0), &bank.policy), "cost 2");
}

#[test]
fn what_is_corrected_is_as_much_as_was_charged() {
    let mut bank = Bank::under(
        "throttles: {rules: [{name: cost, per: client, unit: cost, capacity: 100, window_ms: 100000}]}",
    );
    bank.share = Share::from_milli(500);
    let taken = passes(bank.one(A, 40, 0));
    bank.correct(&taken, &[Some(Cost::from_units(10))], 0);
    // Of 100, twice 10 are gone: 80 are there for 40, and not for 41.
    assert_eq!(word(&bank.one(A, 41, 0), &bank.policy), "cost 2000");
    passes(bank.one(A, 40, 0));
}

const TRIED: &str = "
throttles:
  rules:
    - {name: tried, per: client, unit: cost, capacity: 20, refill: 1, window_ms: 1000, mode: shadow}
    - {name: burst, per: client, unit: cost, capacity: 200, refill: 1, window_ms: 1000}
    - {name: everyone, per: class, unit: cost, capacity: 100, refill: 1, window_ms: 1000}";

/// The rules that would have refused it, and only count.
fn missed(spending: Spending) -> Vec<usize> {
    passes(spending).missed.iter().map(|missed| missed.rule).collect()
}

#[test]
fn of_a_throttle_that_only_counts_no_more_is_given_back_than_was_taken() {
    let mut bank = Bank::under(TRIED);
    assert_eq!(missed(bank.one(A, 15, 0)), [] as [usize; 0]);
    // It has 5 left: nothing is taken of them, and the others have 15 less each time.
    for _ in 0..5 {
        assert_eq!(missed(bank.one(A, 15, 0)), [0]);
    }
    // The class gives back what the client gave, but not to the one that gave nothing.
    assert_eq!(word(&bank.one(B, 11, 0), &bank.policy), "everyone 1000");
    assert_eq!(word(&bank.one(A, 11, 0), &bank.policy), "everyone 1000");
    assert_eq!(missed(bank.one(A, 6, 0)), [0]);
    assert_eq!(missed(bank.one(A, 4, 0)), [] as [usize; 0]);
    // And what was not taken is not settled.
    let taken = passes(bank.one(B, 15, 15_000));
    let beyond = passes(bank.one(A, 17, 200_000));
    assert_eq!((taken.missed.len(), beyond.missed.len()), (0, 0));
    let none = passes(bank.one(A, 17, 200_000));
    assert_eq!(none.missed.len(), 1);
    bank.correct(&none, &[Some(Cost::ZERO)], 200_000);
    assert_eq!(missed(bank.one(A, 4, 200_000)), [0], "of its 3 none more are there");
}

#[test]
fn what_no_bucket_holds_is_held_by_the_others_where_that_only_counts() {
    let mut bank = Bank::under(SEVERAL);
    bank.quota = Mode::Shadow;
    assert_eq!(missed(bank.one(A, 120, 0)), [0]);
    assert_eq!(word(&bank.one(A, 120, 0), &bank.policy), "everyone 90000");
    assert_eq!(missed(bank.one(A, 200, 0)), [0, 2]);
    assert_eq!(missed(bank.one(A, 200, 0)), [0, 2]);
    // Three calls were made.
    assert_eq!(word(&bank.one(A, 200, 0), &bank.policy), "calls 5000");
    bank.quota = Mode::Enforce;
    assert_eq!(word(&bank.one(A, 200, 0), &bank.policy), "burst 200 > 100");
}

#[test]
fn who_keeps_less_than_one_of_its_throttles_takes_all_of_them_where_quota_only_counts() {
    let mut bank = Bank::under(
        "throttles: {rules: [{name: cost, per: client, unit: cost, capacity: 10, refill: 1, window_ms: 1000}]}",
    );
    (bank.share, bank.quota) = (Share::from_milli(100), Mode::Shadow);
    let taken = passes(bank.one(A, 5, 0));
    assert_eq!(taken.missed.len(), 1);
    assert_eq!(word(&bank.one(A, 5, 0), &bank.policy), "cost 10000");
    // Of the 10 that were taken it was worth all, and more: 40 are owed.
    bank.correct(&taken, &[Some(Cost::from_units(5))], 0);
    assert_eq!(word(&bank.one(A, 5, 0), &bank.policy), "cost 10000");
    bank.correct(&taken, &[Some(Cost::from_milli(500))], 0);
    assert_eq!(word(&bank.one(A, 5, 0), &bank.policy), "cost 5000");
}
