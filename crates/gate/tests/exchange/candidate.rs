//! What a candidate says beside the policy in force: counted and reported, and nobody is the better or worse for it.

use super::*;
use portcullis_gate::Change;
use portcullis_report::{ClassLabel, Difference, Metric};

fn counted(effects: &Effects, metric: Metric) -> u64 {
    let counts = effects.list.iter().filter_map(|effect| match effect {
        Effect::Count(known, amount) if *known == metric => Some(*amount),
        _ => None,
    });
    counts.sum()
}

/// What the candidate says of a request of nobody in particular, as it is counted and reported alike.
#[track_caller]
fn said(effects: &Effects) -> (Difference, Option<Change>) {
    let all: Vec<_> = events(&effects.list).filter_map(|event| event.compared.as_ref()).collect();
    let [compared] = all.as_slice() else { panic!("told {} times: {:?}", all.len(), effects.list) };
    let class = Metric::CandidateRequests(ClassLabel(0), compared.difference);
    assert_eq!(counted(effects, class), 1, "{:?}", effects.list);
    let change = compared.change.as_deref().cloned();
    let by_reason = match change.as_ref().map(|change| (change.live, change.candidate)) {
        Some((None, Some(reason))) => Some(Metric::CandidateAdded(reason)),
        Some((Some(reason), None)) => Some(Metric::CandidateRemoved(reason)),
        Some((Some(_), Some(reason))) => Some(Metric::CandidateChanged(reason)),
        Some((None, None)) | None => None,
    };
    if let Some(metric) = by_reason {
        assert_eq!(counted(effects, metric), 1);
    }
    (compared.difference, change)
}

#[track_caller]
fn same(effects: &Effects) {
    assert_eq!(said(effects), (Difference::Same, None));
}

#[track_caller]
fn changes(effects: &Effects, live: Option<Reason>, candidate: Option<Reason>) -> Change {
    assert_eq!(reason(effects), live, "what becomes of it is the policy's affair alone");
    let change = said(effects).1.unwrap();
    assert_eq!((change.live, change.candidate), (live, candidate));
    change
}

#[track_caller]
fn added(effects: &Effects, expected: Reason) -> Change {
    assert_eq!((effects.flow, reply(effects)), (Flow::Continue, None));
    changes(effects, None, Some(expected))
}

fn candidate(graphql: &str) -> Stream {
    Stream::under(&format!("candidate: {{graphql: {graphql}}}"))
}

fn query(text: &str) -> String {
    serde_json::json!({ "query": text }).to_string()
}

#[test]
fn without_a_candidate_nothing_is_said() {
    let mut stream = Stream::new();
    assert_eq!(event(&post(&mut stream, HONEST)).compared, None);
    assert_eq!(event(&post(&mut stream, EVIL)).compared, None);
}

#[test]
fn each_limit_is_held_against_its_own_measure() {
    let aliases = "{ a: x b: x }";
    for (limit, text, expected) in [
        ("depth: 3", "{ a { b { c } } }", None),
        ("depth: 2", "{ a { b { c } } }", Some(Reason::Depth)),
        ("depth: 4", "{ a { b { c } } }", None),
        ("tokens: 9", "{ a { b { c } } }", None),
        ("tokens: 10", "{ a { b { c } } }", None),
        ("tokens: 8", "{ a { b { c } } }", Some(Reason::Tokens)),
        ("nesting: 3", "{ a { b { c } } }", None),
        ("nesting: 2", "{ a { b { c } } }", Some(Reason::Nesting)),
        ("fields: 3", "{ a { b { c } } }", None),
        ("fields: 2", "{ a { b { c } } }", Some(Reason::Fields)),
        ("root_fields: 2", aliases, None),
        ("root_fields: 1", aliases, Some(Reason::RootFields)),
        ("aliases: 2", aliases, None),
        ("aliases: 1", aliases, Some(Reason::Aliases)),
        ("aliases_per_field: 2", aliases, None),
        ("aliases_per_field: 1", aliases, Some(Reason::AliasesPerField)),
        ("document_bytes: 13", aliases, None),
        ("document_bytes: 12", aliases, Some(Reason::DocumentSize)),
        ("body_bytes: 25", aliases, None),
        ("body_bytes: 24", aliases, Some(Reason::BodySize)),
        ("json_nesting: 1", aliases, None),
    ] {
        let mut stream = candidate(&format!("{{limits: {{{limit}}}}}"));
        let effects = post(&mut stream, &query(text));
        match expected {
            None => same(&effects),
            Some(reason) => {
                added(&effects, reason);
            }
        }
    }
}

