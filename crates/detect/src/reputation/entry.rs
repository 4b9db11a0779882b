//! One client's part of the reputation.

use super::settings::Settings;
use crate::moment::{Moment, Span};
use crate::score::{HalfLife, Points};
use portcullis_report::{Action, Scope};
use std::sync::Arc;

/// Scenarios that are told apart in one score; beyond that the smallest are one.
const CAUSES: usize = 8;
/// Below this a score is nothing.
const NOTHING: f64 = 1.0;
/// What stands for the smallest causes together.
const OTHER: &str = "other";
/// A decision that would last so much longer at most is not made anew.
const SLACK: Span = Span::from_secs(60);
/// A sum of what makes up a limit exactly may come out this much below it.
const ROUNDING: f64 = 1e-6;
/// Doublings after which every block is the longest.
const DOUBLINGS: u32 = 32;

/// What one scenario adds to a score.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    /// The scenario; `other` for the smallest together.
    pub scenario: Arc<str>,
    /// What is left of its points.
    pub points: f64,
    /// How often it was detected, up to 65,535.
    pub count: u32,
    /// When it was last, by the second.
    pub last: Moment,
}

/// What is to be kept of somebody when the analyzer ends.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Who it is.
    pub scope: Scope,
    /// When the points of the causes were what they are here.
    pub as_of: Moment,
    /// What makes up the score.
    pub causes: Vec<Cause>,
    /// How often it was blocked.
    pub blocks: u32,
    /// Until when it is or was blocked.
    pub blocked_until: Moment,
    /// Until when it is or was throttled.
    pub throttled_until: Moment,
}

/// One client's part of the reputation.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    parts: Vec<Part>,
    pub(super) blocks: u32,
    pub(super) blocked_until: Moment,
    pub(super) throttled_until: Moment,
}

/// One cause; a million clients have some, so it is small.
#[derive(Clone, Debug)]
struct Part {
    points: Points,
    /// Second since the Unix epoch.
    last: u32,
    count: u16,
    scenario: u16,
}

/// The names of scenarios by their numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Names(Vec<Arc<str>>);

/// The number that stands for the smallest causes together.
const REST: u16 = u16::MAX;

impl Names {
    pub(super) fn number(&mut self, name: &Arc<str>) -> u16 {
        if let Some(known) = self.0.iter().position(|known| known == name) {
            return u16::try_from(known).unwrap_or(REST);
        }
        match u16::try_from(self.0.len()) {
            Ok(number) if number != REST && **name != *OTHER => {
                self.0.push(Arc::clone(name));
                number
            }
            Ok(_) | Err(_) => REST,
        }
    }

    fn name(&self, number: u16) -> Arc<str> {
        self.0.get(usize::from(number)).cloned().unwrap_or_else(|| OTHER.into())
    }
}

impl Entry {
    pub(super) fn score(&self, at: Moment, half_life: HalfLife) -> f64 {
        // The sum of nothing would be -0.
        self.parts.iter().fold(0.0, |sum, part| sum + part.points.at(at, half_life))
    }

    /// The causes, the largest first.
    pub(super) fn causes(&self, at: Moment, half_life: HalfLife, names: &Names) -> Vec<Cause> {
        let cause = |part: &Part| Cause {
            scenario: names.name(part.scenario),
            points: part.points.at(at, half_life),
            count: u32::from(part.count),
            last: Moment::default().after(Span::from_secs(u64::from(part.last))),
        };
        let mut causes: Vec<Cause> = self.parts.iter().map(cause).collect();
        causes.sort_by(|one, other| {
            other.points.total_cmp(&one.points).then_with(|| one.scenario.cmp(&other.scenario))
        });
        causes
    }

    /// Adds points, as many as the highest score leaves room for.
    pub(super) fn add(&mut self, points: f64, scenario: u16, at: Moment, settings: &Settings) {
        let half_life = settings.half_life;
        let room = (settings.highest - self.score(at, half_life)).max(0.0);
        let points = Points::new(points.min(room), at, half_life);
        self.put(Part { points, last: second(at), count: 1, scenario });
        if self.parts.len() > CAUSES {
            let smallest = |parts: &mut Vec<Part>| {
                let worth = |part: &Part| part.points.at(at, half_life);
                let place = parts
                    .iter()
                    .enumerate()
                    .min_by(|(_, one), (_, other)| worth(one).total_cmp(&worth(other)));
                place.map(|(place, _)| place).map(|place| parts.swap_remove(place))
            };
            let two = [smallest(&mut self.parts), smallest(&mut self.parts)];
            two.into_iter().flatten().for_each(|part| self.put(Part { scenario: REST, ..part }));
        }
    }

