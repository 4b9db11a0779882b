//! Reports into the store: any number in one transaction, each exactly once, all or nothing.
//!
//! Rows are merged before they are written, so that a batch of reports costs about as many statements as one.

use super::number::stored;
use super::{Store, StoreError, candidate};
use portcullis_report::{Incident, Receipt, Report, RollupKey, RollupRow};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};
use std::collections::BTreeMap;

/// Milliseconds in which the rollup is merged.
pub const BUCKET_MS: u64 = 10_000;

/// Rows of one statement; times the columns it stays below SQLite's 32,766 parameters.
const ROWS: usize = 1_000;

/// A checked report and when it came.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) report: Report,
    pub(crate) received_ms: u64,
}

impl Store {
    /// Stores the reports that are not stored yet; once this returns, they survive a crash.
    pub(crate) async fn ingest(&self, arrivals: &[Arrival]) -> Result<Vec<Receipt>, StoreError> {
        let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        let mut receipts = Vec::with_capacity(arrivals.len());
        let mut batch = Batch::default();
        for arrival in arrivals {
            let receipt = claim(&mut transaction, arrival).await?;
            if receipt == Receipt::Stored {
                batch.add(&arrival.report);
            }
            receipts.push(receipt);
        }
        batch.write(&mut transaction).await?;
        transaction.commit().await?;
        Ok(receipts)
    }
}

/// Enters the report in the list of those that are stored.
async fn claim(connection: &mut SqliteConnection, arrival: &Arrival) -> Result<Receipt, sqlx::Error> {
    let Report { boot, sequence, .. } = &arrival.report;
    let done = sqlx::query(
        "INSERT INTO reports (boot, sequence, received_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
    )
    .bind(boot.0.as_bytes().as_slice())
    .bind(sequence.cast_signed())
    .bind(stored(arrival.received_ms))
    .execute(connection)
    .await?;
    Ok(if done.rows_affected() == 0 { Receipt::Duplicate } else { Receipt::Stored })
}

/// What several reports come to.
#[derive(Default)]
struct Batch<'a> {
    rollup: BTreeMap<(u64, &'a RollupKey), Sums>,
    totals: BTreeMap<u64, TotalSums>,
    incidents: Vec<(&'a [u8], &'a Incident)>,
    candidates: candidate::Batch<'a>,
}

#[derive(Default)]
struct Sums {
    requests: u64,
    cost_milli_sum: u64,
    cost_milli_max: u64,
    depth_max: u32,
    fields_sum: u64,
    body_bytes_sum: u64,
    actual_count: u64,
    actual_milli_sum: u64,
}

#[derive(Default)]
struct TotalSums {
    reports: u64,
    requests: u64,
    refused: u64,
    cost_milli_sum: u64,
    cost_milli_max: u64,
    incidents: u64,
    incidents_dropped: u64,
}

impl<'a> Batch<'a> {
    fn add(&mut self, report: &'a Report) {
        let bucket_ms = report.to_ms.saturating_sub(report.to_ms % BUCKET_MS);
        let totals = self.totals.entry(bucket_ms).or_default();
        totals.reports = totals.reports.saturating_add(1);
        totals.incidents =
            totals.incidents.saturating_add(u64::try_from(report.incidents.len()).unwrap_or(u64::MAX));
        totals.incidents_dropped = totals.incidents_dropped.saturating_add(report.incidents_dropped);
        for row in &report.rollup {
            totals.add(row);
            self.rollup.entry((bucket_ms, &row.key)).or_default().add(row);
        }
        if let Some(candidate) = &report.candidate {
            self.candidates.add(bucket_ms, candidate);
        }
        let boot = report.boot.0.as_bytes().as_slice();
        self.incidents.extend(report.incidents.iter().map(|incident| (boot, incident)));
    }

    async fn write(self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        let rollup: Vec<_> = self.rollup.into_iter().collect();
        for rows in rollup.chunks(ROWS) {
            rollup_statement(rows).build().persistent(false).execute(&mut *connection).await?;
        }
        let totals: Vec<_> = self.totals.into_iter().collect();
        for rows in totals.chunks(ROWS) {
            totals_statement(rows).build().persistent(false).execute(&mut *connection).await?;
        }
        for rows in self.incidents.chunks(ROWS) {
            incidents_statement(rows).build().persistent(false).execute(&mut *connection).await?;
        }
        self.candidates.write(connection).await
    }
}

impl Sums {
    fn add(&mut self, row: &RollupRow) {
        self.requests = self.requests.saturating_add(row.count);
        self.cost_milli_sum = self.cost_milli_sum.saturating_add(row.cost_milli_sum);
        self.cost_milli_max = self.cost_milli_max.max(row.cost_milli_max);
        self.depth_max = self.depth_max.max(row.depth_max);
        self.fields_sum = self.fields_sum.saturating_add(row.fields_sum);
        self.body_bytes_sum = self.body_bytes_sum.saturating_add(row.body_bytes_sum);
        self.actual_count = self.actual_count.saturating_add(row.actual_count);
        self.actual_milli_sum = self.actual_milli_sum.saturating_add(row.actual_milli_sum);
    }
}

impl TotalSums {
    fn add(&mut self, row: &RollupRow) {
        self.requests = self.requests.saturating_add(row.count);
        if row.key.refused.is_some() {
            self.refused = self.refused.saturating_add(row.count);
        }
        self.cost_milli_sum = self.cost_milli_sum.saturating_add(row.cost_milli_sum);
        self.cost_milli_max = self.cost_milli_max.max(row.cost_milli_max);
    }
}

