//! Prints a document's shape as one line of GraphQL with the literals gone.
//!
//! For people who look at traffic: `query($id:ID!=?){_:user(id:$id first:?){name ...F}} fragment F on User{tags(in:[?])}`.
//! Nothing a client may put a secret into survives: literals, aliases, operation names, comments and descriptions are left out;
//! names of fields, arguments, variables, fragments and types stay.

use crate::document::Document;
use crate::hash::eight;
use crate::tape::{Kind, Node};

const CUT: &str = "…";
/// Room to begin with beside as many bytes as the text has or may be printed: most are not printed longer.
const SLACK: usize = 64;

/// Appends the normalised text of `document` to `out`: at most `max_bytes`, ending in `…` when that cuts it short.
///
/// Scalars and enum values become `?`, lists `[?]`, aliases `_:`; objects keep their keys.
pub fn normalise(document: Document<'_>, out: &mut String, max_bytes: usize) {
    let source = document.source().as_bytes();
    let room = max_bytes.min(source.len()).saturating_add(SLACK);
    let mut printer = Printer::new(source, Vec::with_capacity(room), max_bytes);
    printer.print(document.tape().nodes());
    let mut text = printer.out;
    let is_cut = text.len() > max_bytes;
    if is_cut {
        text.truncate(max_bytes.saturating_sub(CUT.len()));
    }
    // All of it is ASCII: names, and what is printed between them.
    let text = String::from_utf8(text).unwrap_or_default();
    if out.is_empty() {
        *out = text;
    } else {
        out.push_str(&text);
    }
    if is_cut && max_bytes >= CUT.len() {
        out.push_str(CUT);
    }
}

/// Nothing stands yet in the innermost bracket.
const FIRST: u8 = 1;
/// A selection set whose brace waits for the arguments and directives before it.
const SET_PENDING: u8 = 2;
/// Inside the parentheses of arguments.
const IN_ARGUMENTS: u8 = 4;
/// Inside the parentheses of variable definitions.
const IN_DEFINITIONS: u8 = 8;
/// Inside one variable definition.
const IN_DEFINITION: u8 = 16;
/// The next value is a default value.
const DEFAULT_PENDING: u8 = 32;

struct Printer<'a> {
    source: &'a [u8],
    out: Vec<u8>,
    /// Bytes of `out` beyond which nothing needs to be printed.
    limit: usize,
    /// Which of the above hold.
    state: u8,
    innermost: Open,
    around: Vec<Open>,
}

/// Where what was opened ends, and what is printed there.
#[derive(Clone, Copy)]
struct Open {
    end: u32,
    closer: Closer,
}

impl Open {
    const NOTHING: Open = Open { end: u32::MAX, closer: Closer::Set };
}

#[derive(Clone, Copy)]
enum Closer {
    Set,
    Object,
    Definition,
}

impl<'a> Printer<'a> {
    fn new(source: &'a [u8], out: Vec<u8>, limit: usize) -> Self {
        Printer { source, out, limit, state: FIRST, innermost: Open::NOTHING, around: Vec::new() }
    }

    fn print(&mut self, nodes: &[Node]) {
        let mut index: u32 = 0;
        while self.out.len() <= self.limit {
            if self.innermost.end == index {
                self.close_innermost();
                continue;
            }
            let Some(node) = nodes.get(index as usize) else { return };
            index = index.wrapping_add(1);
            match node.kind {
                Kind::Field => {
                    self.selection(node);
                    if node.has(Node::ALIASED) {
                        self.put("_:");
                    }
                    self.name(node);
                }
                Kind::Argument => {
                    if !self.begin(IN_ARGUMENTS) {
                        self.open(b'(');
                    }
                    self.key(node);
                }
                Kind::ObjectField => self.key(node),
                Kind::Variable => {
                    self.value("$");
                    self.name(node);
                }
                Kind::Int | Kind::Float | Kind::String | Kind::Boolean | Kind::Null | Kind::Enum => {
                    self.value("?");
                }
                Kind::List => {
                    self.value("[?]");
                    index = node.end;
                }
                Kind::Object => {
                    self.value("");
                    self.open(b'{');
                    self.push(node, Closer::Object);
                }
                Kind::Directive => {
                    self.end_arguments();
                    self.end_definitions();
                    self.state &= !DEFAULT_PENDING;
                    self.put(" @");
                    self.name(node);
                }
                Kind::Spread => {
                    self.selection(node);
                    self.put("...");
                    self.name(node);
                }
                Kind::InlineFragment => {
                    self.selection(node);
                    self.put("...");
                    if node.len > 0 {
                        self.put(" on ");
                        self.name(node);
                    }
                }
                Kind::Query => self.definition("query", node),
                Kind::Mutation => self.definition("mutation", node),
                Kind::Subscription => self.definition("subscription", node),
                Kind::Fragment => {
                    self.definition("fragment ", node);
                    self.name(node);
                }
                Kind::TypeCondition => {
                    self.put(" on ");
                    self.name(node);
                }
                Kind::VariableDefinition => self.variable(node),
                Kind::TypeName => {
                    self.out.extend(std::iter::repeat_n(b'[', usize::from(node.depth)));
                    self.name(node);
                    self.put(if node.has(Node::NON_NULL) { "!" } else { "" });
                }
                Kind::TypeLists => {
                    for list in 0..node.len.min(32) {
                        self.put(if node.start >> list & 1 == 1 { "]!" } else { "]" });
                    }
                }
                Kind::Alias | Kind::Target => {}
            }
        }
    }

