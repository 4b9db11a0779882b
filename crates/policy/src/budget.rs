//! What may be spent: a bucket of tokens that fills with time.
//!
//! Exact: beside its thousandths a bucket holds the rest of the division by which it was filled, so however often it is
//! taken from, what it holds is what one division over the whole time would say. Knows no clock; `now` comes in.

use crate::Timestamp;
use portcullis_cost::Cost;

/// The longest window over which a bucket may be filled, in milliseconds: a day.
pub const LONGEST_WINDOW_MS: u64 = 86_400_000;

/// The largest capacity and the largest refill, in whole units.
pub const LARGEST_CAPACITY: u64 = 1_000_000_000;

/// How often the capacity may be owed; what an operation cost beyond that is forgiven.
const DEEPEST_DEBT: i64 = 10;

/// How far a clock may be behind the bucket's without having been set back: workers read it at different moments.
const BEHIND_MS: u64 = 10_000;

/// How much a bucket holds, and how fast it fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Thousandths, from 1.
    capacity: i64,
    /// Thousandths, from 1.
    refill: u64,
    /// Milliseconds, from 1.
    window_ms: u32,
}

/// What one client, class or operation has left under one throttle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Thousandths; below nothing it is a debt.
    pub(crate) level: i64,
    /// What filling left over, in parts of a thousandth: less than the window has milliseconds.
    pub(crate) rest: u32,
    /// Until when it has been filled.
    pub(crate) at: Timestamp,
}

/// Whether a bucket has enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It had, and it was taken.
    Allow,
    /// It will have enough after so many milliseconds, to the millisecond; nothing was taken.
    Wait {
        /// At least 1.
        millis: u64,
    },
    /// Full it would not have enough.
    Never,
}

impl Rate {
    /// A bucket of `capacity` into which `refill` flows evenly in each window; nothing when one of them is zero or beyond
    /// its bound.
    pub fn new(capacity: Cost, refill: Cost, window_ms: u64) -> Option<Self> {
        let within = |cost: Cost| cost > Cost::ZERO && cost <= Cost::from_units(LARGEST_CAPACITY);
        if !within(capacity) || !within(refill) || !(1..=LONGEST_WINDOW_MS).contains(&window_ms) {
            return None;
        }
        let capacity = i64::try_from(capacity.milli()).ok()?;
        Some(Self { capacity, refill: refill.milli(), window_ms: u32::try_from(window_ms).ok()? })
    }

    /// How much a full bucket has.
    pub fn capacity(self) -> Cost {
        amount(self.capacity)
    }

    /// Whole units that flow in each second, rounded down.
    pub fn per_second(self) -> u64 {
        self.inflow(1_000, 0).0.unsigned_abs() / 1_000
    }

    /// Milliseconds in which an empty bucket becomes full.
    pub fn fills_in_ms(self) -> u64 {
        self.until(self.capacity, 0, 0)
    }

    /// Milliseconds until a bucket of `level` and `rest` has `wanted`.
    fn until(self, wanted: i64, level: i64, rest: u32) -> u64 {
        let missing = i128::from(wanted).saturating_sub(i128::from(level)).max(0);
        let parts = missing.saturating_mul(i128::from(self.window_ms)).saturating_sub(i128::from(rest));
        let parts = u128::try_from(parts).unwrap_or(0);
        u64::try_from(parts.div_ceil(u128::from(self.refill))).unwrap_or(u64::MAX)
    }

    /// What flows in during `elapsed_ms` on top of `rest`: thousandths, and a new rest.
    fn inflow(self, elapsed_ms: u64, rest: u32) -> (i64, u32) {
        let window = u128::from(self.window_ms);
        let parts = u128::from(elapsed_ms).saturating_mul(u128::from(self.refill));
        let parts = parts.saturating_add(u128::from(rest));
        // The window is never zero; a rest is smaller than it.
        let whole = parts.checked_div(window).unwrap_or(0);
        let left = parts.checked_rem(window).unwrap_or(0);
        (i64::try_from(whole).unwrap_or(i64::MAX), u32::try_from(left).unwrap_or(0))
    }
}

