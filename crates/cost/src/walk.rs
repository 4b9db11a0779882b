//! The cost of an operation by a table, in one walk over the tape: no recursion, and each fragment once for each type it is spread in.
//!
//! What a list costs whose size is told further up is kept apart from the rest, as a factor of that size; so a fragment is worth
//! the same wherever it is spread, whatever the size there.

mod fragments;
mod layout;
mod scope;
mod sums;

use crate::Cost;
use crate::estimate::{Estimate, Question};
use crate::pricing::{Pricing, Steps};
use crate::request::Request;
use crate::table::{Field as Known, FieldId, Place, SizedId, Table, TypeId};
use fragments::{Condition, Memo, Spreading};
pub(crate) use layout::lay_out;
use portcullis_graphql::{Document, Field, NodeIndex, Selection, Selections};
use scope::Joins;
use sums::Sums;

/// Memory that is used again for each estimate.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    open: Vec<Open>,
    groups: Vec<(TypeId, Sums)>,
    rows: Vec<u32>,
    memos: Vec<Memo>,
    /// By fragment, its latest memo.
    heads: Vec<u32>,
    /// By fragment, the type it is on.
    conditions: Vec<Condition>,
    kept_groups: Vec<(TypeId, Sums)>,
    kept_rows: Vec<u32>,
}

/// Places of a row of counts; what is watched follows.
const UNKNOWN: usize = 0;
const VIOLATIONS: usize = 1;
const WATCHED: usize = 2;

/// A selection whose selections are being summed.
#[derive(Clone, Copy, Debug)]
struct Open {
    /// Nothing for a definition, which ends with its selections.
    end: Option<NodeIndex>,
    /// The type its selections are of, when it is known.
    scope: Option<TypeId>,
    /// Those of its fields whose lists are sized from above.
    sized: SizedId,
    sums: Sums,
    /// Where its groups begin: what only some of the possible types cost.
    groups: u32,
    what: What,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Operation,
    Inline(Joins),
    Spread(Spreading),
    Field(Parcel),
}

/// A field, ready to be summed up once its selections are.
#[derive(Clone, Copy, Debug)]
struct Parcel {
    own: Cost,
    /// What one of the objects or values it returns weighs.
    weight: Cost,
    /// Entries of its list.
    length: u64,
    /// Entries of the lists beneath it that it sizes, when it does.
    beneath: Option<u64>,
    /// The same list when its size is told from above.
    from_above: Option<FromAbove>,
}

/// A list that is as long as a field further up says.
#[derive(Clone, Copy, Debug)]
struct FromAbove {
    /// Entries of the lists inside each of its entries.
    inside: u64,
    /// Entries of its own besides, when the operation slices it again.
    besides: u64,
}

struct Walk<'w, 'a> {
    pricing: Pricing<'w, 'a>,
    document: Document<'a>,
    watched: &'w [FieldId],
    memory: &'w mut Memory,
    /// What is left of definitions while a fragment is walked.
    suspended: Vec<Selections<'a>>,
    first_unknown: Option<String>,
    first_violation: Option<FieldId>,
}

/// Most steps for a question: so many for each token and supplied value, and some to begin with.
fn most_steps(question: &Question<'_, '_>) -> u64 {
    let size = u64::from(question.document.tokens()).saturating_add(question.variables.size());
    size.saturating_mul(32).saturating_add(65_536)
}

