//! A WebSocket from its handshake to its end: what is asked of the upstream, what it answers, and what is told of the
//! socket while it is open.

use crate::answer::answer;
use crate::case::Case;
use crate::conclude::{events, properties};
use crate::crowd::{Carried, SocketEvent, SocketNews};
use crate::effect::{Effect, Effects, Flow};
use crate::handshake::{Answered, Carries, Opening, Terms, answered, room};
use crate::headers::Headers;
use crate::input::Chunk;
use crate::judge::Judgement;
use crate::socket::{Opened, Socket, SocketInput};
use crate::throttle::{close_socket, counts};
use crate::time::Timestamp;
use crate::world::World;
use portcullis_policy::{Mode, Refusal, Verdict};
use portcullis_report::{CloseCode, ClosedBy, Handshake, Metric, Reason, Sender, SocketMetric, header};
use std::sync::Arc;

/// How often is told what an open socket carries, in milliseconds.
const TELL_MS: u64 = 1_000;

/// What becomes of an attempt.
#[derive(Debug)]
pub(crate) enum Course {
    /// The upstream is asked.
    Asking(Box<Opening>),
    /// It is open.
    Open(Box<Channel>),
    /// There is no socket; what the client sends of one goes nowhere.
    Shut,
}

/// An open socket.
#[derive(Debug)]
pub(crate) struct Channel {
    pub(crate) case: Case,
    socket: Socket,
    opened: Timestamp,
    /// When was last told what it carried.
    told: Timestamp,
    carried: Carried,
    messages: u64,
    close: Option<CloseCode>,
}

/// Refuses an attempt: it is answered, counted and reported, and the upstream never hears of it.
pub(crate) fn refuse(case: Case, refusal: Refusal, world: &World<'_>) -> Effects {
    let judgement = Judgement::unparsed(refusal, world.policy).alone();
    let mut list = properties(&case, &judgement);
    list.push(Effect::Reply(answer(&refusal, None, None, &case, world.policy)));
    list.extend(counts(&case, Verdict::Deny(refusal)));
    list.push(Effect::Count(Metric::refused(refusal.reason), 1));
    list.push(attempts(Handshake::Refused));
    list.push(news(&case, SocketNews::Refused(refusal.reason), world.now));
    list.extend(events(case, judgement, world.now).into_iter().map(|event| Effect::Emit(Box::new(event))));
    Effects { flow: Flow::Hold, list }
}

/// Lets an attempt go to the upstream.
pub(crate) fn ask(opening: Box<Opening>, mut list: Vec<Effect>, world: &World<'_>) -> (Course, Effects) {
    list.extend(properties(&opening.case, &let_through(&opening, world)));
    (Course::Asking(opening), Effects { flow: Flow::Continue, list })
}

/// What an attempt is that nothing is against, or only counts.
fn let_through(opening: &Opening, world: &World<'_>) -> Judgement {
    let mut judgement = Judgement::unparsed(Refusal::because(Reason::Unreadable), world.policy).alone();
    judgement.verdict = Verdict::Allow;
    judgement.operations.iter_mut().for_each(|judged| judged.shadowed = opening.shadowed);
    judgement
}

/// What is counted and told of an attempt once it is known that the gate has let it through.
fn passed(opening: &Opening, world: &World<'_>) -> Vec<Effect> {
    let mut list = counts(&opening.case, Verdict::Allow);
    if let Some(refusal) = opening.shadowed {
        list.push(Effect::Count(Metric::Shadowed(refusal.reason), 1));
        let told = events(opening.case.again(), let_through(opening, world), world.now);
        list.extend(told.into_iter().map(|event| Effect::Emit(Box::new(event))));
    }
    list
}

impl Course {
    /// Whose it is.
    pub(crate) fn case(&self) -> Option<&Case> {
        match self {
            Self::Asking(opening) => Some(&opening.case),
            Self::Open(channel) => Some(&channel.case),
            Self::Shut => None,
        }
    }

    /// More of what the client sends.
    pub(crate) fn on_request(self, chunk: Chunk<'_>, world: &mut World<'_>) -> (Self, Effects) {
        match (self, chunk) {
            (Self::Open(mut channel), chunk) => {
                let effects = channel.on(SocketInput::Client(chunk), world);
                (Self::Open(channel), effects)
            }
            (Self::Asking(opening), Chunk::Bytes([])) => (Self::Asking(opening), Effects::default()),
            // Frames have to wait for the answer (RFC 6455 §4.1); who does not is after something else.
            (Self::Asking(opening), Chunk::Bytes(_)) => early(opening, Reason::SocketHandshake, world),
            (Self::Asking(opening), Chunk::Unreadable) => early(opening, Reason::Unreadable, world),
            (Self::Shut, _) => {
                let list = vec![Effect::ReplaceRequestChunk(Vec::new())];
                (Self::Shut, Effects { flow: Flow::Continue, list })
            }
        }
    }

