//! What an operation costs: weights, list sizes, and the walk that sums them.
//!
//! Knows documents, variables, shapes and weights. Does not know who asked, what happens next, or the time.
//! The models are described in `docs/cost.md`.

mod amount;
mod breakdown;
mod estimate;
mod plan;
mod pricing;
mod request;
mod schema;
mod schemaless;
mod sizes;
mod table;
mod variables;
mod walk;
mod weight;

pub use amount::Cost;
pub use breakdown::{Breakdown, Length, Part, SizeSource};
pub use estimate::{Estimate, Model, Question, Scratch};
pub use plan::{Expected, Plan, PlanNode, Unit};
pub use schema::{InputObject, InputValue, ListSize, OutputField, OutputKind, OutputType, Schema, Slices};
pub use schemaless::{Asks, asks};
pub use sizes::Sizes;
pub use table::{BuildError, FieldId, Table, TableError};
pub use variables::{Supplied, Variables};
pub use weight::{Weight, WeightError};
