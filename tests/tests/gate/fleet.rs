//! Two Envoys, two analyzers, one PostgreSQL: an analyzer is killed at random, again and again, and nothing is lost or doubled.

use super::{EVIL, HONEST, TETHER, post};
use e2e::{Behind, Fleet, PATIENCE, Wanted};
use portcullis_demo::stack::Analyzer;
use portcullis_demo::wait;
use portcullis_report::Reason;
use std::net::Ipv4Addr;

const ROUNDS: u32 = 3;
const REQUESTS: u64 = 120;
/// By which a run is repeated.
const SEED: &str = "PORTCULLIS_SEED";
/// Far beyond the limits: six of it are two scenarios, which together are worth a block.
const BOMB: &str = r#"{"query":"query Bomb { users(first: 1000000) { posts(first: 1000000) { id } } }"}"#;

/// What comes by chance, the same for the same seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn new() -> Self {
        let seed = std::env::var(SEED).ok().and_then(|seed| seed.parse().ok());
        let seed = seed.unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0);
        eprintln!("{SEED}={seed} repeats this");
        Self(seed)
    }

    fn below(&mut self, end: u64) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % end).unwrap()
    }
}

/// The clients of a fleet: what they sent, and how many of them were refused.
struct Clients {
    fleet: Fleet,
    requests: u64,
    refused: u64,
    strangers: u32,
}

impl Clients {
    /// Sends a request for an address through one of the Envoys; the status.
    async fn send(&mut self, envoy: usize, address: Ipv4Addr, body: &'static str) -> u16 {
        let request = post(body).with("x-forwarded-for", address.to_string());
        let status = self.fleet.gated(envoy, &request).await.reply.status;
        self.requests += 1;
        self.refused += u64::from(status != 200);
        status
    }

    /// An address that nobody had before, in a range of its own, so that nobody is blocked for what others did.
    fn stranger(&mut self) -> Ipv4Addr {
        self.strangers += 1;
        Ipv4Addr::from(0x1400_0001 + (self.strangers << 16))
    }

    /// Waits until an analyzer counts what was sent; more would mean that something was counted twice.
    async fn are_counted(&self, analyzer: usize) {
        let wanted = [("requests", self.requests), ("refused", self.refused), ("incidents", self.refused)];
        let what = format!("{wanted:?} at analyzer {analyzer}");
        wait::until(&what, PATIENCE, async || {
            let page =
                self.fleet.analyzers[analyzer].get("/monitoring/graphql/?window=1h").await.ok()?.json();
            let total = |name: &str| page["totals"][name].as_u64();
            for (name, wanted) in wanted {
                assert!(total(name) <= Some(wanted), "{name} counted twice: {}, not {what}", page["totals"]);
            }
            wanted.iter().all(|(name, wanted)| total(name) == Some(*wanted)).then_some(())
        })
        .await
        .unwrap();
    }
}

/// Waits until an analyzer does everything that only one may do.
async fn leads(analyzer: &Analyzer) {
    wait::until("the survivor to take over", PATIENCE, async || {
        let health = analyzer.get("/monitoring/health/").await.ok()?.json();
        let security = analyzer.get("/monitoring/security/").await.ok()?.json();
        let jobs = health["jobs"].as_array()?.iter().all(|job| job["leads"] == true);
        (jobs && security["engine"]["leads"] == true).then_some(())
    })
    .await
    .unwrap();
}

#[tokio::test]
#[ignore = "needs Envoy and PostgreSQL: cargo xtask e2e"]
async fn an_analyzer_killed_at_random_loses_and_doubles_nothing_and_the_other_goes_on() {
    let mut dice = Dice::new();
    let wanted = Wanted { behind: Behind::Proxy, ..Wanted::default() };
    let fleet = Fleet::start(TETHER, &wanted).await;
    let mut clients = Clients { fleet, requests: 0, refused: 0, strangers: 0 };
    let honest = clients.stranger();
    for _ in 0..ROUNDS {
        let (victim, fuse) = (dice.below(2), dice.below(REQUESTS));
        let survivor = 1 - victim;
        for number in 0..usize::try_from(REQUESTS).unwrap() {
            if number == fuse {
                clients.fleet.analyzers[victim].kill().unwrap();
            }
            let envoy = dice.below(2);
            if dice.below(4) == 0 {
                let stranger = clients.stranger();
                assert_eq!(clients.send(envoy, stranger, EVIL).await, Reason::Introspection.status());
            } else {
                assert_eq!(clients.send(envoy, honest, HONEST).await, 200);
            }
        }
        clients.are_counted(survivor).await;
        leads(&clients.fleet.analyzers[survivor]).await;
        // Whoever attacks one Envoy is blocked at both by the one that is left.
        let (attacker, attacked) = (clients.stranger(), dice.below(2));
        for _ in 0..6 {
            assert_eq!(clients.send(attacked, attacker, BOMB).await, Reason::Cost.status());
        }
        for envoy in 0..clients.fleet.envoys.len() {
            wait::until("the attacker to be blocked", PATIENCE, async || {
                (clients.send(envoy, attacker, HONEST).await == Reason::Blocked.status()).then_some(())
            })
            .await
            .unwrap();
        }
        clients.are_counted(survivor).await;
        clients.fleet.analyzers[victim].resume().await.unwrap();
    }
    for analyzer in 0..clients.fleet.analyzers.len() {
        clients.are_counted(analyzer).await;
    }
    for envoy in &clients.fleet.envoys {
        let metrics = envoy.metrics().await.unwrap();
        for lost in ["portcullis_reports_rejected", "portcullis_reports_incidents_dropped"] {
            assert_eq!(metrics.sum(lost, &[]), 0.0, "{lost}");
        }
    }
}
