//! Writes a resolved schema as the body of a table.

use super::BuildError;
use super::inputs::{Costly, Inputs};
use super::output::{Drafted, DraftedRule, Output};
use crate::schema::{OutputKind, Schema, Slices};
use crate::table::heads::{argument_head, field_head, kind_of, rule_head};
use crate::table::wire::Writer;
use std::collections::{BTreeMap, BTreeSet};

struct Encoder<'e, 's, 'a> {
    inputs: &'e Inputs<'s, 'a>,
    names: BTreeMap<&'a str, u32>,
    writer: Writer,
}

pub(super) fn encode<'a>(
    schema: &Schema<'a>,
    inputs: &Inputs<'_, 'a>,
    output: &Output<'_, 'a>,
) -> Result<Writer, BuildError> {
    let directives = schema.directives.iter().map(|it| Ok((it.name, inputs.of_values(&it.fields)?)));
    let directives: Result<Vec<_>, BuildError> = directives.collect();
    let directives: Vec<_> = directives?.into_iter().filter(|(_, found)| !found.is_empty()).collect();
    let objects: Result<Vec<_>, _> = inputs.costly().map(|object| inputs.of_values(&object.fields)).collect();
    let objects = objects?;

    let mut names = BTreeSet::new();
    names.extend(output.kept.iter().map(|found| found.name));
    names.extend(output.sets.iter().flat_map(|set| set.keys().copied()));
    names
        .extend(output.rules.iter().flat_map(|it| &it.paths).flat_map(|it| &it.steps).map(|(name, _)| *name));
    names.extend(output.fields.values().flatten().map(|field| field.name));
    names.extend(output.fields.values().flatten().flat_map(|field| &field.arguments).map(|it| it.name));
    names.extend(objects.iter().flatten().map(|it| it.name));
    names.extend(directives.iter().flat_map(|(_, found)| found).map(|it| it.name));
    names.extend(directives.iter().map(|(name, _)| *name));

    let mut encoder =
        Encoder { inputs, names: names.into_iter().zip(0..).collect(), writer: Writer::default() };
    encoder.names();
    encoder.types(output)?;
    encoder.roots(schema, output)?;
    encoder.writer.count(inputs.count());
    objects.iter().for_each(|found| encoder.arguments(found));
    encoder.writer.count(directives.len());
    for (name, found) in &directives {
        encoder.name(name);
        encoder.arguments(found);
    }
    encoder.sets(output);
    encoder.writer.count(output.rules.len());
    output.rules.iter().for_each(|rule| encoder.rule(rule));
    for (number, _) in (1..).zip(&output.kept) {
        encoder.fields(output.fields.get(&number).map_or(&[], Vec::as_slice));
    }
    Ok(encoder.writer)
}

