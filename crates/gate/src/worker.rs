//! What outlives one exchange: a worker's counts and incidents, and their way to the analyzer.
//!
//! Losing the analyzer never costs a request: reports wait in a bounded outbox, and while that is full the window grows
//! instead of being cut, so totals stay whole. Only incidents can be lost then, and those are counted.

use crate::candidates::Candidates;
use crate::clients::{ClientEvent, Clients};
use crate::crowd::{Crowd, SocketEvent, SocketNews};
use crate::event::Event;
use crate::judge::Documents;
use crate::outbox::{Call, CallOutcome, Delivery, Outbox};
use crate::rollup::{Place, Rollup};
use crate::sampling::{Sampler, Strain};
use crate::time::Timestamp;
use portcullis_cost::Cost;
use portcullis_policy::throttles::Buckets;
use portcullis_policy::{Analyzer, Policy};
use portcullis_report::{Bounds, Incident, Metric, Reason, Report, VERSION, WorkerBoot};

/// How long a window without anything urgent is, in milliseconds.
const WINDOW_MS: u64 = 1_000;
/// Incidents of a report beyond which none is taken of a client that a decision blocks.
const ECHOES: usize = Bounds::INCIDENTS / 4;

/// What a worker asks its shell to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkerEffect {
    /// Begins a call to the analyzer.
    Call(Call),
    /// Asks the analyzer for decisions.
    Fetch(Call),
    /// Adds to a counter.
    Count(Metric, u64),
    /// Sets a gauge.
    Set(Metric, u64),
    /// Tells the operator what to look at; said once for each outage.
    Warn(String),
}

/// One worker of the proxy.
#[derive(Debug)]
pub struct Worker {
    boot: WorkerBoot,
    sequence: u64,
    rollup: Rollup,
    crowd: Crowd,
    candidates: Candidates,
    clients: Clients,
    sampler: Sampler,
    incidents: Vec<Incident>,
    incidents_dropped: u64,
    window: Option<Timestamp>,
    urgency: Urgency,
    delivering: Delivering,
    /// There is no later: reports go out while the host still takes calls.
    ending: bool,
    outbox: Option<Outbox>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Urgency {
    Calm,
    Urgent,
}

/// Whether the last attempt to deliver a report succeeded.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Delivering {
    Well,
    Badly,
}

impl Worker {
    /// A worker that reports to an analyzer, with the token that opens it.
    pub fn reporting(boot: WorkerBoot, analyzer: Analyzer, token: String) -> Self {
        Self { outbox: Some(Outbox::new(analyzer, token)), ..Self::silent(boot) }
    }

    /// A worker that reports to nobody.
    pub fn silent(boot: WorkerBoot) -> Self {
        Self {
            boot,
            sequence: 0,
            rollup: Rollup::default(),
            crowd: Crowd::default(),
            candidates: Candidates::default(),
            clients: Clients::default(),
            sampler: Sampler::new(boot.0.as_u64_pair().1),
            incidents: Vec::new(),
            incidents_dropped: 0,
            window: None,
            urgency: Urgency::Calm,
            delivering: Delivering::Well,
            ending: false,
            outbox: None,
        }
    }

    /// Counts a judged request, and keeps it as an incident when it was refused or would have been. Of requests that passed
    /// it looks at a part when there are very many.
    pub fn note(&mut self, event: Event) -> Vec<WorkerEffect> {
        if self.outbox.is_none() {
            return Vec::new();
        }
        self.window.get_or_insert(event.at);
        let mut effects = Vec::new();
        self.candidates.add(&event);
        let refused = event.refusal.or(event.shadowed).map(|refusal| refusal.reason);
        let weight = match refused {
            None => self.sampler.weigh(event.cost.map_or(0, Cost::milli), event.at, self.strain()),
            Some(_) => Some(1),
        };
        let Some(weight) = weight else { return effects };
        if self.rollup.add(&event, weight) == Place::Other {
            effects.push(WorkerEffect::Count(Metric::RowsMerged, 1));
        }
        if event.refusal.is_none() {
            self.clients.add(&event, weight);
        }
        // What a decision refuses is no news, and must not crowd out what is.
        let is_echo = refused == Some(Reason::Blocked);
        if event.refusal.is_some() && !is_echo {
            self.urgency = Urgency::Urgent;
        }
        if refused.is_some() {
            let room = if is_echo { ECHOES } else { Bounds::INCIDENTS };
            if self.incidents.len() < room {
                self.incidents.extend(event.into_incident());
            } else {
                self.incidents_dropped = self.incidents_dropped.saturating_add(1);
                effects.push(WorkerEffect::Count(Metric::IncidentsDropped, 1));
            }
        }
        effects
    }

