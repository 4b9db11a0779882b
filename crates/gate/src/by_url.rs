//! A `GET` by its request target alone, for `portcullis explain`: the steps of an exchange without headers.

use crate::admission::{get, too_long};
use crate::held::Held;
use crate::intake::Place;
use crate::judge::{Desk, Judgement};
use crate::route::{Routed, routed, target};
use crate::time::Timestamp;
use crate::world::World;
use portcullis_policy::decisions::DecisionSet;
use portcullis_policy::throttles::{Live, Places, Shelf};
use portcullis_policy::{Policy, ProfileId};

/// The profile that the route of a request target names, if it names one; nothing at all when it is not under the policy.
pub fn profile_of_url(policy: &Policy, url: &[u8]) -> Option<Option<ProfileId>> {
    routed(&target(url), &policy.routes).map(|routed| routed.profile)
}

/// The document id in the path of a request target, which its judgement goes by.
pub fn id_of_url(policy: &Policy, url: &[u8]) -> Option<String> {
    routed(&target(url), &policy.routes).and_then(|routed| routed.id)
}

/// Judges a `GET` of a request target, `/graphql?query=…`, or of an absolute URL; nothing when it is not under the policy.
pub fn judge_url(policy: &Policy, url: &[u8], desk: &mut Desk) -> Option<Judgement> {
    let target = target(url);
    let Routed { id, .. } = routed(&target, &policy.routes)?;
    let place = Place { query: target.query.to_vec(), id };
    let intake =
        if url.len() > policy.limits.url_bytes { Err(too_long(url, policy)) } else { get(place, policy) };
    let (now, entropy) = (Timestamp::from_millis(0), [0; 10]);
    // Judged alone, as if nobody had spent anything.
    let (held, live, buckets) = (&mut Held::default(), &mut Live::default(), &mut Shelf::default());
    let mut world = World {
        now,
        policy,
        decisions: &DecisionSet::default(),
        entropy,
        desk,
        held,
        places: &Places::default(),
        live,
        buckets,
    };
    Some(match intake {
        Ok(intake) => intake.judge(&mut world).remembered(policy, world.desk),
        Err(refusal) => Judgement::unparsed(refusal, policy),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_policy::Verdict;
    use portcullis_report::Reason;

    #[track_caller]
    fn check(policy: &str, url: &str, expected: Option<Result<(), Reason>>) {
        let policy = Policy::parse(policy).unwrap();
        let found = judge_url(&policy, url.as_bytes(), &mut Desk::default());
        let found = found.map(|judgement| match judgement.verdict {
            Verdict::Allow => Ok(()),
            Verdict::Deny(refusal) => Err(refusal.reason),
        });
        assert_eq!(found, expected, "{url}");
    }

    #[test]
    fn a_url_is_judged_as_the_get_it_is() {
        check("", "/graphql?query={a}", Some(Ok(())));
        check("", "https://shop.example/graphql?query={a}", Some(Ok(())));
        check("", "/graphql?query=mutation{a}", Some(Err(Reason::GetMutation)));
        check("", "/graphql?query={a}&query={b}", Some(Err(Reason::Ambiguous)));
        check("", "/graphql/sha256:ab", Some(Err(Reason::UntrustedId)));
        check("", "/other?query={a}", None);
        check("graphql: {transports: {get: false}}", "/graphql?query={a}", Some(Err(Reason::Method)));
    }

    #[test]
    fn the_limit_of_urls_is_inclusive() {
        let policy = "graphql: {limits: {url_bytes: 18}}";
        check(policy, "/graphql?query={a}", Some(Ok(())));
        check(policy, "/graphql?query={ab}", Some(Err(Reason::UrlSize)));
    }
}
