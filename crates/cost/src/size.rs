//! How long a list is, as far as arguments and variables tell.

use crate::variables::{Supplied, Variables};
use portcullis_graphql::{Field, Operation, Value};

/// Arguments that ask for a number of entries, by the conventions of the field; in any case, with or without `_`.
const SLICING: [&str; 7] = ["first", "last", "limit", "take", "perpage", "pagesize", "count"];

/// An argument that asks for a number of entries in some schemas, and for pixels in others.
const SIZE: &str = "size";

/// What a field's slicing arguments ask for; both at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slice {
    /// The largest number that is certainly one of entries.
    pub(crate) entries: Option<u64>,
    /// The value of `size`.
    pub(crate) size: Option<u64>,
}

/// List sizes of the schema-less model where the request does not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Where a slicing argument has no known value, and of a connection's entries without a slicing argument.
    pub default: u32,
    /// Where a slicing argument is not an integer.
    pub unreadable: u32,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { default: 10, unreadable: 1_000_000 }
    }
}

/// Finds the sizes that one request asks for.
pub(crate) struct Request<'a> {
    sizes: Sizes,
    supplied: &'a Variables<'a>,
    /// Default values by variable, sorted by name; a variable may be there twice.
    declared: Vec<(&'a str, Option<Value<'a>>)>,
}

impl<'a> Request<'a> {
    pub(crate) fn new(operation: Operation<'a>, supplied: &'a Variables<'a>, sizes: Sizes) -> Self {
        let declare = |variable: portcullis_graphql::VariableDefinition<'a>| {
            (variable.name(), variable.default_value())
        };
        let mut declared: Vec<_> = operation.variables().map(declare).collect();
        declared.sort_by_key(|(name, _)| *name);
        Self { sizes, supplied, declared }
    }

    /// The size of a connection's list of entries when nothing around it says more.
    pub(crate) fn default_size(&self) -> u64 {
        u64::from(self.sizes.default)
    }

    /// What the field's slicing arguments ask for; nothing without such an argument.
    pub(crate) fn slice(&self, field: Field<'a>) -> Option<Slice> {
        let mut slice = Slice { entries: None, size: None };
        for argument in field.arguments() {
            let asked = match argument.name() {
                name if is(name, SIZE) => &mut slice.size,
                name if SLICING.iter().any(|known| is(name, known)) => &mut slice.entries,
                _ => continue,
            };
            *asked = (*asked).max(Some(self.value(argument.value())));
        }
        (slice.entries.is_some() || slice.size.is_some()).then_some(slice)
    }

    fn value(&self, value: Value<'a>) -> u64 {
        match value {
            Value::Variable(name) => self.variable(name),
            Value::Int(_)
            | Value::Float(_)
            | Value::String(_)
            | Value::Boolean(_)
            | Value::Null
            | Value::Enum(_)
            | Value::List(_)
            | Value::Object(_) => self.literal(value),
        }
    }

    fn literal(&self, value: Value<'a>) -> u64 {
        match value {
            Value::Int(digits) => integer(digits),
            Value::Null => u64::from(self.sizes.default),
            Value::Float(_)
            | Value::String(_)
            | Value::Boolean(_)
            | Value::Enum(_)
            | Value::List(_)
            | Value::Object(_)
            | Value::Variable(_) => u64::from(self.sizes.unreadable),
        }
    }

    fn variable(&self, name: &str) -> u64 {
        match self.supplied.get(name) {
            Some(Supplied::Int(size)) => u64::try_from(size).unwrap_or(0).max(1),
            Some(Supplied::Null) => u64::from(self.sizes.default),
            Some(Supplied::Bool(_) | Supplied::Other) => u64::from(self.sizes.unreadable),
            None => match self.defaults(name) {
                [] | [(_, None)] => u64::from(self.sizes.default),
                [(_, Some(default))] => self.literal(*default),
                [_, _, ..] => u64::from(self.sizes.unreadable),
            },
        }
    }

    /// The value of a boolean, when it is certain.
    pub(crate) fn boolean(&self, value: Value<'a>) -> Option<bool> {
        let default = |name| match self.defaults(name) {
            [(_, Some(Value::Boolean(default)))] => Some(*default),
            _ => None,
        };
        match value {
            Value::Boolean(value) => Some(value),
            Value::Variable(name) => match self.supplied.get(name) {
                Some(Supplied::Bool(value)) => Some(value),
                Some(Supplied::Null | Supplied::Int(_) | Supplied::Other) => None,
                None => default(name),
            },
            Value::Int(_)
            | Value::Float(_)
            | Value::String(_)
            | Value::Null
            | Value::Enum(_)
            | Value::List(_)
            | Value::Object(_) => None,
        }
    }

    fn defaults(&self, name: &str) -> &[(&'a str, Option<Value<'a>>)] {
        let start = self.declared.partition_point(|(known, _)| *known < name);
        let rest = self.declared.get(start..).unwrap_or_default();
        let same = rest.iter().take_while(|(known, _)| *known == name).count();
        rest.get(..same).unwrap_or_default()
    }
}

/// Whether a name is `known`, which is in lower case and without `_`, in some spelling.
fn is(name: &str, known: &str) -> bool {
    let letters = name.bytes().filter(|byte| *byte != b'_').map(|byte| byte.to_ascii_lowercase());
    name.len() >= known.len() && letters.eq(known.bytes())
}

/// A literal integer of any number of digits as a size: at least 1, at most what 64 bits hold.
fn integer(digits: &str) -> u64 {
    match digits.parse::<u64>() {
        Ok(size) => size.max(1),
        Err(_) if digits.starts_with('-') => 1,
        Err(_) => u64::MAX,
    }
}
