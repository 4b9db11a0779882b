//! What is counted of a socket.

use crate::effect::Effect;
use crate::number::count;
use crate::throttle::is_by_throttles;
use portcullis_framing::websocket::CloseCode;
use portcullis_policy::Verdict;
use portcullis_report::{ClientOutcome, ClosedBy, MessageKind, Metric, OperationKind, Sender, SocketMetric};
use std::collections::BTreeMap;

/// What is counted at the end of the input at hand.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pending: BTreeMap<SocketMetric, u64>,
    closes: Closes,
}

/// Whether a close was counted; the first counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Closes {
    #[default]
    None,
    Counted,
}

impl Tally {
    pub(super) fn bytes(&mut self, sender: Sender, bytes: usize) {
        if bytes > 0 {
            self.add(SocketMetric::Bytes(sender), count(bytes));
        }
    }

    /// A message or a control frame.
    pub(super) fn message(&mut self, sender: Sender, kind: MessageKind) {
        self.add(SocketMetric::Messages(sender, kind), 1);
    }

    pub(super) fn operation(&mut self, kind: OperationKind, verdict: Verdict) {
        let outcome = match verdict {
            Verdict::Allow => ClientOutcome::Allowed,
            Verdict::Deny(refusal) if is_by_throttles(refusal.reason) => ClientOutcome::Throttled,
            Verdict::Deny(_) => ClientOutcome::Refused,
        };
        self.add(SocketMetric::Operations(kind, outcome), 1);
    }

    pub(super) fn closed(&mut self, by: ClosedBy, code: Option<CloseCode>) {
        if self.closes == Closes::None {
            self.closes = Closes::Counted;
            let code = portcullis_report::CloseCode::of(code.map(|code| code.0));
            self.add(SocketMetric::Closes(code, by), 1);
        }
    }

    pub(super) fn settle(&mut self, list: &mut Vec<Effect>) {
        let pending = std::mem::take(&mut self.pending).into_iter();
        list.extend(pending.map(|(metric, amount)| Effect::Count(Metric::Socket(metric), amount)));
    }

    fn add(&mut self, metric: SocketMetric, amount: u64) {
        let pending = self.pending.entry(metric).or_default();
        *pending = pending.saturating_add(amount);
    }
}
