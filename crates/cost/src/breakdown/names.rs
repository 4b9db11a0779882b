//! The layout without a schema: what `schemaless` sums, kept apart.

use super::{Length, Places, SizeSource};
use crate::Cost;
use crate::estimate::Question;
use crate::pricing::Steps;
use crate::request::Request;
use crate::schemaless;
use portcullis_graphql::{Field, NodeIndex, OperationKind, Selection, Selections};

/// A field as it stands, fragments expanded.
struct Item {
    around: Option<usize>,
    place: usize,
    /// Each time it is resolved.
    own: Cost,
    /// What an entry costs, and how many there are.
    entries: Option<(Cost, u64)>,
    /// What `size` asks for: entries or pixels, which is known once it is known whether objects are selected. The dearer counts.
    size: Option<u64>,
    has_objects: bool,
    source: Option<SizeSource>,
}

#[derive(Clone, Copy)]
struct Open {
    end: Option<NodeIndex>,
    item: Option<usize>,
    place: usize,
    is_sliced: bool,
}

pub(super) fn lay_out<'a>(question: &Question<'_, 'a>, limit: usize) -> Option<Places<'a>> {
    let Question { document, operation, variables, sizes, .. } = *question;
    let request = Request::new(operation, variables, sizes);
    let base = match operation.kind() {
        OperationKind::Mutation => schemaless::MUTATION_ROOT,
        OperationKind::Query | OperationKind::Subscription => Cost::ZERO,
    };
    let mut places = Places::new(limit);
    let mut steps = Steps::of((limit as u64).saturating_mul(64));
    let mut items: Vec<Item> = Vec::new();
    let mut open = vec![Open { end: None, item: None, place: Places::ROOT, is_sliced: false }];
    let mut suspended: Vec<Selections<'a>> = Vec::new();
    let mut selections = operation.selections();
    let mut left_out: Option<NodeIndex> = None;
    loop {
        let Some(selection) = selections.next() else {
            while open.pop().is_some_and(|last| last.end.is_some()) {}
            left_out = None;
            match suspended.pop() {
                Some(rest) => selections = rest,
                None => break,
            }
            continue;
        };
        if !steps.take(1) {
            return None;
        }
        if left_out.is_some_and(|end| selection.index() < end) {
            continue;
        }
        while open.pop_if(|last| last.end.is_some_and(|end| end <= selection.index())).is_some() {}
        let around = *open.last()?;
        if request.leaves_out(selection.directives()) {
            left_out = Some(selection.end());
            continue;
        }
        match selection {
            Selection::InlineFragment(_) => open.push(Open { end: Some(selection.end()), ..around }),
            Selection::Spread(spread) => {
                let fragment = spread.fragment().and_then(|index| document.fragment(index));
                if let Some(fragment) = fragment {
                    open.push(Open { end: None, ..around });
                    suspended.push(std::mem::replace(&mut selections, fragment.selections()));
                }
            }
            Selection::Field(field) => {
                let key = field.alias().unwrap_or_else(|| field.name());
                let place = places.place(around.place, key, || field.name().to_owned())?;
                let own = if around.item.is_none() { base } else { Cost::ZERO };
                if items.len() >= limit {
                    return None;
                }
                let item = item(&request, field, around, place, own);
                if let Some(parent) = around.item.and_then(|index| items.get_mut(index)) {
                    parent.has_objects |= field.has_selections();
                }
                let is_sliced = request.slice(field).is_some();
                let end = Some(selection.end());
                open.push(Open { end, item: Some(items.len()), place, is_sliced });
                items.push(item);
            }
        }
    }
    spread_out(&items, &mut places);
    Some(places)
}

fn item<'a>(request: &Request<'a>, field: Field<'a>, around: Open, place: usize, own: Cost) -> Item {
    let slice = request.slice(field);
    let plain =
        Item { around: around.item, place, own, entries: None, size: None, has_objects: false, source: None };
    if !field.has_selections() {
        let times = slice.map_or(1, |slice| slice.entries.max(slice.size).unwrap_or(1));
        return Item { own: own + schemaless::LEAF.times(times), ..plain };
    }
    match slice {
        Some(slice) => Item {
            entries: slice.entries.map(|entries| (schemaless::ENTRY, entries)),
            size: slice.size,
            source: request.slice_source(field),
            ..plain
        },
        None if !around.is_sliced && schemaless::is_entries(field.name().as_bytes()) => {
            let entries = u64::from(request.sizes.default);
            let source = Some(SizeSource::Configured);
            Item { entries: Some((schemaless::ENTRY, entries)), source, ..plain }
        }
        None => Item { entries: Some((schemaless::OBJECT, 1)), ..plain },
    }
}

impl Item {
    /// What one entry costs beside what is selected in it, and how many there are.
    fn counted(&self, selected: Cost) -> (Cost, u64) {
        let by_size = match (self.size, self.has_objects) {
            (None, _) => None,
            (Some(size), true) => Some((schemaless::ENTRY, size)),
            (Some(size), false) => Some((schemaless::OBJECT, size)),
        };
        let cost = |(base, times): &(Cost, u64)| (*base + selected).times(*times);
        self.entries.into_iter().chain(by_size).max_by_key(cost).unwrap_or((Cost::ZERO, 1))
    }
}

/// Sums from the inside what each field selects, then counts from the outside how often each is there.
fn spread_out(items: &[Item], places: &mut Places<'_>) {
    let mut selected = vec![Cost::ZERO; items.len()];
    let mut counted = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate().rev() {
        let inside = selected.get(index).copied().unwrap_or_default();
        let (base, entries) = item.counted(inside);
        counted.push((base, entries));
        let sum = item.own + (base + inside).times(entries);
        if let Some(around) = item.around.and_then(|around| selected.get_mut(around)) {
            *around = *around + sum;
        }
    }
    counted.reverse();
    let mut times: Vec<u64> = Vec::with_capacity(items.len());
    for (item, (base, entries)) in items.iter().zip(counted) {
        let resolved = item.around.map_or(1, |around| times.get(around).copied().unwrap_or_default());
        let inside = resolved.saturating_mul(entries);
        times.push(inside);
        places.add(item.place, resolved, item.own.times(resolved) + base.times(inside), Cost::ZERO);
        if let Some(source) = item.source.clone() {
            places.size(item.place, Length { entries, source, of: None });
        }
    }
}
