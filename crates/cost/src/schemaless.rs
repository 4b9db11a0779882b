//! The cost of an operation by names and arguments alone, in one walk over the tape, fragments once each.

mod slice;

use crate::Cost;
use crate::request::Request;
use crate::sizes::Sizes;
use crate::variables::Variables;
use portcullis_graphql::{Document, NodeIndex, Operation, OperationKind, Selection, Selections};
pub(crate) use slice::Slice;

/// One entry of a list of objects.
pub(crate) const ENTRY: Cost = Cost::from_units(1);
/// One object that is no entry of a list; also what `size` asks for of a field without objects inside.
pub(crate) const OBJECT: Cost = Cost::from_milli(100);
/// One value.
pub(crate) const LEAF: Cost = Cost::from_milli(10);
pub(crate) const MUTATION_ROOT: Cost = Cost::from_units(10);

/// Fields that are lists by the convention of connections.
pub(crate) const ENTRIES: [&str; 2] = ["edges", "nodes"];

/// Linear in the document; one with a cycle of fragments costs more than any limit.
pub(crate) fn cost<'a>(
    document: Document<'a>,
    operation: Operation<'a>,
    supplied: &'a Variables<'a>,
    sizes: Sizes,
) -> Cost {
    let Ok(order) = document.fragment_order() else { return Cost::MAX };
    let request = Request::new(operation, supplied, sizes);
    let mut fragments = vec![Sum::default(); document.fragments().len()];
    let mut open = Vec::new();
    for index in order {
        let Some(fragment) = document.fragment(*index) else { continue };
        let sum = Walk::new(&request, &fragments, &mut open, Around::Either).sum(fragment.selections());
        if let Some(slot) = fragments.get_mut(index.get()) {
            *slot = sum;
        }
    }
    let walk = Walk::new(&request, &fragments, &mut open, Around::Plain);
    let Sum { plain, fields, .. } = walk.sum(operation.selections());
    match operation.kind() {
        OperationKind::Mutation => plain + MUTATION_ROOT.times(fields),
        OperationKind::Query | OperationKind::Subscription => plain,
    }
}

/// Whether the field around a selection has a slicing argument; decides what `edges` and `nodes` count.
#[derive(Clone, Copy, PartialEq)]
enum Around {
    /// It has none, or there is no field around.
    Plain,
    /// It has one.
    Sliced,
    /// A fragment, which may be spread in both.
    Either,
}

/// The cost of a selection set in either surrounding, and what stands directly in it, fragments expanded.
#[derive(Clone, Copy, Default)]
struct Sum {
    plain: Cost,
    sliced: Cost,
    fields: u64,
    holds: Holds,
}

/// Whether a selection set asks for objects.
#[derive(Clone, Copy, Default, PartialEq)]
enum Holds {
    /// For values only.
    #[default]
    Leaves,
    /// For at least one object.
    Objects,
}

impl Sum {
    /// What it comes to where the surrounding is known.
    fn within(self, around: Around) -> Self {
        match around {
            Around::Plain => Self { sliced: self.plain, ..self },
            Around::Sliced => Self { plain: self.sliced, ..self },
            Around::Either => self,
        }
    }

    fn add(&mut self, other: Self) {
        self.plain = self.plain + other.plain;
        self.sliced = self.sliced + other.sliced;
        self.fields = self.fields.saturating_add(other.fields);
        if other.holds == Holds::Objects {
            self.holds = Holds::Objects;
        }
    }
}

/// A field or inline fragment whose selections are being summed.
struct Open {
    end: NodeIndex,
    what: What,
    around: Around,
    /// What surrounds its selections.
    inside: Around,
    sum: Sum,
}

/// What is open.
#[derive(Clone, Copy)]
enum What {
    /// An inline fragment: what is in it counts as what stands around it.
    Fragment,
    /// A field with a slicing argument.
    Sliced(Slice),
    /// A list by the convention of connections.
    Entries,
    /// Any other field.
    Object,
}

struct Walk<'w, 'a> {
    request: &'w Request<'a>,
    fragments: &'w [Sum],
    /// Empty before and after.
    open: &'w mut Vec<Open>,
    total: Sum,
    around: Around,
}

