//! The families of metrics, as data: names, labels, buckets, and what they say.

use crate::Spread;

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
        name: "portcullis.candidate.requests",
        kind: FamilyKind::Counter,
        labels: &["candidate_class", "difference"],
        buckets: &[],
        help: "Requests that the policy's candidate judged beside it, by the client's class and what it would do otherwise; a batch counts once. Defined where the policy has a candidate.",
    },
    Family {
        name: "portcullis.candidate.added",
        kind: FamilyKind::Counter,
        labels: &["added_reason"],
        buckets: &[],
        help: "Requests let through that the candidate would refuse, by its reason.",
    },
    Family {
        name: "portcullis.candidate.removed",
        kind: FamilyKind::Counter,
        labels: &["removed_reason"],
        buckets: &[],
        help: "Requests refused that the candidate would let through, by the reason of the policy in force.",
    },
    Family {
        name: "portcullis.candidate.changed",
        kind: FamilyKind::Counter,
        labels: &["changed_reason"],
        buckets: &[],
        help: "Requests refused that the candidate would refuse for another reason, by that.",
    },
    Family {
        name: "portcullis.decisions.held",
        kind: FamilyKind::Gauge,
        labels: &[],
        buckets: &[],
        help: "Decisions of the analyzer that this Envoy holds; those whose time is over count until they are put away.",
    },
    Family {
        name: "portcullis.decisions.dropped",
        kind: FamilyKind::Counter,
        labels: &[],
        buckets: &[],
        help: "Decisions that were left out because an edge holds at most 200,000; the latest are.",
    },
    Family {
        name: "portcullis.decisions.polls",
        kind: FamilyKind::Counter,
        labels: &["poll"],
        buckets: &[],
        help: "Answers to asking the analyzer for decisions: something changed, nothing did, it failed, or the answer was unfit.",
    },
    Family {
        name: "portcullis.decisions.blocked",
        kind: FamilyKind::Counter,
        labels: &["blocked_by"],
        buckets: &[],
        help: "Requests of clients that a decision blocks, by who made it; in shadow they pass and count all the same.",
    },
    Family {
        name: "portcullis.decisions.throttled",
        kind: FamilyKind::Counter,
        labels: &["throttled_by"],
        buckets: &[],
        help: "Requests of clients that keep a part of their throttles only, by who made the decision; they need not have had to wait.",
    },
    Family {
        name: "portcullis.decisions.unreadable",
        kind: FamilyKind::Counter,
        labels: &[],
        buckets: &[],
        help: "Times that a worker found shared decisions that were none, or parts of two sets, and kept those that it had.",
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
    Family {
        name: "portcullis.reports.clients_dropped",
        kind: FamilyKind::Counter,
        labels: &[],
        buckets: &[],
        help: "Events of single clients that found no room because too many clients had some.",
    },
    Family {
        name: "portcullis.reports.requests_unseen",
        kind: FamilyKind::Counter,
        labels: &[],
        buckets: &[],
        help: "Allowed requests for which another stands in the rows of a report, because there were too many to look at each.",
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
