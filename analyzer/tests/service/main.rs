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
mod check;
mod clients;
mod cluster;
mod command;
mod connections;
mod crash;
mod crowdsec;
mod decisions;
mod explain;
mod fold;
mod ground;
mod harness;
mod hostile;
mod ingest;
mod lapi;
mod leases;
mod logs;
mod measure;
mod mmdb;
mod monitoring;
mod openapi;
mod pki;
mod policy;
mod process;
mod questions;
mod redaction;
mod reload;
mod retention;
mod security;
mod series;
mod tls;
mod websocket;

/// Which kind of store these tests run on.
const ENGINE: ground::Engine = ground::Engine::Sqlite;
