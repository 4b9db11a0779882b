//! An attack scenario: what of the traffic it looks at, whose bucket that fills, and what follows when one overflows.
//!
//! A scenario is data: a YAML file that anybody who runs the gate can read and write. Its bucket is one of three:
//!
//! - `leaky` takes `capacity` events and loses one every `leak_ms`; the next one overflows it.
//! - `trigger` overflows at its first event.
//! - `counter` counts for `window_ms` from its first event, and overflows at the end when that was more than `capacity`;
//!   that is found out a minute later, since what comes out of order counts.
//!
//! With `distinct` an event whose value is in the bucket already does not count. After an overflow the bucket begins anew,
//! and for `blackhole_ms` further overflows of the same group say nothing.

mod built_in;
mod file;
mod filter;

pub use built_in::BUILT_IN;
pub(crate) use filter::Filter;

use crate::mistake::{Mistake, Mistakes};
use crate::moment::Span;
use crate::observation::Text;
use portcullis_report::Action;
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// An attack scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// Its name; unique, fit for a label.
    pub name: Arc<str>,
    /// What it finds, for people.
    pub about: String,
    /// Points that an overflow adds to the reputation of whom it is about.
    pub score: u32,
    pub(crate) filters: Vec<Filter>,
    pub(crate) group_by: Vec<Text>,
    pub(crate) distinct: Option<Text>,
    pub(crate) shape: Shape,
    pub(crate) blackhole: Span,
    pub(crate) verdict: Option<Penalty>,
}

/// How its buckets fill and overflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Takes so many events, and loses one every so often.
    Leaky { capacity: u64, leak: Span },
    /// Overflows at its first event.
    Trigger,
    /// Counts from its first event for so long, and overflows then if that was more.
    Counter { capacity: u64, window: Span },
}

/// What is to happen at once, whatever the score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Penalty {
    pub(crate) action: Action,
    pub(crate) lasts: Span,
}

/// Scenarios that work together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scenarios(Vec<Scenario>);

impl Scenarios {
    /// Those that come with the analyzer.
    ///
    /// # Errors
    /// None: a test reads them all.
    pub fn built_in() -> Result<Self, Mistakes> {
        Self::parse(BUILT_IN.iter().copied())
    }

    /// Reads files, each a name to tell mistakes by and its text; of two scenarios with one name the later replaces the
    /// earlier, so that an operator can replace a built-in one.
    ///
    /// # Errors
    /// Every mistake in all files, its path behind the file's name.
    pub fn parse<'t>(files: impl IntoIterator<Item = (&'t str, &'t str)>) -> Result<Self, Mistakes> {
        let mut scenarios: Vec<Scenario> = Vec::new();
        let mut found = crate::mistake::Found::default();
        for (name, text) in files {
            match Scenario::parse(text) {
                Ok(scenario) => {
                    scenarios.retain(|known| known.name != scenario.name);
                    scenarios.push(scenario);
                }
                Err(mistakes) => mistakes
                    .iter()
                    .for_each(|Mistake { path, problem }| found.say(format!("{name}: {path}"), problem)),
            }
        }
        found.none(Self(scenarios))
    }

    /// Leaves out those of these names; the names that there are none of.
    pub fn without<'n>(&mut self, names: &[&'n str]) -> Vec<&'n str> {
        let known: BTreeSet<&str> = self.0.iter().map(|scenario| &*scenario.name).collect();
        let unknown = names.iter().filter(|name| !known.contains(*name)).copied().collect();
        self.0.retain(|scenario| !names.contains(&&*scenario.name));
        unknown
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Scenario> {
        self.0.iter()
    }

    /// For how long what was seen may still fill a bucket, or keep one silent, at the longest.
    pub fn memory(&self) -> Span {
        self.0.iter().map(Scenario::memory).max().unwrap_or(Span::ZERO)
    }

    pub(crate) fn into_vec(self) -> Vec<Scenario> {
        self.0
    }
}

impl Scenario {
    /// Reads a scenario from YAML or JSON.
    ///
    /// # Errors
    /// The first mistake of form with path and line, or else every value that makes no sense with its path.
    pub fn parse(text: &str) -> Result<Self, Mistakes> {
        file::parse(text)
    }

    fn memory(&self) -> Span {
        let bucket = match self.shape {
            Shape::Leaky { capacity, leak } => leak.times(capacity),
            Shape::Trigger => Span::ZERO,
            Shape::Counter { window, .. } => window,
        };
        bucket.max(self.blackhole)
    }

    /// The same file with every value in it that holds, defaults included.
    ///
    /// # Errors
    /// As those of [`Scenario::parse`].
    pub fn written_out(text: &str) -> Result<impl Serialize + use<>, Mistakes> {
        file::written_out(text)
    }
}

#[cfg(test)]
mod tests;
