//! Whether a request may be spent: every throttle that applies to it, and the buckets that all workers share.
//!
//! Buckets live in blobs that the host keeps, each under a key with a version: a blob is loaded, changed as a value and
//! stored if nobody stored another meanwhile. All buckets of one client are in one slot of one blob, so its throttles are
//! one store. Knows neither the host nor what becomes of a request that must wait.

mod claims;
mod fields;
mod keeping;
mod ledger;
mod places;
mod set;
mod settle;
mod shelf;
mod spend;
mod streams;

pub use claims::{Excess, Lack, Missed, OperationKey, Spend, fits};
pub use fields::{RateLimit, join, rate_limit};
pub use ledger::{Buckets, Conflict, Noticed, Version};
pub use places::{Places, Seed};
pub use settle::{Correction, correct};
pub use shelf::Shelf;
pub use spend::{Spending, Standing, Taken, spend};
pub use streams::{Lease, Live, Opening};
