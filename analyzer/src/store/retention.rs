//! What the store forgets: everything beyond its time, and incidents beyond their number.
//!
//! Each statement deletes a bounded number of rows, so that a report never waits long behind a clean-up.

use super::number::stored;
use super::{Store, StoreError};

/// Rows that one statement deletes at most.
const ROWS: i64 = 2_000;

/// What is to be kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expiry {
    /// Nothing older, in milliseconds since the Unix epoch.
    pub(crate) before_ms: u64,
    /// Incidents at most.
    pub(crate) incidents: u64,
}

/// How many rows were forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Expired {
    pub(crate) rollup: u64,
    pub(crate) reports: u64,
    pub(crate) incidents: u64,
}

impl Store {
    /// Forgets what is due.
    pub(crate) async fn expire(&self, expiry: Expiry) -> Result<Expired, StoreError> {
        let before = stored(expiry.before_ms);
        let rollup = self.delete_all(
            "DELETE FROM rollup WHERE (bucket_ms, operation, kind, class, transport, refused) IN \
             (SELECT bucket_ms, operation, kind, class, transport, refused FROM rollup WHERE bucket_ms < ? LIMIT ?)",
            before,
        );
        let rollup = rollup.await?;
        self.delete_all(
            "DELETE FROM totals WHERE bucket_ms IN (SELECT bucket_ms FROM totals WHERE bucket_ms < ? LIMIT ?)",
            before,
        )
        .await?;
        self.delete_all(
            "DELETE FROM candidate_changes WHERE (bucket_ms, operation, kind, class, live, candidate) IN \
             (SELECT bucket_ms, operation, kind, class, live, candidate FROM candidate_changes \
             WHERE bucket_ms < ? LIMIT ?)",
            before,
        )
        .await?;
        self.delete_all(
            "DELETE FROM candidate_totals WHERE bucket_ms IN \
             (SELECT bucket_ms FROM candidate_totals WHERE bucket_ms < ? LIMIT ?)",
            before,
        )
        .await?;
        // By when they came, not by their window: a report sent again must be known for the whole time.
        let reports = self.delete_all(
            "DELETE FROM reports WHERE (boot, sequence) IN \
             (SELECT boot, sequence FROM reports WHERE received_ms < ? LIMIT ?)",
            before,
        );
        let reports = reports.await?;
        let old = self.delete_all(
            "DELETE FROM incidents WHERE id IN (SELECT id FROM incidents WHERE at_ms < ? LIMIT ?)",
            before,
        );
        let old = old.await?;
        let excess = self.delete_all(
            "DELETE FROM incidents WHERE id IN \
             (SELECT id FROM incidents WHERE id <= (SELECT max(id) FROM incidents) - ? ORDER BY id LIMIT ?)",
            stored(expiry.incidents),
        );
        Ok(Expired { rollup, reports, incidents: old.saturating_add(excess.await?) })
    }

    /// Repeats the statement until it finds no more than one round's rows.
    async fn delete_all(&self, statement: &'static str, border: i64) -> Result<u64, StoreError> {
        let mut deleted = 0_u64;
        loop {
            let done = sqlx::query(statement).bind(border).bind(ROWS).execute(&self.writer).await?;
            deleted = deleted.saturating_add(done.rows_affected());
            if done.rows_affected() < ROWS.unsigned_abs() {
                return Ok(deleted);
            }
        }
    }
}