    /// Whether there is room for the next incident.
    pub fn documents(&self) -> Documents {
        let has_room = self.outbox.is_some() && self.incidents.len() < Bounds::INCIDENTS;
        if has_room { Documents::Kept } else { Documents::Dropped }
    }

    /// Counts what a client did beside its requests, or what came of them.
    pub fn note_client(&mut self, event: ClientEvent) {
        if self.outbox.is_some() && self.clients.note(event) {
            self.urgency = Urgency::Urgent;
        }
    }

    /// Counts what happened to a socket.
    pub fn note_socket(&mut self, event: SocketEvent) {
        self.crowd.note_open(&event);
        if self.outbox.is_none() {
            return;
        }
        self.window.get_or_insert(event.at);
        let is_abuse = match &event.news {
            SocketNews::Refused(_) => true,
            SocketNews::Carried(carried) => !carried.rejected.is_empty(),
            SocketNews::Failed | SocketNews::Opened | SocketNews::Ended { .. } => false,
        };
        if is_abuse {
            self.urgency = Urgency::Urgent;
        }
        self.crowd.note(event);
    }

    /// Tells the other workers how many sockets are open here, and what all of them have open: at each tick. `worker`
    /// tells this worker from all others.
    pub fn tell_sockets(
        &mut self,
        worker: u32,
        policy: &Policy,
        buckets: &mut dyn Buckets,
        now: Timestamp,
    ) -> Vec<WorkerEffect> {
        self.crowd.tell(worker, policy, buckets, now)
    }

    /// A tick of the clock: time to cut a report, to send one, or to send one again.
    pub fn on_tick(&mut self, now: Timestamp) -> Vec<WorkerEffect> {
        let mut effects = self.cut(now);
        if let Some(outbox) = &mut self.outbox {
            let lost = outbox.give_up_lost(now);
            let call = outbox.next_call(now);
            effects.extend(lost.map(|delivery| self.told(delivery, None)).into_iter().flatten());
            effects.extend(call.map(WorkerEffect::Call));
        }
        effects
    }

    /// The host wants to end the worker: what it has not reported goes out at once, one report after the other.
    pub fn on_end(&mut self, now: Timestamp) -> Vec<WorkerEffect> {
        self.ending = true;
        self.clients.hurry();
        self.on_tick(now)
    }

    /// Whether an ending worker may go: everything is delivered, or the analyzer does not take it.
    pub fn may_go(&self) -> bool {
        self.ending && !self.outbox.as_ref().is_some_and(Outbox::is_calling)
    }

    /// Takes what the host tells of a call.
    pub fn on_call(&mut self, outcome: CallOutcome, now: Timestamp) -> Vec<WorkerEffect> {
        let delivery = self.outbox.as_mut().and_then(|outbox| outbox.on_call(outcome, now));
        let status = match outcome {
            CallOutcome::Answered(_, answer) => answer.map(|answer| answer.status),
            CallOutcome::Begun(_) | CallOutcome::NotBegun => None,
        };
        let mut effects: Vec<_> =
            delivery.map(|delivery| self.told(delivery, status)).into_iter().flatten().collect();
        if self.ending {
            effects.extend(self.on_tick(now));
        }
        effects
    }

