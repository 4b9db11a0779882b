//! What a socket carried, and how it ended.

use crate::effect::Effect;
use crate::number::count;
use portcullis_framing::websocket::CloseCode;
use portcullis_policy::Verdict;
use portcullis_report::{
    ClientOutcome, ClosedBy, MessageKind, Metric, OperationKind, Reason, Sender, SocketMetric, Traffic,
};
use std::collections::BTreeMap;

/// What a socket carried since it was asked last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SocketTally {
    /// What the client sent.
    pub from_client: Traffic,
    /// What the server sent.
    pub from_server: Traffic,
    /// Operations that went to the server.
    pub operations: u64,
    /// Operations that were refused.
    pub operations_refused: u64,
    /// For what the gate closed the socket.
    pub rejected: BTreeMap<Reason, u64>,
}

/// How a socket ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Farewell {
    /// The code of the first close.
    pub code: portcullis_report::CloseCode,
    /// Whose it was.
    pub by: ClosedBy,
    /// How long the socket lived.
    pub duration_ms: u64,
    /// The messages of both sides.
    pub messages: u64,
}

#[derive(Debug, Default)]
pub(super) struct Tally {
    since: SocketTally,
    /// What is to be counted at the end of the input at hand.
    pending: BTreeMap<SocketMetric, u64>,
    messages: u64,
    first_close: Option<(ClosedBy, Option<CloseCode>)>,
}

impl Tally {
    pub(super) fn bytes(&mut self, sender: Sender, bytes: usize) {
        let traffic = self.traffic(sender);
        traffic.bytes = traffic.bytes.saturating_add(count(bytes));
        self.add(SocketMetric::Bytes(sender), count(bytes));
    }

    /// A message or a control frame.
    pub(super) fn message(&mut self, sender: Sender, kind: MessageKind) {
        match kind {
            MessageKind::Text | MessageKind::Binary => {
                let traffic = self.traffic(sender);
                traffic.messages = traffic.messages.saturating_add(1);
                self.messages = self.messages.saturating_add(1);
            }
            MessageKind::Ping | MessageKind::Pong | MessageKind::Close => (),
        }
        self.add(SocketMetric::Messages(sender, kind), 1);
    }

    pub(super) fn operation(&mut self, kind: OperationKind, verdict: Verdict) {
        let (outcome, number) = match verdict {
            Verdict::Allow => (ClientOutcome::Allowed, &mut self.since.operations),
            Verdict::Deny(refusal) if crate::throttle::is_by_throttles(refusal.reason) => {
                (ClientOutcome::Throttled, &mut self.since.operations_refused)
            }
            Verdict::Deny(_) => (ClientOutcome::Refused, &mut self.since.operations_refused),
        };
        *number = number.saturating_add(1);
        self.add(SocketMetric::Operations(kind, outcome), 1);
    }

    pub(super) fn rejected(&mut self, reason: Reason) {
        let number = self.since.rejected.entry(reason).or_default();
        *number = number.saturating_add(1);
    }

    /// A close, of which the first counts.
    pub(super) fn closed(&mut self, by: ClosedBy, code: Option<CloseCode>) {
        self.first_close.get_or_insert((by, code));
    }

    pub(super) fn settle(&mut self, list: &mut Vec<Effect>) {
        let pending = std::mem::take(&mut self.pending).into_iter();
        list.extend(pending.map(|(metric, amount)| Effect::Count(Metric::Socket(metric), amount)));
    }

    pub(super) fn take(&mut self) -> SocketTally {
        std::mem::take(&mut self.since)
    }

    pub(super) fn farewell(&self, duration_ms: u64) -> Farewell {
        let (by, code) = self.first_close.unwrap_or((ClosedBy::Nobody, None));
        let code = portcullis_report::CloseCode::of(code.map(|code| code.0));
        Farewell { code, by, duration_ms, messages: self.messages }
    }

    fn traffic(&mut self, sender: Sender) -> &mut Traffic {
        match sender {
            Sender::Client => &mut self.since.from_client,
            Sender::Server => &mut self.since.from_server,
        }
    }

    fn add(&mut self, metric: SocketMetric, amount: u64) {
        let pending = self.pending.entry(metric).or_default();
        *pending = pending.saturating_add(amount);
    }
}

impl Farewell {
    pub(super) fn counts(self) -> [Effect; 3] {
        [
            (SocketMetric::Closes(self.code, self.by), 1),
            (SocketMetric::Duration, self.duration_ms),
            (SocketMetric::MessagesPerSocket, self.messages),
        ]
        .map(|(metric, amount)| Effect::Count(Metric::Socket(metric), amount))
    }
}
