//! Turns of what wants to know the time, such as open sockets, so that no tick of the clock has to do with all of it.

use std::collections::BTreeMap;

/// Ticks in which each has its turn once.
const ROUND: u32 = 10;

/// What wants to know the time, by number.
#[derive(Debug)]
pub struct Turns<T> {
    all: BTreeMap<u32, T>,
    turn: u32,
}

impl<T> Default for Turns<T> {
    fn default() -> Self {
        Self { all: BTreeMap::new(), turn: 0 }
    }
}

impl<T: Clone> Turns<T> {
    /// Takes one in; one of the same number goes.
    pub fn add(&mut self, number: u32, one: T) {
        self.all.insert(number, one);
    }

    /// Forgets one.
    pub fn remove(&mut self, number: u32) {
        self.all.remove(&number);
    }

    /// Those whose turn it is at this tick.
    pub fn due(&mut self) -> Vec<(u32, T)> {
        let turn = self.turn;
        self.turn = turn.saturating_add(1) % ROUND;
        let due = self.all.iter().filter(|(number, _)| *number % ROUND == turn);
        due.map(|(number, one)| (*number, one.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_turn_once_in_a_round() {
        let mut turns = Turns::default();
        (0..25).for_each(|number| turns.add(number, 'a'));
        turns.add(7, 'b');
        turns.remove(13);
        for _ in 0..2 {
            let mut told: Vec<_> = (0..ROUND).flat_map(|_| turns.due()).collect();
            told.sort_unstable();
            assert_eq!(told.len(), 24);
            assert!(told.windows(2).all(|pair| pair[0].0 < pair[1].0), "{told:?}");
            assert!(told.contains(&(7, 'b')));
        }
    }
}
