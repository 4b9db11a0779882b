//! `GET /monitoring/websocket/`: what there was of WebSockets in a window, and what is open.
//!
//! Clients go out by their pseudonyms alone.

use super::App;
use super::access::Reader;
use super::answer::{Shown, Timed};
use super::page::Page;
use super::problem::{Problem, excerpt, told};
use super::text::Text;
use super::window::{Window, WindowQuery};
use crate::store::{BUCKET_MS, Count, Point, SocketClientRow, Sockets};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use portcullis_report::{Reason, Spread};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = websocket::Answer)]
pub(crate) struct Answer {
    window: Window,
    /// What to name in `cursor` for the next page of the lists; `null` when none has more.
    next: Option<String>,
    active: Active,
    totals: Totals,
    timeline: Timeline,
    rejections: Vec<Rejections>,
    closes: Vec<Closes>,
    duration_ms: Distribution,
    messages_per_socket: Distribution,
    clients: Vec<Client>,
}

/// What is open now, by the last word of every worker that still speaks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = websocket::Active)]
struct Active {
    sockets: u64,
    by_class: Vec<ActiveClass>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = websocket::ActiveClass)]
struct ActiveClass {
    class: Text,
    sockets: u64,
}

#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = websocket::Totals)]
struct Totals {
    attempts: u64,
    opened: u64,
    refused: u64,
    failed: u64,
    /// Attempts, sockets and messages that a throttle or a limit in time turned away; among the rejections too.
    throttled: u64,
    ended: u64,
    operations: u64,
    operations_refused: u64,
    client_messages: u64,
    client_bytes: u64,
    server_messages: u64,
    server_bytes: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = websocket::Timeline)]
struct Timeline {
    step_ms: u64,
    /// Those in which something happened.
    points: Vec<TimelinePoint>,
}

#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = websocket::TimelinePoint)]
struct TimelinePoint {
    from_ms: u64,
    attempts: u64,
    opened: u64,
    refused: u64,
    failed: u64,
    throttled: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = websocket::Rejections)]
struct Rejections {
    reason: &'static str,
    /// The code that clients saw.
    code: &'static str,
    close_code: Option<u16>,
    /// Attempts that were refused.
    handshakes: u64,
    /// Open sockets that were closed, and messages on them that were turned away.
    sockets: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = websocket::Closes)]
struct Closes {
    code: &'static str,
    sockets: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = websocket::Distribution)]
struct Distribution {
    sockets: u64,
    mean: f64,
    buckets: Vec<Bucket>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = websocket::Bucket)]
struct Bucket {
    /// At most; `null` for all above the others.
    up_to: Option<u64>,
    sockets: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = websocket::Client)]
struct Client {
    client_key: Text,
    class: Text,
    attempts: u64,
    rejected: u64,
    messages: u64,
    bytes: u64,
}

impl Timed for Answer {
    fn times(&mut self) -> (&mut Window, &mut Option<String>) {
        (&mut self.window, &mut self.next)
    }
}

/// WebSockets of a window, and what is open.
#[utoipa::path(
    get,
    path = "/monitoring/websocket/",
    tag = "monitoring",
    operation_id = "websocket",
    params(WindowQuery),
    security(("reader" = [])),
    responses((status = 200, body = Answer, description = "What the edges saw."), told::Unchanged),
)]
pub(crate) async fn show(
    _reader: Reader,
    State(app): State<Arc<App>>,
    query: Result<Query<WindowQuery>, QueryRejection>,
) -> Result<Shown, Problem> {
    let Query(query) = query.map_err(|rejection| Problem::Query(excerpt(&rejection.body_text())))?;
    let mut page = query.page(app.clock.now_ms(), app.config.retention.keep)?;
    let found = app.store.sockets(page.question(), BUCKET_MS).await?;
    Shown::weak(Answer::of(&mut page, found))
}

impl Answer {
    fn of(page: &mut Page, found: Sockets) -> Self {
        let mut totals = Totals::default();
        let mut rejections: BTreeMap<Reason, (u64, u64)> = BTreeMap::new();
        let mut closes: BTreeMap<&'static str, u64> = BTreeMap::new();
        let mut durations = Parts::new(Spread::DURATION_MS);
        let mut messages = Parts::new(Spread::MESSAGES);
        for amount in found.amounts {
            let (count, amount) = (amount.count, amount.amount);
            totals.add(count, amount);
            match count {
                Count::Refused(reason) => add(&mut rejections.entry(reason).or_default().0, amount),
                Count::Rejected(reason) => add(&mut rejections.entry(reason).or_default().1, amount),
                Count::Closed(code) => add(closes.entry(code.label()).or_default(), amount),
                Count::Duration(place) => durations.add(place, amount),
                Count::DurationSum => add(&mut durations.sum, amount),
                Count::Messages(place) => messages.add(place, amount),
                Count::MessagesSum => add(&mut messages.sum, amount),
                Count::Opened
                | Count::Failed
                | Count::ClientMessages
                | Count::ClientBytes
                | Count::ServerMessages
                | Count::ServerBytes
                | Count::Operations
                | Count::OperationsRefused => (),
            }
        }
        let mut rejections: Vec<Rejections> = rejections.into_iter().map(Rejections::of).collect();
        rejections.sort_by_key(|row| std::cmp::Reverse(row.handshakes.saturating_add(row.sockets)));
        let by_class: Vec<_> = found
            .active
            .into_iter()
            .map(|active| ActiveClass { class: Text::name(active.class), sockets: active.sockets })
            .collect();
        let sockets = by_class.iter().fold(0, |sum: u64, class| sum.saturating_add(class.sockets));
        Self {
            window: page.window,
            active: Active { sockets, by_class },
            totals,
            timeline: Timeline { step_ms: found.step_ms, points: points(&found.timeline) },
            rejections,
            closes: closes.into_iter().map(|(code, sockets)| Closes { code, sockets }).collect(),
            duration_ms: durations.distribution(),
            messages_per_socket: messages.distribution(),
            clients: page.of(found.clients),
            next: page.next(),
        }
    }
}

