//! Values as the text gives them: literals uninterpreted, lists and objects by their entries.

use crate::document::Document;
use crate::tape::{Kind, NodeIndex};

/// A value in an argument, a default or inside another value.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// The digits of an integer, with their sign; any number of them.
    Int(&'a str),
    /// The text of a float.
    Float(&'a str),
    /// A string or block string as written, quotes and escapes included.
    String(&'a str),
    /// `true` or `false`.
    Boolean(bool),
    /// `null`.
    Null,
    /// An enum value's name.
    Enum(&'a str),
    /// A variable's name, without `$`.
    Variable(&'a str),
    /// `[ … ]`.
    List(List<'a>),
    /// `{ … }`.
    Object(Object<'a>),
}

impl<'a> Value<'a> {
    /// The value at a node, nothing when the node is not a value.
    #[inline]
    pub(crate) fn at(document: Document<'a>, index: u32) -> Option<Value<'a>> {
        let node = document.tape().nodes.get(index as usize)?;
        let text = document.text(node);
        match node.kind {
            Kind::Int => Some(Value::Int(text)),
            Kind::Float => Some(Value::Float(text)),
            Kind::String => Some(Value::String(text)),
            Kind::Boolean => Some(Value::Boolean(text == "true")),
            Kind::Null => Some(Value::Null),
            Kind::Enum => Some(Value::Enum(text)),
            Kind::Variable => Some(Value::Variable(text)),
            Kind::List => Some(Value::List(List { document, node: index })),
            Kind::Object => Some(Value::Object(Object { document, node: index })),
            Kind::Query
            | Kind::Mutation
            | Kind::Subscription
            | Kind::Fragment
            | Kind::TypeCondition
            | Kind::VariableDefinition
            | Kind::TypeName
            | Kind::TypeLists
            | Kind::Directive
            | Kind::Argument
            | Kind::Field
            | Kind::Alias
            | Kind::Spread
            | Kind::Target
            | Kind::InlineFragment
            | Kind::ObjectField => None,
        }
    }
}

/// A list value.
#[derive(Clone, Copy, Debug)]
pub struct List<'a> {
    document: Document<'a>,
    node: u32,
}

impl<'a> List<'a> {
    /// Where it stands.
    #[must_use]
    #[inline]
    pub fn index(self) -> NodeIndex {
        NodeIndex(self.node)
    }

    /// How many entries it has; they are counted.
    #[must_use]
    pub fn size(self) -> u32 {
        let entries = self.values().count();
        u32::try_from(entries).unwrap_or(u32::MAX)
    }

    /// Its entries; a walker keeps these iterators on a stack to go deeper.
    #[must_use]
    #[inline]
    pub fn values(self) -> Values<'a> {
        Values {
            document: self.document,
            next: self.node.saturating_add(1),
            end: self.document.node(self.node).end,
        }
    }
}

/// The entries of a list.
#[derive(Clone, Copy, Debug)]
pub struct Values<'a> {
    document: Document<'a>,
    next: u32,
    end: u32,
}

impl<'a> Iterator for Values<'a> {
    type Item = Value<'a>;

    #[inline]
    fn next(&mut self) -> Option<Value<'a>> {
        let index = self.next;
        (index < self.end).then(|| self.next = self.document.node(index).end)?;
        Value::at(self.document, index)
    }
}

/// An object value.
#[derive(Clone, Copy, Debug)]
pub struct Object<'a> {
    document: Document<'a>,
    node: u32,
}

impl<'a> Object<'a> {
    /// Where it stands.
    #[must_use]
    #[inline]
    pub fn index(self) -> NodeIndex {
        NodeIndex(self.node)
    }

    /// How many fields it has; they are counted.
    #[must_use]
    pub fn size(self) -> u32 {
        let fields = self.fields().count();
        u32::try_from(fields).unwrap_or(u32::MAX)
    }

    /// Its fields, key and value; a walker keeps these iterators on a stack to go deeper.
    #[must_use]
    #[inline]
    pub fn fields(self) -> ObjectFields<'a> {
        ObjectFields {
            document: self.document,
            next: self.node.saturating_add(1),
            end: self.document.node(self.node).end,
        }
    }

    /// The value of the first field called `name`.
    #[must_use]
    #[inline]
    pub fn field(self, name: &str) -> Option<Value<'a>> {
        self.fields().find(|(key, _)| *key == name).map(|(_, value)| value)
    }
}

/// The fields of an object.
#[derive(Clone, Copy, Debug)]
pub struct ObjectFields<'a> {
    document: Document<'a>,
    next: u32,
    end: u32,
}

impl<'a> Iterator for ObjectFields<'a> {
    type Item = (&'a str, Value<'a>);

    #[inline]
    fn next(&mut self) -> Option<(&'a str, Value<'a>)> {
        if self.next >= self.end {
            return None;
        }
        let key = self.document.node(self.next);
        let value = self.next.saturating_add(1);
        self.next = self.document.node(value).end;
        Some((self.document.text(&key), Value::at(self.document, value)?))
    }
}
