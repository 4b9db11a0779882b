//! What one field costs by itself, and how long its list is: weights, arguments and sizes of one occurrence.

mod inputs;
mod literals;
mod slicing;

use crate::Cost;
use crate::request::Request;
use crate::table::{Field as Known, Table};
use literals::Literals;
use portcullis_graphql::{Directives, Field, Operation};

/// Steps taken, and how many may be: proof that work is linear.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Steps {
    taken: u64,
    most: u64,
}

impl Steps {
    pub(crate) fn of(most: u64) -> Self {
        Self { taken: 0, most }
    }

    pub(crate) fn taken(self) -> u64 {
        self.taken
    }

    /// Takes some; whether there were as many.
    #[inline]
    pub(crate) fn take(&mut self, steps: usize) -> bool {
        self.taken = self.taken.saturating_add(steps as u64);
        self.taken <= self.most
    }

    /// Whether so many more leave half of all: what is not needed for a sound answer takes no more.
    #[inline]
    pub(crate) fn allow(&self, steps: usize) -> bool {
        self.taken.saturating_add(steps as u64) <= self.most / 2
    }

    pub(crate) fn are_used_up(&self) -> bool {
        self.taken > self.most
    }
}

/// Prices fields of one request by one table.
pub(crate) struct Pricing<'w, 'a> {
    pub(crate) table: &'w Table,
    pub(crate) request: Request<'a>,
    pub(crate) steps: Steps,
    literals: Literals<'a>,
}

impl<'w, 'a> Pricing<'w, 'a> {
    pub(crate) fn new(table: &'w Table, request: Request<'a>, steps: Steps) -> Self {
        Self { table, request, steps, literals: Literals::default() }
    }

    /// What one occurrence of a field costs: its weight, its arguments and its directives, never less than nothing.
    pub(crate) fn own(&mut self, field: Field<'a>, known: &Known) -> Cost {
        let mut sum = known.weight;
        if !known.arguments.is_empty() {
            let costly = self.table.arguments(known.arguments);
            sum = sum.saturating_add(self.arguments(field.arguments(), costly));
        }
        if self.table.directives_cost() {
            sum = sum.saturating_add(self.directives_sum(field.directives()));
        }
        Cost::from_sum(sum)
    }

    /// What directives on something else than a field add.
    pub(crate) fn directives(&mut self, directives: Directives<'a>) -> Cost {
        if !self.table.directives_cost() {
            return Cost::ZERO;
        }
        Cost::from_sum(self.directives_sum(directives))
    }

    /// What directives on an operation and its variables add.
    pub(crate) fn operation(&mut self, operation: Operation<'a>) -> Cost {
        if !self.table.directives_cost() {
            return Cost::ZERO;
        }
        let mut sum = self.directives(operation.directives());
        for variable in operation.variables() {
            sum = sum + self.directives(variable.directives());
        }
        sum
    }

    fn directives_sum(&mut self, directives: Directives<'a>) -> i64 {
        let mut sum = 0_i64;
        for directive in directives {
            self.steps.take(1);
            let costly = self.table.directive(directive.name());
            sum = sum.saturating_add(self.arguments(directive.arguments(), costly));
        }
        sum
    }
}

#[cfg(test)]
mod tests;
