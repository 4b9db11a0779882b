//! The embedded store: one SQLite file in the data folder.
//!
//! One connection writes, since SQLite has one writer anyway and waiting in our own queue is fair. Everything that is
//! committed survives a crash of the machine (write-ahead log, synchronous FULL).

use super::pool::Pool;
use super::{ACQUIRE_TIMEOUT, Folder, LOOKUPS, Store, StoreError, WORK, migrations};
use crate::config;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{SqliteConnection, SqlitePool};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// After so many of its instructions SQLite asks whether the question is still of use.
const INSTRUCTIONS: i32 = 10_000;

pub(super) async fn open(
    folder: Folder,
    settings: &config::Store,
    patience: Duration,
) -> Result<Store, StoreError> {
    // Turning the log on and making tables are the two things for which SQLite does not wait its turn.
    let alone = folder.alone()?;
    let options = options(&folder.store(), settings);
    let writer = pool(1, settings.busy_timeout.max(ACQUIRE_TIMEOUT));
    let writer = opened(writer, options.clone()).await?;
    migrations::run(&writer).await?;
    drop(alone);
    let options = options.read_only(true);
    let readers = for_people(pool(settings.readers, ACQUIRE_TIMEOUT), patience);
    let readers = opened(readers, options.clone()).await?;
    let lookups = opened(pool(LOOKUPS, ACQUIRE_TIMEOUT), options.clone()).await?;
    let work = opened(pool(WORK, ACQUIRE_TIMEOUT), options).await?;
    Ok(Store {
        writer,
        readers,
        // There is nobody to listen to.
        listener: lookups.clone(),
        lookups,
        work,
        standing: Arc::default(),
        size: Arc::default(),
        _folder: Some(Arc::new(folder)),
    })
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

fn pool(size: u32, wait: Duration) -> SqlitePoolOptions {
    // Connections are never retired: each is a thread with prepared statements, and a file does not go away.
    SqlitePoolOptions::new()
        .max_connections(size)
        .acquire_timeout(wait)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}

/// Whoever gets a connection has it for so long: SQLite knows nothing of who asked, and would work on until the first row.
fn for_people(pool: SqlitePoolOptions, patience: Duration) -> SqlitePoolOptions {
    pool.after_connect(move |connection, _| Box::pin(bound(connection, patience))).before_acquire(
        move |connection, _| {
            Box::pin(async move {
                bound(connection, patience).await?;
                Ok(true)
            })
        },
    )
}

/// From that time on every statement that takes long is interrupted.
async fn bound(connection: &mut SqliteConnection, patience: Duration) -> Result<(), sqlx::Error> {
    let began = Instant::now();
    let mut handle = connection.lock_handle().await?;
    handle.set_progress_handler(INSTRUCTIONS, move || began.elapsed() < patience);
    Ok(())
}

async fn opened(pool: SqlitePoolOptions, options: SqliteConnectOptions) -> Result<Pool, StoreError> {
    let pool: SqlitePool = pool.connect_with(options).await?;
    Ok(Pool::Sqlite(pool))
}