    #[inline(always)]
    fn put(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    /// A node's text.
    #[inline(always)]
    fn name(&mut self, node: &Node) {
        let (start, len) = (node.start, node.len as usize);
        if len <= 8 {
            let end = self.out.len().saturating_add(len);
            self.out.extend_from_slice(&eight(self.source, start).to_le_bytes());
            self.out.truncate(end);
        } else {
            let start = start as usize;
            self.out.extend_from_slice(self.source.get(start..start.saturating_add(len)).unwrap_or_default());
        }
    }

    /// Separates from the entry before, in whatever bracket this is.
    #[inline(always)]
    fn entry(&mut self) {
        if self.state & FIRST == 0 {
            self.out.push(b' ');
        }
        self.state &= !FIRST;
    }

    /// A name before a value.
    #[inline(always)]
    fn key(&mut self, node: &Node) {
        self.entry();
        self.name(node);
        self.out.push(b':');
    }

    /// Sets a mark; whether it was set before.
    #[inline(always)]
    fn begin(&mut self, mark: u8) -> bool {
        let before = self.state;
        self.state |= mark;
        before & mark != 0
    }

    /// Takes a mark away; whether it was set before.
    #[inline(always)]
    fn end(&mut self, mark: u8) -> bool {
        let before = self.state;
        self.state &= !mark;
        before & mark != 0
    }

    #[inline(always)]
    fn open(&mut self, bracket: u8) {
        self.out.push(bracket);
        self.state |= FIRST;
    }

    #[inline(always)]
    fn close(&mut self, bracket: u8) {
        self.out.push(bracket);
        self.state &= !FIRST;
    }

    #[inline(always)]
    fn push(&mut self, node: &Node, closer: Closer) {
        self.around.push(self.innermost);
        self.innermost = Open { end: node.end, closer };
    }

    fn definition(&mut self, keyword: &str, node: &Node) {
        self.entry();
        self.put(keyword);
        self.opens_set(node);
    }

    fn variable(&mut self, node: &Node) {
        if !self.begin(IN_DEFINITIONS) {
            self.open(b'(');
        }
        self.entry();
        self.out.push(b'$');
        self.name(node);
        self.out.push(b':');
        self.state |= IN_DEFINITION | DEFAULT_PENDING;
        self.push(node, Closer::Definition);
    }

    #[inline(always)]
    fn opens_set(&mut self, node: &Node) {
        if node.has(Node::HAS_SET) {
            self.state |= SET_PENDING;
            self.push(node, Closer::Set);
        }
    }

    #[inline(always)]
    fn end_arguments(&mut self) {
        if self.end(IN_ARGUMENTS) {
            self.close(b')');
        }
    }

    #[inline(always)]
    fn end_definitions(&mut self) {
        if self.state & IN_DEFINITION == 0 && self.end(IN_DEFINITIONS) {
            self.close(b')');
        }
    }

    #[inline(always)]
    fn selection(&mut self, node: &Node) {
        if self.state & (IN_ARGUMENTS | IN_DEFINITIONS) != 0 {
            self.end_arguments();
            self.end_definitions();
        }
        if self.end(SET_PENDING) {
            self.open(b'{');
        }
        self.entry();
        self.opens_set(node);
    }

    #[inline(always)]
    fn value(&mut self, text: &str) {
        if self.end(DEFAULT_PENDING) {
            self.out.push(b'=');
        }
        self.put(text);
        self.state &= !FIRST;
    }

    #[inline(always)]
    fn close_innermost(&mut self) {
        match self.innermost.closer {
            Closer::Set => {
                self.end_arguments();
                self.close(b'}');
            }
            Closer::Object => self.close(b'}'),
            Closer::Definition => {
                self.end_arguments();
                self.state &= !(IN_DEFINITION | DEFAULT_PENDING | FIRST);
            }
        }
        self.innermost = self.around.pop().unwrap_or(Open::NOTHING);
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
