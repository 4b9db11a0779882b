//! The parameter names of GraphQL over HTTP, and the spellings that some servers take for them.

/// The parameters that a GraphQL server may act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parameter {
    Query,
    OperationName,
    Variables,
    Extensions,
    DocumentId,
}

/// The keys by which a server takes the id of a document that it knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IdKeys<'k> {
    /// `documentId`.
    #[default]
    Standard,
    /// These, and no others; ASCII letters, digits, `_` and `-`.
    Named(&'k [String]),
}

impl IdKeys<'_> {
    fn any(self, fits: impl Fn(&str) -> bool) -> bool {
        match self {
            Self::Standard => fits(Parameter::DocumentId.name()),
            Self::Named(keys) => keys.iter().any(|key| fits(key)),
        }
    }
}

impl Parameter {
    /// Those that have one name everywhere.
    const FIXED: [Self; 4] = [Self::Query, Self::OperationName, Self::Variables, Self::Extensions];
    pub(crate) const ALL: [Self; 5] =
        [Self::Query, Self::OperationName, Self::Variables, Self::Extensions, Self::DocumentId];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::OperationName => "operationName",
            Self::Variables => "variables",
            Self::Extensions => "extensions",
            Self::DocumentId => "documentId",
        }
    }
}

/// How a key relates to the parameters of a GraphQL request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// Exactly a parameter.
    Exact(Parameter),
    /// Not a parameter, but one for a decoder that folds case (Go's `encoding/json` does), or the index of a batch for
    /// one that does not tell objects from arrays (PHP).
    Variant,
    /// No parameter for any decoder.
    Unrelated,
}

pub(crate) fn spelling(key: &str, ids: IdKeys<'_>) -> Spelling {
    if let Some(parameter) = Parameter::FIXED.into_iter().find(|parameter| parameter.name() == key) {
        return Spelling::Exact(parameter);
    }
    if ids.any(|name| name == key) {
        return Spelling::Exact(Parameter::DocumentId);
    }
    let is_index = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit());
    let folds = Parameter::FIXED.into_iter().any(|parameter| folds_to(key, parameter.name()))
        || ids.any(|name| folds_to(key, name));
    if folds || is_index { Spelling::Variant } else { Spelling::Unrelated }
}

/// Unicode simple case folding, as far as it reaches ASCII: the long s and the Kelvin sign fold to letters.
pub(crate) fn folds_to(key: &str, name: &str) -> bool {
    let folded = key.chars().map(|letter| match letter {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    });
    folded.eq(name.chars().map(|letter| letter.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(key: &str, expected: Spelling) {
        assert_eq!(spelling(key, IdKeys::Standard), expected, "{key}");
    }

    #[test]
    fn ids_have_the_names_that_they_are_given() {
        let keys = ["id".to_owned(), "doc_id".to_owned()];
        let named = |key: &str| spelling(key, IdKeys::Named(&keys));
        assert_eq!(named("id"), Spelling::Exact(Parameter::DocumentId));
        assert_eq!(named("doc_id"), Spelling::Exact(Parameter::DocumentId));
        assert_eq!((named("ID"), named("Doc_Id")), (Spelling::Variant, Spelling::Variant));
        assert_eq!((named("documentId"), named("docId")), (Spelling::Unrelated, Spelling::Unrelated));
        assert_eq!(named("query"), Spelling::Exact(Parameter::Query));
        assert_eq!(spelling("documentId", IdKeys::Named(&[])), Spelling::Unrelated);
    }

    #[test]
    fn a_parameter_in_another_case_is_a_variant() {
        check("query", Spelling::Exact(Parameter::Query));
        check("operationName", Spelling::Exact(Parameter::OperationName));
        check("QUERY", Spelling::Variant);
        check("operationname", Spelling::Variant);
        check("documentID", Spelling::Variant);
    }

    #[test]
    fn an_index_is_a_variant() {
        check("0", Spelling::Variant);
        check("17", Spelling::Variant);
        check("0x", Spelling::Unrelated);
        check("-1", Spelling::Unrelated);
    }

    #[test]
    fn letters_that_fold_to_ascii_are_variants() {
        check("variable\u{17f}", Spelling::Variant);
        check("exten\u{17f}ions", Spelling::Variant);
        check("\u{212a}uery", Spelling::Unrelated);
    }

    #[test]
    fn other_keys_are_left_alone() {
        check("queryy", Spelling::Unrelated);
        check("", Spelling::Unrelated);
        check("clientMutationId", Spelling::Unrelated);
    }
}
