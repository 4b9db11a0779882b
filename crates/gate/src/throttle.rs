//! What a judged request spends, and what its client is told of that.
//!
//! Asked after the verdict on the request itself, so that what is refused costs nothing. What cannot be counted, because
//! other workers always were first, does not pass where the throttle is enforced.

mod capacity;
mod sockets;

pub use capacity::hold_to_capacity;
pub use sockets::spend_message;
pub(crate) use sockets::{attempt, close_socket, open_socket};

use crate::case::Case;
use crate::effect::Effect;
use crate::headers::Headers;
use crate::judge::{Judged, Judgement};
use crate::time::Timestamp;
use crate::worker::WorkerEffect;
use crate::world::World;
use capacity::{beyond, overlooked, quota};
use portcullis_cost::Cost;
use portcullis_policy::throttles::{
    Buckets, Excess, Lease, Live, Noticed, Opening, OperationKey, RateLimit, Spend, Spending, Standing,
    Taken, correct, join, rate_limit, spend,
};
use portcullis_policy::{Mode, Policy, Refusal, Switch, Verdict};
use portcullis_report::{ClientOutcome, Metric, Reason, ThrottleLabel, header};
use serde_json::{Value, json};

/// The reasons that throttles have.
const BY_THROTTLES: [Reason; 6] = [
    Reason::Throttled,
    Reason::Streams,
    Reason::Quota,
    Reason::Contention,
    Reason::SocketAttempts,
    Reason::SocketCount,
];

/// Whether a reason is one that throttles have.
pub fn is_by_throttles(reason: Reason) -> bool {
    BY_THROTTLES.contains(&reason)
}

/// What came of asking the throttles.
#[derive(Debug, Default)]
pub(crate) struct Throttled {
    /// What was taken, and is corrected when it is known what was spent.
    taken: Taken,
    /// The stream that it may be.
    lease: Option<Lease>,
    /// How the throttle stands that speaks.
    standing: Option<Standing>,
    /// Milliseconds after which the client may come again.
    wait_ms: Option<u64>,
    /// The throttle for which the request is refused.
    denied_by: Option<usize>,
    /// The throttles that would have refused it, and only count.
    shadowed_by: Vec<usize>,
    noticed: Noticed,
}

/// A throttle that would not have let a request through, and only counts.
struct Overlooked {
    /// By its place among all throttles.
    throttle: usize,
    refusal: Refusal,
}

/// Takes what an allowed request costs from every bucket that it is to be taken from, and counts it where it may be a
/// stream; or refuses it, and takes nothing. Throttles that only count take as others do, so that they count what they
/// would have refused.
pub(crate) fn charge(judgement: Judgement, case: &mut Case, world: &mut World<'_>) -> Judgement {
    match judgement.verdict {
        Verdict::Allow => (),
        Verdict::Deny(_) => return judgement,
    }
    let policy = world.policy;
    let judgement = weigh(case.ruled().map(|()| Vec::new()), Reason::Blocked, judgement, case, policy);
    match judgement.verdict {
        Verdict::Allow => (),
        Verdict::Deny(_) => return judgement,
    }
    let opened = match is_spared(&judgement, Reason::Streams, policy) {
        true => Ok(Vec::new()),
        false => open(&judgement, case, world),
    };
    let judgement = weigh(opened, Reason::Streams, judgement, case, policy);
    match judgement.verdict {
        Verdict::Allow if !is_spared(&judgement, Reason::Throttled, policy) => (),
        Verdict::Allow | Verdict::Deny(_) => return judgement,
    }
    let taken = take(&judgement, case, world);
    let is_taken = taken.is_ok();
    let judgement = weigh(taken, Reason::Throttled, judgement, case, policy);
    let is_stream = judgement.verdict == Verdict::Allow && policy.mode(Reason::Streams) == Mode::Enforce;
    if !is_taken && !is_stream {
        let lease = case.throttled.lease();
        case.throttled.noticed.add(close(lease, world));
    }
    judgement
}

/// A throttle that only counts takes nothing from a request that would have been refused before: what it counts is what
/// it would have refused, were all of it enforced.
fn is_spared(judgement: &Judgement, by: Reason, policy: &Policy) -> bool {
    policy.mode(by) == Mode::Shadow && judgement.shadowed().is_some()
}

/// Refuses what a throttle does not let through, unless the policy says that this only counts; contention counts as
/// that for which it was met. What passes is noted where a throttle has overlooked it.
fn weigh(
    outcome: Result<Vec<Overlooked>, Refusal>,
    by: Reason,
    judgement: Judgement,
    case: &mut Case,
    policy: &Policy,
) -> Judgement {
    let refusal = match outcome {
        Err(refusal) => refusal,
        Ok(overlooked) => {
            return overlooked.into_iter().fold(judgement, |judgement, Overlooked { throttle, refusal }| {
                case.throttled.shadowed_by.push(throttle);
                judgement.noted(refusal)
            });
        }
    };
    let by = if refusal.reason == Reason::Contention { by } else { refusal.reason };
    match policy.mode(by) {
        Mode::Enforce => {
            // What is refused is in no throttle's shadow.
            case.throttled.shadowed_by.clear();
            judgement.refused_as_whole(refusal)
        }
        Mode::Shadow => {
            let found = &mut case.throttled;
            found.wait_ms = None;
            found.shadowed_by.extend(found.denied_by.take());
            judgement.noted(refusal)
        }
    }
}

