//! The decisions in memory, from which edges and bouncers are told; the store is asked only whether they are all there.
//!
//! Whoever is told something has asked the store for its revision at that moment, so that it does not matter which
//! analyzer decided. What changed since the revision that is held is fetched and entered; a store that has gone back to
//! an earlier one is another store, and is read anew.

mod about;

use super::change::SHOWN_MS;
use super::{COLUMNS, Kept, MOST, Page, Revision, Since, Texts, current, kept};
use crate::store::pool::Transaction;
use crate::store::sql::sql;
use crate::store::{Store, StoreError};
use portcullis_report::DecisionBounds;
use portcullis_report::Scope;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Decisions that are held at most: those that hold, and such that were taken back, of which the oldest go.
const HELD: usize = MOST as usize + 100_000;
/// Rows that are fetched at once.
const ROWS: usize = 10_000;
/// How often it is looked what is over by the clock.
const SWEEP_MS: u64 = 60_000;

/// What edges and bouncers may have to be told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Standing {
    /// The revision of the store that it has.
    revision: u64,
    /// Who knows less has to be told everything.
    floor: u64,
    swept_ms: u64,
    /// The last change of each decision, by its revision.
    changes: BTreeMap<u64, Kept>,
    /// The revision of the last change, by the id of the decision.
    revisions: BTreeMap<u64, u64>,
    /// Whom the decisions are about, each with its id.
    scopes: BTreeSet<(Scope, u64)>,
}

/// What was fetched last, and when it was last known to be all.
#[derive(Debug, Default)]
pub(in crate::store) struct Held {
    standing: Arc<Standing>,
    checked_ms: u64,
}

impl Store {
    /// The decisions as they are in the store, or were a moment after this was asked.
    pub(crate) async fn standing(&self, now_ms: u64) -> Result<Arc<Standing>, StoreError> {
        let seen = self.decisions_at().await?;
        let mut held = self.standing.lock().await;
        // After so long changes may have been forgotten that nobody fetched.
        let was_away = now_ms.saturating_sub(held.checked_ms) >= SHOWN_MS;
        // While we waited another may have fetched what is even newer than what we saw.
        let is_old = seen.floor > held.standing.floor || seen.revision > held.standing.revision;
        if was_away || is_old || self.went_back(&held.standing, &seen).await? {
            let mut snapshot = self.work.snapshot().await?;
            let at = current(&mut snapshot).await?;
            let known = held.standing.revision;
            let is_other = was_away || at.revision < known || known < at.floor;
            let over_ms = now_ms.saturating_sub(SHOWN_MS);
            let changes = fetch(&mut snapshot, if is_other { 0 } else { known }, over_ms).await?;
            snapshot.rollback().await?;
            let standing = Arc::make_mut(&mut held.standing);
            if is_other {
                *standing = Standing::default();
            }
            standing.enter(changes, &at, now_ms);
        }
        held.checked_ms = now_ms;
        Ok(Arc::clone(&held.standing))
    }

    /// Whether the store is at an earlier revision than what is held; one that was seen before it was fetched does not count.
    async fn went_back(&self, held: &Standing, seen: &Revision) -> Result<bool, StoreError> {
        Ok(seen.revision < held.revision && self.decisions_at().await?.revision < held.revision)
    }
}

impl Standing {
    /// The revision of the store that this is.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// The changes after the revision; everything where that is not enough, and then it is `true`.
    pub(crate) fn since(&self, after: Since) -> (bool, impl Iterator<Item = &Kept>) {
        // What has been forgotten since a full set began could be among what was told of it.
        let is_late = after.revision < self.floor && after.floor.is_none_or(|floor| floor < self.floor);
        let full = is_late || after.revision > self.revision;
        let after = if full { 0 } else { after.revision };
        let later = self.changes.range(after.saturating_add(1)..).map(|(_, kept)| kept);
        // A full set has nothing to take back.
        (full, later.filter(move |kept| !full || kept.removed_ms.is_none()))
    }

    /// The same, as far as one page holds it.
    pub(crate) fn page(&self, after: Since) -> Page {
        let (full, mut wanted) = self.since(after);
        let changes: Vec<Kept> = wanted.by_ref().take(DecisionBounds::DECISIONS).cloned().collect();
        let more = wanted.next().is_some();
        let last = changes.last().filter(|_| more);
        let revision = last.map_or(self.revision, |last| last.revision);
        Page { revision, full, floor: self.floor, more, changes }
    }

    /// Everything that holds at that moment.
    pub(crate) fn holding(&self, now_ms: u64) -> impl Iterator<Item = &Kept> + Clone {
        self.changes.values().filter(move |kept| kept.holds(now_ms))
    }

