//! What bouncers of CrowdSec see: the words they expect, each key with its own place in the stream, and a client that is not ours.

use crate::harness::{NOW, Service, send};
use portcullis_analyzer::{Key, Role};
use serde_json::{Value, json};

const HOUR: u64 = 3_600_000;

struct Site {
    service: Service,
    operator: Key,
}

impl Site {
    async fn start() -> Self {
        let service = Service::start().await;
        let operator = service.ground.add_key(Role::Operator).await;
        Self { service, operator }
    }

    async fn decide(&self, target: &str, duration: &str, action: Value) {
        let decision =
            json!({ "target": target, "duration": duration, "action": action, "reason": "GraphQL bomb" });
        let request =
            self.service.request("POST", "/monitoring/decisions/").bearer_auth(self.operator.reveal());
        assert_eq!(send(request.json(&json!({ "decisions": [decision] }))).await.status, 201);
    }

    async fn remove(&self, target: &str) {
        let path = format!("/monitoring/decisions/?target={target}");
        let request = self.service.request("DELETE", &path).bearer_auth(self.operator.reveal());
        assert_eq!(send(request).await.json(), json!({ "removed": 1 }));
    }

    async fn get(&self, path: &str) -> Value {
        let reply = self.service.get(path).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.json()
    }

    /// The values of what is new and of what is deleted, as this key is told.
    async fn stream(&self, key: &Key, query: &str) -> (Vec<String>, Vec<String>) {
        let path = format!("/v1/decisions/stream?{query}");
        let reply = send(self.service.request("GET", &path).header("x-api-key", key.reveal())).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        let answer = reply.json();
        let values = |name: &str| -> Vec<String> {
            let decisions = answer[name].as_array().unwrap().iter();
            decisions.map(|decision| decision["value"].as_str().unwrap().to_owned()).collect()
        };
        (values("new"), values("deleted"))
    }
}

#[tokio::test]
async fn a_bouncer_is_told_everything_and_then_what_changes() {
    let site = Site::start().await;
    let (one, two) =
        (site.service.ground.add_key(Role::Viewer).await, site.service.ground.add_key(Role::Viewer).await);
    let none = || (Vec::<String>::new(), Vec::<String>::new());
    let new = |values: &[&str]| {
        (values.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>(), Vec::<String>::new())
    };
    assert_eq!(site.stream(&one, "startup=true").await, none());
    site.decide("192.0.2.7", "4h", json!("block")).await;
    site.decide("10.0.0.0/8", "1h", json!("block")).await;
    site.decide("192.0.2.8", "4h", json!("allow")).await;
    site.decide("192.0.2.9", "4h", json!({ "throttle": { "factor_milli": 5 } })).await;
    site.decide("0123456789abcdef0123456789abcdef", "4h", json!("block")).await;
    assert_eq!(site.stream(&one, "startup=false").await, new(&["192.0.2.7", "10.0.0.0/8"]));
    assert_eq!(site.stream(&one, "").await, none());
    // Another key has its own place, also when it never began.
    assert_eq!(site.stream(&two, "startup=false").await, new(&["192.0.2.7", "10.0.0.0/8"]));
    assert_eq!(site.stream(&two, "startup=true&scopes=range").await, new(&["10.0.0.0/8"]));
    // The head alone moves nothing.
    site.decide("192.0.2.10", "4h", json!("block")).await;
    let head = site.service.request("HEAD", "/v1/decisions/stream").header("x-api-key", one.reveal());
    assert_eq!(send(head).await.status, 200);
    assert_eq!(site.stream(&one, "").await, new(&["192.0.2.10"]));
    // What is taken back and what runs out are both deleted.
    site.remove("192.0.2.7").await;
    assert_eq!(site.stream(&one, "").await, (Vec::new(), vec!["192.0.2.7".to_owned()]));
    site.service.set_now(NOW + HOUR);
    assert_eq!(site.stream(&one, "").await, (Vec::new(), vec!["10.0.0.0/8".to_owned()]));
    assert_eq!(site.stream(&two, "startup=true").await, new(&["192.0.2.10"]));
}

