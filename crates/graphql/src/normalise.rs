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
            Event::TypeName => {
                self.out.extend(std::iter::repeat_n('[', usize::from(node.depth)));
                self.out.push_str(text);
                self.out.push_str(if node.has(Node::NON_NULL) { "!" } else { "" });
            }
            Event::TypeLists => {
                for list in 0..node.len.min(32) {
                    self.out.push_str(if node.start >> list & 1 == 1 { "]!" } else { "]" });
                }
            }
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

#[cfg(test)]
mod tests {
    use crate::{Budget, Tape, normalise, parse, shape};

    #[track_caller]
    fn check(document: &str, expected: &str) {
        assert_eq!(cut(document, usize::MAX), expected);
    }

    fn cut(document: &str, max_bytes: usize) -> String {
        let (mut tape, mut out) = (Tape::default(), String::from("kept "));
        normalise(parse(document, Budget::default(), &mut tape).unwrap(), &mut out, max_bytes);
        out.strip_prefix("kept ").unwrap().to_owned()
    }

    /// Checks whether two documents have one shape, by hash and by text.
    #[track_caller]
    fn check_shapes(left: &str, right: &str, same: bool) {
        let hash = |document: &str| shape(parse(document, Budget::default(), &mut Tape::default()).unwrap());
        assert_eq!(hash(left) == hash(right), same, "by hash");
        assert_eq!(cut(left, usize::MAX) == cut(right, usize::MAX), same, "by text");
    }

    #[test]
    fn literals_are_gone() {
        check("{ a(b: 1, c: \"x\", d: [1, {e: 2}], f: ENUM, g: null) }", "query{a(b:? c:? d:[?] f:? g:?)}");
        check("{ a(b: \"\"\"x\"\"\", c: -1.5e3, d: true) }", "query{a(b:? c:? d:?)}");
    }

    #[test]
    fn objects_keep_their_keys_variables_their_names() {
        check("{ a(b: {c: $d, e: {f: 1, g: []}, h: {}}) }", "query{a(b:{c:$d e:{f:? g:[?]} h:{}})}");
    }

    #[test]
    fn names_of_operations_aliases_and_comments_are_gone() {
        check("query Secret { mine: a # note\n { b } }", "query{_:a{b}}");
    }

    #[test]
    fn variable_definitions_stay_with_their_types() {
        check(
            "query Q($a: [Int!]! = [1] @b(c: 1), $d: T = {e: 1}) @f { a }",
            "query($a:[Int!]!=[?] @b(c:?) $d:T={e:?}) @f{a}",
        );
    }

    #[test]
    fn fragments_and_directives_stay() {
        check(
            "mutation M { a @b(c: $d) @e { ...F @g ... on T { f } ... @h(i: 1) { j } } } fragment F on T @k { l(m: 1) { n } }",
            "mutation{a @b(c:$d) @e{...F @g ... on T{f} ... @h(i:?){j}}} fragment F on T @k{l(m:?){n}}",
        );
    }

    #[test]
    fn a_long_text_is_cut() {
        assert_eq!(cut("{ aaaa }", 11), "query{aaaa}");
        assert_eq!(cut("{ aaaa }", 10), "query{a…");
        assert_eq!(cut("{ aaaa }", 3), "…");
        assert_eq!(cut("{ aaaa }", 2), "");
        assert_eq!(cut("{ aaaa }", 0), "");
    }

    #[test]
    fn what_a_client_varies_does_not_change_the_shape() {
        check_shapes("query A { x: a(b: 1) }", "{ y:a ( b : \"two\" , ) }", true);
        check_shapes("{ a(b: [1, 2, 3]) }", "{ a(b: []) }", true);
        check_shapes("\"why\" query($a: Int = 1) { b }", "query($a: Int = 2) { b }", true);
    }

    #[test]
    fn what_a_client_asks_for_changes_the_shape() {
        check_shapes("{ a b }", "{ b a }", false);
        check_shapes("{ a }", "{ x: a }", false);
        check_shapes("{ a { b } c }", "{ a { b c } }", false);
        check_shapes("{ ... { a } b }", "{ ... { a b } }", false);
        check_shapes("{ a(b: $c) }", "{ a(b: $d) }", false);
        check_shapes("{ a(b: {c: {d: 1} e: 1}) }", "{ a(b: {c: {d: 1 e: 1}}) }", false);
        check_shapes("query($a: Int @b) { c }", "query($a: Int) @b { c }", false);
        check_shapes("query($a: Int = 1) { c }", "query($a: Int) { c }", false);
        check_shapes("query($a: [Int]!) { c }", "query($a: [Int!]) { c }", false);
        check_shapes("{ abcdefgh }", "{ abcdefg }", false);
        check_shapes("{ aaaaaaaab }", "{ aaaaaaaac }", false);
        check_shapes("query { a }", "subscription { a }", false);
        check_shapes("{ ab }", "{ a b }", false);
    }

    #[test]
    fn the_hash_is_stable() {
        let shape = shape(parse("{ me { name } }", Budget::default(), &mut Tape::default()).unwrap());
        assert_eq!(shape.to_string(), "73cc5c85d3d3ecdc");
    }
}
