//! A small shop as a GraphQL schema: connections, a search over two types, reviews, a login.

use async_graphql::{EmptySubscription, ID, Object, Schema, SimpleObject, Union};
use bytes::Bytes;

/// The executable schema.
pub(super) type Shop = Schema<Query, Mutation, EmptySubscription>;

const PRODUCTS: i32 = 100;
const REVIEWS: i32 = 3;
const PAGE: i32 = 10;

/// Builds it.
pub(super) fn build() -> Shop {
    Schema::build(Query, Mutation, EmptySubscription).finish()
}

/// Executes a GraphQL-over-HTTP body.
pub(super) async fn execute(shop: &Shop, body: &Bytes) -> Bytes {
    let response = match serde_json::from_slice::<async_graphql::Request>(body) {
        Ok(request) => serde_json::to_vec(&shop.execute(request).await),
        Err(error) => serde_json::to_vec(&serde_json::json!({"errors": [{"message": error.to_string()}]})),
    };
    Bytes::from(response.unwrap_or_default())
}

#[derive(SimpleObject)]
struct Author {
    id: ID,
    name: String,
}

#[derive(SimpleObject)]
struct Review {
    id: ID,
    rating: i32,
    text: String,
    author: Author,
}

#[derive(SimpleObject)]
struct PageInfo {
    end_cursor: Option<String>,
    has_next_page: bool,
}

#[derive(SimpleObject)]
struct Edge {
    cursor: String,
    node: Product,
}

#[derive(SimpleObject)]
struct Connection {
    edges: Vec<Edge>,
    nodes: Vec<Product>,
    page_info: PageInfo,
    total_count: i32,
}

#[derive(SimpleObject)]
struct User {
    id: ID,
    name: String,
    email: String,
    favourites: Vec<Product>,
}

#[derive(SimpleObject)]
struct Category {
    id: ID,
    title: String,
}

#[derive(SimpleObject)]
struct Session {
    token: String,
    user: User,
}

#[derive(Union)]
enum Hit {
    Product(Product),
    Category(Category),
}

#[derive(Clone, Copy)]
struct Product(i32);

#[Object]
impl Product {
    async fn id(&self) -> ID {
        ID(self.0.to_string())
    }

    async fn name(&self) -> String {
        format!("Product {}", self.0)
    }

    async fn price_cents(&self) -> i32 {
        self.0.saturating_mul(137)
    }

    async fn reviews(&self, first: Option<i32>) -> Vec<Review> {
        let count = first.unwrap_or(REVIEWS).clamp(0, REVIEWS);
        (1..=count).map(|number| review(self.0, number, "Does what it says.")).collect()
    }

    async fn related(&self, first: Option<i32>) -> Vec<Product> {
        let count = first.unwrap_or(REVIEWS).clamp(0, PAGE);
        (1..=count).map(|step| Product(self.0.saturating_add(step) % PRODUCTS)).collect()
    }
}

/// The entry points that read.
pub(super) struct Query;

#[Object]
impl Query {
    async fn products(&self, first: Option<i32>, after: Option<String>) -> Connection {
        let start =
            after.and_then(|cursor| cursor.parse::<i32>().ok()).unwrap_or_default().clamp(0, PRODUCTS);
        let end = start.saturating_add(first.unwrap_or(PAGE).max(0)).min(PRODUCTS);
        let products: Vec<_> = (start.saturating_add(1)..=end).map(Product).collect();
        Connection {
            edges: products.iter().map(|node| Edge { cursor: node.0.to_string(), node: *node }).collect(),
            page_info: PageInfo {
                end_cursor: products.last().map(|product| product.0.to_string()),
                has_next_page: end < PRODUCTS,
            },
            nodes: products,
            total_count: PRODUCTS,
        }
    }

    async fn product(&self, id: ID) -> Option<Product> {
        let id = id.parse::<i32>().ok()?;
        (1..=PRODUCTS).contains(&id).then_some(Product(id))
    }

    async fn search(&self, text: String, first: Option<i32>) -> Vec<Hit> {
        let count = first.unwrap_or(REVIEWS).clamp(0, PAGE);
        let category = Category { id: ID("c1".to_owned()), title: format!("All about {text}") };
        let products = (1..=count).map(|id| Hit::Product(Product(id)));
        products.chain(std::iter::once(Hit::Category(category))).collect()
    }

    async fn me(&self) -> User {
        user("ada@shop.test")
    }
}

/// The entry points that write; nothing is kept.
pub(super) struct Mutation;

#[Object]
impl Mutation {
    async fn login(&self, email: String, password: String) -> Option<Session> {
        (password == "correct horse").then(|| Session { token: "t0k3n".to_owned(), user: user(&email) })
    }

    async fn add_review(&self, product: ID, rating: i32, text: String) -> Review {
        review(product.parse().unwrap_or_default(), rating.clamp(1, 5), &text)
    }
}

fn user(email: &str) -> User {
    User {
        id: ID("u1".to_owned()),
        name: "Ada".to_owned(),
        email: email.to_owned(),
        favourites: vec![Product(7), Product(42)],
    }
}

fn review(product: i32, rating: i32, text: &str) -> Review {
    Review {
        id: ID(format!("r{product}-{rating}")),
        rating,
        text: text.to_owned(),
        author: Author { id: ID("u1".to_owned()), name: "Ada".to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[tokio::test]
    async fn every_operation_of_our_corpus_is_answered_without_an_error() {
        let shop = build();
        for operation in crate::operation::shop().unwrap() {
            let answer: Value = serde_json::from_slice(&execute(&shop, &operation.body()).await).unwrap();
            assert!(answer.get("errors").is_none(), "{}: {answer}", operation.query);
            assert!(answer.get("data").is_some_and(Value::is_object), "{}: {answer}", operation.query);
        }
    }
}
