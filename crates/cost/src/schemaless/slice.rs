//! How long a list is, as far as arguments and variables tell.

use crate::breakdown::SizeSource;
use crate::request::{Given, Request};
use crate::variables::Supplied;
use portcullis_graphql::{Field, Value};

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

impl<'a> Request<'a> {
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
            *asked = (*asked).max(Some(self.conventional_size(argument.value())));
        }
        (slice.entries.is_some() || slice.size.is_some()).then_some(slice)
    }

    /// What tells the larger of the sizes that a field's slicing arguments ask for.
    pub(crate) fn slice_source(&self, field: Field<'a>) -> Option<SizeSource> {
        let is_slicing = |name: &str| is(name, SIZE) || SLICING.iter().any(|known| is(name, known));
        let slicing = field.arguments().filter(|argument| is_slicing(argument.name()));
        let largest = slicing.max_by_key(|argument| self.conventional_size(argument.value()))?;
        Some(match self.given(largest.value()) {
            Given::Nothing | Given::Literal(Value::Null) | Given::Supplied(Supplied::Null) => {
                SizeSource::Configured
            }
            Given::Unclear | Given::Literal(_) | Given::Supplied(_) => {
                SizeSource::Argument(largest.name().to_owned())
            }
        })
    }

    fn conventional_size(&self, value: Value<'a>) -> u64 {
        match self.given(value) {
            Given::Nothing | Given::Literal(Value::Null) | Given::Supplied(Supplied::Null) => {
                u64::from(self.sizes.default)
            }
            Given::Literal(Value::Int(digits)) => integer(digits),
            Given::Supplied(Supplied::Int(size)) => u64::try_from(*size).unwrap_or(0).max(1),
            Given::Unclear | Given::Literal(_) | Given::Supplied(_) => u64::from(self.sizes.unreadable),
        }
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
