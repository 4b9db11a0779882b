//! Types of responses and their fields, with abstract types and interfaces made the most of what they can be.

use super::BuildError;
use super::inputs::{Costly, Inputs, Path};
use crate::schema::{ListSize, OutputField, OutputKind, OutputType, Schema, Slices};
use std::collections::{BTreeMap, BTreeSet};

/// A field as the table has it.
#[derive(Clone, Debug)]
pub(super) struct Drafted<'a> {
    pub(super) name: &'a str,
    pub(super) returns: u32,
    pub(super) lists: u8,
    /// In thousandths; nothing when it is the default.
    pub(super) weight: Option<i64>,
    pub(super) rules: Vec<u32>,
    pub(super) sized: u32,
    pub(super) arguments: Vec<Costly<'a>>,
}

/// What is known of a list's size, as the table has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct DraftedRule<'a> {
    pub(super) assumed: Option<u32>,
    pub(super) slices: Slices,
    pub(super) paths: Vec<Path<'a>>,
    pub(super) sized: u32,
}

/// Names of sized fields, with the number of the set beneath each; 0 where the field itself is sized.
type Set<'a> = BTreeMap<&'a str, u32>;

/// Everything about types of responses, numbered.
pub(super) struct Output<'s, 'a> {
    by_name: BTreeMap<&'a str, &'s OutputType<'a>>,
    inputs: &'s Inputs<'s, 'a>,
    pub(super) numbers: BTreeMap<&'s str, u32>,
    /// By number, from 1; sorted by name as the numbers are.
    pub(super) kept: Vec<&'s OutputType<'a>>,
    pub(super) fields: BTreeMap<u32, Vec<Drafted<'a>>>,
    pub(super) rules: Vec<DraftedRule<'a>>,
    pub(super) sets: Vec<Set<'a>>,
}

impl<'s, 'a> Output<'s, 'a> {
    pub(super) fn new(schema: &'s Schema<'a>, inputs: &'s Inputs<'s, 'a>) -> Result<Self, BuildError> {
        let numbers = schema.numbers()?;
        let by_name: BTreeMap<_, _> = schema.types.iter().map(|found| (found.name, found)).collect();
        let is_kept = |name: &str| numbers.get(name).is_some_and(|number| *number != 0);
        let kept = by_name.iter().filter(|(name, _)| is_kept(name)).map(|(_, found)| *found).collect();
        Ok(Self {
            by_name,
            inputs,
            numbers,
            kept,
            fields: BTreeMap::new(),
            rules: Vec::new(),
            sets: Vec::new(),
        })
    }

    pub(super) fn number(&self, name: &str) -> Result<u32, BuildError> {
        let unknown = || BuildError::UnknownType { name: name.to_owned() };
        self.numbers.get(name).copied().ok_or_else(unknown)
    }

