use super::*;

#[track_caller]
fn judged(body: &str) -> Judgement {
    judge_body(&Policy::parse("").unwrap(), body.as_bytes(), &mut Desk::default())
}

#[track_caller]
fn refused(body: &str, reason: Reason) {
    match judged(body).verdict {
        Verdict::Deny(refusal) => assert_eq!(refusal.reason, reason, "{body:.200}"),
        Verdict::Allow => panic!("allowed: {body:.200}"),
    }
}

#[track_caller]
fn refused_document(document: &str, reason: Reason) {
    refused(&serde_json::json!({ "query": document }).to_string(), reason);
}

#[track_caller]
fn allowed_document(document: &str) -> Judgement {
    let judgement = judged(&serde_json::json!({ "query": document }).to_string());
    assert_eq!(judgement.verdict, Verdict::Allow, "{document:.200}");
    judgement
}

fn only(judgement: &Judgement) -> &Judged {
    match judgement.operations.as_slice() {
        [only] => only,
        other => panic!("{} operations", other.len()),
    }
}

#[test]
fn a_variable_is_declared_once() {
    refused_document("query($n: Int = 1, $n: Int = 2) { user(id: $n) { id } }", Reason::DuplicateDefinition);
    refused_document("query A($n: Int) { a } query B($m: Int, $m: Int) { a }", Reason::DuplicateDefinition);
    allowed_document("query($n: Int, $m: Int) { user(id: $n, n: $m) { id } }");
}

