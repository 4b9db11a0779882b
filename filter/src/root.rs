//! One worker's plugin: its policy, its metrics, its worker, its tick.

use crate::host::{Host, Moment, Shared};
use crate::metrics::Metrics;
use crate::stream::{Stream, StreamState};
use portcullis_gate::{
    Bulletin, CallId, CallOutcome, ClientEvent, Desk, Effect, Effects, Event, Exchange, Held, Input,
    Interest, LARGEST_ANSWER, SocketEvent, Turns, Worker, WorkerEffect, World, renew_streams,
};
use portcullis_policy::throttles::{Live, Places, Seed};
use portcullis_policy::{Policy, Switch, Token};
use portcullis_report::WorkerBoot;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::ContextType;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

const TICK: Duration = Duration::from_millis(100);

/// What every stream of a worker shares.
pub(crate) struct Plugin {
    pub(crate) host: Host,
    pub(crate) policy: Policy,
    pub(crate) metrics: Metrics,
    /// The streams that want to know the time, by their contexts.
    pub(crate) sockets: RefCell<Turns<StreamState>>,
    places: Places,
    desk: RefCell<Desk>,
    held: RefCell<Held>,
    live: RefCell<Live>,
    worker: RefCell<Worker>,
    bulletin: RefCell<Bulletin>,
    /// What tells this worker from others, and from itself in a life before.
    number: u32,
}

impl Plugin {
    fn new(text: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(text)
            .map_err(|error| format!("not UTF-8 at byte {}", error.valid_up_to()))?;
        let policy = Policy::parse(text).map_err(|mistakes| mistakes.to_string())?;
        let (worker, bulletin) = worker(&policy)?;
        let metrics = Metrics::define(&Host, &policy.labels());
        let seed = random().ok_or("the host gives no randomness, which places of buckets need")?;
        let places = Places::prepare(&policy, Seed(seed), &mut Shared);
        let number = u32::from_le_bytes(random().ok_or("the host gives no randomness")?);
        let (desk, held) = (RefCell::default(), RefCell::default());
        let (live, worker) = (RefCell::new(Live::new(number)), RefCell::new(worker));
        let bulletin = RefCell::new(bulletin);
        let sockets = RefCell::default();
        Ok(Self { host: Host, policy, metrics, sockets, places, desk, held, live, worker, bulletin, number })
    }

    pub(crate) fn note(&self, event: Event) {
        let effects = self.worker.borrow_mut().note(event);
        self.perform(effects);
    }

    pub(crate) fn note_client(&self, event: ClientEvent) {
        self.worker.borrow_mut().note_client(event);
    }

    pub(crate) fn note_socket(&self, event: SocketEvent) {
        self.worker.borrow_mut().note_socket(event);
    }

    /// Asks what an input of a stream leads to.
    pub(crate) fn decide(&self, exchange: &RefCell<Exchange>, input: Input<'_>, began: &Moment) -> Effects {
        let is_first = matches!(input, Input::RequestHeaders { .. });
        let entropy = match is_first || exchange.borrow().wants(Interest::Ticks) {
            // Without randomness ids are easier to guess, no more.
            true => random().unwrap_or_default(),
            false => [0; 10],
        };
        let held = &mut *self.held.borrow_mut();
        let desk = &mut *self.desk.borrow_mut();
        desk.describe(self.worker.borrow().documents());
        let live = &mut *self.live.borrow_mut();
        let bulletin = self.bulletin.borrow();
        let (policy, decisions, places) = (&self.policy, bulletin.decisions(), &self.places);
        let (now, buckets) = (began.timestamp(), &mut Shared);
        let mut world = World { now, policy, decisions, entropy, desk, held, places, live, buckets };
        exchange.borrow_mut().on(input, &mut world)
    }

    /// Tells open sockets the time; those are cut off last for which it has run out, since whatever is called after that
    /// is called for them.
    fn tick_sockets(&self, now: &Moment) {
        let mut over = Vec::new();
        let due = self.sockets.borrow_mut().due();
        for (stream, exchange) in due {
            for effect in self.decide(&exchange, Input::Tick, now).list {
                self.host.count(&effect, &self.metrics, now);
                match effect {
                    Effect::Socket(event) => self.note_socket(*event),
                    Effect::Emit(event) => self.note(*event),
                    Effect::Client(event) => self.note_client(*event),
                    Effect::Reset => over.push(stream),
                    // Performed above, or not of this phase.
                    Effect::SetRequestHeader(..)
                    | Effect::RemoveRequestHeader(_)
                    | Effect::SetResponseHeader(..)
                    | Effect::RemoveResponseHeader(_)
                    | Effect::ReplaceRequestChunk(_)
                    | Effect::ReplaceResponseChunk(_)
                    | Effect::DiscardBody
                    | Effect::Reply(_)
                    | Effect::Property(..)
                    | Effect::HandOver(_)
                    | Effect::Count(..)
                    | Effect::Lower(..)
                    | Effect::Time(_) => (),
                }
            }
        }
        over.into_iter().for_each(|stream| self.host.reset_other(stream));
    }