#[tokio::test]
async fn a_bouncer_is_told_of_clients_and_not_of_decisions() {
    let site = Site::start().await;
    let key = site.service.ground.add_key(Role::Viewer).await;
    let one = |value: &str| vec![value.to_owned()];
    let both = async |targets: &str| {
        let decision = |origin: &str, duration: &str| json!({ "target": targets, "duration": duration, "origin": origin });
        let decisions = [decision("operator", "30d"), decision("import", "30m")];
        let request =
            site.service.request("POST", "/monitoring/decisions/").bearer_auth(site.operator.reveal());
        assert_eq!(send(request.json(&json!({ "decisions": decisions }))).await.status, 201);
    };
    both("192.0.2.7").await;
    assert_eq!(site.stream(&key, "startup=true").await.0, one("192.0.2.7"));
    // One of two runs out: the client is blocked all the same, and for how long is told again.
    site.service.set_now(NOW + HOUR / 2);
    assert_eq!(site.stream(&key, "").await, (one("192.0.2.7"), Vec::new()));
    // What takes the place of the other blocks no more.
    site.decide("192.0.2.7", "4h", json!({ "throttle": { "factor_milli": 500 } })).await;
    assert_eq!(site.stream(&key, "").await, (Vec::new(), one("192.0.2.7")));
    // What ran out shortly before it asked last is told once more.
    site.service.set_now(NOW + HOUR / 2 + 3_000);
    assert_eq!(site.stream(&key, "").await, (Vec::new(), one("192.0.2.7")));
    // An allow of a range is above the blocks in it, for as long as it holds.
    site.decide("192.0.2.8", "30d", json!("block")).await;
    assert_eq!(site.stream(&key, "").await, (one("192.0.2.8"), Vec::new()));
    site.decide("192.0.2.0/24", "1h", json!("allow")).await;
    assert_eq!(site.stream(&key, "").await, (Vec::new(), one("192.0.2.8")));
    assert_eq!(site.stream(&key, "startup=true").await, (Vec::new(), Vec::new()));
    site.service.set_now(NOW + 2 * HOUR);
    assert_eq!(site.stream(&key, "").await, (one("192.0.2.8"), Vec::new()));
    // A day away, and it is told what ran out meanwhile.
    site.decide("192.0.2.9", "1h", json!("block")).await;
    assert_eq!(site.stream(&key, "").await, (one("192.0.2.9"), Vec::new()));
    site.service.set_now(NOW + 26 * HOUR);
    assert_eq!(site.stream(&key, "").await, (Vec::new(), one("192.0.2.9")));
}

#[tokio::test]
async fn one_address_is_asked_about_with_its_ranges() {
    let site = Site::start().await;
    site.decide("192.0.2.7", "4h", json!("block")).await;
    site.decide("10.0.0.0/8", "4h", json!("block")).await;
    let answer = site.get("/v1/decisions?ip=192.0.2.7").await;
    let expected = json!([{
        "duration": "4h0m0s", "id": answer[0]["id"], "origin": "operator", "scenario": "GraphQL bomb", "scope": "Ip",
        "type": "ban", "value": "192.0.2.7",
    }]);
    assert_eq!(answer, expected);
    assert_eq!(site.get("/v1/decisions?ip=10.1.2.3&type=ban").await[0]["value"], "10.0.0.0/8");
    assert_eq!(site.get("/v1/decisions?range=10.0.0.0/8").await[0]["scope"], "Range");
    assert_eq!(site.get("/v1/decisions?scope=ip&value=192.0.2.7").await[0]["value"], "192.0.2.7");
    for nobody in ["ip=192.0.2.8", "ip=192.0.2.7&type=captcha", "range=10.0.0.0/7", "scope=Country&value=AQ"]
    {
        assert_eq!(site.get(&format!("/v1/decisions?{nobody}")).await, Value::Null, "{nobody}");
    }
    // A range is blocked by what contains it; in it are those that it contains.
    assert_eq!(site.get("/v1/decisions?range=10.0.0.0/9").await[0]["value"], "10.0.0.0/8");
    assert_eq!(site.get("/v1/decisions?range=10.0.0.0/9&contains=false").await, Value::Null);
    assert_eq!(site.get("/v1/decisions?range=192.0.2.0/24&contains=false").await[0]["value"], "192.0.2.7");
    // Who is allowed is blocked by nobody, whatever lies around.
    site.decide("10.1.2.3", "1h", json!("allow")).await;
    assert_eq!(site.get("/v1/decisions?ip=10.1.2.3").await, Value::Null);
    let twice = site.service.get("/v1/decisions/stream?startup=true&startup=true").await;
    assert!(twice.status == 400 && twice.json()["message"].is_string());
    for wrong in ["", "ip=x", "scope=ip", "ip=192.0.2.7&ip=192.0.2.8"] {
        let reply = site.service.get(&format!("/v1/decisions?{wrong}")).await;
        assert_eq!(reply.status, 400, "{wrong}");
        assert!(reply.json()["message"].is_string());
    }
}

