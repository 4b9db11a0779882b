//! List sizes where a request does not tell them.

/// List sizes where the request does not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Of a list without an assumed size whose slicing arguments have no value; without a schema, also of a connection's entries.
    pub default: u32,
    /// Where the value of a slicing argument is not an integer.
    pub unreadable: u32,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { default: 10, unreadable: 1_000_000 }
    }
}
