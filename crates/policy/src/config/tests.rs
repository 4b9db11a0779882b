use super::*;
use crate::{Encoding, Introspection, PersistedQueries, TrustedMode};
use portcullis_cost::Cost;

#[track_caller]
pub(super) fn mistakes(text: &str, expected: &[&str]) {
    let found: Vec<String> = match Policy::parse(text) {
        Ok(_) => Vec::new(),
        Err(mistakes) => mistakes.iter().map(ToString::to_string).collect(),
    };
    assert_eq!(found, expected, "{text}");
}

#[test]
fn an_empty_policy_is_the_default_policy() {
    let policy = Policy::parse("").unwrap();
    for text in ["{}", "# nothing\n", "---\n", "graphql: {}\n"] {
        assert_eq!(Policy::parse(text).unwrap(), policy, "{text}");
    }
    assert_eq!(policy.routes.iter().map(|route| route.path.as_str()).collect::<Vec<_>>(), ["/graphql"]);
    assert_eq!(
        (policy.limits.depth, policy.limits.budget.tokens, policy.limits.body_bytes),
        (15, 5_000, 262_144)
    );
    assert_eq!(policy.cost.max, Cost::from_units(20_000));
    assert_eq!(policy.analyzer, None);
}

#[test]
fn the_example_is_the_default_policy() {
    assert_eq!(Policy::parse(include_str!("../../policy.example.yaml")).unwrap(), Policy::parse("").unwrap());
}

#[test]
fn a_policy_is_read_from_yaml_and_json_alike() {
    let yaml = "routes:\n  - path: /api/graphql\ngraphql:\n  limits:\n    depth: 7\n  introspection: allow\n";
    let json =
        r#"{"routes":[{"path":"/api/graphql"}],"graphql":{"limits":{"depth":7},"introspection":"allow"}}"#;
    let policy = Policy::parse(yaml).unwrap();
    assert_eq!(policy, Policy::parse(json).unwrap());
    assert_eq!((policy.limits.depth, policy.introspection), (7, Introspection::Allow));
}

#[test]
fn a_mistake_of_form_is_told_with_path_and_line() {
    mistakes(
        "graphql:\n  limits:\n    dpth: 5\n",
        &[
            "graphql.limits.dpth: unknown field `dpth`, expected one of body_bytes, held_bytes, document_bytes, tokens, nesting, depth, fields, root_fields, aliases, aliases_per_field, directives, introspection_depth, batch, url_bytes, json_nesting (line 3)",
        ],
    );
    mistakes(
        "graphql:\n  limits:\n    depth: deep\n",
        &["graphql.limits.depth: must be a whole number (line 3)"],
    );
    mistakes(
        "graphql:\n  limits:\n    depth: -1\n",
        &["graphql.limits.depth: must be a whole number (line 3)"],
    );
    mistakes(
        "graphql: {introspection: maybe}\n",
        &["graphql.introspection: unknown variant `maybe`, expected one of allow, deny (line 1)"],
    );
    mistakes("routes:\n  - {}\n", &["routes[0]: missing field `path` (line 2)"]);
    assert!(Policy::parse("graphql: [").is_err());
    assert!(Policy::parse("routes: [{path: /a}]\nroutes: [{path: /b}]\n").is_err(), "a key twice");
}

