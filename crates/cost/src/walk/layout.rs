//! The layout by a table: each field as the walk prices it, fragments expanded, then how often each counts.
//!
//! The walk sums and forgets; this keeps every field and takes twice as long for it.

mod choice;
mod times;

use super::field::{Parcel, Priced};
use super::scope::Joins;
use super::sums::Sums;
use super::{Memory, Walk};
use crate::breakdown::{Length, Places};
use crate::estimate::Question;
use crate::pricing::Steps;
use crate::table::{SizedId, Table, TypeId};
use crate::{Cost, SizeSource};
use choice::{Counts, Group};
use portcullis_graphql::{Directives, Field, NodeIndex, Selection, Selections};
use times::Times;

/// A selection as it stands, fragments expanded. The first is the operation.
struct Item {
    /// The item around it.
    around: usize,
    /// The field around it whose possible types it may belong to one of.
    owner: usize,
    /// Where what it costs is shown.
    place: usize,
    /// The type of what is inside.
    scope: Option<TypeId>,
    kind: Kind,
    size: Option<(SizeSource, Option<String>)>,
    /// What tells the size of the lists beneath it.
    sizes: Option<SizeSource>,
}

enum Kind {
    Operation,
    Field(Parcel),
    /// A field without selections: what it adds.
    Leaf(Sums),
    /// On fragments.
    Directives(Cost),
    Fragment(Joins),
}

#[derive(Clone, Copy)]
struct Inside {
    end: Option<NodeIndex>,
    item: usize,
    owner: usize,
    place: usize,
    scope: Option<TypeId>,
    sized: SizedId,
    /// The field that sizes those.
    sizer: usize,
}

struct Layout<'w, 'a> {
    walk: Walk<'w, 'a>,
    places: Places<'a>,
    items: Vec<Item>,
}

pub(crate) fn lay_out<'a>(table: &Table, question: &Question<'_, 'a>, limit: usize) -> Option<Places<'a>> {
    let operation = question.operation;
    let mut memory = Memory::default();
    memory.clear(question.document, 0);
    // The walk's own steps: never so few that it would simplify.
    let walk = Walk::new(table, &Question { watched: &[], ..*question }, Steps::of(u64::MAX), &mut memory);
    let mut layout = Layout { walk, places: Places::new(limit), items: Vec::new() };
    let root = table.root(operation.kind());
    let inside = Inside {
        end: None,
        item: 0,
        owner: 0,
        place: Places::ROOT,
        scope: root,
        sized: SizedId::NONE,
        sizer: 0,
    };
    layout.push(inside, Places::ROOT, root, Kind::Operation);
    layout.items(operation.selections(), inside, limit)?;
    let weight = root.and_then(|root| table.type_of(root)).map_or(Cost::ZERO, |root| root.weight);
    let directives = layout.walk.pricing.operation(operation);
    layout.places.add(Places::ROOT, 1, directives, weight);
    layout.count(limit)?;
    Some(layout.places)
}

