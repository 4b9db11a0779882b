//! What candidates would have changed in a window, answered from one snapshot of the store.

use crate::store::monitoring::{Question, list};
use crate::store::pool::Transaction;
use crate::store::sql::{Row, Statement, sql};
use crate::store::{Store, StoreError};

/// What candidates would have changed in a window.
#[derive(Debug)]
pub(crate) struct Candidates {
    pub(crate) totals: CandidateTotals,
    pub(crate) by_operation: Vec<ChangedOperation>,
    pub(crate) by_reason: Vec<ChangedReason>,
    pub(crate) changes: Vec<Change>,
}

/// Sums over the window.
#[derive(Debug)]
pub(crate) struct CandidateTotals {
    pub(crate) judged: u64,
    pub(crate) undecided: u64,
    pub(crate) dropped: u64,
    pub(crate) changed: Changed,
}

/// Requests by how the verdicts differ.
#[derive(Debug)]
pub(crate) struct Changed {
    pub(crate) added: u64,
    pub(crate) removed: u64,
    pub(crate) changed: u64,
}

/// The changes of one operation for one class.
#[derive(Debug)]
pub(crate) struct ChangedOperation {
    pub(crate) operation: String,
    pub(crate) kind: String,
    pub(crate) class: String,
    pub(crate) changed: Changed,
}

/// The changes of one pair of reasons; `""` is none.
#[derive(Debug)]
pub(crate) struct ChangedReason {
    pub(crate) live: String,
    pub(crate) candidate: String,
    pub(crate) requests: u64,
}

/// The changes that are alike in all that is known, and one of them.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) operation: String,
    pub(crate) kind: String,
    pub(crate) class: String,
    pub(crate) reasons: ChangedReason,
    pub(crate) last_ms: u64,
    pub(crate) document: Option<String>,
    pub(crate) correlation_id: String,
}

impl Store {
    /// Everything that candidates would have changed in a window.
    pub(crate) async fn candidates(&self, question: Question) -> Result<Candidates, StoreError> {
        let mut snapshot = self.readers.snapshot().await?;
        let answer = Candidates {
            totals: totals(&mut snapshot, question).await?,
            by_operation: by_operation(&mut snapshot, question).await?,
            by_reason: by_reason(&mut snapshot, question).await?,
            changes: changes(&mut snapshot, question).await?,
        };
        snapshot.rollback().await?;
        Ok(answer)
    }
}

async fn totals(snapshot: &mut Transaction, question: Question) -> Result<CandidateTotals, sqlx::Error> {
    let of_all = sql("SELECT coalesce(sum(CAST(judged AS double precision)), 0.0) AS judged, \
         coalesce(sum(CAST(undecided AS double precision)), 0.0) AS undecided, \
         coalesce(sum(CAST(dropped AS double precision)), 0.0) AS dropped \
         FROM candidate_totals WHERE bucket_ms BETWEEN $1 AND $2");
    let of_changes = sql("SELECT \
         coalesce(sum(CAST(CASE live WHEN '' THEN requests ELSE 0 END AS double precision)), 0.0) AS added, \
         coalesce(sum(CAST(CASE candidate WHEN '' THEN requests ELSE 0 END AS double precision)), 0.0) AS removed, \
         coalesce(sum(CAST(CASE WHEN live <> '' AND candidate <> '' THEN requests ELSE 0 END AS double precision)), 0.0) AS changed \
         FROM candidate_changes WHERE bucket_ms BETWEEN $1 AND $2");
    let row = only(snapshot, of_all, question).await?;
    let changed = only(snapshot, of_changes, question).await?;
    Ok(CandidateTotals {
        judged: row.sum("judged")?,
        undecided: row.sum("undecided")?,
        dropped: row.sum("dropped")?,
        changed: Changed::read(&changed)?,
    })
}

async fn only(
    snapshot: &mut Transaction,
    statement: Statement<'static>,
    question: Question,
) -> Result<Row, sqlx::Error> {
    let statement = statement.bind(question.from_ms).bind(question.to_ms);
    snapshot.on().row(statement).await?.ok_or(sqlx::Error::RowNotFound)
}

impl Changed {
    fn read(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self { added: row.sum("added")?, removed: row.sum("removed")?, changed: row.sum("changed")? })
    }
}

async fn by_operation(
    snapshot: &mut Transaction,
    question: Question,
) -> Result<Vec<ChangedOperation>, sqlx::Error> {
    let sql = "SELECT operation, kind, class, \
               sum(CAST(CASE live WHEN '' THEN requests ELSE 0 END AS double precision)) AS added, \
               sum(CAST(CASE candidate WHEN '' THEN requests ELSE 0 END AS double precision)) AS removed, \
               sum(CAST(CASE WHEN live <> '' AND candidate <> '' THEN requests ELSE 0 END AS double precision)) AS changed \
               FROM candidate_changes WHERE bucket_ms BETWEEN $1 AND $2 GROUP BY operation, kind, class \
               ORDER BY sum(CAST(requests AS double precision)) DESC, operation, kind, class LIMIT $3";
    list(snapshot, sql, question, |row| {
        Ok(ChangedOperation {
            operation: row.text("operation")?,
            kind: row.text("kind")?,
            class: row.text("class")?,
            changed: Changed::read(row)?,
        })
    })
    .await
}

async fn by_reason(
    snapshot: &mut Transaction,
    question: Question,
) -> Result<Vec<ChangedReason>, sqlx::Error> {
    let sql = "SELECT live, candidate, sum(CAST(requests AS double precision)) AS requests FROM candidate_changes \
               WHERE bucket_ms BETWEEN $1 AND $2 GROUP BY live, candidate \
               ORDER BY requests DESC, live, candidate LIMIT $3";
    list(snapshot, sql, question, |row| {
        Ok(ChangedReason {
            live: row.text("live")?,
            candidate: row.text("candidate")?,
            requests: row.sum("requests")?,
        })
    })
    .await
}

async fn changes(snapshot: &mut Transaction, question: Question) -> Result<Vec<Change>, sqlx::Error> {
    let sql = "WITH top AS (SELECT operation, kind, class, live, candidate, \
               sum(CAST(requests AS double precision)) AS requests, max(bucket_ms) AS last_ms FROM candidate_changes \
               WHERE bucket_ms BETWEEN $1 AND $2 GROUP BY operation, kind, class, live, candidate \
               ORDER BY requests DESC, operation, kind, class, live, candidate LIMIT $3) \
               SELECT top.operation, top.kind, top.class, top.live, top.candidate, top.requests, top.last_ms, \
               sample.document, sample.correlation_id FROM top JOIN candidate_changes AS sample \
               ON sample.bucket_ms = top.last_ms AND sample.operation = top.operation AND sample.kind = top.kind \
               AND sample.class = top.class AND sample.live = top.live AND sample.candidate = top.candidate \
               ORDER BY top.requests DESC, top.operation, top.kind, top.class, top.live, top.candidate";
    list(snapshot, sql, question, |row| {
        Ok(Change {
            operation: row.text("operation")?,
            kind: row.text("kind")?,
            class: row.text("class")?,
            reasons: ChangedReason {
                live: row.text("live")?,
                candidate: row.text("candidate")?,
                requests: row.sum("requests")?,
            },
            last_ms: row.amount("last_ms")?,
            document: row.optional_text("document")?,
            correlation_id: row.text("correlation_id")?,
        })
    })
    .await
}
