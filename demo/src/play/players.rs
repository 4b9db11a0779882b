//! Honest clients and attackers, each in a loop of its own.

mod offender;
mod sockets;

use super::score::Score;
use portcullis_demo::client::{Connection, Protocol, Reply, Request};
use portcullis_demo::corpus::{self, Play, PolicyFile, Trace, Verdict};
use portcullis_demo::operation::{self, Operation};
use portcullis_demo::stack::Stack;
use portcullis_demo::upstream::{Recorder, Seen, TEST_ID};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

const CLIENTS: usize = 6;
const ATTACKERS: usize = 3;
const CLIENT_PAUSE: Duration = Duration::from_millis(60);
const ATTACKER_PAUSE: Duration = Duration::from_millis(100);

/// Where honest clients come from: they have a score, as everybody has, and it stays at nothing.
const OFFICE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 10);

/// Where every attack there is comes from, again and again. By default nobody on loopback is blocked, whatever comes from there, so
/// that each attack is refused for itself.
const SCANNER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 66);

/// The header in which the demo's Envoy is told where a client is.
const FORWARDED: &str = "x-forwarded-for";

/// The running players.
pub(super) struct Players {
    tasks: JoinSet<()>,
    over: watch::Sender<bool>,
}

/// What a player knows.
struct Player {
    name: String,
    /// As Envoy tells it to the gate.
    address: IpAddr,
    protocol: Protocol,
    gate: SocketAddr,
    recorder: Arc<Recorder>,
    score: Arc<Score>,
    over: watch::Receiver<bool>,
}

/// Starts them all.
pub(super) fn start(stack: &Stack, score: &Arc<Score>) -> anyhow::Result<Players> {
    let (over, is_over) = watch::channel(false);
    let operations = Arc::new(operation::shop()?);
    let attacks = Arc::new(attacks()?);
    let gate = stack.envoy.gated()?;
    let player = |role: &str, number: usize, address: Ipv4Addr| Player {
        name: format!("{role}-{number}"),
        address: address.into(),
        protocol: if number.is_multiple_of(2) { Protocol::Http1 } else { Protocol::Http2 },
        gate,
        recorder: Arc::clone(&stack.upstream.recorder),
        score: Arc::clone(score),
        over: is_over.clone(),
    };
    let mut tasks = JoinSet::new();
    for number in 0..CLIENTS {
        tasks.spawn(player("client", number, OFFICE).be_honest(Arc::clone(&operations), number));
    }
    for number in 0..ATTACKERS {
        tasks.spawn(player("attacker", number, SCANNER).attack(Arc::clone(&attacks), number));
    }
    for number in 0..2 {
        tasks.spawn(player("talker", number, OFFICE).talk());
    }
    tasks.spawn(player("intruder", 0, SCANNER).intrude());
    tasks.spawn(player("offender", 0, offender::FIRST).offend());
    Ok(Players { tasks, over })
}

/// What is refused under the default policy, in one request and before the upstream sees any of it.
fn attacks() -> anyhow::Result<Vec<Play>> {
    let mut plays = corpus::plays(PolicyFile::Default)?;
    plays.retain(|play| {
        let is_refused = !play.expected.contains(&Verdict::Allow);
        is_refused && play.before.is_none() && play.trace == Trace::Nothing
    });
    // All cases on their first transport come before any on its second.
    let mut turns = BTreeMap::new();
    plays.sort_by_cached_key(|play| {
        let turn = turns.entry(play.name.clone()).or_insert(0);
        *turn += 1;
        *turn
    });
    Ok(plays)
}

impl Players {
    /// Lets each finish the request it is at.
    pub(super) async fn stop(self) {
        self.over.send_replace(true);
        self.tasks.join_all().await;
    }
}

impl Player {
    async fn be_honest(mut self, operations: Arc<Vec<Operation>>, start: usize) {
        let mut connection = None;
        for (turn, operation) in operations.iter().cycle().skip(start * 4).enumerate() {
            let request = Request::json("/graphql", operation.body());
            match self.exchange(&mut connection, turn, &request).await {
                Ok((reply, seen)) => self.judge_honest(operation, &reply, &seen),
                Err(error) => self.score.problem(format!("an honest request failed: {error:#}")),
            }
            if self.pause(CLIENT_PAUSE).await {
                return;
            }
        }
    }

    fn judge_honest(&self, operation: &Operation, reply: &Reply, seen: &[Seen]) {
        let name = &operation.source;
        if reply.status != 200 {
            let code = reply.code().unwrap_or_default();
            return self
                .score
                .problem(format!("an honest request was refused: {name}: {} {code}", reply.status));
        }
        let [seen] = seen else {
            return self.score.problem(format!("an honest request arrived {} times: {name}", seen.len()));
        };
        if seen.body != operation.body() {
            self.score.problem(format!("an honest request arrived changed: {name}"));
        }
        if reply.json().get("errors").is_some() {
            self.score.problem(format!("an honest request was answered with errors: {name}"));
        }
        self.score.allowed(seen.header("x-graphql-cost").and_then(|cost| cost.parse().ok()));
    }

    async fn attack(mut self, attacks: Arc<Vec<Play>>, start: usize) {
        let mut connection = None;
        for (turn, attack) in attacks.iter().cycle().skip(start).step_by(ATTACKERS).enumerate() {
            match self.exchange(&mut connection, turn, &attack.request).await {
                Ok((reply, seen)) => self.judge_attack(attack, &reply, &seen),
                Err(error) => self.score.problem(format!("{}: no answer: {error:#}", attack.name)),
            }
            if self.pause(ATTACKER_PAUSE).await {
                return;
            }
        }
    }

    fn judge_attack(&self, attack: &Play, reply: &Reply, seen: &[Seen]) {
        let name = format!("{} by {}", attack.name, attack.way);
        if !seen.is_empty() {
            return self.score.problem(format!("an attack reached the upstream: {name}"));
        }
        let code = reply.code();
        let fits = |verdict: &&Verdict| {
            // An answer to HEAD has no body.
            let bodiless = attack.request.method == "HEAD";
            verdict.answer().is_some_and(|(status, expected)| {
                status == reply.status && (bodiless || code.as_deref() == expected)
            })
        };
        match attack.expected.iter().find(fits) {
            Some(verdict) => self.score.refused(attack.family, verdict.word()),
            None => {
                self.score
                    .problem(format!("an attack was answered otherwise: {name}: {} {code:?}", reply.status));
                self.score.refused(attack.family, "");
            }
        }
    }

    /// One exchange; a connection that broke is replaced at the next.
    async fn exchange(
        &self,
        connection: &mut Option<Connection>,
        turn: usize,
        request: &Request,
    ) -> anyhow::Result<(Reply, Vec<Seen>)> {
        let id = format!("{}-{turn}", self.name);
        let mut open = match connection.take() {
            Some(open) => open,
            None => Connection::open(self.gate, self.protocol).await?,
        };
        let request = request.clone().with(TEST_ID, &id).with(FORWARDED, self.address.to_string());
        let reply = open.send(&request).await?;
        *connection = Some(open);
        Ok((reply, self.recorder.take(&id)))
    }

    /// Waits a little; true when it is over.
    async fn pause(&mut self, pause: Duration) -> bool {
        tokio::select! {
            () = tokio::time::sleep(pause) => *self.over.borrow(),
            _ = self.over.changed() => true,
        }
    }
}
