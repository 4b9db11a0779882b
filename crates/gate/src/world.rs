//! What surrounds one input: the time, the policy, and what the worker keeps for all its exchanges.

use crate::held::Held;
use crate::judge::Desk;
use crate::time::Timestamp;
use portcullis_policy::Policy;

/// What one input is judged by.
#[derive(Debug)]
pub struct World<'w> {
    /// The wall clock.
    pub now: Timestamp,
    /// What the operator allows.
    pub policy: &'w Policy,
    /// Fresh randomness; used for a new correlation id.
    pub entropy: [u8; 10],
    /// Memory for judging.
    pub desk: &'w mut Desk,
    /// What the worker holds for all its exchanges.
    pub held: &'w mut Held,
}
