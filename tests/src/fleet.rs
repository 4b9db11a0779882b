//! Several Envoys and several analyzers on one PostgreSQL: every Envoy knows all analyzers, and takes one after the other.

use crate::postgres::Postgres;
use crate::{Build, Exchange, Wanted, config, exchange, place};
use portcullis_demo::client::{Protocol, Request};
use portcullis_demo::stack::{Analyzer, Envoy, EnvoyPlan};
use portcullis_demo::upstream::Upstream;

/// So many of each.
const EACH: usize = 2;
/// Jobs run so often that whoever had one and is gone is missed soon.
const SETTINGS: &str = "retention: { interval_s: 1 }\nhttp: { requests_per_s: 100000 }\n";
/// Where the configuration names the one analyzer that it knows.
const PLACE: &str = "{{analyzer_port}}";

/// All of it; it ends when it is dropped, and its logs are printed when the test that holds it fails.
pub struct Fleet {
    /// The Envoys with the gate.
    pub envoys: Vec<Envoy>,
    /// The analyzers.
    pub analyzers: Vec<Analyzer>,
    /// The GraphQL server behind it all.
    pub upstream: Upstream,
    _store: Postgres,
}

impl Fleet {
    /// Starts everything under the policy and waits until it is ready.
    ///
    /// `tether` is `env!("CARGO_BIN_EXE_tether")`.
    pub async fn start(tether: &str, wanted: &Wanted) -> Self {
        let folder = place::folder();
        let programs = place::programs(tether, Build::Shipped);
        let store = Postgres::start(&folder.join("postgres")).await;
        let settings = folder.join("portcullis.yaml");
        let data = folder.join("data");
        let url = store.url();
        let text = format!("data_dir: {}\nstore: {{ url: \"{url}\" }}\n{SETTINGS}", data.display());
        std::fs::write(&settings, text).unwrap();
        let mut analyzers = Vec::new();
        for number in 0..EACH {
            let folder = folder.join(format!("analyzer-{number}"));
            analyzers.push(Analyzer::configured(&programs, &folder, &settings).await.unwrap());
        }
        let upstream = Upstream::start().unwrap();
        let template = place::adapted(config("demo.yaml"), wanted, &folder);
        let text = with_all(&std::fs::read_to_string(template).unwrap(), &analyzers);
        let template = folder.join("fleet.yaml");
        std::fs::write(&template, text).unwrap();
        // The keys of one analyzer are those of all.
        let token = &analyzers[0].edge_key;
        let policy = format!(
            "{}\nanalyzer: {{cluster: portcullis_analyzer, decisions: true, token: {token}}}\n",
            wanted.policy
        );
        let mut envoys = Vec::new();
        for number in 0..EACH {
            let plan = EnvoyPlan {
                programs: programs.clone(),
                config: template.clone(),
                policy: policy.clone(),
                upstream_port: upstream.address.port(),
                analyzer_port: analyzers[0].address.port(),
                gate_port: 0,
                admin_port: 0,
                concurrency: wanted.concurrency,
                environment: Vec::new(),
                folder: folder.join(format!("envoy-{number}")),
            };
            envoys.push(Envoy::start(&plan).await.unwrap());
        }
        Self { envoys, analyzers, upstream, _store: store }
    }

    /// Sends a request through the gate of one of the Envoys.
    pub async fn gated(&self, envoy: usize, request: &Request) -> Exchange {
        let gate = self.envoys[envoy].gated().unwrap();
        exchange(&self.upstream, gate, Protocol::Http1, request).await
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.envoys.iter().for_each(|envoy| eprintln!("{}", envoy.tail()));
            self.analyzers.iter().for_each(|analyzer| eprintln!("{}", analyzer.tail()));
        }
    }
}

/// The configuration with an endpoint for each of the analyzers.
fn with_all(text: &str, analyzers: &[Analyzer]) -> String {
    let line = text.lines().find(|line| line.contains(PLACE)).expect("the endpoint of the analyzer");
    let endpoint = |analyzer: &Analyzer| line.replace(PLACE, &analyzer.address.port().to_string());
    let endpoints: Vec<_> = analyzers.iter().map(endpoint).collect();
    text.replacen(line, &endpoints.join("\n"), 1)
}
