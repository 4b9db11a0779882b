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
    pub(super) fn put(&mut self, key: Key, number: u32, index: u32) -> Option<()> {
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
    pub(super) fn find(&self, key: Key, number: u32, is_it: impl Fn(u32) -> bool) -> Option<u32> {
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
    fn home(&self, key: Key, number: u32) -> usize {
        let folded = (key.hash(number) >> 32) as usize;
        folded & self.slots.len().wrapping_sub(1)
    }

    #[inline]
    fn after(&self, slot: usize) -> usize {
        slot.wrapping_add(1) & self.slots.len().wrapping_sub(1)
    }
}

/// A name in two words: up to sixteen bytes they are the name, beyond that its ends; with the length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Key {
    first: u64,
    last: u64,
    len: u32,
}

impl Key {
    #[inline]
    pub(super) fn of(name: &[u8]) -> Self {
        let len = u32::try_from(name.len()).unwrap_or(u32::MAX);
        if let (Some(first), Some(last)) = (name.first_chunk::<8>(), name.last_chunk::<8>()) {
            return Self { first: u64::from_le_bytes(*first), last: u64::from_le_bytes(*last), len };
        }
        if let (Some(first), Some(last)) = (name.first_chunk::<4>(), name.last_chunk::<4>()) {
            let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
            return Self { first: u64::from(first), last: u64::from(last), len };
        }
        let first = name.iter().rev().fold(0, |key, byte| key << 8 | u64::from(*byte));
        Self { first, last: 0, len }
    }

    /// Whether names of this key are the same because their keys are.
    #[inline]
    pub(super) fn is_exact(self) -> bool {
        self.len <= 16
    }

    #[inline]
    fn hash(self, number: u32) -> u64 {
        let mixed = (self.first ^ u64::from(number)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        (mixed ^ self.last.rotate_left(29) ^ u64::from(self.len)).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_up_to_sixteen_bytes_have_keys_of_their_own() {
        let base = "abcdefghijklmnop";
        let mut names: Vec<String> = (0..=16).filter_map(|len| base.get(..len)).map(str::to_owned).collect();
        names.extend((1..=16).map(|len| "a".repeat(len)));
        for place in 0..16 {
            let mut changed = base.as_bytes().to_vec();
            *changed.get_mut(place).unwrap() = b'_';
            names.push(String::from_utf8(changed).unwrap());
        }
        names.sort();
        names.dedup();
        for (index, name) in names.iter().enumerate() {
            assert!(Key::of(name.as_bytes()).is_exact());
            let same = names.iter().filter(|other| Key::of(other.as_bytes()) == Key::of(name.as_bytes()));
            assert_eq!(same.count(), 1, "{index} {name}");
        }
        assert!(!Key::of(b"abcdefghijklmnopq").is_exact());
    }

    #[test]
    fn what_was_put_in_is_found_and_nothing_else() {
        let names: Vec<String> = (0..1_000).map(|number| format!("someFieldName{number}")).collect();
        let mut slots = Slots::with_room_for(names.len());
        for (index, name) in (0..).zip(&names) {
            slots.put(Key::of(name.as_bytes()), 7, index).unwrap();
        }
        let find = |name: &str, number| {
            slots.find(Key::of(name.as_bytes()), number, |index| {
                names.get(index as usize).is_some_and(|it| it == name)
            })
        };
        assert!((0..).zip(&names).all(|(index, name)| find(name, 7) == Some(index)));
        assert_eq!(find("someFieldName1000", 7), None);
    }
}
