//! Workers that are at the same buckets at the same time: never one more than the limit, never one that is lost for good.

use crate::*;
use proptest::prelude::*;
use std::cell::{Cell, RefCell};
use std::sync::Mutex;

const CALLS: &str = "
throttles:
  tracked_clients: 8
  rules:
    - {name: calls, per: client, unit: requests, capacity: 500, refill: 1, window_ms: 86400000}
    - {name: all, per: class, unit: requests, capacity: 900, refill: 1, window_ms: 86400000}";

/// Threads that share a shelf, each store a real race.
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

#[test]
fn eight_threads_admit_exactly_the_limit() {
    let Bank { policy, places, host, share: _, quota: _ } = Bank::under(CALLS);
    let shelf = Mutex::new(host);
    let worker = |thread: usize| {
        let client = client(&policy, if thread.is_multiple_of(2) { "192.0.2.1" } else { "192.0.2.2" });
        let mut buckets = Shared(&shelf);
        let (mut passed, mut contended) = (0_usize, 0_usize);
        for _ in 0..400 {
            let request =
                Spend { client: &client, operations: &[costing(1)], share: Share::ALL, quota: Mode::Enforce };
            match spend(&policy.throttles, &places, request, &mut buckets, START).0 {
                Spending::Passes(_) => passed += 1,
                Spending::Contended => contended += 1,
                Spending::Waits { .. } | Spending::Exceeds { .. } => (),
            }
        }
        (passed, contended)
    };
    let found: Vec<(usize, usize)> = std::thread::scope(|scope| {
        let worker = &worker;
        let threads: Vec<_> = (0..8).map(|thread| scope.spawn(move || worker(thread))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let passed: usize = found.iter().map(|(passed, _)| passed).sum();
    let contended: usize = found.iter().map(|(_, contended)| contended).sum();
    // Two clients could have 500 each; the class has 900.
    assert_eq!((passed, contended), (900, 0));
}

/// A worker between whose load and store others do what they are told to, each with others between its own.
struct Interleaved<'i> {
    shelf: &'i RefCell<Host>,
    script: &'i RefCell<Vec<u8>>,
    passed: &'i Cell<usize>,
    bank: (&'i Policy, &'i Places),
    depth: u8,
}

impl Interleaved<'_> {
    fn spend(&mut self, who: u8) {
        let client = client(self.bank.0, if who.is_multiple_of(2) { "192.0.2.1" } else { "192.0.2.2" });
        let request =
            Spend { client: &client, operations: &[costing(1)], share: Share::ALL, quota: Mode::Enforce };
        let (policy, places) = self.bank;
        if let Spending::Passes(_) = spend(&policy.throttles, places, request, self, START).0 {
            self.passed.set(self.passed.get() + 1);
        }
    }
}

impl Buckets for Interleaved<'_> {
    fn load(&mut self, key: &str) -> (Vec<u8>, Option<Version>) {
        let loaded = self.shelf.borrow_mut().load(key);
        let next = if self.depth < 3 { self.script.borrow_mut().pop() } else { None };
        if let Some(who) = next.filter(|who| *who >= 64) {
            Interleaved { depth: self.depth + 1, bank: self.bank, ..*self }.spend(who);
        }
        loaded
    }

    fn store(&mut self, key: &str, bytes: &[u8], version: Option<Version>) -> Result<(), Conflict> {
        self.shelf.borrow_mut().store(key, bytes, version)
    }
}

proptest! {
    #[test]
    fn any_interleaving_admits_no_more_than_the_limit(script in prop::collection::vec(any::<u8>(), 0..300)) {
        let policy = "
throttles:
  tracked_clients: 8
  rules:
    - {name: calls, per: client, unit: requests, capacity: 5, refill: 1, window_ms: 86400000}
    - {name: all, per: class, unit: requests, capacity: 8, refill: 1, window_ms: 86400000}";
        let Bank { policy, places, host, share: _, quota: _ } = Bank::under(policy);
        let (shelf, script, passed) = (RefCell::new(host), RefCell::new(script), Cell::new(0));
        let bank = (&policy, &places);
        let mut worker = Interleaved { shelf: &shelf, script: &script, passed: &passed, bank, depth: 0 };
        (0..40).for_each(|who| worker.spend(who));
        // Alone at the end, so what one gave back while another was denied is had by somebody.
        script.borrow_mut().clear();
        (0..40).for_each(|who| worker.spend(who));
        prop_assert_eq!(passed.get(), 8);
    }
}

/// A host where somebody else always stores first.
struct Busy(Host);

impl Buckets for Busy {
    fn load(&mut self, key: &str) -> (Vec<u8>, Option<Version>) {
        self.0.load(key)
    }

    fn store(&mut self, _: &str, _: &[u8], _: Option<Version>) -> Result<(), Conflict> {
        self.0.stores += 1;
        Err(Conflict)
    }
}

#[test]
fn giving_up_comes_after_a_bounded_number_of_attempts_and_is_noticed() {
    let Bank { policy, places, host, share: _, quota: _ } = Bank::under(CALLS);
    let mut busy = Busy(host);
    let client = client(&policy, "192.0.2.1");
    let request =
        Spend { client: &client, operations: &[costing(1)], share: Share::ALL, quota: Mode::Enforce };
    let (said, noticed) = spend(&policy.throttles, &places, request, &mut busy, START);
    assert_eq!((said, noticed.contended, busy.0.stores), (Spending::Contended, 1, 128));
}
