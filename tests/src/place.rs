//! Where tests run: one stack that many tests share, or one of their own.

use crate::{Exchange, Listeners};
use portcullis_demo::client::{self, Protocol, Request};
use portcullis_demo::corpus::PolicyFile;
use portcullis_demo::stack::{Decisions, EnvoyPlan, Plan, Ports, Programs, Stack, Token, behind_proxy};
use portcullis_demo::tether::Tether;
use portcullis_demo::upstream::{TEST_ID, Upstream};
use std::net::SocketAddr;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

/// Which build of the filter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Build {
    /// The one that is shipped.
    #[default]
    Shipped,
    /// The one that can be told to trap.
    Fault,
}

/// What a stack of a test's own is to be like.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The policy, without its section `analyzer`.
    pub policy: &'static str,
    /// The analyzer's configuration.
    pub settings: &'static str,
    /// How many workers.
    pub concurrency: u32,
    /// Which build of the filter.
    pub build: Build,
    /// How the filter learns its key.
    pub token: Token,
    /// Whether it carries out what the analyzer decides.
    pub decisions: Decisions,
    /// An HTTP filter of Envoy's before the gate, as a YAML list of one.
    pub before: &'static str,
    /// Whether the last address in `x-forwarded-for` is believed.
    pub behind: Behind,
    /// Routes of Envoy's on the gated listener before the one that takes everything, as YAML in one line, each with a comma after it.
    pub routes: &'static str,
}

/// What stands before Envoy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Behind {
    /// Nobody: the client's address is that of the connection.
    #[default]
    Nobody,
    /// A proxy that is trusted: the client's address is the last in `x-forwarded-for`.
    Proxy,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            policy: "",
            settings: "",
            concurrency: 2,
            build: Build::Shipped,
            token: Token::Inline,
            decisions: Decisions::Ignored,
            before: "",
            behind: Behind::Nobody,
            routes: "",
        }
    }
}

/// A running stack; its logs are printed when the test that holds it fails.
pub struct Site<S: Deref<Target = Stack>>(S);

static SHARED: OnceLock<Arc<Stack>> = OnceLock::new();
static STACKS: AtomicU32 = AtomicU32::new(0);

impl Site<Arc<Stack>> {
    /// The stack with the default policy that all tests of one binary share.
    ///
    /// `tether` is `env!("CARGO_BIN_EXE_tether")`.
    #[must_use]
    pub fn shared(tether: &str) -> Self {
        let start = || Arc::new(start(plan(tether, &Wanted::default())));
        Self(Arc::clone(SHARED.get_or_init(start)))
    }
}

impl Site<Box<Stack>> {
    /// A stack for one test.
    #[must_use]
    pub fn own(tether: &str, wanted: &Wanted) -> Self {
        Self(Box::new(start(plan(tether, wanted))))
    }

    /// A stack for one test that has no listeners until it is offered some; the policy that is wanted plays no part.
    #[must_use]
    pub fn dynamic(tether: &str, wanted: &Wanted) -> (Self, Listeners) {
        let mut plan = plan(tether, wanted);
        let listeners = Listeners::of(&mut plan);
        (Self(Box::new(start(plan))), listeners)
    }

    /// A stack for one test whose configuration is a changed one; the gate listens on a port that is free.
    #[must_use]
    pub fn changed(tether: &str, wanted: &Wanted, change: impl FnOnce(&str, &Path) -> String) -> Self {
        let mut plan = plan(tether, wanted);
        let text = std::fs::read_to_string(&plan.config).unwrap();
        std::fs::create_dir_all(&plan.folder).unwrap();
        plan.config = plan.folder.join("changed.yaml");
        std::fs::write(&plan.config, change(&text, &plan.folder)).unwrap();
        let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        plan.ports.gate = free.local_addr().unwrap().port();
        drop(free);
        Self(Box::new(start(plan)))
    }

    /// A stack under one of the corpus' policies; where it wants one, with the table that `portcullis compile` makes of the shop's schema.
    #[must_use]
    pub fn under(tether: &str, policy: PolicyFile) -> Self {
        let behind = if policy == PolicyFile::Throttled { Behind::Proxy } else { Behind::Nobody };
        let mut plan = plan(tether, &Wanted { behind, ..Wanted::default() });
        plan.policy = with_table(policy.text(), &plan.programs.portcullis);
        Self(Box::new(start(plan)))
    }
}

/// The place of the table in a policy.
const TABLE: &str = "{{schema}}";

/// The policy, with the table in its place.
fn with_table(policy: &str, portcullis: &Path) -> String {
    if policy.contains(TABLE) { policy.replace(TABLE, &compiled(portcullis)) } else { policy.to_owned() }
}

/// What the gate is to know of the shop's schema: a line of base64.
fn compiled(portcullis: &Path) -> String {
    let schema = repository().join("demo/shop.graphql");
    let output =
        std::process::Command::new(portcullis).args(["compile", "--base64"]).arg(schema).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "portcullis compile: {said}");
    let table = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    assert!(
        !table.is_empty() && !table.contains(char::is_whitespace),
        "portcullis compile printed no base64: {said}"
    );
    table
}

/// A stack needs no runtime once it runs, and the runtime of the first test ends with that test.
fn start(plan: Plan) -> Stack {
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(Stack::start(&plan))
    });
    thread.join().expect("the thread ends").unwrap_or_else(|error| panic!("no stack: {error:#}"))
}

fn plan(tether: &str, wanted: &Wanted) -> Plan {
    let (folder, programs) = (folder(), programs(tether, wanted.build));
    Plan {
        config: adapted(config("demo.yaml"), wanted, &folder),
        policy: with_table(wanted.policy, &programs.portcullis),
        settings: wanted.settings.to_owned(),
        programs,
        concurrency: wanted.concurrency,
        ports: Ports::default(),
        token: wanted.token,
        decisions: wanted.decisions,
        folder,
    }
}

