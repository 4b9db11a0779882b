//! The real `portcullis explain`: what it takes, what it prints first, how it ends.

use crate::process::portcullis;
use std::io::Write as _;
use std::path::Path;
use std::process::{Output, Stdio};

const SCHEMA: &str = "type Query { users(first: Int): [User] me: User }\ntype User { id: ID name: String }\n";

/// Runs `portcullis explain` in a folder, with a text on standard input.
fn explain(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = portcullis(&["explain"])
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Who gives up on the command line reads nothing.
    child.stdin.take().unwrap().write_all(input.as_bytes()).ok();
    child.wait_with_output().unwrap()
}

fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

#[track_caller]
fn fails(folder: &Path, arguments: &[&str], input: &str, code: i32, stderr: &str) {
    let output = explain(folder, arguments, input);
    assert_eq!(String::from_utf8_lossy(&output.stderr), stderr);
    assert_eq!(output.status.code(), Some(code));
}

#[test]
fn a_document_is_judged_and_the_exit_code_says_so_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let dear = "{ users(first: 100000) { id } }";
    let output = explain(folder.path(), &["-"], dear);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("refused with 400 COST_ESTIMATED_TOO_EXPENSIVE"), "{text}");
    assert!(text.contains("list of 100000 entries, by first"), "{text}");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(explain(folder.path(), &["-", "--exit-code"], dear).status.code(), Some(1));
    assert_eq!(explain(folder.path(), &["-", "--exit-code"], "{ me { id } }").status.code(), Some(0));
    let lines = "{\"query\":\"{me{id}}\"}\nnonsense\n";
    let output = explain(folder.path(), &["--jsonl", "-", "--exit-code"], lines);
    assert_eq!(
        (output.status.code(), output.stdout.iter().filter(|byte| **byte == b'\n').count()),
        (Some(1), 2)
    );
}

#[test]
fn a_schema_is_taken_as_text_and_as_table_over_that_of_the_policy() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    std::fs::write(place("s.graphql"), SCHEMA).unwrap();
    let policy =
        "graphql: {cost: {schema: '{{schema}}'}, sensitive_fields: [{field: Query.me, aliases: 1}]}\n";
    std::fs::write(place("p.yaml"), policy).unwrap();
    let compiled = portcullis(&["compile", "s.graphql"]).current_dir(folder.path()).output().unwrap();
    assert!(compiled.status.success());
    for schema in ["s.graphql", "s.table"] {
        let arguments = ["-", "--json", "--policy", "p.yaml", "--schema", schema];
        let json =
            json(&explain(folder.path(), &arguments, "{ me { id } b: me { id } users(first: 3) { id } }"));
        assert_eq!((json["costModel"].as_str(), json["typeCost"].as_u64()), (Some("schema/1"), Some(6)));
        assert_eq!((json["reason"].as_str(), json["actual"].as_u64()), (Some("sensitive_field"), Some(2)));
    }
}

#[test]
fn bodies_are_told_from_documents() {
    let folder = tempfile::tempdir().unwrap();
    let operation = |arguments: &[&str], input: &str| {
        json(&explain(folder.path(), arguments, input))["operation"].clone()
    };
    assert_eq!(operation(&["-", "--json"], r#"{"query":"query A { a }"}"#), "A");
    assert_eq!(operation(&["-", "--json"], "query B { a }"), "B");
    assert_eq!(operation(&["-", "--json", "--operation", "D"], "query C { a } query D { a }"), "D");
    assert_eq!(operation(&["--get", "/graphql?query=query%20E{a}", "--json"], ""), "E");
    let output = explain(folder.path(), &["-"], r#"[{"query":"query A { a }"},{"query":"query B { a }"}]"#);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("batch of 2: allowed\n"), "{text}");
    assert!(text.contains("\n1. query A: allowed\n") && text.contains("\n2. query B: allowed\n"), "{text}");
    let json = json(&explain(folder.path(), &["--body", "-", "--json"], "{ a }"));
    assert_eq!(json["code"], "JSON_PARSE_FAILED");
}

#[test]
fn mistakes_are_told_with_the_next_step() {
    let folder = tempfile::tempdir().unwrap();
    let policy = "graphql: {sensitive_fields: [{field: Query.me, aliases: 1}]}\n";
    std::fs::write(folder.path().join("p.yaml"), policy).unwrap();
    std::fs::write(folder.path().join("s.graphql"), "type Query { a: Nothing }\n").unwrap();
    std::fs::write(folder.path().join("cut.table"), "PCLT\u{1}").unwrap();
    let told = "portcullis: p.yaml: graphql.sensitive_fields[0].field: takes a compiled schema in `graphql.cost.schema` (line 1)\n\
                portcullis: give the schema with --schema FILE, its text or its table\n";
    fails(folder.path(), &["-", "--policy", "p.yaml"], "{a}", 2, told);
    let told = "portcullis: the input is the body of a POST, so --variables and --operation are in it\n";
    fails(folder.path(), &["-", "--variables", "{}"], "{\"query\":\"{a}\"}", 2, told);
    let told = "portcullis: --document gives the text of a hash, and the input is a document itself\n";
    fails(folder.path(), &["-", "--document", "p.yaml"], "{a}", 2, told);
    let told = "portcullis: --get: the path is none of the policy's routes, so the gate lets it pass unread; \
                name the route with --policy, or give the query string alone\n";
    fails(folder.path(), &["--get", "/other?query={a}"], "", 2, told);
    let broken = explain(folder.path(), &["-", "--schema", "s.graphql"], "{a}");
    let told = String::from_utf8(broken.stderr).unwrap();
    assert!(told.starts_with("portcullis: s.graphql:1:") && broken.status.code() == Some(1), "{told}");
    let cut = explain(folder.path(), &["-", "--schema", "cut.table"], "{a}");
    let told = String::from_utf8(cut.stderr).unwrap();
    assert!(
        told.ends_with("make it again with `portcullis compile`\n") && cut.status.code() == Some(2),
        "{told}"
    );
}
