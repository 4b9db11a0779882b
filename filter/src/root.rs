//! One worker's plugin: its policy, its metrics, its worker, its tick.

use crate::host::{Host, Moment, Shared};
use crate::metrics::Metrics;
use crate::stream::Stream;
use portcullis_gate::{CallId, CallOutcome, Desk, Event, Held, Worker, WorkerEffect};
use portcullis_policy::throttles::{Places, Seed};
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
        let (desk, held) = (RefCell::default(), RefCell::default());
        Ok(Self { host: Host, policy, places, metrics, desk, held, worker: RefCell::new(worker) })
    }

    pub(crate) fn note(&self, event: Event) {
        let effects = self.worker.borrow_mut().note(event);
        self.perform(effects);
    }

    fn on_tick(&self, now: &Moment) {
        let effects = self.worker.borrow_mut().on_tick(now.timestamp());
        self.perform(effects);
    }

    fn on_call(&self, outcome: CallOutcome) {
        let effects = self.worker.borrow_mut().on_call(outcome, self.host.now().timestamp());
        self.perform(effects);
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
}

impl Context for Root {
    fn on_http_call_response(&mut self, token: u32, headers: usize, _: usize, _: usize) {
        let Some(plugin) = &self.plugin else { return };
        let status = if headers == 0 { None } else { plugin.host.call_status() };
        plugin.on_call(CallOutcome::Answered(CallId(token), status));
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
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        let plugin = Rc::clone(self.plugin.as_ref()?);
        Some(Box::new(Stream::new(plugin)))
    }
}
