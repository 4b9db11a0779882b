//! Connections to the store: taken from pools, given back, and used in transactions.

use super::StoreError;
use super::sql::{Connection, Dialect, Row, Statement, answered};
use sqlx::{PgPool, Postgres, Sqlite, SqlitePool};

/// Connections of one kind for one purpose.
#[derive(Clone, Debug)]
pub(super) enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// A transaction; it is undone unless it is committed.
#[derive(Debug)]
pub(super) enum Transaction {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

impl Pool {
    /// A transaction that writes. In SQLite it waits here until nobody else writes; in PostgreSQL it waits at the rows.
    pub(super) async fn write(&self) -> Result<Transaction, StoreError> {
        Ok(match self {
            Self::Sqlite(pool) => Transaction::Sqlite(pool.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres(pool) => Transaction::Postgres(answered(pool.begin()).await?),
        })
    }

    /// A transaction that sees the store as it is at its first question.
    pub(super) async fn snapshot(&self) -> Result<Transaction, StoreError> {
        const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        Ok(match self {
            Self::Sqlite(pool) => Transaction::Sqlite(pool.begin().await?),
            Self::Postgres(pool) => Transaction::Postgres(answered(pool.begin_with(SNAPSHOT)).await?),
        })
    }

    /// Runs one statement by itself, and gives the number of rows that it changed.
    pub(super) async fn execute(&self, statement: Statement<'_>) -> Result<u64, StoreError> {
        Ok(match self {
            Self::Sqlite(pool) => Connection::Sqlite(&mut *pool.acquire().await?).execute(statement).await?,
            Self::Postgres(pool) => {
                Connection::Postgres(&mut *pool.acquire().await?).execute(statement).await?
            }
        })
    }

    /// The rows that one statement gives by itself.
    pub(super) async fn rows(&self, statement: Statement<'_>) -> Result<Vec<Row>, StoreError> {
        Ok(match self {
            Self::Sqlite(pool) => Connection::Sqlite(&mut *pool.acquire().await?).rows(statement).await?,
            Self::Postgres(pool) => Connection::Postgres(&mut *pool.acquire().await?).rows(statement).await?,
        })
    }

    /// The first row that one statement gives by itself.
    pub(super) async fn row(&self, statement: Statement<'_>) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(statement).await?.into_iter().next())
    }

    pub(super) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

impl Transaction {
    /// Its connection.
    pub(super) fn on(&mut self) -> Connection<'_> {
        match self {
            Self::Sqlite(transaction) => Connection::Sqlite(transaction),
            Self::Postgres(transaction) => Connection::Postgres(transaction),
        }
    }

    pub(super) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    pub(super) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await?,
            Self::Postgres(transaction) => answered(transaction.commit()).await?,
        }
        Ok(())
    }

    pub(super) async fn rollback(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(transaction) => transaction.rollback().await?,
            Self::Postgres(transaction) => answered(transaction.rollback()).await?,
        }
        Ok(())
    }
}
