//! Decisions in the words of CrowdSec.

use crate::api::text::{Text, Whom};
use crate::store::Kept;
use portcullis_report::{Action, Scope};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What bouncers do to whom we block.
pub(super) const BAN: &str = "ban";
const IP: &str = "Ip";
const RANGE: &str = "Range";

/// An answer of the stream; lists are there even when they are empty.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = crowdsec::Stream)]
pub(super) struct Stream {
    pub(super) new: Vec<Wire>,
    pub(super) deleted: Vec<Wire>,
}

/// A decision.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = crowdsec::Wire)]
pub(super) struct Wire {
    duration: String,
    id: u64,
    origin: Text,
    scenario: Text,
    scope: &'static str,
    r#type: &'static str,
    value: Whom,
}

/// Which decisions a bouncer wants, each a list with commas; nothing said is everything.
#[derive(Debug, Default)]
pub(super) struct Filter<'a> {
    pub(super) scopes: Option<&'a str>,
    pub(super) origins: Option<&'a str>,
    pub(super) containing: Option<&'a str>,
    pub(super) not_containing: Option<&'a str>,
    /// Also the shorter ones of several about the same client.
    pub(super) all: bool,
}

impl Filter<'_> {
    /// Whether the bouncer wants to know of that block.
    pub(super) fn wants(&self, kept: &Kept) -> bool {
        scope(kept).is_some_and(|scope| self.passes(kept, scope))
    }

    /// What is told once: a client, or each decision about it.
    pub(super) fn place(&self, kept: &Kept) -> (Scope, u64) {
        (kept.scope, if self.all { kept.id } else { 0 })
    }

    fn passes(&self, kept: &Kept, scope: &str) -> bool {
        let any = |list: Option<&str>, fits: &dyn Fn(&str) -> bool| {
            list.filter(|list| !list.is_empty()).map(|list| list.split(',').any(fits))
        };
        let contains = |word: &str| kept.reason.as_str().to_lowercase().contains(&word.to_lowercase());
        any(self.scopes, &|word| word.eq_ignore_ascii_case(scope)).unwrap_or(true)
            && any(self.origins, &|word| *word == *kept.origin.as_str()).unwrap_or(true)
            && any(self.containing, &contains).unwrap_or(true)
            && !any(self.not_containing, &contains).unwrap_or(false)
    }
}

/// Whether there are decisions of that scope.
pub(super) fn knows(scope: &str) -> bool {
    [IP, RANGE].iter().any(|known| known.eq_ignore_ascii_case(scope))
}

/// The blocks among the decisions, by client; of several about one client the one that lasts longest.
pub(super) fn decisions<'a>(
    kept: impl IntoIterator<Item = &'a Kept>,
    filter: &Filter<'_>,
    now_ms: u64,
) -> Vec<Wire> {
    let mut longest: BTreeMap<(Scope, u64), &Kept> = BTreeMap::new();
    for kept in kept.into_iter().filter(|kept| filter.wants(kept)) {
        let place = filter.place(kept);
        let there = longest.get(&place).is_some_and(|there| there.expires_ms >= kept.expires_ms);
        if !there {
            longest.insert(place, kept);
        }
    }
    longest.into_values().filter_map(|kept| wire(kept, now_ms)).collect()
}

/// Those about whom the bouncer may believe that they are blocked, whatever it was that they were blocked for.
pub(super) fn gone<'a>(
    kept: impl IntoIterator<Item = &'a Kept>,
    filter: &Filter<'_>,
    now_ms: u64,
) -> Vec<Wire> {
    let any = Filter { scopes: filter.scopes, all: filter.all, ..Filter::default() };
    let blocks: Vec<Kept> =
        kept.into_iter().map(|kept| Kept { action: Action::Block, ..kept.clone() }).collect();
    decisions(&blocks, &any, now_ms)
}

fn scope(kept: &Kept) -> Option<&'static str> {
    match (kept.action, kept.scope) {
        (Action::Block, Scope::Ip(_)) => Some(IP),
        (Action::Block, Scope::Cidr(_)) => Some(RANGE),
        (Action::Block, Scope::ClientKey(_)) | (Action::Throttle { .. } | Action::Allow, _) => None,
    }
}

