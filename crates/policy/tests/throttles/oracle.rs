//! Random schedules against buckets in exact fractions.

use crate::*;
use proptest::prelude::*;

/// A rule: capacity, refill, window, whether costs are taken.
type Rule = (u64, u64, u64, bool);

/// A bucket as a fraction: so many parts of a thousandth, as many to one as the window has milliseconds.
struct Fraction {
    rule: Rule,
    parts: i128,
    at: u64,
}

impl Fraction {
    fn full((capacity, refill, window, by_cost): Rule) -> Self {
        let rule = (capacity, refill, window, by_cost);
        Self { rule, parts: i128::from(capacity) * 1_000 * i128::from(window), at: 0 }
    }

    fn wants(&self, cost: u64) -> i128 {
        let units = if self.rule.3 { cost } else { 1 };
        i128::from(units) * 1_000 * i128::from(self.rule.2)
    }

    fn fill(&mut self, at: u64) {
        let (capacity, refill, window, _) = self.rule;
        let inflow = i128::from(at - self.at) * i128::from(refill) * 1_000;
        self.parts = (self.parts + inflow).min(i128::from(capacity) * 1_000 * i128::from(window));
        self.at = at;
    }

    /// Milliseconds until it has enough; nothing when it never has.
    fn wait(&self, cost: u64) -> Option<u64> {
        let (capacity, refill, ..) = self.rule;
        let wanted = self.wants(cost);
        if self.rule.3 && cost > capacity {
            return None;
        }
        let missing = (wanted - self.parts).max(0);
        let inflow = i128::from(refill) * 1_000;
        Some(u64::try_from((missing + inflow - 1) / inflow).unwrap())
    }

    fn spend(&mut self, cost: i128) {
        let (capacity, _, window, _) = self.rule;
        let full = i128::from(capacity) * 1_000 * i128::from(window);
        self.parts = (self.parts - cost).clamp(-10 * full, full);
    }
}

fn rule() -> impl Strategy<Value = Rule> {
    let amount = prop_oneof![1_u64..20, 1_u64..100_000];
    (amount.clone(), amount, prop_oneof![1_u64..10, 1_u64..100_000, Just(86_400_000)], any::<bool>())
}

/// A step: which client, milliseconds since the last, cost, and by what the estimate was wrong.
fn step() -> impl Strategy<Value = (u8, u64, u64, Option<u64>)> {
    let pause = prop_oneof![Just(0_u64), 1_u64..10, 1_u64..2_000, 1_u64..10_000_000];
    let cost = prop_oneof![Just(1_u64), 0_u64..30, 0_u64..200_000];
    (0_u8..3, pause, cost.clone(), prop::option::of(cost))
}

fn text(rules: &[Rule]) -> String {
    let line = |(index, (capacity, refill, window, by_cost)): (usize, &Rule)| {
        let name = ["a", "b", "c"][index];
        let unit = if *by_cost { "cost" } else { "requests" };
        format!(
            "    - {{name: {name}, per: client, unit: {unit}, capacity: {capacity}, refill: {refill}, window_ms: {window}}}\n"
        )
    };
    format!(
        "throttles:\n  tracked_clients: 8\n  rules:\n{}",
        rules.iter().enumerate().map(line).collect::<String>()
    )
}

proptest! {
    #[test]
    fn a_schedule_is_decided_as_fractions_say(
        rules in prop::collection::vec(rule(), 1..4),
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let mut bank = Bank::under(&text(&rules));
        let mut oracle: Vec<Vec<Fraction>> =
            (0..3).map(|_| rules.iter().map(|rule| Fraction::full(*rule)).collect()).collect();
        let mut now = 0;
        for (who, pause, cost, actual) in steps {
            now += pause;
            let address = format!("192.0.2.{who}");
            let own = &mut oracle[usize::from(who)];
            own.iter_mut().for_each(|bucket| bucket.fill(now));
            let waits: Option<Vec<u64>> = own.iter().map(|bucket| bucket.wait(cost)).collect();
            let said = bank.one(&address, cost, now);
            match (waits.map(|waits| waits.into_iter().max().unwrap()), said) {
                (None, Spending::Exceeds { .. }) => (),
                (Some(0), Spending::Passes(taken)) => {
                    for bucket in own.iter_mut() {
                        bucket.spend(bucket.wants(cost));
                    }
                    bank.correct(&taken, &[actual.map(Cost::from_units)], now);
                    let Some(actual) = actual else { continue };
                    for bucket in own.iter_mut().filter(|bucket| bucket.rule.3) {
                        bucket.spend(bucket.wants(actual) - bucket.wants(cost));
                    }
                }
                (Some(wait), Spending::Waits { millis, .. }) => prop_assert_eq!(wait, millis),
                (expected, said) => prop_assert!(false, "expected {:?}, got {:?}", expected, said),
            }
        }
    }
}
