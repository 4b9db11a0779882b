//! Streams that are open at once, over workers that know nothing of each other but what is stored.

use crate::*;
use portcullis_policy::throttles::{Lease, Live, Opening};
use std::sync::Mutex;

const LIMITED: &str = "
clients: {classes: [{name: staff, when: [{address: [10.0.0.0/8]}]}]}
throttles:
  tracked_streams: 8
  streams:
    - {name: open, per: client, max: 3}
    - {name: strangers, per: class, max: 5, classes: [anonymous]}";

const A: &str = "192.0.2.1";
const B: &str = "192.0.2.2";

impl Bank {
    fn open(&mut self, live: &mut Live, address: &str, at: u64) -> Opening {
        let client = self.client(address);
        let now = START.later(at);
        live.open(&self.policy.throttles, &self.places, &client, &mut self.host, now).0
    }

    #[track_caller]
    fn opened(&mut self, live: &mut Live, address: &str, at: u64) -> Lease {
        match self.open(live, address, at) {
            Opening::Opened(lease) => lease,
            other => panic!("{other:?}"),
        }
    }

    fn close(&mut self, live: &mut Live, lease: Lease, at: u64) {
        live.close(lease, &mut self.host, START.later(at));
    }
}

const FULL: fn(usize) -> Opening = |limit| Opening::Full { limit };

#[test]
fn a_client_has_as_many_as_its_limit_over_all_workers() {
    let mut bank = Bank::under(LIMITED);
    let (mut one, mut other) = (Live::new(1), Live::new(2));
    let first = bank.opened(&mut one, A, 0);
    bank.opened(&mut other, A, 0);
    bank.opened(&mut one, A, 0);
    assert_eq!(bank.open(&mut one, A, 0), FULL(0));
    assert_eq!(bank.open(&mut other, A, 0), FULL(0));
    bank.close(&mut one, first, 0);
    bank.opened(&mut other, A, 0);
    assert_eq!(bank.open(&mut one, A, 0), FULL(0));
}

#[test]
fn a_class_that_is_full_leaves_its_client_as_it_was() {
    let mut bank = Bank::under(LIMITED);
    let mut live = Live::new(1);
    let leases: Vec<Lease> = [A, A, B, B, B].map(|address| bank.opened(&mut live, address, 0)).into();
    for _ in 0..10 {
        assert_eq!(bank.open(&mut live, A, 0), FULL(1));
    }
    // Those of another class are not of this one.
    bank.opened(&mut live, "10.0.0.1", 0);
    bank.close(&mut live, leases[4].clone(), 0);
    bank.opened(&mut live, A, 0);
    assert_eq!(bank.open(&mut live, A, 0), FULL(0));
}

#[test]
fn what_a_worker_had_that_has_ended_is_forgotten_and_what_is_renewed_is_not() {
    let mut bank = Bank::under(LIMITED);
    let (mut ended, mut working) = (Live::new(1), Live::new(2));
    bank.opened(&mut ended, A, 0);
    bank.opened(&mut ended, A, 0);
    bank.opened(&mut working, A, 0);
    for second in 1..=60 {
        working.renew(&mut bank.host, START.later(second * 1_000));
    }
    assert_eq!(bank.open(&mut working, A, 60_000), FULL(0));
    let lease = bank.opened(&mut working, A, 60_001);
    bank.opened(&mut working, A, 60_001);
    assert_eq!(bank.open(&mut working, A, 60_001), FULL(0));
    bank.close(&mut working, lease, 60_001);
    bank.opened(&mut Live::new(3), A, 60_001);
}

#[test]
fn leases_are_renewed_every_ten_seconds_and_not_more_often() {
    let mut bank = Bank::under(LIMITED);
    let mut live = Live::new(1);
    bank.opened(&mut live, "10.0.0.1", 0);
    let mut stores = |at: u64| {
        let before = bank.host.stores;
        live.renew(&mut bank.host, START.later(at));
        bank.host.stores - before
    };
    assert_eq!([stores(9_999), stores(10_000), stores(10_100), stores(20_000)], [0, 1, 0, 1]);
}

#[test]
fn clients_without_a_place_share_one_count_of_their_class() {
    let policy = "throttles: {tracked_streams: 8, streams: [{name: open, per: client, max: 2}]}";
    let mut bank = Bank::under(policy);
    let mut live = Live::new(1);
    let mut open = |number: u8| {
        let opening = bank.open(&mut live, &format!("192.0.2.{number}"), 0);
        matches!(opening, Opening::Opened(_))
    };
    assert_eq!((0..100).filter(|number| open(*number)).count(), 8 + 2);
}

#[test]
fn a_hundred_workers_are_told_apart() {
    let policy = "throttles: {tracked_streams: 8, streams: [{name: open, per: class, max: 101}]}";
    let mut bank = Bank::under(policy);
    let mut workers: Vec<Live> = (0..100).map(Live::new).collect();
    for live in &mut workers {
        bank.opened(live, A, 0);
    }
    bank.opened(&mut workers[0], A, 0);
    assert_eq!(bank.open(&mut workers[1], A, 0), FULL(0));
}

#[test]
fn nothing_is_asked_where_no_limit_applies() {
    let mut bank = Bank::under("");
    let lease = bank.opened(&mut Live::new(1), A, 0);
    assert_eq!((lease, bank.host.stores), (Lease::default(), 0));
}

#[test]
fn eight_threads_never_have_more_open_than_the_limit() {
    struct Shared<'s>(&'s Mutex<Host>);
    impl Buckets for Shared<'_> {
        fn load(&mut self, key: &str) -> (Vec<u8>, Option<Version>) {
            let loaded = self.0.lock().unwrap().load(key);
            std::thread::yield_now();
            loaded
        }
        fn store(&mut self, key: &str, bytes: &[u8], version: Option<Version>) -> Result<(), Conflict> {
            self.0.lock().unwrap().store(key, bytes, version)
        }
    }
    let Bank { policy, places, host, share: _, quota: _ } = Bank::under(LIMITED);
    let host = Mutex::new(host);
    let worker = |thread: u32| {
        let mut live = Live::new(thread);
        let client = client(&policy, &format!("192.0.2.{}", thread % 2));
        let mut held = Vec::new();
        for round in 0..200 {
            match live.open(&policy.throttles, &places, &client, &mut Shared(&host), START).0 {
                Opening::Opened(lease) if round < 199 => {
                    live.close(lease, &mut Shared(&host), START);
                }
                Opening::Opened(lease) => held.push(lease),
                Opening::Full { .. } | Opening::Contended => (),
            }
        }
        // All that could be had at the end.
        while let Opening::Opened(lease) =
            live.open(&policy.throttles, &places, &client, &mut Shared(&host), START).0
        {
            held.push(lease);
        }
        held.len()
    };
    let open: usize = std::thread::scope(|scope| {
        let worker = &worker;
        let threads: Vec<_> = (0..8).map(|thread| scope.spawn(move || worker(thread))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert!(open <= 5, "{open}");
}
