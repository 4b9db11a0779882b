//! Decisions: made and taken back by operators, fetched by edges page by page, and told the moment they are made.

use crate::harness::{NOW, Reply, Service, report, row, send, until};
use flate2::read::GzDecoder;
use portcullis_analyzer::{Key, Role};
use portcullis_report::{Action, Decision, DecisionBounds, DecisionPage, Report, Scope};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Read as _;
use std::time::{Duration, Instant};

const HOUR: u64 = 3_600_000;

struct Site {
    service: Service,
    operator: Key,
}

impl Site {
    async fn start() -> Self {
        Self::of(Service::start().await).await
    }

    async fn of(service: Service) -> Self {
        let operator = service.ground.add_key(Role::Operator).await;
        Self { service, operator }
    }

    async fn post(&self, decisions: Value) -> Reply {
        let request =
            self.service.request("POST", "/monitoring/decisions/").bearer_auth(self.operator.reveal());
        send(request.json(&json!({ "decisions": decisions }))).await
    }

    async fn block(&self, targets: &[&str]) {
        let decisions: Vec<_> =
            targets.iter().map(|target| json!({ "target": target, "duration": "4h" })).collect();
        let reply = self.post(json!(decisions)).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
    }

    async fn delete(&self, path: &str) -> Reply {
        let path = format!("/monitoring/decisions/{path}");
        send(self.service.request("DELETE", &path).bearer_auth(self.operator.reveal())).await
    }

    async fn list(&self, query: &str) -> Value {
        let reply = self.service.get(&format!("/monitoring/decisions/?{query}")).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.json()
    }

    async fn values(&self, query: &str) -> Vec<String> {
        let list = self.list(query).await;
        let decisions = list["decisions"].as_array().unwrap().iter();
        decisions.map(|decision| decision["value"].as_str().unwrap().to_owned()).collect()
    }

    async fn pull(&self, after: u64, wait: u64) -> Option<DecisionPage> {
        pull(&self.service, after, wait).await
    }
}

/// What an edge gets; nothing when there is nothing new.
async fn pull(service: &Service, after: u64, wait: u64) -> Option<DecisionPage> {
    pull_of(service, after, None, wait).await
}

async fn pull_of(service: &Service, after: u64, floor: Option<u64>, wait: u64) -> Option<DecisionPage> {
    let floor = floor.map(|floor| format!("&floor={floor}")).unwrap_or_default();
    let path = format!("/edge/v1/decisions?after={after}&wait={wait}{floor}");
    let reply = send(service.request("GET", &path).bearer_auth(service.edge.reveal())).await;
    if reply.status == 204 {
        assert_eq!(reply.text, "");
        return None;
    }
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert!(reply.text.len() < DecisionBounds::PAGE_BYTES);
    let page: DecisionPage = serde_json::from_str(&reply.text).unwrap();
    page.check().unwrap();
    Some(page)
}

/// An edge as the contract has it: what it holds, and how far it is.
#[derive(Default)]
struct EdgeState {
    revision: u64,
    /// While a full set is fetched.
    floor: Option<u64>,
    held: BTreeMap<u64, Decision>,
}

impl EdgeState {
    /// Fetches until there is no more; how many pages that took.
    async fn catch_up(&mut self, service: &Service) -> usize {
        let mut pages = 0;
        while let Some(page) = pull_of(service, self.revision, self.floor, 0).await {
            pages += 1;
            if page.full {
                self.held.clear();
                self.floor = Some(page.floor);
            }
            self.floor = self.floor.filter(|_| page.more);
            for decision in page.decisions {
                self.held.insert(decision.id, decision);
            }
            for id in page.removed {
                self.held.remove(&id);
            }
            assert!(page.revision > self.revision);
            self.revision = page.revision;
            if !page.more {
                break;
            }
        }
        pages
    }

    fn values(&self) -> Vec<String> {
        let mut values: Vec<_> = self.held.values().map(|decision| decision.scope.value()).collect();
        values.sort();
        values
    }
}

