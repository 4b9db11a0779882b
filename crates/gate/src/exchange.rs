//! One HTTP exchange: from the request's headers to the verdict, and the response after it.
//!
//! Headers and body are held until the request can be judged: when it has ended, by its last body callback or by its
//! trailers, or when an upload has said what its files are for. A refusal is answered when the request has ended, the
//! body being discarded until then within bounds: an HTTP/2 client that is answered while it still sends gets a reset
//! and may never show the answer.

use crate::admission::{Admission, admit, is_upgrade};
use crate::case::Case;
use crate::channel::{Course, ask, refuse};
use crate::clients::{ClientEvent, ClientNews};
use crate::conclude::{counts, events, properties, reply, request_headers};
use crate::effect::{Effect, Effects, Flow};
use crate::handshake::{Knock, knock};
use crate::input::{Chunk, Input, More};
use crate::intake::Intake;
use crate::judge::Judgement;
use crate::number::count;
use crate::response::Awaited;
use crate::throttle::{charge, end as end_stream, settle as settle_spending};
use crate::upload::{Progress, Upload};
use crate::world::World;
use portcullis_policy::{Refusal, Under, Verdict};
use portcullis_report::{Metric, Reason};

/// Bytes of a refused request that are read and thrown away before it is answered anyway.
const DRAIN_BYTES: usize = 8 * 1024 * 1024;

/// One HTTP exchange.
#[derive(Debug, Default)]
pub struct Exchange {
    phase: Phase,
}

#[derive(Debug, Default)]
enum Phase {
    /// Nothing came yet.
    #[default]
    Fresh,
    /// Not under the policy, or nothing of interest comes any more.
    Untouched,
    /// The request is being read.
    Reading(Box<(Case, Intake)>),
    /// An upload that was let through while its files still come.
    Passing(Box<Passing>),
    /// Refused; the rest of the body is being thrown away.
    Draining(Box<(Case, Judgement)>, usize),
    /// Judged; the response is awaited.
    Judged(Box<Awaited>),
    /// A WebSocket, from the time at which the upstream is asked about it.
    Socket(Course),
}

/// An upload whose first parts were judged; the upstream may answer it before it has all of it.
#[derive(Debug)]
struct Passing {
    case: Case,
    upload: Upload,
    judgement: Judgement,
    awaited: Awaited,
}

/// A part of an exchange that it may still want to see; the host need not fetch the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// More of the request.
    Request,
    /// The headers of the response.
    ResponseHeaders,
    /// The body of the response, and the trailers that end it.
    ResponseBody,
    /// The time, again and again.
    Ticks,
    /// The end of the stream.
    End,
}

impl Exchange {
    /// Whether it still wants to see a part; where it wants any, it wants the end of the stream.
    pub fn wants(&self, part: Interest) -> bool {
        let more = matches!(part, Interest::Request | Interest::End);
        match &self.phase {
            Phase::Fresh | Phase::Reading(_) | Phase::Draining(..) => more,
            Phase::Passing(passing) => more || passing.awaited.wants(part),
            Phase::Judged(awaited) => awaited.wants(part),
            Phase::Socket(Course::Asking(_)) => more || part == Interest::ResponseHeaders,
            Phase::Socket(Course::Open(_)) => {
                more || matches!(part, Interest::ResponseBody | Interest::Ticks)
            }
            Phase::Socket(Course::Shut) => part == Interest::Request,
            Phase::Untouched => false,
        }
    }

