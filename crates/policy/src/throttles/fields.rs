//! How throttles are told to clients: `RateLimit` and `RateLimit-Policy` as the draft of the IETF has them.
//!
//! draft-ietf-httpapi-ratelimit-headers: structured fields, lists of named items. Costs are in no unit that the draft
//! registers, so their unit is a parameter of ours. What an upstream says of its own limits is added to, never replaced:
//! an intermediary must not loosen it.

use super::spend::Standing;
use crate::policy::{ClassId, Mode, Switch, Throttle, Throttles, Unit};

/// What a client is told of its throttles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// The value of `RateLimit-Policy`: every throttle that applies.
    pub policies: String,
    /// The value of `RateLimit`: the tightest.
    pub limit: String,
    /// `X-RateLimit-Limit`, `X-RateLimit-Remaining` and `X-RateLimit-Reset` (seconds), where the policy has them told.
    pub legacy: Option<[u64; 3]>,
}

/// What a client of a class is told of a throttle that applies to it, unless there is no such throttle.
pub fn rate_limit(throttles: &Throttles, class: ClassId, standing: &Standing) -> Option<RateLimit> {
    let tightest = throttles.rules().get(standing.rule)?;
    let binding = throttles.rules().iter().filter(|rule| rule.mode == Mode::Enforce);
    let rules = binding.filter(|rule| rule.applies_to(class));
    let policies: Vec<String> = rules.map(item).collect();
    let remaining = whole(standing.available);
    let reset = seconds(standing.full_in_ms);
    let legacy = [tightest.rate.capacity().units(), remaining, reset];
    Some(RateLimit {
        policies: policies.join(", "),
        limit: format!("\"{}\";r={remaining};t={reset}", tightest.name),
        legacy: (throttles.legacy_headers == Switch::On).then_some(legacy),
    })
}

/// A throttle as a policy: a bucket that fills in so many seconds.
fn item(throttle: &Throttle) -> String {
    let Throttle { name, unit, rate, .. } = throttle;
    let (quota, window) = (rate.capacity().units(), seconds(rate.fills_in_ms()));
    let unit = match unit {
        Unit::Requests => "",
        Unit::Cost => ";portcullis-unit=\"cost\"",
    };
    format!("\"{name}\";q={quota};w={window}{unit}")
}

/// Whole units, rounded down: what is promised is there.
fn whole(cost: portcullis_cost::Cost) -> u64 {
    cost.milli() / 1_000
}

/// Seconds, rounded up: what is promised by then is there then.
fn seconds(millis: u64) -> u64 {
    millis.div_ceil(1_000)
}

/// A field of the gate's behind the one that the upstream sent; nothing when the upstream's must stay as it is: it is of an
/// older draft, no text, or already speaks of one of the same name.
pub fn join<'v>(upstream: impl Iterator<Item = &'v [u8]>, ours: &str) -> Option<String> {
    let names = || ours.split(", ").filter_map(|item| item.split(';').next());
    let mut joined = String::new();
    for value in upstream {
        let text = std::str::from_utf8(value).ok()?.trim();
        if !text.starts_with('"') || names().any(|name| text.contains(name)) {
            return None;
        }
        joined.push_str(text);
        joined.push_str(", ");
    }
    joined.push_str(ours);
    Some(joined)
}

#[cfg(test)]
mod tests;
