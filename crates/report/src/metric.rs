//! The catalogue of metrics: what filter and analyzer count, and under which names.
//!
//! Envoy stats are flat names, so a label value is a segment of the name (`portcullis.graphql.requests.query.allowed`);
//! [`stats_tags`] says how Envoy turns the segments back into labels.

mod labels;
mod sockets;

pub use labels::{ClassLabel, Labels, ThrottleLabel};
pub use sockets::SocketMetric;

use crate::{ClientOutcome, ErrorCode, OperationKind, Outcome, Persisted, Reason, Spread};

/// How a metric behaves over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FamilyKind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Whole numbers sorted into the family's buckets.
    Histogram,
}

/// One metric with all its label values.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// On the edge the Envoy stat without label values, `portcullis.…`; in the analyzer the Prometheus name.
    pub name: &'static str,
    /// How it behaves.
    pub kind: FamilyKind,
    /// Label names, in the order in which their values follow the stat name.
    pub labels: &'static [&'static str],
    /// Upper bounds of a histogram's buckets, ascending and above zero (Envoy takes no other); empty for the other kinds.
    pub buckets: &'static [u64],
    /// One line: what is counted, and the unit.
    pub help: &'static str,
}

const SIZES: &[u64] = &[1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000];

/// What the filter counts, as Envoy stats (`wasmcustom.portcullis.…` in `/stats`, `portcullis_…` in Prometheus).
pub const EDGE_FAMILIES: &[Family] = &[
    Family {
        name: "portcullis.graphql.requests",
        kind: FamilyKind::Counter,
        labels: &["operation_type", "outcome"],
        buckets: &[],
        help: "Operations judged on GraphQL routes; each of an allowed batch counts, a refused batch counts once.",
    },
    Family {
        name: "portcullis.graphql.refusals",
        kind: FamilyKind::Counter,
        labels: &["reason"],
        buckets: &[],
        help: "Requests refused, by reason; a batch is refused as a whole.",
    },
    Family {
        name: "portcullis.graphql.shadowed",
        kind: FamilyKind::Counter,
        labels: &["shadow_reason"],
        buckets: &[],
        help: "Requests let through that would have been refused, by reason, while the policy says that it only counts (`mode: shadow`, `shadow_reasons`).",
    },
    Family {
        name: "portcullis.graphql.unjudged",
        kind: FamilyKind::Counter,
        labels: &[],
        buckets: &[],
        help: "Requests on GraphQL routes that ended before they were complete, so that nothing was judged or forwarded.",
    },
    Family {
        name: "portcullis.graphql.depth",
        kind: FamilyKind::Histogram,
        labels: &[],
        buckets: &[1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 50, 100],
        help: "Depth of the measured documents.",
    },
    Family {
        name: "portcullis.graphql.fields",
        kind: FamilyKind::Histogram,
        labels: &[],
        buckets: SIZES,
        help: "Fields of the measured documents, fragments expanded.",
    },
    Family {
        name: "portcullis.graphql.aliases",
        kind: FamilyKind::Histogram,
        labels: &[],
        buckets: &[1, 2, 5, 10, 20, 40, 60, 100, 200, 500, 1_000],
        help: "Aliased fields of the measured documents, fragments expanded.",
    },
    Family {
        name: "portcullis.graphql.tokens",
        kind: FamilyKind::Histogram,
        labels: &[],
        buckets: SIZES,
        help: "Lexical tokens of the measured documents.",
    },
    Family {
        name: "portcullis.graphql.cost",
        kind: FamilyKind::Histogram,
        labels: &[],
        buckets: &[1, 5, 10, 50, 100, 500, 1_000, 2_000, 5_000, 10_000, 100_000],
        help: "Estimated cost of the selected operations, in cost units rounded up.",
    },
    Family {
        name: "portcullis.graphql.type_cost",
        kind: FamilyKind::Histogram,
        labels: &[],
        buckets: &[1, 5, 10, 50, 100, 500, 1_000, 2_000, 5_000, 10_000, 100_000],
        help: "Estimated type cost of the selected operations, in cost units rounded up; with a compiled schema only.",
    },
    Family {
        name: "portcullis.graphql.actual_cost",
        kind: FamilyKind::Histogram,
        labels: &[],
        buckets: &[1, 5, 10, 50, 100, 500, 1_000, 2_000, 5_000, 10_000, 100_000],
        help: "Cost of the operations by the entries that their responses had, in cost units rounded up; where `responses.actual_cost` is on.",
    },
    Family {
        name: "portcullis.graphql.unknown_fields",
        kind: FamilyKind::Counter,
        labels: &[],
        buckets: &[],
        help: "Fields asked for that the compiled schema does not have.",
    },
    Family {
        name: "portcullis.graphql.untrusted",
        kind: FamilyKind::Counter,
        labels: &[],
        buckets: &[],
        help: "Operations let through that `graphql.trusted_documents` does not list, while its mode is `log`.",
    },
    Family {
        name: "portcullis.graphql.persisted_queries",
        kind: FamilyKind::Counter,
        labels: &["result"],
        buckets: &[],
        help: "Hashes met without their document (hit, miss), and documents remembered for their hash (registered).",
    },
    Family {
        name: "portcullis.graphql.persisted_evicted",
        kind: FamilyKind::Counter,
        labels: &[],
        buckets: &[],
        help: "Documents forgotten to make room in the memory of persisted queries.",
    },
    Family {
        name: "portcullis.graphql.streams_opened",
        kind: FamilyKind::Counter,
        labels: &[],
        buckets: &[],
        help: "Responses that are streams: server-sent events or parts.",
    },
    Family {
        name: "portcullis.graphql.streams",
        kind: FamilyKind::Gauge,
        labels: &[],
        buckets: &[],
        help: "Streams that are open; a trapped VM leaves its own counted until Envoy restarts.",
    },
    Family {
        name: "portcullis.graphql.response_errors",
        kind: FamilyKind::Counter,
        labels: &["code"],
        buckets: &[],
        help: "Errors in responses by their `extensions.code`; where `responses.count_errors` is on.",
    },
    Family {
        name: "portcullis.graphql.suggestions_stripped",
        kind: FamilyKind::Counter,
        labels: &[],
        buckets: &[],
        help: "Responses from whose error messages suggestions were cut; where `responses.strip_suggestions` is on.",
    },
    Family {
        name: "portcullis.graphql.responses_unread",
        kind: FamilyKind::Counter,
        labels: &[],
        buckets: &[],
        help: "Responses that could not be read for counting or stripping: compressed, no JSON, nested too deeply, or cut off.",
    },
    Family {
        name: "portcullis.graphql.validation_time_us",
        kind: FamilyKind::Histogram,
        labels: &[],
        buckets: &[2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 50_000],
        help: "Time spent judging one request, in microseconds.",
    },
    Family {
        name: "portcullis.clients.requests",
        kind: FamilyKind::Counter,
        labels: &["class", "verdict"],
        buckets: &[],
        help: "Requests on GraphQL routes by the client's class; throttled ones apart from those refused for what they are. A batch counts once.",
    },
    Family {
        name: "portcullis.throttles.denied",
        kind: FamilyKind::Counter,
        labels: &["throttle"],
        buckets: &[],
        help: "Requests that had to wait, were too large, or were one stream too many, by the throttle that spoke.",
    },
    Family {
        name: "portcullis.throttles.shadowed",
        kind: FamilyKind::Counter,
        labels: &["shadow_throttle"],
        buckets: &[],
        help: "Requests let through that a throttle would have refused, while the policy says that it only counts.",
    },
    Family {
        name: "portcullis.throttles.overflowed",
        kind: FamilyKind::Counter,
        labels: &[],
        buckets: &[],
        help: "Requests of clients and operations without a bucket of their own, charged to a shared one: raise `throttles.tracked_clients`.",
    },
    Family {
        name: "portcullis.throttles.contended",
        kind: FamilyKind::Counter,
        labels: &[],
        buckets: &[],
        help: "Entries in buckets that were given up because other workers always stored first; such a request is refused, such a correction lost.",
    },
    Family {
        name: "portcullis.throttles.unreadable",
        kind: FamilyKind::Counter,
        labels: &[],
        buckets: &[],
        help: "Sets of buckets that were no such thing, and were begun anew.",
    },
    Family {
        name: "portcullis.websocket.sockets",
        kind: FamilyKind::Gauge,
        labels: &["socket_class"],
        buckets: &[],
        help: "WebSockets that are open, by the client's class, over all workers; those of a trapped VM are forgotten within half a minute.",
    },
    Family {
        name: "portcullis.websocket.attempts",
        kind: FamilyKind::Counter,
        labels: &["handshake"],
        buckets: &[],
        help: "Attempts to open a WebSocket: opened, refused by the gate, or failed at the upstream.",
    },
    Family {
        name: "portcullis.websocket.rejections",
        kind: FamilyKind::Counter,
        labels: &["rejection"],
        buckets: &[],
        help: "WebSockets refused or closed by the gate, and messages that it turned away, by reason; refused operations are in `portcullis.graphql.refusals`.",
    },
    Family {
        name: "portcullis.websocket.messages",
        kind: FamilyKind::Counter,
        labels: &["message_sender", "message_kind"],
        buckets: &[],
        help: "Messages and control frames on WebSockets, by sender and kind; those of the gate itself are not counted.",
    },
    Family {
        name: "portcullis.websocket.bytes",
        kind: FamilyKind::Counter,
        labels: &["byte_sender"],
        buckets: &[],
        help: "Bytes of frames on WebSockets, by sender.",
    },
    Family {
        name: "portcullis.websocket.operations",
        kind: FamilyKind::Counter,
        labels: &["socket_operation_type", "socket_verdict"],
        buckets: &[],
        help: "GraphQL operations that came over WebSockets, by type and what became of them.",
    },
    Family {
        name: "portcullis.websocket.closes",
        kind: FamilyKind::Counter,
        labels: &["close_code", "closed_by"],
        buckets: &[],
        help: "WebSockets that ended, by the code of the first close and by who sent it.",
    },
    Family {
        name: "portcullis.websocket.duration_ms",
        kind: FamilyKind::Histogram,
        labels: &[],
        buckets: Spread::DURATION_MS,
        help: "How long WebSockets lived, in milliseconds.",
    },
    Family {
        name: "portcullis.websocket.messages_per_socket",
        kind: FamilyKind::Histogram,
        labels: &[],
        buckets: Spread::MESSAGES,
        help: "Messages that a WebSocket carried in its life, of both sides.",
    },
    Family {
        name: "portcullis.reports.sent",
        kind: FamilyKind::Counter,
        labels: &[],
        buckets: &[],
        help: "Reports that the analyzer acknowledged.",
    },
    Family {
        name: "portcullis.reports.failed",
        kind: FamilyKind::Counter,
        labels: &[],
        buckets: &[],
        help: "Attempts to deliver a report that failed; the report is sent again.",
    },
    Family {
        name: "portcullis.reports.rejected",
        kind: FamilyKind::Counter,
        labels: &[],
        buckets: &[],
        help: "Reports that the analyzer refused for good; their content is lost.",
    },
    Family {
        name: "portcullis.reports.incidents_dropped",
        kind: FamilyKind::Counter,
        labels: &[],
        buckets: &[],
        help: "Incidents that found no place in the bounded ring.",
    },
    Family {
        name: "portcullis.reports.rows_merged",
        kind: FamilyKind::Counter,
        labels: &[],
        buckets: &[],
        help: "Requests counted under the operation `other` because the window was full of names.",
    },
];

