//! What a verdict leads to: the request goes on with its headers or is answered, and it is counted and reported.

use crate::answer::answer;
use crate::case::Case;
use crate::clients::identity;
use crate::effect::Effect;
use crate::event::Event;
use crate::judge::{Compared, Form, Judged, Judgement, Standing};
use crate::throttle;
use crate::time::Timestamp;
use portcullis_policy::{Policy, Refusal, Switch, Verdict};
use portcullis_report::{Metric, Outcome, Reason, Transport, header};
use std::sync::Arc;

/// Operations of a batch whose names are told in a header or an access log.
const NAMES: usize = 10;

/// What the upstream is told of an allowed request, and Envoy's `ratelimit` filter before it.
pub(crate) fn request_headers(case: &Case, judgement: &Judgement, policy: &Policy) -> Vec<Effect> {
    let cost = judgement.cost.unwrap_or_default().units();
    let mut list = vec![
        Effect::SetRequestHeader(header::CORRELATION_ID, case.correlation.as_str().to_owned()),
        Effect::SetRequestHeader(header::GRAPHQL_OPERATION, names(judgement)),
        Effect::SetRequestHeader(header::GRAPHQL_COST, cost.to_string()),
        Effect::SetRequestHeader(header::GRAPHQL_COST_MODEL, policy.cost.model().version().to_owned()),
    ];
    match policy.throttles.hand_over_cost {
        Switch::On => list.extend([
            // More than Envoy can carry is as much as it can.
            Effect::HandOver(u32::try_from(cost).unwrap_or(u32::MAX)),
            // By this the other filter knows what was let through, be it that a reason only counted.
            Effect::Property("portcullis_gate", Outcome::Allowed.label().to_owned()),
            Effect::Property("portcullis_client", case.client.key.to_string()),
        ]),
        Switch::Off => (),
    }
    list
}

/// The answer to a refused request.
pub(crate) fn reply(case: &Case, judgement: &Judgement, refusal: &Refusal, policy: &Policy) -> Effect {
    let times = match (judgement.form, refusal.reason) {
        // Each of a batch is sent again with its document.
        (Form::Batch(length), Reason::PersistedQuery | Reason::PersistedQueryUnsupported) => Some(length),
        (Form::Batch(_) | Form::Single, _) => None,
    };
    Effect::Reply(answer(refusal, times, judgement.cost, case, policy))
}

/// What access logs are told.
pub(crate) fn properties(case: &Case, judgement: &Judgement) -> Vec<Effect> {
    let verdict = match (judgement.verdict, judgement.shadowed()) {
        (Verdict::Allow, None) => "allowed".to_owned(),
        (Verdict::Allow, Some(refusal)) => format!("shadow:{}", refusal.reason.label()),
        (Verdict::Deny(refusal), _) => refusal.reason.label().to_owned(),
    };
    let mut list = vec![
        Effect::Property("portcullis_correlation_id", case.correlation.as_str().to_owned()),
        Effect::Property("portcullis_operation", names(judgement)),
        Effect::Property("portcullis_verdict", verdict),
    ];
    list.extend(judgement.cost.map(|cost| Effect::Property("portcullis_cost", cost.units().to_string())));
    list
}

/// The names of all operations, as one text.
fn names(judgement: &Judgement) -> String {
    let mut names: Vec<&str> =
        judgement.operations.iter().take(NAMES).map(|judged| judged.operation.as_str()).collect();
    if judgement.operations.len() > NAMES {
        names.push("...");
    }
    names.join(", ")
}

