//! What the gate would say of a document: its measures, its cost, its verdict, by the very code of the gate.
//!
//! Turns a judgement into JSON or into lines for people; decides nothing, reads no files.

use portcullis_framing::Request;
use portcullis_gate::{Desk, Judged, Judgement, Method, judge, judge_body};
use portcullis_policy::{Policy, Refusal, Verdict};
use portcullis_report::Reason;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// Judges documents under one policy.
#[derive(Debug)]
pub struct Explainer {
    policy: Policy,
    desk: Desk,
}

impl Explainer {
    /// Judges under `policy`.
    pub fn new(policy: Policy) -> Self {
        Self { policy, desk: Desk::default() }
    }

    /// Judges a request given as the body of a `POST`.
    pub fn body(&mut self, body: &[u8]) -> Explanation<'_> {
        let limit = self.policy.limits.body_bytes;
        let judgement = if body.len() > limit {
            let beyond = |length| u64::try_from(length).unwrap_or(u64::MAX);
            Judgement::unparsed(Refusal::beyond(Reason::BodySize, beyond(limit), beyond(body.len())))
        } else {
            judge_body(&self.policy, body, &mut self.desk)
        };
        Explanation { policy: &self.policy, judgement }
    }

    /// Judges a request whose parts are given.
    pub fn request(&mut self, request: &Request<'_>) -> Explanation<'_> {
        let judgement = judge(&self.policy, request, Method::Post, &mut self.desk);
        Explanation { policy: &self.policy, judgement }
    }
}

/// What the gate would say of one request.
#[derive(Debug)]
pub struct Explanation<'p> {
    policy: &'p Policy,
    judgement: Judgement,
}

/// One measure beside its limit.
struct Row {
    name: &'static str,
    value: u64,
    limit: Option<u64>,
}

impl Explanation<'_> {
    /// One JSON object: `ok`, for a refusal `code`, `status`, `reason`, `message` and what passed which limit, then
    /// `operation`, `kind`, `measures`, `cost` (units, rounded up as in `x-graphql-cost`), `costMilli`, `costModel`.
    pub fn json(&self) -> Value {
        let mut object = Map::new();
        let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
        match self.judgement.verdict {
            Verdict::Allow => {
                put("ok", json!(true));
            }
            Verdict::Deny(refusal) => {
                put("ok", json!(false));
                put("code", json!(refusal.reason.code()));
                put("status", json!(refusal.reason.status()));
                put("reason", json!(refusal.reason.label()));
                put("message", json!(refusal.reason.message()));
                refusal.limit.map(|limit| put("limit", json!(limit)));
                refusal.actual.map(|actual| put("actual", json!(actual)));
                refusal.position.map(|place| put("line", json!(place.line)));
                refusal.position.map(|place| put("column", json!(place.column)));
            }
        }
        let judged = self.judged();
        put("operation", json!(judged.map_or("-", |judged| &judged.operation)));
        put("kind", json!(judged.map_or("unknown", |judged| judged.kind.label())));
        let measures = self.rows().into_iter().map(|row| (row.name.to_owned(), json!(row.value)));
        let introspection = judged
            .and_then(|judged| judged.measures)
            .map(|found| ("introspection".to_owned(), json!(found.introspection)));
        let measures: Map<String, Value> = measures.chain(introspection).collect();
        put("measures", if measures.is_empty() { Value::Null } else { Value::Object(measures) });
        put("cost", json!(self.judgement.cost.map(|cost| cost.units())));
        put("costMilli", json!(self.judgement.cost.map(|cost| cost.milli())));
        put("costModel", json!(self.policy.cost.model().version()));
        Value::Object(object)
    }

    /// Lines for people: the verdict, then each measure beside its limit.
    pub fn text(&self) -> String {
        let mut text = self.headline();
        let mut rows = self.rows();
        let limit = self.policy.cost.max.units();
        let cost =
            self.judgement.cost.map(|cost| Row { name: "cost", value: cost.units(), limit: Some(limit) });
        rows.extend(cost);
        if !rows.is_empty() {
            line(&mut text, &format!("\n  {:<20}{:>12}{:>12}", "", "found", "limit"));
        }
        for Row { name, value, limit } in rows {
            let shown = limit.map_or_else(|| "-".to_owned(), |limit| limit.to_string());
            let over = limit
                .filter(|limit| value > *limit)
                .map(|limit| format!("  over by {}", value.saturating_sub(limit)));
            line(&mut text, &format!("  {name:<20}{value:>12}{shown:>12}{}", over.unwrap_or_default()));
        }
        text
    }

    fn headline(&self) -> String {
        let what = match self.judged() {
            Some(Judged { operation, kind, .. }) if operation != "-" => {
                format!("{} {operation}", kind.label())
            }
            Some(_) | None => "request".to_owned(),
        };
        let mut text = String::new();
        match self.judgement.verdict {
            Verdict::Allow => line(&mut text, &format!("{what}: allowed")),
            Verdict::Deny(refusal) => {
                let reason = refusal.reason;
                line(&mut text, &format!("{what}: refused with {} {}", reason.status(), reason.code()));
                let place =
                    refusal.position.map(|place| format!(" (line {}, column {})", place.line, place.column));
                line(&mut text, &format!("  {}{}", reason.message(), place.unwrap_or_default()));
                if let (Some(limit), Some(actual)) = (refusal.limit, refusal.actual) {
                    line(&mut text, &format!("  found {actual}, the limit is {limit}"));
                }
                line(&mut text, &format!("  {}", reason.help()));
            }
        }
        text
    }

    fn judged(&self) -> Option<&Judged> {
        self.judgement.operations.first()
    }

    fn rows(&self) -> Vec<Row> {
        let Some(found) = self.judged().and_then(|judged| judged.measures) else { return Vec::new() };
        let limits = &self.policy.limits;
        let row = |name, value, limit: Option<u32>| Row {
            name,
            value: u64::from(value),
            limit: limit.map(u64::from),
        };
        vec![
            row("tokens", found.tokens, Some(limits.budget.tokens)),
            row("depth", found.depth, Some(limits.depth)),
            row("fields", found.fields, Some(limits.fields)),
            row("rootFields", found.root_fields, Some(limits.root_fields)),
            row("aliases", found.aliases, Some(limits.aliases)),
            row("aliasesPerField", found.aliases_per_field, Some(limits.aliases_per_field)),
            row("directives", found.directives, Some(limits.directives)),
            row("operations", found.operations, None),
            row("fragments", found.fragments, None),
        ]
    }
}

