//! Limits that several Envoys share: what `portcullis envoy --ratelimit` renders, against a service that counts.

mod service;

use super::{EVIL, HONEST, TETHER, post};
use e2e::{Exchange, PATIENCE, envoy_plan, exchange, repository};
use portcullis_demo::client::{Protocol, Request};
use portcullis_demo::stack::Envoy;
use portcullis_demo::upstream::Upstream;
use portcullis_demo::wait;
use portcullis_report::Reason;
use service::Service;
use std::process::Command;

/// Costs more than one, and not a whole number.
const PAGE: &str = r#"{"query":"{ products(first: 7) { nodes { id name } } }"}"#;

/// Hands the cost over, and has throttles of its own: nothing to speak of flows in while a test runs.
const POLICY: &str = "
clients: {identity: [{header: x-api-key}]}
throttles:
  hand_over_cost: true
  rules: [{name: calls, per: client, unit: requests, capacity: 20, refill: 1, window_ms: 86400000}]
";

/// Several Envoys before one upstream, and the service that they ask.
struct Fleet {
    upstream: Upstream,
    envoys: Vec<Envoy>,
    service: Service,
}

impl Fleet {
    async fn start(envoys: usize, limits: &str) -> Self {
        Self::under(POLICY, envoys, limits).await
    }

    async fn under(policy: &str, envoys: usize, limits: &str) -> Self {
        let upstream = Upstream::start().unwrap();
        let service = Service::start(limits);
        let mut fleet = Self { upstream, envoys: Vec::new(), service };
        for _ in 0..envoys {
            fleet.envoys.push(fleet.envoy(policy).await);
        }
        fleet
    }

    async fn envoy(&self, text: &str) -> Envoy {
        let mut plan = envoy_plan(TETHER, "");
        std::fs::create_dir_all(&plan.folder).unwrap();
        let policy = plan.folder.join("policy.yaml");
        std::fs::write(&policy, text).unwrap();
        let rendered = Command::new(&plan.programs.portcullis)
            .args(["envoy", "--listen", "127.0.0.1:1", "--admin", "127.0.0.1:1"])
            .args(["--upstream", &self.upstream.address.to_string()])
            .args(["--ratelimit", &self.service.address.to_string()])
            .arg("--access-log")
            .arg(plan.folder.join("access.log"))
            .arg("--policy")
            .arg(policy)
            .arg("--wasm")
            .arg(&plan.programs.wasm)
            .output()
            .unwrap();
        assert!(rendered.status.success(), "{}", String::from_utf8_lossy(&rendered.stderr));
        // Any port will do, and a busy machine has more time.
        let text = String::from_utf8(rendered.stdout).unwrap();
        let text = text.replace("port_value: 1}", "port_value: 0}").replace("timeout: 0.05s", "timeout: 5s");
        plan.config = plan.folder.join("rendered.yaml");
        std::fs::write(&plan.config, text).unwrap();
        Envoy::start(&plan).await.unwrap()
    }

    async fn send(&self, envoy: usize, protocol: Protocol, request: &Request) -> Exchange {
        let envoy = &self.envoys[envoy % self.envoys.len()];
        exchange(&self.upstream, envoy.gated().unwrap(), protocol, request).await
    }

    /// A counter of the filter that asks, over all Envoys.
    async fn counted(&self, name: &str) -> f64 {
        let mut sum = 0.0;
        for envoy in &self.envoys {
            let metrics = envoy.metrics().await.unwrap();
            sum += metrics.sum(&format!("envoy_cluster_ratelimit_{name}"), &[]);
        }
        sum
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for envoy in &self.envoys {
                eprintln!("{}", envoy.tail());
            }
        }
    }
}

/// A limit for all clients, and none to speak of for each.
fn limits(all: u64) -> String {
    let text = std::fs::read_to_string(repository().join("envoy/ratelimit/limitador.yaml")).unwrap();
    let lowered =
        text.replace("max_value: 600000\n  seconds: 60", &format!("max_value: {all}\n  seconds: 86400"));
    assert_ne!(text, lowered, "the limit of all clients is another one");
    lowered
}

fn of(client: &str, body: &str) -> Request {
    post(body.to_owned()).with("x-api-key", client)
}

