//! Reports into the store: any number in one transaction, each exactly once, all or nothing.
//!
//! Rows are merged before they are written, so that a batch of reports costs about as many statements as one.

use super::activity::ActivityBatch;
use super::decisions::take_numbers;
use super::fold::bucket;
use super::merge::{MERGE_ROLLUP, MERGE_TOTALS};
use super::pool::Transaction;
use super::sequences::Sequences;
use super::sockets::SocketBatch;
use super::sql::{Dialect, Statement, Value, sql};
use super::{Store, StoreError, candidate};
use portcullis_report::{Identity, Incident, Receipt, Report, RollupKey, RollupRow, WorkerBoot};
use std::collections::BTreeMap;

/// Rows of one statement; times the columns it stays below SQLite's 32,766 parameters.
const ROWS: usize = 1_000;

/// The name under which incidents take their ids.
const INCIDENTS: &str = "incidents";

/// A checked report and when it came.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) report: Report,
    pub(crate) received_ms: u64,
}

impl Store {
    /// Stores the reports that are not stored yet; once this returns, they survive a crash.
    pub(crate) async fn ingest(&self, arrivals: &[Arrival]) -> Result<Vec<Receipt>, StoreError> {
        let mut transaction = self.writer.write().await?;
        let mut receipts = vec![Receipt::Duplicate; arrivals.len()];
        let mut batch = Batch::default();
        // Boots in the same order everywhere, lest two analyzers wait for each other; so are all rows that follow.
        let mut boots: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (arrival, receipt) in arrivals.iter().zip(&mut receipts) {
            boots.entry(arrival.report.boot).or_default().push((arrival, receipt));
        }
        for (boot, reports) in boots {
            let received_ms =
                reports.iter().map(|(arrival, _)| arrival.received_ms).max().unwrap_or_default();
            let mut sequences = hold(&mut transaction, boot, received_ms).await?;
            for (arrival, receipt) in reports {
                *receipt = sequences.enter(arrival.report.sequence);
                if *receipt == Receipt::Stored {
                    batch.add(arrival);
                }
            }
            put_back(&mut transaction, boot, &sequences).await?;
        }
        batch.write(&mut transaction).await?;
        transaction.commit().await?;
        Ok(receipts)
    }
}

/// What is in of the boot; until the transaction ends nobody else asks.
async fn hold(
    transaction: &mut Transaction,
    boot: WorkerBoot,
    received_ms: u64,
) -> Result<Sequences, sqlx::Error> {
    let statement = sql("INSERT INTO boots (boot, highest, missing, received_ms) VALUES ($1, 0, '', $2) \
         ON CONFLICT (boot) DO UPDATE SET received_ms = excluded.received_ms RETURNING highest, missing")
    .bind(boot.0.as_bytes().as_slice())
    .bind(received_ms);
    let row = transaction.on().row(statement).await?.ok_or(sqlx::Error::RowNotFound)?;
    Ok(Sequences::read(row.int("highest")?, &row.text("missing")?))
}

async fn put_back(
    transaction: &mut Transaction,
    boot: WorkerBoot,
    sequences: &Sequences,
) -> Result<(), sqlx::Error> {
    let missing = sequences.to_string();
    let statement = sql("UPDATE boots SET highest = $1, missing = $2 WHERE boot = $3")
        .bind(sequences.highest.cast_signed())
        .bind(&missing)
        .bind(boot.0.as_bytes().as_slice());
    transaction.on().execute(statement).await?;
    Ok(())
}

