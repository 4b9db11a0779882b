//! Which observations a scenario looks at.

use crate::observation::{Event, Number, Observation};
use portcullis_report::{OperationKind, Reason, Transport};
use std::collections::BTreeMap;

/// What must hold of an observation, all of it; an empty list asks nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) events: Vec<Event>,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) codes: Vec<String>,
    pub(crate) transports: Vec<Transport>,
    pub(crate) kinds: Vec<OperationKind>,
    pub(crate) classes: Vec<String>,
    pub(crate) operations: Vec<String>,
    pub(crate) at_least: BTreeMap<Number, u64>,
    pub(crate) at_most: BTreeMap<Number, u64>,
}

impl Filter {
    /// Whether all of it holds; a number that is not known is neither large nor small enough.
    pub(crate) fn takes(&self, observation: &Observation) -> bool {
        let number = |number: &Number| number.of(observation);
        is_one_of(&self.events, Some(&observation.event))
            && is_one_of(&self.reasons, observation.reason.as_ref())
            && is_one_of(&self.codes, observation.code.as_ref())
            && is_one_of(&self.transports, Some(&observation.transport))
            && is_one_of(&self.kinds, Some(&observation.kind))
            && is_one_of(&self.classes, observation.class.as_ref())
            && is_one_of(&self.operations, Some(&observation.operation))
            && self.at_least.iter().all(|(field, low)| number(field).is_some_and(|value| value >= *low))
            && self.at_most.iter().all(|(field, high)| number(field).is_some_and(|value| value <= *high))
    }
}

fn is_one_of<T: PartialEq>(list: &[T], value: Option<&T>) -> bool {
    list.is_empty() || value.is_some_and(|value| list.contains(value))
}
