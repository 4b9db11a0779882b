//! Documents by hash and by id.

use super::*;
use portcullis_framing::Sha256Hash;
use portcullis_report::{Metric, Persisted};

fn hash(document: &str) -> String {
    Sha256Hash::of(document).to_string()
}

fn extension(hash: &str) -> String {
    format!(r#""extensions":{{"persistedQuery":{{"version":1,"sha256Hash":"{hash}"}}}}"#)
}

fn register(document: &str, hash: &str) -> String {
    format!(r#"{{"query":{},{}}}"#, serde_json::json!(document), extension(hash))
}

fn by_hash(hash: &str, variables: &str) -> String {
    format!(r#"{{"variables":{variables},{}}}"#, extension(hash))
}

const USERS: &str = "query Users($n: Int) { users(first: $n) { id } }";

#[test]
fn a_document_is_judged_again_for_its_hash_with_the_variables_that_came() {
    let mut stream = Stream::new();
    let id = hash(USERS);
    let missed = post(&mut stream, &by_hash(&id, "{}"));
    refused_at_once(&missed, Reason::PersistedQuery);
    assert!(missed.list.contains(&Effect::Count(Metric::PersistedQueries(Persisted::Miss), 1)));
    let registered = post(&mut stream, &register(USERS, &id));
    assert_eq!(registered.flow, Flow::Continue);
    assert!(registered.list.contains(&Effect::Count(Metric::PersistedQueries(Persisted::Registered), 1)));
    let hit = post(&mut stream, &by_hash(&id, r#"{"n":5}"#));
    assert_eq!((hit.flow, header(&hit, "x-graphql-operation")), (Flow::Continue, Some("Users")));
    assert!(hit.list.contains(&Effect::Count(Metric::PersistedQueries(Persisted::Hit), 1)));
    refused_at_once(&post(&mut stream, &by_hash(&id, r#"{"n":1000000}"#)), Reason::Cost);
    let url = format!("/graphql?extensions={{\"persistedQuery\":{{\"version\":1,\"sha256Hash\":\"{id}\"}}}}");
    assert_eq!(get(&mut stream, &url).flow, Flow::Continue);
}

#[test]
fn what_is_refused_is_not_remembered() {
    let mut stream = Stream::new();
    let evil = "{ __schema { types { name } } }";
    refused_at_once(&post(&mut stream, &register(evil, &hash(evil))), Reason::Introspection);
    refused_at_once(&post(&mut stream, &by_hash(&hash(evil), "{}")), Reason::PersistedQuery);
    let batch = format!("[{},{EVIL}]", register(USERS, &hash(USERS)));
    refused_at_once(&post(&mut stream, &batch), Reason::Introspection);
    refused_at_once(&post(&mut stream, &by_hash(&hash(USERS), "{}")), Reason::PersistedQuery);
}

#[test]
fn what_a_throttle_refuses_is_not_remembered_and_forgets_nothing() {
    let once = "{name: calls, per: client, unit: requests, capacity: 1, refill: 1, window_ms: 86400000}";
    let room = "graphql: {persisted_queries: {cache_bytes: 1024}}";
    let mut stream = Stream::under(&format!("throttles: {{rules: [{once}]}}\n{room}"));
    // Of its own address, so that it has a bucket of its own.
    stream.address = "192.0.2.8:1";
    assert_eq!(post(&mut stream, &register(USERS, &hash(USERS))).flow, Flow::Continue);
    stream.address = "192.0.2.9:1";
    assert_eq!(post(&mut stream, HONEST).flow, Flow::Continue);
    for number in 0..40 {
        let document = format!("{{ a{number} }}");
        let effects = post(&mut stream, &register(&document, &hash(&document)));
        refused_at_once(&effects, Reason::Throttled);
        let counts = [Metric::PersistedEvicted, Metric::PersistedQueries(Persisted::Registered)];
        let is_counted =
            |effect: &Effect| matches!(effect, Effect::Count(metric, _) if counts.contains(metric));
        assert!(!effects.list.iter().any(is_counted), "{:?}", effects.list);
    }
    stream.address = "192.0.2.10:1";
    assert_eq!(post(&mut stream, &by_hash(&hash(USERS), "{}")).flow, Flow::Continue);
    stream.address = "192.0.2.11:1";
    refused_at_once(&post(&mut stream, &by_hash(&hash("{ a1 }"), "{}")), Reason::PersistedQuery);
}

#[test]
fn a_profile_with_a_small_cache_takes_no_document_of_others() {
    let mut stream = Stream::under(
        "routes: [{path: /graphql}, {path: /small, profile: small}]
profiles: {small: {graphql: {persisted_queries: {cache_bytes: 1024}}}}",
    );
    let documents: Vec<String> = (0..20).map(|number| format!("{{ a{number} }}")).collect();
    for document in &documents {
        assert_eq!(post(&mut stream, &register(document, &hash(document))).flow, Flow::Continue);
    }
    stream.exchange = Exchange::default();
    stream.headers("POST", "/small", More::Follows, &[JSON]);
    let effects = stream.body(register(USERS, &hash(USERS)).as_bytes(), More::Ended);
    assert_eq!(effects.flow, Flow::Continue);
    assert!(!effects.list.iter().any(|effect| matches!(effect, Effect::Count(Metric::PersistedEvicted, _))));
    for document in &documents {
        assert_eq!(post(&mut stream, &by_hash(&hash(document), "{}")).flow, Flow::Continue, "{document}");
    }
}

#[test]
fn a_hash_is_that_of_its_document() {
    let mut stream = Stream::new();
    refused_at_once(&post(&mut stream, &register(USERS, &hash("{ a }"))), Reason::PersistedQueryMismatch);
    let shouted = hash(USERS).to_uppercase();
    refused_at_once(&post(&mut stream, &register(USERS, &shouted)), Reason::Ambiguous);
}

#[test]
fn hashes_may_be_off() {
    let mut stream = Stream::under("graphql: {persisted_queries: {enabled: false}}");
    assert_eq!(post(&mut stream, &register(USERS, &hash(USERS))).flow, Flow::Continue);
    let effects = post(&mut stream, &by_hash(&hash(USERS), "{}"));
    refused_at_once(&effects, Reason::PersistedQueryUnsupported);
    assert!(String::from_utf8_lossy(&reply(&effects).unwrap().body).contains("PersistedQueryNotSupported"));
}

fn trusting(mode: &str) -> Stream {
    let documents =
        format!("{{{}: \"{USERS}\", \"00112233445566778899aabbccddeeff\": \"{{ a }}\"}}", hash(USERS));
    Stream::under(&format!("graphql: {{trusted_documents: {{mode: {mode}, documents: {documents}}}}}"))
}

#[test]
fn a_trusted_document_goes_by_its_id() {
    let mut stream = trusting("require");
    let by_id = |id: &str, variables: &str| format!(r#"{{"documentId":"{id}","variables":{variables}}}"#);
    let id = format!("sha256:{}", hash(USERS));
    assert_eq!(post(&mut stream, &by_id(&id, "{}")).flow, Flow::Continue);
    assert_eq!(post(&mut stream, &by_id("00112233445566778899aabbccddeeff", "{}")).flow, Flow::Continue);
    assert_eq!(get(&mut stream, &format!("/graphql?documentId={id}")).flow, Flow::Continue);
    assert_eq!(get(&mut stream, &format!("/graphql/{id}")).flow, Flow::Continue);
    assert_eq!(post(&mut stream, &by_hash(&hash(USERS), "{}")).flow, Flow::Continue);
    assert_eq!(post(&mut stream, &format!("[{}]", by_id(&id, "{}"))).flow, Flow::Continue);
    refused_at_once(&post(&mut stream, &by_id(&id, r#"{"n":1000000}"#)), Reason::Cost);
    refused_at_once(&post(&mut stream, &by_id(&id.to_uppercase(), "{}")), Reason::UntrustedId);
    refused_at_once(&get(&mut stream, "/graphql/SHA256:00"), Reason::UntrustedId);
    refused_at_once(&get(&mut stream, &format!("/graphql/{id}?query={{a}}")), Reason::Ambiguous);
    refused_at_once(&get(&mut stream, &format!("/graphql/{id}?documentId=x")), Reason::Ambiguous);
}

#[test]
fn only_trusted_documents_pass_where_they_are_required() {
    let mut stream = trusting("require");
    let text = |document: &str| serde_json::json!({ "query": document }).to_string();
    assert_eq!(post(&mut stream, &text(USERS)).flow, Flow::Continue);
    refused_at_once(&post(&mut stream, &text("{ b }")), Reason::UntrustedDocument);
    refused_at_once(
        &post(&mut stream, &format!("[{},{}]", text(USERS), text("{ b }"))),
        Reason::UntrustedDocument,
    );
    refused_at_once(&get(&mut stream, "/graphql?query={b}"), Reason::UntrustedDocument);
    refused_at_once(&post(&mut stream, &register("{ b }", &hash("{ b }"))), Reason::UntrustedDocument);
}

#[test]
fn other_documents_pass_and_are_counted_while_they_are_logged() {
    let mut stream = trusting("log");
    let effects = post(&mut stream, r#"{"query":"{ b }"}"#);
    assert_eq!(effects.flow, Flow::Continue);
    assert!(effects.list.contains(&Effect::Count(Metric::Untrusted, 1)));
    let listed = post(&mut stream, &serde_json::json!({ "query": USERS }).to_string());
    assert!(!listed.list.contains(&Effect::Count(Metric::Untrusted, 1)));
    refused_at_once(&post(&mut stream, r#"{"documentId":"sha256:00"}"#), Reason::UntrustedId);
}

#[test]
fn ids_are_not_known_while_trusted_documents_are_off() {
    refused_at_once(&post(&mut trusting("off"), r#"{"documentId":"sha256:00"}"#), Reason::UntrustedId);
}

/// The list of `trusting`, for a server that takes `id` and `doc_id`.
fn naming(mode: &str) -> Stream {
    let documents = serde_json::json!({ "abc": USERS });
    let trusted = serde_json::json!({ "mode": mode, "documents": documents, "id_keys": ["id", "doc_id"] });
    Stream::under(&serde_json::json!({ "graphql": { "trusted_documents": trusted } }).to_string())
}

/// Sends an upload with these operations and no files.
fn upload(stream: &mut Stream, operations: &str) -> Effects {
    stream.exchange = Exchange::default();
    let kind = ("content-type", "multipart/form-data; boundary=b");
    stream.headers("POST", "/graphql", More::Follows, &[kind, ("apollo-require-preflight", "1")]);
    let part = |name: &str, text: &str| {
        format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
    };
    let body = format!("{}{}--b--", part("operations", operations), part("map", "{}"));
    stream.body(body.as_bytes(), More::Ended)
}

#[test]
fn an_id_is_judged_under_every_key_that_the_server_takes_for_one() {
    for mode in ["log", "require"] {
        let mut stream = naming(mode);
        for key in ["id", "doc_id"] {
            let named = |id: &str, more: &str| format!(r#"{{"{key}":"{id}"{more}}}"#);
            assert_eq!(post(&mut stream, &named("abc", "")).flow, Flow::Continue, "{mode} {key}");
            assert_eq!(post(&mut stream, &format!("[{}]", named("abc", ""))).flow, Flow::Continue);
            assert_eq!(upload(&mut stream, &named("abc", "")).flow, Flow::Continue);
            assert_eq!(get(&mut stream, &format!("/graphql?{key}=abc")).flow, Flow::Continue);
            let variables = r#","variables":{"n":1000000}"#;
            refused_at_once(&post(&mut stream, &named("abc", variables)), Reason::Cost);
            let beside = named("abc", &format!(r#","query":"{USERS}""#));
            for unclear in [beside, named("abc", &format!(r#","{}":"abc""#, key.to_uppercase()))] {
                refused_at_once(&post(&mut stream, &unclear), Reason::Ambiguous);
                refused_at_once(&post(&mut stream, &format!("[{unclear}]")), Reason::Ambiguous);
                refused_at_once(&upload(&mut stream, &unclear), Reason::Ambiguous);
            }
            refused_at_once(&post(&mut stream, &named("abd", "")), Reason::UntrustedId);
            refused_at_once(&get(&mut stream, &format!("/graphql?{key}=abd")), Reason::UntrustedId);
            refused_at_once(&get(&mut stream, &format!("/graphql?{key}=abc&query={{a}}")), Reason::Ambiguous);
            refused_at_once(
                &get(&mut stream, &format!("/graphql?{key}[]=abc&query={{a}}")),
                Reason::Ambiguous,
            );
        }
        refused_at_once(&post(&mut stream, r#"{"id":"abc","doc_id":"abc"}"#), Reason::Ambiguous);
        refused_at_once(&post(&mut stream, r#"{"id":5}"#), Reason::Envelope);
        stream.exchange = Exchange::default();
        refused_at_once(&stream.headers("POST", "/graphql?id=abc", More::Ended, &[JSON]), Reason::Ambiguous);
    }
}

#[test]
fn a_key_of_ids_is_one_without_a_list_as_well() {
    let mut stream = naming("off");
    refused_at_once(&post(&mut stream, r#"{"id":"abc"}"#), Reason::UntrustedId);
    refused_at_once(&post(&mut stream, r#"{"id":"abc","query":"{ a }"}"#), Reason::Ambiguous);
    assert_eq!(post(&mut stream, r#"{"id":null,"query":"{ a }"}"#).flow, Flow::Continue);
}

#[test]
fn other_keys_are_unknown_properties() {
    let mut stream = Stream::new();
    assert_eq!(post(&mut stream, r#"{"id":"abc","query":"{ a }"}"#).flow, Flow::Continue);
    refused_at_once(&post(&mut stream, r#"{"id":"abc"}"#), Reason::Envelope);
    let mut named = naming("log");
    assert_eq!(post(&mut named, r#"{"documentId":"abc","query":"{ a }"}"#).flow, Flow::Continue);
}

#[test]
fn the_memory_of_documents_is_bounded() {
    let mut stream = Stream::under("graphql: {persisted_queries: {cache_bytes: 1024}}");
    let mut evicted = 0;
    for number in 0..20 {
        let document = format!("{{ a{number} }}");
        let effects = post(&mut stream, &register(&document, &hash(&document)));
        evicted += effects
            .list
            .iter()
            .map(|effect| match effect {
                Effect::Count(Metric::PersistedEvicted, amount) => *amount,
                _ => 0,
            })
            .sum::<u64>();
    }
    assert_eq!(evicted, 14, "six have room");
    refused_at_once(&post(&mut stream, &by_hash(&hash("{ a0 }"), "{}")), Reason::PersistedQuery);
    assert_eq!(post(&mut stream, &by_hash(&hash("{ a19 }"), "{}")).flow, Flow::Continue);
}