/// The service said no: Envoy answers, and the upstream saw nothing.
#[track_caller]
fn over_limit(exchange: &Exchange) {
    assert_eq!(exchange.reply.status, 429);
    assert!(exchange.reply.header("x-envoy-ratelimited").is_some(), "{exchange:?}");
    exchange.saw_nothing();
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn two_envoys_share_one_limit_and_the_hits_are_the_costs() {
    let fleet = Fleet::start(2, &limits(100)).await;
    let batch = format!("[{PAGE},{HONEST},{PAGE}]");
    let mut spent = 0;
    for (number, body) in [HONEST, PAGE, &batch, PAGE, HONEST, &batch].into_iter().enumerate() {
        let passed = fleet.send(number, Protocol::ALL[number / 2 % 2], &of("a", body)).await;
        let cost: u64 = passed.arrived().header("x-graphql-cost").unwrap().parse().unwrap();
        let asked = fleet.service.asked();
        let [asked] = asked.as_slice() else { panic!("asked {} times", asked.len()) };
        assert_eq!((asked.domain.as_str(), u64::from(asked.hits_addend)), ("portcullis", cost));
        let entries = asked.descriptors.iter().map(|descriptor| {
            descriptor.entries.iter().map(|entry| (entry.key.as_str(), entry.value.as_str())).collect()
        });
        let [all, each] = entries.collect::<Vec<Vec<_>>>().try_into().unwrap();
        assert_eq!(all, [("gate", "allowed")]);
        let [gate, ("client", key)] = each[..] else { panic!("{each:?}") };
        assert_eq!((gate, key.len()), (("gate", "allowed"), 32));
        spent += cost;
    }
    assert!(spent > 6, "costs are no mere requests: {spent}");
    // What the gate refuses, and what it does not judge, is nothing to the service.
    fleet.send(0, Protocol::Http1, &of("a", EVIL)).await.refused(Reason::Introspection);
    let elsewhere = Request::json("/other", HONEST).with("x-graphql-cost", "9");
    fleet.send(1, Protocol::Http2, &elsewhere).await;
    assert_eq!(fleet.service.asked(), []);
    assert_eq!(fleet.service.spent()["all_clients"], spent);
    assert_eq!(fleet.service.spent()["each_client"], spent);
    // Other clients, other Envoys: all spend from the same, until it is gone.
    let mut number = 0;
    loop {
        let client = format!("client-{number}");
        let sent = fleet.send(number, Protocol::ALL[number / 2 % 2], &of(&client, PAGE)).await;
        number += 1;
        if sent.reply.status == 429 {
            over_limit(&sent);
            break;
        }
        let cost: u64 = sent.arrived().header("x-graphql-cost").unwrap().parse().unwrap();
        spent += cost;
        assert!(spent <= 100, "{spent} of 100 spent");
    }
    for number in 0..4 {
        over_limit(&fleet.send(number, Protocol::ALL[number / 2], &of("z", &batch)).await);
    }
    assert_eq!(fleet.service.spent()["all_clients"], spent);
    assert_eq!(fleet.counted("error").await, 0.0);
    assert_eq!(fleet.counted("over_limit").await, 5.0);
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn what_passes_in_shadow_is_spent_from_the_same_limits() {
    // Every operation is too deep, and that only counts.
    let policy = format!("shadow_reasons: [depth]\ngraphql: {{limits: {{depth: 1}}}}\n{POLICY}");
    let fleet = Fleet::under(&policy, 1, &limits(3)).await;
    for protocol in [Protocol::Http1, Protocol::Http2, Protocol::Http1] {
        fleet.send(0, protocol, &of("a", HONEST)).await.arrived();
        let asked = fleet.service.asked();
        let [asked] = asked.as_slice() else { panic!("asked {} times", asked.len()) };
        for descriptor in &asked.descriptors {
            let gate = descriptor.entries.first().map(|entry| (entry.key.as_str(), entry.value.as_str()));
            assert_eq!(gate, Some(("gate", "allowed")));
        }
    }
    assert_eq!(fleet.service.spent()["each_client"], 3);
    for client in ["a", "b"] {
        over_limit(&fleet.send(0, Protocol::Http1, &of(client, HONEST)).await);
    }
    let metrics = fleet.envoys[0].metrics().await.unwrap();
    assert_eq!(metrics.sum("portcullis_graphql_shadowed", &[("shadow_reason", "depth")]), 5.0);
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn without_the_service_each_envoy_has_its_own_throttles_until_it_is_back() {
    let mut fleet = Fleet::start(2, &limits(3)).await;
    for number in 0..3 {
        fleet.send(number, Protocol::Http1, &of("a", HONEST)).await.arrived();
    }
    over_limit(&fleet.send(1, Protocol::Http2, &of("a", HONEST)).await);
    fleet.service.stop();
    // Each Envoy lets a client do what its own throttle holds, and no more; what was refused before it never asks the service.
    for envoy in 0..2 {
        for number in 0..20 {
            fleet.send(envoy, Protocol::ALL[number % 2], &of("b", HONEST)).await.arrived();
        }
        for protocol in Protocol::ALL {
            fleet.send(envoy, protocol, &of("b", HONEST)).await.refused(Reason::Throttled);
            fleet.send(envoy, protocol, &of("c", EVIL)).await.refused(Reason::Introspection);
        }
    }
    assert_eq!(fleet.counted("error").await, 40.0);
    assert_eq!(fleet.counted("failure_mode_allowed").await, 40.0);
    // Envoy comes back to it by itself.
    fleet.service.resume();
    for envoy in 0..2 {
        let mut client = 0;
        let back = wait::until("the service to be asked again", PATIENCE, async || {
            client += 1;
            let sent = fleet.send(envoy, Protocol::Http1, &of(&format!("d-{client}"), HONEST)).await;
            (sent.reply.status == 429).then_some(sent)
        });
        over_limit(&back.await.unwrap());
    }
}
