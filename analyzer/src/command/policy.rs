//! A policy as commands read it: costing by the schema that they are given, its mistakes told for people.

mod lines;

pub(super) use lines::Lines;
use portcullis_policy::{CostTable, Mistake, Mistakes, Policy};
use std::path::Path;

/// The policy; or its mistakes a line each, with file, path and line.
pub(super) fn parse(text: &str, file: Option<&Path>, table: Option<&CostTable>) -> Result<Policy, String> {
    let parsed = match table {
        Some(table) => Policy::parse_with(text, table.clone()),
        None => Policy::parse(text),
    };
    parsed.map_err(|mistakes| told(&mistakes, text, file, table))
}

/// What its operator should know of a sound policy, a line each, with file, path and line.
pub(super) fn warnings(policy: &Policy, text: &str, file: &Path) -> Vec<String> {
    let found = Lines::of(text);
    let line = |path: &str| found.line(path).map(|line| format!(" (line {line})")).unwrap_or_default();
    let told = |warning: &Mistake| format!("{}: {warning}{}", file.display(), line(&warning.path));
    policy.warnings().iter().map(told).collect()
}

/// The mistakes, and how to go on when a schema is all that is missing.
fn told(mistakes: &Mistakes, text: &str, file: Option<&Path>, table: Option<&CostTable>) -> String {
    let place = file.map(|file| format!("{}: ", file.display())).unwrap_or_default();
    let found = Lines::of(text);
    let line = |mistake: &Mistake| match found.line(&mistake.path) {
        // A mistake of form brings its line.
        Some(line) if !mistake.problem.ends_with(')') || !mistake.problem.contains(" (line ") => {
            format!(" (line {line})")
        }
        Some(_) | None => String::new(),
    };
    let mut lines: Vec<String> =
        mistakes.iter().map(|mistake| format!("{place}{mistake}{}", line(mistake))).collect();
    let lacks = |mistake: &Mistake| mistake.path.contains("graphql.sensitive_fields");
    if table.is_none() && mistakes.iter().any(lacks) {
        lines.push("give the schema with --schema FILE, its text or its table".to_owned());
    }
    lines.join("\n")
}
