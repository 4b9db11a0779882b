//! The parameter names of GraphQL over HTTP, and the spellings that some servers take for them.

/// The parameters that a GraphQL server may act on.
const PARAMETERS: [&str; 5] = ["query", "operationName", "variables", "extensions", "documentId"];

/// How a key relates to the parameters of a GraphQL request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// Exactly a parameter.
    Exact,
    /// Not a parameter, but one for a decoder that folds case (Go's `encoding/json` does).
    Variant,
    /// No parameter for any decoder.
    Unrelated,
}

pub(crate) fn spelling(key: &str) -> Spelling {
    if PARAMETERS.contains(&key) {
        return Spelling::Exact;
    }
    if PARAMETERS.iter().any(|name| folds_to(key, name)) { Spelling::Variant } else { Spelling::Unrelated }
}

/// Unicode simple case folding, as far as it reaches ASCII: the long s and the Kelvin sign fold to letters.
fn folds_to(key: &str, name: &str) -> bool {
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
        check("query", Spelling::Exact);
        check("operationName", Spelling::Exact);
        check("QUERY", Spelling::Variant);
        check("operationname", Spelling::Variant);
        check("documentID", Spelling::Variant);
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
