//! What surrounds one input: the time, the policy, and what the worker keeps for all its exchanges.

use crate::held::Held;
use crate::judge::Desk;
use crate::time::Timestamp;
use portcullis_policy::decisions::DecisionSet;
use portcullis_policy::throttles::{Buckets, Live, Places};
use portcullis_policy::{Policy, Under};

/// What one input is judged by.
pub struct World<'w> {
    /// The wall clock.
    pub now: Timestamp,
    /// What the operator allows.
    pub policy: &'w Policy,
    /// What the analyzer has decided about clients.
    pub decisions: &'w DecisionSet,
    /// Fresh randomness; used for a new correlation id.
    pub entropy: [u8; 10],
    /// Memory for judging.
    pub desk: &'w mut Desk,
    /// What the worker holds for all its exchanges.
    pub held: &'w mut Held,
    /// Where buckets are.
    pub places: &'w Places,
    /// The streams that this worker has open.
    pub live: &'w mut Live,
    /// The buckets that all workers share.
    pub buckets: &'w mut dyn Buckets,
}

impl World<'_> {
    /// The same world under the policy for a class, and for a profile.
    pub(crate) fn of(&mut self, under: impl Into<Under>) -> World<'_> {
        World {
            now: self.now,
            policy: self.policy.under(under),
            decisions: self.decisions,
            entropy: self.entropy,
            desk: self.desk,
            held: self.held,
            places: self.places,
            live: self.live,
            buckets: self.buckets,
        }
    }
}
