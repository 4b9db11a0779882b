//! What one field of a plan costs and how often it is expected, by either model.

use super::{Around, Open, Unit};
use crate::Cost;
use crate::pricing::Pricing;
use crate::request::Request;
use crate::schemaless;
use crate::table::{Place, SizedId};
use portcullis_graphql::Field;

/// A field with its price: entries for each occurrence, and what is around its selections.
pub(super) struct Priced {
    pub(super) unit: Unit,
    pub(super) length: u64,
    pub(super) inside: Open,
}

pub(super) fn by_names<'a>(request: &Request<'a>, field: Field<'a>, around: Open) -> Priced {
    let slice = request.slice(field);
    let inside = if slice.is_some() { Around::Sliced } else { Around::Plain };
    let is_root = around.around == Around::MutationRoot;
    let base = if is_root { schemaless::MUTATION_ROOT } else { Cost::ZERO };
    let is_entries = around.around != Around::Sliced && schemaless::is_entries(field.name().as_bytes());
    let (field, entry, length) = match slice {
        _ if !field.has_selections() => (base + schemaless::LEAF, Cost::ZERO, 1),
        None if is_entries => (base, schemaless::ENTRY, request.default_size()),
        None => (base, schemaless::OBJECT, 1),
        Some(schemaless::Slice { entries: Some(entries), size }) => {
            (base, schemaless::ENTRY, entries.max(size.unwrap_or(0)))
        }
        Some(schemaless::Slice { entries: None, size }) => (base, schemaless::OBJECT, size.unwrap_or(1)),
    };
    let unit = Unit { field, entry, ..Unit::default() };
    Priced { unit, length, inside: Open { around: inside, ..around } }
}

pub(super) fn by_table<'a>(pricing: &mut Pricing<'_, 'a>, field: Field<'a>, around: Open) -> Priced {
    let table = pricing.table;
    let found = around.scope.and_then(|scope| table.field(scope, field.name()));
    let Some(known) = found.and_then(|id| table.get(id)) else {
        let one = if field.has_selections() { Cost::from_units(1) } else { Cost::ZERO };
        let unit = Unit { field: one, r#type: one, ..Unit::default() };
        let inside = Open { scope: None, sized: SizedId::NONE, ..around };
        return Priced { unit, length: 1, inside };
    };
    let weight = table.type_of(known.returns).map_or(Cost::ZERO, |found| found.weight);
    let unit = Unit { field: pricing.own(field, known), r#type: weight, ..Unit::default() };
    let lengths = pricing.lengths(field, known);
    let place = table.place(around.sized, known);
    let length = if place == Place::Sized {
        let inside = pricing.levels(known.lists.saturating_sub(1));
        let besides = if lengths.is_sliced { lengths.own } else { 0 };
        around.size.saturating_mul(inside).saturating_add(besides)
    } else {
        lengths.own
    };
    let (sized, size) = match (known.sized, place) {
        (SizedId::NONE, Place::Above(beneath)) => (beneath, around.size),
        (SizedId::NONE, Place::Outside | Place::Sized) => (SizedId::NONE, 0),
        (own, _) => (own, lengths.beneath),
    };
    Priced { unit, length, inside: Open { scope: Some(known.returns), sized, size, ..around } }
}