impl<'w, 'a> Walk<'w, 'a> {
    fn new(request: &'w Request<'a>, fragments: &'w [Sum], open: &'w mut Vec<Open>, around: Around) -> Self {
        Self { request, fragments, open, total: Sum::default(), around }
    }

    fn sum(mut self, selections: Selections<'a>) -> Sum {
        let mut left_out: Option<NodeIndex> = None;
        for selection in selections {
            let index = selection.index();
            if left_out.is_some_and(|end| index < end) {
                continue;
            }
            while let Some(open) = self.open.pop_if(|open| open.end <= index) {
                self.close(open);
            }
            if selection.is_bare() {
                self.enter_bare(selection);
            } else if self.request.leaves_out(selection.directives()) {
                left_out = Some(selection.end());
            } else {
                self.enter(selection);
            }
        }
        while let Some(open) = self.open.pop() {
            self.close(open);
        }
        self.total
    }

    fn enter(&mut self, selection: Selection<'a>) {
        match selection {
            Selection::Field(field) => {
                let slice = self.request.slice(field);
                match (slice, field.has_selections()) {
                    (None, _) => self.enter_bare(selection),
                    (Some(slice), true) => self.open(selection.end(), What::Sliced(slice), Around::Sliced),
                    (Some(slice), false) => {
                        let times = slice.entries.max(slice.size).unwrap_or(1);
                        self.add_leaf(LEAF.times(times));
                    }
                }
            }
            Selection::Spread(_) | Selection::InlineFragment(_) => self.enter_bare(selection),
        }
    }

    /// Enters what has no slicing argument.
    fn enter_bare(&mut self, selection: Selection<'a>) {
        match selection {
            Selection::Field(field) if !field.has_selections() => self.add_leaf(LEAF),
            Selection::Field(field) => {
                let what = if ENTRIES.contains(&field.name()) { What::Entries } else { What::Object };
                self.open(selection.end(), what, Around::Plain);
            }
            Selection::Spread(spread) => {
                let known = spread.fragment().and_then(|index| self.fragments.get(index.get()));
                let sum = known.copied().unwrap_or_default().within(self.around());
                self.add(sum);
            }
            Selection::InlineFragment(_) => self.open(selection.end(), What::Fragment, self.around()),
        }
    }

    /// What surrounds the selection at hand.
    fn around(&self) -> Around {
        self.open.last().map_or(self.around, |open| open.inside)
    }

    fn open(&mut self, end: NodeIndex, what: What, inside: Around) {
        let around = self.around();
        self.open.push(Open { end, what, around, inside, sum: Sum::default() });
    }

    fn close(&mut self, open: Open) {
        let Open { what, around, inside, sum, .. } = open;
        let selected = sum.within(inside).plain;
        let (plain, sliced) = match what {
            What::Fragment => return self.add(sum),
            What::Sliced(slice) => {
                let cost = sliced_object(slice, sum.holds, selected);
                (cost, cost)
            }
            What::Entries => ((ENTRY + selected).times(self.request.default_size()), OBJECT + selected),
            What::Object => (OBJECT + selected, OBJECT + selected),
        };
        self.add(Sum { plain, sliced, fields: 1, holds: Holds::Objects }.within(around));
    }

    fn add_leaf(&mut self, cost: Cost) {
        self.add(Sum { plain: cost, sliced: cost, fields: 1, holds: Holds::Leaves });
    }

    fn add(&mut self, sum: Sum) {
        match self.open.last_mut() {
            Some(open) => open.sum.add(sum),
            None => self.total.add(sum),
        }
    }
}

/// A field with a slicing argument. `size` asks for entries where objects are selected; where only values are, it is
/// as likely the edge of an image.
fn sliced_object(slice: Slice, holds: Holds, selected: Cost) -> Cost {
    let (entries, pixels) = match holds {
        Holds::Objects => (slice.entries.max(slice.size), None),
        Holds::Leaves => (slice.entries, slice.size),
    };
    let as_entries = entries.map(|entries| (ENTRY + selected).times(entries));
    let as_pixels = pixels.map(|pixels| (OBJECT + selected).times(pixels));
    as_entries.max(as_pixels).unwrap_or(OBJECT + selected)
}

#[cfg(test)]
mod tests;
