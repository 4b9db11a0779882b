use crate::{Budget, Expected, Found, SyntaxError, Tape, parse, parse_executable};

fn verdict(source: &str, budget: Budget) -> Result<u32, SyntaxError> {
    parse(source, budget, &mut Tape::default()).map(|document| document.tokens())
}

/// Checks that a document is accepted, and its tokens.
#[track_caller]
fn accept(source: &str, tokens: u32) {
    assert_eq!(verdict(source, Budget::default()), Ok(tokens), "{source}");
}

/// Checks where and how a document is refused, by the explanation.
#[track_caller]
fn refuse(source: &str, expected: &str) {
    let error = verdict(source, Budget::default()).expect_err(source);
    assert_eq!(error.explain(source).to_string(), format!("Syntax error at {expected}"), "{source}");
}

#[test]
fn operations() {
    accept("{a}", 3);
    accept("query{a}", 4);
    accept("query Q{a}", 5);
    accept("mutation M @d {a} subscription{b} {c}", 14);
    accept("query query{query}", 5);
    accept("\"why\" query{a} \"\"\"and\"\"\" fragment F on T{b}", 13);
    refuse("", "1:1: expected an operation or a fragment, found the end of the document");
    refuse("queryFoo { a }", "1:1: expected an operation or a fragment, found name \"queryFoo\"");
    refuse("Query { a }", "1:1: expected an operation or a fragment, found name \"Query\"");
    refuse("query", "1:6: expected \"{\", found the end of the document");
    refuse("query Q R { a }", "1:9: expected \"{\", found name \"R\"");
    refuse("query { }", "1:9: expected a field or a spread, found \"}\"");
    refuse("{ a } }", "1:7: expected an operation or a fragment, found \"}\"");
    refuse("{ a", "1:4: expected a field, a spread or \"}\", found the end of the document");
    refuse("\"why\" { a }", "1:1: a description is only allowed before a definition");
    refuse("\"why\" foo", "1:1: a description is only allowed before a definition");
    refuse("\"why\"", "1:6: expected an operation or a fragment, found the end of the document");
    refuse(
        "type T { a: Int }",
        "1:1: only operations and fragments can be executed, found a type system definition",
    );
}

/// Checks where the second of two operations stands that may not stand beside each other.
#[track_caller]
fn not_alone(source: &str, at: Option<u32>) {
    let mut tape = Tape::default();
    let found = parse_executable(source, Budget::default(), &mut tape).map(|_| ());
    assert_eq!(found, at.map_or(Ok(()), |at| Err(SyntaxError::AnonymousNotAlone { at })), "{source}");
    assert!(verdict(source, Budget::default()).is_ok(), "{source}");
}

#[test]
fn an_operation_without_a_name_is_the_only_one() {
    not_alone("{a}{b}", Some(3));
    not_alone("{a} query B{b}", Some(10));
    not_alone("query A{a} query{b}", Some(16));
    not_alone("fragment F on T{a} mutation{b} subscription C{c}", Some(44));
    not_alone("query A{a} query B{b} query B{c}", None);
    not_alone("{a} fragment F on T{a} fragment G on T{a}", None);
}

#[test]
fn selections() {
    accept("{a b,c}", 5);
    accept("{a:b c:d{e}}", 11);
    accept("{on true null fragment query}", 7);
    accept("{a{b{c}}}", 9);
    accept("{...F ... on T{a} ...{b} ...@d{c} ... on on{e}}", 26);
    refuse("{a:}", "1:4: expected a name, found \"}\"");
    refuse("{a{}}", "1:4: expected a field or a spread, found \"}\"");
    refuse("{...}", "1:5: expected \"on\", a fragment name, \"@\" or \"{\", found \"}\"");
    refuse("{...on}", "1:7: expected a name, found \"}\"");
    refuse("{... on T}", "1:10: expected \"{\", found \"}\"");
    refuse("{..a}", "1:2: unexpected character \".\"");
    refuse("{a ....b}", "1:7: unexpected character \".\"");
    refuse("{{a}}", "1:2: expected a field or a spread, found \"{\"");
    refuse("{a \"b\"}", "1:4: expected a field, a spread or \"}\", found a string");
    refuse("{a 1}", "1:4: expected a field, a spread or \"}\", found a number");
}

#[test]
fn fragments() {
    accept("fragment F on T{a}", 7);
    accept("fragment fragment on on@on{on}", 9);
    refuse("fragment on on T{a}", "1:10: a fragment cannot be named \"on\"");
    refuse("fragment F T{a}", "1:12: expected \"on\", found name \"T\"");
    refuse("fragment F(a: 1) on T{a}", "1:11: expected \"on\", found \"(\"");
    refuse("fragment F on{a}", "1:14: expected a name, found \"{\"");
}

