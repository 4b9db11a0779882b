//! What a candidate would do otherwise: two explanations of one request beside each other, and the sum of many.

use super::Explanation;
use portcullis_gate::is_by_throttles;
use portcullis_policy::{Refusal, Verdict};
use portcullis_report::{Difference, Reason};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Changes that are told apart; beyond, they are counted under `other`.
const ROWS: usize = 10_000;

/// Explanations of one request by two policies.
#[derive(Debug)]
pub struct Comparison<'e> {
    live: Explanation<'e>,
    candidate: Explanation<'e>,
}

/// What is counted of many requests.
#[derive(Debug, Default)]
pub struct Summary {
    requests: u64,
    by_difference: BTreeMap<Difference, u64>,
    changes: BTreeMap<Key, Seen>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    difference: Difference,
    kind: &'static str,
    operation: String,
    live: Option<Reason>,
    candidate: Option<Reason>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    requests: u64,
    /// The first of them, from 1.
    line: u64,
}

impl<'e> Comparison<'e> {
    /// What the policy in force says, and what the candidate says of the same request.
    pub fn between(live: Explanation<'e>, candidate: Explanation<'e>) -> Self {
        Self { live, candidate }
    }

    /// Whether the two say the same.
    pub fn difference(&self) -> Difference {
        Difference::between(reason(&self.live), reason(&self.candidate))
    }

    /// The JSON of the policy in force, with that of the candidate in it and how the two differ.
    pub fn json(&self) -> Value {
        let mut object = self.live.json();
        if let Some(object) = object.as_object_mut() {
            object.insert("difference".to_owned(), json!(self.difference().label()));
            object.insert("candidate".to_owned(), self.candidate.json());
        }
        object
    }

    /// Lines for people.
    pub fn text(&self) -> String {
        let what = match self.named() {
            (_, operation) if operation == "-" => "request".to_owned(),
            (kind, operation) => format!("{kind} {operation}"),
        };
        let said = match self.difference() {
            Difference::Same => "the candidate says the same",
            Difference::Added => "ADDED: the candidate refuses what passes",
            Difference::Removed => "REMOVED: the candidate lets pass what is refused",
            Difference::Changed => "CHANGED: the candidate refuses for another reason",
            Difference::Undecided => "nobody knows",
        };
        let (live, candidate) = (fate(&self.live), fate(&self.candidate));
        format!("{what}: {said}\n  in force   {live}\n  candidate  {candidate}\n")
    }

    /// Kind and name of the operation for which the verdicts differ.
    fn named(&self) -> (&'static str, String) {
        let refusing = [&self.live, &self.candidate].into_iter().find(|side| reason(side).is_some());
        let judged = refusing.unwrap_or(&self.live).judged();
        judged.map_or(("unknown", "-".to_owned()), |judged| (judged.kind.label(), judged.operation.clone()))
    }
}

impl Summary {
    /// Counts a request.
    pub fn add(&mut self, comparison: &Comparison<'_>) {
        self.requests = self.requests.saturating_add(1);
        let difference = comparison.difference();
        let count = self.by_difference.entry(difference).or_default();
        *count = count.saturating_add(1);
        if difference == Difference::Same {
            return;
        }
        let (kind, operation) = comparison.named();
        let (live, candidate) = (reason(&comparison.live), reason(&comparison.candidate));
        let key = Key { difference, kind, operation, live, candidate };
        let key = match self.changes.contains_key(&key) || self.changes.len() < ROWS {
            true => key,
            false => Key { kind: "unknown", operation: "other".to_owned(), ..key },
        };
        let seen = self.changes.entry(key).or_insert(Seen { requests: 0, line: self.requests });
        seen.requests = seen.requests.saturating_add(1);
    }

    /// Whether the candidate says the same of all.
    pub fn is_same(&self) -> bool {
        self.changes.is_empty()
    }

    /// Lines for people: the sums, then what changes, the most frequent first.
    pub fn text(&self) -> String {
        let of = |difference| self.count(difference);
        let mut lines = vec![format!(
            "{} requests: {} refusals added, {} removed, {} with another reason, {} the same",
            self.requests,
            of(Difference::Added),
            of(Difference::Removed),
            of(Difference::Changed),
            of(Difference::Same)
        )];
        let sorted = self.sorted();
        let width = sorted.iter().map(|(key, _)| key.kind.len() + key.operation.len() + 1).max().unwrap_or(0);
        for (Key { difference, kind, operation, live, candidate }, seen) in sorted {
            let what = format!("{kind} {operation}");
            let why = [live, candidate].map(|reason| reason.map_or("passes", Reason::label)).join(" -> ");
            let (difference, requests, line) = (difference.label(), seen.requests, seen.line);
            lines.push(format!(
                "  {difference:<8}{requests:>8}  {what:<width$}  {why}  (first in line {line})"
            ));
        }
        lines.push(String::new());
        lines.join("\n")
    }