/// Operations that spread one fragment with eight aliases of each of two fields: more aliases than the budget of an exact count.
fn spread_a_lot(operations: usize) -> String {
    let fields: String = (0..8).map(|n| format!("a{n}:f b{n}:g ")).collect();
    let each = |n: usize| format!("query Q{n}{{ p0{{...F}} p1{{...F}} p2{{...F}} }} ");
    let all: String = (0..operations).map(each).collect();
    serde_json::json!({ "query": format!("{all}fragment F on T {{ {fields}}}"), "operationName": "Q0" })
        .to_string()
}

#[test]
fn a_candidate_that_counts_further_changes_no_verdict() {
    let text = spread_a_lot(110);
    let alone = post(&mut Stream::new(), &text);
    assert_eq!((alone.flow, reason(&alone)), (Flow::Continue, None));
    for limit in 1..10 {
        let effects = post(&mut candidate(&format!("{{limits: {{aliases_per_field: {limit}}}}}")), &text);
        assert_eq!((effects.flow, reason(&effects)), (Flow::Continue, None), "{limit}");
        // It says what it would say in force.
        let policy = format!("graphql: {{limits: {{aliases_per_field: {limit}}}}}");
        let in_force = reason(&post(&mut Stream::under(&policy), &text));
        assert_eq!(said(&effects).1.and_then(|change| change.candidate), in_force, "{limit}");
    }
}

#[test]
fn a_candidate_counts_aliases_as_it_would_in_force() {
    let fields = |count: usize, name: &dyn Fn(usize) -> String| {
        let fields: String = (0..count).map(|n| format!("a{n}: {} ", name(n))).collect();
        query(&format!("{{ x {{ {fields} }} }}"))
    };
    let texts = [
        spread_a_lot(110),
        fields(7, &|_| "f".to_owned()),
        fields(30, &|n| format!("f{}", n % 5)),
        fields(61, &|n| format!("f{n}")),
        fields(61, &|n| format!("f{}", n % 3)),
        fields(12, &|_| "f".to_owned()),
    ];
    let limits = [(60, 10), (60, 5), (60, 20), (100, 10), (100, 5), (100, 70), (8, 3), (8, 30)];
    let limits = limits
        .map(|(all, each)| format!("graphql: {{limits: {{aliases: {all}, aliases_per_field: {each}}}}}"));
    for text in &texts {
        for live in &limits {
            let alone = reason(&post(&mut Stream::under(live), text));
            for candidate in &limits {
                let effects = post(&mut Stream::under(&format!("{live}\ncandidate: {{{candidate}}}")), text);
                assert_eq!(reason(&effects), alone, "{live} beside {candidate}: {text:.80}");
                let said = said(&effects).1.map_or(alone, |change| change.candidate);
                let in_force = reason(&post(&mut Stream::under(candidate), text));
                assert_eq!(said, in_force, "{candidate} beside {live}: {text:.80}");
            }
        }
    }
}

#[test]
fn what_the_policy_in_force_refuses_may_pass_and_be_refused_otherwise() {
    let mut stream = Stream::under(
        "graphql: {limits: {depth: 2, aliases: 1, aliases_per_field: 1}}\ncandidate: {graphql: {limits: {aliases_per_field: 1}}}",
    );
    let removed =
        changes(&post(&mut stream, &query("query Deep { a { b { c } } }")), Some(Reason::Depth), None);
    assert_eq!((removed.operation.as_str(), removed.document.as_deref()), ("Deep", Some("query{a{b{c}}}")));
    let text = "{ a: x b: x }";
    changes(&post(&mut stream, &query(text)), Some(Reason::Aliases), Some(Reason::AliasesPerField));
    same(&post(&mut stream, EVIL));
    same(&post(&mut stream, "no JSON"));
    same(&post(&mut stream, &query("{ unclosed")));
}

