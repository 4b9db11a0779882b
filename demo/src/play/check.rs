//! What must have happened by the end of a performance.

use super::score::{Notes, Score};
use portcullis_demo::prometheus::Metrics;
use portcullis_demo::stack::Stack;
use portcullis_demo::wait;
use std::time::Duration;

/// How long reports and histograms may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

const HISTOGRAMS: [&str; 6] = ["depth", "fields", "aliases", "tokens", "cost", "validation_time_us"];

/// What the players noticed.
pub(super) fn noticed(score: &Score) -> Vec<String> {
    let notes = score.notes();
    let mut problems = notes.problems;
    if notes.more_problems > 0 {
        problems.push(format!("and {} more like these", notes.more_problems));
    }
    problems
}

/// What went wrong, by the word of the players, of Envoy and of the analyzer.
pub(super) async fn judge(stack: &Stack, score: &Score) -> anyhow::Result<Vec<String>> {
    let notes = score.notes();
    let mut problems = noticed(score);
    if notes.allowed == 0 || notes.refused == 0 {
        problems.push("nothing was played".to_owned());
    }
    if notes.blocked == 0 {
        problems.push("no attacker was blocked".to_owned());
    }
    problems.extend(counted(stack, &notes).await?);
    problems.extend(reported(stack, &notes).await);
    Ok(problems)
}

/// Envoy's stats tell the same story as the players.
async fn counted(stack: &Stack, notes: &Notes) -> anyhow::Result<Vec<String>> {
    let still = |metrics: &Metrics| {
        HISTOGRAMS
            .into_iter()
            .filter(|name| metrics.sum(&format!("portcullis_graphql_{name}_count"), &[]) == 0.0)
            .collect::<Vec<_>>()
    };
    // Envoy merges histograms every few seconds.
    let moved = wait::until("histograms", PATIENCE, async || {
        let metrics = stack.envoy.metrics().await.ok()?;
        still(&metrics).is_empty().then_some(metrics)
    });
    let metrics = match moved.await {
        Ok(metrics) => metrics,
        Err(_) => stack.envoy.metrics().await?,
    };
    let mut problems: Vec<_> = still(&metrics)
        .into_iter()
        .map(|name| format!("the stat portcullis.graphql.{name} did not move"))
        .collect();
    for (outcome, expected) in [("allowed", notes.allowed), ("refused", notes.refused)] {
        let found = metrics.sum("portcullis_graphql_requests", &[("outcome", outcome)]);
        if found.to_string() != expected.to_string() {
            problems.push(format!("Envoy counts {found} requests as {outcome}, the players {expected}"));
        }
    }
    for reason in &notes.reasons {
        if metrics.sum("portcullis_graphql_refusals", &[("reason", reason)]) == 0.0 {
            problems.push(format!("the stat portcullis.graphql.refusals.{reason} did not move"));
        }
    }
    for (handshake, expected) in [("opened", notes.sockets), ("refused", notes.turned_away)] {
        let found = metrics.sum("portcullis_websocket_attempts", &[("handshake", handshake)]);
        if found.to_string() != expected.to_string() {
            problems.push(format!("Envoy counts {found} sockets as {handshake}, the players {expected}"));
        }
    }
    if metrics.sum("portcullis_reports_sent", &[]) == 0.0 {
        problems.push("the stat portcullis.reports.sent did not move".to_owned());
    }
    Ok(problems)
}

/// Every request is reported, every refusal is an incident; one that an edge had to drop did not arrive.
async fn reported(stack: &Stack, notes: &Notes) -> Option<String> {
    let mut last = None;
    // Attempts to open a socket are requests, too.
    let refused = notes.refused.saturating_add(notes.turned_away);
    let requests = notes.allowed.saturating_add(refused);
    let complete = wait::until("the reports", PATIENCE, async || {
        let page = stack.analyzer.get("/monitoring/graphql/").await.ok()?.json();
        let total = |name: &str| page.pointer(&format!("/totals/{name}"))?.as_u64();
        let found = (total("requests")?, total("incidents")?);
        last = Some(found);
        (found == (requests, refused)).then_some(())
    });
    let complete = complete.await;
    match (complete, last) {
        (Ok(()), _) => None,
        (Err(_), None) => Some("the analyzer does not answer".to_owned()),
        (Err(_), Some((found, incidents))) => Some(format!(
            "the analyzer has {found} of {requests} requests and {incidents} of {refused} incidents"
        )),
    }
}

/// The last word.
pub(super) fn summary(score: &Score, problems: &[String]) -> String {
    let notes = score.notes();
    let verdict = match problems.len() {
        0 => "everything was as it should be".to_owned(),
        1 => "1 problem".to_owned(),
        many => format!("{many} problems"),
    };
    format!(
        "\n{} honest requests passed, {} sockets were opened, {} attacks of {} families were refused, {} attackers blocked: {verdict}",
        notes.allowed,
        notes.sockets,
        notes.refused.saturating_add(notes.turned_away),
        notes.families.len(),
        notes.blocked
    )
}
