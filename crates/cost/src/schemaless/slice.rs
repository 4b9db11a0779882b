//! How long a list is, as far as arguments and variables tell.

use crate::breakdown::SizeSource;
use crate::request::{Given, Request};
use crate::variables::Supplied;
use portcullis_graphql::{Arguments, Field, Value};

/// Arguments that ask for a number of entries, by the conventions of the field; in any case, with or without `_`.
const SLICING: [&[u8]; 7] = [b"first", b"last", b"limit", b"take", b"perpage", b"pagesize", b"count"];

/// An argument that asks for a number of entries in some schemas, and for pixels in others.
const SIZE: &[u8] = b"size";

/// For what an argument asks by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// A number of entries.
    Entries,
    /// A number of entries in some schemas, in others of pixels.
    Size,
}

/// For what an argument of this name asks, by the conventions of both models; nothing for most.
#[must_use]
pub fn asks(name: &str) -> Option<Asks> {
    asked(name.as_bytes())
}

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
        self.slice_by(&mut field.arguments())
    }

    /// The same for a field's arguments, which are used up.
    #[inline]
    pub(crate) fn slice_by(&self, arguments: &mut Arguments<'a>) -> Option<Slice> {
        let mut slice = Slice { entries: None, size: None };
        for argument in arguments {
            let most = match asked(argument.name_bytes()) {
                Some(Asks::Entries) => &mut slice.entries,
                Some(Asks::Size) => &mut slice.size,
                None => continue,
            };
            *most = (*most).max(Some(self.conventional_size(argument.value())));
        }
        (slice.entries.is_some() || slice.size.is_some()).then_some(slice)
    }

    /// What tells the larger of the sizes that a field's slicing arguments ask for.
    pub(crate) fn slice_source(&self, field: Field<'a>) -> Option<SizeSource> {
        let slicing = field.arguments().filter(|argument| asked(argument.name_bytes()).is_some());
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

/// Whether an argument of this name asks for a number of entries, or may.
#[inline(always)]
pub(super) fn is_slicing(name: &[u8]) -> bool {
    begins_like_one(name) && asked(name).is_some()
}

#[inline(always)]
fn begins_like_one(name: &[u8]) -> bool {
    name.first().is_some_and(|first| BEGINNINGS >> (first & 0x1F) & 1 == 1)
}

/// The same for a name that is bytes.
fn asked(name: &[u8]) -> Option<Asks> {
    if !begins_like_one(name) {
        return None;
    }
    let (first, last) = (name.first_chunk::<4>()?, name.last_chunk::<4>()?);
    let word = u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last));
    match word | IN_LOWER_CASE {
        FIRST | LIMIT | COUNT if name.len() == 5 => Some(Asks::Entries),
        LAST | TAKE if name.len() == 4 => Some(Asks::Entries),
        PER_PAGE if name.len() == 7 => Some(Asks::Entries),
        PAGE_SIZE if name.len() == 8 => Some(Asks::Entries),
        SIZE_ITSELF if name.len() == 4 => Some(Asks::Size),
        _ if name.contains(&b'_') => spelled(name),
        _ => None,
    }
}

/// The first letters of those names, and `_`, by their lowest five bits, which do not tell large letters from small ones.
const BEGINNINGS: u32 = bit(b'c') | bit(b'f') | bit(b'l') | bit(b'p') | bit(b's') | bit(b't') | bit(b'_');

const fn bit(letter: u8) -> u32 {
    1 << (letter & 0x1F)
}

/// Sets the bit that makes letters small. It makes no letter of anything else that a name has.
const IN_LOWER_CASE: u64 = 0x2020_2020_2020_2020;

const FIRST: u64 = ends(b"first");
const LAST: u64 = ends(b"last");
const LIMIT: u64 = ends(b"limit");
const TAKE: u64 = ends(b"take");
const PER_PAGE: u64 = ends(b"perpage");
const PAGE_SIZE: u64 = ends(b"pagesize");
const COUNT: u64 = ends(b"count");
const SIZE_ITSELF: u64 = ends(SIZE);

/// The first four bytes of a name and its last four, which is all of it up to eight.
const fn ends(name: &[u8]) -> u64 {
    match (name.first_chunk::<4>(), name.last_chunk::<4>()) {
        (Some(first), Some(last)) => {
            (u32::from_le_bytes(*first) as u64) << 32 | u32::from_le_bytes(*last) as u64
        }
        (_, _) => 0,
    }
}

/// The same with `_` left out.
#[cold]
fn spelled(name: &[u8]) -> Option<Asks> {
    let is = |known: &[u8]| {
        let letters = name.iter().filter(|byte| **byte != b'_').map(u8::to_ascii_lowercase);
        letters.eq(known.iter().copied())
    };
    if is(SIZE) { Some(Asks::Size) } else { SLICING.into_iter().any(is).then_some(Asks::Entries) }
}

/// A literal integer of any number of digits as a size: at least 1, at most what 64 bits hold.
fn integer(digits: &str) -> u64 {
    match digits.parse::<u64>() {
        Ok(size) => size.max(1),
        Err(_) if digits.starts_with('-') => 1,
        Err(_) => u64::MAX,
    }
}
