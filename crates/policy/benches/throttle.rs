//! What identity and throttles cost a request, without the host: `cargo bench -p portcullis-policy --bench throttle`.
//!
//! Sets are full, so every entry reads eight slots. What Envoy's shared data takes comes on top: a load and a store an entry.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench is a shell"
)]

use portcullis_cost::Cost;
use portcullis_policy::decisions::Share;
use portcullis_policy::throttles::{OperationKey, Places, Seed, Shelf, Spend, spend};
use portcullis_policy::{Client, Evidence, Policy, Timestamp};
use rustix::time::{ClockId, clock_gettime};
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};

const ROUNDS: u32 = 200_000;
/// As many clients as there are places, so that sets are full.
const CLIENTS: u32 = 1_024;

const RULE: &str = "{name: NAME, per: PER, unit: cost, capacity: 1000000, refill: 1000000, window_ms: 1000}";

fn main() {
    let rule = |name: &str, per: &str| RULE.replace("NAME", name).replace("PER", per);
    let client = |name| rule(name, "client");
    let cases = [
        ("one throttle per client", vec![client("a")]),
        ("three per client", vec![client("a"), client("b"), client("c")]),
        ("one per client, one per class", vec![client("a"), rule("b", "class")]),
        ("one per operation", vec![rule("a", "operation")]),
    ];
    for (what, rules) in cases {
        let rules = rules.join(", ");
        let policy =
            Policy::parse(&format!("throttles: {{tracked_clients: {CLIENTS}, rules: [{rules}]}}")).unwrap();
        report(what, spending(&policy));
    }
    let policy = Policy::parse("").unwrap();
    report(
        "identity by an address",
        timed(|round| {
            black_box(identify(&policy, round));
        }),
    );
}

fn spending(policy: &Policy) -> f64 {
    let mut shelf = Shelf::default();
    let places = Places::prepare(policy, Seed([0x5a; 32]), &mut shelf);
    let clients: Vec<Client> = (0..CLIENTS).map(|number| identify(policy, number)).collect();
    let operations = [OperationKey { name: Some("Products"), shape: Some(7), cost: Cost::from_units(5) }];
    let mut one = |round: u32, now: u64| {
        let client = clients.get(usize::try_from(round % CLIENTS).unwrap()).unwrap();
        let request = Spend { client, operations: &operations, share: Share::ALL };
        drop(black_box(spend(&policy.throttles, &places, request, &mut shelf, Timestamp::from_millis(now))));
    };
    (0..CLIENTS).for_each(|round| one(round, 0));
    timed(|round| one(round, u64::from(round / 1_000)))
}

fn identify(policy: &Policy, number: u32) -> Client {
    let address = Some(IpAddr::V4(Ipv4Addr::from_bits(number)));
    policy.clients.identify(&Evidence { header: &|_| None, properties: &[], address })
}

/// Nanoseconds of CPU a round.
fn timed(mut work: impl FnMut(u32)) -> f64 {
    let now = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
    };
    let started = now();
    (0..ROUNDS).for_each(&mut work);
    (now() - started) / f64::from(ROUNDS)
}

fn report(what: &str, nanoseconds: f64) {
    println!("{what:32} {nanoseconds:6.0} ns");
}