impl<'a> Layout<'_, 'a> {
    fn push(&mut self, around: Inside, place: usize, scope: Option<TypeId>, kind: Kind) -> usize {
        let item = self.items.len();
        let (around, owner) = (around.item, around.owner);
        self.items.push(Item { around, owner, place, scope, kind, size: None, sizes: None });
        item
    }

    /// Collects the items; nothing when there are too many.
    fn items(&mut self, selections: Selections<'a>, root: Inside, limit: usize) -> Option<()> {
        let mut selections = selections;
        let mut steps = Steps::of((limit as u64).saturating_mul(64));
        let mut open = vec![root];
        let mut suspended: Vec<Selections<'a>> = Vec::new();
        let mut left_out: Option<NodeIndex> = None;
        loop {
            let Some(selection) = selections.next() else {
                while open.pop().is_some_and(|last| last.end.is_some()) {}
                left_out = None;
                match suspended.pop() {
                    Some(rest) => selections = rest,
                    None => return Some(()),
                }
                continue;
            };
            if !steps.take(1) || self.items.len() > limit {
                return None;
            }
            if left_out.is_some_and(|end| selection.index() < end) {
                continue;
            }
            while open.pop_if(|last| last.end.is_some_and(|end| end <= selection.index())).is_some() {}
            let around = *open.last()?;
            if self.walk.pricing.request.leaves_out(selection.directives()) {
                left_out = Some(selection.end());
                continue;
            }
            let (condition, fragment) = match &selection {
                Selection::Field(field) => {
                    let inside = self.field(*field, selection.end(), around)?;
                    open.extend(inside);
                    continue;
                }
                Selection::InlineFragment(inline) => (inline.type_condition(), None),
                Selection::Spread(spread) => {
                    let fragment = spread.fragment().and_then(|index| self.walk.document.fragment(index));
                    let Some(fragment) = fragment else { continue };
                    (Some(fragment.type_condition()), Some(fragment))
                }
            };
            self.directives(selection.directives(), around);
            let (scope, joins) = match condition {
                Some(condition) => self.walk.narrow(around.scope, condition),
                None => (around.scope, Joins::Always),
            };
            if joins == Joins::Never {
                left_out = Some(selection.end());
                continue;
            }
            let item = self.push(around, around.place, scope, Kind::Fragment(joins));
            let end = if fragment.is_some() { None } else { Some(selection.end()) };
            let inside = Inside { end, item, scope, ..around };
            open.push(inside);
            if let Some(fragment) = fragment {
                self.directives(fragment.directives(), inside);
                suspended.push(std::mem::replace(&mut selections, fragment.selections()));
            }
        }
    }

    /// What directives on fragments add to where they stand.
    fn directives(&mut self, directives: Directives<'a>, around: Inside) {
        let field = self.walk.pricing.directives(directives);
        if field > Cost::ZERO {
            self.push(around, around.place, around.scope, Kind::Directives(field));
        }
    }

    /// Notes a field as the walk prices it; what is inside it, when it goes on.
    #[expect(clippy::option_option, reason = "one absence is of room, the other of selections")]
    fn field(&mut self, field: Field<'a>, end: NodeIndex, around: Inside) -> Option<Option<Inside>> {
        let table = self.walk.pricing.table;
        let found = around.scope.and_then(|scope| table.field(scope, field.name()));
        let key = field.alias().unwrap_or_else(|| field.name());
        let name = || found.map_or_else(|| field.name().to_owned(), |id| table.coordinate_of(id));
        let place = self.places.place(around.place, key, name)?;
        let (parcel, scope, sized) = match self.walk.price(field, around.scope, around.sized) {
            Priced::Object { parcel, scope, sized } => (parcel, scope, sized),
            Priced::Leaf(sums) => {
                self.push(around, place, None, Kind::Leaf(sums));
                return Some(None);
            }
            Priced::Nothing => {
                self.push(around, place, None, Kind::Leaf(Sums::default()));
                return Some(None);
            }
        };
        let item = self.push(around, place, scope, Kind::Field(parcel));
        self.tell_size(field, around, item);
        let sizer = if parcel.beneath.is_some() { item } else { around.sizer };
        Some(Some(Inside { end: Some(end), item, owner: item, place, scope, sized, sizer }))
    }

    /// Notes what tells the size of a field's list, and of those beneath it.
    fn tell_size(&mut self, field: Field<'a>, around: Inside, item: usize) {
        let pricing = &mut self.walk.pricing;
        let table = pricing.table;
        let found = around.scope.and_then(|scope| table.field(scope, field.name()));
        let known = found.and_then(|id| table.get(id));
        let parcel = match self.items.get(item).map(|item| &item.kind) {
            Some(Kind::Field(parcel)) => *parcel,
            Some(Kind::Operation | Kind::Leaf(_) | Kind::Directives(_) | Kind::Fragment(_)) | None => return,
        };
        let (size, sizes) = match known {
            None => (pricing.request.slice_source(field).map(|source| (source, None)), None),
            Some(known) => {
                let from_above = parcel.from_above.and_then(|_| self.items.get(around.sizer));
                let size = match from_above {
                    Some(sizer) => sizer
                        .sizes
                        .clone()
                        .map(|source| (source, Some(self.places.key(sizer.place).to_owned()))),
                    None => (known.lists > 0).then(|| (pricing.own_source(field, known), None)),
                };
                let sizes = parcel.beneath.map(|_| pricing.beneath_source(field, known));
                (size, sizes)
            }
        };
        if let Some(item) = self.items.get_mut(item) {
            item.size = size;
            item.sizes = sizes;
        }
    }

    /// Sums from the inside which types count, then counts from the outside how often.
    fn count(&mut self, limit: usize) -> Option<()> {
        let mut steps = Steps::of((limit as u64).saturating_mul(64));
        let mut inside = vec![Sums::default(); self.items.len()];
        let mut groups: Vec<Vec<Group>> = vec![Vec::new(); self.items.len()];
        let mut counts = vec![Counts::ALL; self.items.len()];
        for (index, item) in self.items.iter().enumerate().rev() {
            let mut sums = inside.get(index).copied()?;
            let total = match &item.kind {
                Kind::Leaf(sums) => *sums,
                Kind::Directives(field) => Sums { field: *field, ..Sums::default() },
                Kind::Fragment(Joins::When(condition)) => {
                    if sums != Sums::default() {
                        groups.get_mut(item.owner)?.push(Group { condition: *condition, sums, item: index });
                    }
                    continue;
                }
                Kind::Fragment(Joins::Always | Joins::Never) => sums,
                Kind::Field(_) | Kind::Operation => {
                    let of_types = std::mem::take(groups.get_mut(index)?);
                    let table = self.walk.pricing.table;
                    let most = choice::choose(table, item.scope, &of_types, &mut counts, &mut steps)?;
                    sums = sums.add(most);
                    match &item.kind {
                        Kind::Field(parcel) => parcel.sum(sums),
                        Kind::Operation | Kind::Leaf(_) | Kind::Directives(_) | Kind::Fragment(_) => continue,
                    }
                }
            };
            let around = inside.get_mut(item.around)?;
            *around = around.add(total);
        }
        let mut times: Vec<Times> = Vec::with_capacity(self.items.len());
        for (item, counts) in self.items.iter().zip(counts) {
            let of = |index: usize| times.get(index).copied().unwrap_or(Times::ROOT);
            let outside = match item.kind {
                Kind::Fragment(Joins::When(_)) => of(item.owner).only(counts),
                Kind::Operation
                | Kind::Field(_)
                | Kind::Leaf(_)
                | Kind::Directives(_)
                | Kind::Fragment(_) => of(item.around),
            };
            let within = match &item.kind {
                Kind::Operation | Kind::Fragment(_) => outside,
                Kind::Directives(field) => {
                    self.places.add(item.place, 0, field.times(outside.field), Cost::ZERO);
                    outside
                }
                Kind::Leaf(sums) => {
                    let (field, types) = outside.of(*sums);
                    self.places.add(item.place, outside.field, field, types);
                    outside
                }
                Kind::Field(parcel) => {
                    let within = outside.within(*parcel);
                    let (own, types) = (parcel.own.times(outside.field), parcel.weight.times(within.types));
                    self.places.add(item.place, outside.field, own, types);
                    if let Some((source, of)) = item.size.clone() {
                        let entries = within.field.checked_div(outside.field).unwrap_or(parcel.length);
                        self.places.size(item.place, Length { entries, source, of });
                    }
                    within
                }
            };
            times.push(within);
        }
        Some(())
    }
}
