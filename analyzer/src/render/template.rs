//! Templates: text with slots such as `{{name}}`, filled in one pass, so that what fills one is never looked at again.

use super::yaml::Yaml;

/// Fills the slots. Of a value with several lines, the others are indented to its place; a line of nothing but an empty slot goes away.
pub(super) fn fill(template: &str, slots: &[(&str, Yaml)]) -> Yaml {
    let lines: Vec<String> = template.lines().filter_map(|line| fill_line(line, slots)).collect();
    Yaml::own(lines.join("\n"))
}

fn fill_line(line: &str, slots: &[(&str, Yaml)]) -> Option<String> {
    let mut filled = String::new();
    let mut rest = line;
    while let Some((before, name, after)) = slot(rest) {
        filled.push_str(before);
        match slots.iter().find(|(slot, _)| *slot == name) {
            Some((_, value)) => filled.push_str(&indented(value.as_str(), &filled, line)),
            // Left to be seen: a test finds it.
            None => filled.push_str(&format!("{{{{{name}}}}}")),
        }
        rest = after;
    }
    filled.push_str(rest);
    let is_gone = filled.trim().is_empty() && !line.trim().is_empty();
    (!is_gone).then_some(filled)
}

/// What is before the first slot, its name, and what is after it.
fn slot(line: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = line.split_once("{{")?;
    let (name, after) = rest.split_once("}}")?;
    Some((before, name, after))
}

/// Where only blanks and dashes precede a value, it is a block and stays in its column; else its other lines go with the line's key.
fn indented(value: &str, before: &str, line: &str) -> String {
    let is_block = before.chars().all(|character| matches!(character, ' ' | '-'));
    let blanks = line.len() - line.trim_start_matches(' ').len();
    let column = if is_block { before.len() } else { blanks };
    let mut lines = value.split('\n');
    let mut text = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        text.push('\n');
        if !line.is_empty() {
            text.push_str(&" ".repeat(column));
            text.push_str(line);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(template: &str, slots: &[(&str, Yaml)], expected: &str) {
        assert_eq!(fill(template, slots).as_str(), expected);
    }

    #[test]
    fn slots_are_filled_once() {
        let own = |text: &str| Yaml::own(text);
        check("a: {{x}} {{y}}", &[("x", own("{{y}}")), ("y", own("1"))], "a: {{y}} 1");
        check("{a: {b: {{x}}}}", &[("x", own("1"))], "{a: {b: 1}}");
        check("a: {{z}}", &[], "a: {{z}}");
    }

    #[test]
    fn blocks_keep_their_column_and_empty_lines_go() {
        let block = || Yaml::own("c: 1\n\nd:\n  e: 2");
        check("a:\n  - {{x}}\n", &[("x", block())], "a:\n  - c: 1\n\n    d:\n      e: 2");
        check("a:\n  {{x}}", &[("x", block())], "a:\n  c: 1\n\n  d:\n    e: 2");
        check("  a: {{x}}\n", &[("x", Yaml::lines("b\nc"))], "  a: |-\n    b\n    c");
        check("a: 1\n  {{x}}\n\nb: 2", &[("x", Yaml::nothing())], "a: 1\n\nb: 2");
    }
}
