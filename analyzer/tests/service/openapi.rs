//! The document of the API, held against what the service answers.

use crate::harness::{NOW, Reply, Service, incident, report, row, send, until};
use crate::{candidate, websocket};
use portcullis_analyzer::{Key, Role};
use portcullis_report::{Reason, Report};
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The document, as strict as the answers are to be held: an object has the members that are described, and no others.
struct Document(Value);

/// One way to call the API.
#[derive(Clone)]
struct Operation {
    method: String,
    path: String,
    about: Value,
}

impl Document {
    async fn of(service: &Service) -> Self {
        let reply = send(service.request("GET", "/monitoring/openapi.json")).await;
        assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/json")));
        let mut document = reply.json();
        let schemas = document["components"]["schemas"].as_object_mut().unwrap();
        schemas.values_mut().for_each(close);
        Self(document)
    }

    fn operations(&self) -> Vec<Operation> {
        let paths = self.0["paths"].as_object().unwrap().iter();
        let operations = paths.flat_map(|(path, item)| {
            item.as_object().unwrap().iter().map(|(method, about)| Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                about: about.clone(),
            })
        });
        operations.collect()
    }

    fn operation(&self, name: &str) -> Operation {
        let found = self.operations().into_iter().find(|operation| operation.about["operationId"] == name);
        found.unwrap_or_else(|| panic!("no operation {name}"))
    }

    /// Asserts that the answer is one of those that the document has for the operation.
    #[track_caller]
    fn check(&self, operation: &Operation, reply: &Reply) {
        let whose = format!("{} {}: {} {}", operation.method, operation.path, reply.status, reply.text);
        let answer = &operation.about["responses"][reply.status.to_string()];
        assert!(answer.is_object(), "not documented: {whose}");
        for name in answer["headers"].as_object().into_iter().flat_map(serde_json::Map::keys) {
            assert!(reply.header(&name.to_lowercase()).is_some(), "no {name}: {whose}");
        }
        let kind = reply.header("content-type").unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default();
        match answer["content"].as_object() {
            None => assert_eq!(reply.text, "", "{whose}"),
            Some(content) => {
                let content = content.get(kind).unwrap_or_else(|| panic!("as {kind}: {whose}"));
                if kind.ends_with("json") {
                    self.validate(&content["schema"], &reply.json(), &whose);
                }
            }
        }
    }

    #[track_caller]
    fn validate(&self, schema: &Value, value: &Value, whose: &str) {
        let mut schema = schema.clone();
        schema["components"] = self.0["components"].clone();
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        let flaws: Vec<_> =
            validator.iter_errors(value).map(|flaw| format!("{}: {flaw}", flaw.instance_path())).collect();
        assert!(flaws.is_empty(), "{flaws:#?}\n{whose}");
    }
}