fn take(judgement: &Judgement, case: &mut Case, world: &mut World<'_>) -> Result<Vec<Overlooked>, Refusal> {
    let throttles = &world.policy.throttles;
    if throttles.rules().is_empty() {
        return Ok(Vec::new());
    }
    let operations: Vec<OperationKey<'_>> = judgement.operations.iter().map(key).collect();
    let (share, quota) = (case.share(), quota(world.policy));
    let request = Spend { client: &case.client, operations: &operations, share, quota };
    let (said, noticed) = spend(throttles, world.places, request, world.buckets, world.now);
    let found = &mut case.throttled;
    found.noticed.add(noticed);
    match said {
        Spending::Passes(mut taken) => {
            let missed = std::mem::take(&mut taken.missed);
            found.standing = taken.standing;
            found.taken = taken;
            Ok(missed.into_iter().map(overlooked).collect())
        }
        Spending::Waits { millis, standing } => {
            found.standing = Some(standing);
            found.wait_ms = Some(millis);
            found.denied_by = Some(standing.rule);
            Err(Refusal::because(Reason::Throttled))
        }
        Spending::Exceeds { rule, capacity, wanted } => {
            found.denied_by = Some(rule);
            Err(beyond(Excess { rule, capacity, wanted }))
        }
        Spending::Contended => Err(Refusal::because(Reason::Contention)),
    }
}

/// Counts a response that may be a stream as one that is open.
fn open(judgement: &Judgement, case: &mut Case, world: &mut World<'_>) -> Result<Vec<Overlooked>, Refusal> {
    let throttles = &world.policy.throttles;
    if throttles.streams().is_empty() || !judgement.may_stream(case.streams) {
        return Ok(Vec::new());
    }
    // Limits of streams come after the throttles where all are numbered.
    let place = |limit: usize| throttles.rules().len().saturating_add(limit);
    let full = |limit: usize| {
        let max = throttles.streams().get(limit).map(|limit| u64::from(limit.max));
        Refusal { limit: max, ..Refusal::because(Reason::Streams) }
    };
    let (said, noticed) = world.live.open(throttles, world.places, &case.client, world.buckets, world.now);
    let found = &mut case.throttled;
    found.noticed.add(noticed);
    match said {
        Opening::Opened(lease) => {
            let missed = lease.missed().iter();
            let overlooked =
                missed.map(|limit| Overlooked { throttle: place(*limit), refusal: full(*limit) });
            let overlooked = overlooked.collect();
            found.lease = Some(lease);
            Ok(overlooked)
        }
        Opening::Full { limit } => {
            found.denied_by = Some(place(limit));
            Err(full(limit))
        }
        Opening::Contended => Err(Refusal::because(Reason::Contention)),
    }
}

fn close(lease: Option<Lease>, world: &mut World<'_>) -> Noticed {
    lease.map(|lease| world.live.close(lease, world.buckets, world.now)).unwrap_or_default()
}

/// A stream is over, or turned out to be none.
pub(crate) fn end(lease: Option<Lease>, world: &mut World<'_>) -> Vec<Effect> {
    noticed(close(lease, world)).map(|(metric, count)| Effect::Count(metric, count)).collect()
}

/// Says of a worker's streams that they are still open; at each tick.
pub fn renew_streams(live: &mut Live, buckets: &mut dyn Buckets, now: Timestamp) -> Vec<WorkerEffect> {
    noticed(live.renew(buckets, now)).map(|(metric, count)| WorkerEffect::Count(metric, count)).collect()
}

fn key(judged: &Judged) -> OperationKey<'_> {
    OperationKey {
        name: judged.name.as_deref(),
        shape: judged.shape.map(|shape| shape.0),
        cost: judged.cost().unwrap_or_default(),
    }
}

/// Corrects what was taken by what the operations cost in the end.
pub(crate) fn settle(taken: &Taken, actual: &[Option<Cost>], world: &mut World<'_>) -> Vec<Effect> {
    let throttles = &world.policy.throttles;
    let found = correct(throttles, taken, actual, world.buckets, world.now);
    noticed(found).map(|(metric, count)| Effect::Count(metric, count)).collect()
}

impl Throttled {
    /// What was taken; nothing is known of it afterwards.
    pub(crate) fn take(&mut self) -> Taken {
        std::mem::take(&mut self.taken)
    }

    /// The stream that it may be; nothing is known of it afterwards.
    pub(crate) fn lease(&mut self) -> Option<Lease> {
        self.lease.take()
    }

