//! What becomes of series with age: seconds become minutes, those five minutes, and in the end nothing.

use crate::store::fold::{BUCKETS, SLACK_MS, STEPS, WIDEST_MS, floor, reached};
use crate::store::leases::Lease;
use crate::store::number::stored;
use crate::store::pool::Transaction;
use crate::store::sql::sql;
use crate::store::{Expiry, Store, StoreError};

/// Series that one transaction merges the points of.
const SERIES: u32 = 500;

/// What the progress of each step of downsampling is called.
const PROGRESS: [&str; 2] = ["series_1m", "series_5m"];

const OLD_POINTS: &str = "DELETE FROM series_points WHERE (series, at_ms) IN \
     (SELECT series, at_ms FROM series_points WHERE at_ms < $1 LIMIT $2)";
const OLD_SERIES: &str = "DELETE FROM series WHERE id IN (SELECT id FROM series WHERE last_ms < $1 LIMIT $2)";

const MERGE: &str = "INSERT INTO series_points (series, at_ms, points, total, least, most) \
     SELECT series, CAST($1 AS BIGINT), CAST(sum(points) AS BIGINT), sum(total), min(least), max(most) FROM series_points \
     WHERE at_ms > $2 AND at_ms < $3 AND series BETWEEN $4 AND $5 GROUP BY series \
     ON CONFLICT (series, at_ms) DO UPDATE SET points = series_points.points + excluded.points, \
     total = series_points.total + excluded.total, \
     least = CASE WHEN series_points.least < excluded.least THEN series_points.least ELSE excluded.least END, \
     most = CASE WHEN series_points.most > excluded.most THEN series_points.most ELSE excluded.most END";

impl Store {
    /// Merges the points that have become old enough; how many rows are gone.
    ///
    /// # Errors
    /// The store failed, or another has taken the lease: [`StoreError::Fenced`].
    pub async fn fold_series(&self, lease: &Lease, now_ms: u64) -> Result<u64, StoreError> {
        let mut gone = 0_u64;
        for ((_, after_ms, width), name) in STEPS.into_iter().zip(PROGRESS) {
            let horizon = floor(now_ms.saturating_sub(after_ms).saturating_sub(SLACK_MS), width);
            for _ in 0..BUCKETS {
                let mut transaction = self.fenced(lease).await?;
                let merged = step(&mut transaction, name, width, horizon).await?;
                transaction.commit().await?;
                let Some(merged) = merged else { break };
                gone = gone.saturating_add(merged);
            }
        }
        Ok(gone)
    }

    /// Forgets points and series beyond their time, and the oldest points beyond their number.
    pub(crate) async fn forget_series(&self, lease: &Lease, expiry: Expiry) -> Result<u64, StoreError> {
        let before = stored(expiry.before_ms);
        let begun = stored(expiry.before_ms.saturating_sub(WIDEST_MS));
        let old = self.delete_all(lease, OLD_POINTS, begun).await?;
        let beyond =
            self.delete_beyond(lease, "series_points", "series, at_ms", "at_ms", expiry.rows).await?;
        self.delete_all(lease, OLD_SERIES, before.min(begun)).await?;
        Ok(old.saturating_add(beyond))
    }
}

/// Merges some series of the next bucket; none when there is nothing more to merge before the horizon.
async fn step(
    transaction: &mut Transaction,
    name: &str,
    width: u64,
    horizon: u64,
) -> Result<Option<u64>, sqlx::Error> {
    let progress = sql("SELECT upto_ms FROM progress WHERE name = $1").bind(name);
    let from = transaction.on().row(progress).await?.map(|row| row.amount("upto_ms")).transpose()?;
    let next = sql("SELECT at_ms FROM series_points WHERE at_ms >= $1 AND at_ms < $2 AND at_ms % $3 <> 0 \
         ORDER BY at_ms LIMIT 1")
    .bind(from.unwrap_or_default())
    .bind(horizon)
    .bind(width);
    let Some(row) = transaction.on().row(next).await? else {
        reached(transaction, name, horizon).await?;
        return Ok(None);
    };
    let start = floor(row.amount("at_ms")?, width);
    let end = start.saturating_add(width);
    let some = sql(
        "SELECT min(series) AS first, max(series) AS last FROM (SELECT DISTINCT series FROM series_points \
         WHERE at_ms > $1 AND at_ms < $2 ORDER BY series LIMIT $3) AS part",
    )
    .bind(start)
    .bind(end)
    .bind(SERIES);
    let some = transaction.on().row(some).await?.ok_or(sqlx::Error::RowNotFound)?;
    let (first, last) = (some.int("first")?, some.int("last")?);
    let merge = sql(MERGE).bind(start).bind(start).bind(end).bind(first).bind(last);
    transaction.on().execute(merge).await?;
    let delete =
        sql("DELETE FROM series_points WHERE at_ms > $1 AND at_ms < $2 AND series BETWEEN $3 AND $4")
            .bind(start)
            .bind(end)
            .bind(first)
            .bind(last);
    let gone = transaction.on().execute(delete).await?;
    // What is left of this bucket is found again; everything before it is done.
    reached(transaction, name, start).await?;
    Ok(Some(gone))
}
