//! What is known of attacks in a window.

use crate::store::sql::{Row, sql};
use crate::store::{Question, Store, StoreError};

/// What is known of attacks.
#[derive(Debug)]
pub(crate) struct Security {
    pub(crate) threats: Vec<Threat>,
    pub(crate) patterns: Vec<Pattern>,
    /// Decisions that hold, by action.
    pub(crate) holding: Vec<(String, u64)>,
}

/// The detections of one scenario.
#[derive(Debug)]
pub(crate) struct Threat {
    pub(crate) scenario: String,
    pub(crate) detections: u64,
    pub(crate) clients: u64,
    pub(crate) events: u64,
    pub(crate) last_ms: u64,
    pub(crate) correlation_id: String,
}

/// The refused requests of one operation and reason.
#[derive(Debug)]
pub(crate) struct Pattern {
    pub(crate) reason: String,
    pub(crate) operation: String,
    pub(crate) incidents: u64,
    pub(crate) clients: u64,
    pub(crate) last_ms: u64,
}

const THREATS: &str = "SELECT scenario, count(*) AS detections, count(DISTINCT value) AS clients, \
     sum(CAST(events AS double precision)) AS events, max(at_ms) AS last_ms, max(correlation_id) AS correlation_id \
     FROM detections WHERE at_ms BETWEEN $1 AND $2 GROUP BY scenario ORDER BY detections DESC, scenario LIMIT $3";
/// What was refused in fact.
const PATTERNS: &str = "SELECT reason, operation, count(*) AS incidents, count(DISTINCT client) AS clients, \
     max(at_ms) AS last_ms FROM incidents WHERE at_ms BETWEEN $1 AND $2 AND shadow = 0 GROUP BY reason, operation \
     ORDER BY incidents DESC, reason, operation LIMIT $3";
const HOLDING: &str = "SELECT action, count(*) AS holding FROM decisions WHERE removed_ms IS NULL AND expires_ms > $1 \
     GROUP BY action ORDER BY action";

impl Store {
    /// What is known of the attacks of a window.
    pub(crate) async fn security(&self, question: Question) -> Result<Security, StoreError> {
        let mut snapshot = self.readers.snapshot().await?;
        let about =
            |text: &'static str| sql(text).bind(question.from_ms).bind(question.to_ms).bind(question.limit);
        let threats = snapshot.on().rows(about(THREATS)).await?;
        let patterns = snapshot.on().rows(about(PATTERNS)).await?;
        let holding = snapshot.on().rows(sql(HOLDING).bind(question.to_ms)).await?;
        snapshot.rollback().await?;
        let held = |row: &Row| Ok((row.text("action")?, row.amount("holding")?));
        Ok(Security {
            threats: threats.iter().map(threat).collect::<Result<_, _>>()?,
            patterns: patterns.iter().map(pattern).collect::<Result<_, _>>()?,
            holding: holding.iter().map(held).collect::<Result<_, sqlx::Error>>()?,
        })
    }
}

fn threat(row: &Row) -> Result<Threat, sqlx::Error> {
    Ok(Threat {
        scenario: row.text("scenario")?,
        detections: row.amount("detections")?,
        clients: row.amount("clients")?,
        events: row.sum("events")?,
        last_ms: row.amount("last_ms")?,
        correlation_id: row.text("correlation_id")?,
    })
}

fn pattern(row: &Row) -> Result<Pattern, sqlx::Error> {
    Ok(Pattern {
        reason: row.text("reason")?,
        operation: row.text("operation")?,
        incidents: row.amount("incidents")?,
        clients: row.amount("clients")?,
        last_ms: row.amount("last_ms")?,
    })
}
