//! What candidates would have changed in a window, answered from one snapshot of the store.

use crate::store::monitoring::{Question, list};
use crate::store::number::{amount, stored};
use crate::store::{Store, StoreError};
use sqlx::{Row as _, SqliteConnection};

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
        let mut snapshot = self.readers.begin().await?;
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

async fn totals(snapshot: &mut SqliteConnection, question: Question) -> Result<CandidateTotals, sqlx::Error> {
    let row = sqlx::query(
        "SELECT CAST(total(judged) AS INTEGER) AS judged, CAST(total(undecided) AS INTEGER) AS undecided, \
         CAST(total(dropped) AS INTEGER) AS dropped FROM candidate_totals WHERE bucket_ms BETWEEN ? AND ?",
    )
    .bind(stored(question.from_ms))
    .bind(stored(question.to_ms))
    .fetch_one(&mut *snapshot)
    .await?;
    let changed = sqlx::query(
        "SELECT CAST(total(CASE live WHEN '' THEN requests ELSE 0 END) AS INTEGER) AS added, \
         CAST(total(CASE candidate WHEN '' THEN requests ELSE 0 END) AS INTEGER) AS removed, \
         CAST(total(CASE WHEN live <> '' AND candidate <> '' THEN requests ELSE 0 END) AS INTEGER) AS changed \
         FROM candidate_changes WHERE bucket_ms BETWEEN ? AND ?",
    )
    .bind(stored(question.from_ms))
    .bind(stored(question.to_ms))
    .fetch_one(snapshot)
    .await?;
    Ok(CandidateTotals {
        judged: amount(&row, "judged")?,
        undecided: amount(&row, "undecided")?,
        dropped: amount(&row, "dropped")?,
        changed: Changed::read(&changed)?,
    })
}

impl Changed {
    fn read(row: &sqlx::sqlite::SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            added: amount(row, "added")?,
            removed: amount(row, "removed")?,
            changed: amount(row, "changed")?,
        })
    }
}

async fn by_operation(
    snapshot: &mut SqliteConnection,
    question: Question,
) -> Result<Vec<ChangedOperation>, sqlx::Error> {
    let sql = "SELECT operation, kind, class, \
               CAST(total(CASE live WHEN '' THEN requests ELSE 0 END) AS INTEGER) AS added, \
               CAST(total(CASE candidate WHEN '' THEN requests ELSE 0 END) AS INTEGER) AS removed, \
               CAST(total(CASE WHEN live <> '' AND candidate <> '' THEN requests ELSE 0 END) AS INTEGER) AS changed \
               FROM candidate_changes WHERE bucket_ms BETWEEN ? AND ? GROUP BY operation, kind, class \
               ORDER BY total(requests) DESC, operation, kind, class LIMIT ?";
    list(snapshot, sql, question, |row| {
        Ok(ChangedOperation {
            operation: row.try_get("operation")?,
            kind: row.try_get("kind")?,
            class: row.try_get("class")?,
            changed: Changed::read(row)?,
        })
    })
    .await
}

async fn by_reason(
    snapshot: &mut SqliteConnection,
    question: Question,
) -> Result<Vec<ChangedReason>, sqlx::Error> {
    let sql = "SELECT live, candidate, CAST(total(requests) AS INTEGER) AS requests FROM candidate_changes \
               WHERE bucket_ms BETWEEN ? AND ? GROUP BY live, candidate \
               ORDER BY requests DESC, live, candidate LIMIT ?";
    list(snapshot, sql, question, |row| {
        Ok(ChangedReason {
            live: row.try_get("live")?,
            candidate: row.try_get("candidate")?,
            requests: amount(row, "requests")?,
        })
    })
    .await
}

async fn changes(snapshot: &mut SqliteConnection, question: Question) -> Result<Vec<Change>, sqlx::Error> {
    let sql = "WITH top AS (SELECT operation, kind, class, live, candidate, \
               CAST(total(requests) AS INTEGER) AS requests, max(bucket_ms) AS last_ms FROM candidate_changes \
               WHERE bucket_ms BETWEEN ? AND ? GROUP BY operation, kind, class, live, candidate \
               ORDER BY requests DESC, operation, kind, class, live, candidate LIMIT ?) \
               SELECT top.operation, top.kind, top.class, top.live, top.candidate, top.requests, top.last_ms, \
               sample.document, sample.correlation_id FROM top JOIN candidate_changes AS sample \
               ON sample.bucket_ms = top.last_ms AND sample.operation = top.operation AND sample.kind = top.kind \
               AND sample.class = top.class AND sample.live = top.live AND sample.candidate = top.candidate \
               ORDER BY top.requests DESC, top.operation, top.kind, top.class, top.live, top.candidate";
    list(snapshot, sql, question, |row| {
        Ok(Change {
            operation: row.try_get("operation")?,
            kind: row.try_get("kind")?,
            class: row.try_get("class")?,
            reasons: ChangedReason {
                live: row.try_get("live")?,
                candidate: row.try_get("candidate")?,
                requests: amount(row, "requests")?,
            },
            last_ms: amount(row, "last_ms")?,
            document: row.try_get("document")?,
            correlation_id: row.try_get("correlation_id")?,
        })
    })
    .await
}
