//! Plays the corpus against a stack: many requests at once, each with a test id of its own, and all that is wrong is told at the end.

use bytes::Bytes;
use portcullis_demo::client::{Answer, Connection, Payload, Protocol, Reply, Request};
use portcullis_demo::corpus::{Play, Trace, Verdict, Wave};
use portcullis_demo::stack::Stack;
use portcullis_demo::upstream::{Recorder, Seen, TEST_ID};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::task::JoinSet;

/// So many connections play at once in each protocol.
const HANDS: usize = 4;

/// What was not as it should be: the case and what came, with the ways on which it came.
type Wrong = BTreeMap<(Option<u32>, String, String), Vec<String>>;

/// Plays everything in both protocols; returns one line for each case and outcome that was not as expected.
pub async fn play(stack: &Stack, plays: Vec<Play>) -> Vec<String> {
    play_out(stack, Protocol::ALL.map(|_| plays.iter().cloned().map(Turn::One).collect())).await
}

/// Plays floods, those of each protocol in it; returns one line for each case and outcome that was not as expected.
pub async fn play_waves(stack: &Stack, waves: [Vec<Wave>; 2]) -> Vec<String> {
    play_out(stack, waves.map(|waves| waves.into_iter().map(Turn::Wave).collect())).await
}

/// What is played at once.
enum Turn {
    One(Play),
    Wave(Wave),
}

async fn play_out(stack: &Stack, turns: [Vec<Turn>; 2]) -> Vec<String> {
    let gate = stack.envoy.gated().unwrap();
    let mut hands = JoinSet::new();
    for (protocol, turns) in Protocol::ALL.into_iter().zip(turns) {
        let turns = Arc::new(turns);
        let next = Arc::new(Mutex::new(0));
        for _ in 0..HANDS {
            let recorder = Arc::clone(&stack.upstream.recorder);
            let hand = Hand { gate, protocol, recorder, connection: None };
            hands.spawn(hand.play(Arc::clone(&turns), Arc::clone(&next)));
        }
    }
    let mut wrong = Wrong::new();
    for (case, ways) in hands.join_all().await.into_iter().flatten() {
        wrong.entry(case).or_default().extend(ways);
    }
    wrong.into_iter().map(line).collect()
}

fn line(((family, name, outcome), mut ways): ((Option<u32>, String, String), Vec<String>)) -> String {
    ways.sort();
    let family = family.map_or_else(|| "twin".to_owned(), |family| format!("family {family}"));
    format!("{family}, {name}: {outcome}\n      on {}", ways.join(", "))
}

/// One connection after the other, one request after the other.
struct Hand {
    gate: SocketAddr,
    protocol: Protocol,
    recorder: Arc<Recorder>,
    connection: Option<Connection>,
}

impl Hand {
    async fn play(mut self, turns: Arc<Vec<Turn>>, next: Arc<Mutex<usize>>) -> Wrong {
        let mut wrong = Wrong::new();
        loop {
            let turn = {
                let mut next = next.lock().unwrap();
                *next += 1;
                *next - 1
            };
            let (play, outcome) = match turns.get(turn) {
                None => return wrong,
                Some(Turn::One(play)) => (play, self.one(play).await),
                Some(Turn::Wave(wave)) => (&wave.twin, self.wave(wave).await),
            };
            if let Err(outcome) = outcome {
                let protocol = if self.protocol == Protocol::Http1 { "1.1" } else { "2" };
                let way = format!("{}/{} {protocol}", play.policy.name(), play.way);
                wrong.entry((play.family, play.name.clone(), outcome)).or_default().push(way);
            }
        }
    }

    async fn one(&mut self, play: &Play) -> Result<(), String> {
        if let Some(before) = &play.before {
            // What is registered is known where it was registered: one connection is one worker.
            self.connection = None;
            let (reply, seen) = self.exchange(before).await?;
            arrived(before, &reply, &seen).map_err(|outcome| format!("before it: {outcome}"))?;
        }
        let (reply, seen) = self.exchange(&play.request).await?;
        judge(play, &reply, &seen)
    }

    /// One request after the other, then the twin; each that is to stay open has a connection of its own.
    async fn wave(&mut self, wave: &Wave) -> Result<(), String> {
        let mut open = Vec::new();
        for (number, play) in wave.plays.iter().enumerate() {
            let outcome = match wave.open && play.expected == [Verdict::Allow] {
                true => self.begin(&play.request).await.map(|answer| open.push(answer)),
                false => self.one(play).await,
            };
            outcome.map_err(|outcome| format!("{}, request {}: {outcome}", play.name, number + 1))?;
        }
        match wave.open {
            true => self.begin(&wave.twin.request).await.map(drop),
            false => self.one(&wave.twin).await,
        }
    }

