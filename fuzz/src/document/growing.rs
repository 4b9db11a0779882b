//! A field more never measures less and never costs less.

use super::reading::Reading;
use portcullis_cost::Estimate;

/// What may be added to any selection set.
const FIELDS: [&str; 6] =
    [" zz ", " id ", " __typename ", " items(first: 3) { id } ", " zy: me { id } ", " zx(size: 2) "];

/// Adds a field at the end of one of the selection sets.
pub(super) fn check(text: &str, before: &Reading, supply: u8, place: u8, what: u8) {
    let ends = set_ends(text);
    let Some(end) = usize::from(place).checked_rem(ends.len()).and_then(|index| ends.get(index)) else {
        return;
    };
    let field = FIELDS[usize::from(what) % FIELDS.len()];
    let more = format!("{}{field}{}", &text[..*end], &text[*end..]);
    let after = Reading::of(&more, supply).unwrap_or_else(|| panic!("does not parse: {more}"));
    match (&before.measures, &after.measures) {
        (Ok(before), Ok(after)) => {
            let pairs = [
                (before.tokens, after.tokens),
                (before.depth, after.depth),
                (before.fields, after.fields),
                (before.root_fields, after.root_fields),
                (before.aliases, after.aliases),
                (before.directives, after.directives),
                (u32::from(before.introspection), u32::from(after.introspection)),
            ];
            assert!(pairs.iter().all(|(before, after)| before <= after), "{before:?} but {after:?}");
            // Where it was not counted to the end, more tokens allow for more steps.
            let given_up = before.aliases_per_field == u32::MAX;
            assert!(
                given_up || before.aliases_per_field <= after.aliases_per_field,
                "{before:?} but {after:?}"
            );
        }
        (before, after) => assert_eq!(before, after),
    }
    assert!(before.introspection <= after.introspection, "asks less of the schema");
    assert_eq!(before.operations.len(), after.operations.len());
    for (before, after) in before.operations.iter().zip(&after.operations) {
        not_less(&before.schemaless, &after.schemaless);
        // Near the end of its steps an estimate is coarser, so larger.
        if before.schema.steps <= before.ample {
            not_less(&before.schema, &after.schema);
        }
    }
}

fn not_less(before: &Estimate, after: &Estimate) {
    let is_more = before.field <= after.field
        && before.r#type <= after.r#type
        && before.unknown_fields <= after.unknown_fields
        && before.slicing_violations <= after.slicing_violations
        && before.watched.iter().zip(&after.watched).all(|(before, after)| before <= after);
    assert!(is_more, "{before:?} but {after:?}");
}

/// Where selection sets end, in the text of a sound document: at each `}` outside of parentheses, strings and comments.
fn set_ends(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let mut ends = Vec::new();
    let mut parentheses = 0_u32;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        at = match byte {
            b'#' => at + line(&bytes[at..]),
            b'"' => at + string(&bytes[at..]),
            _ => at + 1,
        };
        match byte {
            b'(' => parentheses += 1,
            b')' => parentheses -= 1,
            b'}' if parentheses == 0 => ends.push(at - 1),
            _ => (),
        }
    }
    ends
}

fn line(rest: &[u8]) -> usize {
    rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len())
}

fn string(rest: &[u8]) -> usize {
    let (quote, escape): (&[u8], &[u8]) = match rest {
        [b'"', b'"', b'"', ..] => (b"\"\"\"", b"\\\"\"\""),
        _ => (b"\"", b"\\"),
    };
    let mut at = quote.len();
    while at < rest.len() && !rest[at..].starts_with(quote) {
        // An escape is a backslash and what follows; in a block string only three quotes can follow.
        let is_escape = rest[at..].starts_with(escape);
        at += if is_escape { escape.len().max(2) } else { 1 };
    }
    (at + quote.len()).min(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: usize) {
        assert_eq!(set_ends(text).len(), expected, "{text}");
    }

    #[test]
    fn only_braces_of_selection_sets_end_them() {
        check("{ a { b } }", 2);
        check("query($a: T = {b: 1}) { c(d: {e: [{}]}) }", 1);
        check("{ a(b: \"}\", c: \"\\\"}\", d: \"\"\" } \\\"\"\" } \"\"\", e: \"\") # }\n}", 1);
    }
}
