//! What single clients did beside what was refused: merged into the store, and out of it in the order in which it was stored.

use super::decisions::take_numbers;
use super::pool::Transaction;
use super::sql::{Row, Statement, Value, sql};
use super::{Store, StoreError};
use portcullis_report::{ClientRow, Failure, Identity, Report};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Rows of one statement.
const ROWS: usize = 1_000;
/// The name under which rows take their ids.
const ACTIVITY: &str = "activity";
/// Kinds of errors that are told apart in one row.
const KINDS: usize = 64;

/// What one client did, and its place in the order of all.
#[derive(Debug)]
pub(crate) struct Active {
    pub(crate) id: u64,
    pub(crate) at_ms: u64,
    pub(crate) told: ClientRow,
}

/// An authenticated user, and where and when it was last.
#[derive(Debug)]
pub(crate) struct Met {
    pub(crate) address: IpAddr,
    pub(crate) key: u128,
    pub(crate) at_ms: u64,
}

/// What several reports come to.
#[derive(Default)]
pub(super) struct ActivityBatch<'a> {
    clients: BTreeMap<(&'a str, Option<&'a str>, &'a str), (u64, ClientRow)>,
}

impl<'a> ActivityBatch<'a> {
    pub(super) fn add(&mut self, report: &'a Report) {
        for row in report.clients.iter().flat_map(|clients| &clients.rows) {
            let place = (row.client_key.as_str(), row.client.as_deref(), row.class.as_str());
            match self.clients.get_mut(&place) {
                Some((at_ms, known)) => {
                    *at_ms = report.to_ms.max(*at_ms);
                    merge(known, row);
                }
                None => drop(self.clients.insert(place, (report.to_ms, row.clone()))),
            }
        }
    }

    pub(super) async fn write(self, transaction: &mut Transaction) -> Result<(), sqlx::Error> {
        if self.clients.is_empty() {
            return Ok(());
        }
        let dialect = transaction.dialect();
        let number = u64::try_from(self.clients.len()).unwrap_or(u64::MAX);
        let first = take_numbers(transaction, ACTIVITY, number).await?;
        let told = |row: &ClientRow| serde_json::to_string(row).unwrap_or_default();
        let all: Vec<_> = (first..)
            .zip(self.clients.values())
            .map(|(id, (at_ms, row))| (id, *at_ms, row, told(row)))
            .collect();
        for rows in all.chunks(ROWS) {
            let rows = rows.iter().map(|(id, at_ms, row, told)| -> [Value<'_>; 6] {
                [
                    (*id).into(),
                    (*at_ms).into(),
                    row.client.as_deref().into(),
                    (&row.client_key).into(),
                    (row.identity == Identity::Authenticated).into(),
                    told.into(),
                ]
            });
            let into = "activity (id, at_ms, client, client_key, authenticated, told)";
            transaction.on().execute(Statement::insert(dialect, into, rows, "")).await?;
        }
        Ok(())
    }
}

/// Adds what the same client did besides.
fn merge(known: &mut ClientRow, row: &ClientRow) {
    let add = |sum: &mut u64, part: u64| *sum = sum.saturating_add(part);
    row.allowed.iter().for_each(|(kind, count)| add(known.allowed.entry(*kind).or_default(), *count));
    row.statuses.iter().for_each(|(class, count)| add(known.statuses.entry(*class).or_default(), *count));
    add(&mut known.sensitive, row.sensitive);
    add(&mut known.unfinished, row.unfinished);
    add(&mut known.suggestions, row.suggestions);
    add(&mut known.failures_merged, row.failures_merged);
    // Whoever is authenticated once is who it is.
    known.identity = known.identity.max(row.identity);
    known.correlation_id.clone_from(&row.correlation_id);
    for failure in &row.failures {
        let alike = |one: &&mut Failure| {
            (&one.code, one.kind, &one.operation, &one.shape)
                == (&failure.code, failure.kind, &failure.operation, &failure.shape)
        };
        if let Some(one) = known.failures.iter_mut().find(alike) {
            add(&mut one.count, failure.count);
        } else if known.failures.len() < KINDS {
            known.failures.push(failure.clone());
        } else {
            add(&mut known.failures_merged, failure.count);
        }
    }
}

