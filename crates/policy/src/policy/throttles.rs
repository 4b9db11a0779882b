//! How much clients may spend: named buckets, and for how many clients they are kept.

use super::{ClassId, Mode, Switch};
use crate::budget::Rate;

/// What is throttled, and where that is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Throttles {
    /// Each of them applies; the tightest speaks.
    pub(crate) rules: Vec<Throttle>,
    /// How many streams may be open at once.
    pub(crate) streams: Vec<StreamLimit>,
    /// Clients whose buckets are kept apart; beyond, those without a place share one bucket for each class.
    pub(crate) clients: u32,
    /// Operations whose buckets are kept apart; beyond, those without a place share one.
    pub(crate) operations: u32,
    /// Clients whose open streams are kept apart.
    pub(crate) streaming: u32,
    /// Whether `X-RateLimit-*` is told beside `RateLimit`.
    pub legacy_headers: Switch,
    /// Whether Envoy's own `ratelimit` filter is told what a request costs.
    pub hand_over_cost: Switch,
}

/// One kind of bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Throttle {
    /// Its name, fit for a label and a header.
    pub name: String,
    /// Who has a bucket of its own.
    pub per: Per,
    /// What is taken from it.
    pub unit: Unit,
    /// How much it holds, and how fast it fills.
    pub rate: Rate,
    /// Whether what it does not let through is refused where the policy refuses that, or only counts in any case.
    pub mode: Mode,
    /// By what its buckets are known in stored state.
    pub(crate) id: ThrottleId,
    /// The classes to which it applies; nothing means all.
    pub(crate) classes: Option<Vec<ClassId>>,
}

/// How many streams may be open at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamLimit {
    /// Its name, fit for a label.
    pub name: String,
    /// Whose streams are counted together; never an operation's.
    pub per: Per,
    /// How many; inclusive.
    pub max: u32,
    /// Whether one more is refused where the policy refuses that, or only counts in any case.
    pub mode: Mode,
    /// By what its leases are known in stored state.
    pub(crate) id: ThrottleId,
    /// The classes to which it applies; nothing means all.
    pub(crate) classes: Option<Vec<ClassId>>,
}

impl StreamLimit {
    /// Whether it applies to a class.
    pub fn applies_to(&self, class: ClassId) -> bool {
        self.classes.as_ref().is_none_or(|classes| classes.contains(&class))
    }
}

/// Who has a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// Each client.
    Client,
    /// Each class, all of its clients together.
    Class,
    /// Each operation, all clients together: one bucket for its name, one for its document's shape.
    Operation,
}

/// What is taken from a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// One for each operation, so that a batch counts as often as it has some.
    Requests,
    /// What operations are estimated to cost.
    Cost,
}

/// By what the buckets of a throttle are known in stored state, also by a filter of another policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ThrottleId(pub(crate) u32);

impl ThrottleId {
    /// A bucket of costs is none of requests, whatever they are called.
    pub(crate) fn of(name: &str, unit: Unit) -> Self {
        match unit {
            Unit::Requests => Self::fold(b'r', name),
            Unit::Cost => Self::fold(b'c', name),
        }
    }

    /// That of a limit on streams.
    pub(crate) fn of_streams(name: &str) -> Self {
        Self::fold(b's', name)
    }

    fn fold(unit: u8, name: &str) -> Self {
        // FNV-1a; names are the operator's, and a policy in which two fall together is refused.
        let fold = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        Self(std::iter::once(unit).chain(name.bytes()).fold(0x811c_9dc5, fold))
    }
}

impl Throttle {
    /// Whether it applies to a class.
    pub fn applies_to(&self, class: ClassId) -> bool {
        self.classes.as_ref().is_none_or(|classes| classes.contains(&class))
    }
}

impl Throttles {
    /// Nothing is throttled.
    pub(crate) fn none() -> Self {
        Self {
            rules: Vec::new(),
            streams: Vec::new(),
            clients: 0,
            operations: 0,
            streaming: 0,
            legacy_headers: Switch::Off,
            hand_over_cost: Switch::Off,
        }
    }

    /// All of them, in the order of the policy.
    pub fn rules(&self) -> &[Throttle] {
        &self.rules
    }

    /// Whether operations have buckets, so that the shapes of their documents are needed.
    pub fn know_operations(&self) -> bool {
        self.rules.iter().any(|rule| rule.per == Per::Operation)
    }

    /// How many streams may be open at once, in the order of the policy.
    pub fn streams(&self) -> &[StreamLimit] {
        &self.streams
    }

    /// The names of throttles, those of streams last.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let rules = self.rules.iter().map(|rule| rule.name.as_str());
        rules.chain(self.streams.iter().map(|limit| limit.name.as_str()))
    }

    pub(crate) fn rate(&self, id: ThrottleId) -> Option<Rate> {
        self.rules.iter().find(|rule| rule.id == id).map(|rule| rule.rate)
    }
}