#[test]
fn variable_definitions() {
    accept("query($a:Int){b}", 10);
    accept("query($a:[[Int!]!]!=[1]@c(d:1) \"why\" $e:F=X){g}", 35);
    accept("query($ a:Int){b}", 10);
    refuse("query(){a}", "1:7: expected a variable definition, found \")\"");
    refuse("query($a){b}", "1:9: expected \":\", found \")\"");
    refuse("query($a:){b}", "1:10: expected a type, found \")\"");
    refuse("query($a:Int!!){b}", "1:14: expected a variable definition or \")\", found \"!\"");
    refuse("query($a:[Int){b}", "1:14: expected \"]\", found \")\"");
    refuse("query($a:[Int]]){b}", "1:15: expected a variable definition or \")\", found \"]\"");
    refuse("query($a:Int=$b){c}", "1:14: a variable is not allowed in a constant value");
    refuse("query($a:Int={b:[$c]}){d}", "1:18: a variable is not allowed in a constant value");
    refuse("query($a:Int @b(c:$d)){e}", "1:19: a variable is not allowed in a constant value");
    refuse("query($a:Int@b=1){c}", "1:15: expected a variable definition or \")\", found \"=\"");
    accept("query($a:Int)@b(c:$a){d(e:$a)}", 24);
}

#[test]
fn arguments_with_values() {
    accept("{a(b:1,c:-0.5e+10,d:$e,f:G,h:true,i:null)}", 24);
    accept("{a(b:[],c:{},d:[[1]{e:[2]}])}", 27);
    accept("{a(b:{c:{d:{}}})@e(f:[{}])}", 27);
    refuse("{a()}", "1:4: expected an argument, found \")\"");
    refuse("{a(b)}", "1:5: expected \":\", found \")\"");
    refuse("{a(b:)}", "1:6: expected a value, found \")\"");
    refuse("{a(notAnArg true)}", "1:13: expected \":\", found name \"true\"");
    refuse("{a(b:[1}", "1:8: expected a value or \"]\", found \"}\"");
    refuse("{a(b:{c})}", "1:8: expected \":\", found \"}\"");
    refuse("{a(b:{1:2})}", "1:7: expected a name or \"}\", found a number");
    refuse("{a(b:1", "1:7: expected an argument or \")\", found the end of the document");
    refuse("{a(b:[", "1:7: expected a value or \"]\", found the end of the document");
    refuse("{a(b:$)}", "1:7: expected a name, found \")\"");
    refuse("{a@}", "1:4: expected a name, found \"}\"");
}

#[test]
fn numbers() {
    accept("{a(b:[0 -0 1 -12 0.0 1e5 1E-5 1.5e+5])}", 17);
    for number in [
        "00", "01", "-", "-a", "1.", "1.e1", "1e", "1e+", "0x1", "1a", "1_0", "1.5.5", "1.5e5.", "1.5a",
        "-01",
    ] {
        let source = format!("{{a(b:{number})}}");
        let error = verdict(&source, Budget::default());
        assert!(matches!(error, Err(SyntaxError::InvalidNumber { .. })), "{source} {error:?}");
    }
    refuse("{a(b:+1)}", "1:6: unexpected character \"+\"");
    refuse("{a(b:.5)}", "1:6: unexpected character \".\"");
    accept(&format!("{{a(b:{})}}", "9".repeat(100_000)), 8);
}

#[test]
fn strings() {
    for string in [
        r#""""#,
        r#""a""#,
        r#""\"\\\/\b\f\n\r\t""#,
        r#""\u0041\uD83D\uDE00""#,
        r#""\u{0}\u{1F600}\u{0010FFFF}""#,
        "\"\u{0}\u{7}\u{FEFF}😀\"",
        "\"\"\"\"\"\"",
        "\"\"\" a \" \"\" \\ \\\"\"\" \n\r \\u \"\"\"",
        "\"\"\"\\\\ \"\"\"",
        "\"\"\"😀\"\"\"",
    ] {
        accept(&format!("{{a(b:{string})}}"), 8);
    }
    for string in [
        r#""\a""#,
        r#""\u""#,
        r#""\u12""#,
        r#""\u00G0""#,
        r#""\u{}""#,
        r#""\u{110000}""#,
        r#""\u{D800}""#,
        r#""\u{000000041}""#,
        r#""\u{41""#,
        r#""\uD800""#,
        r#""\uDC00""#,
        r#""\uD800\u0041""#,
        r#""\uD800\u{DC00}""#,
        r#""\uDC00\uD800""#,
        "\"\\😀\"",
        r#""\u{+1}""#,
        r#""\u+123""#,
    ] {
        let source = format!("{{a(b:{string})}}");
        let error = verdict(&source, Budget::default());
        assert!(matches!(error, Err(SyntaxError::InvalidEscape { at: 6.. })), "{source} {error:?}");
    }
    for string in ["\"", "\"a", "\"a\nb\"", "\"a\rb\"", "\"\"\"", "\"\"\"a\"\"", "\"\"\"\\\"\"\""] {
        let source = format!("{{a(b:{string}");
        let error = verdict(&source, Budget::default());
        assert!(matches!(error, Err(SyntaxError::UnterminatedString { at: 5 })), "{source} {error:?}");
    }
}

