//! What a client has done lately, as a score that fades, and what follows from it.
//!
//! Whom a detection is about gets the points of its scenario; where the offender is an authenticated user, the user gets
//! them too. At [`Settings::throttle_at`] a client is throttled until its score has faded to [`Settings::calm_at`], at
//! [`Settings::block_at`] it is blocked, at least until the score has faded to [`Settings::release_at`], and twice as long
//! each time that it comes back. When many addresses of a range are blocked, the range is. Who is on the allowlist gets
//! neither points nor decisions, and of a range around it nothing is decided; an address that several authenticated users share is left alone where one of them did it, and
//! else throttled in place of being blocked.

mod crowd;
mod entry;
mod ranges;
mod roster;
mod settings;

pub use entry::{Cause, Record};
pub use roster::Roster;
pub use settings::Settings;

use crate::moment::Moment;
use crate::observation::{Observation, client, range};
use crate::tracked::Tracked;
use crate::watch::Detection;
use crate::whom::Whom;
use crowd::Crowd;
use entry::{Entry, Names};
use portcullis_report::{Action, DecisionBounds, Reason, Scope};
use ranges::Ranges;
use std::net::IpAddr;

/// Who decides.
const ORIGIN: &str = "scenario";
/// Who decides about a range for what its addresses did.
const RANGE_ORIGIN: &str = "range";

/// The reputation of all clients.
#[derive(Clone, Debug)]
pub struct Reputation {
    settings: Settings,
    allowlist: Roster,
    /// Whom others throttle.
    throttled: Roster,
    entries: Tracked<Whom, Entry>,
    names: Names,
    crowd: Crowd,
    ranges: Ranges,
}

/// A decision that should be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// To whom.
    pub scope: Scope,
    /// What is to happen.
    pub action: Action,
    /// From when on it holds no longer.
    pub expires: Moment,
    /// Why: scenario, score and what makes it up, within the bounds of a decision's reason.
    pub reason: String,
    /// Who decides.
    pub origin: &'static str,
}

/// Why a client has its score, at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// Whose it is.
    pub scope: Scope,
    /// The score: the sum of its causes.
    pub score: f64,
    /// What makes it up, the most first.
    pub causes: Vec<Cause>,
    /// How often it was blocked, as far as that still counts.
    pub blocks: u32,
    /// Until when it is blocked, if it is.
    pub blocked_until: Option<Moment>,
    /// Until when it is throttled, if it is.
    pub throttled_until: Option<Moment>,
}

impl Reputation {
    /// Nobody has done anything.
    pub fn new(settings: Settings) -> Self {
        Self {
            allowlist: Roster::default(),
            throttled: Roster::default(),
            entries: Tracked::new(settings.room),
            names: Names::default(),
            crowd: Crowd::new(settings.room, settings.shared_users),
            ranges: Ranges::new(settings.room, settings.range_members),
            settings,
        }
    }

    /// Who gets neither points nor decisions from here on.
    pub fn allow(&mut self, allowlist: Roster) {
        self.allowlist = allowlist;
    }

    /// Whom operators and other analyzers throttle from here on.
    pub fn throttled(&mut self, throttled: Roster) {
        self.throttled = throttled;
    }

    /// Learns who is where, from every observation of an authenticated user, honest ones most of all.
    pub fn meet(&mut self, observation: &Observation, at: Moment) {
        if let (Some(user), Some(address)) = (observation.user(), observation.address) {
            self.met(address, user, at);
        }
    }

    /// An authenticated user was at an address.
    pub fn met(&mut self, address: IpAddr, user: u128, at: Moment) {
        for scope in [client(address), range(address).map(Scope::Cidr)].into_iter().flatten() {
            self.crowd.meet(&scope, user, at);
        }
    }

    /// Forgets what everybody has done, but not who is where.
    pub fn forget_deeds(&mut self) {
        let fresh = Self::new(self.settings);
        (self.entries, self.names, self.ranges) = (fresh.entries, fresh.names, fresh.ranges);
    }

    /// Whether an observation is an answer of the gate's own to somebody whom a decision binds already. Such a thing feeds
    /// no scenario: else a block would be the reason for the next.
    pub fn is_echo(&self, observation: &Observation, at: Moment) -> bool {
        match observation.reason {
            Some(Reason::Blocked) => true,
            Some(
                Reason::Throttled
                | Reason::Streams
                | Reason::Quota
                | Reason::Contention
                | Reason::SocketAttempts
                | Reason::SocketCount,
            ) => {
                let scopes = [observation.client(), observation.range(), observation.key()];
                let told = [observation.address.map(Scope::Ip), observation.key()];
                scopes.into_iter().flatten().any(|scope| self.binds(&scope, at))
                    || told.into_iter().flatten().any(|scope| self.throttled.covers(&scope, at))
            }
            Some(_) | None => false,
        }
    }

