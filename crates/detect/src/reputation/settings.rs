//! From which score on something happens, and for how long.

use crate::moment::Span;
use crate::score::HalfLife;
use portcullis_report::Action;

/// From which score on something happens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// After how long half of a score is left.
    pub half_life: HalfLife,
    /// The score at which a client is throttled.
    pub throttle_at: f64,
    /// The score to which a throttled client has to fade.
    pub calm_at: f64,
    /// What a throttled client keeps of its throttles, in thousandths.
    pub throttle_factor_milli: u16,
    /// The score at which a client is blocked.
    pub block_at: f64,
    /// The score to which a blocked client has to fade.
    pub release_at: f64,
    /// How long the first block lasts at least; each further one twice as long.
    pub block_for: Span,
    /// How long any block lasts at most.
    pub block_longest: Span,
    /// For how long after its end a block makes the next one longer.
    pub remembers: Span,
    /// Blocked clients of one range for which all of it is blocked.
    pub range_members: usize,
    /// Other authenticated users of an address for which it is not blocked.
    pub shared_users: usize,
    /// Points beyond which a score does not grow.
    pub highest: f64,
    /// Clients, ranges and users that are kept.
    pub room: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            half_life: HalfLife::new(Span::from_hours(1)),
            throttle_at: 50.0,
            calm_at: 25.0,
            throttle_factor_milli: 250,
            block_at: 100.0,
            release_at: 50.0,
            block_for: Span::from_secs(1_800),
            block_longest: Span::from_hours(7 * 24),
            remembers: Span::from_hours(7 * 24),
            range_members: 6,
            shared_users: 3,
            highest: 1_000.0,
            room: 1_000_000,
        }
    }
}

impl Settings {
    pub(crate) fn throttle(&self) -> Action {
        Action::Throttle { factor_milli: self.throttle_factor_milli.clamp(1, 999) }
    }
}