/// What the analyzer counts, at `/monitoring/metrics/`.
pub const ANALYZER_FAMILIES: &[Family] = &[
    Family {
        name: "portcullis_analyzer_reports_total",
        kind: FamilyKind::Counter,
        labels: &["outcome"],
        buckets: &[],
        help: "Edge reports received: stored, duplicate, rejected for good, or overloaded and to be sent again.",
    },
    Family {
        name: "portcullis_analyzer_incidents_total",
        kind: FamilyKind::Counter,
        labels: &["reason", "shadow"],
        buckets: &[],
        help: "Incidents stored, by reason and by whether the request passed all the same.",
    },
    Family {
        name: "portcullis_analyzer_detections_total",
        kind: FamilyKind::Counter,
        labels: &["scenario"],
        buckets: &[],
        help: "Attacks that scenarios found, by scenario.",
    },
    Family {
        name: "portcullis_analyzer_requests_total",
        kind: FamilyKind::Counter,
        labels: &["operation_type", "outcome"],
        buckets: &[],
        help: "Requests that edges reported, by operation type and outcome.",
    },
    Family {
        name: "portcullis_analyzer_edge_dropped_total",
        kind: FamilyKind::Counter,
        labels: &[],
        buckets: &[],
        help: "Incidents that edges said they dropped.",
    },
    Family {
        name: "portcullis_analyzer_job_runs_total",
        kind: FamilyKind::Counter,
        labels: &["job", "outcome"],
        buckets: &[],
        help: "Runs of background jobs, by job and whether they were done or failed.",
    },
];

