//! What tells the size of a list, for people.

use super::Asked;
use crate::breakdown::SizeSource;
use crate::pricing::Pricing;
use crate::table::{Field as Known, FieldId, Rule, SizedId, Slicing, Table};
use portcullis_graphql::Field;

impl Table {
    /// The slicing arguments of a field of this table, by their paths; none where it has none.
    pub fn slicing_arguments(&self, field: FieldId) -> Vec<String> {
        let rules = self.get(field).into_iter().flat_map(|known| self.rules(known));
        rules.flat_map(|rule| self.slicings(rule)).map(|slicing| self.path(slicing)).collect()
    }

    fn path(&self, slicing: &Slicing) -> String {
        let names: Vec<&str> = self.steps(slicing).iter().map(|step| self.step_name(step)).collect();
        names.join(".")
    }
}

impl<'a> Pricing<'_, 'a> {
    /// What tells the size of the field's own list.
    pub(crate) fn own_source(&mut self, field: Field<'a>, known: &Known) -> SizeSource {
        let table = self.table;
        self.source(field, table.rules(known).filter(|rule| rule.sized == SizedId::NONE))
    }

    /// What tells the size of the lists beneath it that it sizes.
    pub(crate) fn beneath_source(&mut self, field: Field<'a>, known: &Known) -> SizeSource {
        let table = self.table;
        self.source(field, table.rules(known).filter(|rule| rule.sized != SizedId::NONE))
    }

    /// Of several rules and arguments the one with the largest size.
    fn source<'t>(&mut self, field: Field<'a>, rules: impl Iterator<Item = &'t Rule>) -> SizeSource {
        let told = rules.map(|rule| self.told(field, rule));
        told.max_by_key(|(size, _)| *size).map_or(SizeSource::Configured, |(_, source)| source)
    }

    fn told(&mut self, field: Field<'a>, rule: &Rule) -> (u64, SizeSource) {
        let (table, configured) = (self.table, self.request.sizes.default);
        let asked = table.slicings(rule).iter().map(|slicing| match self.asked(field, slicing) {
            Asked::Nothing | Asked::Null => None,
            Asked::Default(size) => Some((size, SizeSource::ArgumentDefault(table.path(slicing)))),
            Asked::Size(size) => Some((size, SizeSource::Argument(table.path(slicing)))),
        });
        let otherwise = || match rule.assumed {
            Some(size) => (u64::from(size), SizeSource::Assumed),
            None => (u64::from(configured), SizeSource::Configured),
        };
        asked.flatten().max_by_key(|(size, _)| *size).unwrap_or_else(otherwise)
    }
}
