//! Leases: who may do what only one analyzer may do at a time, and proof that it still may.
//!
//! A lease runs out by the clock, so a holder that hangs can believe in one that another has taken. So each write of a
//! holder goes through [`Store::fenced`]: it is stored only while nobody else has taken the lease.

use super::pool::Transaction;
use super::sql::sql;
use super::{Store, StoreError};
use crate::clock::Clock;
use std::time::{Duration, Instant};

/// How often a lease is taken for longer before it would run out.
const RENEWALS: u32 = 5;

/// A lease that was ours when it was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    name: &'static str,
    holder: String,
    fence: i64,
}

impl Store {
    /// Takes the lease, or takes it for longer; nothing when another has it.
    ///
    /// # Errors
    /// The store failed.
    pub async fn take_lease(
        &self,
        name: &'static str,
        holder: &str,
        now_ms: u64,
        time: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        let time_ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let statement = sql("INSERT INTO leases (name, holder, fence, expires_ms) VALUES ($1, $2, 1, $3) \
             ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_ms = excluded.expires_ms, \
             fence = CASE WHEN leases.holder = excluded.holder THEN leases.fence ELSE leases.fence + 1 END \
             WHERE leases.holder = excluded.holder OR leases.expires_ms <= $4 RETURNING fence")
        .bind(name)
        .bind(holder)
        .bind(now_ms.saturating_add(time_ms))
        .bind(now_ms);
        let taken = self.writer.row(statement).await?;
        let fence = taken.map(|row| row.int("fence")).transpose()?;
        Ok(fence.map(|fence| Lease { name, holder: holder.to_owned(), fence }))
    }

    /// Does the work, however long it takes: while it does, the lease is taken for longer again and again. What came of it, and
    /// when the lease was last taken for longer.
    ///
    /// # Errors
    /// Another has taken it, [`StoreError::Fenced`], or the store failed; the work is given up then.
    pub(crate) async fn holding<T>(
        &self,
        lease: &Lease,
        clock: &Clock,
        time: Duration,
        work: impl Future<Output = T>,
    ) -> Result<(T, Instant), StoreError> {
        let mut renewed = Instant::now();
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return Ok((done, renewed)),
                () = tokio::time::sleep(time / RENEWALS) => {}
            }
            let asked = Instant::now();
            match self.take_lease(lease.name, &lease.holder, clock.now_ms(), time).await {
                Ok(Some(again)) if again == *lease => renewed = asked,
                Ok(Some(_) | None) => return Err(StoreError::Fenced),
                // There is time to ask again.
                Err(StoreError::Busy) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Gives back whatever the holder has, so that another need not wait until it runs out.
    ///
    /// # Errors
    /// The store failed.
    pub async fn give_back(&self, holder: &str) -> Result<(), StoreError> {
        self.writer.execute(sql("UPDATE leases SET expires_ms = 0 WHERE holder = $1").bind(holder)).await?;
        Ok(())
    }

    /// A transaction in which nobody can take the lease.
    ///
    /// # Errors
    /// Another has taken it: [`StoreError::Fenced`].
    pub(super) async fn fenced(&self, lease: &Lease) -> Result<Transaction, StoreError> {
        let mut transaction = self.writer.write().await?;
        // Writing what is there already holds the row in both kinds of store.
        let statement = sql("UPDATE leases SET fence = fence WHERE name = $1 AND holder = $2 AND fence = $3")
            .bind(lease.name)
            .bind(&lease.holder)
            .bind(lease.fence);
        if transaction.on().execute(statement).await? == 0 {
            return Err(StoreError::Fenced);
        }
        Ok(transaction)
    }
}