impl Store {
    /// What is next after that place.
    pub(crate) async fn activity_after(&self, cursor: u64, most: u32) -> Result<Vec<Active>, StoreError> {
        let text = "SELECT id, at_ms, told FROM activity WHERE id > $1 ORDER BY id LIMIT $2";
        let rows = self.work.rows(sql(text).bind(cursor).bind(most)).await?;
        Ok(rows.iter().map(active).collect::<Result<_, _>>()?)
    }

    /// The latest up to that place, from that moment on, in their order.
    pub(crate) async fn activity_before(
        &self,
        cursor: u64,
        since_ms: u64,
        most: u32,
    ) -> Result<Vec<Active>, StoreError> {
        let text =
            "SELECT id, at_ms, told FROM activity WHERE id <= $1 AND at_ms >= $2 ORDER BY id DESC LIMIT $3";
        let rows = self.work.rows(sql(text).bind(cursor).bind(since_ms).bind(most)).await?;
        Ok(rows.iter().rev().map(active).collect::<Result<_, _>>()?)
    }

    /// The authenticated users of each address since that moment, up to that place.
    pub(crate) async fn users(&self, cursor: u64, since_ms: u64, most: u32) -> Result<Vec<Met>, StoreError> {
        let text = "SELECT client, client_key, max(at_ms) AS at_ms FROM activity WHERE authenticated = 1 \
             AND client IS NOT NULL AND id <= $1 AND at_ms >= $2 GROUP BY client, client_key \
             ORDER BY at_ms DESC LIMIT $3";
        let rows = self.work.rows(sql(text).bind(cursor).bind(since_ms).bind(most)).await?;
        // The latest count where there are too many; of those, the latest come last.
        Ok(rows.iter().rev().map(met).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }
}

/// What a later version wrote, and this one cannot read, says nothing.
fn active(row: &Row) -> Result<Active, sqlx::Error> {
    let told = serde_json::from_str(&row.text("told")?).unwrap_or_default();
    Ok(Active { id: row.amount("id")?, at_ms: row.amount("at_ms")?, told })
}

fn met(row: &Row) -> Result<Option<Met>, sqlx::Error> {
    let (client, key) = (row.text("client")?, row.text("client_key")?);
    let at_ms = row.amount("at_ms")?;
    let known = client.parse().ok().zip(u128::from_str_radix(&key, 16).ok());
    Ok(known.map(|(address, key)| Met { address, key, at_ms }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_report::OperationKind;

    fn row(codes: std::ops::Range<usize>) -> ClientRow {
        let failure = |code: usize| Failure {
            code: format!("C{code}"),
            kind: OperationKind::Query,
            operation: "Q".to_owned(),
            shape: None,
            sensitive: 0,
            count: 2,
            correlation_id: "c".to_owned(),
        };
        ClientRow {
            allowed: [(OperationKind::Query, 3)].into(),
            unfinished: 1,
            failures: codes.map(failure).collect(),
            ..ClientRow::default()
        }
    }

    #[test]
    fn what_a_client_did_is_added_up_within_bounds() {
        let mut known = row(0..2);
        merge(&mut known, &ClientRow { identity: Identity::Authenticated, ..row(1..3) });
        assert_eq!((known.allowed[&OperationKind::Query], known.unfinished), (6, 2));
        assert_eq!(known.failures.iter().map(|one| one.count).collect::<Vec<_>>(), [2, 4, 2]);
        assert_eq!(known.identity, Identity::Authenticated);
        merge(&mut known, &row(10..110));
        assert_eq!((known.failures.len(), known.failures_merged), (KINDS, 2 * (103 - 64)));
    }
}
