//! The variables of a request, reduced to what can change a cost.

/// What a client supplied for a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Supplied {
    /// An explicit `null`, which is not the same as nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// Anything else: a float, a text, a list, an object.
    Other,
}

/// The values supplied with a request, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variables<'a> {
    sorted: Vec<(&'a str, Supplied)>,
}

impl<'a> Variables<'a> {
    /// The value of a variable; nothing when the client supplied none.
    pub fn get(&self, name: &str) -> Option<Supplied> {
        let found = self.sorted.binary_search_by(|(known, _)| (*known).cmp(name)).ok()?;
        self.sorted.get(found).map(|(_, value)| *value)
    }
}

impl<'a> FromIterator<(&'a str, Supplied)> for Variables<'a> {
    fn from_iter<I: IntoIterator<Item = (&'a str, Supplied)>>(values: I) -> Self {
        let mut sorted: Vec<_> = values.into_iter().collect();
        sorted.sort_by_key(|(name, _)| *name);
        Self { sorted }
    }
}
