//! Questions about a window of time, answered from one snapshot of the store.
//!
//! Sums are made of floats, which cannot overflow; they are exact up to 2^53. Labels come back as they were
//! stored: a store may hold reasons that a later version no longer knows.

use super::pool::Transaction;
use super::sql::{Row, sql};
use super::{Store, StoreError};

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
        let mut snapshot = self.readers.snapshot().await?;
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

async fn totals(snapshot: &mut Transaction, question: Question) -> Result<Totals, sqlx::Error> {
    let statement = sql("SELECT coalesce(sum(CAST(reports AS double precision)), 0.0) AS reports, \
         coalesce(sum(CAST(requests AS double precision)), 0.0) AS requests, \
         coalesce(sum(CAST(refused AS double precision)), 0.0) AS refused, \
         coalesce(sum(CAST(cost_milli_sum AS double precision)), 0.0) AS cost_milli_sum, \
         coalesce(max(cost_milli_max), 0) AS cost_milli_max, \
         coalesce(sum(CAST(incidents AS double precision)), 0.0) AS incidents, \
         coalesce(sum(CAST(incidents_dropped AS double precision)), 0.0) AS incidents_dropped \
         FROM totals WHERE bucket_ms BETWEEN $1 AND $2")
    .bind(question.from_ms)
    .bind(question.to_ms);
    let row = snapshot.on().row(statement).await?.ok_or(sqlx::Error::RowNotFound)?;
    Ok(Totals {
        reports: row.sum("reports")?,
        requests: row.sum("requests")?,
        refused: row.sum("refused")?,
        cost_milli_sum: row.float("cost_milli_sum")?,
        cost_milli_max: row.amount("cost_milli_max")?,
        incidents: row.sum("incidents")?,
        incidents_dropped: row.sum("incidents_dropped")?,
    })
}

async fn by_operation(snapshot: &mut Transaction, question: Question) -> Result<Vec<Operation>, sqlx::Error> {
    let sql = "SELECT operation, kind, sum(CAST(requests AS double precision)) AS requests, \
               sum(CAST(CASE refused WHEN '' THEN 0 ELSE requests END AS double precision)) AS refused, \
               sum(CAST(cost_milli_sum AS double precision)) AS cost_milli_sum, max(cost_milli_max) AS cost_milli_max, \
               sum(CAST(actual_count AS double precision)) AS actual_count, sum(CAST(actual_milli_sum AS double precision)) AS actual_milli_sum, \
               max(depth_max) AS depth_max FROM rollup WHERE bucket_ms BETWEEN $1 AND $2 \
               GROUP BY operation, kind ORDER BY requests DESC, operation, kind LIMIT $3";
    list(snapshot, sql, question, |row| {
        Ok(Operation {
            operation: row.text("operation")?,
            kind: row.text("kind")?,
            requests: row.sum("requests")?,
            refused: row.sum("refused")?,
            cost_milli_sum: row.float("cost_milli_sum")?,
            cost_milli_max: row.amount("cost_milli_max")?,
            actual_count: row.sum("actual_count")?,
            actual_milli_sum: row.float("actual_milli_sum")?,
            depth_max: row.amount("depth_max")?,
        })
    })
    .await
}

async fn by_kind(snapshot: &mut Transaction, question: Question) -> Result<Vec<Share>, sqlx::Error> {
    let sql = "SELECT kind, sum(CAST(requests AS double precision)) AS requests, \
               sum(CAST(CASE refused WHEN '' THEN 0 ELSE requests END AS double precision)) AS refused \
               FROM rollup WHERE bucket_ms BETWEEN $1 AND $2 GROUP BY kind ORDER BY requests DESC, kind LIMIT $3";
    list(snapshot, sql, question, |row| {
        Ok(Share { label: row.text("kind")?, requests: row.sum("requests")?, refused: row.sum("refused")? })
    })
    .await
}

async fn by_reason(snapshot: &mut Transaction, question: Question) -> Result<Vec<Refusals>, sqlx::Error> {
    let sql = "SELECT refused, sum(CAST(requests AS double precision)) AS requests FROM rollup \
               WHERE bucket_ms BETWEEN $1 AND $2 AND refused <> '' GROUP BY refused \
               ORDER BY requests DESC, refused LIMIT $3";
    list(snapshot, sql, question, |row| {
        Ok(Refusals { reason: row.text("refused")?, requests: row.sum("requests")? })
    })
    .await
}

async fn shadowed(snapshot: &mut Transaction, question: Question) -> Result<Vec<Refusals>, sqlx::Error> {
    let sql = "SELECT shadowed, sum(CAST(requests AS double precision)) AS requests FROM rollup \
               WHERE bucket_ms BETWEEN $1 AND $2 AND shadowed <> '' GROUP BY shadowed \
               ORDER BY requests DESC, shadowed LIMIT $3";
    list(snapshot, sql, question, |row| {
        Ok(Refusals { reason: row.text("shadowed")?, requests: row.sum("requests")? })
    })
    .await
}

async fn shapes(snapshot: &mut Transaction, question: Question) -> Result<Vec<RefusedShape>, sqlx::Error> {
    let sql = "WITH top AS (SELECT shape, reason, shadow, count(*) AS incidents, max(at_ms) AS last_ms FROM incidents \
               WHERE at_ms BETWEEN $1 AND $2 AND shape IS NOT NULL GROUP BY shape, reason, shadow \
               ORDER BY incidents DESC, shape, reason, shadow LIMIT $3) \
               SELECT top.shape, top.reason, top.shadow, top.incidents, top.last_ms, sample.document, sample.correlation_id \
               FROM top JOIN incidents AS sample ON sample.id = (SELECT max(id) FROM incidents AS last \
               WHERE last.shape = top.shape AND last.reason = top.reason AND last.shadow = top.shadow \
               AND last.at_ms = top.last_ms) \
               ORDER BY top.incidents DESC, top.shape, top.reason, top.shadow";
    list(snapshot, sql, question, |row| {
        Ok(RefusedShape {
            shape: row.text("shape")?,
            reason: row.text("reason")?,
            shadow: row.int("shadow")? != 0,
            incidents: row.amount("incidents")?,
            last_ms: row.amount("last_ms")?,
            document: row.optional_text("document")?,
            correlation_id: row.text("correlation_id")?,
        })
    })
    .await
}

/// The rows of a statement whose parameters are those of the question, in order.
async fn list<T>(
    snapshot: &mut Transaction,
    text: &'static str,
    question: Question,
    read: impl Fn(&Row) -> Result<T, sqlx::Error>,
) -> Result<Vec<T>, sqlx::Error> {
    let statement = sql(text).bind(question.from_ms).bind(question.to_ms).bind(question.limit);
    snapshot.on().rows(statement).await?.iter().map(read).collect()
}
