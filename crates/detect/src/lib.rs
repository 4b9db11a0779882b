//! What is an attack: scenarios over what the edges saw, the reputation that clients get of it, and what to do about them.
//!
//! Knows event time, scenarios and scores; knows no clock, no store and nothing of how a decision reaches an edge. State
//! changes only through methods that take the time, and every table has a bound whose evictions are counted.

mod bucket;
mod mistake;
mod moment;
mod observation;
mod reputation;
mod scenario;
mod score;
mod sentry;
mod tracked;
mod watch;
mod whom;

pub use mistake::{Mistake, Mistakes};
pub use moment::{Moment, Span};
pub use observation::{Event, Identity, Observation, Text, Unfit};
pub use reputation::{Cause, Proposal, Record, Reputation, Roster, Settings, Standing};
pub use scenario::{BUILT_IN, Scenario, Scenarios};
pub use score::HalfLife;
pub use sentry::{Counts, Findings, Sentry};
pub use watch::Detection;