    /// The seconds that the client is told to wait, rounded up.
    pub(crate) fn wait_seconds(&self) -> Option<u64> {
        self.wait_ms.map(|millis| millis.div_ceil(1_000).max(1))
    }
}

/// What a client is told of its throttles, where its class is told that.
pub(crate) fn told(case: &Case, policy: &Policy) -> Option<RateLimit> {
    // Who is never told to wait is not to hold back.
    let is_enforced = policy.mode(Reason::Throttled) == Mode::Enforce;
    let is_told = is_enforced && case.sight.throttles == Switch::On;
    let standing = case.throttled.standing.filter(|_| is_told)?;
    rate_limit(&policy.throttles, case.client.class, &standing)
}

/// The headers of a response of the gate's own.
pub(crate) fn answer_headers(limit: RateLimit) -> Vec<(&'static str, String)> {
    let RateLimit { policies, limit, legacy } = limit;
    let mut list = vec![(header::RATE_LIMIT_POLICY, policies), (header::RATE_LIMIT, limit)];
    list.extend(legacy_headers(legacy));
    list
}

/// The headers of an upstream's response, which may speak of limits of its own: both, or those of the upstream.
pub(crate) fn response_headers(limit: RateLimit, upstream: Headers<'_>) -> Vec<Effect> {
    let RateLimit { policies, limit, legacy } = limit;
    let behind = |name: &'static str, ours: &str| Some((name, join(upstream.all(name), ours)?));
    // One without the other says nothing.
    let both = behind(header::RATE_LIMIT_POLICY, &policies).zip(behind(header::RATE_LIMIT, &limit));
    let is_free = header::LEGACY_RATE_LIMIT.iter().all(|name| upstream.all(name).next().is_none());
    let legacy = legacy_headers(legacy).filter(|_| is_free);
    let fields = both.into_iter().flat_map(<[_; 2]>::from).chain(legacy);
    fields.map(|(name, value)| Effect::SetResponseHeader(name, value)).collect()
}

fn legacy_headers(values: Option<[u64; 3]>) -> impl Iterator<Item = (&'static str, String)> {
    let named = values.map(|values| header::LEGACY_RATE_LIMIT.into_iter().zip(values));
    named.into_iter().flatten().map(|(name, value)| (name, value.to_string()))
}

/// `extensions.cost` of a response: what was asked for, and how the throttle that speaks stands, where it is enforced.
pub(crate) fn cost(case: &Case, cost: Option<Cost>, policy: &Policy) -> Option<Value> {
    let requested = cost.filter(|_| case.sight.cost == Switch::On)?;
    let mut told = json!({ "requestedQueryCost": requested.units() });
    let is_enforced = policy.mode(Reason::Throttled) == Mode::Enforce;
    let standing = case.throttled.standing.filter(|_| is_enforced);
    let rule = standing.and_then(|standing| Some((standing, policy.throttles.rules().get(standing.rule)?)));
    if let Some((standing, rule)) = rule {
        let status = json!({
            "throttle": rule.name,
            "maximumAvailable": rule.rate.capacity().units(),
            "currentlyAvailable": standing.available.milli() / 1_000,
            "restoreRate": rule.rate.per_second(),
        });
        if let Some(object) = told.as_object_mut() {
            object.insert("throttleStatus".to_owned(), status);
        }
    }
    Some(told)
}

/// What is counted of the client, and of its throttles.
pub(crate) fn counts(case: &Case, verdict: Verdict) -> Vec<Effect> {
    let outcome = match verdict {
        Verdict::Allow => ClientOutcome::Allowed,
        Verdict::Deny(refusal) if is_by_throttles(refusal.reason) => ClientOutcome::Throttled,
        Verdict::Deny(_) => ClientOutcome::Refused,
    };
    let class = Metric::ClientRequests(case.client.class.into(), outcome);
    let denied = case.throttled.denied_by.and_then(|rule| u8::try_from(rule).ok());
    let denied = denied.map(|rule| Metric::ThrottleDenied(ThrottleLabel(rule)));
    let shadowed = case.throttled.shadowed_by.iter().filter_map(|rule| u8::try_from(*rule).ok());
    let shadowed = shadowed.map(|rule| Metric::ThrottleShadowed(ThrottleLabel(rule)));
    let ones =
        std::iter::once(class).chain(case.touched()).chain(denied).chain(shadowed).map(|metric| (metric, 1));
    let all = ones.chain(noticed(case.throttled.noticed));
    all.map(|(metric, count)| Effect::Count(metric, count)).collect()
}

fn noticed(Noticed { contended, unreadable, overflowed }: Noticed) -> impl Iterator<Item = (Metric, u64)> {
    let counts = [
        (Metric::ThrottlesContended, contended),
        (Metric::ThrottlesUnreadable, unreadable),
        (Metric::ThrottlesOverflowed, overflowed),
    ];
    counts.into_iter().filter(|(_, count)| *count > 0)
}
