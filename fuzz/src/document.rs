//! Documents: read in linear steps, the same however they are named, and never cheaper with a field more.

mod growing;
mod naming;
mod reading;

use crate::choices::Choices;
use portcullis_graphql::{
    Budget, Document, MeasureError, Scratch, ShapeHash, Tape, Value, comments_are_certain,
    introspection_depth, measure, normalise, parse, shape,
};
use reading::Reading;

/// As much as a document can need.
pub(crate) const WIDE: Budget = Budget { tokens: u32::MAX, nesting: 60_000 };

const USED: &str = "query A($a: Int = [1]) { b: c(d: $a) @e { ...F } } fragment F on T { __schema }";

/// Choices: budget, what is supplied for variables, where a field is added and which. The rest is the document.
pub(crate) fn check(input: &[u8]) {
    let mut choices = Choices::of(input);
    let budget = choices.one_of(&[
        Budget { tokens: 5_000, nesting: 200 },
        Budget { tokens: 20, nesting: 200 },
        Budget { tokens: 5_000, nesting: 3 },
        WIDE,
    ]);
    let supply = choices.byte();
    let (place, what) = (choices.byte(), choices.byte());
    let Ok(text) = std::str::from_utf8(choices.rest()) else { return };
    let _certain: bool = comments_are_certain(text);
    let mut tape = Tape::default();
    // A tape that was used before must not show.
    assert!(parse(USED, WIDE, &mut tape).is_ok());
    let document = match parse(text, budget, &mut tape) {
        Ok(document) => document,
        Err(error) => {
            assert!(error.at() as usize <= text.len(), "the fault is beyond the end");
            let position = error.position(text);
            assert!(position.line >= 1 && position.column >= 1);
            assert!(!error.explain(text).to_string().is_empty());
            return;
        }
    };
    assert!(
        document.tokens() <= budget.tokens && document.tokens() as usize <= text.len(),
        "too many tokens"
    );
    select(document);
    measured(document);
    values(document);
    normalised(document);
    let reading = Reading::of(text, supply).unwrap();
    naming::check(document, &reading, supply);
    growing::check(text, &reading, supply, place, what);
}

fn select(document: Document<'_>) {
    let operations: Vec<_> = document.operations().collect();
    assert_eq!(document.select(None).is_ok(), operations.len() == 1);
    assert_eq!(document.select(Some("")).is_ok(), operations.len() == 1);
    for operation in &operations {
        if let Some(name) = operation.name() {
            assert_eq!(document.select(Some(name)).unwrap().name(), Some(name));
        }
    }
    assert!(document.select(Some("no such name")).is_err());
}

fn measured(document: Document<'_>) {
    let mut scratch = Scratch::default();
    let found = measure(document, &mut scratch);
    let tokens = u64::from(document.tokens());
    assert!(scratch.steps() <= tokens + (2 * tokens).max(8_192), "{} steps", scratch.steps());
    let asked = introspection_depth(document);
    match found {
        Ok(measures) => {
            assert!(document.fragment_order().is_ok());
            assert!(measures.root_fields <= measures.fields && measures.aliases <= measures.fields);
            // Fragments are counted whether they are used or not.
            let most = if measures.fragments == 0 { measures.aliases } else { measures.tokens };
            assert!(measures.aliases_per_field <= most || measures.aliases_per_field == u32::MAX);
            assert!(measures.introspection || asked == 0, "introspection in a document without");
            assert!(measures.tokens == document.tokens() && measures.depth <= measures.tokens);
        }
        Err(MeasureError::Cycle { at }) => {
            assert!((at as usize) < document.source().len() && document.fragment_order().is_err());
        }
        Err(MeasureError::DuplicateFragment { at } | MeasureError::DuplicateOperation { at }) => {
            assert!((at as usize) < document.source().len());
        }
    }
}

/// Looks at everything that can be looked at; no more of it than there are tokens.
fn values(document: Document<'_>) {
    let mut seen = 0_u32;
    let mut look = |value: Value<'_>| {
        let mut open = vec![value];
        while let Some(value) = open.pop() {
            seen += 1;
            match value {
                Value::List(list) => {
                    assert_eq!(list.values().count(), list.size() as usize);
                    open.extend(list.values());
                }
                Value::Object(object) => {
                    assert_eq!(object.fields().count(), object.size() as usize);
                    for (name, value) in object.fields() {
                        assert!(object.field(name).is_some());
                        open.push(value);
                    }
                }
                _ => (),
            }
        }
    };
    naming::each_value(document, &mut look);
    assert!(seen <= document.tokens(), "{seen} values");
}

/// The normalised text has the shape of its document, and is its own normalised text.
fn normalised(document: Document<'_>) {
    let mut text = String::new();
    normalise(document, &mut text, usize::MAX);
    // A literal of no value; `?` stands nowhere else.
    let (again, found) = normal(&text.replace('?', "0"));
    assert_eq!(again, text, "normalised twice is something else");
    assert_eq!(found, shape(document), "the normalised text has another shape: {text}");
    for most in [0, 1, 2, 3, 4, text.len() / 2, text.len().saturating_sub(1), text.len()] {
        let mut cut = "é".to_owned();
        normalise(document, &mut cut, most);
        let cut = cut.strip_prefix('é').unwrap();
        assert!(cut.len() <= most, "longer than asked for");
        let stem = cut.strip_suffix('…').unwrap_or(cut);
        assert!(text.starts_with(stem) && (cut.len() == text.len() || stem.len() < cut.len() || most < 3));
    }
}

fn normal(text: &str) -> (String, ShapeHash) {
    let mut tape = Tape::default();
    let document = parse(text, WIDE, &mut tape).unwrap_or_else(|error| panic!("{error}: {text}"));
    let mut again = String::new();
    normalise(document, &mut again, usize::MAX);
    (again, shape(document))
}