fn line(text: &mut String, content: &str) {
    #[expect(clippy::let_underscore_must_use, reason = "writing to a String cannot fail")]
    let _ = writeln!(text, "{content}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explainer() -> Explainer {
        Explainer::new(Policy::parse("").unwrap())
    }

    #[test]
    fn an_allowed_request_is_measured() {
        let json = explainer().body(br#"{"query":"query Me { me { id } }","source":"somewhere"}"#).json();
        assert_eq!(json["ok"], json!(true));
        assert_eq!(json.get("code"), None);
        assert_eq!((&json["operation"], &json["kind"]), (&json!("Me"), &json!("query")));
        assert_eq!(json["measures"]["depth"], json!(2));
        assert_eq!((&json["cost"], &json["costMilli"]), (&json!(1), &json!(110)));
    }

    #[test]
    fn a_refusal_says_what_passed_which_limit() {
        let json = explainer().body(br#"{"query":"{ users(first: 100000) { id } }"}"#).json();
        assert_eq!(json["ok"], json!(false));
        assert_eq!(json["code"], json!("COST_ESTIMATED_TOO_EXPENSIVE"));
        assert_eq!((&json["limit"], &json["actual"]), (&json!(20_000), &json!(101_000)));
        assert_eq!(json["cost"], json!(101_000));
    }

    #[test]
    fn a_syntax_error_has_its_place() {
        let json = explainer().body(br#"{"query":"{ a\n  ) }"}"#).json();
        assert_eq!(json["code"], json!("GRAPHQL_PARSE_FAILED"));
        assert_eq!((&json["line"], &json["column"]), (&json!(2), &json!(3)));
        assert_eq!(json["measures"], Value::Null);
    }

    #[test]
    fn what_is_no_request_is_refused_as_at_the_gate() {
        assert_eq!(explainer().body(b"nonsense").json()["code"], json!("JSON_PARSE_FAILED"));
        let long = format!("{{\"query\":\"{{ a }}\"{}}}", " ".repeat(262_144));
        assert_eq!(explainer().body(long.as_bytes()).json()["code"], json!("PAYLOAD_TOO_LARGE"));
    }

    #[test]
    fn people_see_the_verdict_first_and_each_measure_beside_its_limit() {
        let mut explainer = explainer();
        let request = Request { query: Some("{ users(first: 100000) { id } }".into()), ..Request::default() };
        let text = explainer.request(&request).text();
        assert!(text.contains("refused with 400 COST_ESTIMATED_TOO_EXPENSIVE"), "{text}");
        assert!(text.contains("over by 81000"), "{text}");
    }
}