/// One thing that the filter counts: a family and its label values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// `portcullis.graphql.requests`.
    Requests(OperationKind, Outcome),
    /// `portcullis.graphql.refusals`.
    Refusals(Reason),
    /// `portcullis.graphql.shadowed`.
    Shadowed(Reason),
    /// `portcullis.graphql.unjudged`.
    Unjudged,
    /// `portcullis.graphql.depth`.
    Depth,
    /// `portcullis.graphql.fields`.
    Fields,
    /// `portcullis.graphql.aliases`.
    Aliases,
    /// `portcullis.graphql.tokens`.
    Tokens,
    /// `portcullis.graphql.cost`.
    Cost,
    /// `portcullis.graphql.type_cost`.
    TypeCost,
    /// `portcullis.graphql.actual_cost`.
    ActualCost,
    /// `portcullis.graphql.unknown_fields`.
    UnknownFields,
    /// `portcullis.graphql.untrusted`.
    Untrusted,
    /// `portcullis.graphql.persisted_queries`.
    PersistedQueries(Persisted),
    /// `portcullis.graphql.persisted_evicted`.
    PersistedEvicted,
    /// `portcullis.graphql.streams_opened`.
    StreamsOpened,
    /// `portcullis.graphql.streams`.
    Streams,
    /// `portcullis.graphql.response_errors`.
    ResponseErrors(ErrorCode),
    /// `portcullis.graphql.suggestions_stripped`.
    SuggestionsStripped,
    /// `portcullis.graphql.responses_unread`.
    ResponsesUnread,
    /// `portcullis.graphql.validation_time_us`.
    ValidationTime,
    /// `portcullis.clients.requests`.
    ClientRequests(ClassLabel, ClientOutcome),
    /// `portcullis.throttles.denied`.
    ThrottleDenied(ThrottleLabel),
    /// `portcullis.throttles.shadowed`.
    ThrottleShadowed(ThrottleLabel),
    /// `portcullis.throttles.overflowed`.
    ThrottlesOverflowed,
    /// `portcullis.throttles.contended`.
    ThrottlesContended,
    /// `portcullis.throttles.unreadable`.
    ThrottlesUnreadable,
    /// What is counted of WebSockets.
    Socket(SocketMetric),
    /// `portcullis.reports.sent`.
    ReportsSent,
    /// `portcullis.reports.failed`.
    ReportsFailed,
    /// `portcullis.reports.rejected`.
    ReportsRejected,
    /// `portcullis.reports.incidents_dropped`.
    IncidentsDropped,
    /// `portcullis.reports.rows_merged`.
    RowsMerged,
}

