//! How the allowed requests of a window were counted when there were too many to look at each.

use super::{Bounds, ReportError};
use serde::{Deserialize, Serialize};

/// All allowed requests of a window, each of them counted; the rows of the report speak of a part of them, and each of that
/// part for as many as it stands for.
///
/// Requests that were refused, or would have been, are never among those that were not looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sampling {
    /// Of so many one was looked at, at most; at least 2. No row is off by as much for it.
    pub one_in: u32,
    /// Allowed requests.
    pub requests: u64,
    /// How many of them were looked at.
    pub looked_at: u64,
    /// What they cost, in thousandths of a cost unit.
    pub cost_milli_sum: u64,
}

impl Sampling {
    pub(super) fn check(&self) -> Result<(), ReportError> {
        let flaw = if !(2..=Bounds::ONE_IN).contains(&self.one_in) {
            "one_in: must be 2 to 64"
        } else if self.looked_at > self.requests {
            "looked_at: must not be more than requests"
        } else {
            return Ok(());
        };
        Err(ReportError::Sampling(flaw))
    }
}
