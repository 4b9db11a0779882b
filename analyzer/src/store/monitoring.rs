//! Questions about a window of time, answered from one snapshot of the store.
//!
//! Sums are made with `total()`, which cannot overflow; they are exact up to 2^53. Labels come back as they were
//! stored: a store may hold reasons that a later version no longer knows.

use super::number::{amount, stored};
use super::{Store, StoreError};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

/// Which part of the store is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question {
    /// From the start of this bucket.
    pub(crate) from_ms: u64,
    /// To this moment.
    pub(crate) to_ms: u64,
    /// Entries of each list at most.
    pub(crate) limit: u32,
}

/// What is known of the GraphQL requests of a window.
#[derive(Debug)]
pub(crate) struct Graphql {
    pub(crate) totals: Totals,
    pub(crate) by_operation: Vec<Operation>,
    pub(crate) by_kind: Vec<Share>,
    pub(crate) by_reason: Vec<Refusals>,
    pub(crate) shadowed: Vec<Refusals>,
    pub(crate) shapes: Vec<RefusedShape>,
}

/// Sums over the window.
#[derive(Debug)]
pub(crate) struct Totals {
    pub(crate) reports: u64,
    pub(crate) requests: u64,
    pub(crate) refused: u64,
    pub(crate) cost_milli_sum: f64,
    pub(crate) cost_milli_max: u64,
    pub(crate) incidents: u64,
    pub(crate) incidents_dropped: u64,
}

/// The requests of one operation.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) operation: String,
    pub(crate) kind: String,
    pub(crate) requests: u64,
    pub(crate) refused: u64,
    pub(crate) cost_milli_sum: f64,
    pub(crate) cost_milli_max: u64,
    pub(crate) actual_count: u64,
    pub(crate) actual_milli_sum: f64,
    pub(crate) depth_max: u64,
}

/// The requests that share a label.
#[derive(Debug)]
pub(crate) struct Share {
    pub(crate) label: String,
    pub(crate) requests: u64,
    pub(crate) refused: u64,
}

/// The requests that were refused for one reason, or would have been.
#[derive(Debug)]
pub(crate) struct Refusals {
    pub(crate) reason: String,
    pub(crate) requests: u64,
}

/// The incidents of one shape and reason, and the last of them.
#[derive(Debug)]
pub(crate) struct RefusedShape {
    pub(crate) shape: String,
    pub(crate) reason: String,
    pub(crate) shadow: bool,
    pub(crate) incidents: u64,
    pub(crate) last_ms: u64,
    pub(crate) document: Option<String>,
    pub(crate) correlation_id: String,
}

impl Store {
    /// Everything about the GraphQL requests of a window.
    pub(crate) async fn graphql(&self, question: Question) -> Result<Graphql, StoreError> {
        let mut snapshot = self.readers.begin().await?;
        let answer = Graphql {
            totals: totals(&mut snapshot, question).await?,
            by_operation: by_operation(&mut snapshot, question).await?,
            by_kind: by_kind(&mut snapshot, question).await?,
            by_reason: by_reason(&mut snapshot, question).await?,
            shadowed: shadowed(&mut snapshot, question).await?,
            shapes: shapes(&mut snapshot, question).await?,
        };
        snapshot.rollback().await?;
        Ok(answer)
    }
}

async fn totals(snapshot: &mut SqliteConnection, question: Question) -> Result<Totals, sqlx::Error> {
    let row = sqlx::query(
        "SELECT CAST(total(reports) AS INTEGER) AS reports, CAST(total(requests) AS INTEGER) AS requests, \
         CAST(total(refused) AS INTEGER) AS refused, total(cost_milli_sum) AS cost_milli_sum, \
         coalesce(max(cost_milli_max), 0) AS cost_milli_max, CAST(total(incidents) AS INTEGER) AS incidents, \
         CAST(total(incidents_dropped) AS INTEGER) AS incidents_dropped \
         FROM totals WHERE bucket_ms BETWEEN ? AND ?",
    )
    .bind(stored(question.from_ms))
    .bind(stored(question.to_ms))
    .fetch_one(snapshot)
    .await?;
    Ok(Totals {
        reports: amount(&row, "reports")?,
        requests: amount(&row, "requests")?,
        refused: amount(&row, "refused")?,
        cost_milli_sum: row.try_get("cost_milli_sum")?,
        cost_milli_max: amount(&row, "cost_milli_max")?,
        incidents: amount(&row, "incidents")?,
        incidents_dropped: amount(&row, "incidents_dropped")?,
    })
}

