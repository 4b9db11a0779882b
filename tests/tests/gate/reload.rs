//! A new policy by LDS: it is taken while Envoy runs and nothing is forgotten, or it is refused and the old one stays.

use super::{EVIL, HONEST, TETHER, post};
use e2e::{Listeners, PATIENCE, Site, Wanted, listener};
use portcullis_demo::client::{self, Protocol, Request};
use portcullis_demo::stack::Stack;
use portcullis_demo::upstream::BEHAVIOUR;
use portcullis_demo::wait;
use portcullis_report::Reason;
use std::net::SocketAddr;

/// Deeper than any of the policies allows.
const DEEP: &str = r#"{"query":"{ a { a { a { a { a { a { a { a { a { a { a { a { a { a { a { a } } } } } } } } } } } } } } } }"}"#;

/// Three requests, and nothing to speak of flows in while a test runs.
const THREE: &str = "
clients: {identity: [{header: x-api-key}]}
throttles: {rules: [{name: few, per: client, unit: requests, capacity: 3, refill: 1, window_ms: 86400000}]}
";

struct Running {
    site: Site<Box<Stack>>,
    listeners: Listeners,
    gate: SocketAddr,
}

impl Running {
    /// Starts under a policy that begins with those lines.
    async fn under(policy: &str) -> Self {
        let (site, listeners) = Site::dynamic(TETHER, &Wanted::default());
        listeners.offer(&reporting(&site, policy));
        let gate = listener(&site.envoy, "gated").await;
        Self { site, listeners, gate }
    }

    fn offer(&self, policy: &str) {
        self.listeners.offer(&reporting(&self.site, policy));
    }

    async fn send(&self, protocol: Protocol, request: &Request) -> e2e::Exchange {
        self.site.through(self.gate, protocol, request).await
    }

    /// Waits until a stat of LDS is so high.
    async fn lds(&self, name: &str, value: f64) {
        let name = format!("envoy_listener_manager_lds_{name}");
        let what = format!("{name} {value}");
        let reached = wait::until(&what, PATIENCE, async || {
            let metrics = self.site.envoy.metrics().await.unwrap();
            (metrics.sum(&name, &[]) == value).then_some(())
        });
        reached.await.unwrap();
    }

    /// Waits until nothing is judged by an old policy any more.
    async fn drained(&self) {
        let drained = wait::until("old filter chains to be gone", PATIENCE, async || {
            let metrics = self.site.envoy.metrics().await.unwrap();
            let left = ["listeners_draining", "filter_chains_draining"]
                .map(|name| metrics.sum(&format!("envoy_listener_manager_total_{name}"), &[]));
            (left == [0.0; 2]).then_some(())
        });
        drained.await.unwrap();
    }

    /// Waits until what is too deep is refused with that status, by all workers.
    async fn refuses_with(&self, status: u16) {
        let mut times = 0;
        let what = format!("{status}");
        let refused = wait::until(&what, PATIENCE, async || {
            let exchange = self.send(Protocol::ALL[times % 2], &post(DEEP)).await;
            times += 1;
            exchange.saw_nothing();
            (exchange.reply.status == status)
                .then(|| exchange.refused_with(status, Some(Reason::Depth.code())))
        });
        refused.await.unwrap();
    }

    /// What the analyzer counts, once it is as much.
    async fn counted(&self, requests: u64, refused: u64) {
        let what = format!("{requests} requests, {refused} refused");
        let counted = wait::until(&what, PATIENCE, async || {
            let page = self.site.analyzer.get("/monitoring/graphql/").await.ok()?.json();
            let total = |name: &str| page["totals"][name].as_u64();
            assert!(total("requests") <= Some(requests), "counted twice: {}", page["totals"]);
            (total("requests") == Some(requests) && total("refused") == Some(refused)).then_some(())
        });
        counted.await.unwrap();
    }
}

fn reporting(site: &Site<Box<Stack>>, policy: &str) -> String {
    format!("{policy}\nanalyzer: {{cluster: portcullis_analyzer, token: {}}}\n", site.analyzer.edge_key)
}

