//! What is new since a revision, or everything: page by page for edges, and at once for bouncers.

use super::change::TOLD_MS;
use super::{COLUMNS, Kept, Standing, Texts, current, kept};
use crate::store::sql::{Row, sql};
use crate::store::{Store, StoreError};
use std::sync::Arc;

/// What somebody knows who asks for what is new.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Since {
    pub(crate) revision: u64,
    /// Of the full set of which it is fetching the rest, if it is.
    pub(crate) floor: Option<u64>,
}

impl Since {
    /// All up to that revision.
    pub(crate) fn revision(revision: u64) -> Self {
        Self { revision, floor: None }
    }
}

/// What is new since some revision, as far as one page holds it.
#[derive(Debug)]
pub(crate) struct Page {
    /// Of the last change in it; of the store, where nothing follows.
    pub(crate) revision: u64,
    pub(crate) full: bool,
    /// What was taken back up to here is not told any more.
    pub(crate) floor: u64,
    pub(crate) more: bool,
    /// Whatever changed, in order; also what holds no longer.
    pub(crate) changes: Vec<Kept>,
}

/// What a bouncer has not been told.
#[derive(Debug)]
pub(crate) enum Pull {
    /// Everything that holds.
    All(Arc<Standing>),
    /// What changed since it asked last, when it was told up to a revision; what ran out since has changed, too.
    Changes { standing: Arc<Standing>, after: u64, changed: Vec<Kept> },
}

impl Store {
    /// The changes after the revision; everything where that is not enough.
    pub(crate) async fn decision_page(&self, after: Since, now_ms: u64) -> Result<Page, StoreError> {
        Ok(self.standing(now_ms).await?.page(after))
    }

    /// All decisions that hold, for a bouncer that begins.
    pub(crate) async fn first_pull(&self, key_id: &str, now_ms: u64) -> Result<Pull, StoreError> {
        let standing = self.standing(now_ms).await?;
        self.pulled(key_id, standing.revision(), now_ms).await?;
        Ok(Pull::All(standing))
    }

    /// What changed for a bouncer since it asked last; everything where that is not known.
    pub(crate) async fn next_pull(&self, key_id: &str, now_ms: u64) -> Result<Pull, StoreError> {
        let last = sql("SELECT revision, pulled_ms FROM bouncers WHERE key_id = $1").bind(key_id);
        let Some(row) = self.lookups.row(last).await? else { return self.first_pull(key_id, now_ms).await };
        let (after, pulled_ms) = (row.amount("revision")?, row.amount("pulled_ms")?);
        if now_ms.saturating_sub(pulled_ms) >= TOLD_MS {
            return self.first_pull(key_id, now_ms).await;
        }
        // What holds is at least as new as what changed, else somebody could be told neither.
        let mut snapshot = self.readers.snapshot().await?;
        let revision = current(&mut snapshot).await?;
        if after < revision.floor || after > revision.revision {
            snapshot.rollback().await?;
            return self.first_pull(key_id, now_ms).await;
        }
        let text = format!("SELECT {COLUMNS} FROM decisions WHERE revision > $1 ORDER BY revision");
        let mut changed = snapshot.on().rows(sql(text).bind(after)).await?;
        let text = format!(
            "SELECT {COLUMNS} FROM decisions WHERE revision <= $1 AND removed_ms IS NULL \
             AND expires_ms > $2 AND expires_ms <= $3"
        );
        let expired = sql(text).bind(after).bind(pulled_ms.saturating_sub(2_000)).bind(now_ms);
        changed.extend(snapshot.on().rows(expired).await?);
        snapshot.rollback().await?;
        let standing = self.standing(now_ms).await?;
        self.pulled(key_id, revision.revision, now_ms).await?;
        Ok(Pull::Changes { standing, after, changed: all_kept(&changed)? })
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

fn all_kept(rows: &[Row]) -> Result<Vec<Kept>, sqlx::Error> {
    let mut texts = Texts::default();
    rows.iter().map(|row| kept(row, &mut texts)).collect()
}