// In SQLite an integer sum that does not fit becomes a float; min() makes it the largest integer again.
fn rollup_statement<'a>(rows: &'a [((u64, &'a RollupKey), Sums)]) -> QueryBuilder<Sqlite> {
    let mut statement = QueryBuilder::new(
        "INSERT INTO rollup (bucket_ms, operation, kind, class, transport, refused, shadowed, requests, \
         cost_milli_sum, cost_milli_max, depth_max, fields_sum, body_bytes_sum, actual_count, actual_milli_sum) ",
    );
    statement.push_values(rows, |mut row, ((bucket_ms, key), sums)| {
        row.push_bind(stored(*bucket_ms))
            .push_bind(key.operation.clone())
            .push_bind(key.kind.label())
            .push_bind(key.class.clone())
            .push_bind(key.transport.label())
            .push_bind(key.refused.map_or("", |reason| reason.label()))
            .push_bind(key.shadowed.map_or("", |reason| reason.label()))
            .push_bind(stored(sums.requests))
            .push_bind(stored(sums.cost_milli_sum))
            .push_bind(stored(sums.cost_milli_max))
            .push_bind(i64::from(sums.depth_max))
            .push_bind(stored(sums.fields_sum))
            .push_bind(stored(sums.body_bytes_sum))
            .push_bind(stored(sums.actual_count))
            .push_bind(stored(sums.actual_milli_sum));
    });
    statement.push(
        " ON CONFLICT (bucket_ms, operation, kind, class, transport, refused, shadowed) DO UPDATE SET \
         requests = min(requests + excluded.requests, 9223372036854775807), \
         cost_milli_sum = min(cost_milli_sum + excluded.cost_milli_sum, 9223372036854775807), \
         cost_milli_max = max(cost_milli_max, excluded.cost_milli_max), \
         depth_max = max(depth_max, excluded.depth_max), \
         fields_sum = min(fields_sum + excluded.fields_sum, 9223372036854775807), \
         body_bytes_sum = min(body_bytes_sum + excluded.body_bytes_sum, 9223372036854775807), \
         actual_count = min(actual_count + excluded.actual_count, 9223372036854775807), \
         actual_milli_sum = min(actual_milli_sum + excluded.actual_milli_sum, 9223372036854775807)",
    );
    statement
}

fn totals_statement(rows: &[(u64, TotalSums)]) -> QueryBuilder<Sqlite> {
    let mut statement = QueryBuilder::new(
        "INSERT INTO totals (bucket_ms, reports, requests, refused, cost_milli_sum, cost_milli_max, incidents, \
         incidents_dropped) ",
    );
    statement.push_values(rows, |mut row, (bucket_ms, sums)| {
        row.push_bind(stored(*bucket_ms))
            .push_bind(stored(sums.reports))
            .push_bind(stored(sums.requests))
            .push_bind(stored(sums.refused))
            .push_bind(stored(sums.cost_milli_sum))
            .push_bind(stored(sums.cost_milli_max))
            .push_bind(stored(sums.incidents))
            .push_bind(stored(sums.incidents_dropped));
    });
    statement.push(
        " ON CONFLICT (bucket_ms) DO UPDATE SET \
         reports = min(reports + excluded.reports, 9223372036854775807), \
         requests = min(requests + excluded.requests, 9223372036854775807), \
         refused = min(refused + excluded.refused, 9223372036854775807), \
         cost_milli_sum = min(cost_milli_sum + excluded.cost_milli_sum, 9223372036854775807), \
         cost_milli_max = max(cost_milli_max, excluded.cost_milli_max), \
         incidents = min(incidents + excluded.incidents, 9223372036854775807), \
         incidents_dropped = min(incidents_dropped + excluded.incidents_dropped, 9223372036854775807)",
    );
    statement
}

fn incidents_statement(rows: &[(&[u8], &Incident)]) -> QueryBuilder<Sqlite> {
    let mut statement = QueryBuilder::new(
        "INSERT INTO incidents (at_ms, boot, correlation_id, client, reason, limit_value, actual, transport, kind, \
         operation, shape, document, tokens, depth, fields, root_fields, aliases, aliases_per_field, directives, \
         cost_milli, body_bytes, shadow) ",
    );
    statement.push_values(rows, |mut row, (boot, incident)| {
        let measured = incident.measured;
        row.push_bind(stored(incident.at_ms))
            .push_bind(boot.to_vec())
            .push_bind(incident.correlation_id.clone())
            .push_bind(incident.client.clone())
            .push_bind(incident.reason.label())
            .push_bind(incident.limit.map(stored))
            .push_bind(incident.actual.map(stored))
            .push_bind(incident.transport.label())
            .push_bind(incident.kind.label())
            .push_bind(incident.operation.clone())
            .push_bind(incident.shape.clone())
            .push_bind(incident.document.clone())
            .push_bind(measured.map(|measured| measured.tokens))
            .push_bind(measured.map(|measured| measured.depth))
            .push_bind(measured.map(|measured| measured.fields))
            .push_bind(measured.map(|measured| measured.root_fields))
            .push_bind(measured.map(|measured| measured.aliases))
            .push_bind(measured.map(|measured| measured.aliases_per_field))
            .push_bind(measured.map(|measured| measured.directives))
            .push_bind(incident.cost_milli.map(stored))
            .push_bind(stored(incident.body_bytes))
            .push_bind(incident.shadow);
    });
    statement
}