fn of(client: &str) -> Request {
    post(HONEST).with("x-api-key", client)
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_new_policy_keeps_buckets_and_reports() {
    let running = Running::under(THREE).await;
    for protocol in Protocol::ALL {
        running.send(protocol, &of("a")).await.arrived();
    }
    running.send(Protocol::Http1, &post(EVIL)).await.refused(Reason::Introspection);
    running.counted(3, 1).await;
    running.offer(&format!("{THREE}responses: {{validation_status: 422}}\n"));
    running.lds("update_success", 3.0).await;
    running.drained().await;
    running.send(Protocol::Http1, &post(DEEP)).await.refused_with(422, Some(Reason::Depth.code()));
    // Two of three are spent, whoever judged them.
    running.send(Protocol::Http2, &of("a")).await.arrived();
    for protocol in Protocol::ALL {
        running.send(protocol, &of("a")).await.refused(Reason::Throttled);
        running.send(protocol, &of("b")).await.arrived();
    }
    // To those before, those after are added, by VMs that the analyzer has not heard of.
    running.counted(9, 4).await;
    let metrics = running.site.envoy.metrics().await.unwrap();
    assert_eq!(metrics.sum("envoy_listener_manager_lds_update_rejected", &[]), 0.0);
    assert_eq!(metrics.sum("portcullis_graphql_requests", &[]), 9.0);
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_bad_policy_is_refused_and_the_old_one_stays() {
    let running = Running::under(THREE).await;
    running.send(Protocol::Http1, &of("a")).await.arrived();
    running.offer(&format!("{THREE}graphql: {{limits: {{depth: 0}}}}\n"));
    running.lds("update_rejected", 1.0).await;
    // Nothing has changed: the limits, the buckets, the reports.
    running.refuses_with(400).await;
    running.send(Protocol::Http2, &of("a")).await.arrived();
    running.send(Protocol::Http1, &of("a")).await.arrived();
    running.send(Protocol::Http2, &of("a")).await.refused(Reason::Throttled);
    running.counted(5, 2).await;
    let page = running.site.envoy.admin("/config_dump?resource=dynamic_listeners").await.unwrap();
    let dump = String::from_utf8_lossy(&page.body).into_owned();
    assert!(dump.contains("Unable to create Wasm plugin portcullis"), "{dump}");
    // And a good one is taken after it.
    running.offer(&format!("{THREE}responses: {{validation_status: 422}}\n"));
    running.lds("update_success", 3.0).await;
    running.refuses_with(422).await;
    running.send(Protocol::Http1, &of("a")).await.refused(Reason::Throttled);
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_policy_leaves_shadow_while_envoy_runs() {
    let running = Running::under(&format!("mode: shadow\n{THREE}")).await;
    for protocol in Protocol::ALL {
        running.send(protocol, &post(EVIL)).await.arrived();
        for _ in 0..2 {
            running.send(protocol, &of("a")).await.arrived();
        }
    }
    running.counted(6, 0).await;
    running.offer(THREE);
    running.lds("update_success", 3.0).await;
    running.drained().await;
    for protocol in Protocol::ALL {
        running.send(protocol, &post(EVIL)).await.refused(Reason::Introspection);
        // Who has spent too much meanwhile waits from the first moment, and nobody else.
        running.send(protocol, &of("a")).await.refused(Reason::Throttled);
        running.send(protocol, &of("b")).await.arrived();
    }
    running.counted(12, 4).await;
    let metrics = running.site.envoy.metrics().await.unwrap();
    let shadowed = |reason| metrics.sum("portcullis_graphql_shadowed", &[("shadow_reason", reason)]);
    assert_eq!([shadowed("introspection"), shadowed("throttled")], [2.0, 1.0]);
}

/// A hundred requests, and nothing to speak of flows in while a test runs.
const HUNDRED: &str = "
clients: {identity: [{header: x-api-key}]}
throttles: {rules: [{name: many, per: client, unit: requests, capacity: 100, refill: 1, window_ms: 86400000}]}
";

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_reload_in_the_middle_admits_exactly_the_limit() {
    let running = Running::under(HUNDRED).await;
    let allowed =
        async |name: &str| running.site.envoy.metrics().await.unwrap().sum(name, &[("verdict", "allowed")]);
    let mut clients = tokio::task::JoinSet::new();
    for number in 0..8 {
        let gate = running.gate;
        clients.spawn(async move {
            for _ in 0..25 {
                // What the drain cuts off is not sent again; on a connection of its own each is judged by either policy.
                drop(client::send(gate, Protocol::ALL[number % 2], &of("a")).await);
            }
        });
    }
    let begun = wait::until("some to be admitted", PATIENCE, async || {
        (allowed("portcullis_clients_requests").await >= 20.0).then_some(())
    });
    begun.await.unwrap();
    running.offer(&format!("{HUNDRED}responses: {{validation_status: 422}}\n"));
    running.lds("update_success", 3.0).await;
    clients.join_all().await;
    running.drained().await;
    running.send(Protocol::Http1, &of("a")).await.refused(Reason::Throttled);
    assert_eq!(allowed("portcullis_clients_requests").await, 100.0);
}

/// What is reported only when its response has passed.
const READ: &str = "responses: {actual_cost: true}\n";

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn what_ends_with_the_old_policy_is_reported() {
    let running = Running::under(READ).await;
    let request = post(HONEST).with(BEHAVIOUR, "delay=60000");
    let mut open = tokio::task::JoinSet::new();
    for protocol in Protocol::ALL {
        let (gate, request) = (running.gate, request.clone());
        open.spawn(async move {
            client::send(gate, protocol, &request).await.is_ok_and(|reply| reply.status == 200)
        });
    }
    let allowed = wait::until("the requests to be judged", PATIENCE, async || {
        let metrics = running.site.envoy.metrics().await.unwrap();
        (metrics.sum("portcullis_graphql_requests", &[]) == 2.0).then_some(())
    });
    allowed.await.unwrap();
    running.offer(&format!("{READ}graphql: {{limits: {{depth: 3}}}}\n"));
    running.lds("update_success", 3.0).await;
    // The old workers end with what they still have open.
    assert_eq!(open.join_all().await, [false; 2]);
    running.counted(2, 0).await;
}