impl Metric {
    /// Every metric with every value of its labels: what the filter defines when it starts.
    pub fn all(labels: &Labels) -> Vec<Self> {
        let mut all = Vec::new();
        for kind in OperationKind::ALL {
            all.extend(Outcome::ALL.map(|outcome| Self::Requests(kind, outcome)));
        }
        let of_requests = Reason::ALL.iter().filter(|reason| !reason.is_of_sockets());
        all.extend(of_requests.map(|reason| Self::Refusals(*reason)));
        all.extend(Reason::ALL.iter().map(|reason| Self::Shadowed(*reason)));
        all.extend(Persisted::ALL.map(Self::PersistedQueries));
        all.extend(ErrorCode::ALL.map(Self::ResponseErrors));
        for class in labels.classes() {
            all.extend(ClientOutcome::ALL.map(|outcome| Self::ClientRequests(class, outcome)));
        }
        all.extend(labels.throttles().map(Self::ThrottleDenied));
        all.extend(labels.throttles().map(Self::ThrottleShadowed));
        all.extend(SocketMetric::all(labels).into_iter().map(Self::Socket));
        all.extend([
            Self::Unjudged,
            Self::Depth,
            Self::Fields,
            Self::Aliases,
            Self::Tokens,
            Self::Cost,
            Self::TypeCost,
            Self::ActualCost,
            Self::UnknownFields,
            Self::Untrusted,
            Self::PersistedEvicted,
            Self::StreamsOpened,
            Self::Streams,
            Self::SuggestionsStripped,
            Self::ResponsesUnread,
            Self::ValidationTime,
            Self::ThrottlesOverflowed,
            Self::ThrottlesContended,
            Self::ThrottlesUnreadable,
            Self::ReportsSent,
            Self::ReportsFailed,
            Self::ReportsRejected,
            Self::IncidentsDropped,
            Self::RowsMerged,
        ]);
        all
    }

