//! What a response cost by the entries it has, and which errors it tells: counted as it passes, nothing of it is kept.

use portcullis_cost::{Cost, Plan, PlanNode};
use portcullis_framing::Event as ScanEvent;
use portcullis_report::{ErrorCode, Failure};

/// The costs of the responses to the operations of one request.
#[derive(Debug, Default)]
pub(crate) struct Costs {
    /// One for each operation, in their order; nothing where there is no plan.
    plans: Vec<Option<Plan>>,
    /// One for each response; nothing of one whose `data` was no object, for which nobody knows what was done.
    sums: Vec<Option<Cost>>,
    /// Arrays and objects that are open in the response at hand.
    open: Vec<Open>,
    /// The place of the value that comes next in an object.
    next: Option<PlanNode>,
}

/// An array or object that is open.
#[derive(Clone, Copy, Debug)]
enum Open {
    /// An object at a place, when it is one that was asked for.
    Object(Option<PlanNode>),
    /// A list at a place; its entries are at the same.
    List(Option<PlanNode>),
}

impl Costs {
    pub(crate) fn new(plans: Vec<Option<Plan>>) -> Self {
        Self { plans, ..Self::default() }
    }

    pub(crate) fn on(&mut self, event: ScanEvent<'_>) {
        match event {
            ScanEvent::Response => {
                // Of more responses than there were operations nothing is known.
                if self.sums.len() <= self.plans.len() {
                    self.sums.push(None);
                }
                self.open.clear();
                self.next = self.plan().map(Plan::root);
            }
            ScanEvent::Key(key) => {
                let place = match self.open.last() {
                    Some(Open::Object(Some(place))) => self.plan().and_then(|plan| plan.child(*place, key)),
                    Some(Open::Object(None) | Open::List(_)) | None => None,
                };
                self.next = place;
                self.charge(place, Part::Key);
            }
            ScanEvent::ObjectStart => {
                let place = self.place();
                if self.open.is_empty() {
                    if let Some(sum) = self.sums.last_mut() {
                        sum.get_or_insert_default();
                    }
                    self.charge(place, Part::Key);
                }
                self.charge(place, Part::Entry);
                self.open.push(Open::Object(place));
            }
            ScanEvent::ListStart => {
                let place = self.place();
                self.open.push(Open::List(place));
            }
            ScanEvent::Leaf => {
                let place = self.place();
                self.charge(place, Part::Entry);
            }
            ScanEvent::ObjectEnd | ScanEvent::ListEnd => drop(self.open.pop()),
            ScanEvent::Null | ScanEvent::Error | ScanEvent::Code(_) => (),
        }
    }

    /// What each operation cost, once the whole response has passed.
    pub(crate) fn sums(&self) -> impl Iterator<Item = Option<Cost>> {
        let known = self.plans.iter().map(Option::is_some);
        known.zip(&self.sums).map(|(known, sum)| sum.filter(|_| known))
    }

    fn plan(&self) -> Option<&Plan> {
        let current = self.sums.len().checked_sub(1)?;
        self.plans.get(current)?.as_ref()
    }

    /// The place of the value that begins.
    fn place(&self) -> Option<PlanNode> {
        match self.open.last() {
            Some(Open::List(place)) => *place,
            Some(Open::Object(_)) | None => self.next,
        }
    }

    fn charge(&mut self, place: Option<PlanNode>, part: Part) {
        let Some((plan, place)) = self.plan().zip(place) else { return };
        let unit = plan.unit(place);
        let cost = match part {
            Part::Key => unit.field,
            Part::Entry => unit.entry,
        };
        if let Some(Some(sum)) = self.sums.last_mut() {
            *sum = *sum + cost;
        }
    }
}

/// What is charged at a place.
#[derive(Clone, Copy)]
enum Part {
    /// Its key, whatever the value.
    Key,
    /// A value that is there.
    Entry,
}

/// Kinds of errors that are told apart in the responses to one request.
const KINDS: usize = 16;

/// The errors of a response by their codes.
#[derive(Debug, Default)]
pub(crate) struct Errors {
    counts: Vec<(ErrorCode, u64)>,
    /// An error whose code did not come yet.
    nameless: bool,
    /// Responses that have begun.
    responses: usize,
    told: ToldErrors,
}

/// Errors as they are reported: by the operation that they answer, and by the upstream's own codes.
#[derive(Clone, Debug, Default)]
pub(crate) struct ToldErrors {
    pub(crate) kinds: Vec<ErrorKind>,
    /// Errors that were not told apart.
    pub(crate) merged: u64,
}

/// Errors of one code in the response to one operation.
#[derive(Clone, Debug)]
pub(crate) struct ErrorKind {
    /// The place of the operation in its batch.
    pub(crate) place: usize,
    pub(crate) code: String,
    pub(crate) count: u64,
}

impl Errors {
    pub(crate) fn on(&mut self, event: ScanEvent<'_>) {
        match event {
            ScanEvent::Error => {
                self.settle();
                self.nameless = true;
            }
            ScanEvent::Code(code) if self.nameless => {
                self.nameless = false;
                self.add(code);
            }
            ScanEvent::Response => {
                self.settle();
                self.responses = self.responses.saturating_add(1);
            }
            ScanEvent::Code(_)
            | ScanEvent::Key(_)
            | ScanEvent::ObjectStart
            | ScanEvent::ObjectEnd
            | ScanEvent::ListStart
            | ScanEvent::ListEnd
            | ScanEvent::Leaf
            | ScanEvent::Null => (),
        }
    }

    /// Whether there was none so far.
    pub(crate) fn is_none(&self) -> bool {
        self.counts.is_empty() && !self.nameless
    }

    /// How many there were of each code.
    pub(crate) fn counts(&mut self) -> &[(ErrorCode, u64)] {
        self.settle();
        &self.counts
    }

    /// Those of which nothing more can come, once.
    pub(crate) fn take_settled(&mut self) -> Vec<(ErrorCode, u64)> {
        std::mem::take(&mut self.counts)
    }

    fn settle(&mut self) {
        if std::mem::take(&mut self.nameless) {
            self.add("");
        }
    }

    /// The same as they are reported.
    pub(crate) fn told(&mut self) -> ToldErrors {
        self.settle();
        std::mem::take(&mut self.told)
    }

    fn add(&mut self, text: &str) {
        let place = self.responses.saturating_sub(1);
        self.told.add(place, text);
        let code = ErrorCode::named(text);
        match self.counts.iter_mut().find(|(known, _)| *known == code) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => self.counts.push((code, 1)),
        }
    }
}

impl ToldErrors {
    fn add(&mut self, place: usize, text: &str) {
        let is_same = |kind: &&mut ErrorKind| kind.place == place && kind.code.eq_ignore_ascii_case(text);
        if let Some(known) = self.kinds.iter_mut().find(is_same) {
            known.count = known.count.saturating_add(1);
            return;
        }
        let code = Failure::word(text);
        let has_room = self.kinds.len() < KINDS;
        match self.kinds.iter_mut().find(|kind| kind.place == place && kind.code == code) {
            Some(known) => known.count = known.count.saturating_add(1),
            None if has_room => self.kinds.push(ErrorKind { place, code, count: 1 }),
            None => self.merged = self.merged.saturating_add(1),
        }
    }
}
