//! Other ways than one JSON object in a `POST`.

use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write as _;

fn url(document: &str) -> String {
    let hex = |byte: u8| format!("%{byte:02X}");
    format!("/graphql?query={}", document.bytes().map(hex).collect::<String>())
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn headers_of_the_gate_are_taken_out_wherever_the_request_goes() {
    let forged = ("x-graphql-cost", "0");
    let policies = ["", "routes: [{path: /graphql}, {path: /other, enabled: false}]"];
    for policy in policies {
        for path in ["/other", "/graphql"] {
            let mut stream = Stream::under(policy);
            let effects =
                stream.headers("POST", path, More::Follows, &[JSON, forged, ("X_GraphQL_Operation", "a")]);
            for name in ["x-graphql-cost", "X_GraphQL_Operation"] {
                let removed = Effect::RemoveRequestHeader(name.to_owned());
                assert!(effects.list.contains(&removed), "{policy:?} {path} {name}");
            }
        }
    }
}

#[test]
fn a_query_comes_by_get() {
    let mut stream = Stream::new();
    let effects = get(&mut stream, &url("query Me { me { id } }"));
    assert_eq!((effects.flow, header(&effects, "x-graphql-operation")), (Flow::Continue, Some("Me")));
    refused_at_once(&get(&mut stream, &url("{ __schema { types { name } } }")), Reason::Introspection);
    refused_at_once(&get(&mut stream, "/graphql"), Reason::Envelope);
    refused_at_once(&get(&mut stream, "/graphql?query={a}&query={a}"), Reason::Ambiguous);
    refused_at_once(&get(&mut stream, "/graphql?query={a}&variables=[]"), Reason::Envelope);
    refused_at_once(&get(&mut stream, "/graphql?query={a}&variables={"), Reason::Json);
}

#[test]
fn a_mutation_does_not_come_by_get() {
    let mut stream = Stream::new();
    let effects = get(&mut stream, &url("mutation M { pay { id } }"));
    refused_at_once(&effects, Reason::GetMutation);
    assert!(reply(&effects).unwrap().headers.contains(&("allow", "POST".to_owned())));
    let chosen = format!("{}&operationName=B", url("query A { a } mutation B { b }"));
    refused_at_once(&get(&mut stream, &chosen), Reason::GetMutation);
    let other = format!("{}&operationName=A", url("query A { a } mutation B { b }"));
    assert_eq!(get(&mut stream, &other).flow, Flow::Continue);
}

#[test]
fn a_get_has_no_body() {
    let mut stream = Stream::new();
    stream.headers("GET", &url("{ a }"), More::Follows, &[]);
    assert_eq!(stream.body(b"", More::Ended).flow, Flow::Continue);
    stream.exchange = Exchange::default();
    stream.headers("GET", &url("{ a }"), More::Follows, &[JSON]);
    refused_at_once(&stream.body(HONEST.as_bytes(), More::Ended), Reason::Ambiguous);
}

#[test]
fn the_policy_may_take_nothing_by_get() {
    let mut stream = Stream::under("graphql: {transports: {get: false}}");
    refused_at_once(&get(&mut stream, &url("{ a }")), Reason::Method);
}

#[test]
fn a_url_has_a_limit_of_its_own() {
    let mut stream = Stream::under("graphql: {limits: {url_bytes: 100}}");
    let padded = |length: usize| format!("/graphql?query={{a}}&x={}", "y".repeat(length - 21));
    for (length, expected) in [(99, None), (100, None), (101, Some(Reason::UrlSize))] {
        let path = padded(length);
        assert_eq!((path.len(), reason(&get(&mut stream, &path))), (length, expected));
    }
}

#[test]
fn a_bare_document_is_taken_where_the_policy_takes_it() {
    let graphql = [("content-type", "application/graphql")];
    let mut closed = Stream::new();
    refused_at_once(&closed.headers("POST", "/graphql", More::Ended, &graphql), Reason::ContentType);
    let send = |body: &str| {
        let mut open = Stream::under("graphql: {transports: {application_graphql: true}}");
        open.headers("POST", "/graphql", More::Follows, &graphql);
        open.body(body.as_bytes(), More::Ended)
    };
    assert_eq!(send("query Me { me { id } }").flow, Flow::Continue);
    refused_at_once(&send("{ __schema { types { name } } }"), Reason::Introspection);
    refused_at_once(&send(HONEST), Reason::Syntax);
}

#[test]
fn a_compressed_body_is_judged_by_what_is_in_it() {
    let send = |body: &[u8]| {
        let mut stream = Stream::new();
        stream.headers("POST", "/graphql", More::Follows, &[JSON, ("content-encoding", "gzip")]);
        stream.body(body, More::Ended)
    };
    assert_eq!(send(&gzip(HONEST)).flow, Flow::Continue);
    refused_at_once(&send(&gzip(EVIL)), Reason::Introspection);
    refused_at_once(&send(HONEST.as_bytes()), Reason::EncodedBody);
    refused_at_once(&send(&[gzip(HONEST), gzip(EVIL)].concat()), Reason::EncodedBody);
    refused_at_once(&send(&gzip(&" ".repeat(1_000_000))), Reason::Inflation);
}

#[test]
fn the_policy_says_which_encodings_are_read() {
    let mut stream = Stream::under("graphql: {content_encodings: [br]}");
    let headers = [JSON, ("content-encoding", "gzip")];
    refused_at_once(&stream.headers("POST", "/graphql", More::Ended, &headers), Reason::ContentEncoding);
}

#[test]
fn an_extension_that_nobody_needs_is_refused() {
    let mut stream = Stream::new();
    let traced = r#"{"query":"{ a }","extensions":{"tracing":true}}"#;
    refused_at_once(&post(&mut stream, traced), Reason::Extension);
    let named = r#"{"query":"{ a }","extensions":{"clientLibrary":{"name":"x"}}}"#;
    assert_eq!(post(&mut stream, named).flow, Flow::Continue);
}

#[test]
fn introspection_goes_only_so_deep_where_it_is_allowed() {
    let mut stream = Stream::under("graphql: {introspection: allow}");
    let ask = |lists: &str| format!(r#"{{"query":"{{ __schema {{ types {{ {lists} }} }} }}"}}"#);
    assert_eq!(post(&mut stream, &ask("fields { type { fields { name } } }")).flow, Flow::Continue);
    let deep = ask("fields { type { fields { type { interfaces { name } } } } }");
    refused_at_once(&post(&mut stream, &deep), Reason::IntrospectionDepth);
}
