//! All scenarios at work together, and the reputation that they feed.
//!
//! Time is event time. An edge's clock that is ahead counts as now, so that nobody empties buckets by lying about the time.
//! What comes up to a minute out of order counts as if it had come at the time of its bucket, which leaks nothing for it; what
//! is older than that against the newest is late, counted and left out.

use crate::moment::{Moment, Span};
use crate::observation::Observation;
use crate::reputation::{Proposal, Reputation, Roster, Settings};
use crate::scenario::Scenarios;
use crate::watch::{Detection, Watch};

/// How much older than the newest an observation may be.
const LATE: Span = Span::from_secs(60);

/// Scenarios and reputation.
#[derive(Clone, Debug)]
pub struct Sentry {
    watches: Vec<Watch>,
    reputation: Reputation,
    newest: Moment,
    late: u64,
    echoes: u64,
    /// Of scenarios that are no more.
    gone: Gone,
}

#[derive(Clone, Copy, Debug, Default)]
struct Gone {
    silenced: u64,
    evicted: u64,
}

/// What came of an observation, or of time passing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Scenarios that were detected.
    pub detections: Vec<Detection>,
    /// What should be decided.
    pub proposals: Vec<Proposal>,
}

/// What an operator should know of the sentry itself; all but `groups` and `clients` only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Observations that were too old.
    pub late: u64,
    /// Answers of the gate's own to clients that a decision bound already.
    pub echoes: u64,
    /// Detections that were silent, because the group had one shortly before.
    pub silenced: u64,
    /// Groups, clients and ranges that were forgotten for want of room.
    pub evicted: u64,
    /// Groups that have a bucket.
    pub groups: u64,
    /// Clients that have a score or a decision.
    pub clients: u64,
}

impl Sentry {
    /// Scenarios at work, each over at most `groups` groups at once.
    pub fn new(scenarios: Scenarios, settings: Settings, groups: usize) -> Self {
        let watches = scenarios.into_vec().into_iter().map(|scenario| Watch::new(scenario, groups));
        Self {
            watches: watches.collect(),
            reputation: Reputation::new(settings),
            newest: Moment::default(),
            late: 0,
            echoes: 0,
            gone: Gone::default(),
        }
    }

    /// Other scenarios and settings from now on. A scenario that is the same goes on with its buckets, one that is not
    /// begins with none, and what clients have done stays.
    pub fn adopt(&mut self, scenarios: Scenarios, settings: Settings, groups: usize, now: Moment) {
        let mut before = std::mem::take(&mut self.watches);
        for scenario in scenarios.into_vec() {
            let same = before.iter().position(|watch| watch.is(&scenario));
            self.watches.push(match same {
                Some(index) => before.swap_remove(index).over(groups),
                None => Watch::new(scenario, groups),
            });
        }
        // What they counted stays counted.
        for watch in &before {
            self.gone.silenced = self.gone.silenced.saturating_add(watch.silenced());
            self.gone.evicted = self.gone.evicted.saturating_add(watch.evicted());
        }
        self.reputation.adopt(settings, now);
    }

    /// Who gets neither points nor decisions from here on.
    pub fn allow(&mut self, allowlist: Roster) {
        self.reputation.allow(allowlist);
    }

    /// Takes what an edge saw; `now` is the analyzer's own time.
    pub fn observe(&mut self, observation: &Observation, now: Moment) -> Findings {
        let at = observation.at.min(now);
        if at.after(LATE) < self.newest {
            self.late = self.late.saturating_add(1);
            return Findings::default();
        }
        self.newest = self.newest.max(at);
        self.reputation.meet(observation, at);
        let mut findings = self.advance(at);
        if self.reputation.is_echo(observation, at) {
            self.echoes = self.echoes.saturating_add(1);
            return findings;
        }
        let found = self.watches.iter_mut().flat_map(|watch| watch.observe(observation, at)).collect();
        findings.add(self.judge(found));
        findings
    }

    /// Time has passed, by the edges' clocks or by the analyzer's.
    pub fn advance(&mut self, now: Moment) -> Findings {
        // What is not late yet may still fill a bucket.
        let by = now.before(LATE);
        let found = self.watches.iter_mut().flat_map(|watch| watch.advance(by)).collect();
        self.reputation.advance(by);
        self.judge(found)
    }

    /// What clients have done.
    pub fn reputation(&self) -> &Reputation {
        &self.reputation
    }

    /// The same, to take back what was kept or to tell of decisions made elsewhere.
    pub fn reputation_mut(&mut self) -> &mut Reputation {
        &mut self.reputation
    }

    /// What an operator should know of the sentry itself.
    pub fn counts(&self) -> Counts {
        let sum = |count: fn(&Watch) -> u64| self.watches.iter().map(count).fold(0, u64::saturating_add);
        let number = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
        Counts {
            late: self.late,
            echoes: self.echoes,
            silenced: sum(Watch::silenced).saturating_add(self.gone.silenced),
            evicted: sum(Watch::evicted)
                .saturating_add(self.gone.evicted)
                .saturating_add(self.reputation.evicted()),
            groups: sum(|watch| u64::try_from(watch.groups()).unwrap_or(u64::MAX)),
            clients: number(self.reputation.tracked()),
        }
    }

    fn judge(&mut self, detections: Vec<Detection>) -> Findings {
        let proposals = detections.iter().flat_map(|detection| self.reputation.blame(detection)).collect();
        Findings { detections, proposals }
    }
}

impl Findings {
    fn add(&mut self, other: Self) {
        self.detections.extend(other.detections);
        self.proposals.extend(other.proposals);
    }
}

#[cfg(test)]
mod tests;