impl Totals {
    fn add(&mut self, count: Count, amount: u64) {
        match count {
            Count::Opened => {
                add(&mut self.opened, amount);
                add(&mut self.attempts, amount);
            }
            Count::Failed => {
                add(&mut self.failed, amount);
                add(&mut self.attempts, amount);
            }
            Count::Refused(reason) => {
                add(&mut self.refused, amount);
                add(&mut self.attempts, amount);
                add(&mut self.throttled, throttled(reason, amount));
            }
            Count::Rejected(reason) => add(&mut self.throttled, throttled(reason, amount)),
            Count::Closed(_) => add(&mut self.ended, amount),
            Count::ClientMessages => add(&mut self.client_messages, amount),
            Count::ClientBytes => add(&mut self.client_bytes, amount),
            Count::ServerMessages => add(&mut self.server_messages, amount),
            Count::ServerBytes => add(&mut self.server_bytes, amount),
            Count::Operations => add(&mut self.operations, amount),
            Count::OperationsRefused => add(&mut self.operations_refused, amount),
            Count::Duration(_) | Count::DurationSum | Count::Messages(_) | Count::MessagesSum => (),
        }
    }
}

fn points(timeline: &[Point]) -> Vec<TimelinePoint> {
    let mut points: BTreeMap<u64, Totals> = BTreeMap::new();
    for point in timeline {
        points.entry(point.from_ms).or_default().add(point.count, point.amount);
    }
    let point = |(from_ms, sums): (u64, Totals)| TimelinePoint {
        from_ms,
        attempts: sums.attempts,
        opened: sums.opened,
        refused: sums.refused,
        failed: sums.failed,
        throttled: sums.throttled,
    };
    points.into_iter().map(point).collect()
}

impl Rejections {
    fn of((reason, (handshakes, sockets)): (Reason, (u64, u64))) -> Self {
        Self {
            reason: reason.label(),
            code: reason.code(),
            close_code: reason.close_code(),
            handshakes,
            sockets,
        }
    }
}

impl From<SocketClientRow> for Client {
    fn from(row: SocketClientRow) -> Self {
        let SocketClientRow { client_key, class, attempts, rejected, messages, bytes } = row;
        Self {
            client_key: Text::free(client_key),
            class: Text::name(class),
            attempts,
            rejected,
            messages,
            bytes,
        }
    }
}

/// A distribution in the making.
struct Parts {
    bounds: &'static [u64],
    counts: Vec<u64>,
    sum: u64,
}

impl Parts {
    fn new(bounds: &'static [u64]) -> Self {
        Self { bounds, counts: vec![0; bounds.len().saturating_add(1)], sum: 0 }
    }

    fn add(&mut self, place: usize, amount: u64) {
        // A place beyond the bounds is of another version.
        if let Some(count) = self.counts.get_mut(place) {
            add(count, amount);
        }
    }

    fn distribution(self) -> Distribution {
        let bounds = self.bounds.iter().copied().map(Some).chain([None]);
        let buckets: Vec<_> =
            bounds.zip(self.counts).map(|(up_to, sockets)| Bucket { up_to, sockets }).collect();
        let sockets = buckets.iter().fold(0, |sum: u64, bucket| sum.saturating_add(bucket.sockets));
        let mean = if sockets == 0 { 0.0 } else { self.sum as f64 / sockets as f64 };
        Distribution { sockets, mean, buckets }
    }
}

/// The part of an amount that a throttle turned away.
fn throttled(reason: Reason, amount: u64) -> u64 {
    let by_throttles = [
        Reason::SocketAttempts,
        Reason::SocketCount,
        Reason::SocketMessages,
        Reason::SocketControls,
        Reason::SocketOperations,
    ];
    if by_throttles.contains(&reason) { amount } else { 0 }
}

fn add(sum: &mut u64, part: u64) {
    *sum = sum.saturating_add(part);
}