/// What several reports come to.
#[derive(Default)]
struct Batch<'a> {
    rollup: BTreeMap<(u64, &'a RollupKey), Sums>,
    totals: BTreeMap<u64, TotalSums>,
    incidents: Vec<(&'a [u8], &'a Incident)>,
    candidates: candidate::Batch<'a>,
    sockets: SocketBatch<'a>,
    activity: ActivityBatch<'a>,
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
    fn add(&mut self, Arrival { report, received_ms }: &'a Arrival) {
        // What comes late goes where its time has been merged to.
        let bucket_ms = bucket(report.to_ms, received_ms.saturating_sub(report.to_ms));
        let totals = self.totals.entry(bucket_ms).or_default();
        totals.reports = totals.reports.saturating_add(1);
        totals.incidents =
            totals.incidents.saturating_add(u64::try_from(report.incidents.len()).unwrap_or(u64::MAX));
        totals.incidents_dropped = totals.incidents_dropped.saturating_add(report.incidents_dropped);
        totals.add_all(report);
        for row in &report.rollup {
            self.rollup.entry((bucket_ms, &row.key)).or_default().add(row);
        }
        if let Some(candidate) = &report.candidate {
            self.candidates.add(bucket_ms, candidate);
        }
        self.sockets.add(bucket_ms, report);
        self.activity.add(report);
        let boot = report.boot.0.as_bytes().as_slice();
        self.incidents.extend(report.incidents.iter().map(|incident| (boot, incident)));
    }

    async fn write(self, transaction: &mut Transaction) -> Result<(), sqlx::Error> {
        let dialect = transaction.dialect();
        let rollup: Vec<_> = self.rollup.into_iter().collect();
        for rows in rollup.chunks(ROWS) {
            transaction.on().execute(rollup_statement(dialect, rows)).await?;
        }
        let totals: Vec<_> = self.totals.into_iter().collect();
        for rows in totals.chunks(ROWS) {
            transaction.on().execute(totals_statement(dialect, rows)).await?;
        }
        self.candidates.write(transaction).await?;
        self.sockets.write(transaction).await?;
        self.activity.write(transaction).await?;
        if self.incidents.is_empty() {
            return Ok(());
        }
        // Taking ids keeps others out until the transaction ends, so incidents become visible in the order of their ids.
        let number = u64::try_from(self.incidents.len()).unwrap_or(u64::MAX);
        let first = take_numbers(transaction, INCIDENTS, number).await?;
        let numbered: Vec<_> = (first..).zip(self.incidents).collect();
        for rows in numbered.chunks(ROWS) {
            transaction.on().execute(incidents_statement(dialect, rows)).await?;
        }
        Ok(())
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
    /// Adds the rows of a report. Of requests that were sampled, it says itself how many there were and what they cost.
    fn add_all(&mut self, report: &Report) {
        let is_allowed = |row: &RollupRow| row.key.refused.is_none() && row.key.shadowed.is_none();
        for row in &report.rollup {
            match report.sampling {
                Some(_) if is_allowed(row) => {
                    self.cost_milli_max = self.cost_milli_max.max(row.cost_milli_max)
                }
                Some(_) | None => self.add(row),
            }
        }
        if let Some(sampling) = report.sampling {
            self.requests = self.requests.saturating_add(sampling.requests);
            self.cost_milli_sum = self.cost_milli_sum.saturating_add(sampling.cost_milli_sum);
        }
    }

    fn add(&mut self, row: &RollupRow) {
        self.requests = self.requests.saturating_add(row.count);
        if row.key.refused.is_some() {
            self.refused = self.refused.saturating_add(row.count);
        }
        self.cost_milli_sum = self.cost_milli_sum.saturating_add(row.cost_milli_sum);
        self.cost_milli_max = self.cost_milli_max.max(row.cost_milli_max);
    }
}

fn rollup_statement<'a>(dialect: Dialect, rows: &'a [((u64, &'a RollupKey), Sums)]) -> Statement<'a> {
    let rows = rows.iter().map(|((bucket_ms, key), sums)| -> [Value<'a>; 15] {
        [
            (*bucket_ms).into(),
            (&key.operation).into(),
            key.kind.label().into(),
            (&key.class).into(),
            key.transport.label().into(),
            key.refused.map_or("", |reason| reason.label()).into(),
            key.shadowed.map_or("", |reason| reason.label()).into(),
            sums.requests.into(),
            sums.cost_milli_sum.into(),
            sums.cost_milli_max.into(),
            sums.depth_max.into(),
            sums.fields_sum.into(),
            sums.body_bytes_sum.into(),
            sums.actual_count.into(),
            sums.actual_milli_sum.into(),
        ]
    });
    Statement::insert(
        dialect,
        "rollup (bucket_ms, operation, kind, class, transport, refused, shadowed, requests, cost_milli_sum, \
         cost_milli_max, depth_max, fields_sum, body_bytes_sum, actual_count, actual_milli_sum)",
        rows,
        MERGE_ROLLUP,
    )
}

fn totals_statement<'a>(dialect: Dialect, rows: &[(u64, TotalSums)]) -> Statement<'a> {
    let rows = rows.iter().map(|(bucket_ms, sums)| -> [Value<'a>; 8] {
        [
            (*bucket_ms).into(),
            sums.reports.into(),
            sums.requests.into(),
            sums.refused.into(),
            sums.cost_milli_sum.into(),
            sums.cost_milli_max.into(),
            sums.incidents.into(),
            sums.incidents_dropped.into(),
        ]
    });
    Statement::insert(
        dialect,
        "totals (bucket_ms, reports, requests, refused, cost_milli_sum, cost_milli_max, incidents, incidents_dropped)",
        rows,
        MERGE_TOTALS,
    )
}

fn incidents_statement<'a>(dialect: Dialect, rows: &[(u64, (&'a [u8], &'a Incident))]) -> Statement<'a> {
    let rows = rows.iter().map(|(id, (boot, incident))| -> [Value<'a>; 26] {
        let measured = incident.measured;
        [
            (*id).into(),
            incident.at_ms.into(),
            (*boot).into(),
            (&incident.correlation_id).into(),
            incident.client.as_deref().into(),
            incident.client_key.as_deref().into(),
            incident.class.as_deref().into(),
            incident.reason.label().into(),
            incident.limit.into(),
            incident.actual.into(),
            incident.transport.label().into(),
            incident.kind.label().into(),
            (&incident.operation).into(),
            incident.shape.as_deref().into(),
            incident.document.as_deref().into(),
            measured.map(|measured| measured.tokens).into(),
            measured.map(|measured| measured.depth).into(),
            measured.map(|measured| measured.fields).into(),
            measured.map(|measured| measured.root_fields).into(),
            measured.map(|measured| measured.aliases).into(),
            measured.map(|measured| measured.aliases_per_field).into(),
            measured.map(|measured| measured.directives).into(),
            incident.cost_milli.into(),
            incident.body_bytes.into(),
            incident.shadow.into(),
            (incident.identity == Identity::Authenticated).into(),
        ]
    });
    Statement::insert(
        dialect,
        "incidents (id, at_ms, boot, correlation_id, client, client_key, class, reason, limit_value, actual, transport, \
         kind, operation, shape, document, tokens, depth, fields, root_fields, aliases, aliases_per_field, directives, \
         cost_milli, body_bytes, shadow, authenticated)",
        rows,
        "",
    )
}
