//! Looks clients up among decisions, for a profiler: `cargo bench -p portcullis-policy --bench decisions -- <look-ups> [decisions]`.
//!
//! Half of the decisions are about addresses, a third about ranges that nest, the rest about client keys, IPv4 and IPv6; every
//! other look-up meets one. Under `valgrind --tool=callgrind`, the instructions of a look-up are the difference between two
//! numbers of look-ups, divided by the difference of those.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench is a shell"
)]

use portcullis_policy::decisions::{Book, DecisionSet, MOST_DECISIONS, Page};
use portcullis_policy::{ClientKey, Timestamp};
use portcullis_report::{Action, Cidr, DECISION_VERSION, Decision, DecisionPage, Scope};
use rustix::time::{ClockId, clock_gettime};
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const NOW: Timestamp = Timestamp::from_millis(1);

fn main() {
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let rounds = numbers.first().copied().unwrap_or(2_000_000);
    let decisions = numbers.get(1).copied().unwrap_or(u64::try_from(MOST_DECISIONS).unwrap());
    let started = seconds();
    let set = set(decisions);
    println!("{} decisions, made in {:.0} ms", set.len(), (seconds() - started) * 1e3);
    let started = seconds();
    let mut met = 0_u64;
    for round in 0..rounds {
        let (address, key) = client(if round % 2 == 0 { round % decisions } else { decisions + round });
        met += u64::from(black_box(&set).find(Some(address), key, NOW).is_some());
    }
    let nanos = (seconds() - started) * 1e9 / (rounds.max(1) as f64);
    println!("{nanos:.0} ns a look-up, {met} of {rounds} met a decision");
}

/// Seconds of CPU that this thread has had.
fn seconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Bits that look like chance, and are the same in every run.
fn scattered(number: u64) -> u128 {
    let mixed = (number ^ 0x5bf0_3635).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    u128::from(mixed) << 64 | u128::from(mixed.rotate_left(31).wrapping_mul(0xd6e8_feb8_6659_fd93))
}

fn address(number: u64) -> IpAddr {
    let bits = scattered(number);
    match number % 4 {
        0 => IpAddr::V6(Ipv6Addr::from_bits(bits)),
        _ => IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(bits >> 96).unwrap())),
    }
}

fn client(number: u64) -> (IpAddr, ClientKey) {
    (address(number), ClientKey(scattered(number).to_be_bytes()))
}

fn set(decisions: u64) -> DecisionSet {
    let scope = |number: u64| match number % 6 {
        0..3 => Scope::Ip(address(number)),
        3..5 => {
            let prefix =
                [14, 16, 20, 22, 24, 28].get(usize::try_from(number % 7 % 6).unwrap()).copied().unwrap();
            Scope::Cidr(
                Cidr::around(address(number), prefix + if number.is_multiple_of(4) { 32 } else { 0 })
                    .unwrap(),
            )
        }
        _ => Scope::ClientKey(scattered(number)),
    };
    let decision = |number: u64| Decision {
        id: number + 1,
        action: Action::Block,
        scope: scope(number),
        expires_at_ms: u64::MAX,
        reason: String::new(),
        origin: "import".to_owned(),
    };
    let page = DecisionPage {
        version: DECISION_VERSION,
        revision: 1,
        full: true,
        floor: 0,
        more: false,
        decisions: (0..decisions).map(decision).collect(),
        removed: Vec::new(),
    };
    let mut book = Book::new(1);
    match book.take(&page, NOW) {
        Page::Whole(blobs) => DecisionSet::read(&blobs.base.unwrap(), &blobs.delta).unwrap(),
        Page::Partial => DecisionSet::default(),
    }
}
