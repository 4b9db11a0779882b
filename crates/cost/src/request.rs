//! What one request says about sizes and conditions: its variables, supplied and declared.

use crate::Sizes;
use crate::variables::{Supplied, Variables};
use portcullis_graphql::{Directives, Operation, Value};

/// Looks up what a request gives for the values of its document.
pub(crate) struct Request<'a> {
    pub(crate) sizes: Sizes,
    supplied: &'a Variables<'a>,
    /// Default values by variable, sorted by name; a variable may be there twice.
    declared: Vec<(&'a str, Option<Value<'a>>)>,
}

/// A value once its variable is looked up.
#[derive(Clone, Copy)]
pub(crate) enum Given<'a> {
    /// A variable without a value and without a default.
    Nothing,
    /// A variable that is declared twice: servers disagree on its default.
    Unclear,
    /// Written in the document; never a variable itself, but variables may be inside.
    Literal(Value<'a>),
    /// Supplied with the request.
    Supplied(&'a Supplied<'a>),
}

impl<'a> Request<'a> {
    pub(crate) fn new(operation: Operation<'a>, supplied: &'a Variables<'a>, sizes: Sizes) -> Self {
        let declare = |variable: portcullis_graphql::VariableDefinition<'a>| {
            (variable.name(), variable.default_value())
        };
        let mut declared: Vec<_> = operation.variables().map(declare).collect();
        declared.sort_by_key(|(name, _)| *name);
        Self { sizes, supplied, declared }
    }

    /// What a value is: itself, or what was supplied for the variable it is, or the variable's default.
    pub(crate) fn given(&self, value: Value<'a>) -> Given<'a> {
        let Value::Variable(name) = value else { return Given::Literal(value) };
        match (self.supplied.get(name), self.defaults(name)) {
            (Some(supplied), _) => Given::Supplied(supplied),
            (None, [] | [(_, None)]) => Given::Nothing,
            (None, [(_, Some(default))]) => Given::Literal(*default),
            (None, [_, _, ..]) => Given::Unclear,
        }
    }

    /// Whether `@skip` or `@include` certainly leaves a selection out.
    pub(crate) fn leaves_out(&self, directives: Directives<'a>) -> bool {
        self.decides(directives, "skip", true) || self.decides(directives, "include", false)
    }

    /// Whether the only directive of a name has only one condition, of a certain value.
    fn decides(&self, mut directives: Directives<'a>, name: &str, value: bool) -> bool {
        let Some(directive) = directives.by_ref().find(|directive| directive.name() == name) else {
            return false;
        };
        let mut conditions = directive.arguments();
        let only = match (conditions.next(), conditions.next()) {
            (Some(condition), None) if condition.name() == "if" => self.boolean(condition.value()),
            (Some(_), _) | (None, _) => None,
        };
        only == Some(value) && !directives.any(|directive| directive.name() == name)
    }

    /// The value of a boolean, when it is certain.
    fn boolean(&self, value: Value<'a>) -> Option<bool> {
        match self.given(value) {
            Given::Literal(Value::Boolean(value)) => Some(value),
            Given::Supplied(Supplied::Bool(value)) => Some(*value),
            Given::Nothing | Given::Unclear | Given::Literal(_) | Given::Supplied(_) => None,
        }
    }

    fn defaults(&self, name: &str) -> &[(&'a str, Option<Value<'a>>)] {
        let start = self.declared.partition_point(|(known, _)| *known < name);
        let rest = self.declared.get(start..).unwrap_or_default();
        let same = rest.iter().take_while(|(known, _)| *known == name).count();
        rest.get(..same).unwrap_or_default()
    }
}
