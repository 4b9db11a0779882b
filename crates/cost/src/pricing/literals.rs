//! What was read of the literals of a request: the default of a variable is written once, and used as often as there are fields.
//!
//! A longer object is sorted when a field of it is first looked for, a longer list is counted once, and what the value of a
//! variable weighs is summed once for each input type. All of that is bounded by the text in which it is written.

use super::{Pricing, Steps};
use portcullis_graphql::{List, NodeIndex, Object, Value};
use std::collections::BTreeMap;

/// So many fields or entries are looked through each time, which takes less than to remember them.
const FEW: usize = 8;

/// So many weights of variables are remembered; those of more are summed again.
const WEIGHTS: usize = 1_024;

/// What is remembered of literals while one request is priced.
#[derive(Debug, Default)]
pub(crate) struct Literals<'a> {
    /// By object, its fields sorted by name.
    objects: BTreeMap<NodeIndex, Vec<(&'a str, Value<'a>)>>,
    /// By list, how many entries it has.
    lists: BTreeMap<NodeIndex, u64>,
    /// By variable and input type, what its value adds.
    weights: BTreeMap<(&'a str, u32), i64>,
}

/// What an object has of a name.
#[derive(Clone, Copy, Debug)]
pub(super) enum Inside<'a> {
    Nothing,
    One(Value<'a>),
    /// It is there twice, or the steps ran out before that was known.
    Unclear,
}

impl<'a> Pricing<'_, 'a> {
    /// The field of an object.
    pub(super) fn inside(&mut self, object: Object<'a>, name: &str) -> Inside<'a> {
        let Self { literals, steps, .. } = self;
        literals.inside(object, name, steps).unwrap_or(Inside::Unclear)
    }

    /// How many entries a list has.
    pub(super) fn entries(&mut self, list: List<'a>) -> u64 {
        let Self { literals, steps, .. } = self;
        literals.entries(list, steps).unwrap_or(u64::MAX)
    }

    /// What the value of a variable adds, where an input type is expected and it was summed before.
    pub(super) fn weight_of(&self, variable: &'a str, input: u32) -> Option<i64> {
        self.literals.weights.get(&(variable, input)).copied()
    }

    pub(super) fn keep_weight(&mut self, variable: &'a str, input: u32, weight: i64) {
        let weights = &mut self.literals.weights;
        if weights.len() < WEIGHTS {
            weights.insert((variable, input), weight);
        }
    }
}

impl<'a> Literals<'a> {
    /// Nothing when the steps ran out.
    fn inside(&mut self, object: Object<'a>, name: &str, steps: &mut Steps) -> Option<Inside<'a>> {
        let place = object.index();
        if let Some(sorted) = self.objects.get(&place) {
            return steps.take(1).then(|| inside_sorted(sorted, name));
        }
        let (mut fields, mut found) = (object.fields(), Inside::Nothing);
        for (key, value) in fields.by_ref().take(FEW) {
            steps.take(1).then_some(())?;
            if key == name {
                found = match found {
                    Inside::Nothing => Inside::One(value),
                    Inside::One(_) | Inside::Unclear => Inside::Unclear,
                };
            }
        }
        if fields.next().is_none() {
            return Some(found);
        }
        let mut sorted = Vec::new();
        for field in object.fields() {
            steps.take(1).then_some(())?;
            sorted.push(field);
        }
        sorted.sort_by_key(|(key, _)| *key);
        let found = inside_sorted(&sorted, name);
        self.objects.insert(place, sorted);
        Some(found)
    }

    /// Nothing when the steps ran out.
    fn entries(&mut self, list: List<'a>, steps: &mut Steps) -> Option<u64> {
        let place = list.index();
        if let Some(known) = self.lists.get(&place) {
            return steps.take(1).then_some(*known);
        }
        let mut entries = 0_u64;
        for _ in list.values() {
            steps.take(1).then_some(())?;
            entries = entries.saturating_add(1);
        }
        if entries > FEW as u64 {
            self.lists.insert(place, entries);
        }
        Some(entries)
    }
}

fn inside_sorted<'a>(sorted: &[(&'a str, Value<'a>)], name: &str) -> Inside<'a> {
    let first = sorted.partition_point(|(key, _)| *key < name);
    let mut same = sorted.iter().skip(first).take_while(|(key, _)| *key == name).map(|(_, value)| *value);
    match (same.next(), same.next()) {
        (None, _) => Inside::Nothing,
        (Some(value), None) => Inside::One(value),
        (Some(_), Some(_)) => Inside::Unclear,
    }
}
