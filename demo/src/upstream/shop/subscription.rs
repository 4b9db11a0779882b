//! The entry points that go on: one that ends after so many events, and one that does not.

use async_graphql::{ID, SimpleObject, Subscription as Entries};
use futures_util::{Stream, StreamExt as _, stream};
use std::time::Duration;

/// How often the endless one speaks.
const PAUSE: Duration = Duration::from_millis(100);

/// The root of subscriptions.
pub(crate) struct Subscription;

/// How many of a product are left.
#[derive(SimpleObject)]
pub(super) struct Stock {
    product: ID,
    left: i32,
}

#[Entries]
impl Subscription {
    async fn countdown(&self, from: i32) -> impl Stream<Item = i32> {
        stream::iter((1..=from).rev())
    }

    async fn stock(&self, product: ID) -> impl Stream<Item = Stock> {
        stream::iter((0..).map(|step| 100 - step % 100)).then(move |left| {
            let product = product.clone();
            async move {
                tokio::time::sleep(PAUSE).await;
                Stock { product, left }
            }
        })
    }
}
