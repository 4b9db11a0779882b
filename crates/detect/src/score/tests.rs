use super::*;
use proptest::prelude::*;

const HALF_LIFE: HalfLife = HalfLife(Span::from_hours(6));

fn at(millis: u64) -> Moment {
    Moment::from_millis(millis)
}

/// Any moment of this century.
fn moment() -> impl Strategy<Value = u64> {
    946_684_800_000_u64..4_102_444_800_000
}

#[test]
fn half_is_left_after_a_half_life() {
    let start = at(1_700_000_000_123);
    let points = Points::new(80.0, start, HALF_LIFE);
    for (halves, expected) in [(0, 80.0), (1, 40.0), (2, 20.0), (5, 2.5)] {
        let left = points.at(start.after(HALF_LIFE.span().times(halves)), HALF_LIFE);
        assert!((left - expected).abs() < 1e-9, "{halves}: {left}");
    }
    assert_eq!(points.at(start.after(HALF_LIFE.span().times(100_000)), HALF_LIFE), 0.0);
}

#[test]
fn the_time_until_a_floor_is_when_that_is_reached() {
    let start = at(1_700_000_000_000);
    let points = Points::new(100.0, start, HALF_LIFE);
    let when = start.after(HALF_LIFE.until(100.0, 30.0));
    assert!(points.at(when, HALF_LIFE) <= 30.0 + 1e-9);
    assert!(points.at(when.before(Span::from_millis(2)), HALF_LIFE) > 30.0);
    assert_eq!(HALF_LIFE.until(30.0, 30.0), Span::ZERO);
    assert_eq!(HALF_LIFE.until(0.0, 30.0), Span::ZERO);
}

#[test]
fn a_clock_that_goes_back_makes_nothing_of_nothing() {
    let points = Points::new(80.0, at(1_700_000_000_000), HALF_LIFE);
    let earlier = points.at(at(1_000_000_000_000), HALF_LIFE);
    assert!((80.0..=160.0).contains(&earlier), "{earlier}");
}

proptest! {
    #[test]
    fn decaying_twice_is_decaying_once(
        start in moment(),
        a in 0_u64..10_000_000_000,
        b in 0_u64..10_000_000_000,
        value in 0.1..1000.0,
    ) {
        let points = Points::new(value, at(start), HALF_LIFE);
        let (between, end) = (at(start + a), at(start + a + b));
        let stopped = points.in_epoch(HALF_LIFE.epoch(between));
        prop_assert_eq!(stopped.at(end, HALF_LIFE).to_bits(), points.at(end, HALF_LIFE).to_bits());
    }

    #[test]
    fn it_is_the_power_of_a_half(start in moment(), passed in 0_u64..100_000_000, value in 0.1..1000.0) {
        let points = Points::new(value, at(start), HALF_LIFE);
        let expected = value * 0.5_f64.powf(float(passed) / float(HALF_LIFE.span().millis()));
        prop_assert!((points.at(at(start + passed), HALF_LIFE) - expected).abs() < 1e-9 * value);
    }

    #[test]
    fn the_order_of_points_does_not_matter(
        start in moment(),
        all in prop::collection::vec((0_u64..1_000_000_000, 0.1..100.0), 1..20),
    ) {
        let add = |sum: Points, (offset, value): &(u64, f64)| {
            sum.plus(Points::new(*value, at(start + offset), HALF_LIFE))
        };
        let end = at(start + 1_000_000_000);
        let forth = all.iter().fold(Points::default(), add).at(end, HALF_LIFE);
        let back = all.iter().rev().fold(Points::default(), add).at(end, HALF_LIFE);
        prop_assert!((forth - back).abs() < 1e-9 * forth.max(1.0));
    }
}
