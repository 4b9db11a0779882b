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
const STEP: u32 = 1_000;
/// How much longer than a bucket lasts incidents are seen again when the work begins, since some come late.
const LATE: Duration = Duration::from_secs(60);
/// How many of them at most, and rows of what clients did besides; the latest.
const AGAIN_MOST: u32 = 100_000;
/// For how long before now it is asked which users were where, and of how many.
const USERS_SINCE: Duration = Duration::from_secs(86_400);
const USERS_MOST: u32 = 500_000;
/// How often time passes when nothing happens.
const TICK: Duration = Duration::from_secs(1);

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
}

impl Work {
    /// Begins where whoever ran the engine before has stopped.
    pub(super) async fn load(engine: &Engine, lease: Lease, now_ms: u64) -> Result<Self, StoreError> {
        let settings = &engine.settings;
        let now = Moment::from_millis(now_ms);
        let sentry = Sentry::new(settings.scenarios.clone(), settings.reputation, settings.groups);
        let cursor = engine.store.cursor().await?;
        let renewed = Instant::now();
        let mut work =
            Self { lease, renewed, sentry, cursor, known: 0, others: BTreeMap::new(), ticked: None };
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

    /// Goes by other settings; what was seen and what clients have done stays.
    pub(super) fn adopt(&mut self, settings: &Security, now_ms: u64) {
        let now = Moment::from_millis(now_ms);
        self.sentry.adopt(settings.scenarios.clone(), settings.reputation, settings.groups, now);
        self.heed(settings, now_ms);
    }

    pub(super) fn counts(&self) -> Counts {
        self.sentry.counts()
    }

    /// Judges the next incidents, and stores what came of it.
    pub(super) async fn step(&mut self, engine: &Engine, now_ms: u64) -> Result<Progress, StoreError> {
        self.hear(engine, now_ms).await?;
        let seen = engine.store.incidents_after(self.cursor.incident, STEP).await?;
        let active = engine.store.activity_after(self.cursor.activity, STEP).await?;
        let now = Moment::from_millis(now_ms);
        let mut found = portcullis_detect::Findings::default();
        for observation in in_order(&seen, &active) {
            let findings = self.sentry.observe(&observation, now);
            found.detections.extend(findings.detections);
            found.proposals.extend(findings.proposals);
        }
        self.cursor = Cursor {
            incident: seen.last().map_or(self.cursor.incident, |seen| seen.id),
            activity: active.last().map_or(self.cursor.activity, |active| active.id),
        };
        if self.ticked.is_none_or(|ticked| ticked.elapsed() >= TICK) {
            self.ticked = Some(Instant::now());
            let findings = self.sentry.advance(now);
            found.detections.extend(findings.detections);
            found.proposals.extend(findings.proposals);
        }
        if seen.is_empty() && active.is_empty() && found.detections.is_empty() && found.proposals.is_empty() {
            return Ok(Progress::default());
        }
        let newest =
            seen.iter().map(|seen| seen.incident.at_ms).chain(active.iter().map(|one| one.at_ms)).max();
        let kept = self.keep(engine, &found, now_ms).await?;
        Ok(Progress {
            incidents: number(seen.len()),
            is_more: newest.is_some(),
            delay_ms: newest.map(|at_ms| engine.clock.now_ms().saturating_sub(at_ms)),
            ..kept
        })
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
    let mut all: Vec<_> = seen.iter().map(|seen| Observation::from(&seen.incident)).chain(told).collect();
    all.sort_by_key(|observation| observation.at);
    all
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
