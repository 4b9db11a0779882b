//! What a person sees: a table redrawn in place on a terminal, one line after the other elsewhere.

use super::score::{Notes, Score};
use portcullis_demo::prometheus::Metrics;
use portcullis_demo::stack::Stack;
use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};

/// Reasons in one row of the table.
const ROW: usize = 3;

/// Prints.
pub(super) fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    #[expect(
        clippy::let_underscore_must_use,
        reason = "a closed stdout ends nothing: the exit code still tells"
    )]
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Where to look, and how.
pub(super) fn places(stack: &Stack) -> anyhow::Result<String> {
    let (gate, plain) = (stack.envoy.gated()?, stack.envoy.plain()?);
    let (admin, analyzer, key) = (stack.envoy.admin, stack.analyzer.address, &stack.analyzer.viewer_key);
    Ok(format!(
        "\n  gate       http://{gate}/graphql   (without the gate: http://{plain}/graphql)\
         \n             curl -s http://{gate}/graphql -H 'content-type: application/json' -d '{{\"query\":\"{{ me {{ name }} }}\"}}'\
         \n  Envoy      http://{admin}/stats?filter=wasmcustom\
         \n  analyzer   curl -s http://{analyzer}/monitoring/graphql/ -H 'X-Api-Key: {key}'\n"
    ))
}

/// One moment.
pub(super) struct View {
    notes: Notes,
    /// As Envoy counts them.
    allowed: f64,
    refused: BTreeMap<String, f64>,
    /// Microseconds that judging one request takes on average, once Envoy has merged its histograms.
    judging_us: Option<f64>,
    /// As the analyzer has them.
    incidents: Option<u64>,
    reported: Option<u64>,
}

impl View {
    /// Asks everybody.
    pub(super) async fn take(stack: &Stack, score: &Score) -> anyhow::Result<Self> {
        let metrics = stack.envoy.metrics().await?;
        // An analyzer that does not answer is shown as such.
        let page = stack.analyzer.get("/monitoring/graphql/").await.ok().map(|reply| reply.json());
        let total = |name: &str| page.as_ref()?.pointer(&format!("/totals/{name}"))?.as_u64();
        Ok(Self {
            notes: score.notes(),
            allowed: metrics.sum("portcullis_graphql_requests", &[("outcome", "allowed")]),
            refused: refused(&metrics),
            judging_us: mean(&metrics, "portcullis_graphql_validation_time_us"),
            incidents: total("incidents"),
            reported: total("requests"),
        })
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = vec![
            format!("  allowed    {:>8}", self.allowed),
            format!(
                "  refused    {:>8}   {} families of attacks",
                self.refused_total(),
                self.notes.families.len()
            ),
        ];
        let reasons: Vec<_> = self.refused.iter().collect();
        for row in reasons.chunks(ROW) {
            let cells = row.iter().map(|(reason, count)| format!("{count:>6} {reason:<21}"));
            lines.push(format!("             {}", cells.collect::<String>().trim_end()));
        }
        lines.push(format!("  blocked    {}", self.blocked()));
        lines.push(format!("  cost       {}", self.cost()));
        lines.push(format!("  latency    {}", self.latency()));
        lines.push(format!("  analyzer   {}", self.analyzer()));
        lines.push(format!("  problems   {}", self.problems()));
        lines
    }

    fn line(&self) -> String {
        let counts = format!("allowed {} · refused {}", self.allowed, self.refused_total());
        let (blocked, cost) = (self.notes.blocked, self.cost());
        let (latency, analyzer) = (self.latency(), self.analyzer());
        format!(
            "{counts} · blocked {blocked} · cost {cost} · latency {latency} · analyzer {analyzer} · problems {}",
            self.problems()
        )
    }

    fn refused_total(&self) -> f64 {
        self.refused.values().sum()
    }

    fn blocked(&self) -> String {
        let last = self.notes.last_spree.map_or_else(String::new, |spree| {
            format!(", the last after {} attacks in {:.1} s", spree.attacks, spree.took.as_secs_f64())
        });
        format!("{:>8} attackers{last}", self.notes.blocked)
    }

    fn cost(&self) -> String {
        let cost = self.notes.cost();
        cost.map_or_else(|| "-".to_owned(), |(median, largest)| format!("p50 {median}, max {largest}"))
    }

    fn latency(&self) -> String {
        let Some((low, median, high)) = self.notes.latency() else { return "-".to_owned() };
        let judging =
            self.judging_us.map_or_else(String::new, |us| format!(", judging {us:.0} µs on average"));
        let pairs = self.notes.added_us.len();
        format!("{median:+} µs by the gate (quartiles {low:+} … {high:+}, {pairs} pairs{judging})")
    }

    fn analyzer(&self) -> String {
        match (self.reported, self.incidents) {
            (Some(reported), Some(incidents)) => {
                format!("{reported} requests reported, {incidents} incidents")
            }
            _ => "does not answer".to_owned(),
        }
    }

    fn problems(&self) -> u64 {
        u64::try_from(self.notes.problems.len()).unwrap_or(u64::MAX).saturating_add(self.notes.more_problems)
    }
}

fn refused(metrics: &Metrics) -> BTreeMap<String, f64> {
    let samples = metrics.named("portcullis_graphql_refusals").filter(|sample| sample.value > 0.0);
    samples.filter_map(|sample| Some((sample.labels.get("reason")?.clone(), sample.value))).collect()
}

fn mean(metrics: &Metrics, histogram: &str) -> Option<f64> {
    let count = metrics.sum(&format!("{histogram}_count"), &[]);
    (count > 0.0).then(|| metrics.sum(&format!("{histogram}_sum"), &[]) / count)
}

/// Where the table is drawn.
#[derive(Default)]
pub(super) struct Screen {
    drawn: usize,
}

impl Screen {
    /// Draws over what was drawn before, or appends.
    pub(super) fn show(&mut self, view: &View) {
        if !std::io::stdout().is_terminal() {
            return say(&view.line());
        }
        let lines = view.lines();
        let up = if self.drawn == 0 { String::new() } else { format!("\r\x1b[{}A\x1b[J", self.drawn) };
        self.drawn = lines.len();
        say(&format!("{up}{}", lines.join("\n")));
    }
}
