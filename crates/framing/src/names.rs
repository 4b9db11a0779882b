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

impl Parameter {
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

pub(crate) fn spelling(key: &str) -> Spelling {
    if let Some(parameter) = Parameter::ALL.into_iter().find(|parameter| parameter.name() == key) {
        return Spelling::Exact(parameter);
    }
    let is_index = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit());
    let folds = Parameter::ALL.into_iter().any(|parameter| folds_to(key, parameter.name()));
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
        assert_eq!(spelling(key), expected, "{key}");
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
