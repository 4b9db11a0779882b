//! `GET /monitoring/security/`: what attacks were seen, who is suspected of what, and what was decided.

use super::App;
use super::access::Reader;
use super::answer::{Shown, Timed};
use super::problem::{Problem, excerpt, told};
use super::text::{Text, Whom};
use super::window::{Window, WindowQuery};
use crate::decisions::target::target;
use crate::geo::Country;
use crate::store;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use portcullis_detect::{Moment, Record, Reputation, Standing};
use portcullis_report::{Cidr, Scope};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// A window as elsewhere, and whose score is asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// How far back from now: a number and one of `s`, `m`, `h`, `d`, such as `15m`; `1h` without it.
    window: Option<String>,
    /// Entries of each list on a page; 50 without it.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// The `next` of the page before; the window then ends where that one did.
    cursor: Option<String>,
    /// Only the score of this client: an address, a range, or the key of a client.
    target: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = security::Answer)]
pub(crate) struct Answer {
    window: Window,
    /// What to name in `cursor` for the next page of the lists; `null` when none has more.
    next: Option<String>,
    /// How the scenarios are doing.
    engine: Engine,
    /// What scenarios found, the most frequent first.
    threats: Vec<Threat>,
    /// Who has a score, the highest first, each with what makes it up.
    clients: Vec<Client>,
    /// What was refused most.
    patterns: Vec<Pattern>,
    /// Decisions that hold, by action.
    decisions: BTreeMap<Text, u64>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = security::Engine)]
struct Engine {
    /// Whether the scenarios run in this analyzer, of those that share a store; the numbers are of this one.
    leads: bool,
    incidents: u64,
    detections: u64,
    decisions: u64,
    /// How old the newest incident was when its decisions were stored.
    last_delay_ms: Option<u64>,
    late: u64,
    echoes: u64,
    silenced: u64,
    evicted: u64,
    groups: u64,
    clients: u64,
    last_error: Option<&'static str>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = security::Threat)]
struct Threat {
    scenario: Text,
    /// What the scenario finds; `null` when it is not at work any more.
    about: Option<Text>,
    detections: u64,
    clients: u64,
    events: u64,
    last_seen_ms: u64,
    sample_correlation_id: Text,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = security::Client)]
struct Client {
    scope: &'static str,
    value: Whom,
    /// The country of the address or of the first of the range, two letters of ISO 3166-1; `null` where no file says so.
    #[schema(value_type = Option<String>)]
    country: Option<Country>,
    score: f64,
    causes: Vec<Cause>,
    blocks: u32,
    blocked_until_ms: Option<u64>,
    throttled_until_ms: Option<u64>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = security::Cause)]
struct Cause {
    scenario: Text,
    points: f64,
    count: u32,
    last_seen_ms: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = security::Pattern)]
struct Pattern {
    reason: Text,
    operation: Text,
    incidents: u64,
    clients: u64,
    last_seen_ms: u64,
}