#[tokio::test]
async fn a_bouncer_without_a_good_key_is_told_what_it_knows() {
    let site = Site::start().await;
    let (edge, stranger) = (site.service.edge.reveal(), Key::mint(Role::Viewer).unwrap().reveal());
    for path in ["/v1/decisions?ip=192.0.2.7", "/v1/decisions/stream?startup=true"] {
        for key in ["", "x", &edge, &stranger] {
            let reply = send(site.service.request("GET", path).header("x-api-key", key)).await;
            assert_eq!((reply.status, reply.json()), (403, json!({ "message": "access forbidden" })));
        }
        assert_eq!(send(site.service.request("GET", path)).await.status, 403);
    }
    let usage = site.service.request("POST", "/v1/usage-metrics");
    let usage = usage
        .header("x-api-key", site.service.viewer.reveal())
        .json(&json!({ "remediation_components": [] }));
    assert_eq!(send(usage).await.status, 201);
}

/// Of PyPI: it loads the stream, and asks about single addresses.
const SCRIPT: &str = "
import json, sys
from pycrowdsec.client import QueryClient, StreamClient
url, key = sys.argv[1], sys.argv[2]
stream = StreamClient(api_key=key, lapi_url=url, interval=3600)
stream.run()
answers = {ip: stream.get_action_for(ip) for ip in sys.argv[3:]}
print(json.dumps(answers)); sys.stdout.flush()
sys.stdin.readline()
stream.cycle('false')
answers = {ip: stream.get_action_for(ip) for ip in sys.argv[3:]}
query = QueryClient(api_key=key, lapi_url=url)
asked = {ip: [d['type'] for d in query.get_decisions_for(ip) or []] for ip in sys.argv[3:]}
print(json.dumps([answers, asked, stream.is_running()])); sys.stdout.flush()
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs pycrowdsec: cargo xtask test"]
async fn a_client_of_crowdsec_works_with_it() {
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
    let packages = std::env::var_os("PORTCULLIS_PYCROWDSEC").expect("`cargo xtask test` sets it");
    let site = Site::start().await;
    site.decide("192.0.2.7", "4h", json!("block")).await;
    site.decide("10.0.0.0/8", "4h", json!("block")).await;
    site.decide("2001:db8::/32", "4h", json!("block")).await;
    let mut python = tokio::process::Command::new("python3")
        .args(["-c", SCRIPT, &format!("{}/", site.service.url), &site.service.viewer.reveal()])
        .args(["192.0.2.7", "10.1.2.3", "2001:db8::1", "192.0.2.8"])
        .env("PYTHONPATH", packages)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut said = BufReader::new(python.stdout.take().unwrap()).lines();
    let before: Value = serde_json::from_str(&said.next_line().await.unwrap().expect("an answer")).unwrap();
    let ban = json!("ban");
    assert_eq!(before, json!({ "192.0.2.7": ban, "10.1.2.3": ban, "2001:db8::1": ban, "192.0.2.8": null }));
    site.remove("192.0.2.7").await;
    site.decide("192.0.2.8", "4h", json!("block")).await;
    python.stdin.take().unwrap().write_all(b"\n").await.unwrap();
    let after: Value = serde_json::from_str(&said.next_line().await.unwrap().expect("an answer")).unwrap();
    let answers = json!({ "192.0.2.7": null, "10.1.2.3": ban, "2001:db8::1": ban, "192.0.2.8": ban });
    let asked = json!({ "192.0.2.7": [], "10.1.2.3": [ban], "2001:db8::1": [ban], "192.0.2.8": [ban] });
    assert_eq!(after, json!([answers, asked, true]));
    assert!(python.wait().await.unwrap().success());
}
