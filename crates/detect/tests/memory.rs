//! What a tracked client takes of memory.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, reason = "a test")]

use portcullis_detect::{Moment, Observation, Scenarios, Sentry, Settings};
use std::net::Ipv4Addr;

const CLIENTS: u32 = 50_000;
/// A million clients in 512 MiB.
const GOAL: u64 = 512 * 1024 * 1024 / 1_000_000;

const SCENARIOS: [(&str, &str); 2] = [
    ("one", "name: one\nfilter: [{}]\ntype: trigger\ngroup_by: [client]\nscore: 10"),
    ("two", "name: two\nfilter: [{}]\ntype: trigger\ngroup_by: [client]\nscore: 10"),
];

/// A client that did something in two ways; every third is an authenticated user besides.
fn client(number: u32) -> Observation {
    // Scattered, as addresses are.
    let address = Ipv4Addr::from_bits(number.wrapping_mul(2_654_435_761));
    let user = match number % 3 {
        0 => format!(r#", "client_key": "{number:032x}", "identity": "authenticated""#),
        _ => String::new(),
    };
    let line = format!(r#"{{"at_ms": 1700000000000, "client": "{address}", "reason": "cost"{user}}}"#);
    Observation::parse(&line).unwrap()
}

#[test]
fn a_million_clients_have_room() {
    let now = Moment::from_millis(1_700_000_000_000);
    let mut sentry = Sentry::new(Scenarios::parse(SCENARIOS).unwrap(), Settings::default(), 1);
    let taken = allocation_counter::measure(|| {
        for number in 0..CLIENTS {
            drop(sentry.observe(&client(number), now));
        }
    });
    let bytes = u64::try_from(taken.bytes_current).unwrap() / u64::from(CLIENTS);
    println!("{bytes} bytes a client, of {GOAL}; {} entries of {CLIENTS} clients", sentry.counts().clients);
    assert!(bytes <= GOAL);
}
