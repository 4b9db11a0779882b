//! Costs by a schema, from its text to the estimate: the specification's examples, known bypasses, attacks, a real schema.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a test may fail loudly"
)]

mod abstracts;
mod attacks;
mod breakdown;
mod harness;
mod inputs;
mod noticed;
mod saleor;
mod sizes;
mod specification;
mod upper_bound;
