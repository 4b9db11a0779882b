//! What a bouncer has to be told that changed: who is blocked since it asked, and who is not any more.
//!
//! Bouncers know clients by their address or range, so what is told is about that, and not about one decision: somebody
//! is taken back only when no block of those that the bouncer wants is left, and whom an allow covers is not blocked.

use super::wire::{Filter, Stream, decisions, gone};
use crate::store::Kept;
use portcullis_detect::{Moment, Roster};
use portcullis_report::{Action, Cidr, Scope};
use std::collections::BTreeSet;

/// What changed for a bouncer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Changes<'a> {
    /// The revision that it knows.
    pub(super) after: u64,
    /// Decisions that were made, changed, taken back or ran out since.
    pub(super) changed: &'a [Kept],
}

/// Everything that is blocked, of what holds.
pub(super) fn all<'a>(
    holding: impl Iterator<Item = &'a Kept> + Clone,
    filter: &Filter<'_>,
    now_ms: u64,
) -> Stream {
    let allowed = allowed(holding.clone());
    let now = Moment::from_millis(now_ms);
    let blocks = holding.filter(|kept| !allowed.covers(&kept.scope, now));
    Stream { new: decisions(blocks, filter, now_ms), deleted: Vec::new() }
}

/// What of that is new, and what is not so any more.
pub(super) fn since<'a>(
    changes: Changes<'a>,
    holding: impl Iterator<Item = &'a Kept> + Clone,
    filter: &Filter<'_>,
    now_ms: u64,
) -> Stream {
    let now = Moment::from_millis(now_ms);
    let allowed = allowed(holding.clone());
    // Who was allowed, or is, may be blocked from here on, or not any more.
    let moved = roster(changes.changed.iter().filter(|kept| kept.action == Action::Allow));
    let touched: BTreeSet<Scope> = changes.changed.iter().map(|kept| kept.scope).collect();
    let blocks = holding.filter(|kept| kept.action == Action::Block);
    let blocks =
        blocks.filter(|kept| touched.contains(&kept.scope) || moved.covers(&kept.scope, Moment::default()));
    let (spared, blocks): (Vec<&Kept>, Vec<&Kept>) =
        blocks.partition(|kept| allowed.covers(&kept.scope, now));
    let is_blocked: BTreeSet<(Scope, u64)> =
        blocks.iter().filter(|kept| filter.wants(kept)).map(|kept| filter.place(kept)).collect();
    // One that was made since it asked it does not know; and what is no block may have been one only if it was changed.
    let after = changes.after;
    let known = changes.changed.iter().chain(spared).filter(|kept| kept.id <= after);
    let known = known.filter(|kept| kept.action == Action::Block || kept.revision > after);
    let lost = known.filter(|kept| !is_blocked.contains(&filter.place(kept)));
    Stream { deleted: gone(lost, filter, now_ms), new: decisions(blocks, filter, now_ms) }
}

/// Whom an allow covers.
fn allowed<'a>(holding: impl Iterator<Item = &'a Kept>) -> Roster {
    roster(holding.filter(|kept| kept.action == Action::Allow))
}

