//! Mistakes of a policy, told for people: file, path, what is wrong, and the line.

mod lines;

use lines::Lines;
use portcullis_policy::{Mistake, Mistakes};
use std::path::Path;

/// The mistakes a line each, and how to go on when a schema is all that is missing.
pub(super) fn told(mistakes: &Mistakes, text: &str, file: Option<&Path>, schema_is_given: bool) -> String {
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
    let lacks = |mistake: &Mistake| mistake.path.starts_with("graphql.sensitive_fields");
    if !schema_is_given && mistakes.iter().any(lacks) {
        lines.push("give the schema with --schema FILE, its text or its table".to_owned());
    }
    lines.join("\n")
}
