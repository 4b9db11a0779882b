//! What the store forgets: everything beyond its time, and rows beyond their number.
//!
//! Each transaction deletes a bounded number of rows, so that a report never waits long behind a clean-up, and each
//! is that of the one analyzer whose task it is.

use super::fold::WIDEST_MS;
use super::leases::Lease;
use super::number::stored;
use super::sql::sql;
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
    /// Rows of the rollup at most.
    pub(crate) rollup_rows: u64,
}

/// How many rows were forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Expired {
    pub(crate) rollup: u64,
    pub(crate) boots: u64,
    pub(crate) incidents: u64,
}

const OLD_ROLLUP: &str = "DELETE FROM rollup WHERE (bucket_ms, operation, kind, class, transport, refused, shadowed) IN \
     (SELECT bucket_ms, operation, kind, class, transport, refused, shadowed FROM rollup WHERE bucket_ms < $1 LIMIT $2)";
const OLD_TOTALS: &str =
    "DELETE FROM totals WHERE bucket_ms IN (SELECT bucket_ms FROM totals WHERE bucket_ms < $1 LIMIT $2)";
const OLD_CHANGES: &str = "DELETE FROM candidate_changes WHERE (bucket_ms, operation, kind, class, live, candidate) IN \
     (SELECT bucket_ms, operation, kind, class, live, candidate FROM candidate_changes WHERE bucket_ms < $1 LIMIT $2)";
const OLD_CANDIDATES: &str = "DELETE FROM candidate_totals WHERE bucket_ms IN \
     (SELECT bucket_ms FROM candidate_totals WHERE bucket_ms < $1 LIMIT $2)";
const OLD_SOCKETS: &str = "DELETE FROM sockets WHERE (bucket_ms, class, name) IN \
     (SELECT bucket_ms, class, name FROM sockets WHERE bucket_ms < $1 LIMIT $2)";
const OLD_SOCKET_CLIENTS: &str = "DELETE FROM socket_clients WHERE (bucket_ms, client_key, class) IN \
     (SELECT bucket_ms, client_key, class FROM socket_clients WHERE bucket_ms < $1 LIMIT $2)";
const OLD_SOCKET_WORKERS: &str = "DELETE FROM socket_workers WHERE (boot, class) IN \
     (SELECT boot, class FROM socket_workers WHERE at_ms < $1 LIMIT $2)";
/// By when the last report came, not by its window: a report sent again must be known for the whole time.
const OLD_BOOTS: &str =
    "DELETE FROM boots WHERE boot IN (SELECT boot FROM boots WHERE received_ms < $1 LIMIT $2)";
const OLD_INCIDENTS: &str =
    "DELETE FROM incidents WHERE id IN (SELECT id FROM incidents WHERE at_ms < $1 LIMIT $2)";
const EXCESS_INCIDENTS: &str = "DELETE FROM incidents WHERE id IN \
     (SELECT id FROM incidents WHERE id <= (SELECT max(id) FROM incidents) - $1 ORDER BY id LIMIT $2)";
const OLD_ACTIVITY: &str =
    "DELETE FROM activity WHERE id IN (SELECT id FROM activity WHERE at_ms < $1 LIMIT $2)";
const EXCESS_ACTIVITY: &str = "DELETE FROM activity WHERE id IN \
     (SELECT id FROM activity WHERE id <= (SELECT max(id) FROM activity) - $1 ORDER BY id LIMIT $2)";
const OLD_DETECTIONS: &str =
    "DELETE FROM detections WHERE id IN (SELECT id FROM detections WHERE at_ms < $1 LIMIT $2)";
const OLD_REPUTATION: &str = "DELETE FROM reputation WHERE (scope, value) IN \
     (SELECT scope, value FROM reputation WHERE as_of_ms < $1 LIMIT $2)";
const OLD_AUDIT: &str = "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at_ms < $1 LIMIT $2)";
/// The first bucket that is kept, when the oldest rows have to go.
const FIRST_KEPT: &str = "SELECT bucket_ms FROM rollup ORDER BY bucket_ms DESC LIMIT 1 OFFSET $1";

impl Store {
    /// Forgets what is due.
    pub(crate) async fn expire(&self, lease: &Lease, expiry: Expiry) -> Result<Expired, StoreError> {
        let before = stored(expiry.before_ms);
        // A bucket goes when even the last moment of the widest is old enough.
        let begun = stored(expiry.before_ms.saturating_sub(WIDEST_MS));
        let mut rollup = self.delete_all(lease, OLD_ROLLUP, begun).await?;
        let excess = self.readers.row(sql(FIRST_KEPT).bind(expiry.rollup_rows)).await?;
        if let Some(row) = excess {
            // Whole buckets: the one in which the limit is reached goes too.
            let kept = row.int("bucket_ms")?.saturating_add(1);
            rollup = rollup.saturating_add(self.delete_all(lease, OLD_ROLLUP, kept).await?);
        }
        self.delete_all(lease, OLD_TOTALS, begun).await?;
        self.delete_all(lease, OLD_CHANGES, begun).await?;
        self.delete_all(lease, OLD_CANDIDATES, begun).await?;
        self.delete_all(lease, OLD_SOCKETS, begun).await?;
        self.delete_all(lease, OLD_SOCKET_CLIENTS, begun).await?;
        self.delete_all(lease, OLD_SOCKET_WORKERS, before).await?;
        let boots = self.delete_all(lease, OLD_BOOTS, before).await?;
        let old = self.delete_all(lease, OLD_INCIDENTS, before).await?;
        let excess = self.delete_all(lease, EXCESS_INCIDENTS, stored(expiry.incidents)).await?;
        // Of what clients do besides as much is kept as of incidents.
        self.delete_all(lease, EXCESS_ACTIVITY, stored(expiry.incidents)).await?;
        for statement in [OLD_ACTIVITY, OLD_DETECTIONS, OLD_REPUTATION, OLD_AUDIT] {
            self.delete_all(lease, statement, before).await?;
        }
        Ok(Expired { rollup, boots, incidents: old.saturating_add(excess) })
    }

    /// Repeats the statement until it finds no more than one round's rows.
    pub(super) async fn delete_all(
        &self,
        lease: &Lease,
        statement: &'static str,
        border: i64,
    ) -> Result<u64, StoreError> {
        let mut deleted = 0_u64;
        loop {
            let mut transaction = self.fenced(lease).await?;
            let done = transaction.on().execute(sql(statement).bind(border).bind(ROWS)).await?;
            transaction.commit().await?;
            deleted = deleted.saturating_add(done);
            if done < ROWS.unsigned_abs() {
                return Ok(deleted);
            }
        }
    }
}