    /// The weight of a type in thousandths; of an abstract one, the most of what it can be. Never below zero: a type stands
    /// for what is returned, and returning more never costs less.
    pub(super) fn weight(&self, found: &OutputType<'a>) -> i64 {
        let own = |found: &OutputType<'a>| match &found.kind {
            OutputKind::Leaf(weight) => weight.map_or(0, |weight| weight.milli()),
            OutputKind::Object(weight) => weight.map_or(1_000, |weight| weight.milli()),
            OutputKind::Abstract(_) => 0,
        };
        let weight = match &found.kind {
            OutputKind::Leaf(_) | OutputKind::Object(_) => own(found),
            OutputKind::Abstract(members) => {
                let weights =
                    members.iter().filter_map(|name| self.by_name.get(name)).map(|found| own(found));
                weights.max().unwrap_or(1_000)
            }
        };
        weight.max(0)
    }

    pub(super) fn members(&self, found: &OutputType<'a>) -> Result<BTreeSet<u32>, BuildError> {
        match &found.kind {
            OutputKind::Leaf(_) | OutputKind::Object(_) => Ok(BTreeSet::new()),
            OutputKind::Abstract(members) => members.iter().map(|name| self.number(name)).collect(),
        }
    }

    pub(super) fn add(&mut self, found: &'s OutputType<'a>) -> Result<(), BuildError> {
        let number = self.number(found.name)?;
        if number == 0 || found.fields.is_empty() {
            return Ok(());
        }
        let drafted: Result<Vec<_>, _> = found.fields.iter().map(|field| self.draft(found, field)).collect();
        let mut drafted = drafted?;
        drafted.sort_by_key(|field| field.name);
        self.fields.insert(number, drafted);
        Ok(())
    }

    fn draft(
        &mut self,
        owner: &'s OutputType<'a>,
        field: &'s OutputField<'a>,
    ) -> Result<Drafted<'a>, BuildError> {
        let concrete = self.concrete(owner, field);
        let by_default = self.default_weight(field)?;
        let mut weight = i64::MIN;
        let mut arguments: Vec<Costly<'a>> = Vec::new();
        for concrete in &concrete {
            weight =
                weight.max(concrete.weight.map_or(self.default_weight(concrete)?, |weight| weight.milli()));
            for argument in self.inputs.of_values(&concrete.arguments)? {
                match arguments.iter_mut().find(|known| known.name == argument.name) {
                    Some(known) => {
                        known.weight = known.weight.max(argument.weight);
                        known.default = known.default.max(argument.default);
                    }
                    None => arguments.push(argument),
                }
            }
        }
        let sizes: Vec<_> = match (&field.size, concrete.iter().any(|it| it.size.is_some())) {
            (Some(size), _) => {
                std::iter::once(Some(size)).chain(concrete.iter().map(|it| it.size.as_ref())).collect()
            }
            (None, true) => concrete.iter().map(|it| it.size.as_ref()).collect(),
            (None, false) => Vec::new(),
        };
        // Where the interface says nothing and one of its types does not either, that one has the size nobody told.
        let mut rules: Vec<u32> = Vec::new();
        for size in sizes {
            let size = match (size, &field.size) {
                (Some(size), _) => size,
                (None, Some(_)) => continue,
                (None, None) => &ListSize::default(),
            };
            let rule = self.rule(field, size)?;
            if !rules.contains(&rule) {
                rules.push(rule);
            }
        }
        let sized = self.union(&rules)?;
        Ok(Drafted {
            name: field.name,
            returns: self.number(field.type_name)?,
            lists: field.lists,
            weight: (weight != by_default).then_some(weight),
            rules,
            sized,
            arguments,
        })
    }

    /// The field itself, or for an interface those of the object types that have it.
    fn concrete(&self, owner: &'s OutputType<'a>, field: &'s OutputField<'a>) -> Vec<&'s OutputField<'a>> {
        let members = match &owner.kind {
            OutputKind::Abstract(members) => members.as_slice(),
            OutputKind::Leaf(_) | OutputKind::Object(_) => &[],
        };
        let of_members = members.iter().filter_map(|name| self.by_name.get(name)).filter_map(|member| {
            let member: &'s OutputType<'a> = member;
            member.fields.iter().find(|known| known.name == field.name)
        });
        let found: Vec<_> = of_members.collect();
        if found.is_empty() { vec![field] } else { found }
    }

    fn default_weight(&self, field: &OutputField<'a>) -> Result<i64, BuildError> {
        self.number(field.type_name)?;
        let is_leaf =
            self.by_name.get(field.type_name).is_some_and(|found| matches!(found.kind, OutputKind::Leaf(_)));
        Ok(if is_leaf { 0 } else { 1_000 })
    }

    fn rule(&mut self, field: &'s OutputField<'a>, size: &ListSize<'a>) -> Result<u32, BuildError> {
        let paths: Result<Vec<_>, _> =
            size.slicing.iter().map(|path| self.inputs.path(field.name, &field.arguments, path)).collect();
        let sized: Vec<Vec<&'a str>> = size.sized.iter().map(|path| path.split('.').collect()).collect();
        let sized = self.set(&sized)?;
        let rule = DraftedRule { assumed: size.assumed, slices: size.slices, paths: paths?, sized };
        Ok(number_of(&mut self.rules, rule))
    }

    /// The number of the set of some paths, from 1; 0 when there are none.
    fn set(&mut self, paths: &[Vec<&'a str>]) -> Result<u32, BuildError> {
        let mut beneath: BTreeMap<&'a str, Vec<Vec<&'a str>>> = BTreeMap::new();
        for path in paths {
            let Some((name, rest)) = path.split_first() else { continue };
            beneath.entry(name).or_default().push(rest.to_vec());
        }
        if beneath.is_empty() {
            return Ok(0);
        }
        let mut set = Set::new();
        for (name, paths) in beneath {
            let ends = paths.iter().any(Vec::is_empty);
            if ends && paths.iter().any(|path| !path.is_empty()) {
                return Err(BuildError::SizedTwice { path: name.to_owned() });
            }
            set.insert(name, self.set(&paths)?);
        }
        Ok(number_of(&mut self.sets, set).saturating_add(1))
    }

    /// The set of everything that some rules size.
    fn union(&mut self, rules: &[u32]) -> Result<u32, BuildError> {
        let mut sets: Vec<u32> =
            rules.iter().filter_map(|rule| self.rules.get(*rule as usize)).map(|rule| rule.sized).collect();
        sets.sort_unstable();
        sets.dedup();
        sets.retain(|set| *set != 0);
        match sets.as_slice() {
            [] => Ok(0),
            [only] => Ok(*only),
            several => {
                let paths: Vec<_> = several.iter().flat_map(|set| self.paths(*set)).collect();
                self.set(&paths)
            }
        }
    }

    fn paths(&self, set: u32) -> Vec<Vec<&'a str>> {
        let found = set.checked_sub(1).and_then(|index| self.sets.get(index as usize));
        let Some(found) = found else { return vec![Vec::new()] };
        let beneath = found.iter().flat_map(|(name, beneath)| {
            self.paths(*beneath).into_iter().map(|path| std::iter::once(*name).chain(path).collect())
        });
        beneath.collect()
    }
}

/// The index of an item, which is added when it is new.
fn number_of<T: PartialEq>(items: &mut Vec<T>, item: T) -> u32 {
    let index = items.iter().position(|known| *known == item).unwrap_or(items.len());
    if index == items.len() {
        items.push(item);
    }
    u32::try_from(index).unwrap_or(u32::MAX)
}
