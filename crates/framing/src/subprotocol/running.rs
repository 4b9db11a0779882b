//! The operations that run on a connection, each by its id; every one takes as few bytes, however long its id is.
//!
//! Client and server talk past each other: an end that a server tells may be that of an operation which the client has stopped, and started
//! anew under the same id, in the meantime. So an id is remembered after its operation was stopped, until the server has told its end or
//! has seen the stop; an end that comes before is the earlier one's, and what runs goes on.
//!
//! Servers of the older protocol may tell the end of what was stopped long after they have seen the stop, or never. There the last ids are remembered
//! for longer, and the first end that comes under one of them leaves it open whose it was: what runs is counted on, and its id is free.

use crate::Sha256Hash;

/// Places that are made at once when there is none left; twice as many may be empty.
const STEP: usize = 16;

/// Ids that are remembered although the server has seen that nothing runs under them any more; those of one moment are remembered together.
const REMEMBERED: usize = 128;

/// A moment in what a client has sent to the server; later ones are greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark(pub u32);

/// What stands for an id: the begin of its SHA-256, which nobody finds two ids to share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key([u8; 16]);

impl Key {
    fn of(id: &str) -> Self {
        let hash = Sha256Hash::of(id);
        let (halves, _) = hash.0.as_chunks::<16>();
        Self(halves.first().copied().unwrap_or_default())
    }
}

/// What is known of an id.
#[derive(Debug)]
struct Entry<T> {
    key: Key,
    /// What runs under it; nothing after it was stopped.
    operation: Option<T>,
    /// When the last of those before was stopped.
    stopped: Mark,
    /// Ends of those before that the server may yet tell.
    due: u8,
    standing: Standing,
}

/// How sure it is whose the next end is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// The server has not seen the last stop: the ends that are due come first.
    Unseen,
    /// It has: an end that is due may come, or never.
    Seen,
    /// Then an end came that was perhaps that of what runs.
    Doubtful,
}

/// Operations in the order of their keys.
#[derive(Debug)]
pub(super) struct Running<T>(Vec<Entry<T>>);

impl<T> Default for Running<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Running<T> {
    /// Whether something runs under an id, beyond doubt.
    pub(super) fn has(&self, id: &str) -> bool {
        let is_sure = |entry: &Entry<T>| entry.standing != Standing::Doubtful;
        self.entry(id).is_some_and(|entry| entry.operation.is_some() && is_sure(entry))
    }

    /// What runs under an id.
    pub(super) fn operation(&self, id: &str) -> Option<&T> {
        self.entry(id)?.operation.as_ref()
    }

    /// Whether an end of an earlier operation may come under an id, and it is not known whether the server has seen its stop.
    pub(super) fn owes(&self, id: &str) -> bool {
        self.entry(id).is_some_and(|entry| entry.due > 0 && entry.standing == Standing::Unseen)
    }

    /// Puts an operation under its id; what there was.
    pub(super) fn start(&mut self, id: &str, operation: T, now: Mark) -> Option<T> {
        let key = Key::of(id);
        match self.place(key) {
            Ok(place) => {
                let entry = self.0.get_mut(place)?;
                let before = entry.operation.replace(operation);
                if before.is_some() {
                    entry.owe(now);
                }
                before
            }
            Err(place) => {
                if self.is_full() {
                    self.0.reserve_exact(STEP);
                }
                let (stopped, standing) = (Mark::default(), Standing::Unseen);
                let entry = Entry { key, operation: Some(operation), stopped, due: 0, standing };
                self.0.insert(place, entry);
                None
            }
        }
    }

    /// The client has stopped what runs under an id.
    pub(super) fn stop(&mut self, id: &str, now: Mark) -> Option<T> {
        let place = self.place(Key::of(id)).ok()?;
        let entry = self.0.get_mut(place)?;
        let operation = entry.operation.take()?;
        entry.owe(now);
        Some(operation)
    }