    /// Enters what changed, up to that revision.
    fn enter(&mut self, changes: Vec<Kept>, at: &Revision, now_ms: u64) {
        for kept in changes {
            if let Some(before) = self.revisions.insert(kept.id, kept.revision) {
                self.changes.remove(&before);
            }
            self.scopes.insert((kept.scope, kept.id));
            self.changes.insert(kept.revision, kept);
        }
        self.revision = at.revision;
        self.floor = self.floor.max(at.floor);
        if now_ms.abs_diff(self.swept_ms) >= SWEEP_MS || self.changes.len() > HELD {
            self.sweep(now_ms, HELD);
        }
    }

    /// Drops what nobody is told any more, and what is too much.
    fn sweep(&mut self, now_ms: u64, most: usize) {
        self.swept_ms = now_ms;
        // Not at once when they are over: clocks are set.
        let over_ms = now_ms.saturating_sub(SHOWN_MS);
        let floor = self.floor;
        self.changes.retain(|revision, kept| {
            kept.until_ms > over_ms && (kept.removed_ms.is_none() || *revision > floor)
        });
        let excess = self.changes.len().saturating_sub(most);
        let removed = self.changes.iter().filter(|(_, kept)| kept.removed_ms.is_some());
        let oldest: Vec<u64> = removed.map(|(revision, _)| *revision).take(excess).collect();
        for revision in oldest {
            self.changes.remove(&revision);
            self.floor = revision;
        }
        let changes = &self.changes;
        self.revisions.retain(|_, revision| changes.contains_key(revision));
        let revisions = &self.revisions;
        self.scopes.retain(|(_, id)| revisions.contains_key(id));
    }
}

