//! Headers as the host hands them over: pairs of bytes, values not necessarily text.

/// The headers of one request, in the order in which they came.
#[derive(Clone, Copy, Debug)]
pub struct Headers<'a>(&'a [(String, Vec<u8>)]);

impl<'a> Headers<'a> {
    /// Headers by lower-case name, pseudo-headers included.
    pub fn new(pairs: &'a [(String, Vec<u8>)]) -> Self {
        Self(pairs)
    }

    /// Whether a request asks for a connection of another kind.
    pub fn upgrades(self) -> bool {
        self.all("upgrade").next().is_some()
    }

    /// Every value of a header.
    pub(crate) fn all<'n>(self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        self.0
            .iter()
            .filter(move |(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_slice())
    }

    /// The value of a header that came exactly once.
    pub(crate) fn only(self, name: &str) -> Option<&'a [u8]> {
        let mut all = self.all(name);
        let first = all.next()?;
        all.next().is_none().then_some(first)
    }

    /// Whether a header has another name that is this one for someone who reads `_` as `-`.
    pub(crate) fn has_double(self, name: &'static str) -> bool {
        self.names_like(name).any(|double| double.len() == name.len() && double.contains('_'))
    }

    /// The names that start with a prefix for someone who reads `_` as `-`, as CGI and its heirs do.
    pub(crate) fn names_like(self, prefix: &'static str) -> impl Iterator<Item = &'a str> {
        let starts = move |name: &&str| {
            let folded = name.bytes().map(|byte| if byte == b'_' { b'-' } else { byte.to_ascii_lowercase() });
            name.len() >= prefix.len() && folded.take(prefix.len()).eq(prefix.bytes())
        };
        self.0.iter().map(|(name, _)| name.as_str()).filter(starts)
    }
}