    /// What was proposed about somebody was not decided, so it is proposed again.
    pub fn undecided(&mut self, proposal: &Proposal) {
        let whom = Whom::from(&proposal.scope);
        let Some((end, mut entry)) = self.entries.take(&whom) else { return };
        match proposal.action {
            Action::Block => entry.blocked_until = Moment::default(),
            Action::Throttle { .. } => entry.throttled_until = Moment::default(),
            Action::Allow => {}
        }
        self.entries.put(whom, entry, end);
    }

    /// Somebody is forgiven, because a person took back what was decided: what it did counts no more, nor against its range.
    pub fn forgive(&mut self, scope: &Scope) {
        drop(self.entries.take(&scope.into()));
        self.ranges.forgive(scope);
    }

    /// Gives the points of a detection to whom it is about; what should be decided then.
    pub fn blame(&mut self, detection: &Detection) -> Vec<Proposal> {
        let at = detection.at;
        let user = detection.user.map(Scope::ClientKey);
        if user.is_some_and(|user| self.allowlist.covers(&user, at)) {
            return Vec::new();
        }
        let Some(scope) = detection.scope.filter(|scope| !self.allowlist.covers(scope, at)) else {
            return Vec::new();
        };
        let user = user.filter(|user| *user != scope);
        // Where many share an address and it is known which of them it was, it was nobody else.
        let is_others =
            user.is_some() && is_client(&scope) && self.crowd.is_shared(&scope, detection.user, at);
        let whom = std::iter::once(scope).filter(|_| !is_others).chain(user);
        whom.flat_map(|scope| self.judge(scope, detection)).collect()
    }

    /// Why somebody has its score.
    pub fn standing(&self, scope: &Scope, at: Moment) -> Option<Standing> {
        let entry = self.entries.get(&scope.into(), at)?;
        Some(self.stand(*scope, entry, at))
    }

    /// Everybody with a score or a decision, worst first, as many as are wanted.
    pub fn worst(&self, most: usize, at: Moment) -> Vec<Standing> {
        let half_life = self.settings.half_life;
        let mut all: Vec<(f64, &Whom, &Entry)> =
            self.entries.iter().map(|(whom, entry)| (entry.score(at, half_life), whom, entry)).collect();
        all.sort_by(|one, other| other.0.total_cmp(&one.0).then_with(|| one.1.cmp(other.1)));
        let stand = |(_, whom, entry): (f64, &Whom, &Entry)| Some(self.stand(whom.scope()?, entry, at));
        all.into_iter().take(most).filter_map(stand).collect()
    }

    /// What is to be kept of somebody when the analyzer ends, as of a moment.
    pub fn record(&self, scope: &Scope, at: Moment) -> Option<Record> {
        let entry = self.entries.get(&scope.into(), at)?;
        Some(entry.record(*scope, at, self.settings.half_life, &self.names))
    }

    /// Takes back what was kept; what it knew of the same client is replaced.
    pub fn restore(&mut self, record: &Record, now: Moment) {
        let entry = Entry::restore(record, self.settings.half_life, &mut self.names);
        self.keep(record.scope, entry, now);
    }

    /// Goes by other settings from now on; what everybody has done stays.
    pub fn adopt(&mut self, settings: Settings, now: Moment) {
        if self.settings == settings {
            return;
        }
        // A score is kept as the half-life has it, so it is taken out by the old one and put in by the new one.
        let scopes = self.entries.iter().filter_map(|(whom, _)| whom.scope());
        let records: Vec<Record> = scopes.filter_map(|scope| self.record(&scope, now)).collect();
        self.entries = self.entries.emptied(settings.room);
        self.settings = settings;
        for record in &records {
            self.restore(record, now);
        }
    }

    /// Forgets what means nothing any more.
    pub(crate) fn advance(&mut self, now: Moment) {
        while self.entries.pop_over(now).is_some() {}
        self.crowd.advance(now);
        self.ranges.advance(now);
    }

    /// How many clients, ranges and users have a score or a decision.
    pub fn tracked(&self) -> usize {
        self.entries.len()
    }