    /// Opens a stream.
    async fn begin(&self, request: &Request) -> Result<(Connection, Answer), String> {
        let opened = Connection::open(self.gate, self.protocol).await;
        let mut connection = opened.map_err(|error| format!("{error:#}"))?;
        let begun = connection.begin(request).await;
        let answer = begun.map_err(|error| format!("no stream: {error:#}"))?;
        if answer.status != 200 {
            return Err(format!("came {}", answer.status));
        }
        Ok((connection, answer))
    }

    async fn exchange(&mut self, request: &Request) -> Result<(Reply, Vec<Seen>), String> {
        let id = uuid::Uuid::new_v4().to_string();
        let request = request.clone().with(TEST_ID, &id);
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection::open(self.gate, self.protocol).await.map_err(|error| format!("{error:#}"))?,
        };
        let reply = connection.send(&request).await;
        let seen = self.recorder.take(&id);
        // A connection that broke is replaced at the next.
        let reply = reply.map_err(|error| format!("no answer: {error:#}; {}", told(&seen)))?;
        self.connection = Some(connection);
        Ok((reply, seen))
    }
}

/// Whether one of the verdicts that are expected came.
fn judge(play: &Play, reply: &Reply, seen: &[Seen]) -> Result<(), String> {
    let as_expected = |verdict: &Verdict| match verdict {
        Verdict::Allow => arrived(&play.request, reply, seen),
        Verdict::Refuse(_) => refused(play, verdict, reply, seen),
    };
    if play.expected.iter().any(|verdict| as_expected(verdict).is_ok()) {
        return Ok(());
    }
    let words: Vec<_> = play.expected.iter().map(Verdict::word).collect();
    let why = play.expected.first().map_or(Ok(()), as_expected).err().unwrap_or_default();
    Err(format!("expected {}; {why}", words.join(" or ")))
}

/// It reached the upstream once, whole and byte for byte, and the upstream answered.
fn arrived(request: &Request, reply: &Reply, seen: &[Seen]) -> Result<(), String> {
    let [one] = seen else { return Err(came(reply, seen)) };
    if reply.status != 200 || !one.complete {
        return Err(came(reply, seen));
    }
    let is_same = one.method == request.method && one.path == request.path && one.body == body(request);
    if !is_same {
        return Err(format!("arrived changed: {} {} and {} bytes", one.method, one.path, one.body.len()));
    }
    Ok(())
}

/// It was answered with status and code of the reason, and the upstream saw no more of it than it may.
fn refused(play: &Play, verdict: &Verdict, reply: &Reply, seen: &[Seen]) -> Result<(), String> {
    let Some((status, code)) = verdict.answer() else { return Err("nobody knows this reason".to_owned()) };
    // An answer to HEAD has no body.
    let code_fits = play.request.method == "HEAD" || reply.code().as_deref() == code;
    let is_unseen = match play.trace {
        Trace::Nothing => seen.is_empty(),
        Trace::Part => seen.iter().all(|seen| !seen.complete),
    };
    let is_plain = reply.json().get("data").is_none() && reply.header("x-correlation-id").is_some();
    if reply.status == status && code_fits && is_unseen && is_plain {
        return Ok(());
    }
    Err(came(reply, seen))
}

fn came(reply: &Reply, seen: &[Seen]) -> String {
    let answer = reply.code().unwrap_or_else(|| {
        let text = String::from_utf8_lossy(&reply.body);
        text.chars().filter(|letter| !letter.is_control()).take(60).collect()
    });
    format!("came {} {answer}; {}", reply.status, told(seen))
}

fn told(seen: &[Seen]) -> String {
    match seen {
        [] => "the upstream saw nothing".to_owned(),
        [one] if one.complete => "the upstream saw it".to_owned(),
        [one] => format!("the upstream saw {} bytes of it", one.received),
        many => format!("the upstream saw it {} times", many.len()),
    }
}

fn body(request: &Request) -> Bytes {
    match &request.body {
        Payload::Absent => Bytes::new(),
        Payload::Whole(bytes) => bytes.clone(),
        Payload::Pieces(pieces, _) => Bytes::from(pieces.concat()),
    }
}
