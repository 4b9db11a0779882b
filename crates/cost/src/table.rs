//! The compiled table of a schema: what weighs how much, which list is how long, found by name in a few steps.
//!
//! Made by [`Schema::compile`](crate::Schema::compile), loaded in one pass that checks everything once, so that lookups need not.
//! Refuses to know the schema language, and documents.

mod build;
mod heads;
mod load;
mod slots;
mod wire;

use crate::Cost;
use portcullis_graphql::NameKey;
use slots::Slots;
use std::ops::Range;

pub use build::BuildError;
pub use load::TableError;

/// A field of a type, in one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldId(u32);

/// A type, in one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TypeId(u32);

/// A set of fields whose lists a field further up sizes, in one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SizedId(u32);

impl SizedId {
    /// No field is sized from above.
    pub(crate) const NONE: Self = Self(0);
}

/// A part of one of the table's lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    first: u32,
    end: u32,
}

impl Span {
    pub(crate) fn is_empty(self) -> bool {
        self.first >= self.end
    }

    fn range(self) -> Range<usize> {
        self.first as usize..self.end as usize
    }

    fn of<T>(self, list: &[T]) -> &[T] {
        list.get(self.range()).unwrap_or(&[])
    }
}

/// What a table was compiled from, reduced to what costs.
#[derive(Debug)]
pub struct Table {
    text: String,
    /// Sorted.
    names: Vec<Span>,
    /// The first is every leaf that weighs nothing.
    types: Vec<Type>,
    fields: Vec<Field>,
    members: Vec<TypeId>,
    inputs: Vec<Span>,
    arguments: Vec<Argument>,
    directives: Vec<(u32, Span)>,
    rules: Vec<Rule>,
    rule_ids: Vec<u32>,
    slicings: Vec<Slicing>,
    steps: Vec<Step>,
    sized: Vec<Span>,
    sized_fields: Vec<SizedField>,
    roots: [Option<TypeId>; 3],
    field_slots: Slots,
    type_slots: Slots,
    input_slots: Slots,
}

/// A type of responses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Type {
    key: NameKey,
    name: u32,
    /// Of an abstract type, that of the heaviest it can be.
    pub(crate) weight: Cost,
    pub(crate) kind: Kind,
    /// Of an abstract type, the object types it can be, sorted.
    members: Span,
    fields: Span,
}

/// What a type of responses is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Leaf,
    Object,
    Abstract,
}

/// A field of a type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    key: NameKey,
    owner: TypeId,
    name: u32,
    pub(crate) returns: TypeId,
    pub(crate) lists: u8,
    /// Its own weight is all it costs: no arguments that weigh, and nothing is told of sizes.
    pub(crate) simple: bool,
    /// And it returns values without weight.
    pub(crate) plain: bool,
    /// In thousandths.
    pub(crate) weight: i64,
    /// What it costs without arguments and directives.
    pub(crate) own: Cost,
    /// What one of the objects or values it returns weighs.
    pub(crate) returned: Cost,
    pub(crate) sized: SizedId,
    rules: Span,
    pub(crate) arguments: Span,
}

impl Field {
    pub(crate) fn has_no_rules(&self) -> bool {
        self.rules.is_empty()
    }
}

/// One way in which the size of a list is told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    pub(crate) assumed: Option<u32>,
    pub(crate) exactly_one: bool,
    pub(crate) sized: SizedId,
    slicings: Span,
}

/// A slicing argument: the path to a size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slicing {
    /// The size is the length of a list.
    pub(crate) of_list: bool,
    steps: Span,
}

/// One name on the path to a size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    name: u32,
    /// The size by default where this name is not given.
    pub(crate) default: Option<u64>,
}

/// An argument or a field of an input object that can cost something.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Argument {
    key: NameKey,
    owner: u32,
    name: u32,
    /// In thousandths.
    pub(crate) weight: i64,
    /// The input object whose fields can cost something.
    pub(crate) input: Option<u32>,
    /// What its default value costs, in thousandths, its own weight included.
    pub(crate) default: i64,
}

/// A field whose list is sized from above, or one on the way to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct SizedField {
    name: u32,
    /// What is sized beneath it; nothing when it is the list itself.
    beneath: SizedId,
}

/// How a field stands to a set of sized fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// It is none of them.
    Outside,
    /// It is sized.
    Sized,
    /// Fields beneath it are.
    Above(SizedId),
}

impl Table {
    /// The field `Type.field`; nothing when the schema has no such field.
    pub fn coordinate(&self, coordinate: &str) -> Option<FieldId> {
        let (type_name, field) = coordinate.split_once('.')?;
        self.field(self.type_named(type_name)?, field)
    }

    /// `Type.field` of a field of this table.
    pub fn coordinate_of(&self, field: FieldId) -> String {
        let Some(found) = self.fields.get(field.0 as usize) else { return String::new() };
        format!("{}.{}", self.type_name(found.owner), self.name(found.name))
    }

    /// How many types of responses have fields, and how many fields those have.
    pub fn counts(&self) -> (usize, usize) {
        (self.types.iter().filter(|found| found.kind != Kind::Leaf).count(), self.fields.len())
    }