/// What is counted once the verdict is final.
pub(crate) fn counts(case: &Case, judgement: &Judgement, policy: &Policy) -> Vec<Effect> {
    let mut list = Vec::with_capacity(16);
    list.extend(throttle::counts(case, judgement.verdict));
    list.extend(judgement.shadowed().map(|refusal| Effect::Count(Metric::Shadowed(refusal.reason), 1)));
    let outcome = match judgement.verdict {
        Verdict::Allow => Outcome::Allowed,
        Verdict::Deny(refusal) => {
            list.push(Effect::Count(Metric::refused(refusal.reason), 1));
            Outcome::Refused
        }
    };
    list.extend(judgement.compared.iter().flat_map(|compared| differences(case, compared)));
    for judged in &judgement.operations {
        list.push(Effect::Count(Metric::Requests(judged.kind, outcome), 1));
        count_operation(judged, policy, &mut list);
    }
    list.extend(
        (judgement.forgotten > 0).then_some(Effect::Count(Metric::PersistedEvicted, judgement.forgotten)),
    );
    list
}

/// What is counted of a request that a candidate judged too.
fn differences(case: &Case, Compared { difference, change }: &Compared) -> impl Iterator<Item = Effect> {
    let class = Metric::CandidateRequests(case.client.class.into(), *difference);
    let by_reason = change.as_deref().and_then(|change| match (change.live, change.candidate) {
        (None, Some(reason)) => Some(Metric::CandidateAdded(reason)),
        (Some(reason), None) => Some(Metric::CandidateRemoved(reason)),
        (Some(_), Some(reason)) => Some(Metric::CandidateChanged(reason)),
        (None, None) => None,
    });
    std::iter::once(class).chain(by_reason).map(|metric| Effect::Count(metric, 1))
}

fn count_operation(judged: &Judged, policy: &Policy, list: &mut Vec<Effect>) {
    if let Some(measures) = &judged.measures {
        list.push(Effect::Count(Metric::Depth, u64::from(measures.depth)));
        list.push(Effect::Count(Metric::Fields, u64::from(measures.fields)));
        list.push(Effect::Count(Metric::Aliases, u64::from(measures.aliases)));
        list.push(Effect::Count(Metric::Tokens, u64::from(measures.tokens)));
    }
    if let Some(estimate) = &judged.estimate {
        list.push(Effect::Count(Metric::Cost, estimate.field.units()));
        if policy.cost.table.is_some() {
            list.push(Effect::Count(Metric::TypeCost, estimate.r#type.units()));
        }
        if estimate.unknown_fields > 0 {
            list.push(Effect::Count(Metric::UnknownFields, u64::from(estimate.unknown_fields)));
        }
    }
    list.extend(judged.persisted.map(|found| Effect::Count(Metric::PersistedQueries(found), 1)));
    match judged.standing {
        Standing::Trusted => (),
        Standing::Untrusted => list.push(Effect::Count(Metric::Untrusted, 1)),
    }
}

/// What the worker is told: each operation of an allowed request, or the one for which it was refused.
pub(crate) fn events(case: Case, judgement: Judgement, now: Timestamp) -> Vec<Event> {
    let Case { correlation, address, client, class, transport, body_bytes, .. } = case;
    let Judgement { verdict, form, operations, mut compared, .. } = judgement;
    let transport = match form {
        Form::Single => transport,
        Form::Batch(_) => Transport::Batch,
    };
    let refusal = match verdict {
        Verdict::Allow => None,
        Verdict::Deny(refusal) => Some(refusal),
    };
    let mut unreported_bytes = body_bytes;
    let event = |judged: Judged| {
        let (cost, sensitive) = (judged.cost(), judged.sensitive());
        Event {
            at: now,
            correlation: correlation.clone(),
            client: address,
            client_key: client.key,
            identity: identity(&client),
            class: Arc::clone(&class),
            transport,
            kind: judged.kind,
            operation: judged.operation,
            refusal,
            shadowed: judged.shadowed.filter(|_| refusal.is_none()),
            measures: judged.measures,
            cost,
            actual: None,
            sensitive,
            shape: judged.shape,
            document: judged.document,
            // As are the bytes, what the candidate says of all of it is told once.
            compared: compared.take(),
            // The bytes of a batch are its first operation's, so that sums stay true.
            body_bytes: std::mem::take(&mut unreported_bytes),
        }
    };
    operations.into_iter().map(event).collect()
}