    /// The server has told an end; the operation whose it is, unless it was an earlier one's.
    pub(super) fn end(&mut self, id: &str) -> Option<T> {
        let place = self.place(Key::of(id)).ok()?;
        let entry = self.0.get_mut(place)?;
        if entry.due > 0 {
            entry.due = entry.due.saturating_sub(1);
            if entry.standing == Standing::Seen {
                entry.standing = Standing::Doubtful;
            }
            if entry.due > 0 || entry.operation.is_some() {
                return None;
            }
        }
        let Entry { operation, .. } = self.0.remove(place);
        self.shrink();
        operation
    }

    /// The server has seen all that the client sent before a moment, and what it told of that has been heard: no end is due that it has not told.
    pub(super) fn settle(&mut self, seen: Mark) {
        for entry in self.0.iter_mut().filter(|entry| entry.stopped <= seen) {
            entry.due = 0;
        }
        self.0.retain(|entry| entry.operation.is_some() || entry.due > 0);
        self.shrink();
    }

    /// The same of a server that may tell ends later: the last of the ids that are due one are remembered.
    pub(super) fn settle_late(&mut self, seen: Mark) {
        for entry in self.0.iter_mut().filter(|entry| entry.stopped <= seen && entry.due > 0) {
            if entry.standing == Standing::Unseen {
                entry.standing = Standing::Seen;
            }
        }
        let is_idle = |entry: &Entry<T>| entry.operation.is_none() && entry.standing != Standing::Unseen;
        let mut idle: Vec<Mark> =
            self.0.iter().filter(|entry| is_idle(entry)).map(|entry| entry.stopped).collect();
        idle.sort_unstable();
        if let Some(last) = idle.len().checked_sub(REMEMBERED).and_then(|over| idle.get(over)) {
            self.0.retain(|entry| !is_idle(entry) || entry.stopped >= *last);
            self.shrink();
        }
    }

    /// Operations that run.
    pub(super) fn len(&self) -> usize {
        self.0.iter().filter(|entry| entry.operation.is_some()).count()
    }

    /// Operations that were stopped of which it is not known whether the server has seen that.
    pub(super) fn stopped(&self) -> usize {
        let is_unseen = |entry: &&Entry<T>| entry.operation.is_none() && entry.standing == Standing::Unseen;
        self.0.iter().filter(is_unseen).count()
    }

    pub(super) fn bytes(&self) -> usize {
        self.0.capacity().saturating_mul(size_of::<Entry<T>>())
    }

    pub(super) fn bytes_with_one_more(&self) -> usize {
        let more = if self.is_full() { STEP } else { 0 };
        self.0.capacity().saturating_add(more).saturating_mul(size_of::<Entry<T>>())
    }

    pub(super) fn into_operations(self) -> impl Iterator<Item = T> + use<T> {
        self.0.into_iter().filter_map(|entry| entry.operation)
    }

    fn is_full(&self) -> bool {
        self.0.len() == self.0.capacity()
    }

    fn shrink(&mut self) {
        if self.0.capacity().saturating_sub(self.0.len()) > 2 * STEP {
            self.0.shrink_to(self.0.len().saturating_add(STEP));
        }
    }

    fn entry(&self, id: &str) -> Option<&Entry<T>> {
        self.0.get(self.place(Key::of(id)).ok()?)
    }

    /// Where a key is, or belongs.
    fn place(&self, key: Key) -> Result<usize, usize> {
        self.0.binary_search_by_key(&key, |entry| entry.key)
    }
}

