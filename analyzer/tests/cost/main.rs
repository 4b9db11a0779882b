//! Costs by a schema, from its text to the estimate: the specification's examples, known bypasses, attacks, a real schema.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a test may fail loudly")]

mod harness;
mod saleor;
