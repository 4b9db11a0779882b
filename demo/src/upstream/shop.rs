//! A small shop as a GraphQL schema: connections, a search over two types, reviews, a login, uploads, subscriptions.

mod catalogue;
mod mutation;
mod query;
mod subscription;

use async_graphql::Schema;
use mutation::Mutation;
use query::Query;
use subscription::Subscription;

/// The executable schema.
pub(super) type Shop = Schema<Query, Mutation, Subscription>;

/// The shop's schema with what its fields cost, as the gate's table is compiled from it.
pub const SDL: &str = include_str!("../../shop.graphql");

/// Builds it.
pub(super) fn build() -> Shop {
    Schema::build(Query, Mutation, Subscription).finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[tokio::test]
    async fn every_operation_of_our_corpus_is_answered_without_an_error() {
        let shop = build();
        for operation in crate::operation::shop().unwrap() {
            let request: async_graphql::Request = serde_json::from_slice(&operation.body()).unwrap();
            let answer = serde_json::to_value(shop.execute(request).await).unwrap();
            assert!(answer.get("errors").is_none(), "{}: {answer}", operation.query);
            assert!(answer.get("data").is_some_and(Value::is_object), "{}: {answer}", operation.query);
        }
    }

    /// The definitions alone: no descriptions, no definitions of directives, no costs.
    fn bare(sdl: &str) -> Vec<String> {
        let mut described = false;
        let is_definition = |line: &&str| {
            let quotes = *line == "\"\"\"";
            described ^= quotes;
            !quotes
                && !described
                && !line.is_empty()
                && !line.starts_with("directive @")
                && !line.starts_with('#')
        };
        let lines = sdl.lines().map(str::trim).filter(is_definition);
        lines.map(|line| without(&without(line, " @cost("), " @listSize(")).collect()
    }

    /// Each use of the directive taken out.
    fn without(text: &str, directive: &str) -> String {
        let mut parts = text.split(directive);
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |text, part| text + part.split_once(')').unwrap().1)
    }

    #[test]
    fn the_written_schema_is_the_served_one_with_costs() {
        assert_eq!(bare(SDL), bare(&build().sdl()));
    }
}
