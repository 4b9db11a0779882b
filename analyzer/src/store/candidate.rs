//! What candidates of policies would change: merged as it comes, and asked about by window.

mod question;

pub(crate) use question::{CandidateTotals, Change, ChangedOperation, ChangedReason};

use super::merge::{MERGE_CANDIDATES, MERGE_CHANGES};
use super::pool::Transaction;
use super::sql::{Dialect, Statement, Value};
use portcullis_report::{CandidateReport, ChangeRow};
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

    pub(super) async fn write(self, transaction: &mut Transaction) -> Result<(), sqlx::Error> {
        let dialect = transaction.dialect();
        let changes: Vec<_> = self.changes.into_iter().collect();
        for rows in changes.chunks(ROWS) {
            transaction.on().execute(changes_statement(dialect, rows)).await?;
        }
        let totals: Vec<_> = self.totals.into_iter().collect();
        for rows in totals.chunks(ROWS) {
            transaction.on().execute(totals_statement(dialect, rows)).await?;
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

fn changes_statement<'a>(dialect: Dialect, rows: &'a [(Key<'a>, Sum<'a>)]) -> Statement<'a> {
    let rows = rows.iter().map(|(key, sum)| -> [Value<'a>; 9] {
        [
            key.bucket_ms.into(),
            key.operation.into(),
            key.kind.into(),
            key.class.into(),
            key.live.into(),
            key.candidate.into(),
            sum.requests.into(),
            sum.correlation_id.into(),
            sum.document.into(),
        ]
    });
    Statement::insert(
        dialect,
        "candidate_changes (bucket_ms, operation, kind, class, live, candidate, requests, correlation_id, document)",
        rows,
        MERGE_CHANGES,
    )
}

fn totals_statement<'a>(dialect: Dialect, rows: &'a [(u64, Totals)]) -> Statement<'a> {
    let rows = rows.iter().map(|(bucket_ms, totals)| -> [Value<'a>; 4] {
        [(*bucket_ms).into(), totals.judged.into(), totals.undecided.into(), totals.dropped.into()]
    });
    Statement::insert(
        dialect,
        "candidate_totals (bucket_ms, judged, undecided, dropped)",
        rows,
        MERGE_CANDIDATES,
    )
}
