//! A small hash table with open addressing and a budget of steps: what hostile keys cost is bounded, whatever they are.

/// No item.
const NONE: u32 = u32::MAX;

/// What a table finds its items by.
pub(super) trait Keyed {
    /// A hash that is equal for equal items.
    fn key(&self) -> u64;
}

/// Steps taken, and how many may be.
#[derive(Debug, Default)]
pub(super) struct Steps {
    taken: u64,
    budget: u64,
}

impl Steps {
    pub(super) fn of(budget: u64) -> Self {
        Steps { taken: 0, budget }
    }

    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// Takes one more; nothing when there are none left.
    #[inline(always)]
    pub(super) fn take(&mut self) -> Option<()> {
        self.taken = self.taken.saturating_add(1);
        (self.taken <= self.budget).then_some(())
    }
}

/// Items in the order of their coming.
#[derive(Debug)]
pub(super) struct Table<T> {
    items: Vec<T>,
    /// Open addressing over `items`: a power of two of them, at most half in use.
    slots: Vec<u32>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table { items: Vec::new(), slots: Vec::new() }
    }
}

impl<T: Keyed + Copy> Table<T> {
    /// Empties the table, with room for about as many items as are expected.
    pub(super) fn clear(&mut self, expected: u32) {
        let slots = (expected as usize).saturating_mul(2).saturating_add(2).clamp(64, 1 << 16);
        self.items.clear();
        self.slots.clear();
        self.slots.resize(slots.next_power_of_two(), NONE);
    }

    pub(super) fn get(&self, index: u32) -> Option<T> {
        self.items.get(index as usize).copied()
    }

    pub(super) fn get_mut(&mut self, index: u32) -> Option<&mut T> {
        self.items.get_mut(index as usize)
    }

    /// The index of the item that is the same, else of `item`, and whether it is new; nothing when the steps are used up.
    #[inline(always)]
    pub(super) fn find_or_insert(
        &mut self,
        item: T,
        same: impl Fn(&T) -> bool,
        steps: &mut Steps,
    ) -> Option<(u32, bool)> {
        if self.items.len().saturating_mul(2) >= self.slots.len() {
            self.grow();
        }
        let key = item.key();
        let mut slot = self.home(key);
        loop {
            steps.take()?;
            let found = self.slots.get(slot).copied()?;
            match self.items.get(found as usize) {
                None => {
                    let index = u32::try_from(self.items.len()).ok()?;
                    self.items.push(item);
                    *self.slots.get_mut(slot)? = index;
                    return Some((index, true));
                }
                Some(known) if known.key() == key && same(known) => return Some((found, false)),
                Some(_) => slot = self.after(slot),
            }
        }
    }

    #[cold]
    fn grow(&mut self) {
        let size = self.slots.len().saturating_mul(2);
        self.slots.clear();
        self.slots.resize(size, NONE);
        for index in 0..self.items.len() {
            let Some(item) = self.items.get(index) else { return };
            let mut slot = self.home(item.key());
            while self.slots.get(slot).is_some_and(|taken| *taken != NONE) {
                slot = self.after(slot);
            }
            if let (Some(free), Ok(index)) = (self.slots.get_mut(slot), u32::try_from(index)) {
                *free = index;
            }
        }
    }

    fn home(&self, key: u64) -> usize {
        (spread(key) as usize) & self.slots.len().saturating_sub(1)
    }

    fn after(&self, slot: usize) -> usize {
        slot.wrapping_add(1) & self.slots.len().saturating_sub(1)
    }
}

/// 32 bits that depend on all of a key.
#[inline(always)]
pub(super) fn spread(key: u64) -> u32 {
    (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as u32
}
