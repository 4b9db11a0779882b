//! The cost of an operation by names and arguments alone, in one walk over the tape, fragments once each.
//!
//! Costs add up from selection to selection whatever their depth; only where a list multiplies what is in it is a sum of its own
//! begun.

mod direct;
mod slice;

use crate::Cost;
use crate::request::Request;
use crate::sizes::Sizes;
use crate::variables::Variables;
use direct::Direct;
use portcullis_graphql::{
    Detail, Document, Field, FragmentIndex, NodeIndex, Operation, OperationKind, Plain, Selection,
    Selections, Spread,
};
pub(crate) use slice::Slice;
use slice::is_slicing;
pub use slice::{Asks, asks};

/// One entry of a list of objects.
pub(crate) const ENTRY: Cost = Cost::from_units(1);
/// One object that is no entry of a list; also what `size` asks for of a field without objects inside.
pub(crate) const OBJECT: Cost = Cost::from_milli(100);
/// One value.
pub(crate) const LEAF: Cost = Cost::from_milli(10);
pub(crate) const MUTATION_ROOT: Cost = Cost::from_units(10);

/// Memory that is used again for each estimate.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    fragments: Vec<Sum>,
    open: Vec<Level>,
    direct: Direct,
}

/// Whether a field is a list by the convention of connections.
#[inline(always)]
pub(crate) fn is_entries(name: &[u8]) -> bool {
    matches!(name, b"edges" | b"nodes")
}

/// How long those names are.
const ENTRIES_LEN: u32 = 5;

/// Whether an argument or a directive can change what a selection costs.
#[inline(always)]
fn matters(detail: Detail<'_>) -> bool {
    match detail {
        Detail::Argument(name) => is_slicing(name),
        Detail::Directive(name) => matches!(name, b"skip" | b"include"),
    }
}

/// Linear in the document; one with a cycle of fragments costs more than any limit.
pub(crate) fn cost<'a>(
    document: Document<'a>,
    operation: Operation<'a>,
    supplied: &'a Variables<'a>,
    sizes: Sizes,
    memory: &mut Memory,
) -> Cost {
    let Ok(order) = document.fragment_order() else { return Cost::MAX };
    memory.open.clear();
    memory.fragments.clear();
    memory.fragments.resize(document.fragments().len(), Sum::default());
    memory.direct.clear();
    let request = Request::new(operation, supplied, sizes);
    let mut walk =
        Walk { document, request, memory, level: Level::of(operation.selections(), Around::Plain) };
    for index in order {
        let Some(fragment) = document.fragment(*index) else { continue };
        let sum = walk.sum(fragment.selections(), Around::Either);
        if let Some(slot) = walk.memory.fragments.get_mut(index.get()) {
            *slot = sum;
        }
    }
    let cost = walk.sum(operation.selections(), Around::Plain).plain;
    let base = match operation.kind() {
        OperationKind::Mutation => {
            MUTATION_ROOT.times(walk.memory.direct.fields(document, operation.selections(), &walk.request))
        }
        OperationKind::Query | OperationKind::Subscription => Cost::ZERO,
    };
    memory.open.shrink_to(KEPT);
    memory.fragments.shrink_to(KEPT);
    cost + base
}

/// What is kept for the next estimate; only documents made for that purpose need more.
const KEPT: usize = 4_096;

/// Whether the field around a selection has a slicing argument; decides what `edges` and `nodes` count.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Around {
    /// It has none, or there is no field around.
    Plain,
    /// It has one.
    Sliced,
    /// A fragment, which may be spread in both.
    Either,
}

/// The cost of a selection set in either surrounding, fragments expanded.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    plain: Cost,
    sliced: Cost,
}

impl Sum {
    /// What it comes to where the surrounding is known.
    fn within(self, around: Around) -> Self {
        match around {
            Around::Plain => Self { sliced: self.plain, plain: self.plain },
            Around::Sliced => Self { plain: self.sliced, sliced: self.sliced },
            Around::Either => self,
        }
    }

    fn add(&mut self, other: Self) {
        self.plain = self.plain + other.plain;
        self.sliced = self.sliced + other.sliced;
    }
}

/// A definition or a list, whose selections are being summed.
#[derive(Clone, Copy, Debug)]
struct Level {
    end: NodeIndex,
    /// The depth of what stands directly in it.
    depth: u32,
    /// What surrounds that.
    inside: Around,
    what: What,
    sum: Sum,
}

/// What is being summed.
#[derive(Clone, Copy, Debug)]
enum What {
    Definition,
    /// A field with a slicing argument.
    Sliced(Sliced),
    /// A list by the convention of connections, and whether the field around it has a slicing argument, which would size it.
    Entries(Around),
}

/// Whether what is inside a selection is looked at.
#[derive(Clone, Copy, PartialEq)]
enum Inside {
    Counts,
    LeftOut,
}

struct Walk<'w, 'a> {
    document: Document<'a>,
    request: Request<'a>,
    memory: &'w mut Memory,
    level: Level,
}

impl Level {
    fn of(selections: Selections<'_>, inside: Around) -> Self {
        Self { end: selections.end(), depth: 1, inside, what: What::Definition, sum: Sum::default() }
    }

    /// Adds what a fragment costs that is spread at a depth. Never inlined, so that what passes plain selections stays small enough to
    /// be.
    #[inline(never)]
    fn spread(&mut self, fragments: &[Sum], depth: u32, index: Option<FragmentIndex>) {
        if let Some(known) = index.and_then(|index| fragments.get(index.get())) {
            self.sum.add(known.within(self.around(depth)));
        }
    }

