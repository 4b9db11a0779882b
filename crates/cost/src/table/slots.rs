//! Finds entries by a name and a number: open addressing over indexes, built once when a table is loaded.

use portcullis_graphql::NameKey;

const FREE: u32 = u32::MAX;

/// No entry is further from where it belongs; only tables made for that purpose would have one.
const FARTHEST: usize = 256;

/// Indexes by hash.
#[derive(Debug)]
pub(super) struct Slots {
    /// A power of two of them, at most a quarter in use.
    slots: Vec<u32>,
    /// All bits of a hash but those that choose a slot.
    shift: u32,
}

impl Slots {
    pub(super) fn with_room_for(entries: usize) -> Self {
        let size = entries.saturating_mul(4).max(8).checked_next_power_of_two().unwrap_or(8);
        let shift = u64::BITS.saturating_sub(size.trailing_zeros());
        Self { slots: vec![FREE; size], shift }
    }

    /// Puts an index in; the table was made with room for it. Nothing when too many others want the same place.
    pub(super) fn put(&mut self, key: NameKey, number: u32, index: u32) -> Option<()> {
        let mut slot = self.home(key, number);
        for _ in 0..FARTHEST {
            match self.slots.get_mut(slot) {
                Some(free) if *free == FREE => {
                    *free = index;
                    return Some(());
                }
                _ => slot = self.after(slot),
            }
        }
        None
    }

    /// What `found` makes of the first index it accepts among those of this key and number.
    #[inline]
    pub(super) fn find<T>(&self, key: NameKey, number: u32, found: impl Fn(u32) -> Option<T>) -> Option<T> {
        let mut slot = self.home(key, number);
        for _ in 0..FARTHEST {
            let index = *self.slots.get(slot)?;
            if index == FREE {
                return None;
            }
            if let Some(found) = found(index) {
                return Some(found);
            }
            slot = self.after(slot);
        }
        None
    }

    /// What stands where a key and number belong: an index, or what is none.
    #[inline]
    pub(super) fn first(&self, key: NameKey, number: u32) -> Option<u32> {
        self.slots.get(self.home(key, number)).copied()
    }

    #[inline]
    fn home(&self, key: NameKey, number: u32) -> usize {
        let salt = u64::from(number) << 32;
        key.hash(salt).wrapping_shr(self.shift) as usize
    }

    #[inline]
    fn after(&self, slot: usize) -> usize {
        slot.wrapping_add(1) & self.slots.len().wrapping_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_is_found_and_nothing_else() {
        let names: Vec<String> = (0..1_000).map(|number| format!("someFieldName{number}")).collect();
        let mut slots = Slots::with_room_for(names.len());
        for (index, name) in (0..).zip(&names) {
            slots.put(NameKey::of(name.as_bytes()), 7, index).unwrap();
        }
        let find = |name: &str, number| {
            slots.find(NameKey::of(name.as_bytes()), number, |index| {
                names.get(index as usize).filter(|it| *it == name).map(|_| index)
            })
        };
        assert!((0..).zip(&names).all(|(index, name)| find(name, 7) == Some(index)));
        assert_eq!(find("someFieldName1000", 7), None);
    }
}