    /// Takes one input; what it leads to is to be done before the next.
    pub fn on(&mut self, input: Input<'_>, world: &mut World<'_>) -> Effects {
        let phase = std::mem::take(&mut self.phase);
        let held = phase.held();
        let (mut phase, mut effects) = if let Input::RequestHeaders { headers, peer, more } = input {
            match headers.map_or(Knock::None, |headers| knock(headers, peer, more, world)) {
                Knock::None => {
                    let upgrade = headers.is_some_and(is_upgrade);
                    let admission = admit(headers, peer, more, world);
                    match admission.under() {
                        Some(under) => on_headers(admission, upgrade, more, &mut world.of(under)),
                        None => on_headers(admission, upgrade, more, world),
                    }
                }
                Knock::Refuse(case, refusal) => {
                    let under = case.under();
                    (Phase::Untouched, refuse(*case, refusal, &world.of(under)))
                }
                Knock::Ask(opening, list) => {
                    let under = opening.case.under();
                    let (course, effects) = ask(opening, list, &world.of(under));
                    (Phase::Socket(course), effects)
                }
            }
        } else {
            match phase.under() {
                Some(under) => phase.on(input, &mut world.of(under)),
                None => phase.on(input, world),
            }
        };
        if let Some((taken, actual)) = phase.awaited().and_then(Awaited::spent) {
            effects.list.extend(settle_spending(&taken, &actual, world));
        }
        let over = phase.awaited().and_then(Awaited::over);
        effects.list.extend(end_stream(over, world));
        world.held.change(held, phase.held());
        self.phase = phase;
        effects
    }
}

fn on_headers(admission: Admission, upgrade: bool, more: More, world: &mut World<'_>) -> (Phase, Effects) {
    match (admission, more) {
        (Admission::Pass(list), _) => (Phase::Untouched, Effects { flow: Flow::Continue, list }),
        (Admission::Read(case, intake, list), More::Follows) => {
            (Phase::Reading(Box::new((case, intake))), Effects { flow: Flow::Hold, list })
        }
        (Admission::Read(mut case, intake, mut list), More::Ended) => {
            let judgement = charged(intake.judge(world), &mut case, world);
            let (phase, effects) = conclude(case, judgement, world);
            list.extend(effects.list);
            (phase, Effects { list, ..effects })
        }
        (Admission::Refuse(case, refusal, mut list), more) => {
            let judgement = Judgement::unparsed(refusal, world.policy);
            // A blocked client need not see its answer after all that it sends.
            let is_awaited = !upgrade && refusal.reason != Reason::Blocked;
            match (judgement.verdict, more) {
                (Verdict::Allow, _) => {
                    let (phase, effects) = conclude(case, judgement, world);
                    list.extend(effects.list);
                    (phase, Effects { list, ..effects })
                }
                (Verdict::Deny(_), More::Follows) if is_awaited => {
                    let phase = Phase::Draining(Box::new((case, judgement)), 0);
                    (phase, Effects { flow: Flow::Hold, list: Vec::new() })
                }
                // It has ended, or it is a stream without an end of its own, which cannot be awaited, or nobody waits for it.
                (Verdict::Deny(_), More::Follows | More::Ended) => conclude(case, judgement, world),
            }
        }
    }
}

impl Phase {
    /// Whatever follows the request's headers.
    fn on(self, input: Input<'_>, world: &mut World<'_>) -> (Self, Effects) {
        if let Self::Socket(course) = self {
            return on_socket(course, input, world);
        }
        match input {
            Input::RequestBody { chunk, more } => self.on_body(chunk, more, world),
            Input::RequestTrailers => self.on_body(Chunk::Bytes(&[]), More::Ended, world),
            Input::ResponseHeaders { headers, more } => {
                self.on_response(|awaited| awaited.on_headers(headers, more))
            }
            Input::ResponseBody { chunk, more } => self.on_response(|awaited| awaited.on_body(chunk, more)),
            Input::ResponseTrailers => self.on_response(Awaited::on_trailers),
            Input::StreamEnded => self.on_end(world),
            // They come once; and what ends with its response has no time to keep.
            Input::RequestHeaders { .. } | Input::Tick => (self, Effects::default()),
        }
    }

