//! The engine at work: scenarios and reputation in memory, and how far in the store.

use super::Engine;
use crate::config::Security;
use crate::store::{AUTHOR, Active, Cursor, Draft, Findings, Kept, Lease, Lifetime, Seen, Since, StoreError};
use portcullis_detect::{Counts, Detection, Moment, Observation, Proposal, Record, Roster, Sentry};
use portcullis_redact::redact;
use portcullis_report::{Action, Scope};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// Incidents of one step, and rows of what clients did besides.
const STEP: u16 = 1_000;
/// How much longer than a bucket lasts incidents are seen again when the work begins, since some come late.
const LATE: Duration = Duration::from_secs(60);
/// How many of them at most, and rows of what clients did besides; the latest.
const AGAIN_MOST: u32 = 100_000;
/// For how long before now it is asked which users were where, and of how many.
const USERS_SINCE: Duration = Duration::from_secs(86_400);
const USERS_MOST: u32 = 500_000;
/// How often time passes when nothing happens.
const TICK: Duration = Duration::from_secs(1);

/// What was found and is not stored yet.
#[derive(Debug)]
struct Found {
    findings: portcullis_detect::Findings,
    incidents: u64,
    /// Of what was seen.
    newest_ms: Option<u64>,
    /// The time of what was seen last, where there is more.
    upto_ms: Option<u64>,
}

/// Scenarios and reputation, and how far they are.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) lease: Lease,
    /// When the lease was last taken for longer.
    pub(super) renewed: Instant,
    sentry: Sentry,
    /// What was seen last.
    cursor: Cursor,
    /// Up to which revision decisions are known.
    known: u64,
    /// Allowances, and throttles that others made.
    others: BTreeMap<u64, Kept>,
    ticked: Option<Instant>,
    /// What the store had no time for: nothing else is seen before it is stored.
    found: Option<Found>,
}

/// What a step came to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    pub(super) incidents: u64,
    /// There was something to see, so there may be more.
    pub(super) is_more: bool,
    pub(super) detections: u64,
    pub(super) decisions: u64,
    pub(super) delay_ms: Option<u64>,
    /// How far it is, where there is more to see.
    pub(super) upto_ms: Option<u64>,
}

impl Work {
    /// Begins where whoever ran the engine before has stopped.
    pub(super) async fn load(engine: &Engine, lease: Lease, now_ms: u64) -> Result<Self, StoreError> {
        let settings = &engine.settings;
        let now = Moment::from_millis(now_ms);
        let sentry = Sentry::new(settings.scenarios.clone(), settings.reputation, settings.groups);
        let cursor = engine.store.cursor().await?;
        let renewed = Instant::now();
        let mut work = Self {
            lease,
            renewed,
            sentry,
            cursor,
            known: 0,
            others: BTreeMap::new(),
            ticked: None,
            found: None,
        };
        engine.store.forgive_removed(&work.lease).await?;
        let room = u32::try_from(settings.reputation.room).unwrap_or(u32::MAX);
        let records = engine.store.worst_records(room).await?;
        // Who was bound already when it was seen is known before it is seen again.
        work.restore(&records, now);
        work.heed(settings, now_ms);
        work.hear(engine, now_ms).await?;
        work.see_again(engine, now_ms).await?;
        work.restore(&records, now);
        tracing::info!(clients = records.len(), cursor = work.cursor.incident, "the scenarios run here");
        Ok(work)
    }

    /// What everybody has done is what was kept of it, and no more.
    fn restore(&mut self, records: &[Record], now: Moment) {
        let reputation = self.sentry.reputation_mut();
        reputation.forget_deeds();
        records.iter().for_each(|record| reputation.restore(record, now));
    }