/// Attacks of a window, who has which score for what, and what was decided.
#[utoipa::path(
    get,
    path = "/monitoring/security/",
    tag = "monitoring",
    operation_id = "security",
    params(Asked),
    security(("reader" = [])),
    responses((status = 200, body = Answer, description = "What scenarios found."), told::Unchanged),
)]
pub(crate) async fn show(
    _reader: Reader,
    State(app): State<Arc<App>>,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Shown, Problem> {
    let Query(asked) = query.map_err(|rejection| Problem::Query(excerpt(&rejection.body_text())))?;
    let now_ms = app.clock.now_ms();
    let Asked { window, limit, cursor, target: named } = asked;
    let mut page = WindowQuery { window, limit, cursor }.page(now_ms, app.config.retention.keep)?;
    let question = page.question();
    let found = app.store.security(question).await?;
    let records = match named.as_deref() {
        None => app.store.worst_records(question.limit).await?,
        Some(text) => {
            let scope = target(text).map_err(|error| Problem::Query(format!("target: {error}")))?;
            app.store.record_of(&tracked(scope)).await?.into_iter().collect()
        }
    };
    let threats: Vec<store::Threat> = page.of(found.threats);
    let clients: Vec<Standing> = page.of(standings(&app, &records, Moment::from_millis(now_ms)));
    Shown::weak(Answer {
        window: page.window,
        engine: engine(&app),
        threats: threats.into_iter().map(|threat| self::threat(&app, threat)).collect(),
        clients: clients.into_iter().map(|standing| client(&app, standing)).collect(),
        patterns: page.of(found.patterns),
        decisions: found.holding.into_iter().map(|(action, holding)| (Text::name(action), holding)).collect(),
        next: page.next(),
    })
}

impl Timed for Answer {
    fn times(&mut self) -> (&mut Window, &mut Option<String>) {
        // Scores fade with every moment, too: an answer is another when one has faded by half.
        for client in &mut self.clients {
            client.score = client.score.max(1.0).log2().floor();
            client.causes.iter_mut().for_each(|cause| cause.points = 0.0);
        }
        (&mut self.window, &mut self.next)
    }
}

/// By what the score of an address is kept: IPv6 addresses share that of their /64.
fn tracked(scope: Scope) -> Scope {
    match scope {
        Scope::Ip(address @ IpAddr::V6(_)) => Cidr::around(address, 64).map_or(scope, Scope::Cidr),
        Scope::Ip(IpAddr::V4(_)) | Scope::Cidr(_) | Scope::ClientKey(_) => scope,
    }
}

/// What is left of scores that were kept some time ago.
fn standings(app: &App, records: &[Record], now: Moment) -> Vec<Standing> {
    let mut reputation = Reputation::new(app.config.security.reputation);
    for record in records {
        reputation.restore(record, now);
    }
    reputation.worst(records.len(), now)
}

fn engine(app: &App) -> Engine {
    let state = app.engine.state();
    let counts = state.counts.unwrap_or_default();
    Engine {
        leads: state.counts.is_some(),
        incidents: state.incidents,
        detections: state.detections,
        decisions: state.decisions,
        last_delay_ms: state.last_delay_ms,
        late: counts.late,
        echoes: counts.echoes,
        silenced: counts.silenced,
        evicted: counts.evicted,
        groups: counts.groups,
        clients: counts.clients,
        last_error: state.job.last_failure,
    }
}

fn threat(app: &App, threat: store::Threat) -> Threat {
    let scenario = app.config.security.scenarios.iter().find(|scenario| *scenario.name == *threat.scenario);
    Threat {
        about: scenario.map(|scenario| Text::free(&scenario.about)),
        scenario: Text::name(threat.scenario),
        detections: threat.detections,
        clients: threat.clients,
        events: threat.events,
        last_seen_ms: threat.last_ms,
        sample_correlation_id: Text::free(threat.correlation_id),
    }
}

fn client(app: &App, standing: Standing) -> Client {
    let cause = |cause: portcullis_detect::Cause| Cause {
        scenario: Text::name(&cause.scenario),
        points: cause.points,
        count: cause.count,
        last_seen_ms: cause.last.millis(),
    };
    let value = Whom::from(standing.scope);
    let country = value.address().zip(app.config.security.geo.as_ref());
    Client {
        scope: standing.scope.kind(),
        value,
        country: country.and_then(|(address, geo)| geo.country(address)),
        score: standing.score,
        causes: standing.causes.into_iter().map(cause).collect(),
        blocks: standing.blocks,
        blocked_until_ms: standing.blocked_until.map(Moment::millis),
        throttled_until_ms: standing.throttled_until.map(Moment::millis),
    }
}

impl From<store::Pattern> for Pattern {
    fn from(pattern: store::Pattern) -> Self {
        Self {
            reason: Text::name(pattern.reason),
            operation: Text::name(pattern.operation),
            incidents: pattern.incidents,
            clients: pattern.clients,
            last_seen_ms: pattern.last_ms,
        }
    }
}
