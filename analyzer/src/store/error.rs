//! What can go wrong with the store, in words that give away neither data nor queries.

use sqlx::migrate::MigrateError;

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
            Self::Lock(_) | Self::Failed(_) => "failed",
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if matches!(error, sqlx::Error::PoolTimedOut) {
            return Self::Busy;
        }
        if matches!(error, sqlx::Error::PoolClosed) {
            return Self::Closed;
        }
        let code = error.as_database_error().and_then(|error| error.code());
        let primary = code.and_then(|code| code.parse::<u32>().ok()).map(|code| code & 0xFF);
        // https://www.sqlite.org/rescode.html: the low byte is the primary code.
        match primary {
            Some(5 | 6) => Self::Busy,
            Some(13) => Self::Full,
            Some(26) => Self::Foreign,
            Some(_) | None => Self::Failed(error),
        }
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
