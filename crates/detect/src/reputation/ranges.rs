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
        let range = match scope {
            Scope::Ip(address) => range(address)?,
            // What one client is of IPv6, and no range that scenarios speak of.
            Scope::Cidr(client) if client.address().is_ipv6() && client.prefix() == 64 => {
                range(client.address())?
            }
            Scope::Cidr(_) | Scope::ClientKey(_) => return None,
        };
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

    pub(super) fn advance(&mut self, now: Moment) {
        while self.members.pop_over(now).is_some() {}
    }

    pub(super) fn evicted(&self) -> u64 {
        self.members.evicted()
    }
}
