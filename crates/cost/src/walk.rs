//! The cost of an operation by a table, in one walk over the tape: no recursion, and each fragment once for each type it is spread in.
//!
//! What a list costs whose size is told further up is kept apart from the rest, as a factor of that size; so a fragment is worth
//! the same wherever it is spread, whatever the size there.

mod counts;
mod field;
mod fragments;
mod layout;
mod memory;
mod run;
mod scope;
mod sums;

use crate::Cost;
use crate::estimate::{Estimate, Question};
use crate::pricing::{Pricing, Steps};
use crate::request::Request;
use crate::table::{FieldId, SizedId, Table, TypeId};
use counts::Counts;
use field::{Parcel, Priced};
use fragments::{Repeats, Spreading};
pub(crate) use layout::lay_out;
pub(crate) use memory::Memory;
use portcullis_graphql::{Document, NodeIndex, Selection, Selections};
use run::Stop;
use scope::Joins;
use sums::Sums;

/// A selection whose selections are being summed.
#[derive(Clone, Copy, Debug)]
struct Open {
    end: NodeIndex,
    /// The type its selections are of, when it is known.
    scope: Option<TypeId>,
    /// Those of its fields whose lists are sized from above.
    sized: SizedId,
    /// Where its groups begin: what only some of the possible types cost.
    groups: u32,
    what: What,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Operation,
    /// A field that is no list: what is in it adds to what is around it.
    Object,
    /// A fragment that adds whatever the type.
    Inline,
    /// A fragment that is walked only once and adds whatever the type.
    Once,
    /// What is in it is summed apart.
    Apart,
}

/// The sums around what is summed apart, and why it is.
#[derive(Clone, Copy, Debug)]
struct Apart {
    around: Sums,
    reason: Reason,
}

#[derive(Clone, Copy, Debug)]
enum Reason {
    List(Parcel),
    /// A fragment that only some types have.
    Some(TypeId),
    /// What is left out, with the counts around it.
    Never(Counts),
    Spread(Spreading),
}

struct Walk<'w, 'a> {
    pricing: Pricing<'w, 'a>,
    document: Document<'a>,
    watched: &'w [FieldId],
    directives_cost: bool,
    memory: &'w mut Memory,
    /// What is being summed; what is around it is in memory.
    last: Open,
    sums: Sums,
    counts: Counts,
    /// Whether what is being walked may be walked again: a fragment that is spread more than once, or what it spreads.
    repeats: Repeats,
    first_unknown: Option<String>,
    first_violation: Option<FieldId>,
}

/// Most steps for a question: so many for each token and supplied value, and some to begin with.
fn most_steps(question: &Question<'_, '_>) -> u64 {
    let size = u64::from(question.document.tokens()).saturating_add(question.variables.size());
    size.saturating_mul(32).saturating_add(65_536)
}

