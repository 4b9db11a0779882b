//! `portcullis compile` from outside.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a test may fail loudly")]

use portcullis_cost::Table;
use std::path::Path;
use std::process::{Command, Output};

const SCHEMA: &str =
    "type Query { users(first: Int): [User] }\ntype User { age: Int @cost(weight: \"2.0\") }\n";

fn portcullis(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_portcullis")).current_dir(folder).args(arguments).output().unwrap()
}

fn folder(schema: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("schema.graphql"), schema).unwrap();
    folder
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_table_is_written_beside_the_schema_and_told_of() {
    let folder = folder(SCHEMA);
    let output = portcullis(folder.path(), &["compile", "schema.graphql"]);
    assert!(output.status.success(), "{output:?}");
    let table = Table::load(&std::fs::read(folder.path().join("schema.table")).unwrap()).unwrap();
    assert!(table.coordinate("User.age").is_some());
    let told = text(&output.stdout);
    assert!(told.starts_with("schema.table: ") && told.contains("Query.users(first)"), "{told}");
}

#[test]
fn json_and_base64_go_to_their_own_outputs() {
    let folder = folder(SCHEMA);
    let output =
        portcullis(folder.path(), &["compile", "schema.graphql", "--base64", "--json", "--no-assume"]);
    assert!(output.status.success(), "{output:?}");
    let told: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!((&told["assumed"], &told["took"]["weights"]), (&serde_json::json!([]), &serde_json::json!(1)));
    assert!(text(&output.stdout).starts_with("UENMV"), "{output:?}");
    assert!(!folder.path().join("schema.table").exists());
    let output = portcullis(folder.path(), &["compile", "schema.graphql", "--json", "-o", "t"]);
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()["table"], "t");
}

#[test]
fn mistakes_are_a_line_each_and_leave_no_table() {
    let folder = folder("type Query {\n  a: Int @cost(weight: \"x\")\n  b: [Int] @listSize\n}");
    let output = portcullis(folder.path(), &["compile", "schema.graphql"]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    let starts: Vec<_> =
        told.lines().map(|line| line.split(' ').take(3).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(
        starts,
        ["portcullis: schema.graphql:2:10: Query.a:", "portcullis: schema.graphql:3:12: Query.b:"]
    );
    assert!(!folder.path().join("schema.table").exists());
}

#[test]
fn files_that_cannot_be_read_or_written_are_named() {
    let folder = folder(SCHEMA);
    let output = portcullis(folder.path(), &["compile", "nothing.graphql"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).starts_with("portcullis: cannot read nothing.graphql"), "{output:?}");
    let output = portcullis(folder.path(), &["compile", "schema.graphql", "-o", "no/folder/t"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).starts_with("portcullis: cannot write no/folder/t"), "{output:?}");
}
