//! The parameters of a GraphQL `GET`: URL-encoded, `variables` and `extensions` as JSON texts.
//!
//! Frameworks take the first, the last or all of equal names, and differ in what they split and decode; whatever
//! would be read differently is refused. Names that are no parameter of GraphQL are ignored.

use crate::envelope::{EnvelopeError, Request, syntax};
use crate::json::{Json, Nesting, Reader};
use crate::names::{IdKeys, Parameter, Spelling};
use crate::percent::form_decoded;
use crate::query_string::{chooses_operations, read_as, split};
use std::borrow::Cow;

/// Pairs of a query string, empty ones included; some frameworks read a thousand and no more.
const PAIRS: usize = 100;

/// The decoded parameters of a query string.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// Each parameter at most once, in the order of the query string.
    given: Vec<(Parameter, String)>,
}

impl Parameters {
    /// Reads a query string, the text after `?`.
    ///
    /// # Errors
    /// `NotUrlEncoded`, `DuplicateParameter`, `VariantParameter`, `Semicolon`, `TooManyPairs`.
    pub fn read(query_string: &[u8]) -> Result<Self, EnvelopeError> {
        Self::read_by(query_string, IdKeys::Standard)
    }

    /// Reads a query string in which ids of documents have these keys.
    ///
    /// # Errors
    /// Those of [`Parameters::read`].
    pub fn read_by(query_string: &[u8], ids: IdKeys<'_>) -> Result<Self, EnvelopeError> {
        // A parser of URLs ends the query there; one of request lines may not.
        if let Some(at) = query_string.iter().position(|byte| *byte == b'#') {
            return Err(EnvelopeError::NotUrlEncoded { at });
        }
        // Frameworks drop, without a word, what comes after so many.
        if query_string.iter().filter(|byte| **byte == b'&').count() >= PAIRS {
            return Err(EnvelopeError::TooManyPairs { limit: PAIRS });
        }
        let mut parameters = Self::default();
        let mut start: usize = 0;
        for pair in query_string.split(|byte| *byte == b'&') {
            let fault = |error| at(error, start);
            if let Some((parameter, text)) = parameter(pair, ids).map_err(fault)? {
                parameters.give(parameter, text)?;
            }
            start = start.saturating_add(pair.len()).saturating_add(1);
        }
        // Some servers split there, some undo HTML's entities: what is no parameter here may be one there.
        match query_string.iter().position(|byte| *byte == b';') {
            Some(at) if !parameters.given.is_empty() => Err(EnvelopeError::Semicolon { at }),
            Some(_) | None => Ok(parameters),
        }
    }

    /// The request that the parameters make up.
    ///
    /// `variables` and `extensions` are as deep in the request as in a body; an empty text there is absent, as is
    /// `null`: servers take it for that, or refuse it. Line and column of `NotJson` are those in the parameter's text.
    ///
    /// # Errors
    /// As [`read`](crate::read) of a body.
    pub fn request(&self, nesting: Nesting) -> Result<Request<'_>, EnvelopeError> {
        let mut request = Request::default();
        for (parameter, text) in &self.given {
            let value = match parameter {
                Parameter::Query | Parameter::OperationName | Parameter::DocumentId => {
                    Json::Text(Cow::Borrowed(text))
                }
                Parameter::Variables | Parameter::Extensions => json(text, nesting)?,
            };
            request.set(*parameter, value)?;
        }
        request.whole()
    }

    fn give(&mut self, parameter: Parameter, text: String) -> Result<(), EnvelopeError> {
        if self.given.iter().any(|(given, _)| *given == parameter) {
            return Err(EnvelopeError::DuplicateParameter { name: parameter.name() });
        }
        self.given.push((parameter, text));
        Ok(())
    }
}

