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
