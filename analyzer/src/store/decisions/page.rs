//! What is new since a revision, or everything: page by page for edges, and at once for bouncers.

use super::{COLUMNS, Kept, REVISION, kept};
use crate::store::pool::Transaction;
use crate::store::sql::sql;
use crate::store::{Store, StoreError};
use portcullis_report::DecisionBounds;

/// What is new since some revision, as far as one page holds it.
#[derive(Debug)]
pub(crate) struct Page {
    /// Of the last change in it; of the store, where nothing follows.
    pub(crate) revision: u64,
    pub(crate) full: bool,
    pub(crate) more: bool,
    /// Whatever changed, in order; also what holds no longer.
    pub(crate) changes: Vec<Kept>,
}

/// What a bouncer has not been told.
#[derive(Debug)]
pub(crate) struct Pull {
    pub(crate) new: Vec<Kept>,
    pub(crate) deleted: Vec<Kept>,
}

struct Revision {
    value: u64,
    floor: u64,
}

impl Store {
    /// The changes after the revision; everything where that is not enough.
    pub(crate) async fn decision_page(&self, after: u64) -> Result<Page, StoreError> {
        let mut snapshot = self.readers.snapshot().await?;
        let revision = current(&mut snapshot).await?;
        let full = after < revision.floor || after > revision.value;
        let after = if full { 0 } else { after };
        let limit = u32::try_from(DecisionBounds::DECISIONS).unwrap_or(u32::MAX);
        // A full set has nothing to take back.
        let wanted = if full { "AND removed_ms IS NULL" } else { "" };
        let text = format!(
            "SELECT {COLUMNS} FROM decisions WHERE revision > $1 {wanted} ORDER BY revision LIMIT $2"
        );
        let rows = snapshot.on().rows(sql(text).bind(after).bind(limit.saturating_add(1))).await?;
        snapshot.rollback().await?;
        let mut changes = rows.iter().map(kept).collect::<Result<Vec<_>, _>>()?;
        let more = changes.len() > DecisionBounds::DECISIONS;
        changes.truncate(DecisionBounds::DECISIONS);
        let last = changes.last().filter(|_| more);
        Ok(Page { revision: last.map_or(revision.value, |last| last.revision), full, more, changes })
    }

    /// All decisions that hold, for a bouncer that begins.
    pub(crate) async fn first_pull(&self, key_id: &str, now_ms: u64) -> Result<Pull, StoreError> {
        let mut snapshot = self.readers.snapshot().await?;
        let revision = current(&mut snapshot).await?.value;
        let text = format!(
            "SELECT {COLUMNS} FROM decisions WHERE removed_ms IS NULL AND expires_ms > $1 AND action = 'block'"
        );
        let rows = snapshot.on().rows(sql(text).bind(now_ms)).await?;
        snapshot.rollback().await?;
        let new = rows.iter().map(kept).collect::<Result<Vec<_>, _>>()?;
        self.pulled(key_id, revision, now_ms).await?;
        Ok(Pull { new, deleted: Vec::new() })
    }

    /// What changed for a bouncer since it asked last; everything where that is not known.
    pub(crate) async fn next_pull(&self, key_id: &str, now_ms: u64) -> Result<Pull, StoreError> {
        let last = sql("SELECT revision, pulled_ms FROM bouncers WHERE key_id = $1").bind(key_id);
        let Some(row) = self.lookups.row(last).await? else { return self.first_pull(key_id, now_ms).await };
        let (after, pulled_ms) = (row.amount("revision")?, row.amount("pulled_ms")?);
        let mut snapshot = self.readers.snapshot().await?;
        let revision = current(&mut snapshot).await?;
        if after < revision.floor || after > revision.value {
            snapshot.rollback().await?;
            return self.first_pull(key_id, now_ms).await;
        }
        let text = format!("SELECT {COLUMNS} FROM decisions WHERE revision > $1 ORDER BY revision");
        let changed = snapshot.on().rows(sql(text).bind(after)).await?;
        let text = format!(
            "SELECT {COLUMNS} FROM decisions WHERE removed_ms IS NULL AND expires_ms > $1 AND expires_ms <= $2"
        );
        let expired = sql(text).bind(pulled_ms.saturating_sub(2_000)).bind(now_ms);
        let expired = snapshot.on().rows(expired).await?;
        snapshot.rollback().await?;
        let changed = changed.iter().map(kept).collect::<Result<Vec<_>, _>>()?;
        let (new, gone): (Vec<_>, Vec<_>) = changed.into_iter().partition(|decision| decision.holds(now_ms));
        let expired = expired.iter().map(kept).collect::<Result<Vec<_>, _>>()?;
        let removed = gone.into_iter().filter(|decision| decision.removed_ms.is_some());
        let deleted = removed.chain(expired).collect();
        self.pulled(key_id, revision.value, now_ms).await?;
        Ok(Pull { new, deleted })
    }

    async fn pulled(&self, key_id: &str, revision: u64, now_ms: u64) -> Result<(), StoreError> {
        let statement = sql("INSERT INTO bouncers (key_id, revision, pulled_ms) VALUES ($1, $2, $3) \
             ON CONFLICT (key_id) DO UPDATE SET revision = excluded.revision, pulled_ms = excluded.pulled_ms")
        .bind(key_id)
        .bind(revision)
        .bind(now_ms);
        self.writer.execute(statement).await?;
        Ok(())
    }
}

async fn current(snapshot: &mut Transaction) -> Result<Revision, sqlx::Error> {
    let statement = sql("SELECT value, floor FROM revisions WHERE name = $1").bind(REVISION);
    match snapshot.on().row(statement).await? {
        Some(row) => Ok(Revision { value: row.amount("value")?, floor: row.amount("floor")? }),
        None => Ok(Revision { value: 0, floor: 0 }),
    }
}
