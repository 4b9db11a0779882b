use super::*;

const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn units(units: u64) -> Cost {
    Cost::from_units(units)
}

fn rate(capacity: u64, refill: u64, window_ms: u64) -> Rate {
    Rate::new(units(capacity), units(refill), window_ms).unwrap()
}

/// What a bucket that starts full decides, step by step: milliseconds since the start, cost, decision.
#[track_caller]
fn check(rate: Rate, steps: &[(u64, u64, Decision)]) {
    let mut bucket = Bucket::full(rate, START);
    for (index, (at, cost, expected)) in steps.iter().enumerate() {
        let (after, decision) = take(bucket, units(*cost), rate, START.later(*at));
        assert_eq!(decision, *expected, "step {index}");
        bucket = after;
    }
}

const WAIT: fn(u64) -> Decision = |millis| Decision::Wait { millis };

#[test]
fn a_full_bucket_allows_its_capacity_at_once_and_not_one_more() {
    let burst = rate(3, 1, 1_000);
    let three = [(0, 1, Decision::Allow), (0, 1, Decision::Allow), (0, 1, Decision::Allow)];
    check(burst, &[&three[..], &[(0, 1, WAIT(1_000))]].concat());
    check(burst, &[(0, 3, Decision::Allow), (0, 1, WAIT(1_000))]);
    check(burst, &[(0, 2, Decision::Allow), (0, 2, WAIT(1_000)), (0, 1, Decision::Allow)]);
}

#[test]
fn what_is_larger_than_the_bucket_never_passes() {
    check(rate(3, 1, 1_000), &[(0, 4, Decision::Never), (0, 3, Decision::Allow), (0, 4, Decision::Never)]);
    let most = take(Bucket::full(rate(3, 1, 1), START), Cost::MAX, rate(3, 1, 1), START);
    assert_eq!(most.1, Decision::Never);
}

#[test]
fn the_wait_is_exact_to_the_millisecond() {
    // A third of a unit a millisecond has no end in thousandths.
    let thirds = rate(10, 1, 3);
    check(
        thirds,
        &[
            (0, 10, Decision::Allow),
            (0, 1, WAIT(3)),
            (2, 1, WAIT(1)),
            (3, 1, Decision::Allow),
            (3, 1, WAIT(3)),
        ],
    );
    check(rate(1, 7, 1_000), &[(0, 1, Decision::Allow), (142, 1, WAIT(1)), (143, 1, Decision::Allow)]);
}

#[test]
fn nothing_costs_nothing_unless_something_is_owed() {
    let one = rate(1, 1, 1_000);
    check(one, &[(0, 1, Decision::Allow), (0, 0, Decision::Allow)]);
    let owing = owe(Bucket::full(one, START), units(2), one, START);
    assert_eq!(take(owing, Cost::ZERO, one, START).1, WAIT(1_000));
}

#[test]
fn a_debt_carries_over_and_has_a_bound() {
    let rate = rate(10, 1, 1_000);
    let full = Bucket::full(rate, START);
    let owing = owe(full, units(15), rate, START);
    assert_eq!(owing.available(rate, START), Cost::ZERO);
    assert_eq!(take(owing, units(1), rate, START).1, WAIT(6_000));
    assert_eq!(take(owing, units(1), rate, START.later(6_000)).1, Decision::Allow);
    let deepest = owe(owing, Cost::MAX, rate, START);
    assert_eq!(take(deepest, units(1), rate, START).1, WAIT(101_000));
}

#[test]
fn what_is_given_back_fills_no_further_than_full() {
    let rate = rate(10, 1, 1_000);
    let (taken, _) = take(Bucket::full(rate, START), units(4), rate, START);
    assert_eq!(give_back(taken, units(1), rate, START).available(rate, START), units(7));
    for much in [units(4), units(5), Cost::MAX] {
        assert_eq!(give_back(taken, much, rate, START), Bucket::full(rate, START));
    }
}

