//! The embedded store: one SQLite file in the data folder, and who may touch it how.
//!
//! One connection writes, since SQLite has one writer anyway and waiting in our own queue is fair. Long queries have
//! connections of their own, so that they cannot keep an edge's key from being looked up. Everything that is
//! committed survives a crash of the machine (write-ahead log, synchronous FULL). The store does not know HTTP.

mod candidate;
mod error;
mod folder;
mod ingest;
mod keys;
mod monitoring;
mod number;
mod retention;

use crate::config;
use sqlx::SqlitePool;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use std::path::Path;
use std::time::Duration;

pub(crate) use candidate::{CandidateTotals, Change, ChangedOperation, ChangedReason};
pub use error::StoreError;
pub use folder::{Access, Folder, FolderError};
pub(crate) use ingest::Arrival;
pub use ingest::BUCKET_MS;
pub use keys::{KeyRow, Revocation};
pub(crate) use monitoring::{Operation, Question, Refusals, RefusedShape, Share, Totals};
pub(crate) use retention::Expiry;

/// The open store.
#[derive(Clone, Debug)]
pub struct Store {
    writer: SqlitePool,
    readers: SqlitePool,
    lookups: SqlitePool,
}

/// How long a query waits for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
const LOOKUPS: u32 = 2;

impl Store {
    /// Opens the store in the folder and brings its tables up to date.
    ///
    /// # Errors
    /// It is no store, is of a later version, or cannot be written.
    pub async fn open(folder: &Folder, settings: config::Store) -> Result<Self, StoreError> {
        // Turning the log on and making tables are the two things for which SQLite does not wait its turn.
        let _alone = folder.alone()?;
        let file = folder.store();
        let options = options(&file, settings);
        let writer = pool(1, settings.busy_timeout.max(ACQUIRE_TIMEOUT), options.clone()).await?;
        migrate(&writer).await?;
        let readers = pool(settings.readers, ACQUIRE_TIMEOUT, options.clone().read_only(true)).await?;
        let lookups = pool(LOOKUPS, ACQUIRE_TIMEOUT, options.read_only(true)).await?;
        Ok(Self { writer, readers, lookups })
    }

    /// Whether the store answers at all.
    ///
    /// # Errors
    /// It does not.
    pub async fn probe(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT count(*) FROM (SELECT 1 FROM reports LIMIT 1)").execute(&self.lookups).await?;
        Ok(())
    }

    /// Ends all use of the store.
    pub async fn close(&self) {
        self.readers.close().await;
        self.lookups.close().await;
        self.writer.close().await;
    }
}

fn options(file: &Path, settings: config::Store) -> SqliteConnectOptions {
    use sqlx::ConnectOptions as _;
    SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(settings.busy_timeout)
        .pragma("journal_size_limit", "67108864")
        .pragma("cache_size", "-16384")
        .disable_statement_logging()
}

async fn pool(size: u32, wait: Duration, options: SqliteConnectOptions) -> Result<SqlitePool, StoreError> {
    // Connections are never retired: each is a thread with prepared statements, and a file does not go away.
    let pool = SqlitePoolOptions::new()
        .max_connections(size)
        .acquire_timeout(wait)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_with(options)
        .await?;
    Ok(pool)
}

/// Every change of the store's form, in the order in which they are made.
const MIGRATIONS: [(i64, &str, &str); 4] = [
    (1, "ingest", include_str!("../migrations/0001_ingest.sql")),
    (2, "actual cost", include_str!("../migrations/0002_actual_cost.sql")),
    (3, "shadow", include_str!("../migrations/0003_shadow.sql")),
    (5, "candidate", include_str!("../migrations/0005_candidate.sql")),
];

async fn migrate(writer: &SqlitePool) -> Result<(), StoreError> {
    use sqlx::SqlSafeStr as _;
    let migrations = MIGRATIONS.map(|(version, name, sql)| {
        Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.to_vec()).run(writer).await?;
    Ok(())
}
