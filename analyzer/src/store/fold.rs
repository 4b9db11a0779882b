//! Downsampling: the older, the coarser. Rows of 10 seconds become rows of a minute, and those of five minutes.
//!
//! A report that comes late is put where the rows of its time are to end up, so that what has been merged stays so.

use super::leases::Lease;
use super::merge::{
    MERGE_CANDIDATES, MERGE_CHANGES, MERGE_ROLLUP, MERGE_SOCKET_CLIENTS, MERGE_SOCKETS, MERGE_TOTALS,
};
use super::pool::Transaction;
use super::sql::sql;
use super::{Store, StoreError};

/// Milliseconds of the finest bucket.
pub const BUCKET_MS: u64 = 10_000;

/// Milliseconds of the coarsest bucket.
pub(super) const WIDEST_MS: u64 = 300_000;

/// What is older than so many milliseconds is kept in buckets of so many.
pub(super) const STEPS: [(&str, u64, u64); 2] =
    [("fold_1m", 2 * 3_600_000, 60_000), ("fold_5m", 48 * 3_600_000, WIDEST_MS)];

/// How much later than a bucket's time it is merged: analyzers' clocks may differ by this much.
pub(super) const SLACK_MS: u64 = 600_000;

/// Merged buckets of one run at most; the rest waits for the next.
pub(super) const BUCKETS: u32 = 2_000;

/// The start of the bucket of that moment, for something of that age.
pub(super) fn bucket(at_ms: u64, age_ms: u64) -> u64 {
    floor(at_ms, width(age_ms))
}

/// The start of the bucket in which a window begins, as of `now_ms`.
pub(crate) fn window_start(at_ms: u64, now_ms: u64) -> u64 {
    bucket(at_ms, now_ms.saturating_sub(at_ms))
}

fn width(age_ms: u64) -> u64 {
    STEPS.iter().rev().find(|(_, after_ms, _)| age_ms >= *after_ms).map_or(BUCKET_MS, |(.., width)| *width)
}

pub(super) fn floor(at_ms: u64, width: u64) -> u64 {
    at_ms.saturating_sub(at_ms.checked_rem(width).unwrap_or_default())
}

impl Store {
    /// Merges what has become old enough; the number of buckets that are gone.
    ///
    /// # Errors
    /// The store failed, or another has taken the lease: [`StoreError::Fenced`].
    pub async fn fold(&self, lease: &Lease, now_ms: u64) -> Result<u64, StoreError> {
        let mut folded = 0_u64;
        for (name, after_ms, width) in STEPS {
            let horizon = floor(now_ms.saturating_sub(after_ms).saturating_sub(SLACK_MS), width);
            for _ in 0..BUCKETS {
                let mut transaction = self.fenced(lease).await?;
                let merged = step(&mut transaction, name, width, horizon).await?;
                transaction.commit().await?;
                let Some(merged) = merged else { break };
                folded = folded.saturating_add(merged);
            }
        }
        Ok(folded)
    }
}

/// Merges the next bucket; none when there is nothing more to merge before the horizon.
async fn step(
    transaction: &mut Transaction,
    name: &str,
    width: u64,
    horizon: u64,
) -> Result<Option<u64>, sqlx::Error> {
    let progress = sql("SELECT upto_ms FROM progress WHERE name = $1").bind(name);
    let from = transaction.on().row(progress).await?.map(|row| row.amount("upto_ms")).transpose()?;
    let next = sql("SELECT bucket_ms FROM totals WHERE bucket_ms >= $1 AND bucket_ms < $2 \
         AND bucket_ms % $3 <> 0 ORDER BY bucket_ms LIMIT 1")
    .bind(from.unwrap_or_default())
    .bind(horizon)
    .bind(width);
    let Some(row) = transaction.on().row(next).await? else {
        reached(transaction, name, horizon).await?;
        return Ok(None);
    };
    let start = floor(row.amount("bucket_ms")?, width);
    let end = start.saturating_add(width);
    let mut merged = 0_u64;
    // Bucket by bucket: within one no two rows have the same key, so the statement meets each row once.
    for bucket in (start..end).step_by(usize::try_from(BUCKET_MS).unwrap_or(usize::MAX)).skip(1) {
        for (table, columns, on_conflict) in TABLES {
            let text = format!(
                "INSERT INTO {table} (bucket_ms, {columns}) SELECT CAST($1 AS BIGINT), {columns} FROM {table} \
                 WHERE bucket_ms = $2 {on_conflict}"
            );
            let insert = sql(text).bind(start).bind(bucket);
            if transaction.on().execute(insert).await? > 0 {
                let delete = format!("DELETE FROM {table} WHERE bucket_ms = $1");
                transaction.on().execute(sql(delete).bind(bucket)).await?;
                merged = merged.saturating_add(1);
            }
        }
    }
    reached(transaction, name, end).await?;
    Ok(Some(merged))
}

const TABLES: [(&str, &str, &str); 6] = [
    (
        "rollup",
        "operation, kind, class, transport, refused, shadowed, requests, cost_milli_sum, cost_milli_max, depth_max, \
         fields_sum, body_bytes_sum, actual_count, actual_milli_sum",
        MERGE_ROLLUP,
    ),
    ("sockets", "class, name, amount", MERGE_SOCKETS),
    ("socket_clients", "client_key, class, attempts, rejected, messages, bytes", MERGE_SOCKET_CLIENTS),
    (
        "candidate_changes",
        "operation, kind, class, live, candidate, requests, correlation_id, document",
        MERGE_CHANGES,
    ),
    ("candidate_totals", "judged, undecided, dropped", MERGE_CANDIDATES),
    (
        "totals",
        "reports, requests, refused, cost_milli_sum, cost_milli_max, incidents, incidents_dropped",
        MERGE_TOTALS,
    ),
];

pub(super) async fn reached(
    transaction: &mut Transaction,
    name: &str,
    upto_ms: u64,
) -> Result<(), sqlx::Error> {
    let statement = sql("INSERT INTO progress (name, upto_ms) VALUES ($1, $2) \
         ON CONFLICT (name) DO UPDATE SET upto_ms = excluded.upto_ms WHERE progress.upto_ms < excluded.upto_ms")
    .bind(name)
    .bind(upto_ms);
    transaction.on().execute(statement).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_older_the_coarser() {
        let check = |at_ms: u64, age_ms: u64, expected: u64| assert_eq!(bucket(at_ms, age_ms), expected);
        let at = 1_699_999_999_999;
        check(at, 0, 1_699_999_990_000);
        check(at, 7_199_999, 1_699_999_990_000);
        check(at, 7_200_000, 1_699_999_980_000);
        check(at, 172_799_999, 1_699_999_980_000);
        check(at, 172_800_000, 1_699_999_800_000);
        check(at, u64::MAX, 1_699_999_800_000);
        check(5, u64::MAX, 0);
    }

    #[test]
    fn coarser_buckets_begin_with_a_finer_one() {
        let widths: Vec<_> =
            std::iter::once(BUCKET_MS).chain(STEPS.iter().map(|(.., width)| *width)).collect();
        assert!(widths.windows(2).all(|pair| pair[1] % pair[0] == 0), "{widths:?}");
    }
}
