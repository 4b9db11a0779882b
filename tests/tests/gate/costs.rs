//! The cost that the upstream is told, and the model by which it was counted.

use super::{TETHER, post, shared};
use e2e::Site;
use portcullis_demo::client::Protocol;
use portcullis_demo::corpus::PolicyFile;
use serde_json::json;

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn the_model_is_named_beside_the_cost() {
    let site = shared();
    for protocol in Protocol::ALL {
        let exchange =
            site.gated(protocol, &post(r#"{"query":"{ products(first: 20) { nodes { id } } }"}"#)).await;
        let seen = exchange.arrived();
        assert_eq!(seen.header("x-graphql-cost-model"), Some("schemaless/1"));
        // 20 x (1 + 0.1 + 0.01): docs/cost.md.
        assert_eq!(seen.header("x-graphql-cost"), Some("23"));
    }
}

/// Operations against the shop with their field cost by the directives of `demo/shop.graphql`, rounded up.
const PRICED: &[(&str, &str)] = &[
    // `me` is an object: 1; its values cost nothing.
    ("{ me { id name } }", "1"),
    // `products` 1, `nodes` 1, `totalCount` 2.5.
    ("{ products(first: 5) { nodes { id } totalCount } }", "5"),
    // `products` 1, `nodes` 1, for each of 5 products `related` 1.
    ("{ products(first: 5) { nodes { related(first: 9) { id } } } }", "7"),
    // The page has 10 when nobody says otherwise.
    ("{ products { nodes { related(first: 9) { id } } } }", "12"),
    ("mutation { login(email: \"a\", password: \"b\") { token } }", "10"),
];

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn with_a_table_the_directives_say_what_it_costs() {
    let site = Site::under(TETHER, PolicyFile::Schema);
    for protocol in Protocol::ALL {
        for (document, cost) in PRICED {
            let exchange = site.gated(protocol, &post(json!({"query": document}).to_string())).await;
            let seen = exchange.arrived();
            assert_eq!(seen.header("x-graphql-cost"), Some(*cost), "{document}");
            let model = seen.header("x-graphql-cost-model").unwrap_or_default();
            assert!(!model.is_empty() && model != "schemaless/1", "{model:?}");
        }
    }
}
