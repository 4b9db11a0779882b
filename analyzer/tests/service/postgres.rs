//! The same tests as in `main`, on PostgreSQL. Not part of a plain `cargo test`: `cargo xtask test` runs it, and
//! so does `cargo test -p portcullis-analyzer --test service_postgres`.
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
mod clients;
mod cluster;
mod crash;
mod crowdsec;
mod decisions;
mod fold;
mod ground;
mod harness;
mod hostile;
mod ingest;
mod lapi;
mod leases;
mod measure;
mod mmdb;
mod monitoring;
mod process;
mod questions;
mod replicas;
mod retention;
mod security;
mod series;
mod websocket;

/// Which kind of store these tests run on.
const ENGINE: ground::Engine = ground::Engine::Postgres;