    /// Sees again what was seen lately, so that buckets are as full as they were.
    async fn see_again(&mut self, engine: &Engine, now_ms: u64) -> Result<(), StoreError> {
        let now = Moment::from_millis(now_ms);
        let memory_ms = engine.settings.scenarios.memory().millis();
        let since_ms = now_ms.saturating_sub(memory_ms).saturating_sub(millis(LATE));
        let seen = engine.store.incidents_before(self.cursor.incident, since_ms, AGAIN_MOST).await?;
        let active = engine.store.activity_before(self.cursor.activity, since_ms, AGAIN_MOST).await?;
        for observation in in_order(&seen, &active) {
            // What came of it then is in the store.
            drop(self.sentry.observe(&observation, now));
        }
        let since_ms = now_ms.saturating_sub(millis(USERS_SINCE));
        for met in engine.store.users(self.cursor.activity, since_ms, USERS_MOST).await? {
            self.sentry.reputation_mut().met(met.address, met.key, Moment::from_millis(met.at_ms));
        }
        Ok(())
    }

    /// The same, with when its lease was last taken for longer.
    pub(super) fn renewed_at(self, renewed: Instant) -> Self {
        Self { renewed, ..self }
    }

    /// Goes by other settings; what was seen and what clients have done stays.
    pub(super) fn adopt(&mut self, settings: &Security, now_ms: u64) {
        let now = Moment::from_millis(now_ms);
        self.sentry.adopt(settings.scenarios.clone(), settings.reputation, settings.groups, now);
        self.heed(settings, now_ms);
    }

    pub(super) fn counts(&self) -> Counts {
        self.sentry.counts()
    }

    /// Judges the next incidents, and stores what came of it. Where the store is busy the same step can be taken again.
    pub(super) async fn step(&mut self, engine: &Engine, now_ms: u64) -> Result<Progress, StoreError> {
        if self.found.is_none() {
            let known = self.known;
            if let Err(error) = self.hear(engine, now_ms).await {
                // What was heard of it in part is heard again.
                self.known = known;
                return Err(error);
            }
            self.found = self.judge(engine, now_ms).await?;
        }
        let Some(found) = self.found.take() else { return Ok(Progress::default()) };
        let kept = match self.keep(engine, &found.findings, now_ms).await {
            Ok(kept) => kept,
            Err(error) => {
                self.found = Some(found);
                return Err(error);
            }
        };
        Ok(Progress {
            incidents: found.incidents,
            is_more: found.newest_ms.is_some(),
            upto_ms: found.upto_ms,
            delay_ms: found.newest_ms.map(|at_ms| engine.clock.now_ms().saturating_sub(at_ms)),
            ..kept
        })
    }

    /// Sees what is next; nothing when there is nothing to be stored about it.
    async fn judge(&mut self, engine: &Engine, now_ms: u64) -> Result<Option<Found>, StoreError> {
        let mut seen = engine.store.incidents_after(self.cursor.incident, STEP.into()).await?;
        let mut active = engine.store.activity_after(self.cursor.activity, STEP.into()).await?;
        let upto_ms = keep_level(&mut seen, &mut active, STEP.into());
        let now = Moment::from_millis(now_ms);
        let mut findings = portcullis_detect::Findings::default();
        let mut add = |more: portcullis_detect::Findings| {
            findings.detections.extend(more.detections);
            findings.proposals.extend(more.proposals);
        };
        for observation in in_order(&seen, &active) {
            add(self.sentry.observe(&observation, now));
        }
        self.cursor = Cursor {
            incident: seen.last().map_or(self.cursor.incident, |seen| seen.id),
            activity: active.last().map_or(self.cursor.activity, |active| active.id),
        };
        if self.ticked.is_none_or(|ticked| ticked.elapsed() >= TICK) {
            self.ticked = Some(Instant::now());
            add(self.sentry.advance(now));
        }
        let newest_ms = seen.iter().map(|seen| seen.at_ms).chain(active.iter().map(|one| one.at_ms)).max();
        let is_nothing =
            newest_ms.is_none() && findings.detections.is_empty() && findings.proposals.is_empty();
        Ok((!is_nothing).then(|| Found { findings, incidents: number(seen.len()), newest_ms, upto_ms }))
    }

