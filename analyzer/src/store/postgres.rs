//! The shared store: a PostgreSQL database of its own, that any number of analyzers use at once.
//!
//! Who waits for a row that another holds gives up after the same time as for SQLite's file, and is told to come again.

use super::pool::Pool;
use super::sql::answered;
use super::{ACQUIRE_TIMEOUT, LOOKUPS, Store, StoreError, WORK, migrations};
use crate::config;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

/// Connections that write: reports, and beside them operators and jobs.
const WRITERS: u32 = 3;
/// A statement of our own that takes longer is given up by the server.
const LONGEST: Duration = Duration::from_secs(60);

pub(super) async fn open(
    url: &str,
    settings: &config::Store,
    patience: Duration,
) -> Result<Store, StoreError> {
    use sqlx::ConnectOptions as _;
    let options = PgConnectOptions::from_str(url)?.application_name("portcullis").disable_statement_logging();
    migrate(settings, options.clone()).await?;
    let writer = pool(WRITERS, LONGEST, settings, options.clone()).await?;
    // Whoever asked is gone by then.
    let readers = pool(settings.readers, patience, settings, options.clone()).await?;
    let lookups = pool(LOOKUPS, LONGEST, settings, options.clone()).await?;
    let work = pool(WORK, LONGEST, settings, options.clone()).await?;
    // For as long as it listens it has its connection for itself.
    let listener = pool(1, LONGEST, settings, options).await?;
    Ok(Store {
        writer,
        readers,
        lookups,
        work,
        listener,
        standing: Arc::default(),
        size: Arc::default(),
        _folder: None,
    })
}

/// Brings the tables up to date on a connection whose statements may take their time: another analyzer may be at it, and a large
/// table may have to be written anew.
async fn migrate(settings: &config::Store, options: PgConnectOptions) -> Result<(), StoreError> {
    let alone = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(settings.busy_timeout.max(ACQUIRE_TIMEOUT))
        .connect_with(options)
        .await?;
    let alone = Pool::Postgres(alone);
    let done = migrations::run(&alone).await;
    alone.close().await;
    done
}

async fn pool(
    size: u32,
    longest: Duration,
    settings: &config::Store,
    options: PgConnectOptions,
) -> Result<Pool, StoreError> {
    use sqlx::Connection as _;
    let session = format!(
        "SET lock_timeout = {}; SET statement_timeout = {}; SET idle_in_transaction_session_timeout = {}",
        settings.busy_timeout.as_millis(),
        longest.as_millis(),
        LONGEST.as_millis(),
    );
    let pool = PgPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(settings.busy_timeout.max(ACQUIRE_TIMEOUT))
        .after_connect(move |connection, _| {
            let session = session.clone();
            Box::pin(async move {
                sqlx::raw_sql(sqlx::AssertSqlSafe(session)).execute(connection).await?;
                Ok(())
            })
        })
        // A connection on which nobody answers must not keep its place for good.
        .after_release(|connection, _| {
            Box::pin(async move { answered(connection.ping()).await.map(|()| true) })
        })
        .connect_with(options)
        .await?;
    Ok(Pool::Postgres(pool))
}