    /// The same as one JSON object.
    pub fn json(&self) -> Value {
        let change = |(key, seen): (&Key, &Seen)| {
            json!({
                "difference": key.difference.label(), "kind": key.kind, "operation": key.operation,
                "live": key.live.map(Reason::label), "candidate": key.candidate.map(Reason::label),
                "requests": seen.requests, "line": seen.line,
            })
        };
        json!({
            "requests": self.requests,
            "added": self.count(Difference::Added),
            "removed": self.count(Difference::Removed),
            "changed": self.count(Difference::Changed),
            "same": self.count(Difference::Same),
            "changes": self.sorted().into_iter().map(change).collect::<Vec<_>>(),
        })
    }

    fn count(&self, difference: Difference) -> u64 {
        self.by_difference.get(&difference).copied().unwrap_or_default()
    }

    fn sorted(&self) -> Vec<(&Key, &Seen)> {
        let mut sorted: Vec<_> = self.changes.iter().collect();
        sorted.sort_by_key(|(_, seen)| std::cmp::Reverse(seen.requests));
        sorted
    }
}

/// Why it is refused for what it is.
fn reason(explanation: &Explanation<'_>) -> Option<Reason> {
    match explanation.judgement.verdict {
        // As beside a gate, throttles are not compared.
        Verdict::Deny(Refusal { reason, .. }) if !is_by_throttles(reason) => Some(reason),
        Verdict::Deny(_) | Verdict::Allow => None,
    }
}

/// What becomes of a request, in one line.
fn fate(explanation: &Explanation<'_>) -> String {
    match (explanation.judgement.verdict, explanation.judgement.shadowed()) {
        (Verdict::Allow, None) => "allowed".to_owned(),
        (Verdict::Allow, Some(refusal)) => {
            format!("allowed in shadow, would be refused with {}", why(refusal))
        }
        (Verdict::Deny(refusal), _) => format!("refused with {}", why(refusal)),
    }
}

fn why(refusal: Refusal) -> String {
    let reason = refusal.reason;
    let distance = super::text::distance(refusal).map(|distance| format!(" ({distance})"));
    format!("{} {}{}", reason.status(), reason.code(), distance.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::Explainer;
    use portcullis_policy::Policy;

    fn explainers(live: &str, candidate: &str) -> [Explainer; 2] {
        [live, candidate].map(|text| Explainer::new(Policy::parse(text).unwrap()))
    }

    fn body(text: &str) -> Vec<u8> {
        json!({ "query": text }).to_string().into_bytes()
    }

    #[test]
    fn verdicts_are_told_beside_each_other() {
        let [mut live, mut candidate] = explainers("", "graphql: {limits: {depth: 1}}");
        let body = body("query Me { me { id } }");
        let compared = Comparison::between(live.body(&body), candidate.body(&body));
        let told = compared.json();
        assert_eq!((&told["ok"], &told["difference"]), (&json!(true), &json!("added")));
        assert_eq!((&told["candidate"]["ok"], &told["candidate"]["limit"]), (&json!(false), &json!(1)));
        assert_eq!(
            compared.text(),
            "query Me: ADDED: the candidate refuses what passes\n  in force   allowed\n  candidate  refused with 400 \
             MAX_DEPTH_EXCEEDED (depth: 2, the limit is 1: 1 too much, 2.0 times as much)\n"
        );
    }

    #[test]
    fn many_are_summed_by_operation_and_reasons() {
        let [mut live, mut candidate] =
            explainers("graphql: {limits: {depth: 2}}", "graphql: {limits: {depth: 3, root_fields: 1}}");
        let mut summary = Summary::default();
        for text in [
            "{ a }",
            "query Two { a b }",
            "query Two { a b }",
            "query Deep { a { b { c } } }",
            "{ __schema { types { name } } }",
        ] {
            let body = body(text);
            summary.add(&Comparison::between(live.body(&body), candidate.body(&body)));
        }
        assert!(!summary.is_same());
        assert_eq!(
            summary.text(),
            "5 requests: 2 refusals added, 1 removed, 0 with another reason, 2 the same\n  \
             added          2  query Two   passes -> root_fields  (first in line 2)\n  \
             removed        1  query Deep  depth -> passes  (first in line 4)\n"
        );
        let told = summary.json();
        assert_eq!((&told["requests"], &told["added"], &told["same"]), (&json!(5), &json!(2), &json!(2)));
        assert_eq!(told["changes"][0]["candidate"], "root_fields");
    }
}