pub(crate) fn estimate(table: &Table, question: &Question<'_, '_>, memory: &mut Memory) -> Estimate {
    let Question { document, operation, watched, .. } = *question;
    let most = Estimate { field: Cost::MAX, r#type: Cost::MAX, ..Estimate::default() };
    if document.fragment_order().is_err() {
        return most;
    }
    memory.clear(document, watched.len());
    let root = table.root(operation.kind());
    let mut walk = Walk::new(table, question, Steps::of(most_steps(question)), memory);
    let sums = walk.walk(operation.selections());
    let directives = walk.pricing.operation(operation);
    let weight = root.and_then(|root| table.type_of(root)).map_or(Cost::ZERO, |root| root.weight);
    let found = Estimate {
        field: sums.field + directives,
        r#type: sums.types + weight,
        unknown_fields: walk.counts.unknown,
        first_unknown: walk.first_unknown,
        slicing_violations: walk.counts.violations,
        first_violation: walk.first_violation,
        watched: walk.memory.rows.iter().take(watched.len()).copied().collect(),
        steps: walk.pricing.steps.taken(),
    };
    if walk.pricing.steps.are_used_up() {
        Estimate { field: most.field, r#type: most.r#type, ..found }
    } else {
        found
    }
}

impl<'w, 'a> Walk<'w, 'a> {
    /// Before the selections of an operation.
    fn new(table: &'w Table, question: &Question<'w, 'a>, steps: Steps, memory: &'w mut Memory) -> Self {
        let Question { document, operation, variables, sizes, watched } = *question;
        let last = Open {
            end: operation.selections().end(),
            scope: table.root(operation.kind()),
            sized: SizedId::NONE,
            groups: 0,
            what: What::Operation,
        };
        Self {
            pricing: Pricing::new(table, Request::new(operation, variables, sizes), steps),
            document,
            watched,
            directives_cost: table.directives_cost(),
            memory,
            last,
            sums: Sums::default(),
            counts: Counts::default(),
            repeats: Repeats::Never,
            first_unknown: None,
            first_violation: None,
        }
    }

    fn walk(&mut self, selections: Selections<'a>) -> Sums {
        let mut selections = selections;
        loop {
            let stop = self.run(&mut selections);
            let selection = match stop {
                Stop::Selection => selections.next(),
                Stop::End => match self.close() {
                    Closed::Selection => continue,
                    Closed::Operation => return self.sums,
                    Closed::Fragment => {
                        let Some((position, end)) = self.memory.suspended.pop() else {
                            return Sums::default();
                        };
                        selections = self.document.selections_from(position, end);
                        continue;
                    }
                },
            };
            let Some(selection) = selection.filter(|_| self.pricing.steps.take(1)) else {
                return Sums::default();
            };
            if let Some(inside) = self.enter(&selection, &mut selections) {
                self.memory.suspended.push((selections.position(), selections.end()));
                selections = inside;
            }
        }
    }

    /// Enters a selection, or leaves it behind; the selections to go on with when it leads to a fragment.
    #[inline]
    fn enter(
        &mut self,
        selection: &Selection<'a>,
        selections: &mut Selections<'a>,
    ) -> Option<Selections<'a>> {
        if !selection.is_bare() && selection.directives().next().is_some() {
            self.enter_with_directives(selection);
        }
        match selection {
            Selection::Field(field) => {
                match self.price(*field, self.last.scope, self.last.sized) {
                    Priced::Nothing => {}
                    Priced::Leaf(sums) => {
                        self.sums = self.sums.add(sums);
                        selections.skip_to(selection.end());
                    }
                    Priced::Object { parcel, scope, sized } => {
                        self.open(Open { end: selection.end(), scope, sized, groups: 0, what: What::Object });
                        match parcel.adds() {
                            Some(sums) => self.sums = self.sums.add(sums),
                            None => self.apart(Reason::List(parcel)),
                        }
                    }
                }
                None
            }
            Selection::InlineFragment(inline) => {
                let (scope, joins) = match inline.type_condition() {
                    Some(condition) => self.narrow(self.last.scope, condition),
                    None => (self.last.scope, Joins::Always),
                };
                self.open(Open { end: selection.end(), scope, what: What::Inline, ..self.last });
                self.join_apart(joins);
                None
            }
            Selection::Spread(spread) => {
                selections.skip_to(selection.end());
                self.spread(*spread)
            }
        }
    }

    /// What is certainly left out is walked all the same, for the fields it names, and dropped when it ends.
    fn enter_with_directives(&mut self, selection: &Selection<'a>) {
        if self.pricing.request.leaves_out(selection.directives()) {
            self.open(Open { end: selection.end(), what: What::Inline, ..self.last });
            self.join_apart(Joins::Never);
            return;
        }
        match selection {
            // A field's directives are part of what it costs.
            Selection::Field(_) => {}
            Selection::InlineFragment(_) | Selection::Spread(_) => {
                let directives = self.pricing.directives(selection.directives());
                self.sums.field = self.sums.field + directives;
            }
        }
    }

    /// Begins a selection whose sums are those of what is around it.
    #[inline]
    fn open(&mut self, inner: Open) {
        let groups = self.memory.groups_end();
        let around = std::mem::replace(&mut self.last, Open { groups, ..inner });
        self.memory.open.push(around);
    }

    /// Sums what was begun apart from what is around it.
    fn apart(&mut self, reason: Reason) {
        self.last.what = What::Apart;
        let around = std::mem::take(&mut self.sums);
        self.memory.apart.push(Apart { around, reason });
    }

    /// The same for a fragment that does not always add.
    fn join_apart(&mut self, joins: Joins) {
        match joins {
            Joins::Always => {}
            Joins::When(condition) => self.apart(Reason::Some(condition)),
            Joins::Never => {
                let counts = self.count_apart();
                self.apart(Reason::Never(counts));
            }
        }
    }

    /// Whether nothing is to be done where the selection ends that is being summed.
    #[inline]
    fn ends_plainly(&self) -> bool {
        match self.last.what {
            What::Object => self.last.groups == self.memory.groups_end(),
            What::Inline => true,
            What::Operation | What::Once | What::Apart => false,
        }
    }

    /// Closes what is being summed.
    #[inline(never)]
    fn close(&mut self) -> Closed {
        let open = self.last;
        let closed = match open.what {
            What::Inline => Closed::Selection,
            What::Object => {
                self.sums = self.sums.add(self.most(&open));
                Closed::Selection
            }
            What::Operation => {
                self.sums = self.sums.add(self.most(&open));
                return Closed::Operation;
            }
            What::Once => {
                self.settle(&open);
                Closed::Fragment
            }
            What::Apart => self.rejoin(&open),
        };
        // An operation is around everything.
        self.last = self.memory.open.pop().unwrap_or(self.last);
        closed
    }

    /// Adds what was summed apart to what is around it.
    fn rejoin(&mut self, open: &Open) -> Closed {
        let Some(Apart { around, reason }) = self.memory.apart.pop() else { return Closed::Selection };
        let sums = std::mem::replace(&mut self.sums, around);
        match reason {
            Reason::List(parcel) => {
                let is_plain = open.groups == self.memory.groups_end();
                let inside = if is_plain { sums } else { sums.add(self.most(open)) };
                self.sums = self.sums.add(parcel.sum(inside));
            }
            Reason::Some(condition) => self.join(sums, open.groups, Joins::When(condition)),
            Reason::Never(counts) => {
                self.forget_counts(counts);
                self.join(sums, open.groups, Joins::Never);
            }
            Reason::Spread(spreading) => {
                self.close_spread(open, sums, spreading);
                return Closed::Fragment;
            }
        }
        Closed::Selection
    }
}

/// What ended.
enum Closed {
    Selection,
    Fragment,
    Operation,
}
