//! Prints a document's shape as one line of GraphQL with the literals gone.
//!
//! For people who look at traffic: `query($id:ID!=?){_:user(id:$id first:?){name ...F}} fragment F on User{tags(in:[?])}`.
//! Nothing a client may put a secret into survives: literals, aliases, operation names, comments and descriptions are left out;
//! names of fields, arguments, variables, fragments and types stay.

use crate::document::Document;
use crate::shape::{Event, Sink, stream};
use crate::tape::Node;

const CUT: &str = "…";

/// Appends the normalised text of `document` to `out`: at most `max_bytes`, ending in `…` when that cuts it short.
///
/// Scalars and enum values become `?`, lists `[?]`, aliases `_:`; objects keep their keys.
pub fn normalise(document: Document<'_>, out: &mut String, max_bytes: usize) {
    let start = out.len();
    let mut printer = Printer::new(document.source(), out, start.saturating_add(max_bytes));
    stream(document, &mut printer);
    let mut end = out.len();
    if end.saturating_sub(start) <= max_bytes {
        return;
    }
    end = start.saturating_add(max_bytes.saturating_sub(CUT.len()));
    while !out.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    out.truncate(end);
    if max_bytes >= CUT.len() {
        out.push_str(CUT);
    }
}

struct Printer<'a, 'o> {
    source: &'a str,
    out: &'o mut String,
    /// Bytes of `out` beyond which nothing needs to be printed.
    limit: usize,
    /// Nothing stands yet in the innermost bracket.
    first: bool,
    /// A selection set whose brace waits for the arguments and directives before it.
    set_pending: bool,
    /// Inside the parentheses of arguments.
    in_arguments: bool,
    /// Inside the parentheses of variable definitions.
    in_definitions: bool,
    /// Inside one variable definition.
    in_definition: bool,
    /// The next value is a default value.
    default_pending: bool,
    /// For each closing event to come, what it prints.
    closers: Vec<Closer>,
}

#[derive(Clone, Copy)]
enum Closer {
    Set,
    Object,
    Definition,
}

impl<'a, 'o> Printer<'a, 'o> {
    fn new(source: &'a str, out: &'o mut String, limit: usize) -> Self {
        Printer {
            source,
            out,
            limit,
            first: true,
            set_pending: false,
            in_arguments: false,
            in_definitions: false,
            in_definition: false,
            default_pending: false,
            closers: Vec::new(),
        }
    }

    /// Separates from the entry before, in whatever bracket this is.
    fn entry(&mut self) {
        if !self.first {
            self.out.push(' ');
        }
        self.first = false;
    }

    fn open(&mut self, bracket: char) {
        self.out.push(bracket);
        self.first = true;
    }

    fn close(&mut self, bracket: char) {
        self.out.push(bracket);
        self.first = false;
    }

    fn definition(&mut self, keyword: &str, node: &Node) {
        self.entry();
        self.out.push_str(keyword);
        self.opens_set(node);
    }

    fn opens_set(&mut self, node: &Node) {
        if node.has(Node::HAS_SET) {
            self.set_pending = true;
            self.closers.push(Closer::Set);
        }
    }

    fn end_arguments(&mut self) {
        if std::mem::take(&mut self.in_arguments) {
            self.close(')');
        }
    }

    fn end_definitions(&mut self) {
        if !self.in_definition && std::mem::take(&mut self.in_definitions) {
            self.close(')');
        }
    }

    fn selection(&mut self, node: &Node) {
        self.end_arguments();
        self.end_definitions();
        if std::mem::take(&mut self.set_pending) {
            self.open('{');
        }
        self.entry();
        self.opens_set(node);
    }

    fn value(&mut self, text: &str) {
        if std::mem::take(&mut self.default_pending) {
            self.out.push('=');
        }
        self.out.push_str(text);
        self.first = false;
    }

    fn closed(&mut self) {
        match self.closers.pop() {
            Some(Closer::Set) => {
                self.end_arguments();
                self.close('}');
            }
            Some(Closer::Object) => self.close('}'),
            Some(Closer::Definition) => {
                self.end_arguments();
                self.in_definition = false;
                self.default_pending = false;
                self.first = false;
            }
            None => {}
        }
    }
}

impl Sink for Printer<'_, '_> {
    fn event(&mut self, event: Event, node: &Node) {
        let text = node.text(self.source);
        match event {
            Event::Query => self.definition("query", node),
            Event::Mutation => self.definition("mutation", node),
            Event::Subscription => self.definition("subscription", node),
            Event::Fragment => {
                self.definition("fragment ", node);
                self.out.push_str(text);
            }
            Event::TypeCondition => {
                self.out.push_str(" on ");
                self.out.push_str(text);
            }
            Event::VariableDefinition => {
                if !std::mem::replace(&mut self.in_definitions, true) {
                    self.open('(');
                }
                self.entry();
                self.out.push('$');
                self.out.push_str(text);
                self.out.push(':');
                self.in_definition = true;
                self.default_pending = true;
                self.closers.push(Closer::Definition);
            }
            Event::TypeMark | Event::TypeName => self.out.push_str(text),
            Event::Directive => {
                self.end_arguments();
                self.end_definitions();
                self.default_pending = false;
                self.out.push_str(" @");
                self.out.push_str(text);
            }
            Event::Argument => {
                if !std::mem::replace(&mut self.in_arguments, true) {
                    self.open('(');
                }
                self.entry();
                self.out.push_str(text);
                self.out.push(':');
            }
            Event::Field => {
                self.selection(node);
                if node.has(Node::ALIASED) {
                    self.out.push_str("_:");
                }
                self.out.push_str(text);
            }
            Event::Spread => {
                self.selection(node);
                self.out.push_str("...");
                self.out.push_str(text);
            }
            Event::InlineFragment => {
                self.selection(node);
                self.out.push_str("...");
                if !text.is_empty() {
                    self.out.push_str(" on ");
                    self.out.push_str(text);
                }
            }
            Event::Literal => self.value("?"),
            Event::List => self.value("[?]"),
            Event::Variable => {
                self.value("$");
                self.out.push_str(text);
            }
            Event::Object => {
                self.value("");
                self.open('{');
                self.closers.push(Closer::Object);
            }
            Event::ObjectField => {
                self.entry();
                self.out.push_str(text);
                self.out.push(':');
            }
            Event::Close => self.closed(),
            Event::Silent => {}
        }
    }

    fn is_full(&self) -> bool {
        self.out.len() > self.limit
    }
}
