//! Arguments and input objects: which of them can cost something, what their defaults cost, and paths to sizes.

use super::BuildError;
use crate::schema::{InputObject, InputValue, Schema};
use crate::variables::{Supplied, find};
use std::collections::BTreeMap;

/// Default values nest no deeper.
const DEPTH: u8 = 64;

/// An argument or input field that can cost something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Costly<'a> {
    pub(super) name: &'a str,
    /// In thousandths.
    pub(super) weight: i64,
    /// The input object whose fields can cost something.
    pub(super) input: Option<&'a str>,
    /// What the default value costs, its own weight included.
    pub(super) default: i64,
}

/// A path to a size: each name with the size by default where it is not given.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Path<'a> {
    pub(super) of_list: bool,
    pub(super) steps: Vec<(&'a str, Option<u64>)>,
}

/// The input objects of a schema.
pub(super) struct Inputs<'s, 'a> {
    objects: BTreeMap<&'a str, &'s InputObject<'a>>,
    /// Those whose fields can cost something, numbered in the order of their names.
    costly: BTreeMap<&'a str, u32>,
}

impl<'s, 'a> Inputs<'s, 'a> {
    pub(super) fn of(schema: &'s Schema<'a>) -> Result<Self, BuildError> {
        let mut objects = BTreeMap::new();
        for object in &schema.inputs {
            if objects.insert(object.name, object).is_some() {
                return Err(BuildError::DuplicateType { name: object.name.to_owned() });
            }
        }
        let mut inputs = Self { objects, costly: BTreeMap::new() };
        // What can cost something makes costly what contains it; until nothing changes.
        loop {
            let more: Vec<_> = inputs.newly_costly().collect();
            if more.is_empty() {
                break;
            }
            inputs.costly.extend(more.into_iter().map(|name| (name, 0)));
        }
        for (number, place) in (0..).zip(inputs.costly.values_mut()) {
            *place = number;
        }
        Ok(inputs)
    }

    fn newly_costly(&self) -> impl Iterator<Item = &'a str> {
        let is_costly =
            |field: &InputValue<'a>| self.weight(field) != 0 || self.costly.contains_key(field.type_name);
        self.objects
            .iter()
            .filter(move |(name, object)| {
                !self.costly.contains_key(*name) && object.fields.iter().any(is_costly)
            })
            .map(|(name, _)| *name)
    }

    /// The input objects that cost something, in the order of their numbers.
    pub(super) fn costly(&self) -> impl Iterator<Item = &'s InputObject<'a>> {
        self.costly.keys().filter_map(|name| self.objects.get(name).copied())
    }

    pub(super) fn number(&self, name: &str) -> Option<u32> {
        self.costly.get(name).copied()
    }

    pub(super) fn count(&self) -> usize {
        self.costly.len()
    }

    /// Those of some arguments that can cost something.
    pub(super) fn of_values(&self, values: &[InputValue<'a>]) -> Result<Vec<Costly<'a>>, BuildError> {
        let mut found = Vec::new();
        for value in values {
            let (weight, default) = (self.weight(value), self.default_cost(value, DEPTH)?);
            let input = self.costly.contains_key(value.type_name).then_some(value.type_name);
            if weight != 0 || default != 0 || input.is_some() {
                found.push(Costly { name: value.name, weight, input, default });
            }
        }
        Ok(found)
    }

    fn weight(&self, value: &InputValue<'a>) -> i64 {
        let by_default = if self.objects.contains_key(value.type_name) { 1_000 } else { 0 };
        value.weight.map_or(by_default, |weight| weight.milli())
    }

    fn default_cost(&self, value: &InputValue<'a>, depth: u8) -> Result<i64, BuildError> {
        value.default.as_ref().map_or(Ok(0), |default| self.cost(value, default, depth))
    }

    fn cost(&self, value: &InputValue<'a>, given: &Supplied<'a>, depth: u8) -> Result<i64, BuildError> {
        let weight = self.weight(value);
        let weight = if *given == Supplied::Null { weight.max(0) } else { weight };
        Ok(weight.saturating_add(self.cost_inside(value, given, depth)?))
    }

    fn cost_inside(
        &self,
        value: &InputValue<'a>,
        given: &Supplied<'a>,
        depth: u8,
    ) -> Result<i64, BuildError> {
        let name = value.name;
        let depth = depth.checked_sub(1).ok_or(BuildError::EndlessDefault { name: name.to_owned() })?;
        match (given, self.objects.get(value.type_name)) {
            (Supplied::List(entries), _) => entries
                .iter()
                .try_fold(0_i64, |sum, entry| Ok(sum.saturating_add(self.cost_inside(value, entry, depth)?))),
            (Supplied::Object(given), Some(object)) => object.fields.iter().try_fold(0_i64, |sum, field| {
                let cost = match find(given, field.name) {
                    Some(given) => self.cost(field, given, depth)?,
                    None => self.default_cost(field, depth)?,
                };
                Ok(sum.saturating_add(cost))
            }),
            (
                Supplied::Null | Supplied::Bool(_) | Supplied::Int(_) | Supplied::Other | Supplied::Object(_),
                _,
            ) => Ok(0),
        }
    }

    /// Resolves the path of a slicing argument.
    pub(super) fn path(
        &self,
        field: &str,
        arguments: &'s [InputValue<'a>],
        path: &str,
    ) -> Result<Path<'a>, BuildError> {
        let unknown = || BuildError::UnknownSlicing { field: field.to_owned(), path: path.to_owned() };
        let names: Vec<&str> = path.split('.').collect();
        let (mut values, mut steps, mut of_list) = (arguments, Vec::new(), false);
        let mut names = names.as_slice();
        while let [name, rest @ ..] = names {
            let value = values.iter().find(|value| value.name == *name).ok_or_else(unknown)?;
            steps.push((value.name, self.size_by_default(value, rest, DEPTH)?));
            of_list = value.lists > 0;
            values = self.objects.get(value.type_name).map_or(&[], |object| object.fields.as_slice());
            names = rest;
        }
        Ok(Path { of_list, steps })
    }

    /// The size at the end of a path whose next name is not given.
    fn size_by_default(
        &self,
        value: &InputValue<'a>,
        rest: &[&str],
        depth: u8,
    ) -> Result<Option<u64>, BuildError> {
        let Some(default) = &value.default else { return Ok(None) };
        let name = value.name;
        let depth = depth.checked_sub(1).ok_or(BuildError::EndlessDefault { name: name.to_owned() })?;
        let (mut value, mut given, mut rest) = (value, default, rest);
        while let Some((name, further)) = rest.split_first() {
            let object = self.objects.get(value.type_name);
            let field = object.and_then(|object| object.fields.iter().find(|field| field.name == *name));
            let (Supplied::Object(fields), Some(field)) = (given, field) else { return Ok(None) };
            match find(fields, name) {
                Some(inner) => (value, given, rest) = (field, inner, further),
                None => return self.size_by_default(field, further, depth),
            }
        }
        Ok(match given {
            Supplied::Int(size) => Some(u64::try_from(*size).unwrap_or(0)),
            Supplied::List(entries) => Some(entries.len() as u64),
            Supplied::Null | Supplied::Bool(_) | Supplied::Other | Supplied::Object(_) => None,
        })
    }
}
