//! A JSON value read strictly: no duplicate keys, bounded nesting, integers kept apart from other numbers.
//!
//! serde_json reads the text; this visitor adds what it leaves open (its `Value` takes the last of two equal
//! keys, its raw values nest without bound).

use serde::Deserializer;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

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
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Json<'a>> {
        let found = self.entries.binary_search_by(|(name, _)| name.as_ref().cmp(key)).ok()?;
        self.entries.get(found).map(|(_, value)| value)
    }

    /// Every key with its value, in the order of the keys.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Json<'a>)> {
        self.entries.iter().map(|(key, value)| (key.as_ref(), value))
    }

    pub(crate) fn into_entries(self) -> impl Iterator<Item = (Cow<'a, str>, Json<'a>)> {
        self.entries.into_iter()
    }
}

/// What a visitor found wrong beyond the syntax; serde's errors carry prose only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    DuplicateKey,
    TooDeep,
}

/// Reads one value; `open` arrays and objects are around it.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'f> {
    pub(crate) open: u8,
    pub(crate) nesting: Nesting,
    pub(crate) fault: &'f Cell<Option<Fault>>,
}

impl Reader<'_> {
    /// The reader for what is inside one more array or object.
    pub(crate) fn inside<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.open >= self.nesting.0 {
            return Err(self.fail(Fault::TooDeep));
        }
        Ok(Self { open: self.open.saturating_add(1), ..self })
    }

    pub(crate) fn fail<E: serde::de::Error>(self, fault: Fault) -> E {
        self.fault.set(Some(fault));
        E::custom("refused")
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Json<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(Json::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(i64::try_from(value).map_or(Json::Float, Json::Int))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json<'de>, E> {
        Ok(Json::Float)
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json<'de>, A::Error> {
        let inside = self.inside()?;
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(inside)? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json<'de>, A::Error> {
        let inside = self.inside()?;
        let mut entries = Vec::new();
        while let Some(key) = map.next_key_seed(Key)? {
            entries.push((key, map.next_value_seed(inside)?));
        }
        object(entries).map(Json::Object).ok_or_else(|| self.fail(Fault::DuplicateKey))
    }
}

/// Sorts the entries; `None` when two keys are equal.
pub(crate) fn object<'a>(mut entries: Vec<(Cow<'a, str>, Json<'a>)>) -> Option<Object<'a>> {
    entries.sort_by(|(one, _), (other, _)| one.cmp(other));
    let unique = entries.is_sorted_by(|(one, _), (other, _)| one < other);
    unique.then_some(Object { entries })
}

/// Reads an object's key, borrowed where it has no escapes.
pub(crate) struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}
