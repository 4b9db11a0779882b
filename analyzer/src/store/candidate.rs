//! What candidates of policies would change: merged as it comes, and asked about by window.

mod question;

pub(crate) use question::{CandidateTotals, Change, ChangedOperation, ChangedReason};

use super::number::stored;
use portcullis_report::{CandidateReport, ChangeRow};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};
use std::collections::BTreeMap;

/// Rows of one statement; times the columns it stays below SQLite's 32,766 parameters.
const ROWS: usize = 1_000;

/// By what changes are merged.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key<'a> {
    bucket_ms: u64,
    operation: &'a str,
    kind: &'static str,
    class: &'a str,
    live: &'static str,
    candidate: &'static str,
}

/// The changes of one key, and one of them.
#[derive(Clone, Copy)]
struct Sum<'a> {
    requests: u64,
    correlation_id: &'a str,
    document: Option<&'a str>,
}

#[derive(Clone, Copy, Default)]
struct Totals {
    judged: u64,
    undecided: u64,
    dropped: u64,
}

/// What several reports say of candidates.
#[derive(Default)]
pub(super) struct Batch<'a> {
    changes: BTreeMap<Key<'a>, Sum<'a>>,
    totals: BTreeMap<u64, Totals>,
}

impl<'a> Batch<'a> {
    pub(super) fn add(&mut self, bucket_ms: u64, report: &'a CandidateReport) {
        let totals = self.totals.entry(bucket_ms).or_default();
        totals.judged = totals.judged.saturating_add(report.judged);
        totals.undecided = totals.undecided.saturating_add(report.undecided);
        totals.dropped = totals.dropped.saturating_add(report.dropped);
        for row in &report.changes {
            let key = key(bucket_ms, row);
            let fresh =
                Sum { requests: 0, correlation_id: &row.correlation_id, document: row.document.as_deref() };
            let sum = self.changes.entry(key).or_insert(fresh);
            sum.requests = sum.requests.saturating_add(row.count);
            if sum.document.is_none() && fresh.document.is_some() {
                (sum.correlation_id, sum.document) = (fresh.correlation_id, fresh.document);
            }
        }
    }

    pub(super) async fn write(self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        let changes: Vec<_> = self.changes.into_iter().collect();
        for rows in changes.chunks(ROWS) {
            changes_statement(rows).build().persistent(false).execute(&mut *connection).await?;
        }
        let totals: Vec<_> = self.totals.into_iter().collect();
        for rows in totals.chunks(ROWS) {
            totals_statement(rows).build().persistent(false).execute(&mut *connection).await?;
        }
        Ok(())
    }
}

fn key(bucket_ms: u64, row: &ChangeRow) -> Key<'_> {
    Key {
        bucket_ms,
        operation: &row.operation,
        kind: row.kind.label(),
        class: &row.class,
        live: row.live.map_or("", |reason| reason.label()),
        candidate: row.candidate.map_or("", |reason| reason.label()),
    }
}

// In SQLite an integer sum that does not fit becomes a float; min() makes it the largest integer again.
fn changes_statement(rows: &[(Key<'_>, Sum<'_>)]) -> QueryBuilder<Sqlite> {
    let mut statement = QueryBuilder::new(
        "INSERT INTO candidate_changes (bucket_ms, operation, kind, class, live, candidate, requests, \
         correlation_id, document) ",
    );
    statement.push_values(rows, |mut row, (key, sum)| {
        row.push_bind(stored(key.bucket_ms))
            .push_bind(key.operation.to_owned())
            .push_bind(key.kind)
            .push_bind(key.class.to_owned())
            .push_bind(key.live)
            .push_bind(key.candidate)
            .push_bind(stored(sum.requests))
            .push_bind(sum.correlation_id.to_owned())
            .push_bind(sum.document.map(str::to_owned));
    });
    // The id goes with the document.
    statement.push(
        " ON CONFLICT (bucket_ms, operation, kind, class, live, candidate) DO UPDATE SET \
         requests = min(candidate_changes.requests + excluded.requests, 9223372036854775807), \
         correlation_id = CASE WHEN candidate_changes.document IS NULL THEN excluded.correlation_id \
         ELSE candidate_changes.correlation_id END, \
         document = coalesce(candidate_changes.document, excluded.document)",
    );
    statement
}

fn totals_statement(rows: &[(u64, Totals)]) -> QueryBuilder<Sqlite> {
    let mut statement =
        QueryBuilder::new("INSERT INTO candidate_totals (bucket_ms, judged, undecided, dropped) ");
    statement.push_values(rows, |mut row, (bucket_ms, totals)| {
        row.push_bind(stored(*bucket_ms))
            .push_bind(stored(totals.judged))
            .push_bind(stored(totals.undecided))
            .push_bind(stored(totals.dropped));
    });
    statement.push(
        " ON CONFLICT (bucket_ms) DO UPDATE SET \
         judged = min(candidate_totals.judged + excluded.judged, 9223372036854775807), \
         undecided = min(candidate_totals.undecided + excluded.undecided, 9223372036854775807), \
         dropped = min(candidate_totals.dropped + excluded.dropped, 9223372036854775807)",
    );
    statement
}
