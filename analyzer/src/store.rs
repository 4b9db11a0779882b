//! The store: what is kept, in an embedded SQLite file or on a PostgreSQL server, and who may touch it how.
//!
//! Questions of people have connections of their own, and a time to be answered in: they keep no edge's key from being
//! looked up, no decision from being told, and the engine from nothing. The store does not know HTTP; what SQLite and PostgreSQL say differently is the affair of four of its modules.

mod activity;
mod candidate;
mod decisions;
mod error;
mod fold;
mod folder;
mod ingest;
mod keys;
mod leases;
mod merge;
mod migrations;
mod monitoring;
mod number;
mod place;
mod pool;
mod postgres;
mod retention;
mod security;
mod sequences;
mod series;
mod size;
mod sockets;
mod sql;
mod sqlite;

use pool::Pool;
use sql::sql;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

pub(crate) use activity::Active;
pub(crate) use candidate::{CandidateTotals, Change, ChangedOperation, ChangedReason};
pub(crate) use decisions::{Added, Author, Draft, Kept, MOST, Page, Pull, Removal, Since, Wanted};
pub use error::StoreError;
pub use fold::BUCKET_MS;
pub(crate) use fold::window_start;
pub use folder::{Access, Folder, FolderError};
pub(crate) use ingest::Arrival;
pub use keys::{KeyRow, Revocation};
pub use leases::Lease;
pub(crate) use monitoring::{Operation, Question, Refusals, RefusedShape, Share, Totals};
pub use place::Place;
pub(crate) use retention::Expiry;
pub(crate) use security::{AUTHOR, Cursor, Findings, Lifetime, Pattern, Seen, Threat};
pub(crate) use series::{MOST_SERIES, NewSeries, PointRow, SeriesId, SeriesRow, Taken};
pub(crate) use sockets::{Count, Point, SocketClientRow, Sockets};

/// The open store.
#[derive(Clone, Debug)]
pub struct Store {
    writer: Pool,
    /// For questions of people.
    readers: Pool,
    /// For what is quick and must not wait.
    lookups: Pool,
    /// For what the analyzer reads to do its work.
    work: Pool,
    /// For hearing of what other analyzers decide.
    listener: Pool,
    /// The decisions as they were when somebody asked last.
    standing: Arc<Mutex<decisions::Held>>,
    size: Arc<Mutex<Option<size::Measured>>>,
    _folder: Option<Arc<Folder>>,
}

/// How long a query waits for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
/// Connections for what is quick and must not wait.
const LOOKUPS: u32 = 3;
/// Connections for work: one for the decisions that are told, one for the engine, one for jobs.
const WORK: u32 = 3;

impl Store {
    /// Opens the store at the place and brings its tables up to date.
    ///
    /// # Errors
    /// It is no store, is of a later version, or cannot be reached or written.
    pub async fn open(place: Place) -> Result<Self, StoreError> {
        match place.0 {
            place::Where::Folder { folder, settings, patience } => {
                sqlite::open(folder, &settings, patience).await
            }
            place::Where::Server { settings, patience } => {
                postgres::open(settings.url.reveal(), &settings, patience).await
            }
        }
    }

    /// Whether the store answers at all.
    ///
    /// # Errors
    /// It does not.
    pub async fn probe(&self) -> Result<(), StoreError> {
        self.lookups.rows(sql("SELECT count(*) FROM (SELECT 1 FROM boots LIMIT 1) AS one")).await?;
        Ok(())
    }

    /// Ends all use of the store.
    pub async fn close(&self) {
        self.readers.close().await;
        self.lookups.close().await;
        self.work.close().await;
        self.listener.close().await;
        self.writer.close().await;
    }
}
