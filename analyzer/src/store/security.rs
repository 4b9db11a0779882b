//! What the engine reads and keeps: incidents in their order, what scenarios found, and what clients have done.

mod answer;
mod read;
mod record;

use super::decisions::{Author, Draft, store_drafts};
use super::leases::Lease;
use super::pool::Transaction;
use super::sql::{Statement, Value, sql};
use super::{Store, StoreError};
use portcullis_detect::{Detection, Record};
use portcullis_report::Incident;

pub(crate) use answer::{Pattern, Threat};
pub(crate) use record::Lifetime;

/// Rows of one statement.
const ROWS: usize = 1_000;
/// Who makes the decisions of the engine.
pub(crate) const AUTHOR: &str = "engine";

/// An incident and its place in the order of all.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) id: u64,
    pub(crate) at_ms: u64,
    /// Nothing where a later version wrote it in words that this one does not know.
    pub(crate) incident: Option<Incident>,
}

/// How far the engine is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// The last incident that was seen.
    pub(crate) incident: u64,
    /// The last of what clients did besides.
    pub(crate) activity: u64,
}

impl Cursor {
    /// Each with the name under which it is kept.
    fn places(&mut self) -> [(&'static str, &mut u64); 2] {
        [("engine", &mut self.incident), ("engine_activity", &mut self.activity)]
    }
}

/// What is to be kept together.
#[derive(Debug)]
pub(crate) struct Findings<'a> {
    pub(crate) cursor: Cursor,
    pub(crate) detections: &'a [Detection],
    pub(crate) drafts: &'a [Draft],
    pub(crate) records: &'a [Record],
}

impl Store {
    /// Keeps what the engine found, and how far it is: all of it or nothing. The revision of its decisions, where it made any.
    pub(crate) async fn keep_findings(
        &self,
        lease: &Lease,
        findings: &Findings<'_>,
        lifetime: Lifetime,
        now_ms: u64,
    ) -> Result<Option<u64>, StoreError> {
        let mut transaction = self.fenced(lease).await?;
        for rows in findings.detections.chunks(ROWS) {
            insert_detections(&mut transaction, rows).await?;
        }
        for rows in findings.records.chunks(ROWS) {
            record::keep(&mut transaction, rows, lifetime).await?;
        }
        let author = Author(AUTHOR.to_owned(), None);
        let revision = store_drafts(&mut transaction, findings.drafts, &author, now_ms).await?;
        let mut cursor = findings.cursor;
        for (name, place) in cursor.places() {
            let cursor = sql("INSERT INTO cursors (name, incident) VALUES ($1, $2) \
                 ON CONFLICT (name) DO UPDATE SET incident = excluded.incident")
            .bind(name)
            .bind(*place);
            transaction.on().execute(cursor).await?;
        }
        transaction.commit().await?;
        Ok(revision)
    }

    /// Forgets what those did about whom a person took back what the engine had decided since then.
    pub(crate) async fn forgive_removed(&self, lease: &Lease) -> Result<u64, StoreError> {
        let mut transaction = self.fenced(lease).await?;
        let statement = sql(
            "DELETE FROM reputation WHERE (scope, value) IN (SELECT decisions.scope, decisions.value \
             FROM decisions JOIN reputation AS known ON known.scope = decisions.scope AND known.value = decisions.value \
             WHERE decisions.removed_ms IS NOT NULL AND decisions.created_by = $1 \
             AND decisions.removed_ms >= known.as_of_ms)",
        );
        let forgiven = transaction.on().execute(statement.bind(AUTHOR)).await?;
        transaction.commit().await?;
        Ok(forgiven)
    }
}

async fn insert_detections(transaction: &mut Transaction, rows: &[Detection]) -> Result<(), sqlx::Error> {
    let dialect = transaction.dialect();
    let values: Vec<_> =
        rows.iter().map(|row| row.scope.map(|scope| (scope.kind(), scope.value()))).collect();
    let rows = rows.iter().zip(&values).map(|(detection, scope)| -> [Value<'_>; 7] {
        [
            detection.at.millis().into(),
            (&*detection.scenario).into(),
            scope.as_ref().map(|(kind, _)| *kind).into(),
            scope.as_ref().map(|(_, value)| value.as_str()).into(),
            detection.events.into(),
            detection.score.into(),
            (&detection.correlation_id).into(),
        ]
    });
    let into = "detections (at_ms, scenario, scope, value, events, score, correlation_id)";
    transaction.on().execute(Statement::insert(dialect, into, rows, "")).await?;
    Ok(())
}
