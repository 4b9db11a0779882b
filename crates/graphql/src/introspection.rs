//! How deep a question about the schema goes: lists of fields and types inside each other.
//!
//! Types lead back to types, so that each level asks for the whole schema again; its answer grows exponentially while the
//! document stays small. Only what stands beneath `__schema` or `__type` counts.

use crate::{Document, FragmentIndex, NodeIndex, Selection, Selections};

/// The fields of the introspection schema that are lists and lead back to types.
const LISTS: [&str; 4] = ["fields", "inputFields", "interfaces", "possibleTypes"];

/// The deepest nesting of such lists in the whole document; 0 where none is asked for. Linear in the document; a document
/// with a cycle of fragments, which measuring refuses before, is deeper than any limit.
pub fn introspection_depth(document: Document<'_>) -> u32 {
    let Ok(order) = document.fragment_order() else { return u32::MAX };
    let mut known = vec![Lists::default(); document.fragments().len()];
    for index in order {
        let Some(fragment) = document.fragment(*index) else { continue };
        let lists = lists(fragment.selections(), &known);
        if let Some(slot) = known.get_mut(index.get()) {
            *slot = lists;
        }
    }
    document.operations().map(|operation| lists(operation.selections(), &known).outside).max().unwrap_or(0)
}

/// The deepest nesting in a selection set, by where it stands.
#[derive(Clone, Copy, Default)]
struct Lists {
    /// Beneath `__schema` or `__type`.
    inside: u32,
    /// Anywhere else.
    outside: u32,
}

/// A field whose selections are being read.
struct Open {
    end: Option<NodeIndex>,
    /// Lists around its selections, when they are beneath `__schema` or `__type`.
    beneath: Option<u32>,
    /// Lists around its selections, if all of it were.
    lists: u32,
}

fn lists(selections: Selections<'_>, known: &[Lists]) -> Lists {
    let mut open: Vec<Open> = Vec::new();
    let mut found = Lists::default();
    for selection in selections {
        while open.pop_if(|open| open.end <= Some(selection.index())).is_some() {}
        let (beneath, lists) = open.last().map_or((None, 0), |open| (open.beneath, open.lists));
        match selection {
            Selection::Field(field) => {
                let more = u32::from(LISTS.contains(&field.name()));
                let starts = matches!(field.name(), "__schema" | "__type");
                let beneath = if starts { Some(0) } else { beneath.map(|lists| lists.saturating_add(more)) };
                let lists = lists.saturating_add(more);
                found.inside = found.inside.max(lists);
                found.outside = found.outside.max(beneath.unwrap_or(0));
                open.push(Open { end: Some(selection.end()), beneath, lists });
            }
            Selection::InlineFragment(_) => open.push(Open { end: Some(selection.end()), beneath, lists }),
            Selection::Spread(spread) => {
                let within = known_of(spread.fragment(), known);
                found.inside = found.inside.max(lists.saturating_add(within.inside));
                let beneath = beneath.map_or(within.outside, |lists| lists.saturating_add(within.inside));
                found.outside = found.outside.max(beneath);
            }
        }
    }
    found
}

fn known_of(fragment: Option<FragmentIndex>, known: &[Lists]) -> Lists {
    fragment.and_then(|index| known.get(index.get())).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Budget, Tape, parse};

    #[track_caller]
    fn check(text: &str, expected: u32) {
        let mut tape = Tape::default();
        let document = parse(text, Budget { tokens: 10_000, nesting: 200 }, &mut tape).unwrap();
        assert_eq!(introspection_depth(document), expected, "{text}");
    }

    #[test]
    fn lists_beneath_schema_and_type_are_counted() {
        check("{ __schema { types { name } } }", 0);
        check("{ __schema { types { fields { name } } } }", 1);
        check("{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }", 3);
        check("{ x: __type(name: \"A\") { interfaces { possibleTypes { inputFields { name } } } } }", 3);
        check(
            "{ __schema { types { fields { name } } } __type(name: \"A\") { a: fields { b: fields { name } } } }",
            2,
        );
    }

    #[test]
    fn fields_of_other_schemas_are_not() {
        check("{ form { fields { fields { fields { name } } } } }", 0);
        check("{ a: __typename fields { fields { name } } }", 0);
    }

    #[test]
    fn fragments_count_where_they_stand() {
        let fragment = "fragment F on __Type { fields { type { fields { name } } } }";
        check(&format!("{{ __schema {{ types {{ fields {{ type {{ ...F }} }} }} }} }} {fragment}"), 3);
        check(&format!("{{ form {{ ...F }} }} {fragment}"), 0);
        check("{ ...Q } fragment Q on Query { __schema { types { ... on __Type { fields { name } } } } }", 1);
        check("query A { a } query B { __type(name: \"A\") { fields { name } } }", 1);
    }

    #[test]
    fn doubling_fragments_take_linear_work() {
        let mut text = String::from("{ __schema { ...F0 } }");
        for level in 0..200 {
            text.push_str(&format!(" fragment F{level} on T {{ fields {{ ...F{0} ...F{0} }} }}", level + 1));
        }
        text.push_str(" fragment F200 on T { name }");
        check(&text, 200);
    }
}