    fn strain(&self) -> Strain {
        match self.outbox.as_ref().map_or(0, Outbox::put_off) {
            0 => Strain::None,
            _ => Strain::Some,
        }
    }

    /// Counts a delivery, and speaks of the first that fails after one that did not.
    fn told(&mut self, delivery: Delivery, status: Option<u16>) -> Vec<WorkerEffect> {
        let before = self.delivering;
        self.delivering = if delivery == Delivery::Sent { Delivering::Well } else { Delivering::Badly };
        let answer = status.map_or_else(|| "nothing".to_owned(), |status| status.to_string());
        let warning = match (before, self.delivering, status) {
            (Delivering::Badly, _, _) | (Delivering::Well, Delivering::Well, _) => None,
            (Delivering::Well, Delivering::Badly, Some(401 | 403)) => Some(format!(
                "the analyzer does not take reports: it answered {answer}; check the edge's token"
            )),
            (Delivering::Well, Delivering::Badly, _) => Some(format!(
                "the analyzer does not take reports: it answered {answer}; they wait and are sent again"
            )),
        };
        let counted = std::iter::once(counted(delivery));
        counted.chain(warning.map(WorkerEffect::Warn)).collect()
    }

    /// Makes a report of the window when it is time and there is room for one, and counts what is left out of it.
    fn cut(&mut self, now: Timestamp) -> Vec<WorkerEffect> {
        let Some(outbox) = &mut self.outbox else { return Vec::new() };
        // While sockets are open there is always something to tell; at the end that would be no end.
        let is_client_due = self.clients.is_due(now);
        if is_client_due || (!self.ending && !self.crowd.is_empty()) {
            self.window.get_or_insert(now);
        }
        let Some(from) = self.window else { return Vec::new() };
        // An analyzer that has no time gets fewer reports, not others.
        let put_off = outbox.put_off();
        let is_urgent = self.urgency == Urgency::Urgent && put_off == 0;
        let window_ms = WINDOW_MS << put_off;
        // A clock that was set back ends the window too.
        let due = self.ending || is_urgent || now.since(from) >= window_ms || now < from;
        let is_empty = self.rollup.is_empty() && self.crowd.is_empty() && !is_client_due;
        if !due || !outbox.has_room() || is_empty {
            return Vec::new();
        }
        self.sequence = self.sequence.saturating_add(1);
        let report = Report {
            version: VERSION,
            boot: self.boot,
            sequence: self.sequence,
            from_ms: from.millis(),
            to_ms: now.millis().max(from.millis()),
            rollup: self.rollup.cut(),
            incidents: std::mem::take(&mut self.incidents),
            incidents_dropped: std::mem::take(&mut self.incidents_dropped),
            sockets: self.crowd.cut(),
            candidate: self.candidates.cut(),
            clients: self.clients.cut(now),
            sampling: self.sampler.cut(),
        };
        self.window = None;
        self.urgency = Urgency::Calm;
        // Texts and whole numbers only: serialising cannot fail.
        outbox.push(serde_json::to_vec(&report).unwrap_or_default());
        let dropped = report.clients.map_or(0, |clients| clients.dropped);
        let unseen = report.sampling.map_or(0, |it| it.requests.saturating_sub(it.looked_at));
        let left_out = [(Metric::ClientsDropped, dropped), (Metric::RequestsUnseen, unseen)];
        let counts = left_out.into_iter().filter(|(_, number)| *number > 0);
        counts.map(|(metric, number)| WorkerEffect::Count(metric, number)).collect()
    }
}

fn counted(delivery: Delivery) -> WorkerEffect {
    let metric = match delivery {
        Delivery::Sent => Metric::ReportsSent,
        Delivery::Rejected => Metric::ReportsRejected,
        Delivery::Failed => Metric::ReportsFailed,
    };
    WorkerEffect::Count(metric, 1)
}

#[cfg(test)]
mod tests;