impl<T> Entry<T> {
    /// One more end may come of what no longer counts.
    fn owe(&mut self, now: Mark) {
        self.due = self.due.saturating_add(1);
        (self.stopped, self.standing) = (now, Standing::Unseen);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Mark = Mark(1);

    #[test]
    fn an_id_of_any_length_takes_as_much() {
        let mut running = Running::default();
        for number in 0..STEP {
            let told = running.bytes_with_one_more();
            assert_eq!(running.start(&format!("{number}").repeat(100), number, NOW), None);
            assert_eq!(running.bytes(), told);
        }
        assert_eq!(running.bytes(), STEP * size_of::<Entry<usize>>());
    }

    #[test]
    fn what_has_ended_leaves_little_behind() {
        let mut running = Running::default();
        let most = 1_000;
        (0..most).for_each(|number| assert_eq!(running.start(&number.to_string(), number, NOW), None));
        assert_eq!((running.len(), running.has("7"), running.has("1000")), (most, true, false));
        for number in (0..most).filter(|number| *number != 7) {
            assert_eq!(running.end(&number.to_string()), Some(number));
            assert!(running.bytes() <= (running.len() + 2 * STEP) * size_of::<Entry<usize>>());
        }
        assert_eq!((running.end("8"), running.into_operations().collect::<Vec<_>>()), (None, vec![7]));
    }

    #[test]
    fn an_end_that_was_due_ends_nothing_else() {
        let mut running = Running::default();
        running.start("1", 'a', NOW);
        assert_eq!((running.stop("1", NOW), running.has("1"), running.len()), (Some('a'), false, 0));
        assert_eq!((running.start("1", 'b', NOW), running.has("1"), running.owes("1")), (None, true, true));
        assert_eq!((running.end("1"), running.len(), running.owes("1")), (None, 1, false));
        assert_eq!((running.end("1"), running.len(), running.0.len()), (Some('b'), 0, 0));
        // One takes the place of another where two under an id only count.
        running.start("1", 'a', NOW);
        assert_eq!(
            (running.start("1", 'b', NOW), running.end("1"), running.end("1")),
            (Some('a'), None, Some('b'))
        );
    }

    #[test]
    fn an_end_that_comes_late_ends_nothing_else() {
        let mut running = Running::default();
        running.start("1", 'a', NOW);
        running.stop("1", NOW);
        running.settle_late(NOW);
        assert_eq!((running.owes("1"), running.stopped(), running.start("1", 'b', NOW)), (false, 0, None));
        assert_eq!((running.has("1"), running.end("1"), running.len()), (true, None, 1));
        // It may have been that of `b`: the id is free, and `b` is counted until another end comes or it is replaced.
        assert_eq!(
            (running.has("1"), running.start("1", 'c', Mark(2)), running.len()),
            (false, Some('b'), 1)
        );
        assert_eq!((running.has("1"), running.owes("1")), (true, true));
        assert_eq!((running.end("1"), running.end("1"), running.len()), (None, Some('c'), 0));
    }

    #[test]
    fn the_last_ids_are_remembered_for_longer() {
        let mut running = Running::default();
        for number in 0..1_000_u32 {
            let id = number.to_string();
            running.start(&id, number, Mark(number));
            running.stop(&id, Mark(number));
            running.settle_late(Mark(number));
            assert!(running.0.len() <= REMEMBERED);
        }
        running.start("999", 1, Mark(1_001));
        running.start("0", 0, Mark(1_001));
        assert_eq!((running.end("999"), running.end("0")), (None, Some(0)));
    }

    #[test]
    fn what_the_server_has_seen_stopped_it_ends_no_more() {
        let mut running = Running::default();
        running.start("1", 'a', NOW);
        running.stop("1", NOW);
        running.start("1", 'b', NOW);
        running.start("2", 'c', NOW);
        running.stop("2", Mark(2));
        assert_eq!((running.len(), running.stopped()), (1, 1));
        running.settle(NOW);
        assert_eq!((running.end("1"), running.owes("2"), running.stopped()), (Some('b'), true, 1));
        running.settle(Mark(2));
        assert_eq!((running.owes("2"), running.len(), running.0.len()), (false, 0, 0));
        running.start("1", 'a', NOW);
        running.stop("1", NOW);
        assert_eq!((running.end("1"), running.0.len()), (None, 0));
    }
}