fn wire(kept: &Kept, now_ms: u64) -> Option<Wire> {
    Some(Wire {
        scope: scope(kept)?,
        duration: duration(kept.removed_ms.unwrap_or(kept.expires_ms).min(kept.expires_ms), now_ms),
        id: kept.id,
        scenario: Text::from(&kept.reason),
        r#type: BAN,
        value: kept.scope.into(),
        origin: Text::from(&kept.origin),
    })
}

/// The time from now to then as Go writes it, to the second; negative when it is over.
fn duration(then_ms: u64, now_ms: u64) -> String {
    let sign = if then_ms < now_ms { "-" } else { "" };
    let seconds = then_ms.abs_diff(now_ms) / 1_000;
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{sign}{seconds}s"),
        (0, minutes) => format!("{sign}{minutes}m{seconds}s"),
        (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}s"),
    }
}

#[cfg(test)]
impl Wire {
    pub(super) fn id(&self) -> u64 {
        self.id
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_redact::Redacted;

    const NOW: u64 = 1_000_000_000;

    fn kept(id: u64, scope: (&str, &str), hours: u64) -> Kept {
        Kept {
            id,
            revision: id,
            action: Action::Block,
            scope: Scope::parse(scope.0, scope.1).unwrap().unwrap(),
            reason: Redacted::fixed("GraphQL bomb").into(),
            origin: Redacted::fixed("scenario").into(),
            created_ms: NOW,
            created_by: Redacted::fixed("test").into(),
            expires_ms: NOW + hours * 3_600_000,
            until_ms: NOW + hours * 3_600_000,
            removed_ms: None,
        }
    }

    #[track_caller]
    fn check(filter: &Filter<'_>, expected: &[u64]) {
        let all = vec![
            kept(1, ("ip", "192.0.2.7"), 1),
            kept(2, ("ip", "192.0.2.7"), 4),
            kept(3, ("cidr", "10.0.0.0/8"), 2),
            kept(4, ("client_key", "0123456789abcdef0123456789abcdef"), 2),
            Kept { action: Action::Allow, ..kept(5, ("ip", "192.0.2.8"), 2) },
            Kept {
                origin: Redacted::fixed("operator").into(),
                reason: Redacted::fixed("by hand").into(),
                ..kept(6, ("ip", "192.0.2.9"), 2)
            },
        ];
        let mut ids: Vec<_> = decisions(&all, filter, NOW).into_iter().map(|wire| wire.id).collect();
        ids.sort_unstable();
        assert_eq!(ids, expected);
    }

    #[test]
    fn blocks_of_addresses_and_ranges_are_told_the_longest_of_each() {
        check(&Filter::default(), &[2, 3, 6]);
        check(&Filter { all: true, ..Filter::default() }, &[1, 2, 3, 6]);
    }

    #[test]
    fn a_bouncer_may_want_some_only() {
        check(&Filter { scopes: Some("range"), ..Filter::default() }, &[3]);
        check(&Filter { scopes: Some("IP,as"), ..Filter::default() }, &[2, 6]);
        check(&Filter { origins: Some("cscli,operator"), ..Filter::default() }, &[6]);
        check(&Filter { containing: Some("BOMB"), ..Filter::default() }, &[2, 3]);
        check(&Filter { not_containing: Some("bomb,x"), ..Filter::default() }, &[6]);
        check(&Filter { scopes: Some(""), ..Filter::default() }, &[2, 3, 6]);
    }

    #[test]
    fn a_decision_is_what_bouncers_read() {
        let json =
            serde_json::to_value(wire(&kept(2, ("ip", "192.0.2.7"), 4), NOW + 1_500).unwrap()).unwrap();
        let expected = serde_json::json!({
            "duration": "3h59m58s", "id": 2, "origin": "scenario", "scenario": "GraphQL bomb", "scope": "Ip",
            "type": "ban", "value": "192.0.2.7",
        });
        assert_eq!(json, expected);
    }

    #[test]
    fn durations_are_written_as_go_does() {
        let check = |then: u64, expected: &str| assert_eq!(duration(then, NOW), expected);
        check(NOW, "0s");
        check(NOW + 59_999, "59s");
        check(NOW + 60_000, "1m0s");
        check(NOW + 3_600_000, "1h0m0s");
        check(NOW + 90 * 86_400_000, "2160h0m0s");
        check(NOW - 2_000, "-2s");
    }
}
