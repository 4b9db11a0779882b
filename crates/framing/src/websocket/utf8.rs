//! Whether a text is UTF-8 that comes in pieces: each byte is taken or not, without what follows it.

const HIGHS: u64 = 0x8080_8080_8080_8080;

/// What may follow of a text.
#[derive(Clone, Copy, Debug, Default)]
pub struct Utf8 {
    /// Bytes that the character at hand lacks.
    missing: u8,
    /// The lowest and the highest that the next of them may be (Unicode §3.9, table 3-7).
    least: u8,
    most: u8,
}

impl Utf8 {
    /// Takes bytes up to the first that cannot stand there; how many.
    pub fn feed(&mut self, bytes: &[u8]) -> usize {
        let mut taken: usize = 0;
        while let Some(byte) = bytes.get(taken) {
            if self.missing == 0 && byte.is_ascii() {
                let rest = bytes.get(taken..).unwrap_or_default();
                taken = taken.saturating_add(ascii(rest));
                continue;
            }
            if !self.take(*byte) {
                break;
            }
            taken = taken.saturating_add(1);
        }
        taken
    }

    /// Whether no character is cut short.
    pub fn is_whole(self) -> bool {
        self.missing == 0
    }

    fn take(&mut self, byte: u8) -> bool {
        if self.missing > 0 {
            let fits = (self.least..=self.most).contains(&byte);
            if fits {
                *self = Self { missing: self.missing.saturating_sub(1), least: 0x80, most: 0xbf };
            }
            return fits;
        }
        let (missing, least, most) = match byte {
            0..=0x7f => (0, 0x80, 0xbf),
            0xc2..=0xdf => (1, 0x80, 0xbf),
            0xe0 => (2, 0xa0, 0xbf),
            0xe1..=0xec | 0xee | 0xef => (2, 0x80, 0xbf),
            0xed => (2, 0x80, 0x9f),
            0xf0 => (3, 0x90, 0xbf),
            0xf1..=0xf3 => (3, 0x80, 0xbf),
            0xf4 => (3, 0x80, 0x8f),
            0x80..=0xc1 | 0xf5..=0xff => return false,
        };
        *self = Self { missing, least, most };
        true
    }
}

/// How many bytes come before the first that is not ASCII.
fn ascii(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    let plain = words.iter().take_while(|word| u64::from_le_bytes(**word) & HIGHS == 0).count();
    let before = plain.saturating_mul(8);
    let next = words.get(plain).map_or(rest, |word| word.as_slice());
    before.saturating_add(next.iter().take_while(|byte| byte.is_ascii()).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8]) {
        let mut utf8 = Utf8::default();
        let taken = utf8.feed(bytes);
        let whole = taken == bytes.len() && utf8.is_whole();
        assert_eq!(whole, std::str::from_utf8(bytes).is_ok(), "{bytes:x?}");
        let could_go_on = std::str::from_utf8(bytes).err().is_none_or(|error| error.error_len().is_none());
        assert_eq!(taken == bytes.len(), could_go_on, "{bytes:x?}");
        let mut single = Utf8::default();
        let one_by_one = bytes.iter().take_while(|byte| single.feed(std::slice::from_ref(byte)) == 1).count();
        assert_eq!(one_by_one, taken, "{bytes:x?}");
    }

    #[test]
    fn every_beginning_is_what_the_standard_library_says() {
        for first in 0..=u8::MAX {
            check(&[first]);
            for second in 0..=u8::MAX {
                check(&[first, second]);
                for rest in
                    [&[0x7f][..], &[0x80], &[0xbf], &[0xc0], &[0x80, 0x80], &[0x80, 0x41], &[0xbf, 0xc2]]
                {
                    check(&[&[first, second], rest].concat());
                }
            }
        }
    }

    #[test]
    fn a_run_of_ascii_ends_anywhere() {
        for before in 0..20 {
            check(&[&vec![b'a'; before][..], "é€😀".as_bytes(), b"0123456789"].concat());
            check(&[&vec![b'a'; before][..], &[0xff], b"0123456789"].concat());
        }
    }
}