    /// By which policy the rest of the request is judged.
    fn under(&self) -> Option<Under> {
        match self {
            Self::Reading(reading) => Some(reading.0.under()),
            Self::Passing(passing) => Some(passing.case.under()),
            Self::Draining(refused, _) => Some(refused.0.under()),
            Self::Socket(course) => course.case().map(Case::under),
            Self::Fresh | Self::Untouched | Self::Judged(_) => None,
        }
    }

    fn awaited(&mut self) -> Option<&mut Awaited> {
        match self {
            Self::Judged(awaited) => Some(awaited),
            Self::Passing(passing) => Some(&mut passing.awaited),
            Self::Fresh | Self::Untouched | Self::Reading(_) | Self::Draining(..) | Self::Socket(_) => None,
        }
    }

    fn on_body(self, chunk: Chunk<'_>, more: More, world: &mut World<'_>) -> (Self, Effects) {
        match self {
            Self::Reading(reading) => {
                let (case, intake) = *reading;
                read_on(case, intake, chunk, more, world)
            }
            Self::Passing(passing) => pass_on(*passing, chunk, more, world),
            Self::Draining(refused, drained) => {
                let length = match chunk {
                    Chunk::Bytes(bytes) => bytes.len(),
                    Chunk::Unreadable => 0,
                };
                let (case, judgement) = *refused;
                drain_on(case, judgement, drained.saturating_add(length), more, world)
            }
            Self::Fresh | Self::Untouched | Self::Judged(_) | Self::Socket(_) => (self, Effects::default()),
        }
    }

    /// Bytes of the body that it holds.
    fn held(&self) -> usize {
        match self {
            Self::Reading(reading) => reading.1.held(),
            Self::Fresh
            | Self::Untouched
            | Self::Passing(_)
            | Self::Draining(..)
            | Self::Judged(_)
            | Self::Socket(_) => 0,
        }
    }

    /// Hands a part of the response to whoever awaits it, whether or not the request has ended.
    fn on_response(mut self, take: impl FnOnce(&mut Awaited) -> Effects) -> (Self, Effects) {
        let effects = self.awaited().map(take).unwrap_or_default();
        (self, effects)
    }

    fn on_end(self, world: &mut World<'_>) -> (Self, Effects) {
        let (mut awaited, mut list) = match self {
            Self::Passing(passing) => {
                let Passing { case, judgement, awaited, .. } = *passing;
                settle(awaited, case, judgement, world)
            }
            Self::Judged(awaited) => (*awaited, Vec::new()),
            // It was refused, whether or not the client waited to be told.
            Self::Draining(refused, _) => {
                let (mut case, mut judgement) = *refused;
                let awaited = Awaited::new(&mut case, &mut judgement, world.policy);
                settle(awaited, case, judgement, world)
            }
            Self::Reading(reading) => return unfinished(&reading.0, world),
            Self::Fresh | Self::Untouched | Self::Socket(_) => return (Self::Untouched, Effects::default()),
        };
        list.extend(awaited.on_end());
        if let Some((taken, actual)) = awaited.spent() {
            list.extend(settle_spending(&taken, &actual, world));
        }
        list.extend(end_stream(awaited.over(), world));
        (Self::Untouched, Effects { flow: Flow::Continue, list })
    }
}

/// A request whose client never sent all of it.
fn unfinished(case: &Case, world: &World<'_>) -> (Phase, Effects) {
    let event = ClientEvent { at: world.now, who: case.who(), news: ClientNews::Unfinished };
    let list = vec![Effect::Count(Metric::Unjudged, 1), Effect::Client(Box::new(event))];
    (Phase::Untouched, Effects { flow: Flow::Continue, list })
}