/// The parameter of a pair with its decoded text; offsets in errors are those in the pair.
fn parameter(pair: &[u8], ids: IdKeys<'_>) -> Result<Option<(Parameter, String)>, EnvelopeError> {
    let (name, value) = split(pair);
    if chooses_operations(name) {
        return Err(EnvelopeError::VariantParameter);
    }
    let semicolon = || pair.iter().position(|byte| *byte == b';').unwrap_or_default();
    match read_as(name, ids) {
        // A document cut short is another document.
        Spelling::Exact(_) if value.contains(&b';') => Err(EnvelopeError::Semicolon { at: semicolon() }),
        Spelling::Exact(parameter) => {
            let text = form_decoded(value).map_err(|offset| EnvelopeError::NotUrlEncoded {
                at: name.len().saturating_add(1).saturating_add(offset),
            })?;
            Ok(Some((parameter, text)))
        }
        Spelling::Variant => Err(EnvelopeError::VariantParameter),
        Spelling::Unrelated => {
            let mut pieces = pair.split(|byte| *byte == b';');
            if pieces.any(|piece| read_as(split(piece).0, ids) != Spelling::Unrelated) {
                return Err(EnvelopeError::Semicolon { at: semicolon() });
            }
            Ok(None)
        }
    }
}

/// The error of a pair, placed in the query string.
fn at(error: EnvelopeError, start: usize) -> EnvelopeError {
    if let EnvelopeError::NotUrlEncoded { at } = error {
        return EnvelopeError::NotUrlEncoded { at: at.saturating_add(start) };
    }
    if let EnvelopeError::Semicolon { at } = error {
        return EnvelopeError::Semicolon { at: at.saturating_add(start) };
    }
    error
}

