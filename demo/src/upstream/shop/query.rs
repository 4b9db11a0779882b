//! The entry points that read.

use super::catalogue::{
    Connection, FEW, Filter, Hit, PAGE, PRODUCTS, Product, User, category, page, product, user,
};
use async_graphql::{ID, Object};

/// The root of queries.
pub(crate) struct Query;

#[Object]
impl Query {
    async fn products(&self, first: Option<i32>, after: Option<String>) -> Connection {
        page(first, after.as_deref())
    }

    async fn product(&self, id: ID) -> Option<Product> {
        product(&id)
    }

    async fn products_by_id(&self, ids: Vec<ID>) -> Vec<Option<Product>> {
        ids.iter().map(product).collect()
    }

    async fn search(&self, text: String, first: Option<i32>) -> Vec<Hit> {
        let count = first.unwrap_or(FEW).clamp(0, PAGE);
        let products = (1..=count).map(|id| Hit::Product(Product(id)));
        products.chain(std::iter::once(Hit::Category(category(&text)))).collect()
    }

    async fn find(&self, filter: Filter) -> Vec<Product> {
        let skip = filter.text.map_or(0, |text| i32::try_from(text.len()).unwrap_or_default());
        (1..=filter.page.first.clamp(0, PAGE)).map(|id| Product(id.saturating_add(skip) % PRODUCTS)).collect()
    }

    async fn newest(&self, first: Option<i32>, last: Option<i32>) -> Vec<Product> {
        (1..=first.or(last).unwrap_or(FEW).clamp(0, PAGE)).map(Product).collect()
    }

    async fn shelves(&self, size: i32) -> Vec<Vec<Product>> {
        let size = size.clamp(0, PAGE);
        (0..size).map(|row| (1..=size).map(|column| Product(row * size + column)).collect()).collect()
    }

    async fn me(&self) -> User {
        user("ada@shop.test")
    }
}