#[test]
fn an_honest_request_is_allowed_and_named() {
    let judgement = judged(r#"{"query":"query Me { me { id } }","variables":null,"extensions":{}}"#);
    assert_eq!(judgement.verdict, Verdict::Allow);
    assert_eq!((only(&judgement).operation.as_str(), only(&judgement).kind), ("Me", OperationKind::Query));
    assert_eq!(judgement.cost, Some(Cost::from_milli(110)));
    assert_eq!((only(&judgement).shape, only(&judgement).document.as_ref()), (None, None));
}

#[test]
fn an_operation_without_a_fit_name_goes_by_its_shape() {
    let anonymous = allowed_document("{ me { id } }");
    let numbered = allowed_document("query user_4915112345678 { me { id } }");
    let long = allowed_document(&format!("query {} {{ me {{ id }} }}", "x".repeat(65)));
    assert_eq!(only(&anonymous).operation.len(), 16);
    assert_eq!(only(&anonymous).operation, only(&numbered).operation);
    assert_eq!(only(&anonymous).operation, only(&long).operation);
    let longest = allowed_document(&format!("query {} {{ a }}", "x".repeat(64)));
    assert_eq!(only(&longest).operation, "x".repeat(64));
}

#[test]
fn envelopes_are_refused_by_what_is_wrong_with_them() {
    refused("", Reason::Json);
    refused("{\"query\":\"{a}\"}x", Reason::Json);
    refused("[]", Reason::Envelope);
    refused("7", Reason::Envelope);
    refused("{}", Reason::Envelope);
    refused(r#"{"query":7}"#, Reason::Envelope);
    refused(r#"{"query":"{a}","QUERY":"{b}"}"#, Reason::Ambiguous);
    refused(r#"{"query":"{a}","query":"{b}"}"#, Reason::Ambiguous);
    let deep = format!(r#"{{"query":"{{a}}","variables":{{"v":{}{}}}}}"#, "[".repeat(63), "]".repeat(63));
    refused(&deep, Reason::JsonNesting);
}

#[test]
fn documents_are_refused_by_the_limit_they_pass() {
    refused_document("{ a", Reason::Syntax);
    refused_document("", Reason::Syntax);
    refused_document("{ ...F } fragment F on Q { ...F }", Reason::FragmentCycle);
    refused_document("{ ...F } fragment F on Q { a } fragment F on Q { b }", Reason::DuplicateDefinition);
    refused_document(&format!("{{ {} }}", "a ".repeat(5_000)), Reason::Tokens);
    refused_document(&format!("{{ a }} # {}", "x".repeat(65_536)), Reason::DocumentSize);
    refused_document(&format!("{{ a(x: {}{}) }}", "[".repeat(250), "]".repeat(250)), Reason::Nesting);
    let nested = |depth: usize| format!("{}{}", "{ a ".repeat(depth), "}".repeat(depth));
    refused_document(&nested(16), Reason::Depth);
    allowed_document(&nested(15));
    let aliases = |count: usize| (0..count).map(|n| format!("a{n}: b{n} ")).collect::<String>();
    refused_document(&format!("{{ x {{ {} }} }}", aliases(61)), Reason::Aliases);
    allowed_document(&format!("{{ x {{ {} }} }}", aliases(60)));
    let brute = |count: usize| (0..count).map(|n| format!("a{n}: login(pw: \"{n}\") ")).collect::<String>();
    refused_document(&format!("mutation {{ {} }}", brute(11)), Reason::AliasesPerField);
    allowed_document(&format!("mutation {{ {} }}", brute(10)));
    let roots = |count: usize| (0..count).map(|n| format!("a{n} ")).collect::<String>();
    refused_document(&format!("{{ {} }}", roots(21)), Reason::RootFields);
    allowed_document(&format!("{{ {} }}", roots(20)));
    refused_document(&format!("{{ a {} }}", "@d ".repeat(51)), Reason::Directives);
    allowed_document(&format!("{{ a {} }}", "@d ".repeat(50)));
    refused_document(&format!("{{ x {{ {} }} }}", roots(2_000)), Reason::Fields);
    allowed_document(&format!("{{ x {{ {} }} }}", roots(1_999)));
    refused_document("{ users(first: 100000) { id } }", Reason::Cost);
    refused_document("{ x: __schema { types { name } } }", Reason::Introspection);
    allowed_document("query __schema { __typename }");
}

#[test]
fn a_comment_must_end_where_every_server_ends_it() {
    refused_document("{ cheap #\u{2028} __schema { types { name } }\n}", Reason::Ambiguous);
    let block = "{ a(x: #\r\"\"\"\n 1) __schema{types{name}} b(y:1 #\r\"\"\"\n ) }";
    refused_document(block, Reason::Ambiguous);
    allowed_document("# by hand\r\n{ a # why\r\n b }");
    allowed_document("{ a(text: \"\u{2028}\") }");
}

#[test]
fn the_operation_must_be_certain() {
    refused_document("fragment F on Q { a }", Reason::OperationUnresolved);
    refused_document("query A { a } query B { b }", Reason::OperationUnresolved);
    refused_document(&"{a}".repeat(1_000), Reason::OperationUnresolved);
    let beside = serde_json::json!({ "query": "{ a } query B { b }", "operationName": "B" }).to_string();
    refused(&beside, Reason::OperationUnresolved);
    let named = |name: &str| {
        let query = "query A { a } query B { users(first: 100000) { id } }";
        serde_json::json!({ "query": query, "operationName": name }).to_string()
    };
    assert_eq!(judged(&named("A")).verdict, Verdict::Allow);
    refused(&named("B"), Reason::Cost);
    refused(&named("C"), Reason::OperationUnresolved);
    refused(&named(""), Reason::OperationUnresolved);
}

#[test]
fn variables_reach_the_cost() {
    let body = |n: &str| {
        format!(r#"{{"query":"query($n: Int) {{ users(first: $n) {{ id }} }}","variables":{{"n":{n}}}}}"#)
    };
    assert_eq!(judged(&body("10")).verdict, Verdict::Allow);
    for evil in ["100000", "1e6", "\"1000000\"", "{}"] {
        refused(&body(evil), Reason::Cost);
    }
    refused(&body("1e999"), Reason::Json);
}

#[test]
fn what_nobody_keeps_is_not_described() {
    let body = br#"{"query":"query Q { a @b __schema { types { name } } }"}"#;
    let judged = |policy: &str| {
        let mut desk = Desk::default();
        desk.describe(Documents::Dropped);
        judge_body(&Policy::parse(policy).unwrap(), body, &mut desk)
    };
    let enforced = judged("");
    assert!(matches!(enforced.verdict, Verdict::Deny(_)));
    assert_eq!((only(&enforced).operation.as_str(), only(&enforced).document.as_ref()), ("Q", None));
    let told = |judgement: Judgement| only(&judgement).document.is_some();
    assert!(told(judged("mode: shadow")), "it may be kept when its response is there");
    assert!(told(judged("candidate: {graphql: {limits: {depth: 14}}}")), "the candidate tells of it");
}

#[test]
fn a_refused_document_is_described_without_its_literals() {
    let judgement = judged(
        r#"{"query":"query Q { a: user(email: \"ann@example.org\") { __schema { types { name } } } }"}"#,
    );
    let document = only(&judgement).document.clone().unwrap();
    assert!(!document.contains("ann"), "{document}");
    assert!(document.contains("user"), "{document}");
    assert!(only(&judgement).shape.is_some());
}