fn json(text: &str, nesting: Nesting) -> Result<Json<'_>, EnvelopeError> {
    if text.is_empty() {
        return Ok(Json::Null);
    }
    let mut reader = Reader::inside_object(text, nesting);
    let value = reader.value().and_then(|value| reader.end().map(|()| value));
    value.map_err(|fault| syntax(fault, text, nesting))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NESTING: Nesting = Nesting(8);

    #[track_caller]
    fn query(query_string: &str) -> String {
        let parameters = Parameters::read(query_string.as_bytes()).expect(query_string);
        parameters.request(NESTING).expect(query_string).query.unwrap_or_default().into_owned()
    }

    #[track_caller]
    fn refused(query_string: &str, expected: EnvelopeError) {
        let outcome = Parameters::read(query_string.as_bytes())
            .and_then(|parameters| parameters.request(NESTING).map(|_| ()));
        assert_eq!(outcome, Err(expected), "{query_string}");
    }

    #[test]
    fn a_request_is_read() {
        let text = "operationName=A&query=query+A%20%7Ba%7D&variables=%7B%22n%22:3%7D&extensions=%7B%7D&v=7";
        let parameters = Parameters::read(text.as_bytes()).unwrap();
        let request = parameters.request(NESTING).unwrap();
        assert_eq!(request.query.as_deref(), Some("query A {a}"));
        assert_eq!(request.operation_name.as_deref(), Some("A"));
        assert_eq!(request.variables.unwrap().get("n"), Some(&Json::Int(3)));
        assert_eq!(request.extensions.unwrap().entries().count(), 0);
        assert_eq!(query("%71uery={a=b}"), "{a=b}");
        assert_eq!(query("&&query={a}&"), "{a}");
    }

    #[test]
    fn a_document_may_be_known_by_its_id() {
        let parameters = Parameters::read(b"documentId=sha256:00").unwrap();
        assert_eq!(parameters.request(NESTING).unwrap().document_id.as_deref(), Some("sha256:00"));
        refused("documentId=a&query={b}", EnvelopeError::TwoDocuments);
        refused("documentId=a&query=", EnvelopeError::TwoDocuments);
    }

    #[test]
    fn an_id_has_the_keys_that_it_is_given() {
        let keys = ["id".to_owned(), "doc_id".to_owned()];
        let read = |text: &str| Parameters::read_by(text.as_bytes(), IdKeys::Named(&keys));
        for text in ["id=a", "doc_id=a", "x=1&%69d=a", "documentId=b&id=a"] {
            let parameters = read(text).unwrap();
            assert_eq!(parameters.request(NESTING).unwrap().document_id.as_deref(), Some("a"), "{text}");
        }
        let twice = EnvelopeError::DuplicateParameter { name: "documentId" };
        assert_eq!(read("id=a&doc_id=a"), Err(twice));
        let beside = read("id=a&query={b}").unwrap();
        assert_eq!(beside.request(NESTING).unwrap_err(), EnvelopeError::TwoDocuments);
        // The last three are `doc_id` to PHP.
        for variant in ["ID", "id[]", "+id", "Doc_Id", "doc.id", "doc+id", "+doc[id"] {
            assert_eq!(read(&format!("{variant}=a")), Err(EnvelopeError::VariantParameter), "{variant}");
        }
        assert_eq!(read("docid=a&ids=b&doc-id=c"), Ok(Parameters::default()));
    }

    #[test]
    fn an_empty_text_is_no_json_and_absent() {
        let parameters = Parameters::read(b"query={a}&variables=&extensions=null&operationName=").unwrap();
        let request = parameters.request(NESTING).unwrap();
        assert_eq!((request.variables, request.extensions), (None, None));
        assert_eq!(request.operation_name.as_deref(), Some(""));
    }

    #[test]
    fn what_two_servers_read_differently_is_refused() {
        refused("query=ok&query=evil", EnvelopeError::DuplicateParameter { name: "query" });
        refused("query=ok&query=ok", EnvelopeError::DuplicateParameter { name: "query" });
        refused("query=ok&%71uery=evil", EnvelopeError::DuplicateParameter { name: "query" });
        refused("variables={}&variables", EnvelopeError::DuplicateParameter { name: "variables" });
        for variant in
            ["QUERY", "query[]", "query%5b0%5D", "+query", "%20query", "query%00", "query.x", "operationname"]
        {
            refused(&format!("query=ok&{variant}=evil"), EnvelopeError::VariantParameter);
        }
        refused("a=b&query=ok;x", EnvelopeError::Semicolon { at: 12 });
        refused("a=b;query=evil", EnvelopeError::Semicolon { at: 3 });
        refused("a=b&c;QUERY=evil", EnvelopeError::Semicolon { at: 5 });
        refused("query=ok&variables={\"n\":1,\"n\":2}", EnvelopeError::DuplicateKey);
        refused("query={a}&a=b;c=d", EnvelopeError::Semicolon { at: 13 });
        refused("query={a}&batchOperations=[A,A]", EnvelopeError::VariantParameter);
    }

    #[test]
    fn the_number_of_pairs_is_limited() {
        let pairs = |number: usize| format!("query={{a}}{}", "&a".repeat(number - 1));
        assert_eq!(query(&pairs(99)), "{a}");
        assert_eq!(query(&pairs(100)), "{a}");
        refused(&pairs(101), EnvelopeError::TooManyPairs { limit: 100 });
    }

    #[test]
    fn what_is_decoded_differently_is_refused() {
        refused("a=1&query=%7", EnvelopeError::NotUrlEncoded { at: 10 });
        refused("query=%zz", EnvelopeError::NotUrlEncoded { at: 6 });
        refused("query=a%ff", EnvelopeError::NotUrlEncoded { at: 7 });
        refused("query={a}#b", EnvelopeError::NotUrlEncoded { at: 9 });
        refused("a=#&query={a}", EnvelopeError::NotUrlEncoded { at: 2 });
        refused("query={\u{e9}}", EnvelopeError::NotUrlEncoded { at: 7 });
        assert_eq!(query("query={a}&x=%zz&%=%ff"), "{a}");
    }

    #[test]
    fn variables_are_read_as_in_a_body() {
        refused("variables={", EnvelopeError::NotJson { line: 1, column: 2 });
        refused("variables={}{}", EnvelopeError::NotJson { line: 1, column: 3 });
        refused("variables=+", EnvelopeError::NotJson { line: 1, column: 2 });
        let wrong = EnvelopeError::WrongType { name: "variables", expected: "an object" };
        refused("variables=[]", wrong);
        refused("variables=\"{}\"", wrong);
        let nested = |depth: usize| format!("variables={{\"v\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(query(&nested(5)), "");
        assert_eq!(query(&nested(6)), "");
        refused(&nested(7), EnvelopeError::TooDeep { limit: 8 });
    }
}
