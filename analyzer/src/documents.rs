//! The documents that are made from the catalogues, so that they cannot disagree with the programs.

mod policy;

use crate::render;
use clap::ValueEnum;
use portcullis_report::{ANALYZER_FAMILIES, Blame, EDGE_FAMILIES, Family, FamilyKind, Reason};

/// A document that is made, not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MadeDocument {
    /// `docs/refusals.md`
    Refusals,
    /// `docs/metrics.md`
    Metrics,
    /// `docs/policy.md`
    Policy,
    /// `docs/policy.schema.json`
    PolicySchema,
    /// `docs/openapi.json`
    Openapi,
    /// `envoy/demo.yaml`
    EnvoyDemo,
    /// `envoy/plain.yaml`
    EnvoyPlain,
}

impl MadeDocument {
    /// Its text.
    pub fn render(self) -> String {
        match self {
            Self::Refusals => refusals(),
            Self::Metrics => metrics(),
            Self::Policy => policy::reference(),
            Self::PolicySchema => policy::schema(),
            Self::Openapi => crate::api::document().to_owned(),
            Self::EnvoyDemo => render::demo(),
            Self::EnvoyPlain => render::plain(),
        }
    }
}

fn refusals() -> String {
    let mut text = String::from(
        "# Refusals\n\n\
         Made from the catalogue in `crates/report` by `cargo xtask docs`; change it there.\n\n\
         A refused request never reaches the upstream. The answer is a GraphQL response with one error and no `data`; its\n\
         `extensions.code` is the code below, with `limit` and `actual` (for cost `cost.max` and `cost.estimated`) unless the policy\n\
         says `responses: {expose_limits: false}`. Stats and reports use the reason. *Whose* says who has to act: the client sent what no\n\
         correct client sends, the operator's policy says no, or the gate could not see the request.\n\n\
         A WebSocket is refused at its handshake with the status, or closed with the close code and the message of the reason; reasons of\n\
         sockets without one refuse a handshake, or one operation in an `error` message.\n\n\
         | reason | code | status | close | whose | when |\n|---|---|---|---|---|---|\n",
    );
    for reason in Reason::ALL {
        let whose = match reason.blame() {
            Blame::Client => "client",
            Blame::Policy => "policy",
            Blame::Gate => "gate",
        };
        let (label, code, status, help) = (reason.label(), reason.code(), reason.status(), reason.help());
        let close = reason.close_code().map(|code| code.to_string()).unwrap_or_default();
        text.push_str(&format!("| `{label}` | `{code}` | {status} | {close} | {whose} | {help} |\n"));
    }
    text
}

fn metrics() -> String {
    let mut text = String::from(
        "# Metrics\n\n\
         Made from the catalogue in `crates/report` by `cargo xtask docs`; change it there.\n\n\
         ## In Envoy\n\n\
         The stat is called `wasmcustom.<name>.<label values>` in `/stats`. In Prometheus the prefix goes, dots become underscores, and the\n\
         `stats_tags` that `portcullis envoy` renders make labels of the values: `portcullis_graphql_requests{operation_type=\"query\",outcome=\"allowed\"}`.\n\
         Without them the values stay in the name. Histograms appear after the first flush (5 s).\n\n",
    );
    families(&mut text, EDGE_FAMILIES);
    text.push_str("\n## In the analyzer\n\nAt `/monitoring/metrics/`, with a key.\n\n");
    families(&mut text, ANALYZER_FAMILIES);
    text
}

fn families(text: &mut String, families: &[Family]) {
    text.push_str("| name | kind | labels | what |\n|---|---|---|---|\n");
    for family in families {
        let kind = match family.kind {
            FamilyKind::Counter => "counter",
            FamilyKind::Gauge => "gauge",
            FamilyKind::Histogram => "histogram",
        };
        let labels: Vec<String> = family.labels.iter().map(|label| format!("`{label}`")).collect();
        text.push_str(&format!("| `{}` | {kind} | {} | {} |\n", family.name, labels.join(", "), family.help));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(document: MadeDocument, written: &str) {
        assert_eq!(document.render(), written, "run `cargo xtask docs`");
    }

    #[test]
    fn the_documents_are_those_of_the_catalogue() {
        check(MadeDocument::Refusals, include_str!("../../docs/refusals.md"));
        check(MadeDocument::Metrics, include_str!("../../docs/metrics.md"));
        check(MadeDocument::Policy, include_str!("../../docs/policy.md"));
        check(MadeDocument::PolicySchema, include_str!("../../docs/policy.schema.json"));
        check(MadeDocument::Openapi, include_str!("../../docs/openapi.json"));
    }

    #[test]
    fn the_configurations_of_the_demo_are_those_that_are_rendered() {
        check(MadeDocument::EnvoyDemo, include_str!("../../envoy/demo.yaml"));
        check(MadeDocument::EnvoyPlain, include_str!("../../envoy/plain.yaml"));
    }
}
