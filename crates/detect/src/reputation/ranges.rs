//! Ranges of which many clients are blocked.

use crate::moment::Moment;
use crate::observation::range;
use crate::tracked::Tracked;
use portcullis_report::{Cidr, Scope};

/// The blocked clients of each range, as far as they matter.
#[derive(Clone, Debug)]
pub(super) struct Ranges {
    members: Tracked<Cidr, Vec<(Scope, Moment)>>,
    enough: usize,
}

impl Ranges {
    pub(super) fn new(room: usize, enough: usize) -> Self {
        Self { members: Tracked::new(room), enough: enough.clamp(2, 256) }
    }

    /// A client is blocked; its range, when so many are that all of it should be.
    pub(super) fn blocked(&mut self, scope: Scope, until: Moment, at: Moment) -> Option<(Cidr, usize)> {
        let range = around(&scope)?;
        let mut members = self.members.take(&range).map(|(_, members)| members).unwrap_or_default();
        members.retain(|(known, until)| *known != scope && *until > at);
        if members.len() >= self.enough {
            members.remove(0);
        }
        members.push((scope, until));
        let last = members.iter().map(|(_, until)| *until).max().unwrap_or(until);
        let count = members.len();
        self.members.put(range, members, last);
        (count >= self.enough).then_some((range, count))
    }

    /// A client counts no more; of a range, none of its clients.
    pub(super) fn forgive(&mut self, scope: &Scope) {
        if let Scope::Cidr(range) = scope {
            drop(self.members.take(range));
        }
        let Some(range) = around(scope) else { return };
        let Some((end, mut members)) = self.members.take(&range) else { return };
        members.retain(|(known, _)| known != scope);
        if !members.is_empty() {
            self.members.put(range, members, end);
        }
    }

    pub(super) fn advance(&mut self, now: Moment) {
        while self.members.pop_over(now).is_some() {}
    }

    pub(super) fn evicted(&self) -> u64 {
        self.members.evicted()
    }
}

/// The range of which a client is one.
fn around(scope: &Scope) -> Option<Cidr> {
    match scope {
        Scope::Ip(address) => range(*address),
        // What one client is of IPv6, and no range that scenarios speak of.
        Scope::Cidr(client) if client.address().is_ipv6() && client.prefix() == 64 => range(client.address()),
        Scope::Cidr(_) | Scope::ClientKey(_) => None,
    }
}