#[test]
fn an_added_refusal_is_told_with_its_document_and_without_literals() {
    let mut stream = candidate("{limits: {depth: 1}}");
    let change = added(&post(&mut stream, &query("query Me { me(id: \"secret\") { id } }")), Reason::Depth);
    assert_eq!(change.operation, "Me");
    let document = change.document.unwrap();
    assert!(document.contains("me") && !document.contains("secret"), "{document}");
    let unnamed = added(&post(&mut stream, &query("{ me { id } }")), Reason::Depth);
    assert_eq!(unnamed.operation.len(), 16, "the hash of its shape: {unnamed:?}");
}

#[test]
fn introspection_and_its_depth_are_compared() {
    let mut stream = candidate("{introspection: allow, limits: {introspection_depth: 1}}");
    changes(&post(&mut stream, EVIL), Some(Reason::Introspection), None);
    let deep = query("{ __schema { types { fields { type { fields { name } } } } } }");
    changes(&post(&mut stream, &deep), Some(Reason::Introspection), Some(Reason::IntrospectionDepth));
}

#[test]
fn costs_are_compared_by_the_sizes_of_each() {
    for (cost, text, expected) in [
        ("max: 11", "{ users(first: 10) { id } }", None),
        ("max: 1", "{ users(first: 10) { id } }", Some(Reason::Cost)),
        ("default_list_size: 30000", "query Q($n: Int) { users(first: $n) { id } }", Some(Reason::Cost)),
        ("default_list_size: 10", "query Q($n: Int) { users(first: $n) { id } }", None),
    ] {
        let effects = post(&mut candidate(&format!("{{cost: {{{cost}}}}}")), &query(text));
        match expected {
            None => same(&effects),
            Some(reason) => {
                added(&effects, reason);
            }
        }
    }
}

#[test]
fn a_batch_is_compared_as_a_whole_and_counted_once() {
    let deep = query("query Deep { a { b { c } } }");
    let batch = format!("[{HONEST},{deep},{HONEST}]");
    let mut stream = candidate("{limits: {depth: 2}}");
    let change = added(&post(&mut stream, &batch), Reason::Depth);
    assert_eq!(change.operation, "Deep");
    for (length, expected) in [(4, None), (3, None), (2, Some(Reason::BatchLength))] {
        let effects = post(&mut candidate(&format!("{{limits: {{batch: {length}}}}}")), &batch);
        match expected {
            None => same(&effects),
            Some(reason) => {
                added(&effects, reason);
            }
        }
    }
    added(&post(&mut candidate("{transports: {batch: false}}"), &batch), Reason::Batching);
    // Together they are too much, alone none is.
    let some = query("query Some { users(first: 10) { id } }");
    let change =
        added(&post(&mut candidate("{cost: {max: 15}}"), &format!("[{HONEST},{some},{some}]")), Reason::Cost);
    assert_eq!(change.operation, "Some");
    // The one in force ends at the first that it refuses, the candidate goes on.
    let mut stream =
        Stream::under("graphql: {limits: {depth: 2, batch: 2}}\ncandidate: {graphql: {introspection: deny}}");
    let effects = post(&mut stream, &format!("[{deep},{EVIL}]"));
    let change = changes(&effects, Some(Reason::Depth), Some(Reason::Introspection));
    assert_eq!(change.operation, "Deep");
    changes(&post(&mut stream, &format!("[{HONEST},{HONEST},{HONEST}]")), Some(Reason::BatchLength), None);
}

