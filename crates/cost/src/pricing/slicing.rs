//! How long lists are: slicing arguments, what is assumed without them, and sizes that go to lists further down.

mod source;

use super::Pricing;
use super::literals::Inside;
use crate::request::Given;
use crate::table::{Field as Known, Rule, SizedId, Slicing};
use crate::variables::{Supplied, find};
use portcullis_graphql::{Field, Value};

/// How long the list of a field is, and those beneath it that it sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lengths {
    /// Entries of the field itself, in all lists of lists; 1 when it is none.
    pub(crate) own: u64,
    /// Entries of each of the lists that the field sizes.
    pub(crate) beneath: u64,
    /// Whether the operation gave a slicing argument that sizes the list itself.
    pub(crate) is_sliced: bool,
    /// Whether not exactly one slicing argument is given where that is required.
    pub(crate) violates: bool,
}

/// What an operation says of one slicing argument; of two, the later counts, which only a document that servers refuse needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Asked {
    Nothing,
    /// Explicitly nothing: also no default.
    Null,
    Default(u64),
    Size(u64),
}

impl<'a> Pricing<'_, 'a> {
    pub(crate) fn lengths(&mut self, field: Field<'a>, known: &Known) -> Lengths {
        let mut lengths = Lengths { own: 0, beneath: 0, is_sliced: false, violates: false };
        let table = self.table;
        for rule in table.rules(known) {
            let (size, is_given) = self.size(field, rule, &mut lengths.violates);
            if rule.sized == SizedId::NONE {
                lengths.own =
                    lengths.own.max(size.saturating_mul(self.levels(known.lists.saturating_sub(1))));
                lengths.is_sliced |= is_given;
            } else {
                lengths.own = lengths.own.max(self.levels(known.lists));
                lengths.beneath = lengths.beneath.max(size);
            }
        }
        if known.has_no_rules() {
            lengths.own = self.levels(known.lists);
        }
        lengths
    }

    /// Entries of so many lists within each other, of which nothing is known.
    pub(crate) fn levels(&self, lists: u8) -> u64 {
        match lists {
            0 => 1,
            lists => u64::from(self.request.sizes.default).saturating_pow(u32::from(lists)),
        }
    }

    fn size(&mut self, field: Field<'a>, rule: &Rule, violates: &mut bool) -> (u64, bool) {
        let (mut size, mut given, mut has_default) = (None, 0_u32, false);
        let table = self.table;
        for slicing in table.slicings(rule) {
            match self.asked(field, slicing) {
                Asked::Nothing | Asked::Null => {}
                Asked::Default(by_default) => {
                    size = size.max(Some(by_default));
                    has_default = true;
                }
                Asked::Size(asked) => {
                    size = size.max(Some(asked));
                    given = given.saturating_add(1);
                }
            }
        }
        let has_one = given == 1 || (given == 0 && has_default);
        *violates |= rule.exactly_one && !table.slicings(rule).is_empty() && !has_one;
        let otherwise = rule.assumed.unwrap_or(self.request.sizes.default);
        (size.unwrap_or(u64::from(otherwise)), given > 0)
    }

    fn asked(&mut self, field: Field<'a>, slicing: &Slicing) -> Asked {
        let table = self.table;
        let Some(first) = table.steps(slicing).first() else { return Asked::Nothing };
        let (name, mut found) = (table.step_name(first), None);
        for argument in field.arguments() {
            self.steps.take(1);
            if argument.name() == name {
                found = found.max(Some(self.follow(self.request.given(argument.value()), slicing)));
            }
        }
        match found {
            None | Some(Asked::Nothing) => first.default.map_or(Asked::Nothing, Asked::Default),
            Some(asked) => asked,
        }
    }

    /// What is at the end of a path that begins with a value.
    fn follow(&mut self, given: Given<'a>, slicing: &Slicing) -> Asked {
        let table = self.table;
        let unreadable = Asked::Size(u64::from(self.request.sizes.unreadable));
        let mut given = given;
        for step in table.steps(slicing).iter().skip(1) {
            let name = table.step_name(step);
            let inside = match given {
                Given::Nothing => return Asked::Nothing,
                Given::Literal(Value::Null) | Given::Supplied(Supplied::Null) => return Asked::Null,
                Given::Literal(Value::Object(object)) => match self.inside(object, name) {
                    Inside::Nothing => Given::Nothing,
                    Inside::One(value) => self.request.given(value),
                    Inside::Unclear => Given::Unclear,
                },
                Given::Supplied(Supplied::Object(fields)) => {
                    self.steps.take(1);
                    find(fields, name).map_or(Given::Nothing, Given::Supplied)
                }
                Given::Unclear | Given::Literal(_) | Given::Supplied(_) => return unreadable,
            };
            if let (Given::Nothing, Some(size)) = (inside, step.default) {
                return Asked::Default(size);
            }
            given = inside;
        }
        match given {
            Given::Nothing => Asked::Nothing,
            Given::Literal(Value::Null) | Given::Supplied(Supplied::Null) => Asked::Null,
            Given::Literal(Value::List(list)) if slicing.of_list => Asked::Size(self.entries(list)),
            Given::Supplied(Supplied::List(entries)) if slicing.of_list => Asked::Size(entries.len() as u64),
            // A single value where a list is expected is a list of one.
            Given::Literal(_) | Given::Supplied(_) if slicing.of_list => Asked::Size(1),
            Given::Literal(Value::Int(digits)) => Asked::Size(integer(digits)),
            Given::Supplied(Supplied::Int(size)) => Asked::Size(u64::try_from(*size).unwrap_or(0)),
            Given::Unclear | Given::Literal(_) | Given::Supplied(_) => unreadable,
        }
    }
}

/// A literal integer of any number of digits as a size: at least 0, at most what 64 bits hold.
fn integer(digits: &str) -> u64 {
    match digits.parse::<u64>() {
        Ok(size) => size,
        Err(_) if digits.starts_with('-') => 0,
        Err(_) => u64::MAX,
    }
}
