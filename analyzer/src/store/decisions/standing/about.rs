//! The decisions about somebody, by whom they are about: what a bouncer asks before it lets one address in.

use super::Standing;
use crate::store::Kept;
use portcullis_report::{Cidr, Scope};

impl Standing {
    /// Those that hold about this, or about a range around it.
    pub(crate) fn touching(&self, scope: &Scope, now_ms: u64) -> Vec<&Kept> {
        let (address, longest) = match scope {
            Scope::Ip(address) => (address.to_canonical(), u8::MAX),
            Scope::Cidr(range) => (range.address(), range.prefix()),
            Scope::ClientKey(_) => return self.exactly(scope, now_ms).collect(),
        };
        let itself = Some(*scope).filter(|scope| matches!(scope, Scope::Ip(_)));
        let ranges = (0..=longest.min(128)).filter_map(|prefix| Cidr::around(address, prefix).ok());
        let scopes = itself.into_iter().chain(ranges.map(Scope::Cidr));
        scopes.flat_map(|scope| self.exactly(&scope, now_ms).collect::<Vec<_>>()).collect()
    }

    /// Those that hold about this, or about something in it.
    pub(crate) fn within(&self, scope: &Scope, now_ms: u64) -> impl Iterator<Item = &Kept> {
        let starts = match scope {
            // Addresses stand before ranges; of both, what lies in a range stands behind its first.
            Scope::Cidr(range) => vec![Scope::Ip(range.address()), *scope],
            Scope::Ip(_) | Scope::ClientKey(_) => vec![*scope],
        };
        let outer = *scope;
        starts.into_iter().flat_map(move |start| {
            let inside = self
                .scopes
                .range((start, 0)..)
                .take_while(move |(inner, _)| inner.kind() == start.kind() && contains(&outer, inner));
            inside.filter_map(move |(_, id)| self.held(*id, now_ms))
        })
    }

    fn exactly(&self, scope: &Scope, now_ms: u64) -> impl Iterator<Item = &Kept> {
        let ids = self.scopes.range((*scope, 0)..=(*scope, u64::MAX));
        ids.filter_map(move |(_, id)| self.held(*id, now_ms))
    }

    fn held(&self, id: u64, now_ms: u64) -> Option<&Kept> {
        let kept = self.changes.get(self.revisions.get(&id)?)?;
        kept.holds(now_ms).then_some(kept)
    }
}

fn contains(outer: &Scope, inner: &Scope) -> bool {
    match (outer, inner) {
        (Scope::Cidr(outer), Scope::Ip(inner)) => outer.contains(*inner),
        (Scope::Cidr(outer), Scope::Cidr(inner)) => outer.contains(inner.address()),
        (outer, inner) => outer == inner,
    }
}
