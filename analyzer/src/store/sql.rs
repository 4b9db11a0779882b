//! Statements for both kinds of store: one text, one list of values, one way to read a row.
//!
//! Where SQLite and PostgreSQL agree (`$1`, `ON CONFLICT`, `CASE`, `RETURNING`), the text is the same and nobody else
//! needs to know which one it is. What differs is named here and in `migrations`.

use super::number::{loaded, stored};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments as _, AssertSqlSafe, PgConnection, Row as _, SqliteConnection};
use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;
use std::time::Duration;

/// How long a server may say nothing to a statement: longer than it lets any of them take, so who waits longer waits for nobody.
pub(super) const SILENCE: Duration = Duration::from_secs(75);

/// Which kind of store it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
}

/// A value that goes into a statement.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    Int(Option<i64>),
    Float(f64),
    Text(Option<&'a str>),
    Bytes(&'a [u8]),
}

/// A statement with its values.
#[derive(Debug)]
pub(super) struct Statement<'a> {
    text: Cow<'static, str>,
    values: Vec<Value<'a>>,
    /// Whether the server is to remember it: not where the text is made for one use.
    persistent: bool,
}

/// A statement whose values are named in order, `$1` the first.
pub(super) fn sql<'a>(text: impl Into<Cow<'static, str>>) -> Statement<'a> {
    Statement { text: text.into(), values: Vec::new(), persistent: true }
}

impl<'a> Statement<'a> {
    pub(super) fn bind(mut self, value: impl Into<Value<'a>>) -> Self {
        self.values.push(value.into());
        self
    }

    /// `INSERT INTO … VALUES` of rows that have a value for each column; then what is to be done on conflict.
    pub(super) fn insert<const N: usize>(
        dialect: Dialect,
        into: &str,
        rows: impl IntoIterator<Item = [Value<'a>; N]>,
        on_conflict: &str,
    ) -> Self {
        let mut text = format!("INSERT INTO {into} VALUES ");
        let mut values = Vec::new();
        for (row_number, row) in rows.into_iter().enumerate() {
            text.push_str(if row_number == 0 { "(" } else { ", (" });
            for (column, value) in row.into_iter().enumerate() {
                values.push(value);
                let comma = if column == 0 { "" } else { ", " };
                #[expect(clippy::let_underscore_must_use, reason = "writing to a string cannot fail")]
                let _ = match dialect {
                    // SQLite looks numbered parameters up one by one, through a list of them all.
                    Dialect::Sqlite => write!(text, "{comma}?"),
                    Dialect::Postgres => write!(text, "{comma}${}", values.len()),
                };
            }
            text.push(')');
        }
        text.push(' ');
        text.push_str(on_conflict);
        Self { text: Cow::Owned(text), values, persistent: false }
    }

    async fn on_sqlite(self, connection: &mut SqliteConnection) -> Result<u64, sqlx::Error> {
        let (text, arguments, persistent) = self.for_sqlite()?;
        let query = sqlx::query_with(AssertSqlSafe(text), arguments).persistent(persistent);
        Ok(query.execute(connection).await?.rows_affected())
    }

    async fn on_postgres(self, connection: &mut PgConnection) -> Result<u64, sqlx::Error> {
        let (text, arguments, persistent) = self.for_postgres()?;
        let query = sqlx::query_with(AssertSqlSafe(text), arguments).persistent(persistent);
        Ok(answered(query.execute(connection)).await?.rows_affected())
    }

    fn for_sqlite(self) -> Result<(String, SqliteArguments, bool), sqlx::Error> {
        let mut arguments = SqliteArguments::default();
        for value in self.values {
            let added = match value {
                Value::Int(value) => arguments.add(value),
                Value::Float(value) => arguments.add(value),
                Value::Text(value) => arguments.add(value),
                Value::Bytes(value) => arguments.add(value),
            };
            added.map_err(sqlx::Error::Encode)?;
        }
        Ok((self.text.into_owned(), arguments, self.persistent))
    }

    fn for_postgres(self) -> Result<(String, PgArguments, bool), sqlx::Error> {
        let mut arguments = PgArguments::default();
        for value in self.values {
            let added = match value {
                Value::Int(value) => arguments.add(value),
                Value::Float(value) => arguments.add(value),
                // PostgreSQL keeps no zero characters, and one of them must not fail what comes with it.
                Value::Text(value) => arguments.add(value.map(|text| text.replace('\0', "\u{FFFD}"))),
                Value::Bytes(value) => arguments.add(value),
            };
            added.map_err(sqlx::Error::Encode)?;
        }
        Ok((self.text.into_owned(), arguments, self.persistent))
    }
}

/// What a server answers; a failure when it says nothing for too long.
pub(super) async fn answered<T>(
    asking: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    let silent = |_| Err(sqlx::Error::Io(io::ErrorKind::TimedOut.into()));
    tokio::time::timeout(SILENCE, asking).await.unwrap_or_else(silent)
}

/// A connection of either kind, for as long as someone has it.
#[derive(Debug)]
pub(super) enum Connection<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

impl Connection<'_> {
    /// Runs the statement and gives the number of rows that it changed.
    pub(super) async fn execute(&mut self, statement: Statement<'_>) -> Result<u64, sqlx::Error> {
        match self {
            Self::Sqlite(connection) => statement.on_sqlite(connection).await,
            Self::Postgres(connection) => statement.on_postgres(connection).await,
        }
    }