#[test]
fn persisted_queries_are_one_memory_that_a_candidate_leaves_alone() {
    let text = "query Me { me { id } }";
    let hash = portcullis_framing::Sha256Hash::of(text).to_string();
    let extensions =
        |hash: &str| serde_json::json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
    let register = serde_json::json!({ "query": text, "extensions": extensions(&hash) }).to_string();
    let alone = serde_json::json!({ "extensions": extensions(&hash) }).to_string();
    let mut stream = candidate("{persisted_queries: {enabled: false}}");
    changes(
        &post(&mut stream, &alone),
        Some(Reason::PersistedQuery),
        Some(Reason::PersistedQueryUnsupported),
    );
    same(&post(&mut stream, &register));
    added(&post(&mut stream, &alone), Reason::PersistedQueryUnsupported);
    // What only the candidate would allow is not remembered for it.
    let mut stream = Stream::under("graphql: {limits: {depth: 1}}\ncandidate: {}");
    changes(&post(&mut stream, &register), Some(Reason::Depth), None);
    same(&post(&mut stream, &alone));
}

#[test]
fn trusted_documents_are_those_of_each() {
    let mut stream =
        candidate("{trusted_documents: {mode: require, documents: {known: 'query Me { me { id } }'}}}");
    same(&post(&mut stream, HONEST));
    added(&post(&mut stream, &query("{ other }")), Reason::UntrustedDocument);
    changes(&post(&mut stream, r#"{"documentId":"known"}"#), Some(Reason::UntrustedId), None);
    same(&post(&mut stream, r#"{"documentId":"unknown"}"#));
    let mut stream = candidate("{trusted_documents: {id_keys: [id]}}");
    changes(
        &post(&mut stream, r#"{"documentId":"unknown"}"#),
        Some(Reason::UntrustedId),
        Some(Reason::Envelope),
    );
    same(&post(&mut stream, HONEST));
}

#[test]
fn a_get_is_compared_too() {
    let mut stream = candidate("{limits: {depth: 1, url_bytes: 30}}");
    same(&get(&mut stream, "/graphql?query={me}"));
    added(&get(&mut stream, "/graphql?query={me{id}}"), Reason::Depth);
    added(&get(&mut stream, "/graphql?query={me}&long=enough"), Reason::UrlSize);
    same(&get(&mut stream, "/graphql?query=mutation{a}"));
    added(&get(&mut candidate("{transports: {get: false}}"), "/graphql?query={me}"), Reason::Method);
    let mut stream = Stream::under("graphql: {transports: {get: false}}\ncandidate: {}");
    let effects = get(&mut stream, "/graphql?query={me{id}}");
    assert_eq!((reason(&effects), said(&effects).0), (Some(Reason::Method), Difference::Undecided));
}

#[test]
fn what_was_not_read_for_the_candidate_is_undecided() {
    let mut stream = Stream::under("graphql: {limits: {body_bytes: 30}}\ncandidate: {}");
    let effects = post(&mut stream, &query("{ a b c d e f g h i j k }"));
    assert_eq!((reason(&effects), said(&effects).0), (Some(Reason::BodySize), Difference::Undecided));
    let mut stream = Stream::under(
        "graphql: {limits: {body_bytes: 30}}\ncandidate: {graphql: {limits: {body_bytes: 30}}}",
    );
    same(&post(&mut stream, &query("{ a b c d e f g h i j k }")));
}

#[test]
fn a_candidate_has_the_limits_that_a_class_has_in_it() {
    let policy = "
clients:
  identity: [{header: x-api-key}]
  classes: [{name: staff, when: [{identity: [header]}], limits: {depth: 30}}]
candidate: {graphql: {limits: {depth: 1}}, classes: {staff: {limits: {depth: 2}}}}
";
    let by = |stream: &mut Stream, extra: &[(&str, &str)], text: &str| {
        stream.exchange = Exchange::default();
        let headers: Vec<_> = std::iter::once(JSON).chain(extra.iter().copied()).collect();
        stream.headers("POST", "/graphql", More::Follows, &headers);
        stream.body(query(text).as_bytes(), More::Ended)
    };
    let mut stream = Stream::under(policy);
    same(&by(&mut stream, &[("x-api-key", "k")], "{ a { b } }"));
    added(&by(&mut stream, &[("x-api-key", "k")], "{ a { b { c } } }"), Reason::Depth);
    let anonymous = by(&mut stream, &[], "{ a { b } }");
    assert_eq!(counted(&anonymous, Metric::CandidateRequests(ClassLabel(1), Difference::Added)), 1);
}

#[test]
fn what_only_counts_passes_on_either_side() {
    let mut stream = Stream::under("mode: shadow\ncandidate: {}");
    added(&post(&mut stream, EVIL), Reason::Introspection);
    added(&post(&mut stream, "no JSON"), Reason::Json);
    same(&post(&mut stream, HONEST));
    let mut stream = Stream::under("candidate: {mode: shadow}");
    changes(&post(&mut stream, EVIL), Some(Reason::Introspection), None);
    let mut stream =
        Stream::under("candidate: {shadow_reasons: [introspection], graphql: {limits: {depth: 2}}}");
    changes(&post(&mut stream, EVIL), Some(Reason::Introspection), Some(Reason::Depth));
}

#[test]
fn throttles_are_not_compared() {
    let mut stream = Stream::under(
        "
throttles: {rules: [{name: calls, per: client, unit: requests, capacity: 1, refill: 1, window_ms: 86400000}]}
candidate:
  graphql: {limits: {depth: 1}}
  throttles: {rules: [{name: calls, per: client, unit: requests, capacity: 1, refill: 1, window_ms: 86400000}]}
",
    );
    same(&post(&mut stream, &query("{ a }")));
    let effects = post(&mut stream, &query("{ a }"));
    assert_eq!((reason(&effects), said(&effects).0), (Some(Reason::Throttled), Difference::Same));
    let effects = post(&mut stream, &query("{ a { b } }"));
    assert_eq!((reason(&effects), said(&effects).0), (Some(Reason::Throttled), Difference::Added));
}

#[test]
fn decisions_are_not_compared() {
    let blocked = |policy: &str| Stream { decisions: crate::decisions::blocked(), ..Stream::under(policy) };
    // In shadow it is judged by both, and a block is no verdict of either.
    for policy in ["mode: shadow\ncandidate: {}", "shadow_reasons: [blocked]\ncandidate: {}"] {
        let mut stream = blocked(policy);
        let effects = post(&mut stream, HONEST);
        assert_eq!((effects.flow, said(&effects).0), (Flow::Continue, Difference::Same), "{policy}");
    }
    let mut stream = blocked("mode: shadow\ncandidate: {graphql: {limits: {depth: 1}}}");
    added(&post(&mut stream, HONEST), Reason::Depth);
    // Of what a block has kept from being read nobody knows.
    for policy in ["candidate: {}", "candidate: {mode: shadow}"] {
        let effects = blocked(policy).post();
        assert_eq!(
            (reason(&effects), said(&effects).0),
            (Some(Reason::Blocked), Difference::Undecided),
            "{policy}"
        );
    }
}

#[test]
fn an_upload_is_compared_when_it_is_judged() {
    let body = "--b\r\ncontent-disposition: form-data; name=\"operations\"\r\n\r\n{\"query\":\"mutation U($f: Upload) { u(f: $f) { id } }\",\"variables\":{\"f\":null}}\r\n--b\r\ncontent-disposition: form-data; name=\"map\"\r\n\r\n{\"0\":[\"variables.f\"]}\r\n--b\r\ncontent-disposition: form-data; name=\"0\"; filename=\"f\"\r\n\r\nx\r\n--b--\r\n";
    let form = [("content-type", "multipart/form-data; boundary=b"), ("x-requested-with", "x")];
    for (graphql, expected) in [
        ("{}", None),
        ("{limits: {depth: 1}}", Some(Reason::Depth)),
        ("{transports: {multipart: false}}", Some(Reason::ContentType)),
        ("{uploads: {preflight_headers: [x-other]}}", Some(Reason::Csrf)),
    ] {
        let mut stream = candidate(graphql);
        stream.headers("POST", "/graphql", More::Follows, &form);
        let effects = stream.body(body.as_bytes(), More::Ended);
        match expected {
            None => same(&effects),
            Some(reason) => {
                added(&effects, reason);
            }
        }
    }
}
