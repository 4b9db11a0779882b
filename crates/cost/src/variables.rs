//! The variables of a request, reduced to what can change a cost.

/// What a client supplied for a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Supplied<'a> {
    /// An explicit `null`, which is not the same as nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// Anything else that has nothing inside: a float, a text.
    Other,
    /// A list.
    List(Vec<Supplied<'a>>),
    /// An object, sorted by key; make it with [`Supplied::object`].
    Object(Vec<(&'a str, Supplied<'a>)>),
}

impl<'a> Supplied<'a> {
    /// An object of these fields.
    pub fn object<I: IntoIterator<Item = (&'a str, Self)>>(fields: I) -> Self {
        Self::Object(sorted(fields))
    }
}

/// The values supplied with a request, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variables<'a> {
    sorted: Vec<(&'a str, Supplied<'a>)>,
}

impl<'a> Variables<'a> {
    /// The value of a variable; nothing when the client supplied none.
    pub fn get(&self, name: &str) -> Option<&Supplied<'a>> {
        find(&self.sorted, name)
    }

    /// How many values there are, at every depth.
    pub(crate) fn size(&self) -> u64 {
        let mut size = 0_u64;
        let mut inside: Vec<&Supplied<'_>> = self.sorted.iter().map(|(_, value)| value).collect();
        while let Some(value) = inside.pop() {
            size = size.saturating_add(1);
            match value {
                Supplied::Null | Supplied::Bool(_) | Supplied::Int(_) | Supplied::Other => {}
                Supplied::List(values) => inside.extend(values),
                Supplied::Object(fields) => inside.extend(fields.iter().map(|(_, value)| value)),
            }
        }
        size
    }
}

impl<'a> FromIterator<(&'a str, Supplied<'a>)> for Variables<'a> {
    fn from_iter<I: IntoIterator<Item = (&'a str, Supplied<'a>)>>(values: I) -> Self {
        Self { sorted: sorted(values) }
    }
}

/// The value of a key in fields that are sorted by key.
pub(crate) fn find<'s, 'a>(fields: &'s [(&'a str, Supplied<'a>)], name: &str) -> Option<&'s Supplied<'a>> {
    let found = fields.binary_search_by(|(known, _)| (*known).cmp(name)).ok()?;
    fields.get(found).map(|(_, value)| value)
}

fn sorted<'a, I: IntoIterator<Item = (&'a str, Supplied<'a>)>>(values: I) -> Vec<(&'a str, Supplied<'a>)> {
    let mut sorted: Vec<_> = values.into_iter().collect();
    sorted.sort_by_key(|(name, _)| *name);
    sorted
}
