//! One worker's plugin: its policy, its metrics, its worker, its tick.

use crate::host::{Host, Moment, Shared};
use crate::metrics::Metrics;
use crate::stream::Stream;
use portcullis_gate::{CallId, CallOutcome, Desk, Event, Held, Worker, WorkerEffect, renew_streams};
use portcullis_policy::throttles::{Live, Places, Seed};
use portcullis_policy::{Policy, Token};
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
    pub(crate) places: Places,
    pub(crate) metrics: Metrics,
    pub(crate) desk: RefCell<Desk>,
    pub(crate) held: RefCell<Held>,
    pub(crate) live: RefCell<Live>,
    worker: RefCell<Worker>,
}

impl Plugin {
    fn new(text: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(text)
            .map_err(|error| format!("not UTF-8 at byte {}", error.valid_up_to()))?;
        let policy = Policy::parse(text).map_err(|mistakes| mistakes.to_string())?;
        let worker = worker(&policy)?;
        let metrics = Metrics::define(&Host, &policy.labels());
        let seed = random().ok_or("the host gives no randomness, which places of buckets need")?;
        let places = Places::prepare(&policy, Seed(seed), &mut Shared);
        // Tells the leases of this worker from those of others, and from its own of a life before.
        let live = Live::new(u32::from_le_bytes(random().ok_or("the host gives no randomness")?));
        let (desk, held) = (RefCell::default(), RefCell::default());
        let (live, worker) = (RefCell::new(live), RefCell::new(worker));
        Ok(Self { host: Host, policy, places, metrics, desk, held, live, worker })
    }

    pub(crate) fn note(&self, event: Event) {
        let effects = self.worker.borrow_mut().note(event);
        self.perform(effects);
    }

    fn on_tick(&self, now: &Moment) {
        let effects = self.worker.borrow_mut().on_tick(now.timestamp());
        self.perform(effects);
        let effects = renew_streams(&mut self.live.borrow_mut(), &mut Shared, now.timestamp());
        self.perform(effects);
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

    fn perform(&self, effects: Vec<WorkerEffect>) {
        for effect in effects {
            match effect {
                WorkerEffect::Count(metric, amount) => self.metrics.count(&self.host, metric, amount),
                WorkerEffect::Warn(message) => self.host.warn(&message),
                WorkerEffect::Call(call) => self.on_call(self.host.begin(&call)),
            }
        }
    }
}

fn worker(policy: &Policy) -> Result<Worker, String> {
    // Two workers of one boot id would take each other's reports for their own.
    let entropy = random().ok_or("the host gives no randomness, which a boot id needs")?;
    let boot = WorkerBoot(uuid::Builder::from_random_bytes(entropy).into_uuid());
    let Some(analyzer) = policy.analyzer.clone() else { return Ok(Worker::silent(boot)) };
    let token = match &analyzer.token {
        Token::Inline(token) => token.clone(),
        Token::Environment(name) => std::env::var(name).map_err(|_| {
            format!("analyzer.token_env: the VM has no variable {name}; name it in vm_config.environment_variables")
        })?,
    };
    Ok(Worker::reporting(boot, analyzer, token))
}

/// Random bytes from the host, if it has any.
pub(crate) fn random<const N: usize>() -> Option<[u8; N]> {
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

    fn on_http_call_response(&mut self, token: u32, headers: usize, _: usize, _: usize) {
        let Some(plugin) = &self.plugin else { return };
        let status = if headers == 0 { None } else { plugin.host.call_status() };
        plugin.on_call(CallOutcome::Answered(CallId(token), status));
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

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        let plugin = Rc::clone(self.plugin.as_ref()?);
        Some(Box::new(Stream::new(plugin)))
    }
}
