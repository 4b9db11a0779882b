//! The embedded store: one SQLite file in the data folder.
//!
//! One connection writes, since SQLite has one writer anyway and waiting in our own queue is fair. Everything that is
//! committed survives a crash of the machine (write-ahead log, synchronous FULL).

use super::pool::Pool;
use super::{ACQUIRE_TIMEOUT, Folder, LOOKUPS, Store, StoreError, migrations};
use crate::config;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub(super) async fn open(folder: Folder, settings: &config::Store) -> Result<Store, StoreError> {
    // Turning the log on and making tables are the two things for which SQLite does not wait its turn.
    let alone = folder.alone()?;
    let options = options(&folder.store(), settings);
    let writer = pool(1, settings.busy_timeout.max(ACQUIRE_TIMEOUT), options.clone()).await?;
    migrations::run(&writer).await?;
    drop(alone);
    let readers = pool(settings.readers, ACQUIRE_TIMEOUT, options.clone().read_only(true)).await?;
    let lookups = pool(LOOKUPS, ACQUIRE_TIMEOUT, options.read_only(true)).await?;
    Ok(Store { writer, readers, lookups, standing: Arc::default(), _folder: Some(Arc::new(folder)) })
}

fn options(file: &Path, settings: &config::Store) -> SqliteConnectOptions {
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

async fn pool(size: u32, wait: Duration, options: SqliteConnectOptions) -> Result<Pool, StoreError> {
    // Connections are never retired: each is a thread with prepared statements, and a file does not go away.
    let pool: SqlitePool = SqlitePoolOptions::new()
        .max_connections(size)
        .acquire_timeout(wait)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_with(options)
        .await?;
    Ok(Pool::Sqlite(pool))
}
