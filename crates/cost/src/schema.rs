//! A schema as plain data: what the cost directives say of it, before it becomes a table.
//!
//! Whoever reads a schema language fills this in; [`Schema::compile`] makes the table. Nothing here is checked before that.

use crate::variables::Supplied;
use crate::weight::Weight;
use std::borrow::Cow;

/// A schema with its weights and list sizes. Names are those of the schema.
#[derive(Clone, Debug, Default)]
pub struct Schema<'a> {
    /// The root type of queries.
    pub query: Option<&'a str>,
    /// The root type of mutations.
    pub mutation: Option<&'a str>,
    /// The root type of subscriptions.
    pub subscription: Option<&'a str>,
    /// Every type that a response can have something of.
    pub types: Vec<OutputType<'a>>,
    /// Every input object.
    pub inputs: Vec<InputObject<'a>>,
    /// Directives of documents, with their arguments.
    pub directives: Vec<InputObject<'a>>,
}

/// A type of responses.
#[derive(Clone, Debug)]
pub struct OutputType<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it is, and what it weighs.
    pub kind: OutputKind<'a>,
    /// Its fields; a leaf and a union have none.
    pub fields: Vec<OutputField<'a>>,
}

/// What a type of responses is.
#[derive(Clone, Debug)]
pub enum OutputKind<'a> {
    /// A scalar or an enum; weighs 0 unless told otherwise.
    Leaf(Option<Weight>),
    /// An object type; weighs 1 unless told otherwise.
    Object(Option<Weight>),
    /// An interface or a union, with the names of the object types it can be; weighs as much as the heaviest.
    Abstract(Vec<&'a str>),
}

/// A field of an object type or an interface.
#[derive(Clone, Debug)]
pub struct OutputField<'a> {
    /// Its name.
    pub name: &'a str,
    /// The name of its type, inside all lists.
    pub type_name: &'a str,
    /// How many lists are around the type: 2 for `[[T]]`.
    pub lists: u8,
    /// Its weight; by default 1 when it returns objects, else 0.
    pub weight: Option<Weight>,
    /// How long its list is, or those beneath it.
    pub size: Option<ListSize<'a>>,
    /// Its arguments.
    pub arguments: Vec<InputValue<'a>>,
}

/// The size of a list, as `@listSize` has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListSize<'a> {
    /// `assumedSize`.
    pub assumed: Option<u32>,
    /// `slicingArguments`: names of arguments, or paths such as `filter.max`.
    pub slicing: Vec<Cow<'a, str>>,
    /// `sizedFields`: names of fields, or paths such as `page.items`.
    pub sized: Vec<&'a str>,
    /// `requireOneSlicingArgument`.
    pub slices: Slices,
}

/// How many slicing arguments an operation must give.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slices {
    /// As many as it likes.
    #[default]
    Any,
    /// Exactly one.
    One,
}

/// An input object, or a directive with its arguments.
#[derive(Clone, Debug)]
pub struct InputObject<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its fields or arguments.
    pub fields: Vec<InputValue<'a>>,
}

/// An argument, or a field of an input object.
#[derive(Clone, Debug)]
pub struct InputValue<'a> {
    /// Its name.
    pub name: &'a str,
    /// The name of its type, inside all lists.
    pub type_name: &'a str,
    /// How many lists are around the type.
    pub lists: u8,
    /// Its weight; by default 1 when its type is an input object, else 0.
    pub weight: Option<Weight>,
    /// Its default value.
    pub default: Option<Supplied<'a>>,
}