fn roster<'a>(decisions: impl Iterator<Item = &'a Kept>) -> Roster {
    let mut roster = Roster::default();
    for kept in decisions {
        // Of an IPv6 address only itself, as at the edge.
        let scope = match kept.scope {
            Scope::Ip(address) => {
                let bits = if address.is_ipv4() { 32 } else { 128 };
                Cidr::around(address, bits).map_or(kept.scope, Scope::Cidr)
            }
            Scope::Cidr(_) | Scope::ClientKey(_) => kept.scope,
        };
        roster.add(scope, Moment::from_millis(kept.expires_ms));
    }
    roster
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_redact::Redacted;

    const NOW: u64 = 1_000_000_000;
    const HOUR: u64 = 3_600_000;
    /// The revision that the bouncer knows; ids up to it are of decisions that it was told.
    const AFTER: u64 = 100;

    fn block(id: u64, target: &str) -> Kept {
        Kept {
            id,
            revision: AFTER + id,
            action: Action::Block,
            scope: crate::decisions::target::target(target).unwrap(),
            reason: Redacted::fixed("GraphQL bomb").into(),
            origin: Redacted::fixed("scenario").into(),
            created_ms: NOW,
            created_by: Redacted::fixed("test").into(),
            expires_ms: NOW + HOUR,
            until_ms: NOW + HOUR,
            removed_ms: None,
        }
    }

    fn operator(id: u64, target: &str) -> Kept {
        Kept { origin: Redacted::fixed("operator").into(), expires_ms: NOW + 9 * HOUR, ..block(id, target) }
    }

    fn allow(id: u64, target: &str) -> Kept {
        Kept { action: Action::Allow, ..operator(id, target) }
    }

    fn removed(kept: Kept) -> Kept {
        Kept { removed_ms: Some(NOW), ..kept }
    }

    #[track_caller]
    fn check_for(filter: &Filter<'_>, changed: &[&Kept], holding: &[&Kept], new: &[u64], deleted: &[u64]) {
        let own = |all: &[&Kept]| all.iter().map(|kept| (*kept).clone()).collect::<Vec<_>>();
        let (changed, holding) = (own(changed), own(holding));
        let changes = Changes { after: AFTER, changed: &changed };
        let stream = since(changes, holding.iter().filter(|kept| kept.holds(NOW)), filter, NOW);
        let ids = |wires: &[super::super::wire::Wire]| wires.iter().map(|wire| wire.id()).collect::<Vec<_>>();
        assert_eq!((ids(&stream.new), ids(&stream.deleted)), (new.to_vec(), deleted.to_vec()));
    }

    #[track_caller]
    fn check(changed: &[&Kept], holding: &[&Kept], new: &[u64], deleted: &[u64]) {
        check_for(&Filter::default(), changed, holding, new, deleted);
    }

    #[test]
    fn who_is_still_blocked_is_not_taken_back() {
        let (one, other) = (block(1, "192.0.2.7"), operator(2, "192.0.2.7"));
        let over = Kept { expires_ms: NOW, ..one.clone() };
        check(&[&over], &[&over], &[], &[1]);
        check(&[&over], &[&over, &other], &[2], &[]);
        check(&[&removed(one.clone())], &[&other], &[2], &[]);
        // To who wants the one only, the other is nobody's.
        let scenario = Filter { origins: Some("scenario"), ..Filter::default() };
        check_for(&scenario, &[&over], &[&over, &other], &[], &[1]);
        // Who wants every decision is told of every one.
        let all = Filter { all: true, ..Filter::default() };
        check_for(&all, &[&over], &[&over, &other], &[2], &[1]);
    }

    #[test]
    fn a_block_that_became_something_else_is_taken_back() {
        let throttle = Kept { action: Action::Throttle { factor_milli: 5 }, ..block(1, "192.0.2.7") };
        check(&[&throttle], &[&throttle], &[], &[1]);
        check(&[&allow(1, "10.0.0.0/8")], &[&allow(1, "10.0.0.0/8")], &[], &[1]);
        // One that was never a block for it, or was made and removed between two questions, it does not know.
        let later = Kept { id: 101, ..throttle };
        check(&[&later], &[&later], &[], &[]);
        check(&[&removed(block(101, "192.0.2.7"))], &[], &[], &[]);
    }

    #[test]
    fn whom_an_allow_covers_is_not_blocked_until_it_ends() {
        let blocks =
            [block(1, "10.1.2.3"), block(2, "10.1.0.0/16"), block(3, "192.0.2.7"), block(4, "10.0.0.0/8")];
        let rule = allow(101, "10.1.0.0/16");
        let with = |allow: &Kept| [blocks.to_vec(), vec![allow.clone()]].concat();
        check(&[&rule], &with(&rule).iter().collect::<Vec<_>>(), &[], &[1, 2]);
        let stream = all(with(&rule).iter(), &Filter::default(), NOW);
        assert_eq!(stream.new.iter().map(|wire| wire.id()).collect::<Vec<_>>(), [3, 4]);
        let over = removed(rule);
        check(&[&over], &with(&over).iter().collect::<Vec<_>>(), &[1, 2], &[]);
        // A block that is made under an allow is none.
        let fresh = block(102, "10.1.9.9");
        let known = allow(5, "10.1.0.0/16");
        check(&[&fresh], &[&fresh, &known], &[], &[]);
        // Of IPv6 an address is itself, and not its network.
        let (one, other) = (block(1, "2001:db8::1"), block(2, "2001:db8::2"));
        let rule = allow(103, "2001:db8::1");
        check(&[&rule], &[&one, &other, &rule], &[], &[1]);
    }
}
