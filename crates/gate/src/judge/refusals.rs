//! What went wrong on the way to a verdict, as a reason of the catalogue.

use crate::number::count;
use portcullis_framing::EnvelopeError;
use portcullis_graphql::SyntaxError;
use portcullis_policy::Refusal;
use portcullis_report::Reason;

/// Why a body or a URL is not a GraphQL request.
pub(crate) fn envelope_refusal(error: EnvelopeError) -> Refusal {
    match error {
        EnvelopeError::NotUtf8 { .. } | EnvelopeError::NotJson { .. } => Refusal::because(Reason::Json),
        EnvelopeError::TooDeep { limit } => {
            Refusal { limit: Some(u64::from(limit)), ..Refusal::because(Reason::JsonNesting) }
        }
        EnvelopeError::DuplicateKey
        | EnvelopeError::CaseVariantKey
        | EnvelopeError::TwoDocuments
        | EnvelopeError::PersistedQueryUnclear
        | EnvelopeError::NotUrlEncoded { .. }
        | EnvelopeError::DuplicateParameter { .. }
        | EnvelopeError::VariantParameter
        | EnvelopeError::TooManyPairs { .. }
        | EnvelopeError::Semicolon { .. } => Refusal::because(Reason::Ambiguous),
        EnvelopeError::BatchTooLong { limit, actual } => {
            Refusal::beyond(Reason::BatchLength, count(limit), count(actual))
        }
        EnvelopeError::EmptyBatch
        | EnvelopeError::NotARequest { .. }
        | EnvelopeError::NotAnObject
        | EnvelopeError::WrongType { .. } => Refusal::because(Reason::Envelope),
    }
}

/// Why a text is not a GraphQL document.
pub(super) fn syntax_refusal(error: SyntaxError, query: &str) -> Refusal {
    let within = |reason, limit: u32| Refusal { limit: Some(u64::from(limit)), ..Refusal::because(reason) };
    match error {
        SyntaxError::TooLong { limit } => within(Reason::DocumentSize, limit),
        SyntaxError::TooManyTokens { limit, .. } => within(Reason::Tokens, limit),
        SyntaxError::TooDeep { limit, .. } => within(Reason::Nesting, limit),
        SyntaxError::AnonymousNotAlone { .. } => {
            Refusal { position: Some(error.position(query)), ..Refusal::because(Reason::OperationUnresolved) }
        }
        SyntaxError::Unexpected { .. }
        | SyntaxError::UnexpectedCharacter { .. }
        | SyntaxError::UnterminatedString { .. }
        | SyntaxError::InvalidEscape { .. }
        | SyntaxError::InvalidNumber { .. }
        | SyntaxError::VariableInConstant { .. }
        | SyntaxError::FragmentNamedOn { .. }
        | SyntaxError::MisplacedDescription { .. }
        | SyntaxError::TypeSystemDefinition { .. } => {
            Refusal { position: Some(error.position(query)), ..Refusal::because(Reason::Syntax) }
        }
    }
}
