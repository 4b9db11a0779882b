//! One bucket: what was poured into it, what has leaked since, and when it overflows.
//!
//! A leaky bucket's level is kept in milliseconds of leaking, so that all of it is whole numbers: an event adds `leak`,
//! time takes away as much as passes. It holds `capacity * leak`; the event that does not fit overflows it.

use crate::moment::{Moment, Span};
use crate::scenario::Shape;
use std::collections::VecDeque;

/// Values that a bucket with `distinct` keeps for each that it may take.
const KEPT: u64 = 2;

/// One bucket; made for its first event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bucket {
    since: Moment,
    at: Moment,
    level: Span,
    events: u64,
    seen: VecDeque<u64>,
}

/// What came of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Poured {
    /// The bucket took it, and is over at this moment unless more comes.
    Taken { over: Moment },
    /// Its value is in there already.
    Known,
    /// It did not fit.
    Overflow,
}

/// What a bucket held when it was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) since: Moment,
    pub(crate) at: Moment,
    pub(crate) events: u64,
}

impl Bucket {
    pub(crate) fn new(at: Moment) -> Self {
        Self { since: at, at, level: Span::ZERO, events: 0, seen: VecDeque::new() }
    }

    /// Pours `count` events; the clock of a bucket never goes back, so what comes out of order has leaked nothing.
    pub(crate) fn pour(&mut self, shape: Shape, count: u64, value: Option<u64>, at: Moment) -> Poured {
        let count = if value.is_some() { 1 } else { count };
        if value.is_some_and(|value| self.seen.contains(&value)) {
            return Poured::Known;
        }
        self.events = self.events.saturating_add(count);
        let passed = at.since(self.at);
        self.at = self.at.max(at);
        let (capacity, poured) = match shape {
            Shape::Trigger => return Poured::Overflow,
            Shape::Leaky { capacity, leak } => {
                let left = Span::from_millis(self.level.millis().saturating_sub(passed.millis()));
                self.level = Span::from_millis(left.millis().saturating_add(leak.times(count).millis()));
                if self.level > leak.times(capacity) {
                    return Poured::Overflow;
                }
                (capacity, Poured::Taken { over: self.at.after(self.level) })
            }
            Shape::Counter { capacity, window } => {
                (capacity, Poured::Taken { over: self.since.after(window) })
            }
        };
        self.remember(value, capacity);
        poured
    }

    pub(crate) fn held(&self) -> Held {
        Held { since: self.since, at: self.at, events: self.events }
    }

    fn remember(&mut self, value: Option<u64>, capacity: u64) {
        let Some(value) = value else { return };
        self.seen.push_back(value);
        let most = capacity.saturating_add(1).saturating_mul(KEPT);
        if u64::try_from(self.seen.len()).is_ok_and(|length| length > most) {
            self.seen.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAKY: Shape = Shape::Leaky { capacity: 5, leak: Span::from_secs(10) };

    /// The seconds at which events come, and the place of the one that overflows.
    #[track_caller]
    fn check(seconds: &[u64], expected: Option<usize>) {
        let mut bucket = Bucket::new(Moment::default());
        let overflows = seconds.iter().position(|second| {
            let at = Moment::from_millis(second * 1_000);
            bucket.pour(LEAKY, 1, None, at) == Poured::Overflow
        });
        assert_eq!(overflows, expected);
    }

    #[test]
    fn a_leaky_bucket_overflows_at_the_event_after_its_capacity() {
        check(&[0, 0, 0, 0, 0], None);
        check(&[0, 0, 0, 0, 0, 0], Some(5));
    }

    #[test]
    fn it_loses_one_event_a_leak_and_not_a_moment_earlier() {
        check(&[0, 0, 0, 0, 0, 10], None);
        check(&[0, 0, 0, 0, 0, 9], Some(5));
        check(&[0, 0, 0, 0, 0, 10, 19], Some(6));
        check(&[0, 10, 20, 30, 40, 50, 60, 70, 80], None);
    }

    #[test]
    fn what_comes_out_of_order_has_leaked_nothing() {
        check(&[20, 10, 0, 15, 20, 20], Some(5));
        check(&[20, 10, 0, 15, 20, 30], None);
    }

    #[test]
    fn several_events_at_once_are_as_many() {
        let mut bucket = Bucket::new(Moment::default());
        let over = Moment::from_millis(50_000);
        assert_eq!(bucket.pour(LEAKY, 5, None, Moment::default()), Poured::Taken { over });
        assert_eq!(Bucket::new(Moment::default()).pour(LEAKY, 6, None, Moment::default()), Poured::Overflow);
        assert_eq!(
            Bucket::new(Moment::default()).pour(LEAKY, u64::MAX, None, Moment::default()),
            Poured::Overflow
        );
    }

    #[test]
    fn a_value_counts_once_however_often_it_comes() {
        let mut bucket = Bucket::new(Moment::default());
        let mut pour = |value| bucket.pour(LEAKY, 100, Some(value), Moment::default());
        assert!(matches!(pour(1), Poured::Taken { .. }));
        assert_eq!(pour(1), Poured::Known);
        (2..=5).for_each(|value| assert!(matches!(pour(value), Poured::Taken { .. })));
        assert_eq!(pour(6), Poured::Overflow);
    }
}