    /// By what a refusal for a reason is counted.
    pub fn refused(reason: Reason) -> Self {
        if reason.is_of_sockets() {
            Self::Socket(SocketMetric::Rejections(reason))
        } else {
            Self::Refusals(reason)
        }
    }

    /// The family's name: the stat without label values.
    pub fn family_name(self) -> &'static str {
        match self {
            Self::Requests(..) => "portcullis.graphql.requests",
            Self::Refusals(_) => "portcullis.graphql.refusals",
            Self::Shadowed(_) => "portcullis.graphql.shadowed",
            Self::Unjudged => "portcullis.graphql.unjudged",
            Self::Depth => "portcullis.graphql.depth",
            Self::Fields => "portcullis.graphql.fields",
            Self::Aliases => "portcullis.graphql.aliases",
            Self::Tokens => "portcullis.graphql.tokens",
            Self::Cost => "portcullis.graphql.cost",
            Self::TypeCost => "portcullis.graphql.type_cost",
            Self::ActualCost => "portcullis.graphql.actual_cost",
            Self::UnknownFields => "portcullis.graphql.unknown_fields",
            Self::Untrusted => "portcullis.graphql.untrusted",
            Self::PersistedQueries(_) => "portcullis.graphql.persisted_queries",
            Self::PersistedEvicted => "portcullis.graphql.persisted_evicted",
            Self::StreamsOpened => "portcullis.graphql.streams_opened",
            Self::Streams => "portcullis.graphql.streams",
            Self::ResponseErrors(_) => "portcullis.graphql.response_errors",
            Self::SuggestionsStripped => "portcullis.graphql.suggestions_stripped",
            Self::ResponsesUnread => "portcullis.graphql.responses_unread",
            Self::ValidationTime => "portcullis.graphql.validation_time_us",
            Self::ClientRequests(..) => "portcullis.clients.requests",
            Self::ThrottleDenied(_) => "portcullis.throttles.denied",
            Self::ThrottleShadowed(_) => "portcullis.throttles.shadowed",
            Self::ThrottlesOverflowed => "portcullis.throttles.overflowed",
            Self::ThrottlesContended => "portcullis.throttles.contended",
            Self::ThrottlesUnreadable => "portcullis.throttles.unreadable",
            Self::Socket(metric) => metric.family_name(),
            Self::ReportsSent => "portcullis.reports.sent",
            Self::ReportsFailed => "portcullis.reports.failed",
            Self::ReportsRejected => "portcullis.reports.rejected",
            Self::IncidentsDropped => "portcullis.reports.incidents_dropped",
            Self::RowsMerged => "portcullis.reports.rows_merged",
        }
    }

    /// How it behaves; by its family.
    pub fn kind(self) -> FamilyKind {
        match self {
            Self::Depth
            | Self::Fields
            | Self::Aliases
            | Self::Tokens
            | Self::Cost
            | Self::TypeCost
            | Self::ActualCost
            | Self::ValidationTime => FamilyKind::Histogram,
            Self::Streams => FamilyKind::Gauge,
            Self::Socket(metric) => metric.kind(),
            Self::Requests(..)
            | Self::Refusals(_)
            | Self::Shadowed(_)
            | Self::Unjudged
            | Self::UnknownFields
            | Self::Untrusted
            | Self::PersistedQueries(_)
            | Self::PersistedEvicted
            | Self::StreamsOpened
            | Self::ResponseErrors(_)
            | Self::SuggestionsStripped
            | Self::ResponsesUnread
            | Self::ClientRequests(..)
            | Self::ThrottleDenied(_)
            | Self::ThrottleShadowed(_)
            | Self::ThrottlesOverflowed
            | Self::ThrottlesContended
            | Self::ThrottlesUnreadable
            | Self::ReportsSent
            | Self::ReportsFailed
            | Self::ReportsRejected
            | Self::IncidentsDropped
            | Self::RowsMerged => FamilyKind::Counter,
        }
    }

    /// The Envoy stat, label values included: `portcullis.graphql.requests.query.allowed`.
    pub fn stat_name(self, labels: &Labels) -> String {
        let family = self.family_name();
        match self {
            Self::ClientRequests(class, outcome) => {
                format!("{family}.{}.{}", labels.class(class), outcome.label())
            }
            Self::ThrottleDenied(throttle) | Self::ThrottleShadowed(throttle) => {
                format!("{family}.{}", labels.throttle(throttle))
            }
            Self::Socket(metric) => metric.stat_name(labels),
            Self::Requests(kind, outcome) => format!("{family}.{}.{}", kind.label(), outcome.label()),
            Self::Refusals(reason) | Self::Shadowed(reason) => format!("{family}.{}", reason.label()),
            Self::PersistedQueries(outcome) => format!("{family}.{}", outcome.label()),
            Self::ResponseErrors(code) => format!("{family}.{}", code.label()),
            Self::Unjudged
            | Self::Depth
            | Self::Fields
            | Self::Aliases
            | Self::Tokens
            | Self::Cost
            | Self::TypeCost
            | Self::ActualCost
            | Self::UnknownFields
            | Self::Untrusted
            | Self::PersistedEvicted
            | Self::StreamsOpened
            | Self::Streams
            | Self::SuggestionsStripped
            | Self::ResponsesUnread
            | Self::ValidationTime
            | Self::ThrottlesOverflowed
            | Self::ThrottlesContended
            | Self::ThrottlesUnreadable
            | Self::ReportsSent
            | Self::ReportsFailed
            | Self::ReportsRejected
            | Self::IncidentsDropped
            | Self::RowsMerged => family.to_owned(),
        }
    }
}

