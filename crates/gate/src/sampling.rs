//! Under pressure a worker looks at a part of the requests that it allowed, and lets each stand for several.
//!
//! Of so many requests in a row one is picked at random, so nobody can arrange to be overlooked, and the sums are off by less
//! than one row of them however long it goes on. How many there were in all, and what they cost, is counted exactly beside it.

use crate::time::Timestamp;
use portcullis_report::{Bounds, Sampling};

/// Allowed requests of a second of which each is looked at.
const BUSY: u64 = 4_000;
/// Of how many one is looked at while the analyzer asks for less.
const STRAINED: u32 = 4;
const SECOND_MS: u64 = 1_000;

/// Whether the analyzer asks for less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strain {
    None,
    Some,
}

/// Which of the allowed requests are looked at.
#[derive(Debug)]
pub(crate) struct Sampler {
    /// The second that is counted, and the requests of it.
    second: Timestamp,
    seen: u64,
    /// Of how many in a row one is picked; the place of the next in its row, and which is picked.
    one_in: u32,
    place: u32,
    pick: u32,
    random: u64,
    window: Window,
}

/// What was counted since the last report.
#[derive(Clone, Copy, Debug, Default)]
struct Window {
    one_in: u32,
    requests: u64,
    looked_at: u64,
    weighed: u64,
    cost_milli_sum: u64,
}

impl Sampler {
    /// A seed that tells workers apart is enough.
    pub(crate) fn new(seed: u64) -> Self {
        let second = Timestamp::default();
        // Zero would stay zero.
        let random = seed | 1;
        Self { second, seen: 0, one_in: 1, place: 0, pick: 0, random, window: Window::default() }
    }

    /// For how many an allowed request stands; nothing when it is not looked at.
    pub(crate) fn weigh(&mut self, cost_milli: u64, now: Timestamp, strain: Strain) -> Option<u64> {
        self.count(cost_milli, now);
        if self.place == 0 {
            self.one_in = self.wanted(strain);
            self.pick = self.random_below(self.one_in);
            self.window.one_in = self.window.one_in.max(self.one_in);
        }
        let is_picked = self.place == self.pick;
        self.place = self.place.saturating_add(1).checked_rem(self.one_in).unwrap_or(0);
        if !is_picked {
            return None;
        }
        let weight = u64::from(self.one_in);
        self.window.looked_at = self.window.looked_at.saturating_add(1);
        self.window.weighed = self.window.weighed.saturating_add(weight);
        Some(weight)
    }

    /// What is to be said of the window, where not every request was looked at; a new one begins.
    pub(crate) fn cut(&mut self) -> Option<Sampling> {
        let Window { one_in, requests, looked_at, weighed, cost_milli_sum } =
            std::mem::take(&mut self.window);
        // A row of them goes on in the next window.
        self.window.one_in = if self.place == 0 { 0 } else { self.one_in };
        let is_whole = looked_at == requests && weighed == requests;
        (!is_whole).then_some(Sampling { one_in: one_in.max(2), requests, looked_at, cost_milli_sum })
    }

    fn count(&mut self, cost_milli: u64, now: Timestamp) {
        if now.since(self.second) >= SECOND_MS || now < self.second {
            (self.second, self.seen) = (now, 0);
        }
        self.seen = self.seen.saturating_add(1);
        self.window.requests = self.window.requests.saturating_add(1);
        self.window.cost_milli_sum = self.window.cost_milli_sum.saturating_add(cost_milli);
    }

    /// Doubled each time that the second has brought as many again.
    fn wanted(&self, strain: Strain) -> u32 {
        let busy = self.seen.checked_div(BUSY).unwrap_or(0).saturating_add(1).next_power_of_two();
        let busy = u32::try_from(busy).unwrap_or(u32::MAX);
        let least = match strain {
            Strain::None => 1,
            Strain::Some => STRAINED,
        };
        busy.clamp(least, Bounds::ONE_IN)
    }

    /// A step of xorshift (Marsaglia 2003).
    fn random_below(&mut self, limit: u32) -> u32 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let high = u32::try_from(self.random >> 32).unwrap_or_default();
        high.checked_rem(limit).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    /// Of so many requests a second for three seconds, how many are looked at in the last.
    #[track_caller]
    fn check(rate: u64, strain: Strain, expected: u64) {
        let mut sampler = Sampler::new(7);
        for second in 0..3 {
            sampler.cut();
            let weights = (0..rate).filter_map(|_| sampler.weigh(1, at(second * SECOND_MS), strain));
            assert!(weights.sum::<u64>().abs_diff(rate) < 64);
        }
        let looked_at = sampler.cut().map_or(rate, |sampling| sampling.looked_at);
        assert!(looked_at.abs_diff(expected) <= 10, "{looked_at}");
    }

    #[test]
    fn the_more_there_are_the_less_of_them_is_looked_at() {
        check(BUSY - 1, Strain::None, BUSY - 1);
        check(2 * BUSY - 1, Strain::None, BUSY - 1 + BUSY / 2);
        check(4 * BUSY, Strain::None, BUSY + BUSY / 2 + BUSY / 2);
        check(100, Strain::Some, 25);
    }

    #[test]
    fn on_a_calm_day_nothing_is_said_of_it() {
        let mut sampler = Sampler::new(7);
        (0..100).for_each(|_| assert_eq!(sampler.weigh(1, at(5), Strain::None), Some(1)));
        assert_eq!(sampler.cut(), None);
    }

    #[test]
    fn nobody_can_arrange_to_be_overlooked() {
        let mut sampler = Sampler::new(7);
        let mut looked_at = [0_u64; 4];
        for n in 0..40_000_usize {
            if sampler.weigh(1, at(0), Strain::Some).is_some() {
                looked_at[n % 4] += 1;
            }
        }
        let (least, most) = (looked_at.iter().min().unwrap(), looked_at.iter().max().unwrap());
        assert!(most - least < most / 5, "{looked_at:?}");
    }

    proptest! {
        #[test]
        fn requests_are_counted_exactly_and_rows_are_off_by_less_than_one_in(
            steps in prop::collection::vec((0_u64..2_000, 1_u64..3_000, any::<bool>(), any::<bool>()), 1..40),
            seed in any::<u64>(),
        ) {
            let mut sampler = Sampler::new(seed);
            let (mut now, mut all, mut told, mut weighed, mut largest) = (0, 0_u64, 0_u64, 0_u64, 1);
            let mut in_window = 0_u64;
            for (passed, burst, is_strained, is_cut) in steps {
                now += passed;
                let strain = if is_strained { Strain::Some } else { Strain::None };
                for _ in 0..burst {
                    all += 1;
                    in_window += 1;
                    weighed += sampler.weigh(3, at(now), strain).unwrap_or_default();
                    largest = largest.max(u64::from(sampler.one_in));
                }
                prop_assert!(weighed.abs_diff(all) < largest);
                if is_cut {
                    if let Some(sampling) = sampler.cut() {
                        prop_assert_eq!((sampling.requests, sampling.cost_milli_sum), (in_window, 3 * in_window));
                    }
                    (told, in_window) = (told + in_window, 0);
                }
            }
            prop_assert_eq!(told + in_window, all);
        }
    }
}