#[test]
fn what_is_ignored() {
    accept("\u{FEFF}{\u{FEFF}a,,,b # comment }\r\n,\tc\r}\u{FEFF}", 5);
    accept("{a#}\n}", 3);
    accept("#😀\n{a}#", 3);
    refuse("{a\u{A0}}", "1:3: unexpected character U+00A0");
    refuse("{a\u{FFFD}}", "1:3: unexpected character U+FFFD");
    refuse("{a\u{0}}", "1:3: unexpected character U+0000");
    refuse("{a\u{B}}", "1:3: unexpected character U+000B");
    refuse("{a😀}", "1:3: unexpected character U+1F600");
    refuse("{a?}", "1:3: unexpected character \"?\"");
    refuse("{a%}", "1:3: unexpected character \"%\"");
    refuse("{\r\n a\n\r!}", "4:1: expected a field, a spread or \"}\", found \"!\"");
    refuse("#é😀\n#é😀 {\n{é", "3:2: unexpected character U+00E9");
}

#[test]
fn names_of_any_length_end_where_they_should() {
    for length in 1..40 {
        let name = "aZ_09".repeat(8).chars().take(length).collect::<String>();
        for end in ["}", " }", "{x}}", "#\n}", "\u{FEFF}}"] {
            assert!(verdict(&format!("{{{name}{end}"), Budget::default()).is_ok(), "{name}{end}");
            assert!(verdict(&format!("{{{name}é{end}"), Budget::default()).is_err(), "{name}é{end}");
        }
    }
}

#[test]
fn a_long_name_is_cut_in_the_explanation() {
    let source = "x".repeat(100);
    let shown = verdict(&source, Budget::default()).unwrap_err().explain(&source).to_string();
    assert!(shown.ends_with(&format!("\"{}\"", "x".repeat(32))), "{shown}");
}

#[test]
fn the_token_budget_is_inclusive() {
    let verdict = |tokens| verdict("{a(b:1)}", Budget { tokens, ..Budget::default() });
    assert_eq!(verdict(7), Err(SyntaxError::TooManyTokens { limit: 7, at: 8 }));
    assert_eq!(verdict(8), Ok(8));
    assert_eq!(verdict(9), Ok(8));
    assert!(matches!(verdict(0), Err(SyntaxError::TooManyTokens { limit: 0, .. })));
}

#[test]
fn the_token_budget_stops_the_work() {
    let source = format!("{{{}}}", "a ".repeat(100_000));
    let error = verdict(&source, Budget { tokens: 100, ..Budget::default() });
    assert_eq!(error, Err(SyntaxError::TooManyTokens { limit: 100, at: 201 }));
}

#[test]
fn the_nesting_budget_is_inclusive() {
    let sources = ["{a{b{c}}}", "{a(b:[[1]])}", "{a(b:{c:[1]})}", "query($a:[[[I]]]){b}", "{...{...{a}}}"];
    for source in sources {
        let verdict = |nesting| verdict(source, Budget { nesting, ..Budget::default() }).map(|_| ());
        assert!(matches!(verdict(2), Err(SyntaxError::TooDeep { limit: 2, .. })), "{source}");
        assert_eq!(verdict(3), Ok(()), "{source}");
        assert_eq!(verdict(4), Ok(()), "{source}");
    }
}

#[test]
fn depth_needs_no_stack() {
    let deep = Budget { tokens: u32::MAX, nesting: u32::MAX };
    let nested = |open: &str, inside: &str, close: &str, levels| {
        format!("{}{inside}{}", open.repeat(levels), close.repeat(levels))
    };
    assert!(verdict(&nested("{a", "", "}", 65_535), deep).is_ok());
    assert!(matches!(
        verdict(&nested("{a", "", "}", 65_536), deep),
        Err(SyntaxError::TooDeep { limit: 65_535, .. })
    ));
    assert!(verdict(&format!("{{a(b:{})}}", nested("[", "", "]", 60_000)), deep).is_ok());
    assert!(verdict(&format!("{{a(b:{})}}", nested("{c:", "1", "}", 60_000)), deep).is_ok());
    assert!(verdict(&format!("query($a:{}){{b}}", nested("[", "I", "]", 60_000)), deep).is_ok());
}

#[test]
fn a_text_of_any_kind_is_a_verdict() {
    let unexpected =
        SyntaxError::Unexpected { expected: Expected::Definition, found: Found::Punctuator('|'), at: 0 };
    assert_eq!(verdict("|", Budget::default()), Err(unexpected));
    assert_eq!(unexpected.at(), 0);
    assert!(verdict("\u{FEFF}", Budget::default()).is_err());
    assert!(verdict("#", Budget::default()).is_err());
}

#[test]
fn a_tape_forgets_what_it_held() {
    let mut tape = Tape::default();
    assert!(parse("{a(b:[[1", Budget::default(), &mut tape).is_err());
    assert!(
        parse("{...A} fragment A on T{...A}", Budget::default(), &mut tape)
            .unwrap()
            .fragment_order()
            .is_err()
    );
    let document = parse("{a}", Budget::default(), &mut tape).unwrap();
    assert_eq!((document.tokens(), document.operations().len(), document.fragments().len()), (3, 1, 0));
    assert_eq!(document.fragment_order(), Ok(&[][..]));
}