#[tokio::test]
async fn a_decision_is_made_listed_fetched_and_taken_back() {
    let site = Site::start().await;
    let first = site.pull(0, 0).await.unwrap();
    assert_eq!((first.full, first.more, first.decisions.len()), (true, false, 0));
    assert!(site.pull(first.revision, 0).await.is_none());
    let throttle = json!({ "throttle": { "factor_milli": 250 } });
    let reply = site
        .post(json!([
            { "target": "192.0.2.7", "duration": "4h", "reason": "login storm" },
            { "target": "2001:db8::9/64", "duration": "1d", "action": throttle, "origin": "import:feed" },
        ]))
        .await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    let page = site.pull(first.revision, 0).await.unwrap();
    assert_eq!((page.full, page.more, page.removed.len()), (false, false, 0));
    assert_eq!(json!(page.revision), reply.json()["revision"]);
    let block = &page.decisions[0];
    assert_eq!((block.action, block.scope), (Action::Block, Scope::Ip("192.0.2.7".parse().unwrap())));
    assert_eq!((block.expires_at_ms, block.reason.as_str()), (NOW + 4 * HOUR, "login storm"));
    assert_eq!(page.decisions[1].scope.value(), "2001:db8::/64");
    let list = site.list("").await;
    let author = format!("key {}", site.operator.id());
    let expected = json!({
        "id": page.decisions[1].id, "action": "throttle", "factor_milli": 250, "scope": "cidr", "value": "2001:db8::/64",
        "reason": "no reason given", "origin": "import:feed", "created_ms": NOW, "created_by": author,
        "expires_at_ms": NOW + 24 * HOUR,
    });
    assert_eq!((&list["decisions"][0], &list["next"]), (&expected, &Value::Null));

    assert_eq!(site.delete(&format!("{}/", block.id)).await.json(), json!({ "removed": 1 }));
    site.delete(&block.id.to_string()).await.problem(404);
    let last = site.pull(page.revision, 0).await.unwrap();
    assert_eq!((last.decisions.len(), last.removed), (0, vec![block.id]));
    assert_eq!(site.values("").await, ["2001:db8::/64"]);
    let audit = site.service.ground.connect().await.number("SELECT count(*) FROM audit").await;
    assert_eq!(audit, 2);
}

#[tokio::test]
async fn another_decision_about_the_same_client_takes_the_place_of_the_first() {
    let site = Site::start().await;
    let mut edge = EdgeState::default();
    site.block(&["192.0.2.7"]).await;
    edge.catch_up(&site.service).await;
    let id = *edge.held.keys().next().unwrap();
    let allow =
        json!([{ "target": "192.0.2.7", "duration": "1h", "action": "allow", "reason": "a mistake" }]);
    assert_eq!(site.post(allow).await.status, 201);
    edge.catch_up(&site.service).await;
    assert_eq!(edge.held.keys().collect::<Vec<_>>(), [&id]);
    assert_eq!(edge.held[&id].action, Action::Allow);
    // Of another origin it stands beside it, and twice in one request the later counts.
    let twice = json!([
        { "target": "192.0.2.7", "duration": "1h", "origin": "import", "reason": "one" },
        { "target": "::ffff:192.0.2.7", "duration": "2h", "origin": "import", "reason": "two" },
    ]);
    assert_eq!(site.post(twice).await.status, 201);
    edge.catch_up(&site.service).await;
    let reasons: Vec<_> = edge.held.values().map(|decision| decision.reason.as_str()).collect();
    assert_eq!(reasons, ["a mistake", "two"]);
    // Taken back and made again it is another one.
    assert_eq!(site.delete("?target=192.0.2.7").await.json(), json!({ "removed": 2 }));
    site.block(&["192.0.2.7"]).await;
    edge.catch_up(&site.service).await;
    assert!(edge.held.len() == 1 && !edge.held.contains_key(&id));
}

