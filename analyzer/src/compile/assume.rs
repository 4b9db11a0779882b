//! Sizes by the conventions of names, for the fields of a schema that tells none.
//!
//! Without them `first: 100000` would go unseen in a schema without directives. They err towards more: an argument that only looks
//! like a size costs more than it should, which the schema can put right with one directive.

use portcullis_cost::{
    Asks, InputObject, InputValue, ListSize, OutputField, OutputKind, Schema, Slices, asks,
};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Fields that hold the entries of a page.
const ENTRIES: [&str; 12] = [
    "edges", "nodes", "items", "results", "data", "entries", "records", "rows", "hits", "list", "values",
    "elements",
];

/// Names on the way to a size: `input.page.first` has three.
const DEPTH: usize = 3;

/// Arguments that are assumed to size something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assumed {
    /// `Type.field`.
    pub coordinate: String,
    /// Slicing arguments, or paths to them; of several the largest counts.
    pub slicing: Vec<String>,
    /// The fields of what it returns whose lists they size; none when it is the list itself.
    pub sized: Vec<String>,
}

/// What is needed to know of other types while one is changed.
struct Conventions<'s, 'a> {
    inputs: BTreeMap<&'a str, &'s InputObject<'a>>,
    /// The lists of entries of types that are pages.
    pages: BTreeMap<&'a str, Vec<&'a str>>,
}

/// Gives fields without a size one, where their arguments look like it.
pub(super) fn assume(schema: &mut Schema<'_>) -> Vec<Assumed> {
    let leaves: BTreeSet<&str> = schema
        .types
        .iter()
        .filter(|found| matches!(found.kind, OutputKind::Leaf(_)))
        .map(|found| found.name)
        .collect();
    let is_entries = |field: &&OutputField<'_>| {
        field.lists > 0 && ENTRIES.contains(&field.name) && !leaves.contains(field.type_name)
    };
    let pages = schema.types.iter().map(|found| {
        let entries = found.fields.iter().filter(is_entries).map(|field| field.name);
        (found.name, entries.collect::<Vec<_>>())
    });
    let pages = pages.filter(|(_, entries)| !entries.is_empty()).collect();
    let inputs = schema.inputs.iter().map(|input| (input.name, input)).collect();
    let conventions = Conventions { inputs, pages };
    let mut assumed = Vec::new();
    for found in schema.types.iter_mut().filter(|found| !found.name.starts_with("__")) {
        for field in found.fields.iter_mut().filter(|field| field.size.is_none()) {
            let Some(size) = conventions.size(field) else { continue };
            assumed.push(Assumed {
                coordinate: format!("{}.{}", found.name, field.name),
                slicing: size.slicing.iter().map(ToString::to_string).collect(),
                sized: size.sized.iter().map(ToString::to_string).collect(),
            });
            field.size = Some(size);
        }
    }
    assumed
}

impl<'a> Conventions<'_, 'a> {
    fn size(&self, field: &OutputField<'a>) -> Option<ListSize<'a>> {
        let is_list = field.lists > 0;
        let entries = self.pages.get(field.type_name).map_or(&[][..], Vec::as_slice);
        if !is_list && entries.is_empty() {
            return None;
        }
        let mut slicing = Vec::new();
        self.paths(&field.arguments, "", DEPTH, is_list, &mut slicing);
        let sized = if is_list { Vec::new() } else { entries.to_vec() };
        let slicing: Vec<_> = slicing.into_iter().map(Cow::Owned).collect();
        (!slicing.is_empty()).then_some(ListSize { assumed: None, slicing, sized, slices: Slices::Any })
    }

    /// The paths to what looks like a size. Recursion ends with the depth.
    fn paths(
        &self,
        values: &[InputValue<'a>],
        above: &str,
        depth: usize,
        is_list: bool,
        found: &mut Vec<String>,
    ) {
        let Some(depth) = depth.checked_sub(1) else { return };
        for value in values.iter().filter(|value| value.lists == 0) {
            let path =
                if above.is_empty() { value.name.to_owned() } else { format!("{above}.{}", value.name) };
            if value.type_name == "Int" && is_slicing(value.name, is_list) {
                found.push(path);
            } else if let Some(input) = self.inputs.get(value.type_name) {
                self.paths(&input.fields, &path, depth, is_list, found);
            }
        }
    }
}

fn is_slicing(name: &str, is_list: bool) -> bool {
    match asks(name) {
        Some(Asks::Entries) => true,
        // Of what is no list it may ask for pixels.
        Some(Asks::Size) => is_list,
        None => false,
    }
}
