//! The cost of an operation by names and arguments alone, in one walk over the tape, fragments once each.

mod slice;

use crate::Cost;
use crate::request::Request;
use crate::sizes::Sizes;
use crate::variables::Variables;
use portcullis_graphql::{Document, Field, NodeIndex, Operation, OperationKind, Selection, Selections};
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
    for index in order {
        let Some(fragment) = document.fragment(*index) else { continue };
        let sum = Walk::new(&request, &fragments, Around::Either).sum(fragment.selections());
        if let Some(slot) = fragments.get_mut(index.get()) {
            *slot = sum;
        }
    }
    let Sum { plain, fields, .. } =
        Walk::new(&request, &fragments, Around::Plain).sum(operation.selections());
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
struct Open<'a> {
    end: Option<NodeIndex>,
    field: Option<Field<'a>>,
    around: Around,
    /// What surrounds its selections.
    inside: Around,
    slice: Option<Slice>,
    sum: Sum,
}

struct Walk<'w, 'a> {
    request: &'w Request<'a>,
    fragments: &'w [Sum],
    open: Vec<Open<'a>>,
    total: Sum,
    around: Around,
}

impl<'w, 'a> Walk<'w, 'a> {
    fn new(request: &'w Request<'a>, fragments: &'w [Sum], around: Around) -> Self {
        Self { request, fragments, open: Vec::new(), total: Sum::default(), around }
    }

    fn sum(mut self, selections: Selections<'a>) -> Sum {
        let mut left_out: Option<NodeIndex> = None;
        for selection in selections {
            if left_out.is_some_and(|end| selection.index() < end) {
                continue;
            }
            self.close_before(Some(selection.index()));
            if self.request.leaves_out(selection.directives()) {
                left_out = Some(selection.end());
                continue;
            }
            self.enter(selection);
        }
        self.close_before(None);
        self.total
    }

    fn enter(&mut self, selection: Selection<'a>) {
        let around = self.open.last().map_or(self.around, |open| open.inside);
        let (field, slice, inside) = match selection {
            Selection::Spread(spread) => {
                let known = spread.fragment().and_then(|index| self.fragments.get(index.get()));
                let sum = known.copied().unwrap_or_default().within(around);
                self.add(sum);
                return;
            }
            Selection::InlineFragment(_) => (None, None, around),
            Selection::Field(field) => {
                let slice = self.request.slice(field);
                (Some(field), slice, if slice.is_some() { Around::Sliced } else { Around::Plain })
            }
        };
        let end = Some(selection.end());
        self.open.push(Open { end, field, around, inside, slice, sum: Sum::default() });
    }

    /// Closes what ends before a node, or everything.
    fn close_before(&mut self, node: Option<NodeIndex>) {
        while let Some(open) = self.open.pop_if(|open| node.is_none() || open.end <= node) {
            let sum = match open.field {
                Some(field) => self.field(field, &open),
                None => open.sum,
            };
            self.add(sum);
        }
    }

    fn field(&self, field: Field<'a>, open: &Open<'a>) -> Sum {
        if !field.has_selections() {
            let times = open.slice.map_or(1, |slice| slice.entries.max(slice.size).unwrap_or(1));
            let cost = LEAF.times(times);
            return Sum { plain: cost, sliced: cost, fields: 1, holds: Holds::Leaves };
        }
        let selected = open.sum.within(open.inside).plain;
        let (plain, sliced) = match open.slice {
            Some(slice) => {
                let cost = sliced_object(slice, open.sum.holds, selected);
                (cost, cost)
            }
            None if ENTRIES.contains(&field.name()) => {
                ((ENTRY + selected).times(self.request.default_size()), OBJECT + selected)
            }
            None => (OBJECT + selected, OBJECT + selected),
        };
        Sum { plain, sliced, fields: 1, holds: Holds::Objects }.within(open.around)
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