#[test]
fn values_without_sense_are_told_all_at_once() {
    let text = "
routes: [{path: graphql}, {path: /a//b}, {path: /a%62}]
graphql:
  limits: {depth: 0, json_nesting: 101}
  cost: {max: 0}
analyzer: {cluster: ''}
";
    mistakes(
        text,
        &[
            "routes[0].path: must start with `/`, got `graphql`",
            "routes[1].path: must have no empty segment, no `.` and no `..`, and not end in `/`, got `/a//b`",
            "routes[2].path: must be a plain path of visible ASCII without `?`, `#`, `;`, `%` and `\\`, got `/a%62`",
            "graphql.limits.json_nesting: must be at most 100, got 101",
            "graphql.limits.depth: must be at least 1, got 0",
            "graphql.cost.max: must be at least 1, got 0",
            "analyzer.cluster: must name an Envoy cluster",
            "analyzer: needs `token` or `token_env`; make one with `portcullis keys add --role edge`",
        ],
    );
    mistakes("routes: []\n", &["routes: must name at least one path"]);
}

#[test]
fn each_limit_is_at_least_one() {
    for name in ["body_bytes", "document_bytes", "tokens", "nesting", "depth", "fields", "root_fields"] {
        let text = |value: u8| format!("graphql: {{limits: {{{name}: {value}}}}}\n");
        mistakes(&text(1), &[]);
        mistakes(&text(0), &[&format!("graphql.limits.{name}: must be at least 1, got 0")]);
    }
}

#[test]
fn the_token_comes_from_one_place_and_is_not_printed() {
    let policy = Policy::parse("analyzer: {cluster: c, token: secret}\n").unwrap();
    assert!(!format!("{policy:?}").contains("secret"));
    let from_environment = Policy::parse("analyzer: {cluster: c, token_env: EDGE_TOKEN}\n").unwrap();
    assert_eq!(from_environment.analyzer.unwrap().token, Token::Environment("EDGE_TOKEN".to_owned()));
    mistakes(
        "analyzer: {cluster: c, token: a, token_env: B}\n",
        &["analyzer: takes `token` or `token_env`, not both"],
    );
    mistakes(
        "analyzer: {cluster: c, token: \"a\\nb\"}\n",
        &["analyzer.token: must be visible ASCII without spaces, and not empty"],
    );
}

#[test]
fn the_default_takes_every_transport_but_bare_documents() {
    let policy = Policy::parse("").unwrap();
    let transports = policy.transports;
    assert_eq!(
        (transports.get, transports.batch, transports.multipart),
        (Switch::On, Switch::On, Switch::On)
    );
    assert_eq!(transports.application_graphql, Switch::Off);
    assert_eq!(policy.encodings, [Encoding::Gzip, Encoding::Deflate, Encoding::Brotli, Encoding::Zstd]);
    assert_eq!(policy.persisted, PersistedQueries::Remember { bytes: 4 * 1024 * 1024 });
    assert_eq!(policy.trusted.mode(), TrustedMode::Off);
    assert_eq!((policy.limits.batch, policy.limits.url_bytes), (10, 16_384));
}

#[test]
fn every_mistake_beyond_the_limits_is_told_with_its_path() {
    let text = r#"
graphql:
  uploads: {files: 0, preflight_headers: ["x y"]}
  persisted_queries: {cache_bytes: 1}
  trusted_documents: {mode: require}
  cost: {max: 1, model: schemaless/0}
responses: {validation_status: 500}
"#;
    mistakes(
        text,
        &[
            "graphql.cost.model: this build estimates by `schemaless/1`, not by `schemaless/0`; read docs/cost.md, review the limits, then name it",
            "graphql.uploads.files: must be at least 1, got 0",
            "graphql.uploads.preflight_headers[0]: must be the name of a header, got `x y`",
            "graphql.persisted_queries.cache_bytes: must be at least 1024, got 1",
            "graphql.trusted_documents: requires documents and lists none",
            "responses.validation_status: must be 400 or 422, got 500",
        ],
    );
    mistakes(
        "graphql: {trusted_documents: {manifest: '[]'}}
",
        &[
            "graphql.trusted_documents.manifest: must be an Apollo manifest or a JSON object of ids and documents: data did not match any variant of untagged enum Manifest",
        ],
    );
    mistakes(
        "graphql: {content_encodings: [lzma]}
",
        &[
            "graphql.content_encodings[0]: unknown variant `lzma`, expected one of gzip, deflate, br, zstd (line 1)",
        ],
    );
}

#[test]
fn a_given_table_takes_the_place_of_the_schema() {
    let schema = portcullis_cost::Schema::default();
    let table = || CostTable::load(schema.compile().unwrap()).unwrap();
    let text = "graphql: {cost: {schema: nonsense, model: schema/1}, sensitive_fields: [{field: Mutation.x, aliases: 1}]}";
    let found = Policy::parse_with(text, table()).unwrap_err();
    let told: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["graphql.sensitive_fields[0].field: the schema has no field `Mutation.x`"]);
    assert!(Policy::parse_with("", table()).unwrap().cost.table.is_some());
}

#[test]
fn keys_of_ids_are_few_and_mean_one_thing() {
    let keys = |keys: &str| format!("graphql: {{trusted_documents: {{id_keys: {keys}}}}}\n");
    let many = |number: usize| {
        let names: Vec<_> = (0..number).map(|number| format!("id{number}")).collect();
        keys(&format!("[{}]", names.join(", ")))
    };
    assert_eq!(Policy::parse("").unwrap().id_keys, ["documentId"]);
    assert_eq!(Policy::parse(&keys("[id, doc_id]")).unwrap().id_keys, ["id", "doc_id"]);
    assert!(Policy::parse(&keys("[]")).unwrap().id_keys.is_empty());
    assert_eq!([7, 8].map(|number| Policy::parse(&many(number)).unwrap().id_keys.len()), [7, 8]);
    let path = "graphql.trusted_documents.id_keys";
    mistakes(&many(9), &[&format!("{path}: must be at most 8 keys, got 9")]);
    let unnamed = "must be a name of at most 64 letters, digits, `_` and `-`, got";
    mistakes(
        &keys("[id, ID, Query, '', 0id, a.b]"),
        &[
            &format!("{path}[1]: `ID` has a meaning already"),
            &format!("{path}[2]: `Query` has a meaning already"),
            &format!("{path}[3]: {unnamed} ``"),
            &format!("{path}[4]: {unnamed} `0id`"),
            &format!("{path}[5]: {unnamed} `a.b`"),
        ],
    );
    let long = |bytes: usize| Policy::parse(&keys(&format!("[{}]", "a".repeat(bytes)))).is_ok();
    assert_eq!([63, 64, 65].map(long), [true, true, false]);
}
