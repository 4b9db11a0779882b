//! How many authenticated users share an address: behind it may be an office, a campus or a carrier.

use crate::moment::{Moment, Span};
use crate::tracked::Tracked;
use crate::whom::Whom;
use portcullis_report::Scope;

/// For how long somebody who was seen at an address counts.
const LASTS: Span = Span::from_hours(24);

/// The authenticated users of each address and range, as far as they matter.
#[derive(Clone, Debug)]
pub(super) struct Crowd {
    users: Tracked<Whom, Vec<Seen>>,
    /// Others that make an address a shared one.
    others: usize,
}

/// A user who was seen: half of the key, which tells users apart well enough, and when it is forgotten.
#[derive(Clone, Copy, Debug)]
struct Seen {
    user: u64,
    ends: Moment,
}

impl Crowd {
    pub(super) fn new(room: usize, others: usize) -> Self {
        Self { users: Tracked::new(room), others: others.clamp(1, 64) }
    }

    /// Of more users than matter the latest are kept.
    pub(super) fn meet(&mut self, scope: &Scope, user: u128, at: Moment) {
        let (user, whom, ends) = (half(user), Whom::from(scope), at.after(LASTS));
        let mut users = self.users.take(&whom).map(|(_, users)| users).unwrap_or_default();
        users.retain(|seen| seen.user != user && seen.ends > at);
        // One more than matters: the offender may be among them.
        if users.len() > self.others {
            users.remove(0);
        }
        users.reserve_exact(1);
        users.push(Seen { user, ends });
        self.users.put(whom, users, ends);
    }

    /// Whether enough users share it beside the one whom a detection is about.
    pub(super) fn is_shared(&self, scope: &Scope, but: Option<u128>, at: Moment) -> bool {
        let Some(users) = self.users.get(&scope.into(), at) else { return false };
        let but = but.map(half);
        users.iter().filter(|seen| Some(seen.user) != but && seen.ends > at).count() >= self.others
    }

    pub(super) fn advance(&mut self, now: Moment) {
        while self.users.pop_over(now).is_some() {}
    }

    pub(super) fn evicted(&self) -> u64 {
        self.users.evicted()
    }
}

fn half(user: u128) -> u64 {
    u64::try_from(user & u128::from(u64::MAX)).unwrap_or_default()
}