/// All changes after the revision, in order, but for those of which nobody can believe any more that they hold.
async fn fetch(snapshot: &mut Transaction, mut after: u64, over_ms: u64) -> Result<Vec<Kept>, sqlx::Error> {
    let text = format!(
        "SELECT {COLUMNS} FROM decisions WHERE revision > $1 AND until_ms > $2 ORDER BY revision LIMIT $3"
    );
    let (mut changes, mut texts) = (Vec::new(), Texts::default());
    loop {
        let statement =
            sql(text.clone()).bind(after).bind(over_ms).bind(u64::try_from(ROWS).unwrap_or(u64::MAX));
        let rows = snapshot.on().rows(statement).await?;
        for row in &rows {
            changes.push(kept(row, &mut texts)?);
        }
        match changes.last() {
            Some(last) if rows.len() == ROWS => after = last.revision,
            Some(_) | None => return Ok(changes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_redact::Redacted;
    use portcullis_report::Action;

    const NOW: u64 = 1_700_000_000_000;

    fn change(id: u64, revision: u64, removed_ms: Option<u64>) -> Kept {
        Kept {
            id,
            revision,
            action: Action::Block,
            scope: Scope::ClientKey(id.into()),
            reason: Redacted::fixed("test").into(),
            origin: Redacted::fixed("operator").into(),
            created_ms: NOW,
            created_by: Redacted::fixed("test").into(),
            expires_ms: NOW + 1_000,
            until_ms: NOW + 1_000,
            removed_ms,
        }
    }

    fn standing(changes: Vec<Kept>, revision: u64, floor: u64) -> Standing {
        let mut standing = Standing::default();
        standing.enter(changes, &Revision { revision, floor }, NOW);
        standing
    }

    #[track_caller]
    fn check(standing: &Standing, after: u64, full: bool, expected: &[u64]) {
        let page = standing.page(Since::revision(after));
        let ids: Vec<_> = page.changes.iter().map(|kept| kept.id).collect();
        assert_eq!((page.full, page.more, ids.as_slice()), (full, false, expected));
        assert_eq!(page.revision, standing.revision);
    }

    #[test]
    fn a_page_has_the_last_change_of_each() {
        let mut standing = standing(vec![change(11, 11, None), change(12, 12, None)], 12, 10);
        check(&standing, 0, true, &[11, 12]);
        check(&standing, 10, false, &[11, 12]);
        check(&standing, 11, false, &[12]);
        check(&standing, 12, false, &[]);
        check(&standing, 13, true, &[11, 12]);
        let later = vec![change(11, 13, Some(NOW)), change(14, 14, None)];
        standing.enter(later, &Revision { revision: 14, floor: 10 }, NOW);
        check(&standing, 12, false, &[11, 14]);
        check(&standing, 0, true, &[12, 14]);
        assert_eq!(standing.holding(NOW).count(), 2);
        assert_eq!(standing.holding(NOW + 1_000).count(), 0);
    }

    #[test]
    fn a_full_set_is_fetched_to_its_end_however_far_back_it_begins() {
        let all: Vec<_> = (1..=5_000).map(|revision| change(revision, revision, None)).collect();
        let mut standing = standing(all, 6_000, 5_500);
        let first = standing.page(Since::revision(0));
        assert_eq!((first.full, first.more, first.revision, first.floor), (true, true, 2_048, 5_500));
        let rest = |standing: &Standing, revision: u64, floor: u64| {
            let page = standing.page(Since { revision, floor: Some(floor) });
            (page.full, page.more, page.revision)
        };
        assert_eq!(rest(&standing, 2_048, 5_500), (false, true, 4_096));
        assert_eq!(rest(&standing, 4_096, 5_500), (false, false, 6_000));
        // Who asks for it at an analyzer that has forgotten less is told the rest, too.
        assert_eq!(rest(&standing, 2_048, 5_600), (false, true, 4_096));
        // What was taken back and forgotten meanwhile may have been told: it begins again, once.
        standing.enter(Vec::new(), &Revision { revision: 6_000, floor: 5_700 }, NOW);
        assert_eq!(rest(&standing, 2_048, 5_500), (true, true, 2_048));
        assert_eq!(rest(&standing, 2_048, 5_700), (false, true, 4_096));
        assert_eq!(rest(&standing, 6_001, 5_700), (true, true, 2_048));
        // All that was forgotten is behind whoever is beyond it.
        assert_eq!(rest(&standing, 5_700, 0), (false, false, 6_000));
    }

    #[test]
    fn decisions_are_found_by_whom_they_are_about() {
        let targets =
            ["10.1.2.3", "10.1.0.0/16", "10.0.0.0/8", "10.1.2.4", "11.0.0.0/8", "2001:db8::/32", "0.0.0.0/0"];
        let all = targets.iter().zip(1..).map(|(target, id)| Kept {
            scope: crate::decisions::target::target(target).unwrap(),
            ..change(id, id, (id == 4).then_some(NOW))
        });
        let standing = standing(all.collect(), 7, 0);
        let scope = |text: &str| crate::decisions::target::target(text).unwrap();
        let ids = |found: Vec<&Kept>| {
            let mut ids: Vec<_> = found.iter().map(|kept| kept.id).collect();
            ids.sort_unstable();
            ids
        };
        let touching = |text: &str, now_ms| ids(standing.touching(&scope(text), now_ms));
        assert_eq!(touching("10.1.2.3", NOW), [1, 2, 3, 7]);
        assert_eq!(touching("10.1.2.4", NOW), [2, 3, 7]);
        assert_eq!(touching("10.1.0.0/16", NOW), [2, 3, 7]);
        assert_eq!(touching("10.1.0.0/15", NOW), [3, 7]);
        assert_eq!(touching("2001:db8::1", NOW), [6]);
        assert_eq!(touching("10.1.2.3", NOW + 1_000), [0; 0]);
        let within = |text: &str| ids(standing.within(&scope(text), NOW).collect());
        assert_eq!(within("10.0.0.0/8"), [1, 2, 3]);
        assert_eq!(within("10.1.2.0/24"), [1]);
        assert_eq!(within("10.1.2.3"), [1]);
        assert_eq!(within("0.0.0.0/0"), [1, 2, 3, 5, 7]);
        assert_eq!(within("::/0"), [6]);
    }

    #[test]
    fn what_is_over_goes_an_hour_later() {
        let mut standing = standing(vec![change(11, 11, None)], 11, 10);
        for (now_ms, held) in [(NOW + SHOWN_MS, 1), (NOW + SHOWN_MS + 999, 1), (NOW + 2 * SHOWN_MS, 0)] {
            standing.enter(Vec::new(), &Revision { revision: 11, floor: 10 }, now_ms);
            assert_eq!((standing.changes.len(), standing.revisions.len()), (held, held), "{now_ms}");
        }
    }

    #[test]
    fn of_too_many_the_oldest_that_were_taken_back_go_and_who_knew_less_is_told_everything() {
        let removed = |revision: u64| (revision != 1).then_some(NOW);
        let all = (1..=5).map(|revision| change(revision, revision, removed(revision)));
        let mut standing = standing(all.collect(), 5, 0);
        standing.sweep(NOW, 5);
        assert_eq!((standing.changes.len(), standing.page(Since::revision(0)).full), (5, false));
        standing.sweep(NOW, 3);
        assert_eq!((standing.changes.len(), standing.floor), (3, 3));
        check(&standing, 2, true, &[1]);
        check(&standing, 3, false, &[4, 5]);
        standing.sweep(NOW, 0);
        check(&standing, 0, true, &[1]);
    }
}
