//! How large the store is.

use super::sql::{Dialect, sql};
use super::{Store, StoreError};

impl Store {
    /// Bytes on disk; in SQLite without the log, which is cut at 64 MiB.
    pub(crate) async fn bytes(&self) -> Result<u64, StoreError> {
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