/// The configuration with what stands before the gate, and with other routes.
pub(crate) fn adapted(config: PathBuf, wanted: &Wanted, folder: &Path) -> PathBuf {
    if wanted.before.is_empty() && wanted.routes.is_empty() && wanted.behind == Behind::Nobody {
        return config;
    }
    let mut text = std::fs::read_to_string(config).unwrap();
    if wanted.behind == Behind::Proxy {
        text = behind_proxy(&text).unwrap();
    }
    if !wanted.before.is_empty() {
        text = with_filter(&text, wanted.before);
    }
    if !wanted.routes.is_empty() {
        text = with_routes(&text, wanted.routes);
    }
    std::fs::create_dir_all(folder).unwrap();
    let path = folder.join("template.yaml");
    std::fs::write(&path, text).unwrap();
    path
}

/// The configuration with another filter before the gate.
fn with_filter(text: &str, filter: &str) -> String {
    let gate = "- name: envoy.filters.http.wasm";
    let line = text.lines().find(|line| line.trim_start().starts_with(gate)).expect("the gate is a filter");
    let indent = line.len() - line.trim_start().len();
    let filter: String = filter.lines().map(|line| format!("{:indent$}{line}\n", "")).collect();
    text.replacen(line, &format!("{filter}{line}"), 1)
}

/// The configuration with other routes before the first listener's own, which is the gated one.
fn with_routes(text: &str, routes: &str) -> String {
    let list = "routes: [";
    let gated =
        text.find("name: \"gated\"").or_else(|| text.find("name: gated")).expect("the gated listener");
    let at = text.get(gated..).and_then(|rest| rest.find(list)).expect("its routes") + gated + list.len();
    let (before, after) = text.split_at(at);
    format!("{before}{routes} {after}")
}

/// The programs, as `cargo xtask e2e` names them.
pub(crate) fn programs(tether: &str, build: Build) -> Programs {
    let path = |name: &str| {
        let path =
            std::env::var_os(name).unwrap_or_else(|| panic!("{name} is not set: run `cargo xtask e2e`"));
        PathBuf::from(path)
    };
    Programs {
        envoy: path("PORTCULLIS_ENVOY"),
        wasm: match build {
            Build::Shipped => path("PORTCULLIS_WASM"),
            Build::Fault => path("PORTCULLIS_WASM_FAULT"),
        },
        portcullis: path("PORTCULLIS_BIN"),
        tether: Tether { program: tether.into(), arguments: Vec::new() },
    }
}

/// A folder for the logs and data of one stack; those of runs that are over are removed.
pub(crate) fn folder() -> PathBuf {
    let root = std::env::temp_dir().join("portcullis-e2e");
    for entry in std::fs::read_dir(&root).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let running = Path::new("/proc").join(&name).exists();
        if !running && name.to_str().is_some_and(|name| name.parse::<u32>().is_ok()) {
            #[expect(
                clippy::let_underscore_must_use,
                reason = "another run may be removing it at the same time"
            )]
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
    let number = STACKS.fetch_add(1, Ordering::Relaxed);
    root.join(std::process::id().to_string()).join(number.to_string())
}

/// The root of the repository.
#[must_use]
pub fn repository() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&package).parent().expect("the package is in the repository").to_owned()
}

/// An Envoy configuration of the repository.
#[must_use]
pub fn config(name: &str) -> PathBuf {
    repository().join("envoy").join(name)
}

/// A plan for an Envoy that nothing is sent through.
#[must_use]
pub fn envoy_plan(tether: &str, policy: &str) -> EnvoyPlan {
    EnvoyPlan {
        programs: programs(tether, Build::Shipped),
        config: config("demo.yaml"),
        policy: policy.to_owned(),
        upstream_port: 1,
        analyzer_port: 1,
        gate_port: 0,
        admin_port: 0,
        concurrency: 1,
        environment: Vec::new(),
        folder: folder(),
    }
}

impl<S: Deref<Target = Stack>> Site<S> {
    /// Sends a request through the gate.
    pub async fn gated(&self, protocol: Protocol, request: &Request) -> Exchange {
        self.through(self.envoy.gated().unwrap(), protocol, request).await
    }

    /// Sends a request around the gate, through the same Envoy.
    pub async fn plain(&self, protocol: Protocol, request: &Request) -> Exchange {
        self.through(self.envoy.plain().unwrap(), protocol, request).await
    }

    /// Sends a request to a listener of Envoy's.
    pub async fn through(&self, to: SocketAddr, protocol: Protocol, request: &Request) -> Exchange {
        exchange(&self.upstream, to, protocol, request).await
    }
}

/// Sends a request to an Envoy before this upstream.
pub async fn exchange(
    upstream: &Upstream,
    to: SocketAddr,
    protocol: Protocol,
    request: &Request,
) -> Exchange {
    let id = uuid::Uuid::new_v4().to_string();
    let request = request.clone().with(TEST_ID, &id);
    let reply = client::send(to, protocol, &request).await;
    let reply =
        reply.unwrap_or_else(|error| panic!("{protocol:?} {} {}: {error:#}", request.method, request.path));
    Exchange { protocol, seen: upstream.recorder.take(&id), reply, request }
}

impl<S: Deref<Target = Stack>> Deref for Site<S> {
    type Target = Stack;

    fn deref(&self) -> &Stack {
        &self.0
    }
}

impl DerefMut for Site<Box<Stack>> {
    fn deref_mut(&mut self) -> &mut Stack {
        &mut self.0
    }
}

impl<S: Deref<Target = Stack>> Drop for Site<S> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.logs());
        }
    }
}
