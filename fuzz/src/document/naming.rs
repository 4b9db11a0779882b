//! Names that a client chooses (of operations, fragments, aliases, variables) mean nothing beyond which of them are equal.

use super::reading::Reading;
use portcullis_graphql::{Directives, Document, Selection, Selections, Value};
use std::collections::BTreeSet;

/// Reads the document under other names.
pub(super) fn check(document: Document<'_>, before: &Reading, supply: u8) {
    let names = Names::of(document);
    let aliases: Vec<_> = names.aliases.iter().chain(&names.operations).copied().collect();
    let after = Reading::of(&renamed(document.source(), &aliases), supply);
    assert_eq!(after.as_ref(), Some(before), "aliases or operation names matter");
    let others: Vec<_> = names.fragments.iter().chain(&names.variables).copied().collect();
    let after = Reading::of(&renamed(document.source(), &others), supply).unwrap();
    // Names of fragments and variables are part of the shape.
    let after = Reading { shape: before.shape, ..after };
    assert_eq!(&after, before, "names of fragments or variables matter");
}

/// The same text with another name in each of these places; different names stay different.
fn renamed(source: &str, names: &[&str]) -> String {
    let offset = |name: &str| name.as_ptr().addr() - source.as_ptr().addr();
    let places: BTreeSet<usize> = names.iter().map(|name| offset(name)).collect();
    let mut text = String::with_capacity(source.len() + 4 * places.len());
    let mut copied = 0;
    for place in places {
        text.push_str(&source[copied..place]);
        text.push_str("Zq_");
        copied = place;
    }
    text.push_str(&source[copied..]);
    text
}

/// The chosen names, each as the piece of the text where it stands.
#[derive(Default)]
struct Names<'a> {
    operations: Vec<&'a str>,
    fragments: Vec<&'a str>,
    aliases: Vec<&'a str>,
    variables: Vec<&'a str>,
}

impl<'a> Names<'a> {
    fn of(document: Document<'a>) -> Self {
        let mut names = Self::default();
        let mut fields = BTreeSet::new();
        let mut selected = Vec::new();
        for operation in document.operations() {
            selected.extend(operation.selections());
            names.operations.extend(operation.name());
            names.variables.extend(operation.variables().map(|variable| variable.name()));
        }
        for fragment in document.fragments() {
            selected.extend(fragment.selections());
            names.fragments.push(fragment.name());
        }
        for selection in selected {
            match selection {
                Selection::Field(field) => {
                    fields.insert(field.name());
                    names.aliases.extend(field.alias());
                }
                Selection::Spread(spread) => names.fragments.push(spread.name()),
                Selection::InlineFragment(_) => (),
            }
        }
        let mut variables = Vec::new();
        each_value(document, &mut |value| {
            let mut open = vec![value];
            while let Some(value) = open.pop() {
                match value {
                    Value::Variable(name) => variables.push(name),
                    Value::List(list) => open.extend(list.values()),
                    Value::Object(object) => open.extend(object.fields().map(|(_, value)| value)),
                    _ => (),
                }
            }
        });
        names.variables.extend(variables);
        // An alias that is also the name of a field merges with it; that is no choice of names alone.
        names.aliases.retain(|alias| !fields.contains(alias));
        if names.aliases.iter().any(|alias| fields.contains(format!("Zq_{alias}").as_str())) {
            names.aliases.clear();
        }
        names
    }
}

/// Hands over every argument's value and every default, those inside others not.
pub(super) fn each_value<'a>(document: Document<'a>, look: &mut dyn FnMut(Value<'a>)) {
    for operation in document.operations() {
        of_directives(operation.directives(), look);
        for variable in operation.variables() {
            variable.default_value().into_iter().for_each(&mut *look);
            of_directives(variable.directives(), look);
        }
        of_selections(operation.selections(), look);
    }
    for fragment in document.fragments() {
        of_directives(fragment.directives(), look);
        of_selections(fragment.selections(), look);
    }
}

fn of_selections<'a>(selections: Selections<'a>, look: &mut dyn FnMut(Value<'a>)) {
    for selection in selections {
        of_directives(selection.directives(), look);
        if let Selection::Field(field) = selection {
            field.arguments().for_each(|argument| look(argument.value()));
        }
    }
}

fn of_directives<'a>(directives: Directives<'a>, look: &mut dyn FnMut(Value<'a>)) {
    for directive in directives {
        directive.arguments().for_each(|argument| look(argument.value()));
    }
}
