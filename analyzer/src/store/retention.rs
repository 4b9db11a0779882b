//! What the store forgets: everything beyond its time, and rows beyond their number.
//!
//! Each transaction deletes a bounded number of rows, so that a report never waits long behind a clean-up, and each
//! is that of the one analyzer whose task it is. Every table that grows by what others send has a number.

use super::fold::WIDEST_MS;
use super::leases::Lease;
use super::number::stored;
use super::sql::{Value, sql};
use super::{Store, StoreError};
use std::borrow::Cow;

/// Rows that one statement deletes at most.
const ROWS: i64 = 2_000;

/// What is to be kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expiry {
    /// Nothing older, in milliseconds since the Unix epoch.
    pub(crate) before_ms: u64,
    /// Incidents at most; as many detections, and rows of what clients did besides.
    pub(crate) incidents: u64,
    /// Rows of the rollup at most, and of every other table but those of incidents.
    pub(crate) rows: u64,
}

/// How a table forgets.
struct Rule {
    table: &'static str,
    key: &'static str,
    /// When a row is from.
    time: &'static str,
    excess: Excess,
}

/// Which rows go first when there are too many.
#[derive(Clone, Copy)]
enum Excess {
    /// There is a row for each bucket of the time that is kept.
    None,
    /// Those with the lowest ids, which grow without large gaps.
    Ids,
    /// Those with the lowest value of that column, of which there is an index; all with the same value go together.
    Lowest(&'static str),
}

/// The time of what is merged by buckets.
const BUCKET: &str = "bucket_ms";

/// A report that is sent again must be known for the whole time, so boots go by when the last report came, not by its window.
const RULES: [Rule; 13] = [
    rule(
        "rollup",
        "bucket_ms, operation, kind, class, transport, refused, shadowed",
        BUCKET,
        Excess::Lowest(BUCKET),
    ),
    rule("totals", BUCKET, BUCKET, Excess::None),
    rule(
        "candidate_changes",
        "bucket_ms, operation, kind, class, live, candidate",
        BUCKET,
        Excess::Lowest(BUCKET),
    ),
    rule("candidate_totals", BUCKET, BUCKET, Excess::None),
    rule("sockets", "bucket_ms, class, name", BUCKET, Excess::Lowest(BUCKET)),
    rule("socket_clients", "bucket_ms, client_key, class", BUCKET, Excess::Lowest(BUCKET)),
    rule("socket_workers", "boot, class", "at_ms", Excess::Lowest("at_ms")),
    rule("boots", "boot", "received_ms", Excess::Lowest("received_ms")),
    rule("incidents", "id", "at_ms", Excess::Ids),
    rule("activity", "id", "at_ms", Excess::Ids),
    rule("detections", "id", "at_ms", Excess::Ids),
    rule("reputation", "scope, value", "as_of_ms", Excess::Lowest("rank")),
    rule("audit", "id", "at_ms", Excess::Ids),
];

const fn rule(table: &'static str, key: &'static str, time: &'static str, excess: Excess) -> Rule {
    Rule { table, key, time, excess }
}

impl Rule {
    fn delete(&self, condition: &str) -> String {
        delete(self.table, self.key, condition)
    }

    /// Of what engines look through in its order there may be less than of the rest.
    fn most(&self, expiry: Expiry) -> u64 {
        match self.table {
            "incidents" | "activity" | "detections" => expiry.incidents,
            _ => expiry.rows,
        }
    }
}

fn delete(table: &str, key: &str, condition: &str) -> String {
    format!("DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {condition} LIMIT $2)")
}

impl Store {
    /// Forgets what is due; how many rows that were. Where one table fails the others are cleaned up all the same.
    pub(crate) async fn expire(&self, lease: &Lease, expiry: Expiry) -> Result<u64, StoreError> {
        let (mut gone, mut failure) = (0_u64, None);
        for rule in &RULES {
            match self.expire_table(lease, rule, expiry).await {
                Ok(rows) => gone = gone.saturating_add(rows),
                Err(error @ (StoreError::Fenced | StoreError::Closed)) => return Err(error),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        failure.map_or(Ok(gone), Err)
    }

    async fn expire_table(&self, lease: &Lease, rule: &Rule, expiry: Expiry) -> Result<u64, StoreError> {
        // A bucket goes when even the last moment of the widest is old enough.
        let width = if rule.time == BUCKET { WIDEST_MS } else { 0 };
        let before = stored(expiry.before_ms.saturating_sub(width));
        let old = self.delete_all(lease, rule.delete(&format!("{} < $1", rule.time)), before).await?;
        let most = rule.most(expiry);
        let excess = match rule.excess {
            Excess::None => 0,
            Excess::Ids => {
                let beyond = format!("id <= (SELECT max(id) FROM {}) - $1", rule.table);
                self.delete_all(lease, rule.delete(&beyond), stored(most)).await?
            }
            Excess::Lowest(order) => self.delete_beyond(lease, rule.table, rule.key, order, most).await?,
        };
        Ok(old.saturating_add(excess))
    }

    /// Deletes the rows with the lowest values of the column, so that not more than so many are left; those with the highest
    /// stay whatever their number is.
    pub(super) async fn delete_beyond(
        &self,
        lease: &Lease,
        table: &str,
        key: &str,
        order: &str,
        most: u64,
    ) -> Result<u64, StoreError> {
        let border = format!("SELECT {order} AS border FROM {table} ORDER BY {order} DESC LIMIT 1 OFFSET $1");
        let Some(row) = self.work.row(sql(border).bind(most)).await? else { return Ok(0) };
        let border = row.int("border").map(Value::from).or_else(|_| row.float("border").map(Value::from))?;
        let beyond = format!("{order} <= $1 AND {order} < (SELECT max({order}) FROM {table})");
        self.delete_all(lease, delete(table, key, &beyond), border).await
    }

    /// Repeats the statement until it finds no more than one round's rows.
    pub(super) async fn delete_all(
        &self,
        lease: &Lease,
        statement: impl Into<Cow<'static, str>>,
        border: impl Into<Value<'static>>,
    ) -> Result<u64, StoreError> {
        let (statement, border) = (statement.into(), border.into());
        let mut deleted = 0_u64;
        loop {
            let mut transaction = self.fenced(lease).await?;
            let done = transaction.on().execute(sql(statement.clone()).bind(border).bind(ROWS)).await?;
            transaction.commit().await?;
            deleted = deleted.saturating_add(done);
            if done < ROWS.unsigned_abs() {
                return Ok(deleted);
            }
        }
    }
}
