//! Names in two words, for whoever looks them up.

/// A name as two words and its length. Up to sixteen bytes they are the name; of longer ones, its ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NameKey {
    first: u64,
    last: u64,
    len: u32,
}

impl NameKey {
    /// The key of a name.
    #[must_use]
    pub fn of(name: &[u8]) -> Self {
        Self::at(name, 0, u32::try_from(name.len()).unwrap_or(u32::MAX))
    }

    /// The key of the name of `len` bytes at `start`; names have at least one.
    #[inline(always)]
    pub(crate) fn at(source: &[u8], start: u32, len: u32) -> Self {
        let start = start as usize;
        if len <= 8 {
            let unused = 64_u32.wrapping_sub(len.wrapping_mul(8));
            let first = eight(source, start).wrapping_shl(unused);
            return Self { first, last: 0, len };
        }
        let last = start.wrapping_add(len as usize).wrapping_sub(8);
        Self { first: eight(source, start), last: eight(source, last), len }
    }

    /// Whether names of this key are the same because their keys are.
    #[must_use]
    #[inline(always)]
    pub fn is_exact(self) -> bool {
        self.len <= 16
    }

    /// A hash whose upper bits are the better ones. No defence against someone who wants a collision.
    #[must_use]
    #[inline(always)]
    pub fn hash(self, salt: u64) -> u64 {
        (self.first ^ self.last.rotate_left(29) ^ u64::from(self.len) ^ salt)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }
}

/// The eight bytes at a place, zeros past the end.
#[inline(always)]
fn eight(bytes: &[u8], at: usize) -> u64 {
    match bytes.get(at..at.wrapping_add(8)) {
        Some([a, b, c, d, e, f, g, h]) => u64::from_le_bytes([*a, *b, *c, *d, *e, *f, *g, *h]),
        _ => rest(bytes.get(at..).unwrap_or(&[])),
    }
}

#[cold]
fn rest(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, byte| (word << 8) | u64::from(*byte))
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
            assert!(NameKey::of(name.as_bytes()).is_exact());
            let same =
                names.iter().filter(|other| NameKey::of(other.as_bytes()) == NameKey::of(name.as_bytes()));
            assert_eq!(same.count(), 1, "{index} {name}");
        }
        assert!(!NameKey::of(b"abcdefghijklmnopq").is_exact());
    }

    #[test]
    fn a_key_is_the_same_wherever_the_name_stands() {
        for len in 1..=20_u32 {
            let name = "abcdefghijklmnopqrst".get(..len as usize).unwrap();
            for around in ["", "x", "xyz{} @abcdefgh"] {
                let text = format!("{around}{name}{around}");
                let found = NameKey::at(text.as_bytes(), u32::try_from(around.len()).unwrap(), len);
                assert_eq!(found, NameKey::of(name.as_bytes()), "{text}");
            }
        }
    }
}
