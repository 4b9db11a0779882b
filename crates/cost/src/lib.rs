//! What an operation costs: weights, list sizes, and the walk that sums them.
//!
//! Knows documents, variables and weights. Does not know who asked, what happens next, or the time.
//! The model is described in `docs/cost.md`.

mod amount;
mod estimate;
mod size;
mod variables;

pub use amount::Cost;
pub use estimate::{MODEL, estimate};
pub use size::Sizes;
pub use variables::{Supplied, Variables};