    /// The upstream's answer.
    pub(crate) fn on_answer(self, headers: Option<Headers<'_>>, world: &mut World<'_>) -> (Self, Effects) {
        let Self::Asking(mut opening) = self else { return (self, Effects::default()) };
        let found = match answered(headers, &opening, world.policy) {
            // Others may have been opened since it was asked.
            Answered::Opened { terms, told } => match room(opening.purpose, terms.deflate, world) {
                Ok(()) => Answered::Opened { terms, told },
                Err(refusal) => Answered::Unfit(refusal),
            },
            other @ (Answered::Failed | Answered::Unfit(_)) => other,
        };
        match found {
            Answered::Opened { terms, told } => {
                let passed = passed(&opening, world);
                let case = opening.case;
                let mut list = vec![
                    Effect::SetResponseHeader(header::CORRELATION_ID, case.correlation.as_str().to_owned()),
                    attempts(Handshake::Opened),
                    news(&case, SocketNews::Opened, world.now),
                ];
                list.extend(passed);
                list.extend(told);
                list.push(Effect::Property("portcullis_subprotocol", subprotocol(terms).to_owned()));
                let channel = Channel::new(case, terms, world);
                (Self::Open(Box::new(channel)), Effects { flow: Flow::Continue, list })
            }
            Answered::Failed => {
                let correlation = opening.case.correlation.as_str().to_owned();
                let mut list = vec![Effect::SetResponseHeader(header::CORRELATION_ID, correlation)];
                list.extend(fail(&mut opening, world));
                (Self::Shut, Effects { flow: Flow::Continue, list })
            }
            Answered::Unfit(refusal) => {
                let mut list = close_socket(&mut opening.case, world);
                let effects = refuse(opening.case, refusal, world);
                list.extend(effects.list);
                (Self::Shut, Effects { list, ..effects })
            }
        }
    }

    /// More of what the upstream sends.
    pub(crate) fn on_response(self, chunk: Chunk<'_>, world: &mut World<'_>) -> (Self, Effects) {
        match self {
            Self::Open(mut channel) => {
                let effects = channel.on(SocketInput::Server(chunk), world);
                (Self::Open(channel), effects)
            }
            Self::Asking(_) | Self::Shut => (self, Effects::default()),
        }
    }

    /// Time has passed.
    pub(crate) fn on_tick(&mut self, world: &mut World<'_>) -> Effects {
        let Self::Open(channel) = self else { return Effects::default() };
        let mut effects = channel.on(SocketInput::Tick, world);
        effects.list.extend(channel.tell(world.now));
        effects
    }

    /// The stream is over.
    pub(crate) fn on_end(self, world: &mut World<'_>) -> Vec<Effect> {
        match self {
            Self::Asking(mut opening) => fail(&mut opening, world),
            Self::Open(channel) => channel.end(world),
            Self::Shut => Vec::new(),
        }
    }
}

/// Breaks off an attempt whose client did not wait.
fn early(mut opening: Box<Opening>, reason: Reason, world: &mut World<'_>) -> (Course, Effects) {
    if world.policy.mode(reason) == Mode::Shadow {
        return (Course::Asking(opening), Effects::default());
    }
    let mut list = close_socket(&mut opening.case, world);
    let effects = refuse(opening.case, Refusal::because(reason), world);
    list.extend(effects.list);
    (Course::Shut, Effects { list, ..effects })
}

/// An attempt that came to nothing at the upstream.
fn fail(opening: &mut Opening, world: &mut World<'_>) -> Vec<Effect> {
    let mut list = passed(opening, world);
    list.extend(close_socket(&mut opening.case, world));
    list.push(attempts(Handshake::Failed));
    list.push(news(&opening.case, SocketNews::Failed, world.now));
    list
}

fn attempts(handshake: Handshake) -> Effect {
    Effect::Count(Metric::Socket(SocketMetric::Attempts(handshake)), 1)
}

fn news(case: &Case, news: SocketNews, at: Timestamp) -> Effect {
    let class_name = Arc::clone(&case.class);
    let client = case.client.key;
    Effect::Socket(Box::new(SocketEvent { at, class: case.client.class, class_name, client, news }))
}

/// What access logs call it.
fn subprotocol(terms: Terms) -> &'static str {
    match terms.carries {
        Carries::Graphql(subprotocol) => subprotocol.name(),
        Carries::Anything => "-",
    }
}