/// Whatever follows an attempt to open a socket.
fn on_socket(mut course: Course, input: Input<'_>, world: &mut World<'_>) -> (Phase, Effects) {
    let (course, effects) = match input {
        Input::RequestBody { chunk, .. } => course.on_request(chunk, world),
        Input::ResponseHeaders { headers, .. } => course.on_answer(headers, world),
        Input::ResponseBody { chunk, .. } => course.on_response(chunk, world),
        Input::Tick => {
            let effects = course.on_tick(world);
            (course, effects)
        }
        Input::StreamEnded => {
            let list = course.on_end(world);
            return (Phase::Untouched, Effects { flow: Flow::Continue, list });
        }
        // A socket has no trailers.
        Input::RequestTrailers | Input::ResponseTrailers | Input::RequestHeaders { .. } => {
            (course, Effects::default())
        }
    };
    (Phase::Socket(course), effects)
}

fn read_on(
    mut case: Case,
    mut intake: Intake,
    chunk: Chunk<'_>,
    more: More,
    world: &mut World<'_>,
) -> (Phase, Effects) {
    let Chunk::Bytes(bytes) = chunk else {
        let refusal = Refusal::because(Reason::Unreadable);
        return conclude(case, Judgement::unparsed(refusal, world.policy), world);
    };
    case.body_bytes = case.body_bytes.saturating_add(count(bytes.len()));
    if let Err(refusal) = intake.take(bytes, world) {
        return turn_away(case, refusal, bytes.len(), more, world);
    }
    match (intake, more) {
        (Intake::Upload(upload), _) => upload_on(case, *upload, more, world),
        (intake, More::Follows) => {
            let phase = Phase::Reading(Box::new((case, intake)));
            (phase, Effects { flow: Flow::Hold, list: Vec::new() })
        }
        (intake, More::Ended) => {
            let judgement = charged(intake.judge(world), &mut case, world);
            conclude(case, judgement, world)
        }
    }
}

/// Lets an upload through as soon as it can be judged.
fn upload_on(mut case: Case, mut upload: Upload, more: More, world: &mut World<'_>) -> (Phase, Effects) {
    let mut judgement = match upload.progress(more, world) {
        Progress::Unclear => {
            let phase = Phase::Reading(Box::new((case, Intake::Upload(Box::new(upload)))));
            return (phase, Effects { flow: Flow::Hold, list: Vec::new() });
        }
        Progress::Judged(judgement) => charged(judgement, &mut case, world),
        Progress::Refused(refusal) => return turn_away(case, refusal, 0, more, world),
    };
    match more {
        More::Ended => conclude(case, judgement, world),
        More::Follows => match judgement.verdict {
            Verdict::Allow => {
                let mut list = request_headers(&case, &judgement, world.policy);
                list.extend(properties(&case, &judgement));
                list.push(Effect::Time(Metric::ValidationTime));
                upload.release();
                let awaited = Awaited::new(&mut case, &mut judgement, world.policy);
                let phase = Phase::Passing(Box::new(Passing { case, upload, judgement, awaited }));
                (phase, Effects { flow: Flow::Continue, list })
            }
            Verdict::Deny(_) => drain_on(case, judgement, 0, more, world),
        },
    }
}

/// Watches the files of an upload that was let through; the first thing wrong with it ends the request, so that the
/// upstream never has all of it.
fn pass_on(mut passing: Passing, chunk: Chunk<'_>, more: More, world: &mut World<'_>) -> (Phase, Effects) {
    let Passing { case, upload, .. } = &mut passing;
    let taken = match chunk {
        Chunk::Bytes(bytes) => {
            case.body_bytes = case.body_bytes.saturating_add(count(bytes.len()));
            upload.take(bytes)
        }
        Chunk::Unreadable => Err(Refusal::because(Reason::Unreadable)),
    };
    match (taken.and_then(|()| upload.end(more)), more) {
        (Err(refusal), _) => {
            let Passing { case, judgement, awaited, .. } = passing;
            let judgement = judgement.refused(refusal, world.policy);
            match judgement.verdict {
                Verdict::Allow => {
                    let mut list = properties(&case, &judgement);
                    let (awaited, told) = settle(awaited, case, judgement, world);
                    list.extend(told);
                    (Phase::Judged(Box::new(awaited)), Effects { flow: Flow::Continue, list })
                }
                Verdict::Deny(_) => break_off(awaited, case, judgement, world),
            }
        }
        (Ok(()), More::Follows) => (Phase::Passing(Box::new(passing)), Effects::default()),
        (Ok(()), More::Ended) => {
            let Passing { case, judgement, awaited, .. } = passing;
            let (awaited, list) = settle(awaited, case, judgement, world);
            (Phase::Judged(Box::new(awaited)), Effects { flow: Flow::Continue, list })
        }
    }
}

