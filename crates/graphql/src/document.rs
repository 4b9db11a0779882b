//! A parsed document, read from its tape: operations, fragments, variable definitions.
//!
//! Everything here is a view of a few words, made on demand and copied freely; lifetimes are those of the text and the tape.

use thiserror::Error;

use crate::arguments::{At, Directives};
use crate::link::FragmentCycle;
use crate::selection::Selections;
use crate::tape::{FragmentIndex, Kind, Node, NodeIndex, Tape};
use crate::value::Value;

/// A document that follows the grammar, borrowed from its text and its tape.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    source: &'a str,
    tape: &'a Tape,
}

impl<'a> Document<'a> {
    #[inline]
    pub(crate) fn new(source: &'a str, tape: &'a Tape) -> Self {
        Document { source, tape }
    }

    /// The text the document was parsed from.
    #[must_use]
    #[inline]
    pub fn source(self) -> &'a str {
        self.source
    }

    /// How many tokens the text has.
    #[must_use]
    #[inline]
    pub fn tokens(self) -> u32 {
        self.tape.tokens
    }

    /// The operations, in the order of the text.
    #[inline]
    pub fn operations(self) -> impl ExactSizeIterator<Item = Operation<'a>> + Clone {
        self.tape.operations.iter().map(move |definition| Operation { document: self, node: definition.node })
    }

    /// The fragment definitions, in the order of the text; the n-th has the [`FragmentIndex`] n.
    #[inline]
    pub fn fragments(self) -> impl ExactSizeIterator<Item = Fragment<'a>> + Clone {
        self.tape.fragments.iter().map(move |definition| Fragment { document: self, node: definition.node })
    }

    /// The fragment definition with this number, nothing when the number is another document's.
    #[must_use]
    #[inline]
    pub fn fragment(self, index: FragmentIndex) -> Option<Fragment<'a>> {
        let definition = self.tape.fragments.get(index.get())?;
        Some(Fragment { document: self, node: definition.node })
    }

    /// All fragment definitions, each after those it spreads, so that what is known of a fragment can be computed once, in this
    /// order, and used at each spread.
    ///
    /// # Errors
    /// Fragments form a cycle; unused ones count as well.
    pub fn fragment_order(self) -> Result<&'a [FragmentIndex], FragmentCycle> {
        match self.tape.links.cycle {
            Some(cycle) => Err(cycle),
            None => Ok(&self.tape.links.order),
        }
    }

    /// The operation that would be executed: the one called `name`, or the only one when there is no name. An empty name is none.
    ///
    /// # Errors
    /// There is no such operation, or no name and several operations.
    pub fn select(self, name: Option<&str>) -> Result<Operation<'a>, SelectError> {
        let mut operations = self.operations();
        match name.filter(|name| !name.is_empty()) {
            Some(name) => {
                operations.find(|operation| operation.name() == Some(name)).ok_or(SelectError::Unknown)
            }
            None => match (operations.next(), operations.next()) {
                (Some(operation), None) => Ok(operation),
                (Some(_), Some(_)) => Err(SelectError::Ambiguous),
                (None, _) => Err(SelectError::NoOperation),
            },
        }
    }

    /// The selections from a place to another: what was left of a walk that stood there.
    #[must_use]
    #[inline]
    pub fn selections_from(self, position: NodeIndex, end: NodeIndex) -> Selections<'a> {
        Selections::between(self, position, end)
    }

    /// How often each fragment is spread in the text, added to what `counts` holds by the fragment's number.
    #[inline]
    pub fn count_spreads(self, counts: &mut [u32]) {
        for target in &self.tape.spreads {
            if let Some(count) = counts.get_mut(self.node(*target).start as usize) {
                *count = count.saturating_add(1);
            }
        }
    }

    #[inline]
    pub(crate) fn tape(self) -> &'a Tape {
        self.tape
    }

    #[inline]
    pub(crate) fn node(self, index: u32) -> Node {
        self.tape.node(index)
    }

    #[inline]
    pub(crate) fn text(self, node: &Node) -> &'a str {
        node.text(self.source)
    }

    #[inline]
    pub(crate) fn name_of(self, index: u32) -> Option<&'a str> {
        Some(self.text(&self.node(index))).filter(|name| !name.is_empty())
    }
}

/// Why no operation could be selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SelectError {
    /// The document has fragments only.
    #[error("the document contains no operation")]
    NoOperation,
    /// Several operations and no name to choose by.
    #[error("an operation name is required to choose between several operations")]
    Ambiguous,
    /// No operation has the name that was asked for.
    #[error("the document has no operation of that name")]
    Unknown,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OperationKind {
    /// Reads.
    Query,
    /// Writes, one root field after the other.
    Mutation,
    /// Asks for events.
    Subscription,
}