impl Encoder<'_, '_, '_> {
    fn number(&self, name: &str) -> u64 {
        u64::from(self.names.get(name).copied().unwrap_or_default())
    }

    fn name(&mut self, name: &str) {
        self.writer.number(self.number(name));
    }

    /// Sorted, each as what it shares with the one before and the rest.
    fn names(&mut self) {
        self.writer.count(self.names.len());
        let mut before: &str = "";
        for name in self.names.keys() {
            let shared = before.bytes().zip(name.bytes()).take_while(|(left, right)| left == right).count();
            let rest = name.as_bytes().get(shared..).unwrap_or(&[]);
            self.writer.count(shared);
            self.writer.count(rest.len());
            self.writer.text(rest);
            before = name;
        }
    }

    fn types(&mut self, output: &Output<'_, '_>) -> Result<(), BuildError> {
        self.writer.count(output.kept.len());
        for found in &output.kept {
            self.name(found.name);
            let (kind, by_default) = match found.kind {
                OutputKind::Leaf(_) => (kind_of::LEAF, 0),
                OutputKind::Object(_) => (kind_of::OBJECT, 1_000),
                OutputKind::Abstract(_) => (kind_of::ABSTRACT, 1_000),
            };
            let weight = output.weight(found);
            self.writer.byte(if weight == by_default { kind } else { kind | kind_of::WEIGHS });
            if weight != by_default {
                self.writer.signed(weight);
            }
            if kind == kind_of::ABSTRACT {
                self.ascending(&output.members(found)?);
            }
        }
        Ok(())
    }

    fn ascending(&mut self, numbers: &BTreeSet<u32>) {
        self.writer.count(numbers.len());
        let mut before = 0;
        for number in numbers {
            self.writer.number(u64::from(number.saturating_sub(before)));
            before = *number;
        }
    }

    fn roots(&mut self, schema: &Schema<'_>, output: &Output<'_, '_>) -> Result<(), BuildError> {
        for root in [schema.query, schema.mutation, schema.subscription] {
            let number = root.map_or(Ok(0), |name| output.number(name))?;
            self.writer.number(u64::from(number));
        }
        Ok(())
    }

    fn sets(&mut self, output: &Output<'_, '_>) {
        self.writer.count(output.sets.len());
        for set in &output.sets {
            self.writer.count(set.len());
            for (name, beneath) in set {
                self.name(name);
                self.writer.number(u64::from(*beneath));
            }
        }
    }

    fn rule(&mut self, rule: &DraftedRule<'_>) {
        let mut head = 0;
        head |= if rule.assumed.is_some() { rule_head::ASSUMED } else { 0 };
        head |= if rule.slices == Slices::One { rule_head::EXACTLY_ONE } else { 0 };
        head |= if rule.sized != 0 { rule_head::SIZED } else { 0 };
        self.writer.byte(head);
        rule.assumed.into_iter().for_each(|assumed| self.writer.number(u64::from(assumed)));
        if rule.sized != 0 {
            self.writer.number(u64::from(rule.sized));
        }
        self.writer.count(rule.paths.len());
        for path in &rule.paths {
            self.writer.byte(u8::from(path.of_list));
            self.writer.count(path.steps.len());
            for (name, default) in &path.steps {
                self.name(name);
                self.writer.number(default.map_or(0, |size| size.saturating_add(1)));
            }
        }
    }

    fn arguments(&mut self, arguments: &[Costly<'_>]) {
        self.writer.count(arguments.len());
        for argument in arguments {
            self.name(argument.name);
            let input = argument.input.and_then(|name| self.inputs.number(name));
            let by_default = if input.is_some() { 1_000 } else { 0 };
            let mut head = 0;
            head |= if input.is_some() { argument_head::INPUT } else { 0 };
            head |= if argument.weight != by_default { argument_head::WEIGHS } else { 0 };
            head |= if argument.default != 0 { argument_head::DEFAULT } else { 0 };
            self.writer.byte(head);
            input.into_iter().for_each(|input| self.writer.number(u64::from(input)));
            if argument.weight != by_default {
                self.writer.signed(argument.weight);
            }
            if argument.default != 0 {
                self.writer.signed(argument.default);
            }
        }
    }

    fn fields(&mut self, fields: &[Drafted<'_>]) {
        self.writer.count(fields.len());
        let mut before = 0;
        for field in fields {
            let name = self.number(field.name);
            self.writer.number(name.saturating_sub(before));
            before = name;
            self.field(field);
        }
    }

    fn field(&mut self, field: &Drafted<'_>) {
        let mut head = field.lists.min(field_head::LISTS);
        head |= if field.returns != 0 { field_head::RETURNS } else { 0 };
        head |= if field.weight.is_some() { field_head::WEIGHS } else { 0 };
        head |= if field.rules.is_empty() { 0 } else { field_head::RULES };
        head |= if field.arguments.is_empty() { 0 } else { field_head::ARGUMENTS };
        self.writer.byte(head);
        if field.lists >= field_head::LISTS {
            self.writer.byte(field.lists);
        }
        if field.returns != 0 {
            self.writer.number(u64::from(field.returns));
        }
        field.weight.into_iter().for_each(|weight| self.writer.signed(weight));
        if !field.rules.is_empty() {
            self.writer.count(field.rules.len());
            field.rules.iter().for_each(|rule| self.writer.number(u64::from(*rule)));
            if field.rules.len() > 1 {
                self.writer.number(u64::from(field.sized));
            }
        }
        if !field.arguments.is_empty() {
            self.arguments(&field.arguments);
        }
    }
}
