//! What attempts to open sockets, open sockets and their messages take from their throttles.

use super::{Throttled, close};
use crate::case::Case;
use crate::effect::Effect;
use crate::world::World;
use portcullis_cost::Cost;
use portcullis_policy::decisions::Share;
use portcullis_policy::throttles::{Noticed, Opening, OperationKey, Spend, Spending, spend};
use portcullis_policy::{Client, Mode, Policy, Refusal, Throttles};
use portcullis_report::{Metric, Reason, ThrottleLabel};

/// What is taken: one, of no operation.
const ONE: [OperationKey<'static>; 1] = [OperationKey { name: None, shape: None, cost: Cost::ZERO }];

/// Takes an attempt from every bucket of attempts, or none.
pub(crate) fn attempt(case: &mut Case, world: &mut World<'_>) -> Result<(), Refusal> {
    let throttles = &world.policy.websocket.handshakes;
    if throttles.rules().is_empty() {
        return Ok(());
    }
    let request = Spend { client: &case.client, operations: &ONE, share: Share::ALL, quota: Mode::Enforce };
    let (said, noticed) = spend(throttles, world.places.handshakes(), request, world.buckets, world.now);
    let found = &mut case.throttled;
    found.noticed.add(noticed);
    match said {
        Spending::Passes(_) => Ok(()),
        Spending::Waits { millis, standing } => {
            found.wait_ms = Some(millis);
            found.denied_by = Some(before(world.policy).saturating_add(standing.rule));
            Err(Refusal::because(Reason::SocketAttempts))
        }
        // A bucket of attempts holds at least one.
        Spending::Exceeds { .. } | Spending::Contended => Err(Refusal::because(Reason::SocketAttempts)),
    }
}

/// Counts a socket as one that is open, at every limit that applies to the client or at none.
pub(crate) fn open_socket(case: &mut Case, world: &mut World<'_>) -> Result<(), Refusal> {
    let throttles = &world.policy.websocket.handshakes;
    if throttles.streams().is_empty() {
        return Ok(());
    }
    let places = world.places.handshakes();
    let (said, noticed) = world.live.open(throttles, places, &case.client, world.buckets, world.now);
    let found = &mut case.throttled;
    found.noticed.add(noticed);
    match said {
        Opening::Opened(lease) => {
            found.lease = Some(lease);
            Ok(())
        }
        Opening::Full { limit } => {
            let place = before(world.policy).saturating_add(throttles.rules().len()).saturating_add(limit);
            found.denied_by = Some(place);
            let max = throttles.streams().get(limit).map(|limit| u64::from(limit.max));
            Err(Refusal { limit: max, ..Refusal::because(Reason::SocketCount) })
        }
        Opening::Contended => Err(Refusal::because(Reason::SocketCount)),
    }
}

/// Gives back what [`open_socket`] counted.
pub(crate) fn close_socket(case: &mut Case, world: &mut World<'_>) -> Vec<Effect> {
    let noticed = close(case.throttled.lease(), world);
    super::noticed(noticed).map(|(metric, count)| Effect::Count(metric, count)).collect()
}

/// Takes one message of a client from every bucket of messages (`websocket.messages`), or none; what is counted beside the
/// answer comes with it.
pub fn spend_message(client: &Client, world: &mut World<'_>) -> (Result<(), Refusal>, Vec<Effect>) {
    let throttles = &world.policy.websocket.messages;
    if throttles.rules().is_empty() {
        return (Ok(()), Vec::new());
    }
    let request = Spend { client, operations: &ONE, share: Share::ALL, quota: Mode::Enforce };
    let (said, noticed) = spend(throttles, world.places.messages(), request, world.buckets, world.now);
    let mut list = counted(noticed);
    let refusal = match said {
        Spending::Passes(_) => return (Ok(()), list),
        Spending::Waits { standing, .. } => {
            let place = before(world.policy)
                .saturating_add(all(&world.policy.websocket.handshakes))
                .saturating_add(standing.rule);
            list.extend(spoken(place, world.policy.mode(Reason::SocketMessages)));
            Refusal::because(Reason::SocketMessages)
        }
        Spending::Exceeds { .. } | Spending::Contended => Refusal::because(Reason::SocketMessages),
    };
    (Err(refusal), list)
}

impl Throttled {
    /// The throttle that spoke only counts.
    pub(crate) fn only_count(&mut self) {
        self.wait_ms = None;
        self.shadowed_by.extend(self.denied_by.take());
    }
}

/// Throttles that come before those of sockets where all are numbered.
fn before(policy: &Policy) -> usize {
    all(&policy.throttles)
}

fn all(throttles: &Throttles) -> usize {
    throttles.rules().len().saturating_add(throttles.streams().len())
}

/// What is counted of a throttle that does not let something through, or only counts that.
fn spoken(place: usize, mode: Mode) -> Option<Effect> {
    let label = ThrottleLabel(u8::try_from(place).ok()?);
    let metric = match mode {
        Mode::Enforce => Metric::ThrottleDenied(label),
        Mode::Shadow => Metric::ThrottleShadowed(label),
    };
    Some(Effect::Count(metric, 1))
}

fn counted(noticed: Noticed) -> Vec<Effect> {
    super::noticed(noticed).map(|(metric, count)| Effect::Count(metric, count)).collect()
}
