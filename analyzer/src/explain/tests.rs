use super::*;
use crate::compile::{Assumptions, Source, compile};
use portcullis_policy::CostTable;
use serde_json::{Value, json};
use std::path::PathBuf;

const SHOP: &str = "
type Query { products(first: Int, last: Int): Products @listSize(slicingArguments: [\"first\", \"last\"], sizedFields: [\"nodes\"]) me: User }
type Mutation { login(name: String!): User }
type Products { nodes: [Product!]! total: Int! }
type Product { id: ID! name: String! reviews(first: Int! = 5): [Review!]! price: Float! @cost(weight: \"0.5\") }
type Review { stars: Int! author: User! }
type User { id: ID! name: String! }
";

fn explainer(policy: &str) -> Explainer {
    Explainer::new(Policy::parse(policy).unwrap())
}

fn in_the_shop(policy: &str) -> Explainer {
    let source = Source { name: "shop".to_owned(), text: SHOP.to_owned() };
    let table = compile(&[source], Assumptions::Conventions).unwrap().table;
    Explainer::new(Policy::parse_with(policy, CostTable::load(table).unwrap()).unwrap())
}

fn body(document: &str) -> String {
    json!({ "query": document }).to_string()
}

/// `UPDATE_GOLDEN=1` rewrites the file.
#[track_caller]
fn golden(name: &str, found: &str) {
    let place = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/explain/testdata").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&place, found).unwrap();
    }
    assert_eq!(found, std::fs::read_to_string(&place).unwrap(), "{name}");
}

#[test]
fn a_nested_list_by_a_schema() {
    let document = "query Home { products(first: 20) { nodes { id name price top: reviews(first: 3) { stars author { name } } reviews { stars } } total } me { name } }";
    golden("nested.txt", &in_the_shop("").body_in_detail(body(document).as_bytes(), None).text());
}

#[test]
fn a_refusal_by_cost_says_how_far_off_it_is() {
    let document = "{ users(first: 100000) { id } me { id name } }";
    golden("cost.txt", &explainer("").body_in_detail(body(document).as_bytes(), None).text());
    let document = "{ products(first: 6000) { nodes { id price } } }";
    let strict = "graphql: {cost: {type_max: 5000}}";
    golden("type_cost.txt", &in_the_shop(strict).body_in_detail(body(document).as_bytes(), None).text());
}

#[test]
fn a_batch_shows_each_operation_and_all_together() {
    let one = "query A { users(first: 9000) { id } }";
    let batch = json!([{ "query": one }, { "query": "query B { users(first: 12000) { id } }" }]).to_string();
    golden("batch.txt", &explainer("").body_in_detail(batch.as_bytes(), None).text());
}

#[test]
fn an_alias_limit_and_what_else_is_to_be_said() {
    let policy = "graphql: {sensitive_fields: [{field: Mutation.login, aliases: 20}]}";
    let aliases: String = (0..11).map(|n| format!("a{n}: login(name: \"x\") {{ id }} ")).collect();
    let document = format!("mutation Guess {{ {aliases} typo }}");
    golden("aliases.txt", &in_the_shop(policy).body_in_detail(body(&document).as_bytes(), None).text());
}

#[test]
fn a_hash_alone_says_how_to_go_on() {
    let hash = portcullis_framing::Sha256Hash::of("{me{id}}").to_string();
    let alone =
        json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": hash } } }).to_string();
    golden("hash.txt", &explainer("").body_in_detail(alone.as_bytes(), None).text());
}

#[test]
fn an_id_in_the_path_is_laid_out_and_what_is_not_at_hand_is_not() {
    let hash = portcullis_framing::Sha256Hash::of("{me{id}}").to_string();
    let policy =
        format!("graphql: {{trusted_documents: {{mode: require, documents: {{{hash}: \"{{me{{id}}}}\"}}}}}}");
    let text = explainer(&policy).url(&format!("/graphql/sha256:{hash}")).unwrap().text();
    assert!(text.contains("Where the cost goes") && text.contains("  me"), "{text}");
    assert!(!text.contains("laid out"), "{text}");
    let extensions = json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
    let mut explainer = explainer("");
    let registers = json!({ "query": "{me{id}}", "extensions": extensions }).to_string();
    assert!(explainer.body(registers.as_bytes()).is_allowed());
    let alone = json!({ "extensions": extensions }).to_string();
    let text = explainer.body_in_detail(alone.as_bytes(), None).text();
    assert!(text.contains("not laid out") && !text.contains("too many"), "{text}");
}

#[test]
fn what_is_noticed_is_told() {
    let policy = "graphql: {introspection: allow, trusted_documents: {mode: log}}";
    let document = "{ __schema { types { fields { type { fields { name } } } } } products { total } }";
    golden("noticed.txt", &in_the_shop(policy).body_in_detail(body(document).as_bytes(), None).text());
}

#[test]
fn what_cannot_be_parsed_is_told_with_its_place() {
    golden("syntax.txt", &explainer("").body_in_detail(body("{ a\n  ) }").as_bytes(), None).text());
}

#[test]
fn an_allowed_request_is_measured() {
    let json = explainer("").body(br#"{"query":"query Me { me { id } }","source":"somewhere"}"#).json();
    assert_eq!(json["ok"], json!(true));
    assert_eq!(json.get("code"), None);
    assert_eq!((&json["operation"], &json["kind"]), (&json!("Me"), &json!("query")));
    assert_eq!(json["measures"]["depth"], json!(2));
    assert_eq!((&json["cost"], &json["costMilli"]), (&json!(1), &json!(110)));
    assert_eq!((&json["typeCost"], json.get("tree"), json.get("operations")), (&Value::Null, None, None));
}

#[test]
fn a_refusal_says_what_passed_which_limit() {
    let json = explainer("").body(br#"{"query":"{ users(first: 100000) { id } }"}"#).json();
    assert_eq!(json["ok"], json!(false));
    assert_eq!(json["code"], json!("COST_ESTIMATED_TOO_EXPENSIVE"));
    assert_eq!((&json["limit"], &json["actual"]), (&json!(20_000), &json!(101_000)));
    assert_eq!(json["cost"], json!(101_000));
}

#[test]
fn a_syntax_error_has_its_place() {
    let json = explainer("").body(br#"{"query":"{ a\n  ) }"}"#).json();
    assert_eq!(json["code"], json!("GRAPHQL_PARSE_FAILED"));
    assert_eq!((&json["line"], &json["column"]), (&json!(2), &json!(3)));
    assert_eq!(json["measures"], Value::Null);
}

#[test]
fn what_is_no_request_is_refused_as_at_the_gate() {
    let long = format!("{{\"query\":\"{{ a }}\"{}}}", " ".repeat(262_144));
    for (body, code) in [("nonsense", "JSON_PARSE_FAILED"), (&long, "PAYLOAD_TOO_LARGE")] {
        assert_eq!(explainer("").body(body.as_bytes()).json()["code"], json!(code));
        assert_eq!(explainer("").body_in_detail(body.as_bytes(), None).json()["code"], json!(code));
    }
}

#[test]
fn details_have_the_tree_and_what_was_noticed() {
    let policy = "graphql: {sensitive_fields: [{field: Query.me, aliases: 1}]}";
    let document = body("{ products { nodes { id } } me { id } typo }");
    let json = in_the_shop(policy).body_in_detail(document.as_bytes(), None).json();
    assert_eq!(json["code"], json!("SLICING_ARGUMENT_REQUIRED"));
    let slicing = json!({ "count": 1, "first": "Query.products", "arguments": ["first", "last"] });
    assert_eq!(json["slicingViolations"], slicing);
    assert_eq!(json["unknownFields"], json!({ "count": 1, "first": "Query.typo" }));
    assert_eq!(json["sensitive"], json!([{ "field": "Query.me", "count": 1, "limit": 1 }]));
    assert_eq!((&json["costModel"], &json["typeCost"]), (&json!("schema/1"), &json!(13)));
    let nodes = json!({
        "path": "products.nodes", "field": "Products.nodes", "times": 1,
        "costMilli": 1_000, "ownCostMilli": 1_000, "typeCostMilli": 10_000, "ownTypeCostMilli": 10_000,
        "list": { "entries": 10, "source": "defaultListSize", "argument": null, "of": "products" },
    });
    assert_eq!(json["tree"]["places"][1], nodes);
}

#[test]
fn a_batch_has_its_operations_in_every_form() {
    let allowed = r#"[{"query":"query A {a}"},{"query":"query B {b}"}]"#;
    let names = |json: &Value| -> Vec<String> {
        let operations = json["operations"].as_array().unwrap().iter();
        operations.map(|of| of["operation"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&explainer("").body(allowed.as_bytes()).json()), ["A", "B"]);
    let json = explainer("").body_in_detail(allowed.as_bytes(), None).json();
    assert_eq!((names(&json), &json["costMilli"]), (vec!["A".to_owned(), "B".to_owned()], &json!(20)));
    assert_eq!(json["operations"][0]["costMilli"], json!(10));
    let refused = r#"[{"query":"query A {a}"},{"query":"query B {b(first: 5000000)}"}]"#;
    assert_eq!(names(&explainer("").body(refused.as_bytes()).json()), ["B"]);
    let json = explainer("").body_in_detail(refused.as_bytes(), None).json();
    assert_eq!((names(&json), &json["ok"]), (vec!["A".to_owned(), "B".to_owned()], &json!(false)));
    assert_eq!((&json["cost"], &json["costMilli"]), (&json!(50_001), &json!(50_000_010)));
    assert_eq!((&json["operations"][0]["ok"], &json["operations"][1]["ok"]), (&json!(true), &json!(false)));
}

#[test]
fn a_hash_is_judged_by_its_document() {
    let document = "{me{id}}";
    let hash = portcullis_framing::Sha256Hash::of(document).to_string();
    let extensions = json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
    let alone = json!({ "extensions": extensions }).to_string();
    let both = json!({ "query": document, "extensions": extensions }).to_string();
    let persisted = |json: &Value| (json["ok"].clone(), json["persisted"].clone());
    let mut worker = explainer("");
    assert_eq!(persisted(&worker.body(alone.as_bytes()).json()), (json!(false), json!("miss")));
    assert_eq!(persisted(&worker.body(both.as_bytes()).json()), (json!(true), json!("registered")));
    assert_eq!(persisted(&worker.body(alone.as_bytes()).json()), (json!(true), json!("hit")));
    let mut worker = explainer("");
    let json = worker.body_in_detail(alone.as_bytes(), Some(document)).json();
    assert_eq!((persisted(&json), &json["costMilli"]), ((json!(true), json!("registered")), &json!(110)));
    let json = worker.body_in_detail(alone.as_bytes(), Some("{other}")).json();
    assert_eq!(json["code"], json!("PERSISTED_QUERY_HASH_MISMATCH"));
}

#[test]
fn a_get_is_judged_by_its_url() {
    let get = |url: &str| explainer("").url(url).map(|found| found.json());
    for url in [
        "/graphql?query={me{id}}",
        "query={me{id}}",
        "?query=%7Bme%7Bid%7D%7D",
        "https://a.example/graphql?query={me{id}}",
    ] {
        let json = get(url).unwrap();
        assert_eq!((&json["ok"], &json["tree"]["places"][0]["path"]), (&json!(true), &json!("me")), "{url}");
    }
    assert_eq!(get("query=mutation{a}").unwrap()["reason"], json!("get_mutation"));
    assert!(get("/other?query={a}").is_none());
}

#[test]
fn aliases_that_are_too_many_to_be_counted_exactly_are_as_the_gate_counts_them() {
    let fields: String = (0..8).map(|n| format!("a{n}:f b{n}:g ")).collect();
    let operations: String =
        (0..110).map(|n| format!("query Q{n}{{p0{{...F}} p1{{...F}} p2{{...F}}}} ")).collect();
    let document = format!("{operations}fragment F on T {{{fields}}}");
    let request = json!({ "query": document, "operationName": "Q0" }).to_string();
    let mut explainer = explainer("");
    let text = explainer.body_in_detail(request.as_bytes(), None).text();
    assert!(text.starts_with("query Q0: allowed\n") && !text.contains("OVER"), "{text}");
    let json = explainer.body_in_detail(request.as_bytes(), None).json();
    assert!(json["measures"]["aliasesPerField"].as_u64() <= Some(10), "{json}");
}

#[test]
fn what_no_bucket_ever_holds_is_refused() {
    let policy = "
clients: {classes: [{name: staff, when: [{address: [10.0.0.0/8]}]}]}
throttles:
  rules:
    - {name: spent, per: client, unit: cost, capacity: 5, window_ms: 1000, classes: [anonymous]}
    - {name: calls, per: client, unit: requests, capacity: 2, window_ms: 1000, classes: [anonymous]}";
    let policy = |more: &str| Policy::parse(&format!("{more}\n{policy}")).unwrap();
    let page = body("query Page { users(first: 100) { id } }");
    let mut enforced = Explainer::new(policy(""));
    for _ in 0..9 {
        // However often: how fast buckets fill is nothing that is asked here.
        assert!(enforced.body(body("{ a }").as_bytes()).is_allowed());
    }
    for json in [enforced.body(page.as_bytes()).json(), enforced.body_in_detail(page.as_bytes(), None).json()]
    {
        assert_eq!((&json["ok"], &json["code"]), (&json!(false), &json!("COST_EXCEEDS_QUOTA")));
        assert_eq!((&json["limit"], &json["actual"]), (&json!(5), &json!(101)));
    }
    let text = enforced.body_in_detail(page.as_bytes(), None).text();
    assert!(text.starts_with("query Page: refused with 400 COST_EXCEEDS_QUOTA"), "{text}");
    assert!(!enforced.url("query={users(first:100){id}}").unwrap().is_allowed());
    let batch = r#"[{"query":"{a}"},{"query":"{a}"},{"query":"{a}"}]"#;
    assert_eq!(enforced.body_in_detail(batch.as_bytes(), None).json()["actual"], json!(3));
    assert!(enforced.body(br#"[{"query":"{a}"},{"query":"{a}"}]"#).is_allowed());
    // Other classes have other throttles, and what only counts passes.
    assert!(Explainer::of_class(&policy(""), "staff").unwrap().body(page.as_bytes()).is_allowed());
    let json = Explainer::new(policy("shadow_reasons: [quota]")).body(page.as_bytes()).json();
    assert_eq!((&json["ok"], &json["shadow"]["reason"]), (&json!(true), &json!("quota")));
}

#[test]
fn a_request_is_judged_as_one_of_the_class() {
    let policy = "clients: {classes: [{name: staff, when: [{address: [10.0.0.0/8]}], limits: {introspection: allow}}], anonymous: {limits: {depth: 1}}}";
    let policy = Policy::parse(policy).unwrap();
    let allowed = |explainer: Option<Explainer>, document: &str| {
        explainer.unwrap().body_in_detail(body(document).as_bytes(), None).is_allowed()
    };
    let staff = || Explainer::of_class(&policy, "staff");
    let anonymous = || Some(Explainer::new(policy.clone()));
    assert!(allowed(staff(), "{ __schema { queryType { name } } }"));
    assert!(!allowed(anonymous(), "{ __schema { queryType { name } } }"));
    assert!(allowed(staff(), "{ a { b } }") && !allowed(anonymous(), "{ a { b } }"));
    assert!(Explainer::of_class(&policy, "nobody").is_none());
}