impl Bucket {
    /// One that nobody has taken from.
    pub const fn full(rate: Rate, now: Timestamp) -> Self {
        Self { level: rate.capacity, rest: 0, at: now }
    }

    /// The same one, filled until `now`.
    #[must_use]
    pub fn filled(self, rate: Rate, now: Timestamp) -> Self {
        if now == self.at {
            return self.fit(rate);
        }
        if now < self.at {
            // Behind by a little, another worker was here first; by a lot, the clock was set back, and filling starts anew.
            let is_set_back = self.at.since(now) > BEHIND_MS;
            return if is_set_back { Self { at: now, ..self }.fit(rate) } else { self.fit(rate) };
        }
        // Of another rate before, the rest may be more than that of a window.
        let fitting = self.fit(rate);
        let (inflow, rest) = rate.inflow(now.since(self.at), fitting.rest);
        Self { level: fitting.level.saturating_add(inflow), rest, at: now }.fit(rate)
    }

    /// Whether nothing is missing.
    pub fn is_full(self, rate: Rate, now: Timestamp) -> bool {
        self.filled(rate, now).level == rate.capacity
    }

    /// What can be taken; a debt is nothing.
    pub fn available(self, rate: Rate, now: Timestamp) -> Cost {
        amount(self.filled(rate, now).level)
    }

    /// Milliseconds until nothing is missing.
    pub fn full_in_ms(self, rate: Rate, now: Timestamp) -> u64 {
        let Self { level, rest, .. } = self.filled(rate, now);
        rate.until(rate.capacity, level, rest)
    }

    /// Holds it to what the rate allows, which may have been another one before.
    fn fit(self, rate: Rate) -> Self {
        let deepest = rate.capacity.saturating_mul(DEEPEST_DEBT).saturating_neg();
        if self.level >= rate.capacity {
            return Self { level: rate.capacity, rest: 0, ..self };
        }
        if self.level < deepest {
            return Self { level: deepest, rest: 0, ..self };
        }
        Self { rest: self.rest.min(rate.window_ms.saturating_sub(1)), ..self }
    }
}

/// Takes `cost` when the bucket has it.
pub fn take(bucket: Bucket, cost: Cost, rate: Rate, now: Timestamp) -> (Bucket, Decision) {
    let bucket = bucket.filled(rate, now);
    let Some(wanted) = i64::try_from(cost.milli()).ok().filter(|wanted| *wanted <= rate.capacity) else {
        return (bucket, Decision::Never);
    };
    if bucket.level < wanted {
        let millis = rate.until(wanted, bucket.level, bucket.rest);
        return (bucket, Decision::Wait { millis });
    }
    (Bucket { level: bucket.level.saturating_sub(wanted), ..bucket }, Decision::Allow)
}

/// Gives back what was taken and not spent; a bucket never holds more than its capacity.
pub fn give_back(bucket: Bucket, cost: Cost, rate: Rate, now: Timestamp) -> Bucket {
    let bucket = bucket.filled(rate, now);
    Bucket { level: bucket.level.saturating_add(thousandths(cost)), ..bucket }.fit(rate)
}

/// Takes what was spent beyond what was taken, whether the bucket has it or not: what it lacks is a debt.
pub fn owe(bucket: Bucket, cost: Cost, rate: Rate, now: Timestamp) -> Bucket {
    let bucket = bucket.filled(rate, now);
    Bucket { level: bucket.level.saturating_sub(thousandths(cost)), ..bucket }.fit(rate)
}

fn thousandths(cost: Cost) -> i64 {
    i64::try_from(cost.milli()).unwrap_or(i64::MAX)
}

fn amount(thousandths: i64) -> Cost {
    Cost::from_milli(u64::try_from(thousandths).unwrap_or(0))
}

#[cfg(test)]
mod tests;
