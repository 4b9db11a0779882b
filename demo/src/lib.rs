//! The running system on one machine: a real GraphQL upstream, Envoy with the gate, the analyzer, clients and attackers.
//!
//! The demo plays with it and the end-to-end tests judge it; neither knows how a verdict is made.

pub mod client;
pub mod coding;
pub mod corpus;
pub mod operation;
pub mod prometheus;
pub mod stack;
pub mod tether;
pub mod upstream;
pub mod wait;
