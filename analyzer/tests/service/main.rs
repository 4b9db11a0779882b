//! The service from outside: in this process over HTTP, and as the real binary where the process is the point.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests fail by panicking"
)]

mod access;
mod candidate;
mod command;
mod crash;
mod explain;
mod harness;
mod ingest;
mod monitoring;
mod policy;
mod retention;
