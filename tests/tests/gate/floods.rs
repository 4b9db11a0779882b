//! Floods on sockets beside an honest one, on the same worker: who floods is cut off, and who does not loses nothing.
//!
//! `cargo xtask bench sockets` prints what the honest one waits for its answers, without and beside floods. Nothing of that is asserted.

use super::own;
use super::sockets::{NEW, graphql, greet, open, subscribe};
use e2e::{PATIENCE, Site, Wanted};
use portcullis_demo::client::{Heard, Knock, Knocked, Message, Protocol, Socket};
use portcullis_demo::stack::Stack;
use portcullis_demo::wait;
use portcullis_report::Reason;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The honest socket stays within the limits; a flood does not. Whoever comes again and again meets `attempts`.
const POLICY: &str = "
websocket:
  graphql: true
  routes: [{path: /echo}]
  limits: {messages_per_second: 250, burst: 250}
  attempts: [{name: knocks, per: client, capacity: 30, refill: 1, window_ms: 3600000}]
";

/// Round trips of the honest socket, without floods and beside them.
const ROUNDS: usize = 400;

/// How often the honest socket sends, at most.
const PACE: Duration = Duration::from_millis(5);

/// Messages of a flood on one socket; it is cut off long before.
const MESSAGES: usize = 4_000;

/// Clients that flood, each from an address of its own.
const FLOODERS: u8 = 6;

/// What a flooding client sends.
#[derive(Clone, Copy)]
enum Kind {
    Texts,
    Pings,
    Operations,
}

/// The gate closed a socket, or it broke off.
#[derive(PartialEq)]
struct Cut;

/// What became of the sockets of all flooding clients.
#[derive(Clone, Copy, Debug, Default)]
struct Fate {
    /// Cut off.
    cut: u32,
    /// Refused at the handshake.
    refused: u32,
}

/// Clients that flood until they are told to stop, in a thread of their own.
struct Floods {
    over: Arc<AtomicBool>,
    thread: JoinHandle<Fate>,
}

impl Floods {
    fn start(gate: SocketAddr) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let is_over = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut clients = tokio::task::JoinSet::new();
                for number in 0..FLOODERS {
                    let kind = [Kind::Texts, Kind::Pings, Kind::Operations][usize::from(number % 3)];
                    clients.spawn(client(
                        gate,
                        kind,
                        Ipv4Addr::new(127, 0, 7, number + 1).into(),
                        Arc::clone(&is_over),
                    ));
                }
                let fates = clients.join_all().await.into_iter();
                fates.fold(Fate::default(), |sum, fate| Fate {
                    cut: sum.cut + fate.cut,
                    refused: sum.refused + fate.refused,
                })
            })
        });
        Self { over, thread }
    }

    fn stop(self) -> Fate {
        self.over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// Floods, is cut off, and comes again.
async fn client(gate: SocketAddr, kind: Kind, from: IpAddr, over: Arc<AtomicBool>) -> Fate {
    let mut fate = Fate::default();
    for turn in 0.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let knock = match kind {
            Kind::Texts | Kind::Pings => Knock::at("/echo"),
            Kind::Operations => graphql(NEW),
        };
        match knock.from(from).send(gate, Protocol::ALL[turn % 2]).await {
            Ok(Knocked::Opened(socket)) => {
                fate.cut += u32::from(flood(*socket, kind).await == Some(Cut));
            }
            Ok(Knocked::Refused(reply)) => {
                assert_eq!(reply.status, Reason::SocketAttempts.status());
                fate.refused += 1;
            }
            // A connection that the machine has no room for is none of the gate's.
            Err(_) => (),
        }
    }
    fate
}

/// Sends as much as it can until the socket is closed; nothing where the machine is so slow that this was no flood.
async fn flood(mut socket: Socket, kind: Kind) -> Option<Cut> {
    if matches!(kind, Kind::Operations) {
        greet(&mut socket).await;
    }
    for number in 0..MESSAGES {
        let message = match kind {
            Kind::Texts => Message::text("flood"),
            Kind::Pings => Message::Ping("flood".into()),
            Kind::Operations => {
                Message::text(subscribe(NEW, &number.to_string(), "{ __schema { types { name } } }"))
            }
        };
        if socket.message(message).await.is_err() {
            return Some(Cut);
        }
    }
    loop {
        match socket.next().await.ok()? {
            Heard::Text(_) | Heard::Binary(_) | Heard::Pong(_) => (),
            Heard::Closed(Some((code, _))) => {
                assert_eq!(code, 1008);
                return Some(Cut);
            }
            Heard::Closed(None) | Heard::Broken => return Some(Cut),
        }
    }
}

/// Sends and awaits, again and again, no faster than it may; how long each answer took.
async fn rounds(socket: &mut Socket, name: &str) -> Vec<Duration> {
    let mut times = Vec::with_capacity(ROUNDS);
    let mut pace = tokio::time::interval(PACE);
    for number in 0..ROUNDS {
        pace.tick().await;
        let text = format!("{name} {number}");
        let started = Instant::now();
        socket.text(text.clone()).await.unwrap();
        assert_eq!(socket.next().await.unwrap(), Heard::Text(text), "in the order in which it was sent");
        times.push(started.elapsed());
    }
    times
}

/// Half of them are faster than the first, all but one in a hundred than the second; then the slowest.
fn say(what: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let at = |hundredth: usize| times[(times.len() - 1) * hundredth / 100];
    eprintln!("{what:<40} p50 {:>8.2?}, p99 {:>8.2?}, max {:>8.2?}", at(50), at(99), at(100));
}

async fn rejected(site: &Site<Box<Stack>>, reason: Reason) -> f64 {
    let label = [("rejection", reason.label())];
    site.envoy.metrics().await.unwrap().sum("portcullis_websocket_rejections", &label)
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn an_honest_socket_loses_nothing_beside_floods() {
    let site = own(&Wanted { policy: POLICY, concurrency: 1, ..Wanted::default() });
    let gate = site.envoy.gated().unwrap();
    for protocol in Protocol::ALL {
        let mut honest = open(&site, protocol, &Knock::at("/echo")).await;
        let mut alone = rounds(&mut honest, "alone").await;
        let [texts, pings] =
            [rejected(&site, Reason::SocketMessages).await, rejected(&site, Reason::SocketControls).await];
        let floods = Floods::start(gate);
        let is_cut = async || {
            let cut = rejected(&site, Reason::SocketMessages).await > texts;
            (cut && rejected(&site, Reason::SocketControls).await > pings).then_some(())
        };
        wait::until("the first to be cut off", PATIENCE, is_cut).await.unwrap();
        let mut beside = rounds(&mut honest, "beside").await;
        let fate = floods.stop();
        assert!(fate.cut > 2, "{fate:?}");
        honest.close().await.unwrap();
        say(&format!("{protocol:?}, alone"), &mut alone);
        say(&format!("{protocol:?}, beside {FLOODERS} floods"), &mut beside);
        eprintln!("{:<40} {} cut off, {} refused", "sockets of the floods", fate.cut, fate.refused);
    }
}