pub(crate) fn estimate(table: &Table, question: &Question<'_, '_>, memory: &mut Memory) -> Estimate {
    let Question { document, operation, variables, sizes, watched } = *question;
    let most = Estimate { field: Cost::MAX, r#type: Cost::MAX, ..Estimate::default() };
    if document.fragment_order().is_err() {
        return most;
    }
    let steps = Steps::of(most_steps(question));
    let pricing = Pricing { table, request: Request::new(operation, variables, sizes), steps };
    memory.clear(document.fragments().len(), watched.len().saturating_add(WATCHED));
    let root = table.root(operation.kind());
    memory.open.push(Open {
        end: None,
        scope: root,
        sized: SizedId::NONE,
        sums: Sums::default(),
        groups: 0,
        what: What::Operation,
    });
    let mut walk = Walk {
        pricing,
        document,
        watched,
        memory,
        suspended: Vec::new(),
        first_unknown: None,
        first_violation: None,
    };
    let sums = walk.walk(operation.selections());
    let directives = walk.pricing.operation(operation);
    let weight = root.and_then(|root| table.type_of(root)).map_or(Cost::ZERO, |root| root.weight);
    let count = |place: usize| walk.memory.rows.get(place).copied().unwrap_or_default();
    let found = Estimate {
        field: sums.field + directives,
        r#type: sums.types + weight,
        unknown_fields: count(UNKNOWN),
        first_unknown: walk.first_unknown,
        slicing_violations: count(VIOLATIONS),
        first_violation: walk.first_violation,
        watched: walk.memory.rows.iter().skip(WATCHED).take(watched.len()).copied().collect(),
        steps: walk.pricing.steps.taken(),
    };
    if walk.pricing.steps.are_used_up() {
        Estimate { field: most.field, r#type: most.r#type, ..found }
    } else {
        found
    }
}

impl Memory {
    /// Empties everything, and gives back what only documents made for that purpose need.
    fn clear(&mut self, fragments: usize, row: usize) {
        const KEPT: usize = 4_096;
        self.open.clear();
        self.groups.clear();
        self.rows.clear();
        self.rows.resize(row, 0);
        self.memos.clear();
        self.heads.clear();
        self.heads.resize(fragments, u32::MAX);
        self.conditions.clear();
        self.conditions.resize(fragments, Condition::Unread);
        self.kept_groups.clear();
        self.kept_rows.clear();
        self.groups.shrink_to(KEPT);
        self.kept_groups.shrink_to(KEPT);
        self.memos.shrink_to(KEPT);
        self.open.shrink_to(KEPT);
    }
}

impl<'a> Walk<'_, 'a> {
    fn walk(&mut self, selections: Selections<'a>) -> Sums {
        let mut selections = selections;
        loop {
            let Some(selection) = selections.next() else {
                let done = self.close_definition();
                match (done, self.suspended.pop()) {
                    (None, Some(rest)) => selections = rest,
                    (done, _) => return done.unwrap_or_default(),
                }
                continue;
            };
            if !self.pricing.steps.take(1) {
                return Sums::default();
            }
            self.close_before(selection.index());
            if let Some(inside) = self.enter(&selection) {
                self.suspended.push(std::mem::replace(&mut selections, inside));
            }
        }
    }

    /// Enters a selection; the selections to go on with when it leads to a fragment.
    #[inline]
    fn enter(&mut self, selection: &Selection<'a>) -> Option<Selections<'a>> {
        if !selection.is_bare() && selection.directives().next().is_some() {
            self.enter_with_directives(selection);
        }
        match selection {
            Selection::Field(field) => {
                self.field(*field, selection.end());
                None
            }
            Selection::InlineFragment(inline) => {
                let around = self.memory.open.last()?;
                let scope = around.scope;
                let (scope, joins) = match inline.type_condition() {
                    Some(condition) => self.narrow(scope, condition),
                    None => (scope, Joins::Always),
                };
                self.push(selection.end(), scope, What::Inline(joins));
                None
            }
            Selection::Spread(spread) => self.spread(*spread),
        }
    }

    /// What is certainly left out is walked all the same, for the fields it names, and dropped when it ends.
    fn enter_with_directives(&mut self, selection: &Selection<'a>) {
        let scope = self.memory.open.last().and_then(|around| around.scope);
        if self.pricing.request.leaves_out(selection.directives()) {
            self.push(selection.end(), scope, What::Inline(Joins::Never));
            return;
        }
        match selection {
            // A field's directives are part of what it costs.
            Selection::Field(_) => {}
            Selection::InlineFragment(_) | Selection::Spread(_) => {
                let field = self.pricing.directives(selection.directives());
                self.add(Sums { field, ..Sums::default() });
            }
        }
    }

    fn push(&mut self, end: NodeIndex, scope: Option<TypeId>, what: What) {
        let sized = self.memory.open.last().map_or(SizedId::NONE, |around| around.sized);
        let groups = self.memory.groups_end();
        if matches!(what, What::Inline(Joins::Never)) {
            self.push_row();
        }
        self.memory.open.push(Open { end: Some(end), scope, sized, sums: Sums::default(), groups, what });
    }

    #[inline]
    fn field(&mut self, field: Field<'a>, end: NodeIndex) {
        let Some(around) = self.memory.open.last_mut() else { return };
        let (scope, sized) = (around.scope, around.sized);
        let table = self.pricing.table;
        let found = scope.and_then(|scope| table.field(scope, field.name()));
        let known = found.and_then(|id| Some((id, table.get(id)?)));
        let Some((id, known)) = known else { return self.unknown_field(field, end) };
        let goes_on = field.has_selections();
        if known.plain && !goes_on && !table.directives_cost() {
            around.sums.field = around.sums.field + Cost::from_sum(known.weight);
            return self.watch(id);
        }
        self.watch(id);
        let parcel = self.parcel(id, field, known, sized);
        let inside = match (known.sized, sized) {
            (SizedId::NONE, SizedId::NONE) => SizedId::NONE,
            (SizedId::NONE, sized) => match table.place(sized, known) {
                Place::Above(beneath) => beneath,
                Place::Outside | Place::Sized => SizedId::NONE,
            },
            (own, _) => own,
        };
        if goes_on {
            let groups = self.memory.groups_end();
            let (scope, what) = (Some(known.returns), What::Field(parcel));
            let sums = Sums::default();
            self.memory.open.push(Open { end: Some(end), scope, sized: inside, sums, groups, what });
        } else {
            self.add(parcel.sum(Sums::default()));
        }
    }

    fn parcel(&mut self, id: FieldId, field: Field<'a>, known: &Known, sized: SizedId) -> Parcel {
        let table = self.pricing.table;
        let weight = table.type_of(known.returns).map_or(Cost::ZERO, |returns| returns.weight);
        if known.simple && sized == SizedId::NONE && !table.directives_cost() {
            let (own, length) = (Cost::from_sum(known.weight), self.pricing.levels(known.lists));
            return Parcel { own, weight, length, beneath: None, from_above: None };
        }
        let own = self.pricing.own(field, known);
        let lengths = self.pricing.lengths(field, known);
        if lengths.violates {
            self.first_violation.get_or_insert(id);
            self.count(VIOLATIONS);
        }
        let from_above = (table.place(sized, known) == Place::Sized).then(|| FromAbove {
            inside: self.pricing.levels(known.lists.saturating_sub(1)),
            besides: if lengths.is_sliced { lengths.own } else { 0 },
        });
        let beneath = (known.sized != SizedId::NONE).then_some(lengths.beneath);
        Parcel { own, weight, length: lengths.own, beneath, from_above }
    }

    /// A field that the schema does not have: costed by the conventions of names, as objects or values without weights.
    #[cold]
    fn unknown_field(&mut self, field: Field<'a>, end: NodeIndex) {
        if field.name() == "__typename" {
            return;
        }
        let around = self.memory.open.last().and_then(|around| around.scope);
        if self.first_unknown.is_none() {
            let around = around.map_or("?", |scope| self.pricing.table.type_name(scope));
            self.first_unknown = Some(format!("{around}.{}", field.name()));
        }
        self.count(UNKNOWN);
        if field.has_selections() {
            let slice = self.pricing.request.slice(field);
            let length = slice.map_or(1, |slice| slice.entries.max(slice.size).unwrap_or(1));
            let one = Cost::from_units(1);
            let parcel = Parcel { own: one, weight: one, length, beneath: None, from_above: None };
            let groups = self.memory.groups_end();
            let (scope, sized, sums) = (None, SizedId::NONE, Sums::default());
            self.memory.open.push(Open {
                end: Some(end),
                scope,
                sized,
                sums,
                groups,
                what: What::Field(parcel),
            });
        }
    }

    /// Closes what ends before a node of the definition that is being walked.
    #[inline]
    fn close_before(&mut self, node: NodeIndex) {
        while self.memory.open.last().and_then(|open| open.end).is_some_and(|end| end <= node) {
            let Some(open) = self.memory.open.pop() else { return };
            self.close(&open);
        }
    }

    /// Closes the definition that is being walked; the sums of the operation when it is that.
    fn close_definition(&mut self) -> Option<Sums> {
        while let Some(open) = self.memory.open.pop() {
            match open.what {
                What::Operation => return Some(open.sums.add(self.most(&open))),
                What::Spread(spreading) => {
                    self.close_spread(&open, spreading);
                    return None;
                }
                What::Field(_) | What::Inline(_) => self.close(&open),
            }
        }
        Some(Sums::default())
    }

    fn close(&mut self, open: &Open) {
        match open.what {
            What::Field(parcel) => {
                let inside = if open.groups == self.memory.groups_end() {
                    open.sums
                } else {
                    open.sums.add(self.most(open))
                };
                self.add(parcel.sum(inside));
            }
            What::Inline(joins) => {
                if joins == Joins::Never {
                    self.pop_row_unseen();
                }
                self.join(open.sums, open.groups, joins);
            }
            What::Operation | What::Spread(_) => {}
        }
    }

    #[inline]
    fn add(&mut self, sums: Sums) {
        if let Some(around) = self.memory.open.last_mut() {
            around.sums = around.sums.add(sums);
        }
    }

    #[inline]
    fn watch(&mut self, id: FieldId) {
        for (watched, place) in self.watched.iter().zip(WATCHED..) {
            if *watched == id {
                self.count(place);
            }
        }
    }
}

impl Parcel {
    /// The field with what is selected in it.
    #[inline]
    fn sum(self, inside: Sums) -> Sums {
        let Self { own, weight, length, beneath, from_above } = self;
        if let (1, None, None) = (length, beneath, from_above) {
            return Sums { field: own + inside.field, types: weight + inside.types, ..inside };
        }
        // What it sizes itself has a number of entries now; the rest still waits for one from above.
        let (inside, waiting) = match beneath {
            Some(entries) => (inside.resolved(entries), Sums::default()),
            None => (Sums { sized_field: Cost::ZERO, sized_types: Cost::ZERO, ..inside }, inside),
        };
        let entry = Sums { types: inside.types + weight, ..inside };
        let listed = |entries: u64| Sums {
            field: own + entry.field.times(entries),
            types: entry.types.times(entries),
            ..Sums::default()
        };
        match from_above {
            None => Sums {
                sized_field: waiting.sized_field.times(length),
                sized_types: waiting.sized_types.times(length),
                ..listed(length)
            },
            Some(FromAbove { inside, besides }) => Sums {
                sized_field: entry.field.times(inside),
                sized_types: entry.types.times(inside),
                ..listed(besides)
            },
        }
    }
}
