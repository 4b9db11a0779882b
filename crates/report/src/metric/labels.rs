//! Label values that a policy names: its classes and its throttles.
//!
//! A metric carries the place of the name, so that counting copies no text; the names are needed when stats are defined.

/// A class by its place in the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClassLabel(pub u8);

/// A throttle by its place in the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ThrottleLabel(pub u8);

/// The names of one policy, of `a-z` and `_`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    classes: Vec<String>,
    throttles: Vec<String>,
    candidate: Candidate,
}

/// Whether a policy has a candidate beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Candidate {
    #[default]
    Absent,
    Present,
}

/// What stands for a name that the policy does not have.
const OTHER: &str = "other";

impl Labels {
    /// The names of the classes and of the throttles, in the order of the policy.
    pub fn new(classes: Vec<String>, throttles: Vec<String>) -> Self {
        Self { classes, throttles, candidate: Candidate::Absent }
    }

    /// The same names for a policy that has a candidate beside it.
    pub fn with_candidate(self) -> Self {
        Self { candidate: Candidate::Present, ..self }
    }

    pub(super) fn candidate(&self) -> Candidate {
        self.candidate
    }

    pub(super) fn classes(&self) -> impl Iterator<Item = ClassLabel> {
        places(&self.classes).map(ClassLabel)
    }

    pub(super) fn throttles(&self) -> impl Iterator<Item = ThrottleLabel> {
        places(&self.throttles).map(ThrottleLabel)
    }

    pub(super) fn class(&self, ClassLabel(place): ClassLabel) -> &str {
        self.classes.get(usize::from(place)).map_or(OTHER, String::as_str)
    }

    pub(super) fn throttle(&self, ThrottleLabel(place): ThrottleLabel) -> &str {
        self.throttles.get(usize::from(place)).map_or(OTHER, String::as_str)
    }
}

fn places(names: &[String]) -> impl Iterator<Item = u8> {
    (0..names.len()).filter_map(|place| u8::try_from(place).ok())
}