async fn by_operation(
    snapshot: &mut SqliteConnection,
    question: Question,
) -> Result<Vec<Operation>, sqlx::Error> {
    let sql = "SELECT operation, kind, CAST(total(requests) AS INTEGER) AS requests, \
               CAST(total(CASE refused WHEN '' THEN 0 ELSE requests END) AS INTEGER) AS refused, \
               total(cost_milli_sum) AS cost_milli_sum, max(cost_milli_max) AS cost_milli_max, \
               CAST(total(actual_count) AS INTEGER) AS actual_count, total(actual_milli_sum) AS actual_milli_sum, \
               max(depth_max) AS depth_max FROM rollup WHERE bucket_ms BETWEEN ? AND ? \
               GROUP BY operation, kind ORDER BY requests DESC, operation, kind LIMIT ?";
    list(snapshot, sql, question, |row| {
        Ok(Operation {
            operation: row.try_get("operation")?,
            kind: row.try_get("kind")?,
            requests: amount(row, "requests")?,
            refused: amount(row, "refused")?,
            cost_milli_sum: row.try_get("cost_milli_sum")?,
            cost_milli_max: amount(row, "cost_milli_max")?,
            actual_count: amount(row, "actual_count")?,
            actual_milli_sum: row.try_get("actual_milli_sum")?,
            depth_max: amount(row, "depth_max")?,
        })
    })
    .await
}

async fn by_kind(snapshot: &mut SqliteConnection, question: Question) -> Result<Vec<Share>, sqlx::Error> {
    let sql = "SELECT kind, CAST(total(requests) AS INTEGER) AS requests, \
               CAST(total(CASE refused WHEN '' THEN 0 ELSE requests END) AS INTEGER) AS refused \
               FROM rollup WHERE bucket_ms BETWEEN ? AND ? GROUP BY kind ORDER BY requests DESC, kind LIMIT ?";
    list(snapshot, sql, question, |row| {
        Ok(Share {
            label: row.try_get("kind")?,
            requests: amount(row, "requests")?,
            refused: amount(row, "refused")?,
        })
    })
    .await
}

async fn by_reason(
    snapshot: &mut SqliteConnection,
    question: Question,
) -> Result<Vec<Refusals>, sqlx::Error> {
    let sql = "SELECT refused, CAST(total(requests) AS INTEGER) AS requests FROM rollup \
               WHERE bucket_ms BETWEEN ? AND ? AND refused <> '' GROUP BY refused \
               ORDER BY requests DESC, refused LIMIT ?";
    list(snapshot, sql, question, |row| {
        Ok(Refusals { reason: row.try_get("refused")?, requests: amount(row, "requests")? })
    })
    .await
}

async fn shadowed(snapshot: &mut SqliteConnection, question: Question) -> Result<Vec<Refusals>, sqlx::Error> {
    let sql = "SELECT shadowed, CAST(total(requests) AS INTEGER) AS requests FROM rollup \
               WHERE bucket_ms BETWEEN ? AND ? AND shadowed <> '' GROUP BY shadowed \
               ORDER BY requests DESC, shadowed LIMIT ?";
    list(snapshot, sql, question, |row| {
        Ok(Refusals { reason: row.try_get("shadowed")?, requests: amount(row, "requests")? })
    })
    .await
}

async fn shapes(
    snapshot: &mut SqliteConnection,
    question: Question,
) -> Result<Vec<RefusedShape>, sqlx::Error> {
    let sql = "WITH top AS (SELECT shape, reason, shadow, count(*) AS incidents, max(at_ms) AS last_ms FROM incidents \
               WHERE at_ms BETWEEN ? AND ? AND shape IS NOT NULL GROUP BY shape, reason, shadow \
               ORDER BY incidents DESC, shape, reason, shadow LIMIT ?) \
               SELECT top.shape, top.reason, top.shadow, top.incidents, top.last_ms, sample.document, sample.correlation_id \
               FROM top JOIN incidents AS sample ON sample.id = (SELECT max(id) FROM incidents AS last \
               WHERE last.shape = top.shape AND last.reason = top.reason AND last.shadow = top.shadow \
               AND last.at_ms = top.last_ms) \
               ORDER BY top.incidents DESC, top.shape, top.reason, top.shadow";
    list(snapshot, sql, question, |row| {
        Ok(RefusedShape {
            shape: row.try_get("shape")?,
            reason: row.try_get("reason")?,
            shadow: row.try_get("shadow")?,
            incidents: amount(row, "incidents")?,
            last_ms: amount(row, "last_ms")?,
            document: row.try_get("document")?,
            correlation_id: row.try_get("correlation_id")?,
        })
    })
    .await
}

/// The rows of a statement whose parameters are those of the question, in order.
pub(super) async fn list<T>(
    snapshot: &mut SqliteConnection,
    sql: &'static str,
    question: Question,
    read: impl Fn(&SqliteRow) -> Result<T, sqlx::Error>,
) -> Result<Vec<T>, sqlx::Error> {
    let rows = sqlx::query(sql)
        .bind(stored(question.from_ms))
        .bind(stored(question.to_ms))
        .bind(question.limit)
        .fetch_all(snapshot)
        .await?;
    rows.iter().map(read).collect()
}