    fn put(&mut self, part: Part) {
        match self.parts.iter_mut().find(|known| known.scenario == part.scenario) {
            Some(known) => {
                known.points = known.points.plus(part.points);
                known.count = known.count.saturating_add(part.count);
                known.last = known.last.max(part.last);
            }
            None => {
                self.parts.reserve_exact(1);
                self.parts.push(part);
            }
        }
    }

    /// What the score asks for and is not in force yet.
    pub(super) fn due(&mut self, at: Moment, settings: &Settings, is_shared: bool) -> Vec<(Action, Moment)> {
        let score = self.score(at, settings.half_life);
        let mut due = Vec::new();
        if reaches(score, settings.throttle_at) {
            let calm = at.after(settings.half_life.until(score, settings.calm_at));
            due.extend(self.bind(settings.throttle(), calm, at));
        }
        if reaches(score, settings.block_at) && !is_shared {
            due.extend(self.block(at, settings));
        }
        due
    }

    /// Blocks: until the score has faded, at least for as long as the blocks before it ask for.
    pub(super) fn block(&mut self, at: Moment, settings: &Settings) -> Option<(Action, Moment)> {
        let is_new = self.blocked_until <= at;
        let before = if self.blocked_until.after(settings.remembers) > at { self.blocks } else { 0 };
        let doublings = if is_new { before } else { before.saturating_sub(1) };
        let lasts = settings.block_for.times(1_u64 << doublings.min(DOUBLINGS));
        let faded = settings.half_life.until(self.score(at, settings.half_life), settings.release_at);
        let expires = at.after(lasts.max(faded).min(settings.block_longest));
        if is_new {
            self.blocks = before.saturating_add(1);
        }
        self.bind(Action::Block, expires, at)
    }

    /// Puts a decision into force, unless one of its kind is that lasts about as long.
    pub(super) fn bind(&mut self, action: Action, expires: Moment, at: Moment) -> Option<(Action, Moment)> {
        let until = match action {
            Action::Block => &mut self.blocked_until,
            Action::Throttle { .. } => &mut self.throttled_until,
            Action::Allow => return None,
        };
        let is_in_force = *until > at && expires <= until.after(SLACK);
        if is_in_force || expires <= at {
            return None;
        }
        *until = expires;
        Some((action, expires))
    }

    /// When it means nothing any more.
    pub(super) fn ends(&self, at: Moment, settings: &Settings) -> Moment {
        let faded = settings.half_life.until(self.score(at, settings.half_life), NOTHING);
        let remembered = if self.blocks > 0 { settings.remembers } else { Span::ZERO };
        at.after(faded).max(self.blocked_until.after(remembered)).max(self.throttled_until)
    }

    pub(super) fn record(&self, scope: Scope, at: Moment, half_life: HalfLife, names: &Names) -> Record {
        Record {
            scope,
            as_of: at,
            causes: self.causes(at, half_life, names),
            blocks: self.blocks,
            blocked_until: self.blocked_until,
            throttled_until: self.throttled_until,
        }
    }

    pub(super) fn restore(record: &Record, half_life: HalfLife, names: &mut Names) -> Self {
        let mut entry = Self {
            parts: Vec::new(),
            blocks: record.blocks,
            blocked_until: record.blocked_until,
            throttled_until: record.throttled_until,
        };
        for Cause { scenario, points, count, last } in record.causes.iter().take(CAUSES) {
            let points = if points.is_finite() { points.max(0.0) } else { 0.0 };
            let points = Points::new(points, record.as_of, half_life);
            let count = u16::try_from(*count).unwrap_or(u16::MAX);
            let (last, scenario) = (second(*last), names.number(scenario));
            entry.put(Part { points, last, count, scenario });
        }
        entry
    }
}

/// Whether a score is the limit or more, but for rounding: it is a sum of fractions.
fn reaches(score: f64, limit: f64) -> bool {
    score >= limit - ROUNDING
}

fn second(at: Moment) -> u32 {
    u32::try_from(at.millis() / 1_000).unwrap_or(u32::MAX)
}
