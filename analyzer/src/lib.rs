//! The analyzer: takes what the edges report, keeps it, and answers questions about it.
//!
//! A shell around the pure crates: it knows tokio, HTTP, files and SQL, and makes no judgement of its own.

mod api;
mod clock;
mod connections;
mod decisions;
mod engine;
mod ingest;
mod jobs;
mod key;
mod lapi;
mod logging;
mod metrics;
mod reload;
mod server;
mod store;
mod tls;

pub mod cli;
pub mod command;
pub mod compile;
pub mod config;
pub mod documents;
pub mod explain;
pub mod geo;
pub mod render;

pub use clock::Clock;
pub use key::{Digest, Key, NoEntropy, Role};
pub use reload::{Applied, Refusal};
pub use server::{Running, StartError};
pub use store::{
    Access, BUCKET_MS, Folder, FolderError, KeyRow, Lease, Place, Revocation, Store, StoreError,
};
pub use tls::{TlsError, begin as begin_tls};