    /// How many were forgotten for want of room.
    pub fn evicted(&self) -> u64 {
        self.entries.evicted().saturating_add(self.crowd.evicted()).saturating_add(self.ranges.evicted())
    }

    fn binds(&self, scope: &Scope, at: Moment) -> bool {
        let entry = self.entries.get(&scope.into(), at);
        entry.is_some_and(|entry| entry.blocked_until > at || entry.throttled_until > at)
    }

    fn entry(&mut self, scope: &Scope, at: Moment) -> Entry {
        let known = self.entries.take(&scope.into()).filter(|(end, _)| *end > at);
        known.map(|(_, entry)| entry).unwrap_or_default()
    }

    fn keep(&mut self, scope: Scope, entry: Entry, at: Moment) {
        let end = entry.ends(at, &self.settings);
        self.entries.put((&scope).into(), entry, end);
    }

    fn judge(&mut self, scope: Scope, detection: &Detection) -> Vec<Proposal> {
        let at = detection.at;
        let mut entry = self.entry(&scope, at);
        let scenario = self.names.number(&detection.scenario);
        entry.add(f64::from(detection.score), scenario, at, &self.settings);
        // At the edge a decision would bind who is on the allowlist, too.
        if self.allowlist.touches(&scope, at) {
            self.keep(scope, entry, at);
            return Vec::new();
        }
        let is_shared = self.crowd.is_shared(&scope, detection.user, at);
        let mut due = entry.due(at, &self.settings, is_shared);
        due.extend(detection.verdict.and_then(|penalty| {
            let action = match penalty.action {
                Action::Block if is_shared => self.settings.throttle(),
                Action::Block | Action::Throttle { .. } | Action::Allow => penalty.action,
            };
            entry.bind(action, at.after(penalty.lasts), at)
        }));
        let reason = self.reason(&detection.scenario, &entry, at);
        let blocked = due.iter().find(|(action, _)| *action == Action::Block).map(|(_, until)| *until);
        self.keep(scope, entry, at);
        let mut proposals: Vec<Proposal> = due
            .into_iter()
            .map(|(action, expires)| Proposal {
                scope,
                action,
                expires,
                reason: reason.clone(),
                origin: ORIGIN,
            })
            .collect();
        proposals.extend(blocked.and_then(|until| self.promote(scope, until, at)));
        proposals
    }

    /// Blocks the range around a client of which many are blocked.
    fn promote(&mut self, scope: Scope, until: Moment, at: Moment) -> Option<Proposal> {
        let (range, members) = self.ranges.blocked(scope, until, at)?;
        let scope = Scope::Cidr(range);
        if self.allowlist.touches(&scope, at) {
            return None;
        }
        let mut entry = self.entry(&scope, at);
        let due = match self.crowd.is_shared(&scope, None, at) {
            true => entry.bind(self.settings.throttle(), until, at),
            false => entry.block(at, &self.settings),
        };
        self.keep(scope, entry, at);
        let (action, expires) = due?;
        let reason = format!("{members} clients of this range are blocked");
        Some(Proposal { scope, action, expires, reason, origin: RANGE_ORIGIN })
    }

    fn stand(&self, scope: Scope, entry: &Entry, at: Moment) -> Standing {
        Standing {
            scope,
            score: entry.score(at, self.settings.half_life),
            causes: entry.causes(at, self.settings.half_life, &self.names),
            blocks: entry.blocks,
            blocked_until: Some(entry.blocked_until).filter(|until| *until > at),
            throttled_until: Some(entry.throttled_until).filter(|until| *until > at),
        }
    }

    /// `bomb: score 120 (bomb 80, probing 40)`.
    fn reason(&self, scenario: &str, entry: &Entry, at: Moment) -> String {
        let half_life = self.settings.half_life;
        let causes = entry.causes(at, half_life, &self.names);
        let causes: Vec<String> =
            causes.iter().map(|cause| format!("{} {:.0}", cause.scenario, cause.points)).collect();
        let score = entry.score(at, half_life);
        let mut reason = format!("{scenario}: score {score:.0} ({})", causes.join(", "));
        // Names of scenarios are ASCII.
        reason.truncate(DecisionBounds::REASON_BYTES);
        reason
    }
}

/// Whether it is what of an address is one client, and no range that scenarios speak of.
fn is_client(scope: &Scope) -> bool {
    match scope {
        Scope::Ip(_) => true,
        Scope::Cidr(range) => client(range.address()) == Some(*scope),
        Scope::ClientKey(_) => false,
    }
}

#[cfg(test)]
mod tests;
