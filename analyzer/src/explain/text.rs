//! An explanation for people: the verdict, how far off it is, measures beside limits, where the cost goes, notes.

use super::rows::{self, Row};
use super::tree::{self, By};
use super::{Detail, Explanation, notes};
use portcullis_gate::{Form, Judged};
use portcullis_policy::{Policy, Refusal, Verdict};
use portcullis_report::Reason;

/// Characters of a full bar.
const BAR: u64 = 20;

impl Explanation<'_> {
    /// Lines for people.
    pub fn text(&self) -> String {
        let mut lines = Vec::new();
        let (policy, whole) = (self.policy, self.judgement.verdict);
        match (self.judgement.form, self.details.as_slice()) {
            (Form::Single, [only]) => one(&mut lines, policy, only),
            (Form::Single, _) => {
                let judged = self.judgement.operations.first();
                headline(
                    &mut lines,
                    &judged.map_or_else(|| "request".to_owned(), label),
                    whole,
                    self.judgement.shadowed(),
                );
            }
            (Form::Batch(length), details) => {
                headline(&mut lines, &format!("batch of {length}"), whole, self.judgement.shadowed());
                if details.iter().any(|detail| detail.judged.estimate.is_some()) {
                    lines.push(String::new());
                    table(&mut lines, "all together", rows::charges(policy, self.estimates()));
                }
                for (number, detail) in (1..).zip(details) {
                    lines.push(String::new());
                    let mut of_one = Vec::new();
                    one(&mut of_one, policy, detail);
                    let first = of_one.first_mut().map(std::mem::take).unwrap_or_default();
                    lines.push(format!("{number}. {first}"));
                    lines.extend(of_one.into_iter().skip(1));
                }
            }
        }
        lines.push(String::new());
        lines.join("\n")
    }
}

/// One operation.
fn one(lines: &mut Vec<String>, policy: &Policy, detail: &Detail) {
    let Detail { verdict, judged, has_document, breakdown, .. } = detail;
    headline(lines, &label(judged), *verdict, judged.shadowed);
    if judged.measures.is_some() {
        let mut rows = rows::measures(policy, judged);
        rows.extend(rows::introspection(policy, detail));
        if let Some(estimate) = &judged.estimate {
            rows.extend(rows::charges(policy, std::iter::once(estimate)));
        }
        lines.push(String::new());
        table(lines, "", rows);
    }
    let by_type = matches!(verdict, Verdict::Deny(refusal) if refusal.reason == Reason::TypeCost);
    let (by, what) = if by_type { (By::Type, "type cost") } else { (By::Field, "cost") };
    let total = judged.estimate.as_ref().map(|found| if by_type { found.r#type } else { found.field });
    if let Some(total) = total {
        let (total, model) = (tree::decimal(total), policy.cost.model().version());
        lines.push(String::new());
        lines.push(format!("  Where the {what} goes ({total} by {model}):"));
        match breakdown {
            Some(breakdown) => lines.extend(tree::lines(breakdown, by)),
            None if !has_document => lines.push("  not laid out".to_owned()),
            None => lines.push("  too many fields, fragments expanded, to be laid out".to_owned()),
        }
    }
    let notes = notes::notes(policy, detail);
    if !notes.is_empty() {
        lines.push(String::new());
        lines.extend(notes.into_iter().map(|note| format!("  {note}")));
    }
}

fn label(judged: &Judged) -> String {
    match judged.operation.as_str() {
        "-" => "request".to_owned(),
        operation => format!("{} {operation}", judged.kind.label()),
    }
}

/// What becomes of it, and for a refusal which limit was passed and by how much.
fn headline(lines: &mut Vec<String>, what: &str, verdict: Verdict, shadowed: Option<Refusal>) {
    let (refusal, fate) = match (verdict, shadowed) {
        (Verdict::Allow, None) => return lines.push(format!("{what}: allowed")),
        (Verdict::Allow, Some(refusal)) => (refusal, "allowed in shadow, would be refused"),
        (Verdict::Deny(refusal), _) => (refusal, "refused"),
    };
    let reason = refusal.reason;
    lines.push(format!("{what}: {fate} with {} {}", reason.status(), reason.code()));
    let place = refusal.position.map(|place| format!(" (line {}, column {})", place.line, place.column));
    lines.push(format!("  {}{}", reason.message(), place.unwrap_or_default()));
    lines.extend(distance(refusal).map(|distance| format!("  {distance}")));
    lines.push(format!("  {}", reason.help()));
}

/// How far beyond its limit a request is.
pub(super) fn distance(refusal: Refusal) -> Option<String> {
    let (limit, name) = (refusal.limit?, refusal.reason.label());
    let Some(actual) = refusal.actual else { return Some(format!("{name}: more than the limit of {limit}")) };
    let over = actual.saturating_sub(limit);
    let tenths = u128::from(actual).saturating_mul(10) / u128::from(limit).max(1);
    let times = match (limit, tenths) {
        (0, _) | (_, 0..=10) => String::new(),
        (_, tenths) => format!(", {}.{} times as much", tenths / 10, tenths % 10),
    };
    Some(format!("{name}: {actual}, the limit is {limit}: {over} too much{times}"))
}

/// Each measure with how much of its limit it takes.
fn table(lines: &mut Vec<String>, title: &str, rows: Vec<Row>) {
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0).max(18);
    lines.push(format!("  {title:<width$}{:>12}{:>12}{:>8}", "found", "limit", "used"));
    for Row { name, value, limit } in rows {
        let Some(limit) = limit else {
            lines.push(format!("  {name:<width$}{value:>12}{:>12}", "-"));
            continue;
        };
        let percent = u128::from(value).saturating_mul(100) / u128::from(limit).max(1);
        let used = if percent > 99_999 { "…".to_owned() } else { format!("{percent}%") };
        let filled = value.saturating_mul(BAR).div_ceil(limit.max(1)).min(BAR);
        let bar = "#".repeat(usize::try_from(filled).unwrap_or(0));
        let over =
            if value > limit { format!(" OVER by {}", value.saturating_sub(limit)) } else { String::new() };
        let line = format!("  {name:<width$}{value:>12}{limit:>12}{used:>8}  {bar}{over}");
        lines.push(line.trim_end().to_owned());
    }
}
