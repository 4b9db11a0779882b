//! Metrics that others send: stored all at once or not at all, by series and second.
//!
//! A value of the same series and second takes the place of the one before, so that sending again changes nothing. That
//! holds because what is old enough to be merged is not taken any more.

mod age;
mod question;

pub(crate) use question::{PointRow, SeriesRow};

use super::pool::Transaction;
use super::sql::{Row, Statement, Value, sql};
use super::{Store, StoreError};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Series that are kept at once.
pub(crate) const MOST_SERIES: u64 = 10_000;
/// Rows of one statement; times the columns it stays below SQLite's 32,766 parameters.
const ROWS: usize = 1_000;
/// One value a second is kept of a series.
const SECOND_MS: u64 = 1_000;

/// Names a series: made of its name and labels, so that every analyzer gives it the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SeriesId(u64);

/// A series and what it is said to have been.
#[derive(Clone, Debug)]
pub(crate) struct NewSeries {
    pub(crate) name: String,
    /// As JSON, in the order of their names.
    pub(crate) labels: String,
    /// When, and what.
    pub(crate) points: Vec<(u64, f64)>,
}

/// What became of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    Stored,
    /// There would be more than [`MOST_SERIES`]; nothing was stored.
    TooMany,
}

impl SeriesId {
    fn of(name: &str, labels: &str) -> Self {
        let digest = Sha256::new().chain_update(name).chain_update([0]).chain_update(labels).finalize();
        let number = digest.iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
        // Columns are signed.
        Self(number >> 1)
    }

    /// An id as [`std::fmt::Display`] writes it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_id = text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        u64::from_str_radix(text, 16).ok().filter(|_| is_id).map(Self)
    }
}

impl std::fmt::Display for SeriesId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}

impl From<SeriesId> for Value<'_> {
    fn from(id: SeriesId) -> Self {
        id.0.into()
    }
}

/// What is sent, each series and each of its seconds once: the last value of it.
type Batch<'a> = BTreeMap<SeriesId, (&'a NewSeries, BTreeMap<u64, f64>)>;

impl Store {
    /// Stores the series with their points.
    pub(crate) async fn add_series(&self, sent: &[NewSeries]) -> Result<Taken, StoreError> {
        let batch = merged(sent);
        let mut transaction = self.writer.write().await?;
        if is_too_many(&mut transaction, batch.keys().copied().collect()).await? {
            transaction.rollback().await?;
            return Ok(Taken::TooMany);
        }
        let dialect = transaction.dialect();
        let series: Vec<_> = batch.iter().collect();
        for rows in series.chunks(ROWS) {
            let rows = rows.iter().map(|(id, (series, points))| -> [Value<'_>; 4] {
                let last_ms = points.keys().next_back().copied().unwrap_or_default();
                [(**id).into(), (&series.name).into(), (&series.labels).into(), last_ms.into()]
            });
            let statement = Statement::insert(dialect, "series (id, name, labels, last_ms)", rows, LATER);
            transaction.on().execute(statement).await?;
        }
        let points: Vec<_> =
            batch.iter().flat_map(|(id, (_, points))| points.iter().map(move |it| (*id, it))).collect();
        for rows in points.chunks(ROWS) {
            let rows = rows.iter().map(|(id, (at_ms, value))| -> [Value<'_>; 6] {
                [
                    (*id).into(),
                    (**at_ms).into(),
                    1_i64.into(),
                    (**value).into(),
                    (**value).into(),
                    (**value).into(),
                ]
            });
            let into = "series_points (series, at_ms, points, total, least, most)";
            transaction.on().execute(Statement::insert(dialect, into, rows, REPLACE)).await?;
        }
        transaction.commit().await?;
        Ok(Taken::Stored)
    }
}

const LATER: &str = "ON CONFLICT (id) DO UPDATE SET last_ms = \
     CASE WHEN series.last_ms > excluded.last_ms THEN series.last_ms ELSE excluded.last_ms END";
const REPLACE: &str = "ON CONFLICT (series, at_ms) DO UPDATE SET points = excluded.points, total = excluded.total, \
     least = excluded.least, most = excluded.most";
/// Whoever would add a series waits here for the others who would.
const QUEUE: &str = "INSERT INTO progress (name, upto_ms) VALUES ('series', 0) \
     ON CONFLICT (name) DO UPDATE SET upto_ms = progress.upto_ms";

fn merged(sent: &[NewSeries]) -> Batch<'_> {
    let mut batch = Batch::new();
    for series in sent {
        let id = SeriesId::of(&series.name, &series.labels);
        let (_, points) = batch.entry(id).or_insert_with(|| (series, BTreeMap::new()));
        points.extend(series.points.iter().map(|(at_ms, value)| (second(*at_ms), *value)));
    }
    batch
}

fn second(at_ms: u64) -> u64 {
    at_ms.saturating_sub(at_ms.checked_rem(SECOND_MS).unwrap_or_default())
}

/// Whether those that are not there yet are more than there is room for.
async fn is_too_many(transaction: &mut Transaction, ids: BTreeSet<SeriesId>) -> Result<bool, sqlx::Error> {
    if missing(transaction, &ids).await? == 0 {
        return Ok(false);
    }
    transaction.on().execute(sql(QUEUE)).await?;
    let fresh = missing(transaction, &ids).await?;
    let count = sql("SELECT count(*) AS number FROM series");
    let there = transaction.on().row(count).await?.ok_or(sqlx::Error::RowNotFound)?.amount("number")?;
    Ok(fresh > 0 && there.saturating_add(fresh) > MOST_SERIES)
}

async fn missing(transaction: &mut Transaction, ids: &BTreeSet<SeriesId>) -> Result<u64, sqlx::Error> {
    let ids: Vec<_> = ids.iter().copied().collect();
    let mut missing = 0_u64;
    for ids in ids.chunks(ROWS) {
        let places: Vec<_> = (1..=ids.len()).map(|place| format!("${place}")).collect();
        let text = format!("SELECT count(*) AS number FROM series WHERE id IN ({})", places.join(", "));
        let statement = ids.iter().fold(sql(text), |statement, id| statement.bind(*id));
        let row = transaction.on().row(statement).await?.ok_or(sqlx::Error::RowNotFound)?;
        let known = row.amount("number")?;
        missing = missing.saturating_add(u64::try_from(ids.len()).unwrap_or(u64::MAX).saturating_sub(known));
    }
    Ok(missing)
}

fn series_id(row: &Row) -> Result<SeriesId, sqlx::Error> {
    row.amount("id").map(SeriesId)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_is_written_and_is_of_name_and_labels() {
        let id = SeriesId::of("a", "{}");
        assert_eq!(SeriesId::parse(&id.to_string()), Some(id));
        assert_ne!(id, SeriesId::of("a", "{\"b\":\"c\"}"));
        assert_ne!(SeriesId::of("a", "b"), SeriesId::of("ab", ""));
        for text in ["", "0", "00000000000000000", "000000000000000G", "00000000000000-1", "+000000000000001"]
        {
            assert_eq!(SeriesId::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_last_value_of_a_second_counts() {
        let series =
            |points: Vec<(u64, f64)>| NewSeries { name: "a".to_owned(), labels: "{}".to_owned(), points };
        let sent = [series(vec![(1_000, 1.0), (1_999, 2.0)]), series(vec![(1_500, 3.0), (2_000, 4.0)])];
        let batch = merged(&sent);
        let points: Vec<_> = batch.values().map(|(_, points)| points.clone()).collect();
        assert_eq!(points, [BTreeMap::from([(1_000, 3.0), (2_000, 4.0)])]);
    }
}
