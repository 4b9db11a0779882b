//! Points that lose half of themselves in every half-life, exactly however often anybody looks.
//!
//! A number of points is kept as what it is worth at the start of its epoch, an epoch being one half-life counted from the
//! Unix epoch. Moving it to another epoch halves it a whole number of times, which binary fractions do without rounding;
//! only reading it takes a power, and reading changes nothing. So decaying for `a` and then for `b` is decaying for
//! `a + b` to the last bit, and points add up to the same in whatever order they came, but for rounding.

use crate::moment::{Moment, Span};

/// After how long half of the points are left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HalfLife(Span);

/// Points of some moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Points {
    /// What they are worth at the start of the epoch.
    value: f64,
    epoch: u32,
}

/// Halvings after which nothing is left that a binary fraction can hold.
const ALL: u32 = 2_000;

impl HalfLife {
    /// A half-life; at least a second.
    pub fn new(span: Span) -> Self {
        Self(span.max(Span::from_secs(1)))
    }

    /// The span.
    pub fn span(self) -> Span {
        self.0
    }

    /// With the shortest half-life they last until 2106.
    fn epoch(self, at: Moment) -> u32 {
        let epoch = at.millis().checked_div(self.0.millis()).unwrap_or(0);
        u32::try_from(epoch).unwrap_or(u32::MAX)
    }

    /// How much of an epoch has passed, from 0 to less than 1.
    fn part(self, at: Moment) -> f64 {
        let rest = at.millis().checked_rem(self.0.millis()).unwrap_or(0);
        float(rest) / float(self.0.millis())
    }

    /// After how long `points` are worth no more than `floor`; at once when they are not worth more.
    pub(crate) fn until(self, points: f64, floor: f64) -> Span {
        let halvings = (points / floor).log2();
        if halvings.is_nan() || halvings <= 0.0 {
            return Span::ZERO;
        }
        Span::from_millis(whole(halvings * float(self.0.millis())))
    }
}

impl Points {
    /// So many points at that moment.
    pub(crate) fn new(points: f64, at: Moment, half_life: HalfLife) -> Self {
        Self { value: points * half_life.part(at).exp2(), epoch: half_life.epoch(at) }
    }

    /// What they are worth then; before their epoch, what they are worth at its start.
    pub(crate) fn at(self, at: Moment, half_life: HalfLife) -> f64 {
        let now = half_life.epoch(at);
        match self.epoch > now {
            true => self.value,
            false => self.in_epoch(now).value / half_life.part(at).exp2(),
        }
    }

    /// Both together.
    pub(crate) fn plus(self, other: Self) -> Self {
        let epoch = self.epoch.max(other.epoch);
        Self { value: self.in_epoch(epoch).value + other.in_epoch(epoch).value, epoch }
    }

    /// The same points at the start of a later epoch.
    fn in_epoch(self, epoch: u32) -> Self {
        let halvings = epoch.saturating_sub(self.epoch).min(ALL);
        let halvings = i32::try_from(halvings).unwrap_or(i32::MAX);
        Self { value: self.value * 0.5_f64.powi(halvings), epoch: epoch.max(self.epoch) }
    }
}

/// Milliseconds since the Unix epoch have fewer bits than a binary fraction holds.
#[expect(clippy::as_conversions, reason = "exact up to 2^53, and no moment or half-life is beyond it")]
fn float(number: u64) -> f64 {
    number as f64
}

#[expect(clippy::as_conversions, reason = "saturates, and is no number never")]
fn whole(number: f64) -> u64 {
    number.ceil() as u64
}

#[cfg(test)]
mod tests;