/// One operation.
#[derive(Clone, Copy, Debug)]
pub struct Operation<'a> {
    document: Document<'a>,
    node: u32,
}

impl<'a> Operation<'a> {
    /// Query, mutation or subscription.
    #[must_use]
    #[inline]
    pub fn kind(self) -> OperationKind {
        let kind = self.document.node(self.node).kind;
        if kind == Kind::Mutation {
            OperationKind::Mutation
        } else if kind == Kind::Subscription {
            OperationKind::Subscription
        } else {
            OperationKind::Query
        }
    }

    /// The operation's name, nothing when anonymous.
    #[must_use]
    #[inline]
    pub fn name(self) -> Option<&'a str> {
        self.document.name_of(self.node)
    }

    /// The variables it declares, in the order of the text.
    pub fn variables(self) -> impl Iterator<Item = VariableDefinition<'a>> + Clone {
        let Operation { document, node } = self;
        let mut next = node.saturating_add(1);
        std::iter::from_fn(move || {
            let definition = document.node(next);
            (definition.kind == Kind::VariableDefinition).then(|| {
                let found = VariableDefinition { document, node: next };
                next = definition.end;
                found
            })
        })
    }

    /// Its directives; those on its variables are theirs.
    #[must_use]
    #[inline]
    pub fn directives(self) -> Directives<'a> {
        Directives::of(&At::of(self.document, self.node))
    }

    /// Everything selected in it, at every depth, without looking into the fragments it spreads.
    #[must_use]
    #[inline]
    pub fn selections(self) -> Selections<'a> {
        Selections::of(self.document, self.node)
    }

    /// Its node.
    #[must_use]
    #[inline]
    pub fn index(self) -> NodeIndex {
        NodeIndex(self.node)
    }
}

/// One fragment definition.
#[derive(Clone, Copy, Debug)]
pub struct Fragment<'a> {
    document: Document<'a>,
    node: u32,
}

impl<'a> Fragment<'a> {
    /// The fragment's name.
    #[must_use]
    #[inline]
    pub fn name(self) -> &'a str {
        self.document.text(&self.document.node(self.node))
    }

    /// The type it applies to.
    #[must_use]
    #[inline]
    pub fn type_condition(self) -> &'a str {
        self.document.text(&self.document.node(self.node.saturating_add(1)))
    }

    /// Its directives.
    #[must_use]
    #[inline]
    pub fn directives(self) -> Directives<'a> {
        Directives::of(&At::of(self.document, self.node))
    }

    /// Everything selected in it, at every depth, without looking into the fragments it spreads.
    #[must_use]
    #[inline]
    pub fn selections(self) -> Selections<'a> {
        Selections::of(self.document, self.node)
    }

    /// Its node.
    #[must_use]
    #[inline]
    pub fn index(self) -> NodeIndex {
        NodeIndex(self.node)
    }
}

/// The declaration of one variable.
#[derive(Clone, Copy, Debug)]
pub struct VariableDefinition<'a> {
    document: Document<'a>,
    node: u32,
}

impl<'a> VariableDefinition<'a> {
    /// The variable's name, without `$`.
    #[must_use]
    #[inline]
    pub fn name(self) -> &'a str {
        self.document.text(&self.document.node(self.node))
    }

    /// Whether that is its name; cheaper than the text.
    #[must_use]
    #[inline]
    pub fn is_named(self, name: &str) -> bool {
        self.document.node(self.node).word(self.document.source()) == name.as_bytes()
    }

    /// The name of the declared type, inside all lists: `Int` for `[Int!]!`.
    #[must_use]
    pub fn type_name(self) -> &'a str {
        let name = self.children().find(|(_, node)| node.kind == Kind::TypeName);
        name.map_or("", |(_, node)| self.document.text(&node))
    }

    /// The default value, where one is declared; never a variable.
    #[must_use]
    pub fn default_value(self) -> Option<Value<'a>> {
        let after_type =
            self.children().find(|(_, node)| !matches!(node.kind, Kind::TypeLists | Kind::TypeName));
        after_type.and_then(|(index, _)| Value::at(self.document, index))
    }

    /// The directives of the definition.
    #[must_use]
    #[inline]
    pub fn directives(self) -> Directives<'a> {
        Directives::of(&At::of(self.document, self.node))
    }

    fn children(self) -> impl Iterator<Item = (u32, Node)> {
        let end = self.document.node(self.node).end;
        let inside = self.node.saturating_add(1)..end;
        inside.map(move |index| (index, self.document.node(index)))
    }
}

#[cfg(test)]
mod tests;
