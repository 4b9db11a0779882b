//! What arguments cost: their weights and those of the input fields inside them, from the document or from variables.

use super::Pricing;
use super::literals::Inside;
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
    /// The value of a variable, summed by itself so that it can be remembered; and the sum around it.
    Variable(&'a str, u32, i64),
}

/// A value once its variable is looked up, with the name of that.
type Found<'a> = (Given<'a>, Option<&'a str>);

impl<'a> Pricing<'_, 'a> {
    /// The sum of arguments, in thousandths; may be negative.
    pub(super) fn arguments(&mut self, given: Arguments<'a>, costly: &[Argument]) -> i64 {
        let table = self.table;
        let mut sum = 0_i64;
        for argument in costly {
            let name = table.argument_name(argument);
            let mut is_given = false;
            for written in given {
                self.steps.take(1);
                if written.name() == name {
                    let found = self.found(written.value());
                    is_given |= !matches!(found.0, Given::Nothing);
                    sum = sum.saturating_add(self.value(argument, found));
                }
            }
            if !is_given {
                sum = sum.saturating_add(argument.default);
            }
        }
        sum
    }

    fn found(&self, value: Value<'a>) -> Found<'a> {
        let variable = match value {
            Value::Variable(name) => Some(name),
            Value::Int(_)
            | Value::Float(_)
            | Value::String(_)
            | Value::Boolean(_)
            | Value::Null
            | Value::Enum(_)
            | Value::List(_)
            | Value::Object(_) => None,
        };
        (self.request.given(value), variable)
    }

    fn value(&mut self, costly: &Argument, found: Found<'a>) -> i64 {
        let mut sum = weight(costly, found.0);
        let Some(input) = costly.input else { return sum };
        let mut open = Vec::new();
        self.enter(found, input, &mut open, &mut sum);
        while let Some(last) = open.last_mut() {
            if !self.steps.take(1) {
                return i64::MAX;
            }
            let next = match last {
                Open::Values(values, input) => values.next().map(|value| (None, self.found(value), *input)),
                Open::SuppliedValues(values, input) => {
                    values.next().map(|value| (None, (Given::Supplied(value), None), *input))
                }
                Open::Fields(fields, input) => {
                    fields.next().map(|(name, value)| (Some(name), self.found(value), *input))
                }
                Open::SuppliedFields(fields, input) => {
                    fields.next().map(|(name, value)| (Some(*name), (Given::Supplied(value), None), *input))
                }
                Open::Variable(name, input, around) => {
                    self.keep_weight(name, *input, sum);
                    sum = around.saturating_add(sum);
                    None
                }
            };
            match next {
                None => {
                    open.pop();
                }
                Some((None, found, input)) => self.enter(found, input, &mut open, &mut sum),
                Some((Some(name), found, input)) => {
                    let Some(costly) = self.table.input_field(input, name) else { continue };
                    sum = sum.saturating_add(weight(costly, found.0));
                    if let Some(input) = costly.input {
                        self.enter(found, input, &mut open, &mut sum);
                    }
                }
            }
        }
        sum
    }

    /// Goes into a list or an object, unless it is the value of a variable that was summed before.
    fn enter(&mut self, (given, variable): Found<'a>, input: u32, open: &mut Vec<Open<'a>>, sum: &mut i64) {
        if let Some(name) = variable.filter(|_| has_parts(given)) {
            if let Some(known) = self.weight_of(name, input) {
                *sum = sum.saturating_add(known);
                return;
            }
            open.push(Open::Variable(name, input, std::mem::take(sum)));
        }
        self.open(given, input, open, sum);
    }

    /// Goes into a list or an object, of which the defaults of what it leaves out count at once.
    fn open(&mut self, given: Given<'a>, input: u32, open: &mut Vec<Open<'a>>, sum: &mut i64) {
        match given {
            Given::Literal(Value::List(list)) => open.push(Open::Values(list.values(), input)),
            Given::Supplied(Supplied::List(values)) => open.push(Open::SuppliedValues(values.iter(), input)),
            Given::Literal(Value::Object(object)) => {
                let is_given =
                    |pricing: &mut Self, name: &str| !matches!(pricing.inside(object, name), Inside::Nothing);
                *sum = sum.saturating_add(self.left_out(input, is_given));
                open.push(Open::Fields(object.fields(), input));
            }
            Given::Supplied(Supplied::Object(fields)) => {
                let is_given = |_: &mut Self, name: &str| find(fields, name).is_some();
                *sum = sum.saturating_add(self.left_out(input, is_given));
                open.push(Open::SuppliedFields(fields.iter(), input));
            }
            Given::Nothing | Given::Unclear | Given::Literal(_) | Given::Supplied(_) => {}
        }
    }

    fn left_out(&mut self, input: u32, is_given: impl Fn(&mut Self, &str) -> bool) -> i64 {
        let table = self.table;
        let fields = table.input_fields(input);
        self.steps.take(fields.len());
        let mut sum = 0_i64;
        for field in fields.iter().filter(|field| field.default != 0) {
            if !is_given(self, table.argument_name(field)) {
                sum = sum.saturating_add(field.default);
            }
        }
        sum
    }
}

fn has_parts(given: Given<'_>) -> bool {
    matches!(
        given,
        Given::Literal(Value::List(_) | Value::Object(_))
            | Given::Supplied(Supplied::List(_) | Supplied::Object(_))
    )
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