    pub(crate) fn root(&self, kind: portcullis_graphql::OperationKind) -> Option<TypeId> {
        let [query, mutation, subscription] = self.roots;
        match kind {
            portcullis_graphql::OperationKind::Query => query,
            portcullis_graphql::OperationKind::Mutation => mutation,
            portcullis_graphql::OperationKind::Subscription => subscription,
        }
    }

    pub(crate) fn field(&self, owner: TypeId, name: &str) -> Option<FieldId> {
        self.find(owner, NameKey::of(name.as_bytes()), || name.as_bytes()).map(|(id, _)| id)
    }

    /// The field of a type by the key of its name, with its number. The name itself is seldom asked for.
    #[inline]
    pub(crate) fn find<'n>(
        &self,
        owner: TypeId,
        key: NameKey,
        name: impl Fn() -> &'n [u8],
    ) -> Option<(FieldId, &Field)> {
        // Most are where they belong.
        let index = self.field_slots.first(key, owner.0)?;
        let field = self.fields.get(index as usize)?;
        if field.key == key && field.owner == owner && key.is_exact() {
            return Some((FieldId(index), field));
        }
        self.find_further(owner, name())
    }

    #[inline(never)]
    fn find_further(&self, owner: TypeId, name: &[u8]) -> Option<(FieldId, &Field)> {
        let key = NameKey::of(name);
        self.field_slots.find(key, owner.0, |index| {
            let field = self.fields.get(index as usize)?;
            let is_it = field.key == key
                && field.owner == owner
                && (key.is_exact() || self.name(field.name).as_bytes() == name);
            is_it.then_some((FieldId(index), field))
        })
    }

    #[inline]
    pub(crate) fn get(&self, field: FieldId) -> Option<&Field> {
        self.fields.get(field.0 as usize)
    }

    /// The field of an input object, when it can cost something.
    pub(crate) fn input_field(&self, input: u32, name: &str) -> Option<&Argument> {
        let key = NameKey::of(name.as_bytes());
        self.input_slots.find(key, input, |index| {
            let field = self.arguments.get(index as usize)?;
            let is_it = field.key == key && field.owner == input && self.name(field.name) == name;
            is_it.then_some(field)
        })
    }

    pub(crate) fn input_fields(&self, input: u32) -> &[Argument] {
        self.inputs.get(input as usize).map_or(&[], |span| span.of(&self.arguments))
    }

    pub(crate) fn arguments(&self, span: Span) -> &[Argument] {
        span.of(&self.arguments)
    }

    pub(crate) fn argument_name(&self, argument: &Argument) -> &str {
        self.name(argument.name)
    }

    /// Whether some directive's arguments cost something.
    pub(crate) fn directives_cost(&self) -> bool {
        !self.directives.is_empty()
    }

    /// The arguments of a directive that can cost something.
    pub(crate) fn directive(&self, name: &str) -> &[Argument] {
        let found = self.directives.iter().find(|(known, _)| self.name(*known) == name);
        found.map_or(&[], |(_, span)| span.of(&self.arguments))
    }

    pub(crate) fn rules(&self, field: &Field) -> impl Iterator<Item = &Rule> {
        field.rules.of(&self.rule_ids).iter().filter_map(|rule| self.rules.get(*rule as usize))
    }

    pub(crate) fn slicings(&self, rule: &Rule) -> &[Slicing] {
        rule.slicings.of(&self.slicings)
    }

    pub(crate) fn steps(&self, slicing: &Slicing) -> &[Step] {
        slicing.steps.of(&self.steps)
    }

    pub(crate) fn step_name(&self, step: &Step) -> &str {
        self.name(step.name)
    }

    pub(crate) fn place(&self, sized: SizedId, field: &Field) -> Place {
        let Some(span) = self.sized.get(sized.0 as usize) else { return Place::Outside };
        match span.of(&self.sized_fields).iter().find(|entry| entry.name == field.name) {
            None => Place::Outside,
            Some(SizedField { beneath: SizedId::NONE, .. }) => Place::Sized,
            Some(SizedField { beneath, .. }) => Place::Above(*beneath),
        }
    }

    pub(crate) fn type_named(&self, name: &str) -> Option<TypeId> {
        let key = NameKey::of(name.as_bytes());
        self.type_slots.find(key, 0, |index| {
            let known = self.types.get(index as usize)?;
            let is_it = index != 0 && known.key == key && (key.is_exact() || self.name(known.name) == name);
            is_it.then_some(TypeId(index))
        })
    }

    pub(crate) fn type_name(&self, id: TypeId) -> &str {
        self.types.get(id.0 as usize).map_or("", |known| self.name(known.name))
    }

    #[inline]
    pub(crate) fn type_of(&self, id: TypeId) -> Option<&Type> {
        self.types.get(id.0 as usize)
    }

    pub(crate) fn is_object(&self, id: TypeId) -> bool {
        self.type_of(id).is_some_and(|known| known.kind == Kind::Object)
    }

    /// The object types a type can be, sorted: of an object itself only, for which this is empty.
    pub(crate) fn members(&self, id: TypeId) -> &[TypeId] {
        self.type_of(id).map_or(&[], |known| known.members.of(&self.members))
    }

    fn name(&self, name: u32) -> &str {
        let span = self.names.get(name as usize).copied().unwrap_or_default();
        self.text.get(span.range()).unwrap_or("")
    }
}

#[cfg(test)]
mod tests;