/// Objects with members take no others, and have all of them.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.values_mut().for_each(close);
            if let Some(properties) = members.get("properties").and_then(Value::as_object) {
                let names: Vec<_> = properties.keys().cloned().collect();
                members.insert("required".to_owned(), json!(names));
                members.insert("additionalProperties".to_owned(), json!(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A service about which there is something to tell in every list.
async fn busy() -> (Service, Key) {
    let service = Service::start().await;
    let operator = service.ground.add_key(Role::Operator).await;
    let incidents = (0..6).map(|_| incident("0123456789abcdef", Reason::Depth, NOW)).collect();
    let mut shadowed = row("A", None, 3);
    (shadowed.key.shadowed, shadowed.actual_count, shadowed.actual_milli_sum) = (Some(Reason::Depth), 1, 500);
    let rollup = vec![row("A", None, 3), row("A", Some(Reason::Depth), 6), shadowed];
    let clients = vec![websocket::client(websocket::KEY, 5)];
    let changes = vec![
        candidate::change("A", None, Some(Reason::Depth), 3),
        candidate::change("B", Some(Reason::Cost), None, 1),
    ];
    for report in [
        Report { rollup, incidents, ..report(1) },
        websocket::with(vec![websocket::row("anonymous", 3)], clients),
        candidate::told(changes, report(1)),
    ] {
        assert_eq!(service.report(&report).await.status, 200);
    }
    until(async || {
        !service.get("/monitoring/security/").await.json()["clients"].as_array().unwrap().is_empty()
    })
    .await;
    (service, operator)
}

fn url(operation: &Operation) -> String {
    operation.path.replace("{id}", "1")
}

#[tokio::test]
async fn answers_are_as_documented() {
    let (service, operator) = busy().await;
    let document = Document::of(&service).await;
    let sent = json!({ "decisions": [
        { "target": "192.0.2.9", "duration": "4h", "action": { "throttle": { "factor_milli": 250 } } },
        { "target": "198.51.100.0/24", "duration": "4h", "reason": "by hand", "origin": "operator" },
    ] });
    let decide = document.operation("decide");
    document.validate(&decide.about["requestBody"]["content"]["application/json"]["schema"], &json!({
        "decisions": [{ "target": "a", "duration": "4h", "action": "block", "reason": null, "origin": null }] }), "sent");
    let call = |operation: &Operation, query: &str, key: &Key| {
        service
            .request(&operation.method, &format!("{}{query}", url(operation)))
            .header("x-api-key", key.reveal())
    };
    let reply = send(call(&decide, "", &operator).json(&sent)).await;
    assert_eq!(reply.status, 201);
    document.check(&decide, &reply);

    for (name, query, status) in [
        ("openapi", "", 200),
        ("health", "", 200),
        ("metrics", "", 200),
        ("graphql", "?window=1h", 200),
        ("candidate", "", 200),
        ("websocket", "", 200),
        ("security", "", 200),
        ("security", "?target=192.0.2.7", 200),
        ("decisions", "?limit=1", 200),
        ("crowdsec_ask", "?ip=198.51.100.7", 200),
        ("crowdsec_ask", "?ip=203.0.113.9", 200),
        ("crowdsec_ask", "", 400),
        ("crowdsec_stream", "?startup=true", 200),
    ] {
        let operation = document.operation(name);
        let reply = send(call(&operation, query, &service.viewer)).await;
        assert_eq!(reply.status, status, "{name} {}", reply.text);
        document.check(&operation, &reply);
    }
    let feed = document.operation("feed");
    let page = send(call(&feed, "?after=0", &service.edge)).await;
    assert_eq!(page.json()["decisions"].as_array().unwrap().len(), 3);
    document.check(&feed, &page);
    let revision = page.json()["revision"].as_u64().unwrap();
    let nothing = send(call(&feed, &format!("?after={revision}"), &service.edge)).await;
    assert_eq!(nothing.status, 204);
    document.check(&feed, &nothing);

    let deliver = document.operation("report");
    document.check(&deliver, &service.report(&report(1)).await);
    let usage = document.operation("crowdsec_usage");
    document.check(&usage, &send(call(&usage, "", &service.viewer)).await);
    let held = service.get("/monitoring/decisions/").await.json();
    let id = held["decisions"][0]["id"].as_u64().unwrap();
    let one = document.operation("take_back_one");
    for status in [200, 404] {
        let path = one.path.replace("{id}", &id.to_string());
        let reply = send(service.request("DELETE", &path).bearer_auth(operator.reveal())).await;
        assert_eq!(reply.status, status, "{}", reply.text);
        document.check(&one, &reply);
    }
    let several = document.operation("take_back");
    for (query, status) in [("?origin=operator", 200), ("", 400)] {
        let reply = send(call(&several, query, &operator)).await;
        assert_eq!(reply.status, status, "{}", reply.text);
        document.check(&several, &reply);
    }
}

#[tokio::test]
async fn who_may_call_is_as_documented() {
    let service = Service::start().await;
    let document = Document::of(&service).await;
    let mut keys = Vec::new();
    for role in Role::ALL {
        keys.push((role, service.ground.add_key(role).await));
    }
    for operation in document.operations() {
        let security = operation.about["security"].as_array().cloned().unwrap_or_default();
        let keyless = send(service.request(&operation.method, &url(&operation))).await;
        document.check(&operation, &keyless);
        assert_eq!(keyless.status < 400, security.is_empty(), "{} {}", operation.method, operation.path);
        let named: BTreeSet<_> = security
            .iter()
            .flat_map(|it| {
                it.as_object().unwrap().values().flat_map(|roles| roles.as_array().unwrap().clone())
            })
            .map(|role| role.as_str().unwrap().to_owned())
            .collect();
        for (role, key) in &keys {
            for (scheme, request) in [
                (
                    "api_key",
                    service.request(&operation.method, &url(&operation)).header("x-api-key", key.reveal()),
                ),
                ("bearer", service.request(&operation.method, &url(&operation)).bearer_auth(key.reveal())),
            ] {
                let reply = send(request).await;
                let takes = security.is_empty() || security.iter().any(|it| it.get(scheme).is_some());
                let expected = takes && (named.is_empty() || named.contains(role.label()));
                assert_eq!(
                    ![401, 403].contains(&reply.status),
                    expected,
                    "{role:?} by {scheme}: {} {}",
                    operation.method,
                    operation.path
                );
                document.check(&operation, &reply);
            }
        }
    }
}

#[tokio::test]
async fn methods_are_as_documented() {
    let service = Service::start().await;
    let document = Document::of(&service).await;
    let paths: BTreeSet<_> = document.operations().into_iter().map(|operation| operation.path).collect();
    for path in paths {
        let methods = document.operations().into_iter().filter(|operation| operation.path == path);
        let mut documented: BTreeSet<_> = methods.map(|operation| operation.method).collect();
        if documented.contains("GET") {
            documented.insert("HEAD".to_owned());
        }
        let reply = send(service.request("OPTIONS", &path.replace("{id}", "1"))).await;
        reply.problem(405);
        let allowed: BTreeSet<_> = reply.header("allow").unwrap().split(',').map(str::to_owned).collect();
        assert_eq!(allowed, documented, "{path}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_call_is_told_as_documented() {
    let few = std::num::NonZeroU32::new(2).unwrap();
    let service = Service::start_with(|config| config.http.requests_per_s = few).await;
    let document = Document::of(&service).await;
    let operator = service.ground.add_key(Role::Operator).await;
    for (name, key) in [("decide", &operator), ("report", &service.edge)] {
        let operation = document.operation(name);
        let plain = || service.request(&operation.method, &operation.path).bearer_auth(key.reveal());
        let request = || plain().header(CONTENT_TYPE, "application/json");
        let large = request().body("x".repeat(1024 * 1024 + 1));
        for (request, status) in [
            (request().body("{"), 400),
            (request().body("{}"), 422),
            (plain().body("{}"), 415),
            (request().header("content-encoding", "gzip").body("{}"), 415),
            (large, 413),
        ] {
            let reply = send(request).await;
            assert_eq!(reply.status, status, "{name} {}", reply.text);
            document.check(&operation, &reply);
        }
    }
    for name in ["graphql", "candidate", "websocket", "security", "decisions"] {
        let operation = document.operation(name);
        let reply = service.get(&format!("{}?nonsense=1", operation.path)).await;
        assert_eq!(reply.status, 400, "{name}");
        document.check(&operation, &reply);
    }
    let operation = document.operation("graphql");
    let mut limited = false;
    for _ in 0..300 {
        let reply = service.get(&operation.path).await;
        document.check(&operation, &reply);
        limited = reply.status == 429;
        if limited {
            break;
        }
    }
    assert!(limited);
}

#[tokio::test]
async fn who_has_an_answer_is_told_so() {
    let (service, _) = busy().await;
    let document = Document::of(&service).await;
    let mut tagged = 0;
    for operation in document.operations() {
        if operation.about["responses"]["304"].is_null() || operation.path.contains('{') {
            continue;
        }
        tagged += 1;
        let get = || service.request("GET", &operation.path).bearer_auth(service.viewer.reveal());
        let reply = send(get()).await;
        document.check(&operation, &reply);
        let tag = reply.header("etag").unwrap().to_owned();
        assert_eq!(reply.header("cache-control"), Some("private, no-cache"), "{}", operation.path);
        let same = send(get().header("if-none-match", format!("\"x\", {tag}"))).await;
        assert_eq!((same.status, same.text.as_str()), (304, ""), "{}", operation.path);
        assert_eq!(same.header("etag"), Some(&*tag), "{}", operation.path);
        document.check(&operation, &same);
        let head = service.request("HEAD", &operation.path).bearer_auth(service.viewer.reveal());
        assert_eq!(send(head.header("if-none-match", &tag)).await.status, 304, "{}", operation.path);
        for other in ["\"x\"", "", "nonsense,,,", &"\"x\",".repeat(500)] {
            let again = send(get().header("if-none-match", other)).await;
            assert_eq!(
                (again.status, again.header("etag")),
                (200, Some(&*tag)),
                "{} {other}",
                operation.path
            );
        }
    }
    assert!(tagged >= 7, "{tagged}");
    let refused = send(service.request("GET", "/monitoring/graphql/").header("if-none-match", "*")).await;
    assert_eq!((refused.status, refused.header("cache-control")), (401, Some("no-store")));
}
