//! One operation on a socket: judged by the same engine as one that comes over HTTP.

use super::client::Course;
use super::fault::Fault;
use super::{Graphql, Socket, Turn};
use crate::answer;
use crate::case::Case;
use crate::conclude::{counts, events};
use crate::effect::Effect;
use crate::judge::{Judgement, Method, envelope_refusal, judge_request};
use crate::number::count;
use crate::throttle::{self, charge};
use portcullis_framing::subprotocol::Subprotocol;
use portcullis_framing::{EnvelopeError, Request};
use portcullis_policy::throttles::Lease;
use portcullis_policy::{Mode, Policy, Refusal, Verdict};
use portcullis_report::{Metric, OperationKind, Reason};
use serde_json::{Value, json};

/// Operations that are remembered where their number only counts.
const REMEMBERED: usize = 1_000;

/// An operation that runs.
#[derive(Debug)]
pub(super) struct Running {
    /// The stream that it is.
    pub(super) lease: Option<Lease>,
}

impl Socket {
    /// Judges an operation, and lets it pass or says in its place why not.
    pub(super) fn start(
        &mut self,
        id: &str,
        request: Result<Request<'_>, EnvelopeError>,
        bytes: usize,
        turn: &mut Turn<'_, '_>,
    ) -> Result<Course, Fault> {
        let Some(graphql) = &mut self.graphql else { return Ok(Course::Passes) };
        graphql.operations = graphql.operations.saturating_add(1);
        let (number, running) = (graphql.operations, graphql.session.running());
        let violation = graphql.session.may_start(id).map_err(|violation| Fault::of_session(&violation));
        violation.or_else(|fault| self.object(fault, turn))?;
        let mut case = self.opened.case();
        case.correlation = case.correlation.numbered(number);
        case.body_bytes = count(bytes);
        case.ask(turn.world);
        let judgement = judged(request, running, &mut case, turn);
        let verdict = judgement.verdict;
        let kind = judgement.operations.first().map_or(OperationKind::Unknown, |judged| judged.kind);
        self.tally.operation(kind, verdict);
        turn.list.push(Effect::Time(Metric::ValidationTime));
        turn.list.extend(counts(&case, &judgement, turn.world.policy));
        let (lease, wait) = (case.throttled.lease(), case.throttled.wait_seconds());
        let emitted = events(case, judgement, turn.world.now).into_iter();
        turn.list.extend(emitted.map(|event| Effect::Emit(Box::new(event))));
        match verdict {
            Verdict::Allow => {
                let before = self.graphql.as_mut().and_then(|graphql| graphql.begin(id, lease));
                turn.list.extend(throttle::end(before, turn.world));
                Ok(Course::Passes)
            }
            Verdict::Deny(refusal) => self.turn_away(id, &refusal, wait, turn),
        }
    }

    /// Says to the client that an operation does not run; the socket lives on.
    fn turn_away(
        &mut self,
        id: &str,
        refusal: &Refusal,
        wait: Option<u64>,
        turn: &mut Turn<'_, '_>,
    ) -> Result<Course, Fault> {
        let (now, room) = (turn.world.now, self.mail_room());
        let texts =
            self.graphql.as_deref().map(|graphql| graphql.refusal(id, refusal, wait, turn.world.policy));
        for text in texts.into_iter().flatten() {
            if self.mail.post(&text, room, now).is_err() {
                // Whoever makes so much be said does not listen. Where that only counts, it is not said.
                self.object(Fault::of(Reason::SocketMessages), turn)?;
                break;
            }
        }
        Ok(Course::TurnedAway)
    }
}

/// The verdict on an operation, while so many run.
fn judged(
    request: Result<Request<'_>, EnvelopeError>,
    running: usize,
    case: &mut Case,
    turn: &mut Turn<'_, '_>,
) -> Judgement {
    let policy = turn.world.policy;
    let limit = u64::from(policy.websocket.limits.open_operations);
    let next = count(running).saturating_add(1);
    let full = (next > limit).then(|| Refusal::beyond(Reason::SocketOperations, limit, next));
    if let (Some(full), Mode::Enforce) = (full, policy.mode(Reason::SocketOperations)) {
        return Judgement::unparsed(full, policy);
    }
    let judgement = match request {
        Ok(request) => judge_request(policy, &request, Method::Post, turn.world.desk),
        Err(error) => Judgement::unparsed(envelope_refusal(error), policy),
    };
    let judgement = match (full, judgement.verdict) {
        (Some(full), Verdict::Allow) => judgement.noted(full),
        (Some(_) | None, Verdict::Allow | Verdict::Deny(_)) => judgement,
    };
    charge(judgement, case, turn.world).remembered(policy, turn.world.desk)
}

impl Graphql {
    /// An operation runs; what is to be given back of another under its id, or of itself where too many are remembered.
    fn begin(&mut self, id: &str, lease: Option<Lease>) -> Option<Lease> {
        if self.session.running() >= REMEMBERED {
            return lease;
        }
        self.session.start(id, Running { lease }).and_then(|before| before.lease)
    }

    /// The messages by which an operation is refused.
    fn refusal(&self, id: &str, refusal: &Refusal, wait: Option<u64>, policy: &Policy) -> Vec<String> {
        let mut error = answer::error(refusal, policy);
        if let (Some(seconds), Some(Value::Object(extensions))) = (wait, error.get_mut("extensions")) {
            extensions.insert("retryAfter".to_owned(), json!(seconds));
        }
        let message =
            |kind: &str, payload: Value| json!({ "type": kind, "id": id, "payload": payload }).to_string();
        match self.protocol {
            Subprotocol::TransportWs => vec![message("error", json!([error]))],
            Subprotocol::Legacy => {
                let complete = json!({ "type": "complete", "id": id }).to_string();
                vec![message("error", Value::Object(error)), complete]
            }
        }
    }
}
