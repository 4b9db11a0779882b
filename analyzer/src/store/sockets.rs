//! WebSockets: what reports say of them into the store, merged by bucket.
//!
//! Everything that is counted is a name and an amount, so that another count takes no other table. How many sockets are open
//! is no sum: the last word of each worker counts, for as long as it is believed.

mod names;
mod questions;

pub(crate) use names::Count;
pub(crate) use questions::{Point, SocketClientRow, Sockets};

use super::merge::{MERGE_SOCKET_CLIENTS, MERGE_SOCKETS};
use super::pool::Transaction;
use super::sql::{Dialect, Statement, Value};
use portcullis_report::{Report, SocketClient, SocketRow};
use std::collections::BTreeMap;

/// Rows of one statement.
const ROWS: usize = 1_000;

/// A worker by its boot, and a class of its clients.
type Worker<'a> = (&'a [u8], &'a str);

/// What several reports come to.
#[derive(Default)]
pub(super) struct SocketBatch<'a> {
    sums: BTreeMap<(u64, &'a str, String), u64>,
    clients: BTreeMap<(u64, &'a str, &'a str), SocketClient>,
    workers: BTreeMap<Worker<'a>, (u64, u64)>,
}

impl<'a> SocketBatch<'a> {
    /// Adds what a report says, whose window ends at that moment and belongs to that bucket.
    pub(super) fn add(&mut self, bucket_ms: u64, report: &'a Report) {
        let Some(sockets) = &report.sockets else { return };
        let boot = report.boot.0.as_bytes().as_slice();
        for row in &sockets.rows {
            for (count, amount) in counts(row) {
                let sum = self.sums.entry((bucket_ms, &row.class, count.name())).or_default();
                *sum = sum.saturating_add(amount);
            }
            let last = self.workers.entry((boot, &row.class)).or_default();
            *last = (*last).max((report.to_ms, row.active));
        }
        for client in &sockets.clients {
            let sum = self.clients.entry((bucket_ms, &client.client_key, &client.class)).or_default();
            sum.attempts = sum.attempts.saturating_add(client.attempts);
            sum.rejected = sum.rejected.saturating_add(client.rejected);
            sum.messages = sum.messages.saturating_add(client.messages);
            sum.bytes = sum.bytes.saturating_add(client.bytes);
        }
    }

    pub(super) async fn write(self, transaction: &mut Transaction) -> Result<(), sqlx::Error> {
        let dialect = transaction.dialect();
        let sums: Vec<_> = self.sums.into_iter().collect();
        for rows in sums.chunks(ROWS) {
            transaction.on().execute(sums_statement(dialect, rows)).await?;
        }
        let clients: Vec<_> = self.clients.into_iter().collect();
        for rows in clients.chunks(ROWS) {
            transaction.on().execute(clients_statement(dialect, rows)).await?;
        }
        let workers: Vec<_> = self.workers.into_iter().collect();
        for rows in workers.chunks(ROWS) {
            transaction.on().execute(workers_statement(dialect, rows)).await?;
        }
        Ok(())
    }
}

/// Everything that is counted in a row, without what there was none of.
fn counts(row: &SocketRow) -> Vec<(Count, u64)> {
    let mut all = vec![
        (Count::Opened, row.opened),
        (Count::Failed, row.failed),
        (Count::ClientMessages, row.from_clients.messages),
        (Count::ClientBytes, row.from_clients.bytes),
        (Count::ServerMessages, row.from_servers.messages),
        (Count::ServerBytes, row.from_servers.bytes),
        (Count::Operations, row.operations),
        (Count::OperationsRefused, row.operations_refused),
        (Count::DurationSum, row.duration_ms.sum),
        (Count::MessagesSum, row.messages.sum),
    ];
    all.extend(row.refused.iter().map(|(reason, count)| (Count::Refused(*reason), *count)));
    all.extend(row.rejected.iter().map(|(reason, count)| (Count::Rejected(*reason), *count)));
    all.extend(row.closes.iter().map(|(code, count)| (Count::Closed(*code), *count)));
    let places = |counts: &[u64]| counts.iter().copied().enumerate().collect::<Vec<_>>();
    all.extend(
        places(&row.duration_ms.counts).into_iter().map(|(place, count)| (Count::Duration(place), count)),
    );
    all.extend(
        places(&row.messages.counts).into_iter().map(|(place, count)| (Count::Messages(place), count)),
    );
    all.retain(|(_, amount)| *amount > 0);
    all
}

fn sums_statement<'a>(dialect: Dialect, rows: &'a [((u64, &'a str, String), u64)]) -> Statement<'a> {
    let rows = rows.iter().map(|((bucket_ms, class, name), amount)| -> [Value<'a>; 4] {
        [(*bucket_ms).into(), (*class).into(), name.into(), (*amount).into()]
    });
    Statement::insert(dialect, "sockets (bucket_ms, class, name, amount)", rows, MERGE_SOCKETS)
}

fn clients_statement<'a>(
    dialect: Dialect,
    rows: &'a [((u64, &'a str, &'a str), SocketClient)],
) -> Statement<'a> {
    let rows = rows.iter().map(|((bucket_ms, key, class), sum)| -> [Value<'a>; 7] {
        [
            (*bucket_ms).into(),
            (*key).into(),
            (*class).into(),
            sum.attempts.into(),
            sum.rejected.into(),
            sum.messages.into(),
            sum.bytes.into(),
        ]
    });
    let into = "socket_clients (bucket_ms, client_key, class, attempts, rejected, messages, bytes)";
    Statement::insert(dialect, into, rows, MERGE_SOCKET_CLIENTS)
}

fn workers_statement<'a>(dialect: Dialect, rows: &[(Worker<'a>, (u64, u64))]) -> Statement<'a> {
    let rows = rows.iter().map(|((boot, class), (at_ms, active))| -> [Value<'a>; 4] {
        [(*boot).into(), (*class).into(), (*active).into(), (*at_ms).into()]
    });
    // What comes late does not take the place of what was said after it.
    let on_conflict = "ON CONFLICT (boot, class) DO UPDATE SET active = excluded.active, at_ms = excluded.at_ms \
                       WHERE socket_workers.at_ms <= excluded.at_ms";
    Statement::insert(dialect, "socket_workers (boot, class, active, at_ms)", rows, on_conflict)
}
