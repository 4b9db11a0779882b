//! The mask of a client's frames (RFC 6455 §5.3).

/// What the next bytes of a payload are masked with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mask {
    /// The key, turned so that it begins with the byte for the next; zeros mask nothing.
    key: [u8; 4],
}

impl Mask {
    pub(super) fn new(key: [u8; 4]) -> Self {
        Self { key }
    }

    /// Masks bytes, or takes the mask off them, which is the same, and appends them to `out`.
    pub fn apply(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(bytes);
        self.apply_to(out.get_mut(start..).unwrap_or_default());
    }

    pub(super) fn apply_to(&mut self, bytes: &mut [u8]) {
        let (words, rest) = bytes.as_chunks_mut::<4>();
        let key = u32::from_ne_bytes(self.key);
        for word in words {
            *word = (u32::from_ne_bytes(*word) ^ key).to_ne_bytes();
        }
        rest.iter_mut().zip(self.key).for_each(|(byte, key)| *byte ^= key);
        self.skip(rest.len());
    }

    /// The mask for what comes after so many bytes.
    pub(super) fn skip(&mut self, bytes: usize) {
        self.key.rotate_left(bytes % 4);
    }
}