    async fn keep(
        &mut self,
        engine: &Engine,
        found: &portcullis_detect::Findings,
        now_ms: u64,
    ) -> Result<Progress, StoreError> {
        let drafts: Vec<_> =
            found.proposals.iter().map(draft).filter(|draft| draft.expires_ms > now_ms).collect();
        let records = self.records(found, now_ms);
        let lifetime = Lifetime::of(engine.settings.reputation.half_life.span().millis());
        let findings = Findings {
            cursor: self.cursor,
            detections: &found.detections,
            drafts: &drafts,
            records: &records,
        };
        let revision = engine.store.keep_findings(&self.lease, &findings, lifetime, now_ms).await?;
        match revision {
            Some(revision) => engine.feed.tell(revision),
            // Too many hold; there may be room the next time.
            None => {
                found.proposals.iter().for_each(|one| self.sentry.reputation_mut().undecided(one));
            }
        }
        for detection in &found.detections {
            engine.metrics.detected(&detection.scenario);
            tell(detection);
        }
        Ok(Progress {
            detections: number(found.detections.len()),
            decisions: number(drafts.len()),
            ..Progress::default()
        })
    }

    /// What is to be kept of everybody whom the findings are about.
    fn records(&self, found: &portcullis_detect::Findings, now_ms: u64) -> Vec<Record> {
        let now = Moment::from_millis(now_ms);
        let users = found.detections.iter().filter_map(|detection| detection.user.map(Scope::ClientKey));
        let scopes = found.detections.iter().filter_map(|detection| detection.scope);
        let bound = found.proposals.iter().map(|proposal| proposal.scope);
        let about: BTreeSet<Scope> = scopes.chain(users).chain(bound).collect();
        about.iter().filter_map(|scope| self.sentry.reputation().record(scope, now)).collect()
    }

    /// Learns of decisions that others made: whom to let alone, who is throttled already, and what they took back of its own.
    async fn hear(&mut self, engine: &Engine, now_ms: u64) -> Result<(), StoreError> {
        if self.known == engine.feed.revision() {
            return Ok(());
        }
        let standing = engine.store.standing(now_ms).await?;
        let (is_full, changes) = standing.since(Since::revision(self.known));
        let (mut is_other, mut forgiven) = (is_full, Vec::new());
        if is_full {
            self.others.clear();
        }
        for kept in changes {
            let before = self.others.remove(&kept.id);
            let is_ours = kept.created_by.as_str() == AUTHOR;
            if is_ours && kept.removed_ms.is_some() {
                forgiven.push(kept.scope);
            }
            let matters = !is_ours && kept.action != Action::Block && kept.holds(now_ms);
            is_other |= matters || before.is_some();
            if matters {
                self.others.insert(kept.id, kept.clone());
            }
        }
        self.known = standing.revision();
        if is_other {
            self.heed(&engine.settings, now_ms);
        }
        if !forgiven.is_empty() {
            // In the store too, lest whoever runs the engine next knows of it again.
            engine.store.forgive_removed(&self.lease).await?;
            forgiven.iter().for_each(|scope| self.sentry.reputation_mut().forgive(scope));
        }
        Ok(())
    }

    /// Whom to let alone, by the settings and by decisions of others, and whom those throttle.
    fn heed(&mut self, settings: &Security, now_ms: u64) {
        self.others.retain(|_, kept| kept.holds(now_ms));
        let (mut allowed, mut throttled) = (Roster::default(), Roster::default());
        settings.allow.iter().for_each(|scope| allowed.add(*scope, Moment::from_millis(u64::MAX)));
        for kept in self.others.values() {
            let until = Moment::from_millis(kept.expires_ms);
            match kept.action {
                Action::Allow => allowed.add(kept.scope, until),
                Action::Throttle { .. } => throttled.add(kept.scope, until),
                Action::Block => {}
            }
        }
        self.sentry.allow(allowed);
        self.sentry.reputation_mut().throttled(throttled);
    }
}

