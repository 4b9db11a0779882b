//! An explanation for programs.

use super::tree::{self, By};
use super::{Detail, Explanation, notes, rows};
use portcullis_cost::Estimate;
use portcullis_gate::{Judged, Standing};
use portcullis_policy::{Policy, Refusal, Verdict};
use serde_json::{Map, Value, json};

impl Explanation<'_> {
    /// One JSON object: `ok`, for a refusal `code`, `status`, `reason`, `message` and what passed which limit, then what
    /// `portcullis explain --help` lists.
    pub fn json(&self) -> Value {
        let mut object = Map::new();
        verdict(&mut object, self.judgement.verdict);
        shadow(&mut object, self.judgement.shadowed());
        if let [only] = self.details.as_slice()
            && !self.is_batch()
        {
            detail(&mut object, self.policy, only);
        } else if let Some(judged) = self.judged() {
            operation(&mut object, self.policy, judged);
        }
        if self.is_batch() {
            object.insert("operations".to_owned(), Value::Array(self.operations()));
        }
        let cost = self.cost();
        object.insert("cost".to_owned(), json!(cost.map(|cost| cost.units())));
        object.insert("costMilli".to_owned(), json!(cost.map(|cost| cost.milli())));
        object.insert("costModel".to_owned(), json!(self.policy.cost.model().version()));
        Value::Object(object)
    }

    fn operations(&self) -> Vec<Value> {
        let of_details = self.details.iter().map(|found| {
            let mut object = Map::new();
            verdict(&mut object, found.verdict);
            detail(&mut object, self.policy, found);
            Value::Object(object)
        });
        let is_detailed = !self.details.is_empty();
        let judged = self.judgement.operations.iter().filter(|_| !is_detailed);
        let others = judged.map(|judged| {
            let mut object = Map::new();
            operation(&mut object, self.policy, judged);
            Value::Object(object)
        });
        of_details.chain(others).collect()
    }
}

fn verdict(object: &mut Map<String, Value>, verdict: Verdict) {
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    match verdict {
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
}

/// Why it would be refused, did the policy not say that this only counts.
fn shadow(object: &mut Map<String, Value>, shadowed: Option<Refusal>) {
    let told = shadowed.map(|refusal| {
        json!({ "code": refusal.reason.code(), "reason": refusal.reason.label(), "limit": refusal.limit, "actual": refusal.actual })
    });
    object.insert("shadow".to_owned(), json!(told));
}

fn operation(object: &mut Map<String, Value>, policy: &Policy, judged: &Judged) {
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    put("operation", json!(judged.operation));
    put("kind", json!(judged.kind.label()));
    let rows = rows::measures(policy, judged).into_iter();
    let measures = rows.map(|row| (row.name, json!(row.value)));
    let introspection = judged.measures.map(|found| ("introspection".to_owned(), json!(found.introspection)));
    let measures: Map<String, Value> = measures.chain(introspection).collect();
    put("measures", if measures.is_empty() { Value::Null } else { Value::Object(measures) });
    let estimate = judged.estimate.as_ref();
    put("cost", json!(estimate.map(|found| found.field.units())));
    put("costMilli", json!(estimate.map(|found| found.field.milli())));
    let by_schema = estimate.filter(|_| policy.cost.table.is_some());
    put("typeCost", json!(by_schema.map(|found| found.r#type.units())));
    put("unknownFields", estimate.map_or(Value::Null, unknown));
    put("slicingViolations", estimate.map_or(Value::Null, |found| slicing(policy, judged, found)));
    let watched = estimate.map(|found| policy.sensitive.fields().iter().zip(&found.watched));
    let sensitive: Vec<Value> = watched
        .into_iter()
        .flatten()
        .map(|(field, count)| json!({ "field": field.coordinate, "count": count, "limit": field.limit }))
        .collect();
    put("sensitive", json!(sensitive));
    put("persisted", json!(judged.persisted.map(portcullis_report::Persisted::label)));
    put("untrusted", json!(judged.standing == Standing::Untrusted));
}

fn unknown(estimate: &Estimate) -> Value {
    let first = estimate.first_unknown.as_deref().map(notes::name);
    json!({ "count": estimate.unknown_fields, "first": first })
}

fn slicing(policy: &Policy, judged: &Judged, estimate: &Estimate) -> Value {
    let (first, arguments) = notes::violation(policy, judged).unzip();
    let arguments = arguments.unwrap_or_default();
    json!({ "count": estimate.slicing_violations, "first": first, "arguments": arguments })
}

fn detail(object: &mut Map<String, Value>, policy: &Policy, detail: &Detail) {
    operation(object, policy, &detail.judged);
    let depth = detail.judged.measures.map(|_| detail.introspection_depth);
    object.insert("introspectionDepth".to_owned(), json!(depth));
    let tree = detail.breakdown.as_ref().map(|breakdown| tree::json(breakdown, By::Field));
    object.insert("tree".to_owned(), json!(tree));
}
