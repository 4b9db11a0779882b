//! The catalogue's metrics as the host numbers them.

use crate::host::Host;
use portcullis_report::{FamilyKind, Labels, Metric};
use proxy_wasm::types::MetricType;
use std::collections::BTreeMap;

/// Every metric of the catalogue, defined once: the host gives a new number at each definition.
#[derive(Default)]
pub(crate) struct Metrics {
    ids: BTreeMap<Metric, u32>,
}

impl Metrics {
    pub(crate) fn define(host: &Host, labels: &Labels) -> Self {
        let define =
            |metric: Metric| Some((metric, host.define(host_kind(metric), &metric.stat_name(labels))?));
        Self { ids: Metric::all(labels).into_iter().filter_map(define).collect() }
    }

    pub(crate) fn count(&self, host: &Host, metric: Metric, amount: u64) {
        let Some(id) = self.ids.get(&metric) else { return };
        match metric.kind() {
            FamilyKind::Histogram => host.record(*id, amount),
            FamilyKind::Counter | FamilyKind::Gauge => {
                host.increment(*id, i64::try_from(amount).unwrap_or(i64::MAX));
            }
        }
    }

    /// Sets a gauge to what all workers agree on.
    pub(crate) fn set(&self, host: &Host, metric: Metric, value: u64) {
        if let Some(id) = self.ids.get(&metric) {
            host.record(*id, value);
        }
    }

    /// Lowers a gauge; the host shares it between workers, so that it is changed and never set.
    pub(crate) fn lower(&self, host: &Host, metric: Metric, amount: u64) {
        if let Some(id) = self.ids.get(&metric) {
            host.increment(*id, i64::try_from(amount).unwrap_or(i64::MAX).saturating_neg());
        }
    }
}

fn host_kind(metric: Metric) -> MetricType {
    match metric.kind() {
        FamilyKind::Counter => MetricType::Counter,
        FamilyKind::Gauge => MetricType::Gauge,
        FamilyKind::Histogram => MetricType::Histogram,
    }
}
