//! What arguments cost: their weights and those of the input fields inside them, from the document or from variables.

use super::Pricing;
use crate::request::Given;
use crate::table::Argument;
use crate::variables::{Supplied, find};
use portcullis_graphql::{Arguments, ObjectFields, Value, Values};
use std::slice::Iter;

/// A list or an object that is being summed; objects are of the input type with this number.
enum Open<'a> {
    Values(Values<'a>, u32),
    Fields(ObjectFields<'a>, u32),
    SuppliedValues(Iter<'a, Supplied<'a>>, u32),
    SuppliedFields(Iter<'a, (&'a str, Supplied<'a>)>, u32),
}

impl<'a> Pricing<'_, 'a> {
    /// The sum of arguments, in thousandths; may be negative.
    pub(super) fn arguments(&mut self, given: Arguments<'a>, costly: &[Argument]) -> i64 {
        let table = self.table;
        let mut sum = 0_i64;
        for argument in costly {
            let name = table.argument_name(argument);
            let mut is_given = false;
            for written in given.filter(|written| written.name() == name) {
                let value = self.request.given(written.value());
                is_given |= !matches!(value, Given::Nothing);
                sum = sum.saturating_add(self.value(argument, value));
            }
            if !is_given {
                sum = sum.saturating_add(argument.default);
            }
        }
        sum
    }

    fn value(&mut self, costly: &Argument, given: Given<'a>) -> i64 {
        let mut sum = weight(costly, given);
        let Some(input) = costly.input else { return sum };
        let mut open = Vec::new();
        self.open(given, input, &mut open, &mut sum);
        while let Some(last) = open.last_mut() {
            if !self.steps.take(1) {
                return i64::MAX;
            }
            let next = match last {
                Open::Values(values, input) => {
                    values.next().map(|value| (None, self.request.given(value), *input))
                }
                Open::SuppliedValues(values, input) => {
                    values.next().map(|value| (None, Given::Supplied(value), *input))
                }
                Open::Fields(fields, input) => {
                    fields.next().map(|(name, value)| (Some(name), self.request.given(value), *input))
                }
                Open::SuppliedFields(fields, input) => {
                    fields.next().map(|(name, value)| (Some(*name), Given::Supplied(value), *input))
                }
            };
            match next {
                None => {
                    open.pop();
                }
                Some((None, given, input)) => self.open(given, input, &mut open, &mut sum),
                Some((Some(name), given, input)) => {
                    let Some(costly) = self.table.input_field(input, name) else { continue };
                    sum = sum.saturating_add(weight(costly, given));
                    if let Some(input) = costly.input {
                        self.open(given, input, &mut open, &mut sum);
                    }
                }
            }
        }
        sum
    }

    /// Goes into a list or an object, of which the defaults of what it leaves out count at once.
    fn open(&mut self, given: Given<'a>, input: u32, open: &mut Vec<Open<'a>>, sum: &mut i64) {
        match given {
            Given::Literal(Value::List(list)) => open.push(Open::Values(list.values(), input)),
            Given::Supplied(Supplied::List(values)) => open.push(Open::SuppliedValues(values.iter(), input)),
            Given::Literal(Value::Object(object)) => {
                *sum = sum.saturating_add(self.left_out(input, |name| object.field(name).is_some()));
                open.push(Open::Fields(object.fields(), input));
            }
            Given::Supplied(Supplied::Object(fields)) => {
                *sum = sum.saturating_add(self.left_out(input, |name| find(fields, name).is_some()));
                open.push(Open::SuppliedFields(fields.iter(), input));
            }
            Given::Nothing | Given::Unclear | Given::Literal(_) | Given::Supplied(_) => {}
        }
    }

    fn left_out(&self, input: u32, is_given: impl Fn(&str) -> bool) -> i64 {
        let with_default = self.table.input_fields(input).iter().filter(|field| field.default != 0);
        let left_out = with_default.filter(|field| !is_given(self.table.argument_name(field)));
        left_out.fold(0_i64, |sum, field| sum.saturating_add(field.default))
    }
}

/// The weight of an argument that is given. A negative one must be earned: `null`, or a value that is not certain, is no reason
/// to charge less.
fn weight(costly: &Argument, given: Given<'_>) -> i64 {
    match given {
        Given::Nothing => 0,
        Given::Unclear | Given::Literal(Value::Null) | Given::Supplied(Supplied::Null) => {
            costly.weight.max(0)
        }
        Given::Literal(_) | Given::Supplied(_) => costly.weight,
    }
}
