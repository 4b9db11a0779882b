//! The catalogue of metrics: what filter and analyzer count, and under which names.
//!
//! Envoy stats are flat names, so a label value is a segment of the name (`portcullis.graphql.requests.query.allowed`);
//! [`stats_tags`] says how Envoy turns the segments back into labels.

mod decisions;
mod families;
mod labels;
mod sockets;

pub use decisions::{DecisionMetric, DecisionOrigin, Poll};
pub use families::{ANALYZER_FAMILIES, EDGE_FAMILIES, Family, FamilyKind};
pub use labels::{ClassLabel, Labels, ThrottleLabel};
pub use sockets::SocketMetric;

use crate::{ClientOutcome, Difference, ErrorCode, OperationKind, Outcome, Persisted, Reason};
use labels::Candidate;

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
    /// `portcullis.candidate.requests`.
    CandidateRequests(ClassLabel, Difference),
    /// `portcullis.candidate.added`.
    CandidateAdded(Reason),
    /// `portcullis.candidate.removed`.
    CandidateRemoved(Reason),
    /// `portcullis.candidate.changed`.
    CandidateChanged(Reason),
    /// What is counted of decisions.
    Decision(DecisionMetric),
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
    /// `portcullis.reports.clients_dropped`.
    ClientsDropped,
    /// `portcullis.reports.requests_unseen`.
    RequestsUnseen,
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
        if labels.candidate() == Candidate::Present {
            for class in labels.classes() {
                all.extend(Difference::ALL.map(|difference| Self::CandidateRequests(class, difference)));
            }
            for reason in Reason::ALL {
                all.extend(
                    [Self::CandidateAdded, Self::CandidateRemoved, Self::CandidateChanged]
                        .map(|of| of(*reason)),
                );
            }
        }
        all.extend(DecisionMetric::all().into_iter().map(Self::Decision));
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
            Self::ClientsDropped,
            Self::RequestsUnseen,
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
            Self::CandidateRequests(..) => "portcullis.candidate.requests",
            Self::CandidateAdded(_) => "portcullis.candidate.added",
            Self::CandidateRemoved(_) => "portcullis.candidate.removed",
            Self::CandidateChanged(_) => "portcullis.candidate.changed",
            Self::Decision(metric) => metric.family_name(),
            Self::ReportsSent => "portcullis.reports.sent",
            Self::ReportsFailed => "portcullis.reports.failed",
            Self::ReportsRejected => "portcullis.reports.rejected",
            Self::IncidentsDropped => "portcullis.reports.incidents_dropped",
            Self::RowsMerged => "portcullis.reports.rows_merged",
            Self::ClientsDropped => "portcullis.reports.clients_dropped",
            Self::RequestsUnseen => "portcullis.reports.requests_unseen",
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
            Self::Decision(metric) => metric.kind(),
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
            | Self::CandidateRequests(..)
            | Self::CandidateAdded(_)
            | Self::CandidateRemoved(_)
            | Self::CandidateChanged(_)
            | Self::ReportsSent
            | Self::ReportsFailed
            | Self::ReportsRejected
            | Self::IncidentsDropped
            | Self::RowsMerged
            | Self::ClientsDropped
            | Self::RequestsUnseen => FamilyKind::Counter,
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
            Self::Decision(metric) => metric.stat_name(),
            Self::Requests(kind, outcome) => format!("{family}.{}.{}", kind.label(), outcome.label()),
            Self::CandidateRequests(class, difference) => {
                format!("{family}.{}.{}", labels.class(class), difference.label())
            }
            Self::Refusals(reason)
            | Self::Shadowed(reason)
            | Self::CandidateAdded(reason)
            | Self::CandidateRemoved(reason)
            | Self::CandidateChanged(reason) => format!("{family}.{}", reason.label()),
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
            | Self::RowsMerged
            | Self::ClientsDropped
            | Self::RequestsUnseen => family.to_owned(),
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
        let names = Labels::new(vec!["staff".to_owned(), "anonymous".to_owned()], vec!["burst".to_owned()]);
        names.with_candidate()
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
    fn what_a_candidate_says_is_counted_where_there_is_one() {
        let without = Labels::new(vec!["staff".to_owned(), "anonymous".to_owned()], vec!["burst".to_owned()]);
        let more = Metric::all(&labels()).len() - Metric::all(&without).len();
        assert_eq!(more, 2 * Difference::ALL.len() + 3 * Reason::ALL.len());
        let named = Metric::CandidateRequests(ClassLabel(1), Difference::Added).stat_name(&labels());
        assert_eq!(named, "portcullis.candidate.requests.anonymous.added");
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
