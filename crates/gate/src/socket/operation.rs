//! One operation on a socket: judged by the same engine as one that comes over HTTP.

use super::client::Course;
use super::fault::Fault;
use super::running::{Known, Running};
use super::{Graphql, Socket, Turn};
use crate::answer;
use crate::case::Case;
use crate::conclude::{counts, events};
use crate::effect::Effect;
use crate::judge::{Judgement, Method, envelope_refusal, judge_as_read};
use crate::number::count;
use crate::throttle::{self, charge};
use portcullis_framing::subprotocol::{ClientMessage, Mark, Subprotocol, read_client};
use portcullis_framing::{Envelope, EnvelopeError, IdKeys, Nesting, Request};
use portcullis_policy::throttles::Lease;
use portcullis_policy::{Mode, Policy, Refusal, Verdict};
use portcullis_report::{Metric, OperationKind, Reason};
use serde_json::{Value, json};

/// An operation as a client asks for it.
pub(super) struct Asked<'m> {
    pub(super) request: Result<Request<'m>, EnvelopeError>,
    /// The whole message.
    pub(super) text: &'m [u8],
    pub(super) protocol: Subprotocol,
}

/// Whether one more operation can be remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    Left,
    None,
}

impl Socket {
    /// Judges an operation, and lets it pass or says in its place why not.
    pub(super) fn start(
        &mut self,
        id: &str,
        asked: Asked<'_>,
        turn: &mut Turn<'_, '_>,
    ) -> Result<Course, Fault> {
        let has_room = self.has_operation_room(turn.world.held, turn.world.policy);
        let room = if has_room { Room::Left } else { Room::None };
        let Some(graphql) = &mut self.graphql else { return Ok(Course::Passes) };
        graphql.operations = graphql.operations.saturating_add(1);
        let (number, running) = (graphql.operations, graphql.session.running());
        let violation = graphql.session.may_start(id).map_err(|violation| Fault::of_session(&violation));
        violation.or_else(|fault| self.object(fault, turn))?;
        let mut case = self.opened.case();
        case.correlation = case.correlation.numbered(number);
        case.body_bytes = count(asked.text.len());
        case.ask(turn.world);
        let judgement = judged(asked, (running, room), &mut case, turn);
        let verdict = judgement.verdict;
        let kind = judgement.operations.first().map_or(OperationKind::Unknown, |judged| judged.kind);
        self.tally.operation(kind, verdict);
        turn.list.push(Effect::Time(Metric::ValidationTime));
        turn.list.extend(counts(&case, &judgement, turn.world.policy));
        let is_told = self.graphql.as_ref().is_some_and(|graphql| graphql.listening.is_some());
        let known = judgement.operations.first().filter(|_| is_told).map(Known::of);
        let (lease, wait) = (case.throttled.lease(), case.throttled.wait_seconds());
        let emitted = events(case, judgement, turn.world.now).into_iter();
        turn.list.extend(emitted.map(|event| Effect::Emit(Box::new(event))));
        match verdict {
            Verdict::Allow => {
                if self.graphql.as_ref().is_some_and(|graphql| graphql.session.owes(id)) {
                    // The end that the server tells of this id before it has answered is that of the operation before.
                    self.mail.ask(turn.world.entropy, &mut turn.out);
                }
                let mark = self.mail.mark();
                let begun = |graphql: &mut Box<Graphql>| graphql.begin(id, (lease, known), (room, mark));
                let before = self.graphql.as_mut().and_then(begun);
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
    asked: Asked<'_>,
    (running, room): (usize, Room),
    case: &mut Case,
    turn: &mut Turn<'_, '_>,
) -> Judgement {
    let policy = turn.world.policy;
    let limit = match room {
        Room::Left => u64::from(policy.websocket.limits.open_operations),
        Room::None => count(running),
    };
    let next = count(running).saturating_add(1);
    let full = (next > limit).then(|| Refusal::beyond(Reason::SocketOperations, limit, next));
    if let (Some(full), Mode::Enforce) = (full, policy.mode(Reason::SocketOperations)) {
        return Judgement::unparsed(full, policy);
    }
    let Asked { request, text, protocol } = asked;
    let read = |policy: &Policy| read_again(text, protocol, policy);
    // How large a message may be is no affair of a candidate's.
    let size = (0, Reason::SocketMessageSize);
    let judgement = judge_as_read(policy, (Method::Post, size), envelope(request), read, turn.world.desk);
    let judgement = match (full, judgement.verdict) {
        (Some(full), Verdict::Allow) => judgement.noted(full),
        (Some(_) | None, Verdict::Allow | Verdict::Deny(_)) => judgement,
    };
    charge(judgement, case, turn.world).remembered(policy, turn.world.desk)
}

fn envelope(request: Result<Request<'_>, EnvelopeError>) -> Result<Envelope<'_>, Refusal> {
    request.map(Envelope::Single).map_err(envelope_refusal)
}

/// What another policy reads of the same message.
fn read_again<'m>(text: &'m [u8], protocol: Subprotocol, policy: &Policy) -> Result<Envelope<'m>, Refusal> {
    let (nesting, ids) = (Nesting(policy.limits.json_nesting), IdKeys::Named(&policy.id_keys));
    match read_client(text, protocol, nesting, ids) {
        Ok(ClientMessage::Start { request, .. }) => envelope(request),
        // To this one it is none: it would close the socket.
        Ok(
            ClientMessage::Init { .. }
            | ClientMessage::Stop { .. }
            | ClientMessage::Ping
            | ClientMessage::Pong
            | ClientMessage::Terminate,
        )
        | Err(_) => Err(Refusal::because(Reason::SocketMessage)),
    }
}

impl Graphql {
    /// An operation runs; what is to be given back of another under its id, or of itself where there is no room to remember it, and that only counts.
    fn begin(
        &mut self,
        id: &str,
        (lease, known): (Option<Lease>, Option<Known>),
        (room, mark): (Room, Mark),
    ) -> Option<Lease> {
        match room {
            Room::Left => {
                let running = self.shared.run(lease, known);
                self.session.start(id, running, mark).and_then(Running::into_lease)
            }
            Room::None => lease,
        }
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