    /// What surrounds selections of a depth.
    #[inline]
    fn around(&self, depth: u32) -> Around {
        if depth == self.depth { self.inside } else { Around::Plain }
    }
}

impl<'a> Walk<'_, 'a> {
    /// Sums a definition.
    fn sum(&mut self, selections: Selections<'a>, inside: Around) -> Sum {
        let mut selections = selections;
        self.level = Level::of(selections, inside);
        loop {
            self.pass(&mut selections);
            let is_inside = selections.position() < self.level.end;
            let Some(selection) = is_inside.then(|| selections.next()).flatten() else {
                match self.memory.open.pop() {
                    Some(around) => self.close(around),
                    None => return self.level.sum,
                }
                continue;
            };
            let inside = match &selection {
                Selection::Field(field) => self.field(&selection, *field),
                Selection::Spread(spread) => self.spread(*spread, &selection),
                // What is in it counts as what stands around it.
                Selection::InlineFragment(_) if self.request.leaves_out(selection.directives()) => {
                    Inside::LeftOut
                }
                Selection::InlineFragment(_) => Inside::Counts,
            };
            if inside == Inside::LeftOut {
                selections.skip_to(selection.end());
            }
        }
    }

    /// Counts what nothing multiplies and nothing leaves out.
    #[inline]
    fn pass(&mut self, selections: &mut Selections<'a>) {
        let (mut leaves, mut objects) = (0_u64, 0_u64);
        let Self { memory, level, .. } = self;
        selections.pass_plain(level.end, matters, |plain| match plain {
            Plain::Leaf(_) => {
                leaves = leaves.wrapping_add(1);
                true
            }
            Plain::Object(object) if object.name_len() == ENTRIES_LEN && is_entries(object.name()) => false,
            Plain::Object(_) => {
                objects = objects.wrapping_add(1);
                true
            }
            Plain::Fragment(_) => true,
            Plain::Spread(spread, index) => {
                level.spread(&memory.fragments, spread.depth(), index);
                true
            }
        });
        if leaves > 0 || objects > 0 {
            self.add(LEAF.times(leaves) + OBJECT.times(objects));
        }
    }

    fn field(&mut self, selection: &Selection<'a>, field: Field<'a>) -> Inside {
        let mut arguments = field.arguments();
        let slice = self.request.slice_by(&mut arguments);
        if self.request.leaves_out(arguments.directives()) {
            return Inside::LeftOut;
        }
        if !field.has_selections() {
            let times = slice.map_or(1, |slice| slice.entries.max(slice.size).unwrap_or(1));
            self.add(LEAF.times(times));
            return Inside::LeftOut;
        }
        match slice {
            Some(Slice { entries, size }) => {
                let each = match size {
                    Some(_)
                        if self.memory.direct.holds_objects(
                            self.document,
                            selection.selections(),
                            &self.request,
                        ) =>
                    {
                        ENTRY
                    }
                    Some(_) | None => OBJECT,
                };
                let list = Sliced { entries: entries.unwrap_or(0), size: size.unwrap_or(0), each };
                self.open(selection, What::Sliced(list), Around::Sliced);
            }
            None if is_entries(field.name().as_bytes()) => match self.level.around(selection.depth()) {
                Around::Sliced => self.add(OBJECT),
                around @ (Around::Plain | Around::Either) => {
                    self.open(selection, What::Entries(around), Around::Plain);
                }
            },
            None => self.add(OBJECT),
        }
        Inside::Counts
    }

    fn spread(&mut self, spread: Spread<'a>, selection: &Selection<'a>) -> Inside {
        if !selection.is_bare() && self.request.leaves_out(selection.directives()) {
            return Inside::LeftOut;
        }
        self.level.spread(&self.memory.fragments, selection.depth(), spread.fragment());
        Inside::LeftOut
    }

    fn open(&mut self, selection: &Selection<'a>, what: What, inside: Around) {
        let depth = selection.depth().saturating_add(1);
        let inner = Level { end: selection.end(), depth, inside, what, sum: Sum::default() };
        self.memory.open.push(std::mem::replace(&mut self.level, inner));
    }

    /// Goes back to the level around, which a list adds to.
    fn close(&mut self, around: Level) {
        let Level { what, inside, sum, .. } = std::mem::replace(&mut self.level, around);
        let selected = sum.within(inside).plain;
        match what {
            What::Definition => {}
            What::Sliced(list) => self.add(list.cost(selected)),
            What::Entries(around) => {
                let (plain, sliced) =
                    ((ENTRY + selected).times(self.request.default_size()), OBJECT + selected);
                self.level.sum.add(Sum { plain, sliced }.within(around));
            }
        }
    }

    /// Adds what costs the same in either surrounding.
    #[inline]
    fn add(&mut self, cost: Cost) {
        self.level.sum.plain = self.level.sum.plain + cost;
        self.level.sum.sliced = self.level.sum.sliced + cost;
    }
}

/// A field with slicing arguments. `size` asks for entries where objects are selected; where only values are, it is as likely the
/// edge of an image.
#[derive(Clone, Copy, Debug)]
struct Sliced {
    /// How many entries are certainly asked for; 0 for none.
    entries: u64,
    /// What `size` asks for; 0 for nothing.
    size: u64,
    /// What each of those costs by itself.
    each: Cost,
}

impl Sliced {
    fn cost(self, selected: Cost) -> Cost {
        let by_entries = (ENTRY + selected).times(self.entries);
        by_entries.max((self.each + selected).times(self.size))
    }
}

#[cfg(test)]
mod tests;
