//! Compiled tables: whatever was done to the bytes, loading them ends in an error or in a table that answers in bounded steps.

use crate::choices::Choices;
use crate::schema::COMPILED;
use portcullis_cost::{Model, Question, Scratch, Sizes, Table, Variables};
use portcullis_graphql::{Budget, Tape, parse};

/// Magic, layout, length, sum.
const FRAME: usize = 17;

const DOCUMENTS: [&str; 3] = [
    "{ items(first: 4, filter: {not: {max: 1}, all: [{max: 2}]}) @slow(by: 2) { id price items(ids: [1 2]) { id matrix } } \
     any { ... on Item { id } ...P ... on Node { id } } node { id ... on User { name items { id } } } price zz { a } }
     fragment P on Page { items { id } total }",
    "{ connection(first: 9) { edges { id items(last: 3) { ...I } } page { items { ...I } } total } } fragment I on Item { price items { id } }",
    "mutation { login { id } importAll { name } cheap { items(first: 5) { id } } }",
];

/// Choice: how the rest becomes a table. As it is; as the body of a sound frame; as changes of a sound table.
pub(crate) fn check(input: &[u8]) {
    let mut choices = Choices::of(input);
    let bytes = match choices.below(3) {
        0 => changed(choices),
        1 => framed(choices.rest()),
        _ => choices.rest().to_vec(),
    };
    let Ok(table) = Table::load(&bytes) else { return };
    // Several million steps a byte would be needed to break this.
    let (types, fields) = table.counts();
    assert!(types.max(fields) <= bytes.len(), "more types or fields than bytes");
    let watched: Vec<_> =
        ["Query.items", "Mutation.login"].iter().filter_map(|it| table.coordinate(it)).collect();
    for id in &watched {
        assert_eq!(table.coordinate(&table.coordinate_of(*id)), Some(*id));
    }
    for text in DOCUMENTS {
        let mut tape = Tape::default();
        let document = parse(text, Budget::default(), &mut tape).unwrap();
        let operation = document.operations().next().unwrap();
        let variables = Variables::default();
        let question = Question {
            document,
            operation,
            variables: &variables,
            sizes: Sizes::default(),
            watched: &watched,
        };
        let model = Model::Schema(&table);
        let estimate = model.estimate(&question, &mut Scratch::default());
        let most = 65_536 + 32 * u64::from(document.tokens());
        assert!(estimate.steps <= most + 4_096, "{} steps", estimate.steps);
        assert!(
            model.plan(&question, 100).is_none_or(|plan| plan.places() <= 100),
            "a larger plan than asked for"
        );
    }
}

/// The small schema's table with bytes of its body set, each by a place and a value.
fn changed(mut choices: Choices<'_>) -> Vec<u8> {
    let mut body = COMPILED[FRAME..].to_vec();
    while !choices.is_empty() {
        let place = usize::from(choices.byte()) << 8 | usize::from(choices.byte());
        let length = body.len();
        body[place % length] = choices.byte();
    }
    framed(&body)
}

/// A body in a frame whose length and sum are right.
pub(crate) fn framed(body: &[u8]) -> Vec<u8> {
    let mut framed = COMPILED[..5].to_vec();
    framed.extend_from_slice(&u32::try_from(body.len()).unwrap().to_le_bytes());
    framed.extend_from_slice(&sum(body).to_le_bytes());
    framed.extend_from_slice(body);
    framed
}

/// The sum of a frame, as the compiler of tables writes it; a test notices when it is another one.
fn sum(bytes: &[u8]) -> u64 {
    let mix = |state: u64, word: u64| {
        let mixed = (state ^ word).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        mixed ^ (mixed >> 32)
    };
    let (words, rest) = bytes.as_chunks::<8>();
    let state = bytes.len() as u64 ^ 0x9E37_79B9_7F4A_7C15;
    let state = words.iter().fold(state, |state, word| mix(state, u64::from_le_bytes(*word)));
    mix(state, rest.iter().rev().fold(1, |word, byte| word << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unchanged_body_is_a_sound_table() {
        assert_eq!(framed(&COMPILED[FRAME..]), *COMPILED);
    }
}
