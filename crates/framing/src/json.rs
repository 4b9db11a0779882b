//! A JSON value read strictly: no duplicate keys, bounded nesting, integers kept apart from other numbers.
//!
//! The reader is written out here because it stands in the path of every request: a general one spends more on a
//! document's line breaks than the parser of GraphQL spends on the document. What it accepts is tested against
//! `serde_json`.

mod reader;
mod text;

use std::borrow::Cow;

pub(crate) use reader::{Fault, Reader};
pub(crate) use text::{plain, unescaped};

/// How many arrays and objects may be open at once; the outermost counts as 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nesting(pub u8);

/// A JSON value; texts are borrowed from the body where it has no escapes.
#[derive(Clone, Debug, PartialEq)]
pub enum Json<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number written without fraction and exponent that fits 64 bits.
    Int(i64),
    /// Any other number: its value does not matter, that it is no integer does.
    Float,
    /// A text, unescaped.
    Text(Cow<'a, str>),
    /// An array.
    List(Vec<Json<'a>>),
    /// An object.
    Object(Object<'a>),
}

/// A JSON object: no two keys are equal.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object<'a> {
    /// Sorted by key.
    entries: Vec<(Cow<'a, str>, Json<'a>)>,
}

impl<'a> Object<'a> {
    /// Sorts the entries; `None` when two keys are equal.
    pub(crate) fn new(mut entries: Vec<(Cow<'a, str>, Json<'a>)>) -> Option<Self> {
        let in_order = |entries: &[(Cow<'a, str>, Json<'a>)]| {
            entries.is_sorted_by(|(one, _), (other, _)| one.as_ref() < other.as_ref())
        };
        if !in_order(&entries) {
            entries.sort_unstable_by(|(one, _), (other, _)| one.as_ref().cmp(other.as_ref()));
            if !in_order(&entries) {
                return None;
            }
        }
        Some(Self { entries })
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Json<'a>> {
        let found = self.entries.binary_search_by(|(name, _)| name.as_ref().cmp(key)).ok()?;
        self.entries.get(found).map(|(_, value)| value)
    }

    /// Every key with its value, in the order of the keys.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Json<'a>)> {
        self.entries.iter().map(|(key, value)| (key.as_ref(), value))
    }
}
