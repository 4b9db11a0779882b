use super::*;
use crate::Policy;
use crate::policy::Throttles;

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn throttles() -> Throttles {
    let text = "throttles: {rules: [{name: a, per: client, unit: requests, capacity: 10, window_ms: 1000}, {name: b, per: client, unit: cost, capacity: 10, window_ms: 1000}]}";
    Policy::parse(text).unwrap().throttles
}

fn stored(id: ThrottleId, level: i64, at: Timestamp) -> Stored {
    Stored { id, bucket: Bucket { level, rest: 7, at } }
}

/// A set of as many slots as there are levels, each with one bucket of the first throttle; the first is the oldest.
fn set_of(levels: &[i64]) -> Vec<u8> {
    let id = throttles().rules().first().unwrap().id;
    let mut bytes = Vec::new();
    for (place, level) in levels.iter().enumerate() {
        let at = NOW.later(place as u64);
        bytes = Set::read(&bytes).unwrap().with(place, &[place as u8 + 1; 16], &[stored(id, *level, at)]);
    }
    bytes
}

#[test]
fn what_is_written_is_read() {
    let throttles = throttles();
    let buckets: Vec<Stored> = throttles.rules().iter().map(|rule| stored(rule.id, -5, NOW)).collect();
    let bytes = Set::default().with(0, &[9; 16], &buckets);
    let set = Set::read(&bytes).unwrap();
    assert_eq!(set.seat(&[9; 16], Keeping::Buckets(&throttles), NOW), Seat::Own(0));
    assert_eq!(set.buckets(0, &[9; 16], Keeping::Buckets(&throttles), NOW), buckets);
    assert_eq!(set.buckets(0, &[8; 16], Keeping::Buckets(&throttles), NOW), []);
    assert_eq!(bytes.len(), 1 + 17 + 2 * 24);
}

#[test]
fn others_stay_as_they_are_when_one_changes() {
    let throttles = throttles();
    let id = throttles.rules()[0].id;
    let before = set_of(&[1_000, 2_000, 3_000]);
    let after = Set::read(&before).unwrap().with(1, &[2; 16], &[stored(id, 1, NOW)]);
    let set = Set::read(&after).unwrap();
    let level = |key: u8| match set.seat(&[key; 16], Keeping::Buckets(&throttles), NOW) {
        Seat::Own(place) => set.buckets(place, &[key; 16], Keeping::Buckets(&throttles), NOW)[0].bucket.level,
        Seat::Free(_) | Seat::None => panic!("it is there"),
    };
    assert_eq!([level(1), level(2), level(3)], [1_000, 1, 3_000]);
}

#[test]
fn only_a_slot_with_nothing_to_remember_is_given_away_the_oldest_first() {
    let throttles = throttles();
    let seat = |levels: &[i64], now: Timestamp| {
        let bytes = set_of(levels);
        Set::read(&bytes).unwrap().seat(&[99; 16], Keeping::Buckets(&throttles), now)
    };
    assert_eq!(seat(&[0; 7], NOW), Seat::Free(7));
    assert_eq!(seat(&[0; 8], NOW), Seat::None);
    assert_eq!(seat(&[0, 0, 0, 10_000, 10_000, 0, 0, 0], NOW), Seat::Free(3));
    // A thousand milliseconds later all are full again.
    assert_eq!(seat(&[0; 8], NOW.later(999)), Seat::None);
    assert_eq!(seat(&[0; 8], NOW.later(1_000)), Seat::Free(0));
    assert_eq!(seat(&[-5_000, 0, 0, 0, 0, 0, 0, 0], NOW.later(1_001)), Seat::Free(1));
}

#[test]
fn buckets_of_another_policy_are_kept_for_a_day() {
    let throttles = throttles();
    let foreign = stored(ThrottleId(1), 0, NOW);
    let bytes = Set::default().with(0, &[1; 16], &[foreign]);
    let set = Set::read(&bytes).unwrap();
    assert_eq!(set.buckets(0, &[1; 16], Keeping::Buckets(&throttles), NOW.later(86_400_000)), [foreign]);
    assert_eq!(set.buckets(0, &[1; 16], Keeping::Buckets(&throttles), NOW.later(86_400_001)), []);
}

#[track_caller]
fn unreadable(bytes: &[u8]) {
    assert_eq!(Set::read(bytes).err(), Some(Unreadable), "{bytes:?}");
}

#[test]
fn bytes_that_are_no_set_are_told() {
    let good = set_of(&[1; 8]);
    assert!(Set::read(&good).is_ok());
    assert!(Set::read(&[]).is_ok());
    assert!(Set::read(&[FORM]).is_ok());
    unreadable(&[FORM + 1]);
    for length in 2..good.len() {
        if (length - 1) % (17 + 24) != 0 {
            unreadable(&good[..length]);
        }
    }
    let one = &good[1..=17 + 24];
    unreadable(&[&good, one].concat());
    unreadable(&[&[FORM], one, one].concat());
    let with_count = |count: u8| [&[FORM], &one[..16], &[count], &one[17..]].concat();
    assert!(Set::read(&with_count(1)).is_ok());
    [0, 2, 17, 255].into_iter().for_each(|count| unreadable(&with_count(count)));
}

#[cfg(not(target_family = "wasm"))]
mod properties {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_are_read_or_told(bytes in prop::collection::vec(any::<u8>(), 0..600), form in prop::bool::ANY) {
            let bytes = if form { [&[FORM], bytes.as_slice()].concat() } else { bytes };
            if let Ok(set) = Set::read(&bytes) {
                let throttles = throttles();
                let place = match set.seat(&[1; 16], Keeping::Buckets(&throttles), NOW) {
                    Seat::Own(place) | Seat::Free(place) => place,
                    Seat::None => 0,
                };
                let written = set.with(place, &[1; 16], &[stored(ThrottleId(1), 1, NOW)]);
                prop_assert!(Set::read(&written).is_ok());
            }
        }

        #[test]
        fn a_changed_byte_is_never_more_than_other_numbers(position in 0_usize..329, value: u8) {
            let mut bytes = set_of(&[0; 8]);
            bytes[position] = value;
            if let Ok(set) = Set::read(&bytes) {
                prop_assert!(set.slots.len() <= WAYS);
                set.seat(&[1; 16], Keeping::Buckets(&throttles()), NOW);
            }
        }
    }
}
