//! A bounded map whose entries are forgotten: each at its moment, or earlier when there is no room.
//!
//! What would be forgotten first goes first, so a flood of keys that mean little does not push out what means much.

use crate::moment::Moment;
use std::collections::{BTreeMap, BTreeSet};

/// A bounded map of entries that each have a last moment.
#[derive(Clone, Debug)]
pub(crate) struct Tracked<K, V> {
    entries: BTreeMap<K, (Moment, V)>,
    ends: BTreeSet<(Moment, K)>,
    room: usize,
    evicted: u64,
}

impl<K: Ord + Clone, V> Tracked<K, V> {
    pub(crate) fn new(room: usize) -> Self {
        Self { entries: BTreeMap::new(), ends: BTreeSet::new(), room: room.max(1), evicted: 0 }
    }

    /// The same with nothing in it, for as many as there is room then; what was forgotten stays counted.
    pub(crate) fn emptied(&self, room: usize) -> Self {
        Self { evicted: self.evicted, ..Self::new(room) }
    }

    /// An entry that is not over yet.
    pub(crate) fn get(&self, key: &K, at: Moment) -> Option<&V> {
        self.entries.get(key).filter(|(end, _)| *end > at).map(|(_, value)| value)
    }

    /// Takes an entry out, over or not.
    pub(crate) fn take(&mut self, key: &K) -> Option<(Moment, V)> {
        let (end, value) = self.entries.remove(key)?;
        self.ends.remove(&(end, key.clone()));
        Some((end, value))
    }

    /// Puts an entry in; where there is no room, the one that would be over first is forgotten, maybe this one.
    pub(crate) fn put(&mut self, key: K, value: V, end: Moment) {
        if let Some((old, _)) = self.entries.insert(key.clone(), (end, value)) {
            self.ends.remove(&(old, key.clone()));
        }
        self.ends.insert((end, key));
        self.make_room();
    }

    /// Has room for so many from now on; those that would be over first make it.
    pub(crate) fn resize(&mut self, room: usize) {
        self.room = room.max(1);
        self.make_room();
    }

    fn make_room(&mut self) {
        while self.entries.len() > self.room {
            let Some((_, first)) = self.ends.pop_first() else { return };
            self.entries.remove(&first);
            self.evicted = self.evicted.saturating_add(1);
        }
    }

    /// The next entry that is over by then.
    pub(crate) fn pop_over(&mut self, by: Moment) -> Option<(K, V)> {
        if self.ends.first().is_none_or(|(end, _)| *end > by) {
            return None;
        }
        let (_, key) = self.ends.pop_first()?;
        let (_, value) = self.entries.remove(&key)?;
        Some((key, value))
    }

    /// Every entry, in the order of its keys.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.entries.iter().map(|(key, (_, value))| (key, value))
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Entries that were forgotten for want of room.
    pub(crate) fn evicted(&self) -> u64 {
        self.evicted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::from_millis(millis)
    }

    #[test]
    fn what_would_be_over_first_makes_room() {
        let mut tracked = Tracked::new(2);
        tracked.put("long", 1, at(100));
        tracked.put("short", 2, at(10));
        tracked.put("middle", 3, at(50));
        assert_eq!((tracked.get(&"long", at(0)), tracked.get(&"short", at(0))), (Some(&1), None));
        assert_eq!((tracked.len(), tracked.evicted()), (2, 1));
    }

    #[test]
    fn an_entry_is_over_at_its_moment() {
        let mut tracked = Tracked::new(2);
        tracked.put("a", 1, at(10));
        assert_eq!((tracked.get(&"a", at(9)), tracked.get(&"a", at(10))), (Some(&1), None));
        assert_eq!(tracked.pop_over(at(9)), None);
        assert_eq!(tracked.pop_over(at(10)), Some(("a", 1)));
        assert_eq!(tracked.len(), 0);
    }

    #[test]
    fn an_entry_that_is_put_again_has_one_end() {
        let mut tracked = Tracked::new(2);
        tracked.put("a", 1, at(10));
        tracked.put("a", 2, at(20));
        assert_eq!(tracked.pop_over(at(15)), None);
        assert_eq!(tracked.take(&"a"), Some((at(20), 2)));
        assert_eq!(tracked.pop_over(at(99)), None);
    }
}
