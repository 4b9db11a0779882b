//! What the shop sells and who buys it.

use async_graphql::{ID, InputObject, Object, SimpleObject, Union};

/// So many products there are.
pub(super) const PRODUCTS: i32 = 100;
/// So many of them a page has when nobody says otherwise.
pub(super) const PAGE: i32 = 10;
/// So many reviews and related products.
pub(super) const FEW: i32 = 3;

#[derive(SimpleObject)]
pub(super) struct Author {
    id: ID,
    name: String,
}

#[derive(SimpleObject)]
pub(super) struct Review {
    id: ID,
    rating: i32,
    text: String,
    author: Author,
}

#[derive(SimpleObject)]
pub(super) struct PageInfo {
    end_cursor: Option<String>,
    has_next_page: bool,
}

#[derive(SimpleObject)]
pub(super) struct Edge {
    cursor: String,
    node: Product,
}

#[derive(SimpleObject)]
pub(super) struct Connection {
    edges: Vec<Edge>,
    nodes: Vec<Product>,
    page_info: PageInfo,
    total_count: i32,
}

#[derive(SimpleObject)]
pub(super) struct User {
    id: ID,
    name: String,
    email: String,
    favourites: Vec<Product>,
}

#[derive(SimpleObject)]
pub(super) struct Category {
    id: ID,
    title: String,
}

#[derive(SimpleObject)]
pub(super) struct Session {
    pub(super) token: String,
    pub(super) user: User,
}

#[derive(Union)]
pub(super) enum Hit {
    Product(Product),
    Category(Category),
}

/// What to look for.
#[derive(InputObject)]
pub(super) struct Filter {
    pub(super) text: Option<String>,
    pub(super) page: Page,
}

/// Which part of what was found.
#[derive(InputObject)]
pub(super) struct Page {
    pub(super) first: i32,
}

#[derive(Clone, Copy)]
pub(super) struct Product(pub(super) i32);

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
        let count = first.unwrap_or(FEW).clamp(0, FEW);
        (1..=count).map(|number| review(self.0, number, "Does what it says.")).collect()
    }

    async fn related(&self, first: Option<i32>) -> Vec<Product> {
        let count = first.unwrap_or(FEW).clamp(0, PAGE);
        (1..=count).map(|step| Product(self.0.saturating_add(step) % PRODUCTS)).collect()
    }
}

/// A page of products.
pub(super) fn page(first: Option<i32>, after: Option<&str>) -> Connection {
    let start = after.and_then(|cursor| cursor.parse::<i32>().ok()).unwrap_or_default().clamp(0, PRODUCTS);
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

/// The product of that id.
pub(super) fn product(id: &ID) -> Option<Product> {
    let id = id.parse::<i32>().ok()?;
    (1..=PRODUCTS).contains(&id).then_some(Product(id))
}

/// The category that every search finds.
pub(super) fn category(text: &str) -> Category {
    Category { id: ID("c1".to_owned()), title: format!("All about {text}") }
}

/// The shop's only user.
pub(super) fn user(email: &str) -> User {
    User {
        id: ID("u1".to_owned()),
        name: "Ada".to_owned(),
        email: email.to_owned(),
        favourites: vec![Product(7), Product(42)],
    }
}

/// A review of a product.
pub(super) fn review(product: i32, rating: i32, text: &str) -> Review {
    Review {
        id: ID(format!("r{product}-{rating}")),
        rating,
        text: text.to_owned(),
        author: Author { id: ID("u1".to_owned()), name: "Ada".to_owned() },
    }
}
