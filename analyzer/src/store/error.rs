//! What can go wrong with the store, in words that give away neither data nor queries.

use sqlx::migrate::MigrateError;
use sqlx::postgres::PgDatabaseError;

/// The store did not do what was asked; nothing of it was done.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Someone else is writing, or all connections are in use; trying again helps.
    #[error("the store is busy")]
    Busy,
    /// There is no space left for it.
    #[error("the disk of the store is full")]
    Full,
    /// It was closed.
    #[error("the store is closed")]
    Closed,
    /// It was written by a later version of this program.
    #[error("the store is of a later version; run the version of portcullis that wrote it")]
    Later,
    /// The file is not an SQLite database.
    #[error(
        "portcullis.db is not a store of portcullis; move it away, or choose another folder with --data-dir"
    )]
    Foreign,
    /// The server is not there, or lets nobody in at the moment; trying again may help.
    #[error("the server of the store cannot be reached: {0}")]
    Unreachable(#[source] sqlx::Error),
    /// Another analyzer has taken over what this one was doing.
    #[error("another analyzer has taken over")]
    Fenced,
    /// Its lock file cannot be used.
    #[error("the lock file of the store failed: {0}")]
    Lock(#[from] std::io::Error),
    /// Anything else.
    #[error("the store failed: {0}")]
    Failed(#[source] sqlx::Error),
}

impl StoreError {
    /// What it is, without detail: for those who hold no key.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Full => "full",
            Self::Closed => "closed",
            Self::Later => "later_version",
            Self::Foreign => "foreign",
            Self::Unreachable(_) => "unreachable",
            Self::Fenced => "taken_over",
            Self::Lock(_) | Self::Failed(_) => "failed",
        }
    }
}

impl From<sqlx::Error> for StoreError {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the enum is not ours and not exhaustive")]
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut => Self::Busy,
            sqlx::Error::PoolClosed => Self::Closed,
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) => Self::Unreachable(error),
            sqlx::Error::Database(database) => {
                let code = database.code().unwrap_or_default().into_owned();
                let is_postgres = database.try_downcast_ref::<PgDatabaseError>().is_some();
                if is_postgres { of_postgres(&code, error) } else { of_sqlite(&code, error) }
            }
            _ => Self::Failed(error),
        }
    }
}

/// <https://www.sqlite.org/rescode.html>: the low byte is the primary code.
fn of_sqlite(code: &str, error: sqlx::Error) -> StoreError {
    match code.parse::<u32>().ok().map(|code| code & 0xFF) {
        // Busy, locked, and a question that was given up.
        Some(5 | 6 | 9) => StoreError::Busy,
        Some(13) => StoreError::Full,
        Some(26) => StoreError::Foreign,
        Some(_) | None => StoreError::Failed(error),
    }
}

/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
fn of_postgres(code: &str, error: sqlx::Error) -> StoreError {
    match code {
        // A lock or a statement that took too long, and a transaction that another one got in the way of.
        "55P03" | "57014" | "40001" | "40P01" => StoreError::Busy,
        "53100" => StoreError::Full,
        // Too many connections; the server starts, stops, or fell over.
        "53300" | "57P01" | "57P02" | "57P03" => StoreError::Unreachable(error),
        _ => StoreError::Failed(error),
    }
}

impl From<MigrateError> for StoreError {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the enum is not ours and not exhaustive")]
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(_) | MigrateError::VersionMismatch(_) => Self::Later,
            MigrateError::Execute(error) => error.into(),
            other => Self::Failed(sqlx::Error::Migrate(Box::new(other))),
        }
    }
}