/// Refuses an upload of which the upstream has a part.
fn break_off(
    mut awaited: Awaited,
    case: Case,
    judgement: Judgement,
    world: &mut World<'_>,
) -> (Phase, Effects) {
    // A response that has begun breaks off as well.
    let mut list = awaited.on_end();
    list.extend(end_stream(awaited.over(), world));
    // The time it took to judge was counted when it was let through.
    let (phase, effects) = carry_out(case, judgement, world);
    list.extend(effects.list);
    (phase, Effects { list, ..effects })
}

/// Refuses a request of which a part was read; where that only counts, all of it passes, the rest unread.
fn turn_away(
    case: Case,
    refusal: Refusal,
    drained: usize,
    more: More,
    world: &World<'_>,
) -> (Phase, Effects) {
    let judgement = Judgement::unparsed(refusal, world.policy);
    match judgement.verdict {
        Verdict::Allow => conclude(case, judgement, world),
        Verdict::Deny(_) => drain_on(case, judgement, drained, more, world),
    }
}

fn drain_on(
    mut case: Case,
    judgement: Judgement,
    drained: usize,
    more: More,
    world: &World<'_>,
) -> (Phase, Effects) {
    case.body_bytes = case.body_bytes.max(count(drained));
    match more {
        More::Follows if drained <= DRAIN_BYTES => {
            let effects = Effects { flow: Flow::Hold, list: vec![Effect::DiscardBody] };
            (Phase::Draining(Box::new((case, judgement)), drained), effects)
        }
        More::Follows | More::Ended => conclude(case, judgement, world),
    }
}

/// Asks the throttles about what was judged; only what they let through is remembered.
fn charged(judgement: Judgement, case: &mut Case, world: &mut World<'_>) -> Judgement {
    charge(judgement, case, world).remembered(world.policy, world.desk)
}

/// Carries out a verdict that was just found.
fn conclude(case: Case, judgement: Judgement, world: &World<'_>) -> (Phase, Effects) {
    let (phase, mut effects) = carry_out(case, judgement, world);
    effects.list.push(Effect::Time(Metric::ValidationTime));
    (phase, effects)
}

/// Lets the request go on with its headers, or answers it; counts and reports it either way.
fn carry_out(mut case: Case, mut judgement: Judgement, world: &World<'_>) -> (Phase, Effects) {
    let mut list = properties(&case, &judgement);
    let flow = match judgement.verdict {
        Verdict::Allow => {
            list.extend(request_headers(&case, &judgement, world.policy));
            Flow::Continue
        }
        Verdict::Deny(refusal) => {
            list.push(reply(&case, &judgement, &refusal, world.policy));
            Flow::Hold
        }
    };
    let awaited = Awaited::new(&mut case, &mut judgement, world.policy);
    let (awaited, told) = settle(awaited, case, judgement, world);
    list.extend(told);
    (Phase::Judged(Box::new(awaited)), Effects { flow, list })
}

/// Counts and reports a verdict that is final.
fn settle(
    mut awaited: Awaited,
    case: Case,
    judgement: Judgement,
    world: &World<'_>,
) -> (Awaited, Vec<Effect>) {
    let judgement = judgement.beside_refused(case.candidate, world.policy);
    let mut list = counts(&case, &judgement, world.policy);
    list.extend(awaited.report(events(case, judgement, world.now)));
    (awaited, list)
}