/// Both as observations, by the time at which they happened.
fn in_order(seen: &[Seen], active: &[Active]) -> Vec<Observation> {
    let told =
        active.iter().flat_map(|one| Observation::of_client(&one.told, Moment::from_millis(one.at_ms)));
    let refused = seen.iter().filter_map(|seen| seen.incident.as_ref()).map(Observation::from);
    let mut all: Vec<_> = refused.chain(told).collect();
    all.sort_by_key(|observation| observation.at);
    all
}

/// Leaves for later what happened after the end of a list that goes on: of what follows there some may have been before it, and
/// would be late. The list that ends first stays whole, so that there is always something to do. When that end is.
fn keep_level(seen: &mut Vec<Seen>, active: &mut Vec<Active>, most: usize) -> Option<u64> {
    let seen_to = seen.last().filter(|_| seen.len() >= most).map(|last| last.at_ms);
    let active_to = active.last().filter(|_| active.len() >= most).map(|last| last.at_ms);
    match (seen_to, active_to) {
        (Some(to), other) if other.is_none_or(|other| to <= other) => cut(active, |one| one.at_ms > to),
        (_, Some(to)) => cut(seen, |one| one.at_ms > to),
        (_, None) => {}
    }
    seen_to.into_iter().chain(active_to).min()
}

fn cut<T>(list: &mut Vec<T>, is_later: impl Fn(&T) -> bool) {
    let end = list.iter().position(is_later).unwrap_or(list.len());
    list.truncate(end);
}

fn number(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// A throttle stands beside a block of the same client, so it goes by another origin.
fn draft(proposal: &Proposal) -> Draft {
    let origin = match proposal.action {
        Action::Throttle { .. } => format!("{}:throttle", proposal.origin),
        Action::Block | Action::Allow => proposal.origin.to_owned(),
    };
    Draft {
        action: proposal.action,
        scope: proposal.scope,
        expires_ms: proposal.expires.millis(),
        reason: proposal.reason.clone(),
        origin,
    }
}

fn tell(detection: &Detection) {
    tracing::info!(
        scenario = &*detection.scenario,
        scope = detection.scope.as_ref().map_or("none", Scope::kind),
        events = detection.events,
        // It may be the client's own.
        correlation_id = redact(&detection.correlation_id).as_str(),
        "a scenario was detected"
    );
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_report::ClientRow;

    #[track_caller]
    fn check(seen: &[u64], active: &[u64], expected: (usize, usize)) {
        let mut all_seen: Vec<_> =
            (1..).zip(seen).map(|(id, at_ms)| Seen { id, at_ms: *at_ms, incident: None }).collect();
        let mut all_active: Vec<_> = (1..)
            .zip(active)
            .map(|(id, at_ms)| Active { id, at_ms: *at_ms, told: ClientRow::default() })
            .collect();
        keep_level(&mut all_seen, &mut all_active, 3);
        assert_eq!((all_seen.len(), all_active.len()), expected);
    }

    #[test]
    fn nothing_is_seen_before_what_may_have_been_earlier() {
        // Neither goes on: all of it.
        check(&[1, 2], &[1, 9], (2, 2));
        check(&[], &[], (0, 0));
        // One goes on: of the other what was until then.
        check(&[1, 2, 3], &[1, 9], (3, 1));
        check(&[1, 2, 3], &[3], (3, 1));
        check(&[9], &[1, 2, 3], (0, 3));
        // Both do: the one that ends first is whole.
        check(&[1, 2, 3], &[1, 4, 5], (3, 1));
        check(&[1, 4, 5], &[1, 2, 3], (1, 3));
        check(&[1, 2, 3], &[1, 2, 3], (3, 3));
        // A clock that is ahead holds up no more than its own list, and not both.
        check(&[99, 2, 3], &[99, 2, 3], (3, 0));
        check(&[99, 2, 4], &[99, 2, 3], (0, 3));
    }
}