/// One entry of Envoy's `stats_config.stats_tags`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatsTag {
    /// The label's name.
    pub tag_name: String,
    /// First capture: what is cut from the stat's name; second: the label's value.
    pub regex: String,
}

/// The `stats_tags` that make Envoy show the catalogue's labels; the dot before a value goes with it.
pub fn stats_tags() -> Vec<StatsTag> {
    let mut tags: Vec<StatsTag> = Vec::new();
    for family in EDGE_FAMILIES {
        let name = family.name.replace('.', "\\.");
        for (position, label) in family.labels.iter().enumerate() {
            let before = "\\.[a-z0-9_]+".repeat(position);
            tags.push(StatsTag {
                tag_name: (*label).to_owned(),
                regex: format!("^wasmcustom\\.{name}{before}(\\.([a-z0-9_]+))"),
            });
        }
    }
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels() -> Labels {
        Labels::new(vec!["staff".to_owned(), "anonymous".to_owned()], vec!["burst".to_owned()])
    }

    #[test]
    fn labels_of_the_policy_are_its_names() {
        let named = |metric: Metric| metric.stat_name(&labels());
        let staff = Metric::ClientRequests(ClassLabel(0), ClientOutcome::Throttled);
        assert_eq!(named(staff), "portcullis.clients.requests.staff.throttled");
        assert_eq!(named(Metric::ThrottleDenied(ThrottleLabel(0))), "portcullis.throttles.denied.burst");
        assert_eq!(named(Metric::ThrottleDenied(ThrottleLabel(1))), "portcullis.throttles.denied.other");
    }

    #[test]
    fn every_metric_has_its_family_in_the_catalogue() {
        let labels = labels();
        for metric in Metric::all(&labels) {
            let family = EDGE_FAMILIES.iter().find(|family| family.name == metric.family_name()).unwrap();
            assert_eq!(family.kind, metric.kind(), "{metric:?}");
            let found = metric.stat_name(&labels).split('.').count() - family.name.split('.').count();
            assert_eq!(found, family.labels.len(), "{metric:?}");
        }
    }

    #[test]
    fn labels_of_the_edge_are_of_one_family_each_as_envoy_wants_it() {
        let tags = stats_tags();
        let names: std::collections::BTreeSet<_> = tags.iter().map(|tag| tag.tag_name.as_str()).collect();
        assert_eq!(names.len(), tags.len());
    }

    #[test]
    fn every_family_of_the_edge_is_counted_by_some_metric() {
        let counted: Vec<_> = Metric::all(&labels()).into_iter().map(Metric::family_name).collect();
        assert!(EDGE_FAMILIES.iter().all(|family| counted.contains(&family.name)));
    }

    #[test]
    fn histograms_have_ascending_buckets_and_nothing_else_has_any() {
        for family in EDGE_FAMILIES.iter().chain(ANALYZER_FAMILIES) {
            assert_eq!(family.kind == FamilyKind::Histogram, !family.buckets.is_empty(), "{}", family.name);
            assert!(family.buckets.is_sorted_by(|low, high| low < high), "{}", family.name);
            assert!(!family.buckets.contains(&0), "{}", family.name);
        }
    }
}
