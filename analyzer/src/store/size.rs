//! How large the store is.

use super::sql::{Dialect, sql};
use super::{Store, StoreError};
use std::time::{Duration, Instant};

/// How long a size is told before it is measured again: PostgreSQL looks at every file for it, and anybody may ask.
const TOLD_FOR: Duration = Duration::from_secs(10);

/// How large it was, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measured {
    bytes: u64,
    at: Instant,
}

impl Store {
    /// Bytes on disk, as of a moment ago; in SQLite without the log, which is cut at 64 MiB.
    pub(crate) async fn bytes(&self) -> Result<u64, StoreError> {
        // Whoever asks meanwhile waits for the same answer.
        let mut last = self.size.lock().await;
        if let Some(measured) = last.filter(|measured| measured.at.elapsed() < TOLD_FOR) {
            return Ok(measured.bytes);
        }
        let bytes = self.measure().await?;
        *last = Some(Measured { bytes, at: Instant::now() });
        Ok(bytes)
    }

    async fn measure(&self) -> Result<u64, StoreError> {
        let statement = match self.lookups.dialect() {
            Dialect::Sqlite => {
                "SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()"
            }
            Dialect::Postgres => "SELECT pg_database_size(current_database()) AS bytes",
        };
        let row = self.lookups.row(sql(statement)).await?;
        Ok(row.map(|row| row.amount("bytes")).transpose()?.unwrap_or_default())
    }

    /// Which kind of store it is.
    pub(crate) fn kind(&self) -> &'static str {
        match self.lookups.dialect() {
            Dialect::Sqlite => "sqlite",
            Dialect::Postgres => "postgres",
        }
    }
}
