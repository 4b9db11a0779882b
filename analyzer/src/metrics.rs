//! What the analyzer counts, under the names of the catalogue, since it started.
//!
//! Label values are words of the catalogue, all of them there from the start; text that a client chose never is one.

use crate::tls::Handshake;
use portcullis_redact::{Redacted, label};
use portcullis_report::{ANALYZER_FAMILIES, OperationKind, Outcome, Reason, Receipt, Report};
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

type Labels<const N: usize> = [(&'static str, &'static str); N];

/// The metrics and their registry.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    reports: Family<Labels<1>, Counter>,
    incidents: Family<Labels<2>, Counter>,
    detections: Family<[(&'static str, Told); 1], Counter>,
    requests: Family<Labels<2>, Counter>,
    edge_dropped: Counter,
    job_runs: Family<Labels<2>, Counter>,
    handshakes: Family<Labels<1>, Counter>,
    connections_refused: Counter,
    reloads: Family<Labels<2>, Counter>,
}

/// A value of a label that is not a word of the program.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Told(Redacted);

impl EncodeLabelValue for Told {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        EncodeLabelValue::encode(&self.0.as_str(), encoder)
    }
}

/// What became of a report that was not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turned {
    /// It was refused for good.
    Rejected,
    /// Whoever sent it has no key of an edge.
    Forbidden,
    /// There was no room for it at the moment.
    Overloaded,
}

/// What became of a run of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Run {
    /// It did what it should.
    Done,
    /// It did not.
    Failed,
}

/// What was read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reload {
    /// The configuration, with all that it names.
    Configuration,
    /// Certificates and their keys, by themselves.
    Certificates,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reloaded {
    /// It holds.
    Done,
    /// It is wrong, and what was there before stays.
    Refused,
}

impl Reloaded {
    /// Its word.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }
}

impl Metrics {
    pub(crate) fn new<'n>(jobs: &[&'static str], scenarios: impl IntoIterator<Item = &'n str>) -> Self {
        let metrics = Self {
            registry: Registry::default(),
            reports: Family::default(),
            incidents: Family::default(),
            detections: Family::default(),
            requests: Family::default(),
            edge_dropped: Counter::default(),
            job_runs: Family::default(),
            handshakes: Family::default(),
            connections_refused: Counter::default(),
            reloads: Family::default(),
        };
        metrics.start_at_zero(jobs);
        metrics.expect(scenarios);
        metrics.registered()
    }

    /// Shows scenarios that have found nothing yet.
    pub(crate) fn expect<'n>(&self, scenarios: impl IntoIterator<Item = &'n str>) {
        for scenario in scenarios {
            drop(self.detections.get_or_create(&scenario_label(scenario)));
        }
    }

    /// Counts a report that the store holds.
    pub(crate) fn ingested(&self, receipt: &Receipt, report: &Report) {
        match receipt {
            Receipt::Duplicate => {
                self.reports.get_or_create(&[("outcome", "duplicate")]).inc();
            }
            Receipt::Stored => {
                self.reports.get_or_create(&[("outcome", "stored")]).inc();
                add(&self.edge_dropped, report.incidents_dropped);
                for incident in &report.incidents {
                    self.incidents.get_or_create(&incident_labels(incident.reason, incident.shadow)).inc();
                }
                for row in &report.rollup {
                    let outcome = row.key.refused.map_or(Outcome::Allowed, |_| Outcome::Refused);
                    add(&self.requests.get_or_create(&request_labels(row.key.kind, outcome)), row.count);
                }
            }
        }
    }

    /// Counts a report that was not stored.
    pub(crate) fn turned_away(&self, turned: Turned) {
        let outcome = match turned {
            Turned::Rejected => "rejected",
            Turned::Forbidden => "forbidden",
            Turned::Overloaded => "overloaded",
        };
        self.reports.get_or_create(&[("outcome", outcome)]).inc();
    }

    /// Counts what a scenario found; its name is the operator's, so it is bounded.
    pub(crate) fn detected(&self, scenario: &str) {
        self.detections.get_or_create(&scenario_label(scenario)).inc();
    }

    /// Counts a run of a job.
    pub(crate) fn job_ran(&self, job: &'static str, run: Run) {
        self.job_runs.get_or_create(&job_labels(job, run)).inc();
    }

    /// Counts a handshake.
    pub(crate) fn shaken(&self, handshake: Handshake) {
        self.handshakes.get_or_create(&[("outcome", handshake.label())]).inc();
    }

    /// Counts a connection from an address that has too many.
    pub(crate) fn connection_refused(&self) {
        self.connections_refused.inc();
    }

    /// Counts that something was read again.
    pub(crate) fn reloaded(&self, what: Reload, outcome: Reloaded) {
        self.reloads.get_or_create(&reload_labels(what, outcome)).inc();
    }

    /// Everything, in the OpenMetrics text format.
    pub(crate) fn render(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }

    fn start_at_zero(&self, jobs: &[&'static str]) {
        for outcome in ["stored", "duplicate", "rejected", "forbidden", "overloaded"] {
            drop(self.reports.get_or_create(&[("outcome", outcome)]));
        }
        for reason in Reason::ALL {
            for shadow in [false, true] {
                drop(self.incidents.get_or_create(&incident_labels(*reason, shadow)));
            }
        }
        for kind in OperationKind::ALL {
            for outcome in Outcome::ALL {
                drop(self.requests.get_or_create(&request_labels(kind, outcome)));
            }
        }
        for handshake in Handshake::ALL {
            drop(self.handshakes.get_or_create(&[("outcome", handshake.label())]));
        }
        for what in [Reload::Configuration, Reload::Certificates] {
            for outcome in [Reloaded::Done, Reloaded::Refused] {
                drop(self.reloads.get_or_create(&reload_labels(what, outcome)));
            }
        }
        for job in jobs {
            for run in [Run::Done, Run::Failed] {
                drop(self.job_runs.get_or_create(&job_labels(job, run)));
            }
        }
    }

    fn registered(mut self) -> Self {
        let registry = &mut self.registry;
        register(registry, "portcullis_analyzer_reports_total", self.reports.clone());
        register(registry, "portcullis_analyzer_incidents_total", self.incidents.clone());
        register(registry, "portcullis_analyzer_detections_total", self.detections.clone());
        register(registry, "portcullis_analyzer_requests_total", self.requests.clone());
        register(registry, "portcullis_analyzer_edge_dropped_total", self.edge_dropped.clone());
        register(registry, "portcullis_analyzer_job_runs_total", self.job_runs.clone());
        register(registry, "portcullis_analyzer_handshakes_total", self.handshakes.clone());
        let refused = self.connections_refused.clone();
        register(registry, "portcullis_analyzer_connections_refused_total", refused);
        register(registry, "portcullis_analyzer_reloads_total", self.reloads.clone());
        self
    }
}

