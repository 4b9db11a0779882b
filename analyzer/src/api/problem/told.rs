//! What the document says of problems: the answers that a caller may get in place of the one that was asked for.

use super::{Details, Problem};
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use std::collections::BTreeMap;
use utoipa::openapi::schema::Type;
use utoipa::openapi::{Content, Header, ObjectBuilder, Ref, RefOr, Response, ResponseBuilder, Schema};
use utoipa::{IntoResponses, PartialSchema as _, ToSchema as _};

/// The problems that one operation has of its own.
macro_rules! told {
    ($(#[$doc:meta])* $name:ident: $($problem:expr),+) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                answers(&[$($problem),+])
            }
        }
    };
}

told!(
    /// There is no such thing.
    Nothing: Problem::NotFound
);
told!(
    /// What was sent are no decisions, or too many.
    NoDecisions: Problem::NotDecisions("…".to_owned()), Problem::TooManyDecisions
);
told!(
    /// What was sent are no series, or too many.
    NoSeries: Problem::NotSeries("…".to_owned()), Problem::TooManySeries
);
told!(
    /// What was sent is no report.
    NoReport: Problem::NotReport("…".to_owned())
);
told!(
    /// There is no configuration that could be read again, or it is wrong.
    NoReload: Problem::NoConfiguration, Problem::Configuration("…".to_owned())
);

/// The caller has the answer already: what it named in `If-None-Match` is its tag.
#[derive(Debug)]
pub(crate) struct Unchanged;

impl IntoResponses for Unchanged {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let response = ResponseBuilder::new()
            .description("The answer is the one that was named in `If-None-Match`.")
            .header("ETag", text_header())
            .build();
        BTreeMap::from([(StatusCode::NOT_MODIFIED.as_str().to_owned(), response.into())])
    }
}

/// The answers of these problems, by status.
pub(crate) fn answers(problems: &[Problem]) -> BTreeMap<String, RefOr<Response>> {
    let mut answers: BTreeMap<String, Response> = BTreeMap::new();
    for problem in problems {
        let text = problem.to_string();
        let response = problem.clone().into_response();
        let answer = answers.entry(response.status().as_str().to_owned()).or_insert_with(|| {
            let schema = Ref::from_schema_name(Details::name());
            let content = Content::new(Some(RefOr::<Schema>::Ref(schema)));
            ResponseBuilder::new().content("application/problem+json", content).build()
        });
        if !answer.description.is_empty() {
            answer.description.push(' ');
        }
        answer.description.push_str(&text);
        for name in [axum::http::header::RETRY_AFTER, axum::http::header::WWW_AUTHENTICATE] {
            if response.headers().contains_key(&name) {
                answer.headers.insert(title(name.as_str()), text_header().into());
            }
        }
    }
    answers.into_iter().map(|(status, answer)| (status, answer.into())).collect()
}

/// The schema of every problem, and its name.
pub(crate) fn schema() -> (String, RefOr<Schema>) {
    (Details::name().into_owned(), Details::schema())
}

/// A header that is a text.
pub(crate) fn text_header() -> Header {
    Header::new(ObjectBuilder::new().schema_type(Type::String))
}

/// A header as people write it.
fn title(name: &str) -> String {
    let mut upper = true;
    let shown = |letter: char| {
        let shown = if upper { letter.to_ascii_uppercase() } else { letter };
        upper = letter == '-';
        shown
    };
    name.chars().map(shown).collect()
}