    fn on_tick(&self, now: &Moment) {
        let effects = self.worker.borrow_mut().on_tick(now.timestamp());
        self.perform(effects);
        let effects = self.bulletin.borrow_mut().on_tick(now.timestamp(), &mut Shared);
        self.perform(effects);
        let effects = renew_streams(&mut self.live.borrow_mut(), &mut Shared, now.timestamp());
        self.perform(effects);
        let told =
            self.worker.borrow_mut().tell_sockets(self.number, &self.policy, &mut Shared, now.timestamp());
        self.perform(told);
        self.tick_sockets(now);
    }

    fn on_call(&self, outcome: CallOutcome) {
        let effects = self.worker.borrow_mut().on_call(outcome, self.host.now().timestamp());
        self.perform(effects);
    }

    /// Sends what is not reported yet; whether that was all.
    fn on_end(&self) -> bool {
        let effects = self.worker.borrow_mut().on_end(self.host.now().timestamp());
        self.perform(effects);
        self.worker.borrow().may_go()
    }

    fn on_fetch(&self, outcome: CallOutcome, body: Option<&[u8]>) {
        let now = self.host.now().timestamp();
        let effects = self.bulletin.borrow_mut().on_call(outcome, body, now, &mut Shared);
        self.perform(effects);
    }

    fn perform(&self, effects: Vec<WorkerEffect>) {
        for effect in effects {
            match effect {
                WorkerEffect::Count(metric, amount) => self.metrics.count(&self.host, metric, amount),
                WorkerEffect::Set(metric, value) => self.metrics.set(&self.host, metric, value),
                WorkerEffect::Warn(message) => self.host.warn(&message),
                WorkerEffect::Call(call) => self.on_call(self.host.begin(&call)),
                WorkerEffect::Fetch(call) => self.on_fetch(self.host.begin(&call), None),
            }
        }
    }
}

fn worker(policy: &Policy) -> Result<(Worker, Bulletin), String> {
    // Two workers of one boot id would take each other's reports for their own.
    let entropy = random().ok_or("the host gives no randomness, which a boot id needs")?;
    let boot = WorkerBoot(uuid::Builder::from_random_bytes(entropy).into_uuid());
    let Some(analyzer) = policy.analyzer.clone() else {
        return Ok((Worker::silent(boot), Bulletin::silent()));
    };
    let token = match &analyzer.token {
        Token::Inline(token) => token.clone(),
        Token::Environment(name) => std::env::var(name).map_err(|_| {
            format!("analyzer.token_env: the VM has no variable {name}; name it in vm_config.environment_variables")
        })?,
    };
    let bulletin = match analyzer.decisions {
        Switch::On => Bulletin::fetching(boot, analyzer.clone(), token.clone(), &mut Shared),
        Switch::Off => Bulletin::silent(),
    };
    Ok((Worker::reporting(boot, analyzer, token), bulletin))
}

/// Random bytes from the host, if it has any.
fn random<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).ok().map(|()| bytes)
}

/// The root context of the VM.
#[derive(Default)]
pub(crate) struct Root {
    plugin: Option<Rc<Plugin>>,
    /// The host was told to wait, and is to be told once when it need not.
    awaited: bool,
}

impl Root {
    fn leave(&mut self) {
        if self.awaited && self.plugin.as_ref().is_none_or(|plugin| plugin.worker.borrow().may_go()) {
            self.awaited = false;
            Host.done();
        }
    }
}

impl Context for Root {
    fn on_done(&mut self) -> bool {
        let is_over = self.plugin.as_ref().is_none_or(|plugin| plugin.on_end());
        self.awaited = !is_over;
        is_over
    }

    fn on_http_call_response(&mut self, token: u32, headers: usize, body: usize, _: usize) {
        let Some(plugin) = &self.plugin else { return };
        let answer = if headers == 0 { None } else { plugin.host.call_answer() };
        let answered = CallOutcome::Answered(CallId(token), answer);
        if plugin.bulletin.borrow().awaits(CallId(token)) {
            plugin.on_fetch(answered, plugin.host.call_body(body, LARGEST_ANSWER).as_deref());
        } else {
            plugin.on_call(answered);
        }
        self.leave();
    }
}

impl RootContext for Root {
    fn on_configure(&mut self, size: usize) -> bool {
        match Plugin::new(&Host.configuration(size)) {
            Ok(plugin) => {
                Host.tick_every(TICK);
                self.plugin = Some(Rc::new(plugin));
                true
            }
            Err(problem) => {
                Host.error(&format!("policy refused: {problem}"));
                false
            }
        }
    }

    fn on_tick(&mut self) {
        if let Some(plugin) = &self.plugin {
            plugin.on_tick(&plugin.host.now());
        }
        self.leave();
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, context: u32) -> Option<Box<dyn HttpContext>> {
        let plugin = Rc::clone(self.plugin.as_ref()?);
        Some(Box::new(Stream::new(plugin, context)))
    }
}