    /// All rows of the answer.
    pub(super) async fn rows(&mut self, statement: Statement<'_>) -> Result<Vec<Row>, sqlx::Error> {
        match self {
            Self::Sqlite(connection) => {
                let (text, arguments, persistent) = statement.for_sqlite()?;
                let query = sqlx::query_with(AssertSqlSafe(text), arguments).persistent(persistent);
                let rows = query.fetch_all(&mut **connection).await?;
                Ok(rows.into_iter().map(Row::Sqlite).collect())
            }
            Self::Postgres(connection) => {
                let (text, arguments, persistent) = statement.for_postgres()?;
                let query = sqlx::query_with(AssertSqlSafe(text), arguments).persistent(persistent);
                let rows = answered(query.fetch_all(&mut **connection)).await?;
                Ok(rows.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    /// The first row of the answer.
    pub(super) async fn row(&mut self, statement: Statement<'_>) -> Result<Option<Row>, sqlx::Error> {
        Ok(self.rows(statement).await?.into_iter().next())
    }
}

/// A row of an answer; columns are read by name.
#[derive(Debug)]
pub(super) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    pub(super) fn int(&self, column: &str) -> Result<i64, sqlx::Error> {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
    }

    /// An amount as it was meant.
    pub(super) fn amount(&self, column: &str) -> Result<u64, sqlx::Error> {
        self.int(column).map(loaded)
    }

    pub(super) fn optional_amount(&self, column: &str) -> Result<Option<u64>, sqlx::Error> {
        let value: Option<i64> = match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        };
        Ok(value.map(loaded))
    }

    pub(super) fn float(&self, column: &str) -> Result<f64, sqlx::Error> {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
    }

    /// A sum of amounts, which was made as a float lest it overflow.
    pub(super) fn sum(&self, column: &str) -> Result<u64, sqlx::Error> {
        // A float that does not fit becomes the nearest integer that does.
        self.float(column).map(|sum| loaded(sum as i64))
    }

    /// A text that need not be kept.
    pub(super) fn str(&self, column: &str) -> Result<&str, sqlx::Error> {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
    }

    pub(super) fn text(&self, column: &str) -> Result<String, sqlx::Error> {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
    }

    pub(super) fn optional_text(&self, column: &str) -> Result<Option<String>, sqlx::Error> {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
    }

    pub(super) fn bytes(&self, column: &str) -> Result<Vec<u8>, sqlx::Error> {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
    }
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}

impl From<u64> for Value<'_> {
    fn from(value: u64) -> Self {
        Self::Int(Some(stored(value)))
    }
}

impl From<u32> for Value<'_> {
    fn from(value: u32) -> Self {
        Self::Int(Some(value.into()))
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Int(Some(value.into()))
    }
}

impl From<Option<u64>> for Value<'_> {
    fn from(value: Option<u64>) -> Self {
        Self::Int(value.map(stored))
    }
}

impl From<Option<u32>> for Value<'_> {
    fn from(value: Option<u32>) -> Self {
        Self::Int(value.map(i64::from))
    }
}

impl From<f64> for Value<'_> {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(Some(value))
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(Some(value))
    }
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(value: Option<&'a str>) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Bytes(value)
    }
}