#[tokio::test]
async fn a_full_set_comes_in_pages_and_changes_between_them_count() {
    let site = Site::start().await;
    let address = |number: usize| format!("10.0.{}.{}", number / 256, number % 256);
    let targets: Vec<_> = (0..4_500).map(address).collect();
    site.block(&targets.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let first = site.pull(0, 0).await.unwrap();
    assert_eq!((first.full, first.more, first.decisions.len()), (true, true, DecisionBounds::DECISIONS));
    // While the edge fetches, one of the first page goes and one is added.
    assert_eq!(site.delete("?target=10.0.0.5").await.json(), json!({ "removed": 1 }));
    site.block(&["192.0.2.1"]).await;
    let mut edge = EdgeState { revision: first.revision, ..EdgeState::default() };
    edge.held.extend(first.decisions.into_iter().map(|decision| (decision.id, decision)));
    assert_eq!(edge.catch_up(&site.service).await, 2);
    let mut expected = targets.clone();
    expected.retain(|target| target != "10.0.0.5");
    expected.push("192.0.2.1".to_owned());
    expected.sort();
    assert_eq!(edge.values(), expected);
    // Whoever comes from elsewhere, or from the future, is told everything.
    for after in [1, edge.revision + 1, u64::MAX] {
        assert!(site.pull(after, 0).await.unwrap().full, "{after}");
    }
}

#[tokio::test]
async fn a_full_set_is_fetched_also_where_all_of_it_is_older_than_what_was_forgotten() {
    let service = Service::start_with(|config| config.retention.interval = Duration::from_millis(5)).await;
    let site = Site::of(service).await;
    let import = async |numbers: std::ops::Range<usize>| {
        let decision = |number| json!({ "target": format!("10.0.{}.{}", number / 256, number % 256), "duration": "30d" });
        let decisions: Vec<_> = numbers.map(decision).collect();
        assert_eq!(site.post(json!(decisions)).await.status, 201);
    };
    import(0..4_500).await;
    assert_eq!(site.post(json!([{ "target": "192.0.2.7", "duration": "30d" }])).await.status, 201);
    site.delete("?target=192.0.2.7").await;
    site.service.set_now(NOW + 8 * 24 * HOUR);
    until(async || site.service.rows("decisions").await == 4_500).await;
    let mut edge = EdgeState::default();
    assert_eq!(edge.catch_up(&site.service).await, 3);
    assert_eq!(edge.held.len(), 4_500);
    assert!(site.pull(edge.revision, 0).await.is_none());
    // An engine that begins has to learn all of it, too.
    let Site { service, .. } = site;
    let Service { ground, running, .. } = service;
    running.stop().await;
    let again = Service::start_on(ground, |_| ()).await;
    let leads = async || again.get("/monitoring/security/").await.json()["engine"]["leads"] == true;
    until(leads).await;
}

#[tokio::test]
async fn a_decision_that_was_stored_with_a_text_that_does_not_fit_reaches_edges() {
    let site = Site::start().await;
    site.block(&["192.0.2.7", "192.0.2.8"]).await;
    let mut store = site.service.ground.connect().await;
    let mails = "a@b.co ".repeat(13);
    store
        .run(&format!(
            "UPDATE decisions SET origin = 'import:192.0.2.1', reason = '{mails}' WHERE value = '192.0.2.7'"
        ))
        .await;
    // Whatever is in memory by then, a restart reads it.
    let Site { service, .. } = site;
    let Service { ground, running, .. } = service;
    running.stop().await;
    let again = Service::start_on(ground, |_| ()).await;
    let mut edge = EdgeState::default();
    assert_eq!(edge.catch_up(&again).await, 1);
    assert_eq!(edge.values(), ["192.0.2.7", "192.0.2.8"]);
    let first = edge.held.values().next().unwrap();
    assert_eq!((first.origin.as_str(), first.reason.len()), ("import:ip", 96));
}

#[tokio::test]
async fn a_wait_ends_with_news_with_the_time_and_with_the_service() {
    let site = Site::start().await;
    let revision = site.pull(0, 0).await.unwrap().revision;
    let waited = Instant::now();
    let (page, ()) = tokio::join!(site.pull(revision, 30), async {
        // Once the poll is on its way; an edge that comes a moment later is answered at once, too.
        until(async || site.service.get("/monitoring/health/").await.status == 200).await;
        site.block(&["192.0.2.7"]).await;
    });
    assert_eq!(page.unwrap().decisions.len(), 1);
    assert!(waited.elapsed() < Duration::from_secs(20));
    let revision = site.pull(0, 0).await.unwrap().revision;
    assert!(site.pull(revision, 1).await.is_none());
    let Site { service, .. } = site;
    let path = format!("{}/edge/v1/decisions?after={revision}&wait=30", service.url);
    let request = reqwest::Client::new().get(path).bearer_auth(service.edge.reveal());
    let waiting = tokio::spawn(send(request));
    until(async || service.get("/monitoring/health/").await.status == 200).await;
    tokio::time::timeout(Duration::from_secs(9), service.running.stop()).await.unwrap();
    // It may have come too late to be let in at all.
    if let Ok(reply) = waiting.await {
        assert_eq!(reply.status, 204);
    }
}

#[tokio::test]
async fn what_is_over_by_the_clock_is_told_no_more() {
    let site = Site::start().await;
    site.block(&["192.0.2.7"]).await;
    let day = json!([{ "target": "192.0.2.8", "duration": "1d" }]);
    assert_eq!(site.post(day).await.status, 201);
    site.service.set_now(NOW + 4 * HOUR);
    assert_eq!(site.values("").await, ["192.0.2.8"]);
    let mut edge = EdgeState::default();
    edge.catch_up(&site.service).await;
    assert_eq!(edge.values(), ["192.0.2.8"]);
}

#[tokio::test]
async fn what_was_taken_back_long_ago_is_forgotten_and_the_late_are_told_everything() {
    let service = Service::start_with(|config| config.retention.interval = Duration::from_millis(5)).await;
    let site = Site::of(service).await;
    let mut edge = EdgeState::default();
    site.post(
        json!([{ "target": "192.0.2.7", "duration": "30d" }, { "target": "192.0.2.8", "duration": "30d" }]),
    )
    .await;
    edge.catch_up(&site.service).await;
    site.delete("?target=192.0.2.7").await;
    site.service.set_now(NOW + 8 * 24 * HOUR);
    until(async || site.service.rows("decisions").await == 1).await;
    let page = site.pull(edge.revision, 0).await.unwrap();
    assert!(page.full && page.decisions.len() == 1);
    // Those whose time is over go without being told.
    site.service.set_now(NOW + 38 * 24 * HOUR);
    until(async || site.service.rows("decisions").await == 0).await;
    assert!(site.pull(page.revision, 0).await.is_none());
}

#[tokio::test]
async fn an_edge_that_was_away_hears_that_a_long_decision_became_a_short_one() {
    let site = Site::start().await;
    let decide = async |duration: &str| {
        let decision = json!([{ "target": "192.0.2.7", "duration": duration }]);
        assert_eq!(site.post(decision).await.status, 201);
    };
    let mut edge = EdgeState::default();
    decide("30d").await;
    edge.catch_up(&site.service).await;
    decide("5m").await;
    site.service.set_now(NOW + HOUR / 10);
    edge.catch_up(&site.service).await;
    assert!(edge.held.is_empty(), "{:?}", edge.held);
    // Also one that was shortened and then taken back.
    decide("30d").await;
    edge.catch_up(&site.service).await;
    decide("5m").await;
    site.delete("?target=192.0.2.7").await;
    site.service.set_now(NOW + HOUR);
    edge.catch_up(&site.service).await;
    assert!(edge.held.is_empty(), "{:?}", edge.held);
}

#[tokio::test]
async fn lists_are_asked_by_client_by_origin_and_by_page() {
    let site = Site::start().await;
    let key = "0123456789abcdef0123456789abcdef";
    site.block(&["10.1.2.3", "10.1.0.0/16", "10.0.0.0/8", "11.0.0.0/8", "2001:db8::/32", key]).await;
    site.post(json!([{ "target": "0.0.0.0/0", "duration": "1h", "origin": "import:feed" }])).await;
    let sorted = async |query: &str| {
        let mut values = site.values(query).await;
        values.sort();
        values
    };
    assert_eq!(sorted("target=10.1.2.3").await, ["0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.3"]);
    assert_eq!(sorted("target=2001:db8::1").await, ["2001:db8::/32"]);
    assert_eq!(sorted("target=10.0.0.0/8").await, ["10.0.0.0/8"]);
    assert_eq!(sorted(&format!("target={key}")).await, [key]);
    assert_eq!(sorted("origin=import:feed").await, ["0.0.0.0/0"]);
    let first = site.list("limit=4").await;
    let next = &first["next"];
    let second = site.list(&format!("limit=4&before={next}")).await;
    let count = |page: &Value| page["decisions"].as_array().unwrap().len();
    assert_eq!((count(&first), count(&second), &second["next"]), (4, 3, &Value::Null));
    assert_eq!(site.delete("?origin=operator").await.json(), json!({ "removed": 6 }));
    assert_eq!(site.values("").await, ["0.0.0.0/0"]);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_whole() {
    let site = Site::start().await;
    let good = json!({ "target": "192.0.2.7", "duration": "4h" });
    let with = |name: &str, value: Value| {
        let mut changed = good.clone();
        changed[name] = value;
        json!([good, changed])
    };
    for (decisions, detail) in [
        (json!([]), "decisions: must be 1 to 5000, got 0"),
        (with("target", json!("localhost")), "decisions[1].target: must be an address, a range"),
        (with("target", json!("10.0.0.0/33")), "decisions[1].target: must be an address, a range"),
        (with("duration", json!("4 h")), "decisions[1].duration: must be a number and one of s, m, h, d"),
        (with("duration", json!("0s")), "decisions[1].duration: must be a number"),
        (with("duration", json!("3651d")), "decisions[1].duration: must be a number"),
        (with("duration", json!(4)), "decisions[1].duration: invalid type"),
        (with("reason", json!("r".repeat(97))), "decisions[1].reason: at most 96 bytes, got 97"),
        (with("reason", json!("a\u{0}b")), "decisions[1].reason: must not have control characters"),
        (with("origin", json!("import:192.0.2.1")), "decisions[1].origin: must not have addresses"),
        (with("origin", json!("scenario:throttle")), "decisions[1].origin: must not be one under which"),
        (with("origin", json!("range")), "decisions[1].origin: must not be one under which"),
        (with("origin", json!("crowdsec")), "decisions[1].origin: must not be one under which"),
        (with("origin", json!("Nobody")), "decisions[1].origin: must be 1 to 32 of"),
        (with("action", json!("captcha")), "decisions[1].action: unknown variant `captcha`"),
        (
            with("action", json!({ "throttle": { "factor_milli": 0 } })),
            "decisions[1].action.throttle.factor_milli: must be from 1 to 999, got 0",
        ),
        (with("id", json!(7)), "decisions[1].id: unknown field `id`"),
    ] {
        let got = site.post(decisions).await.problem(422);
        let expected = format!("The body does not say what to decide: {detail}");
        assert!(got.starts_with(&expected), "{got}\nnot {expected}");
    }
    assert!(site.values("").await.is_empty());
    for (path, detail) in [
        ("", "The query is wrong: name either `target` or `origin`"),
        ("?target=1.2.3.4&origin=a", "The query is wrong: name either `target` or `origin`"),
        ("?target=x", "The query is wrong: target: must be an address, a range"),
    ] {
        let got = site.delete(path).await.problem(400);
        assert!(got.starts_with(detail), "{got}");
    }
    for query in ["limit=0", "limit=1001", "target=x", "after=1"] {
        site.service.get(&format!("/monitoring/decisions/?{query}")).await.problem(400);
    }
    site.delete("x").await.problem(404);
}

#[tokio::test]
async fn each_role_may_do_its_part() {
    let site = Site::start().await;
    let body = json!({ "decisions": [{ "target": "192.0.2.7", "duration": "4h" }] });
    for (role, reads, acts, fetches) in [
        (Role::Viewer, 200, 403, 403),
        (Role::Operator, 200, 201, 403),
        (Role::Admin, 200, 201, 403),
        (Role::Edge, 403, 403, 200),
    ] {
        let key = site.service.ground.add_key(role).await.reveal();
        let as_role = |method: &str, path: &str| site.service.request(method, path).bearer_auth(&key);
        assert_eq!(send(as_role("GET", "/monitoring/decisions/")).await.status, reads, "{role:?}");
        assert_eq!(send(as_role("POST", "/monitoring/decisions").json(&body)).await.status, acts, "{role:?}");
        let removed = send(as_role("DELETE", "/monitoring/decisions?target=1.1.1.1")).await.status;
        assert_eq!(removed, if acts == 201 { 200 } else { 403 }, "{role:?}");
        assert_eq!(send(as_role("GET", "/edge/v1/decisions")).await.status, fetches, "{role:?}");
    }
    for path in ["/monitoring/decisions/", "/edge/v1/decisions"] {
        send(site.service.request("GET", path)).await.problem(401);
    }
}

#[tokio::test]
async fn pages_come_as_gzip_to_those_who_take_it() {
    let site = Site::start().await;
    site.block(&["192.0.2.7"]).await;
    let request = site.service.request("GET", "/edge/v1/decisions").bearer_auth(site.service.edge.reveal());
    let response = request.header("accept-encoding", "gzip").send().await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    let bytes = response.bytes().await.unwrap();
    let mut text = String::new();
    GzDecoder::new(bytes.as_ref()).read_to_string(&mut text).unwrap();
    let page: DecisionPage = serde_json::from_str(&text).unwrap();
    assert_eq!(page.decisions.len(), 1);
}

#[tokio::test]
async fn what_is_told_is_what_the_store_has_whoever_changed_it() {
    let site = Site::start().await;
    site.block(&["192.0.2.7", "192.0.2.8", "192.0.2.9"]).await;
    let told = async || {
        let mut edge = EdgeState::default();
        edge.catch_up(&site.service).await;
        let stream = site.service.get("/v1/decisions/stream?startup=true").await.json();
        let new = stream["new"].as_array().unwrap().iter();
        let mut values: Vec<_> = new.map(|it| it["value"].as_str().unwrap().to_owned()).collect();
        values.sort();
        assert_eq!(edge.values(), values);
        (edge.revision, values)
    };
    let (before, values) = told().await;
    assert_eq!(values, ["192.0.2.7", "192.0.2.8", "192.0.2.9"]);
    // Another analyzer takes one back.
    let mut store = site.service.ground.connect().await;
    let revision = "(SELECT value FROM revisions WHERE name = 'decisions')";
    store.run("UPDATE revisions SET value = value + 1 WHERE name = 'decisions'").await;
    let taken =
        format!("UPDATE decisions SET revision = {revision}, removed_ms = 1 WHERE value = '192.0.2.7'");
    store.run(&taken).await;
    let (after, values) = told().await;
    assert_eq!((after, values), (before + 1, vec!["192.0.2.8".to_owned(), "192.0.2.9".to_owned()]));
    // It takes another one back, which is forgotten before anyone here has heard of it.
    let forgotten = "BEGIN; DELETE FROM decisions WHERE value = '192.0.2.9'; \
         UPDATE revisions SET value = value + 1, floor = value + 1 WHERE name = 'decisions'; COMMIT";
    store.run(forgotten).await;
    assert_eq!(told().await, (before + 2, vec!["192.0.2.8".to_owned()]));
    // An earlier state of the store comes back, and goes on from there.
    let earlier = "BEGIN; DELETE FROM decisions WHERE value = '192.0.2.7'; \
         UPDATE revisions SET value = value - 3, floor = value - 5 WHERE name = 'decisions'; COMMIT";
    store.run(earlier).await;
    assert_eq!(told().await, (before - 1, vec!["192.0.2.8".to_owned()]));
    site.block(&["192.0.2.10"]).await;
    assert_eq!(told().await.1, ["192.0.2.10", "192.0.2.8"]);
}

#[tokio::test]
async fn a_restart_forgets_nothing() {
    let site = Site::start().await;
    site.block(&["192.0.2.7", "10.0.0.0/8"]).await;
    let mut edge = EdgeState::default();
    edge.catch_up(&site.service).await;
    let Site { service, .. } = site;
    let Service { ground, running, .. } = service;
    running.stop().await;
    let again = Service::start_on(ground, |_| ()).await;
    assert!(pull(&again, edge.revision, 0).await.is_none());
    assert_eq!(EdgeState::default().catch_up(&again).await, 1);
    // Reports are taken as before.
    assert_eq!(again.report(&Report { rollup: vec![row("A", None, 1)], ..report(1) }).await.status, 200);
}