impl Channel {
    fn new(case: Case, terms: Terms, world: &mut World<'_>) -> Self {
        let (now, carried) = (world.now, Carried::default());
        let mut socket = Socket::new(Opened::of(&case, terms), world.policy, now);
        socket.tell_held(world.held);
        Self { case, socket, opened: now, told: now, carried, messages: 0, close: None }
    }

    fn on(&mut self, input: SocketInput<'_>, world: &mut World<'_>) -> Effects {
        let effects = self.socket.on(input, world);
        self.tally(&effects.list);
        effects
    }

    /// Sums up what was counted, for the report.
    fn tally(&mut self, list: &[Effect]) {
        for effect in list {
            if let Effect::Count(Metric::Socket(metric), amount) = effect {
                self.carried.add(*metric, *amount);
                self.close = self.close.or(closed(*metric));
                self.messages = self.messages.saturating_add(messages(*metric, *amount));
            }
        }
    }

    /// What it carried, when that was not told for a while.
    fn tell(&mut self, now: Timestamp) -> Option<Effect> {
        if now.since(self.told) < TELL_MS && now >= self.told {
            return None;
        }
        self.told = now;
        self.take_carried(now)
    }

    fn take_carried(&mut self, now: Timestamp) -> Option<Effect> {
        let carried = std::mem::take(&mut self.carried);
        (carried != Carried::default()).then(|| news(&self.case, SocketNews::Carried(carried), now))
    }

    /// It is over.
    fn end(mut self, world: &mut World<'_>) -> Vec<Effect> {
        let mut list = self.on(SocketInput::Ended, world).list;
        list.extend(close_socket(&mut self.case, world));
        list.extend(self.take_carried(world.now));
        let code = self.close.unwrap_or(CloseCode::None);
        if self.close.is_none() {
            let closes = SocketMetric::Closes(CloseCode::None, ClosedBy::Nobody);
            list.push(Effect::Count(Metric::Socket(closes), 1));
        }
        let duration_ms = world.now.since(self.opened);
        let messages = self.messages;
        list.push(Effect::Count(Metric::Socket(SocketMetric::Duration), duration_ms));
        list.push(Effect::Count(Metric::Socket(SocketMetric::MessagesPerSocket), messages));
        list.push(Effect::Property("portcullis_close_code", code.label().to_owned()));
        list.push(Effect::Property("portcullis_messages", messages.to_string()));
        list.push(news(&self.case, SocketNews::Ended { code, duration_ms, messages }, world.now));
        list
    }
}

/// The messages among what was counted; control frames are none.
fn messages(metric: SocketMetric, amount: u64) -> u64 {
    match metric {
        SocketMetric::Messages(_, kind) if kind.is_message() => amount,
        SocketMetric::Messages(..)
        | SocketMetric::Active(_)
        | SocketMetric::Attempts(_)
        | SocketMetric::Rejections(_)
        | SocketMetric::Bytes(_)
        | SocketMetric::Operations(..)
        | SocketMetric::Closes(..)
        | SocketMetric::Duration
        | SocketMetric::MessagesPerSocket => 0,
    }
}

/// The code of a close that was counted.
fn closed(metric: SocketMetric) -> Option<CloseCode> {
    match metric {
        SocketMetric::Closes(code, _) => Some(code),
        SocketMetric::Messages(..)
        | SocketMetric::Active(_)
        | SocketMetric::Attempts(_)
        | SocketMetric::Rejections(_)
        | SocketMetric::Bytes(_)
        | SocketMetric::Operations(..)
        | SocketMetric::Duration
        | SocketMetric::MessagesPerSocket => None,
    }
}

impl Carried {
    /// Adds what was counted.
    fn add(&mut self, metric: SocketMetric, amount: u64) {
        let sum = match metric {
            SocketMetric::Messages(sender, kind) if kind.is_message() => &mut self.of(sender).messages,
            SocketMetric::Bytes(sender) => &mut self.of(sender).bytes,
            SocketMetric::Operations(_, portcullis_report::ClientOutcome::Allowed) => &mut self.operations,
            SocketMetric::Operations(..) => &mut self.operations_refused,
            SocketMetric::Rejections(reason) => self.rejected.entry(reason).or_default(),
            SocketMetric::Messages(..)
            | SocketMetric::Active(_)
            | SocketMetric::Attempts(_)
            | SocketMetric::Closes(..)
            | SocketMetric::Duration
            | SocketMetric::MessagesPerSocket => return,
        };
        *sum = sum.saturating_add(amount);
    }

    fn of(&mut self, sender: Sender) -> &mut portcullis_report::Traffic {
        match sender {
            Sender::Client => &mut self.from_client,
            Sender::Server => &mut self.from_server,
        }
    }
}