/// Adds as long as it fits: what edges report may be anything. One task does so.
fn add(counter: &Counter, amount: u64) {
    counter.inc_by(amount.min(u64::MAX.saturating_sub(counter.get())));
}

/// Registers a counter with the help of the catalogue; the encoder adds the `_total` and the full stop.
fn register(registry: &mut Registry, name: &'static str, metric: impl prometheus_client::registry::Metric) {
    let help = ANALYZER_FAMILIES.iter().find(|family| family.name == name).map_or("", |family| family.help);
    registry.register(name.trim_end_matches("_total"), help.trim_end_matches('.'), metric);
}

fn request_labels(kind: OperationKind, outcome: Outcome) -> Labels<2> {
    [("operation_type", kind.label()), ("outcome", outcome.label())]
}

fn incident_labels(reason: Reason, shadow: bool) -> Labels<2> {
    [("reason", reason.label()), ("shadow", if shadow { "true" } else { "false" })]
}

fn scenario_label(name: &str) -> [(&'static str, Told); 1] {
    [("scenario", Told(label(name)))]
}

fn job_labels(job: &'static str, run: Run) -> Labels<2> {
    let outcome = match run {
        Run::Done => "done",
        Run::Failed => "failed",
    };
    [("job", job), ("outcome", outcome)]
}

fn reload_labels(what: Reload, outcome: Reloaded) -> Labels<2> {
    let what = match what {
        Reload::Configuration => "configuration",
        Reload::Certificates => "certificates",
    };
    [("what", what), ("outcome", outcome.label())]
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_report::FamilyKind;
    use std::collections::BTreeSet;

    #[test]
    fn sums_stop_at_their_end() {
        let counter = Counter::default();
        for (amount, expected) in [(7, 7), (u64::MAX, u64::MAX), (1, u64::MAX)] {
            add(&counter, amount);
            assert_eq!(counter.get(), expected);
        }
    }

    #[test]
    fn what_is_exposed_is_the_catalogue() {
        let text = Metrics::new(&["retention"], ["graphql_bomb"]).render().unwrap();
        let exposed: BTreeSet<_> = text.lines().filter_map(|line| line.strip_prefix("# HELP ")).collect();
        let catalogue: Vec<_> = ANALYZER_FAMILIES
            .iter()
            .map(|family| format!("{} {}", family.name.trim_end_matches("_total"), family.help))
            .collect();
        assert_eq!(exposed, catalogue.iter().map(String::as_str).collect());
        for family in ANALYZER_FAMILIES {
            assert_eq!(family.kind, FamilyKind::Counter, "{}", family.name);
            assert!(text.contains(&format!("# TYPE {} counter\n", family.name.trim_end_matches("_total"))));
            let sample = text.lines().find(|line| line.starts_with(family.name)).unwrap();
            let labels: Vec<_> = sample
                .split_once('{')
                .map(|(_, rest)| rest.split(',').filter_map(|label| label.split('=').next()).collect())
                .unwrap_or_default();
            assert_eq!(labels, family.labels, "{}", family.name);
        }
    }
}
