//! Finds entries by a name and a number: open addressing over indexes, built once when a table is loaded.

const FREE: u32 = u32::MAX;

/// No entry is further from where it belongs; only tables made for that purpose would have one.
const FARTHEST: usize = 256;

/// Indexes by hash.
#[derive(Debug)]
pub(super) struct Slots {
    /// A power of two of them, at most half in use.
    slots: Vec<u32>,
}

impl Slots {
    pub(super) fn with_room_for(entries: usize) -> Self {
        let size = entries.saturating_mul(2).max(8).checked_next_power_of_two().unwrap_or(8);
        Self { slots: vec![FREE; size] }
    }

    /// Puts an index in; the table was made with room for it. Nothing when too many others want the same place.
    pub(super) fn put(&mut self, key: u64, number: u32, index: u32) -> Option<()> {
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

    /// The index that `is_it` accepts among those of this key and number.
    #[inline]
    pub(super) fn find(&self, key: u64, number: u32, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let mut slot = self.home(key, number);
        for _ in 0..FARTHEST {
            let index = *self.slots.get(slot)?;
            if index == FREE {
                return None;
            }
            if is_it(index) {
                return Some(index);
            }
            slot = self.after(slot);
        }
        None
    }

    #[inline]
    fn home(&self, key: u64, number: u32) -> usize {
        let mixed =
            (key ^ u64::from(number).wrapping_mul(0xA076_1D64_78BD_642F)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let folded = (mixed >> 32) as usize;
        folded & self.slots.len().wrapping_sub(1)
    }

    #[inline]
    fn after(&self, slot: usize) -> usize {
        slot.wrapping_add(1) & self.slots.len().wrapping_sub(1)
    }
}

/// A name in 64 bits: the name itself up to eight bytes, beyond that its ends and its length, mixed.
#[inline]
pub(super) fn key(name: &[u8]) -> u64 {
    if let (Some(first), Some(last)) = (name.first_chunk::<8>(), name.last_chunk::<8>()) {
        if name.len() == 8 {
            return u64::from_le_bytes(*first);
        }
        let mixed = u64::from_le_bytes(*first).wrapping_mul(0xD6E8_FEB8_6659_FD93)
            ^ u64::from_le_bytes(*last).rotate_left(29);
        // The highest bit keeps long names apart from short ones, whose bytes are ASCII.
        return (mixed ^ name.len() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1 << 63;
    }
    if let (Some(first), Some(last)) = (name.first_chunk::<4>(), name.last_chunk::<4>()) {
        let (low, high) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        let unused = 8_u32.wrapping_sub(name.len() as u32 & 7).wrapping_mul(8);
        // The last four bytes overlap the first; the overlap is the same in both.
        return u64::from(low) | (u64::from(high) << 32) >> unused;
    }
    name.iter().rev().fold(0, |key, byte| key << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_their_own_keys() {
        let name = b"abcdefgh";
        for len in 0..=8 {
            let expected = name.iter().take(len).rev().fold(0, |key, byte| key << 8 | u64::from(*byte));
            assert_eq!(key(name.get(..len).unwrap()), expected, "{len}");
        }
    }

    #[test]
    fn what_was_put_in_is_found_and_nothing_else() {
        let names: Vec<String> = (0..1_000).map(|number| format!("someFieldName{number}")).collect();
        let mut slots = Slots::with_room_for(names.len());
        for (index, name) in (0..).zip(&names) {
            slots.put(key(name.as_bytes()), 7, index).unwrap();
        }
        let find = |name: &str, number| {
            slots.find(key(name.as_bytes()), number, |index| {
                names.get(index as usize).is_some_and(|it| it == name)
            })
        };
        assert!((0..).zip(&names).all(|(index, name)| find(name, 7) == Some(index)));
        assert_eq!(find("someFieldName1000", 7), None);
    }
}
