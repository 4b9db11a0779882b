//! What identity and throttles cost a request, without the host: `cargo bench -p portcullis-policy --bench throttle [-- <case> each <rounds>]`.
//!
//! Sets are full, so every entry reads eight slots. What Envoy's shared data takes comes on top: a load and a store an entry.
//! `control` loads and stores one entry of the first case, and decides nothing. Without arguments all cases run in turns, and
//! the ratios of their CPU time to the control's are printed; `list` prints their names; a case with rounds runs alone, to have
//! its instructions counted.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench is a shell")]

#[path = "../../graphql/benches/shared/race.rs"]
mod race;

use portcullis_cost::Cost;
use portcullis_policy::decisions::Share;
use portcullis_policy::throttles::{
    Buckets, Live, Opening, OperationKey, Places, Seed, Shelf, Spend, Spending, spend,
};
use portcullis_policy::{Client, Evidence, Mode, Policy, Timestamp};
use race::{Contender, race};
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};

/// As many clients as there are places, so that sets are full; each has its turn in a round.
const CLIENTS: u32 = 1_024;

/// Rounds of a turn, and turns, when all cases run.
const ROUNDS: u32 = 8;
const TURNS: u32 = 21;

const RULE: &str = "{name: NAME, per: PER, unit: cost, capacity: 1000000, refill: 1000000, window_ms: 1000}";

/// Each with the scopes of its throttles, where it is these that are asked.
const CASES: [(&str, Work); 8] = [
    ("control", Work::Control),
    ("one per client", Work::Spend(&["client"])),
    ("three per client", Work::Spend(&["client", "client", "client"])),
    ("one per client, one per class", Work::Spend(&["client", "class"])),
    ("one per operation", Work::Spend(&["operation"])),
    ("a stream opens and ends", Work::Stream),
    ("identity by an address", Work::Address),
    ("identity by a header", Work::Header),
];

#[derive(Clone, Copy)]
enum Work {
    /// An entry is loaded, and stored as it is.
    Control,
    /// What an operation costs is taken from throttles of these scopes.
    Spend(&'static [&'static str]),
    /// One is counted, and counted no more.
    Stream,
    /// The client is known by its address.
    Address,
    /// The client is known by the value of a header.
    Header,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["list"] => CASES.iter().for_each(|(name, _)| println!("{name}")),
        [name, _, rounds] => {
            let (_, work) = CASES.iter().find(|(known, _)| known == name).unwrap();
            let mut bench = Bench::of(*work);
            bench.rounds(rounds.parse().unwrap());
            println!("{name}: {CLIENTS} decisions a round");
        }
        _ => compare(),
    }
}

fn compare() {
    let contenders = CASES.map(|(name, work)| {
        let mut bench = Bench::of(work);
        Contender { name, turn: Box::new(move || bench.rounds(ROUNDS)) }
    });
    for ratio in race(&mut Vec::from(contenders), TURNS) {
        let (low, high) = ratio.quartiles;
        let each = ratio.nanoseconds / f64::from(ROUNDS * CLIENTS);
        println!("  {:<38}{:>6.2}x  ({low:.2} to {high:.2})  {each:>6.0} ns", ratio.name, ratio.median);
    }
}

/// One case, with everything that it needs.
struct Bench {
    work: Work,
    policy: Policy,
    shelf: Shelf,
    places: Places,
    live: Live,
    clients: Vec<Client>,
    keys: Vec<String>,
    round: u32,
}

impl Bench {
    /// With every client having been there once.
    fn of(work: Work) -> Self {
        let policy = policy(work);
        let mut shelf = Shelf::default();
        let places = Places::prepare(&policy, Seed([0x5a; 32]), &mut shelf);
        let clients: Vec<Client> = (0..CLIENTS).map(|number| address(&policy, number)).collect();
        let (live, keys) = (Live::new(1), Vec::new());
        let filling = if matches!(work, Work::Control) { Work::Spend(&["client"]) } else { work };
        let mut bench = Self { work: filling, policy, shelf, places, live, clients, keys, round: 0 };
        bench.rounds(1);
        let filled = bench.shelf.entries.iter().filter(|(_, (bytes, _))| !bytes.is_empty());
        let keys = filled.map(|(key, _)| key.clone()).collect();
        Self { work, keys, ..bench }
    }

    fn rounds(&mut self, rounds: u32) {
        for _ in 0..rounds {
            self.round += 1;
            (0..CLIENTS).for_each(|number| self.one(number));
        }
    }

    fn one(&mut self, number: u32) {
        let now = Timestamp::from_millis(u64::from(self.round));
        let Self { policy, shelf, places, live, .. } = self;
        let client = self.clients.get(number as usize).unwrap();
        match self.work {
            Work::Control => {
                let key = self.keys.get(number as usize % self.keys.len()).unwrap();
                let (bytes, version) = shelf.load(black_box(key));
                shelf.store(key, black_box(&bytes), version).unwrap();
            }
            Work::Spend(_) => {
                let operation =
                    OperationKey { name: Some("Products"), shape: Some(7), cost: Cost::from_units(5) };
                let request =
                    Spend { client, operations: &[operation], share: Share::ALL, quota: Mode::Enforce };
                let (said, _) = spend(&policy.throttles, places, request, shelf, now);
                assert!(matches!(black_box(said), Spending::Passes(_)), "there is enough");
            }
            Work::Stream => {
                let (said, _) = live.open(&policy.throttles, places, client, shelf, now);
                let lease = match said {
                    Opening::Opened(lease) => Some(lease),
                    Opening::Full { .. } | Opening::Contended => None,
                };
                black_box(live.close(lease.unwrap(), shelf, now));
            }
            Work::Address => {
                black_box(address(policy, number));
            }
            Work::Header => {
                let value = number.to_le_bytes();
                let header = |_: &str| Some(value.as_slice());
                let evidence = Evidence { header: &header, properties: &[], address: None };
                black_box(policy.clients.identify(&evidence));
            }
        }
    }
}

fn policy(work: Work) -> Policy {
    let rules = |scopes: &[&str]| {
        let rule = |(number, per): (usize, &&str)| {
            RULE.replace("NAME", &format!("r{}", ["a", "b", "c"].get(number).unwrap())).replace("PER", per)
        };
        let rules: Vec<_> = scopes.iter().enumerate().map(rule).collect();
        format!("throttles: {{tracked_clients: {CLIENTS}, rules: [{}]}}", rules.join(", "))
    };
    let text = match work {
        Work::Control => rules(&["client"]),
        Work::Spend(scopes) => rules(scopes),
        Work::Stream => format!(
            "throttles: {{tracked_clients: {CLIENTS}, streams: [{{name: open, per: client, max: 10}}]}}"
        ),
        Work::Address => String::new(),
        Work::Header => "clients: {identity: [{header: x-api-key}]}".to_owned(),
    };
    Policy::parse(&text).unwrap()
}

fn address(policy: &Policy, number: u32) -> Client {
    let address = Some(IpAddr::V4(Ipv4Addr::from_bits(number)));
    policy.clients.identify(&Evidence { header: &|_| None, properties: &[], address })
}
