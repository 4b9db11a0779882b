use crate::{Budget, OperationKind, SelectError, Selection, Tape, Value, parse};

/// Prints what a walk over a document's first operation sees.
fn walk(document: &str) -> String {
    let mut tape = Tape::default();
    let document = parse(document, Budget::default(), &mut tape).unwrap();
    let mut lines = Vec::new();
    for selection in document.operations().next().unwrap().selections() {
        let directives: String =
            selection.directives().map(|directive| format!(" @{}", directive.name())).collect();
        let what = match selection {
            Selection::Field(field) => {
                let arguments: String = field
                    .arguments()
                    .map(|each| format!(" {}={:?}", each.name(), brief(each.value())))
                    .collect();
                let set = if field.has_selections() { " {}" } else { "" };
                format!("{} {:?}{arguments}{set}", field.name(), field.alias())
            }
            Selection::Spread(spread) => {
                format!("...{} {:?}", spread.name(), spread.fragment().map(|index| index.get()))
            }
            Selection::InlineFragment(inline) => format!("... on {:?}", inline.type_condition()),
        };
        lines.push(format!("{} {what}{directives}", selection.depth()));
    }
    lines.join("\n")
}

fn brief(value: Value<'_>) -> String {
    match value {
        Value::Int(text) => format!("int {text}"),
        Value::Float(text) => format!("float {text}"),
        Value::String(text) => format!("string {text}"),
        Value::Boolean(value) => format!("boolean {value}"),
        Value::Null => "null".to_owned(),
        Value::Enum(name) => format!("enum {name}"),
        Value::Variable(name) => format!("variable {name}"),
        Value::List(list) => {
            format!("{} [{}]", list.size(), list.values().map(brief).collect::<Vec<_>>().join(" "))
        }
        Value::Object(object) => {
            let field = |(key, value)| format!("{key}: {}", brief(value));
            format!("{} {{{}}}", object.size(), object.fields().map(field).collect::<Vec<_>>().join(" "))
        }
    }
}

#[track_caller]
fn check(document: &str, expected: &[&str]) {
    assert_eq!(walk(document), expected.join("\n"));
}

#[test]
fn selections_come_in_order_with_their_depth() {
    check(
        "{ a { b ... on T { c { d } } ... { e } } f }",
        &[
            "1 a None {}",
            "2 b None",
            "2 ... on Some(\"T\")",
            "2 c None {}",
            "3 d None",
            "2 ... on None",
            "2 e None",
            "1 f None",
        ],
    );
}

#[test]
fn arguments_and_directives_belong_to_their_selection() {
    check(
        "{ x: a(b: 1 c: $d) @e(f: 2) @g { h(i: 3) @j } ...K @l ... @m { n } }",
        &[
            "1 a Some(\"x\") b=\"int 1\" c=\"variable d\" {} @e @g",
            "2 h None i=\"int 3\" @j",
            "1 ...K None @l",
            "1 ... on None @m",
            "1 n None",
        ],
    );
}

#[test]
fn values_keep_their_structure() {
    check(
        "{ a(b: [1, [2.5, true], {c: null d: {e: X f: []}}], g: \"h\\n\") }",
        &[concat!(
            "1 a None b=\"3 [int 1 2 [float 2.5 boolean true] 2 {c: null d: 2 {e: enum X f: 0 []}}]\" ",
            "g=\"string \\\"h\\\\n\\\"\""
        )],
    );
}

#[test]
fn spreads_know_the_first_fragment_of_their_name() {
    let text = "{ ...B ...A ...C } fragment A on T { a } fragment B on T { b } fragment B on T { c }";
    check(text, &["1 ...B Some(1)", "1 ...A Some(0)", "1 ...C None"]);
}

#[test]
fn a_selection_ends_where_the_next_beside_it_begins() {
    let mut tape = Tape::default();
    let document = parse("{ a { b { c } } d }", Budget::default(), &mut tape).unwrap();
    let all: Vec<_> = document.select(None).unwrap().selections().collect();
    assert_eq!(all[0].end(), all[3].index());
    assert_eq!(all[1].end(), all[3].index());
    assert_eq!(all[0].selections().count(), 2);
}

#[test]
fn fragments_are_ordered_callees_first() {
    let mut tape = Tape::default();
    let text = "fragment A on T { ...B ...C } fragment B on T { ...C } { ...A } fragment C on T { a }";
    let document = parse(text, Budget::default(), &mut tape).unwrap();
    let name = |index: &_| document.fragment(*index).unwrap().name();
    assert_eq!(document.fragment_order().unwrap().iter().map(name).collect::<Vec<_>>(), ["C", "B", "A"]);
    let fragment = document.fragments().next().unwrap();
    assert_eq!((fragment.name(), fragment.type_condition()), ("A", "T"));
}

#[test]
fn variable_definitions_tell_type_and_default() {
    let mut tape = Tape::default();
    let text = "query Q($a: [[Int!]]! = [1] @x, \"why\" $b: Float, $c: In = {d: 2}) { e }";
    let document = parse(text, Budget::default(), &mut tape).unwrap();
    let line = |each: crate::VariableDefinition<'_>| {
        let default = each.default_value().map(brief);
        format!("{} {} {default:?} {}", each.name(), each.type_name(), each.directives().count())
    };
    let operation = document.select(None).unwrap();
    let lines: Vec<_> = operation.variables().map(line).collect();
    assert_eq!(lines, [r#"a Int Some("1 [int 1]") 1"#, "b Float None 0", r#"c In Some("1 {d: int 2}") 0"#]);
    assert_eq!(operation.directives().count(), 0);
    assert_eq!(operation.selections().count(), 1);
}

#[track_caller]
fn check_select(
    text: &str,
    name: Option<&str>,
    expected: Result<(OperationKind, Option<&str>), SelectError>,
) {
    let mut tape = Tape::default();
    let document = parse(text, Budget::default(), &mut tape).unwrap();
    assert_eq!(document.select(name).map(|operation| (operation.kind(), operation.name())), expected);
}

#[test]
fn an_operation_is_selected_by_name_or_because_it_is_the_only_one() {
    const TWO: &str = "query A { a } mutation B { b }";
    check_select("{ a }", None, Ok((OperationKind::Query, None)));
    check_select("subscription S { a }", Some(""), Ok((OperationKind::Subscription, Some("S"))));
    check_select("{ a }", Some("A"), Err(SelectError::Unknown));
    check_select(TWO, Some("B"), Ok((OperationKind::Mutation, Some("B"))));
    check_select(TWO, Some("C"), Err(SelectError::Unknown));
    check_select(TWO, None, Err(SelectError::Ambiguous));
    check_select(TWO, Some(""), Err(SelectError::Ambiguous));
    check_select("fragment F on T { a }", None, Err(SelectError::NoOperation));
    check_select("fragment F on T { a }", Some("F"), Err(SelectError::Unknown));
}