#[test]
fn a_clock_that_goes_backwards_gives_nothing_and_takes_nothing() {
    let rate = rate(10, 1, 1_000);
    let (taken, _) = take(Bucket::full(rate, START), units(10), rate, START);
    // Another worker's clock: what it does not see pass does not flow in twice.
    let behind = Timestamp::from_millis(START.millis() - 5_000);
    let (seen, decision) = take(taken, units(1), rate, behind);
    assert_eq!((seen, decision), (taken, WAIT(1_000)));
    // A clock that was set back by a day: filling goes on from there.
    let yesterday = Timestamp::from_millis(START.millis() - 86_400_000);
    let (seen, decision) = take(taken, units(1), rate, yesterday);
    assert_eq!((seen.level, decision), (0, WAIT(1_000)));
    assert_eq!(take(seen, units(1), rate, yesterday.later(1_000)).1, Decision::Allow);
}

#[test]
fn full_is_full_and_says_when() {
    let rate = rate(10, 3, 1_000);
    let (taken, _) = take(Bucket::full(rate, START), units(1), rate, START);
    assert_eq!(taken.full_in_ms(rate, START), 334);
    assert!(!taken.is_full(rate, START.later(333)));
    assert!(taken.is_full(rate, START.later(334)));
    assert_eq!(rate.fills_in_ms(), 3_334);
}

#[test]
fn a_bucket_of_another_rate_is_fitted() {
    let (wide, narrow) = (rate(100, 1, 1_000), rate(10, 1, 7));
    let bucket = Bucket { level: 99_000, rest: 999, at: START };
    assert_eq!(bucket.available(narrow, START), units(10));
    assert_eq!(Bucket { level: -5_000, ..bucket }.filled(narrow, START).rest, 6);
    assert_eq!(bucket.filled(wide, START), bucket);
    let hostile = Bucket { level: i64::MIN, rest: u32::MAX, at: Timestamp::from_millis(u64::MAX) };
    assert_eq!(take(hostile, units(1), narrow, START).1, WAIT(707));
}

#[test]
fn only_sensible_rates_exist() {
    let units = Cost::from_units;
    assert!(Rate::new(units(1), units(1), 1).is_some());
    assert!(Rate::new(units(LARGEST_CAPACITY), units(LARGEST_CAPACITY), LONGEST_WINDOW_MS).is_some());
    for (capacity, refill, window) in [(0, 1, 1), (1, 0, 1), (1, 1, 0), (1, 1, LONGEST_WINDOW_MS + 1)] {
        assert_eq!(Rate::new(units(capacity), units(refill), window), None);
    }
    assert_eq!(Rate::new(units(LARGEST_CAPACITY + 1), units(1), 1), None);
}

/// `takes` takes of one unit, each at the first millisecond that has it, from a bucket that was emptied before: the last
/// must come when one division over the whole time says so.
fn without_drift(takes: u64, rate: Rate, refill: u64, window_ms: u64) {
    let mut bucket = take(Bucket::full(rate, START), rate.capacity(), rate, START).0;
    let mut now = START;
    for _ in 0..takes {
        let (filled, decision) = take(bucket, units(1), rate, now);
        bucket = filled;
        if let Decision::Wait { millis } = decision {
            now = now.later(millis);
            let (after, decision) = take(bucket, units(1), rate, now);
            assert_eq!(decision, Decision::Allow);
            bucket = after;
        }
    }
    let expected = (u128::from(takes) * u128::from(window_ms)).div_ceil(u128::from(refill));
    assert_eq!(u128::from(now.since(START)), expected);
}

#[test]
fn a_million_takes_do_not_drift() {
    without_drift(1_000_000, rate(5, 7, 1_000), 7, 1_000);
    without_drift(1_000_000, rate(2, 999, 1_009), 999, 1_009);
}

#[test]
#[ignore = "a thousand million takes: cargo test --release -p portcullis-policy -- --ignored drift"]
fn a_thousand_million_takes_do_not_drift() {
    without_drift(1_000_000_000, rate(5, 7, 1_000), 7, 1_000);
}
