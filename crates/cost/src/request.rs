//! What one request says about sizes and conditions: its variables, supplied and declared.

use crate::Sizes;
use crate::variables::{Supplied, Variables};
use portcullis_graphql::{Directives, Operation, Value, VariableDefinition};
use std::cell::OnceCell;

/// Looks up what a request gives for the values of its document.
pub(crate) struct Request<'a> {
    pub(crate) sizes: Sizes,
    supplied: &'a Variables<'a>,
    operation: Operation<'a>,
    /// Declared variables sorted by name, made when there are more than a few; a variable may be there twice.
    sorted: OnceCell<Vec<VariableDefinition<'a>>>,
}

/// So many declared variables are looked through each time, which takes less than to sort them.
const FEW: usize = 12;

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
        Self { sizes, supplied, operation, sorted: OnceCell::new() }
    }

    /// What a value is: itself, or what was supplied for the variable it is, or the variable's default.
    pub(crate) fn given(&self, value: Value<'a>) -> Given<'a> {
        let Value::Variable(name) = value else { return Given::Literal(value) };
        match self.supplied.get(name) {
            Some(supplied) => Given::Supplied(supplied),
            None => self.by_default(name),
        }
    }

    /// Whether `@skip` or `@include` certainly leaves a selection out.
    #[inline]
    pub(crate) fn leaves_out(&self, directives: Directives<'a>) -> bool {
        directives.into_iter().any(|directive| matches!(directive.name_bytes(), b"skip" | b"include"))
            && self.certainly_leaves_out(directives)
    }

    #[cold]
    fn certainly_leaves_out(&self, directives: Directives<'a>) -> bool {
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

    /// The default of a declared variable.
    fn by_default(&self, name: &str) -> Given<'a> {
        let mut variables = self.operation.variables();
        let few = variables.by_ref().take(FEW).filter(|variable| variable.is_named(name));
        let (mut found, mut is_twice) = (None, false);
        for variable in few {
            is_twice |= found.replace(variable).is_some();
        }
        if variables.next().is_some() {
            let same = self.declared(name);
            (found, is_twice) = (same.first().copied(), same.len() > 1);
        }
        match found.and_then(VariableDefinition::default_value) {
            _ if is_twice => Given::Unclear,
            Some(default) => Given::Literal(default),
            None => Given::Nothing,
        }
    }

    /// The declarations of a variable, among many; of several the first two.
    #[cold]
    fn declared(&self, name: &str) -> &[VariableDefinition<'a>] {
        let sorted = self.sorted.get_or_init(|| {
            let mut all: Vec<_> = self.operation.variables().collect();
            all.sort_by_key(|variable| variable.name());
            all
        });
        let start = sorted.partition_point(|variable| variable.name() < name);
        let rest = sorted.get(start..).unwrap_or_default();
        let same = rest.iter().take(2).take_while(|variable| variable.name() == name).count();
        rest.get(..same).unwrap_or_default()
    }
}
