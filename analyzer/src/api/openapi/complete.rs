//! What operations have in common: who may call them, and what those are told who may not, or too often.
//!
//! A handler says in `security` by which extractor of `access` it knows its caller; the rest follows from that.

use crate::api::body;
use crate::api::problem::Problem;
use crate::api::problem::told::{answers, schema, text_header};
use crate::key::Role;
use axum::http::StatusCode;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::Type;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, License, ObjectBuilder, OpenApi, RefOr, SecurityRequirement, Tag,
};

/// Where a key is sent.
const API_KEY: &str = "api_key";
const BEARER: &str = "bearer";

const TAGS: [(&str, &str); 5] = [
    ("monitoring", "What edges reported, what was made of it, and how the service is doing."),
    ("decisions", "Who is blocked, throttled or allowed at every edge."),
    ("series", "Metrics that others send."),
    ("edge", "For the filter in Envoy: reports up, decisions down."),
    ("crowdsec", "The part of CrowdSec's local API that its bouncers use."),
];

const ABOUT: &str = "The API of the Portcullis analyzer.

The trailing slash is optional on every path but that of this document. Times are milliseconds since the Unix epoch. Whatever is not
answered as asked is a problem (RFC 9457) in `application/problem+json`, except to CrowdSec's bouncers, who are told in their words.";

/// Who may call, by the name that handlers use.
struct Caller {
    schemes: &'static [&'static str],
    roles: Vec<&'static str>,
    turned: Vec<Problem>,
}

/// The document with everything that handlers do not say.
pub(super) fn complete(mut document: OpenApi) -> OpenApi {
    document.info = InfoBuilder::new()
        .title("Portcullis")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .license(Some(License::new("Apache-2.0")))
        .build();
    document.tags = Some(TAGS.iter().map(|(name, about)| tag(name, about)).collect());
    let components = document.components.get_or_insert_with(|| ComponentsBuilder::new().build());
    let (name, problem) = schema();
    components.schemas.insert(name, problem);
    let mut key = ApiKeyValue::new("X-Api-Key");
    key.description = Some(
        "A key that `portcullis keys add` made; any of the roles that an operation names will do.".to_owned(),
    );
    components
        .security_schemes
        .insert(API_KEY.to_owned(), SecurityScheme::ApiKey(ApiKey::Header(key)).into());
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("The same key.")).build();
    components.security_schemes.insert(BEARER.to_owned(), SecurityScheme::Http(bearer).into());
    document.paths.paths.values_mut().flat_map(operations).for_each(finish);
    document
}

fn tag(name: &str, about: &str) -> Tag {
    let mut tag = Tag::new(name);
    tag.description = Some(about.to_owned());
    tag
}

fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut path.get, &mut path.post, &mut path.put, &mut path.patch, &mut path.delete].into_iter().flatten()
}

fn finish(operation: &mut Operation) {
    let mut problems = vec![Problem::Internal, Problem::Overloaded, Problem::Deadline];
    let name = operation.security.as_deref().and_then(|security| security.first()).and_then(named);
    let caller = name.as_deref().and_then(Caller::named);
    // Edges are bounded where their reports are admitted.
    if name.as_deref() != Some("edge") {
        problems.push(Problem::TooMany { seconds: 1 });
    }
    if let Some(caller) = caller {
        problems.extend(caller.turned);
        let allows = |scheme: &&str| SecurityRequirement::new(*scheme, caller.roles.iter().copied());
        operation.security = Some(caller.schemes.iter().map(allows).collect());
    }
    let is_query = |parameter: &RefOr<utoipa::openapi::path::Parameter>| match parameter {
        RefOr::T(parameter) => parameter.parameter_in == ParameterIn::Query,
        RefOr::Ref(_) => false,
    };
    let is_asked = operation.parameters.iter().flatten().any(is_query);
    if is_asked && name.as_deref() != Some("bouncer") {
        problems.push(Problem::Query("…".to_owned()));
    }
    if operation.request_body.is_some() {
        problems.extend([
            Problem::NotJson("…".to_owned()),
            Problem::BrokenBody,
            Problem::SlowBody,
            Problem::TooLarge { limit: body::BYTES },
            Problem::MediaType,
            Problem::Encoding,
        ]);
    }
    tagged(operation);
    for (status, answer) in answers(&problems) {
        operation.responses.responses.entry(status).or_insert(answer);
    }
}

/// An answer that may be unchanged has a tag, and a caller may name one.
fn tagged(operation: &mut Operation) {
    let answers = &mut operation.responses.responses;
    if !answers.contains_key(StatusCode::NOT_MODIFIED.as_str()) {
        return;
    }
    if let Some(RefOr::T(answer)) = answers.get_mut(StatusCode::OK.as_str()) {
        answer.headers.insert("ETag".to_owned(), text_header().into());
    }
    let had = ParameterBuilder::new()
        .name("If-None-Match")
        .parameter_in(ParameterIn::Header)
        .description(Some("The `ETag` of an answer that the caller has."))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build();
    operation.parameters.get_or_insert_default().push(had.into());
}

/// What a handler wrote in `security`.
fn named(requirement: &SecurityRequirement) -> Option<String> {
    let json = serde_json::to_value(requirement).ok()?;
    json.as_object()?.keys().next().cloned()
}

impl Caller {
    fn named(name: &str) -> Option<Self> {
        let roles = |may: fn(Role) -> bool| {
            Role::ALL.into_iter().filter(|role| may(*role)).map(Role::label).collect()
        };
        let keyless = [Problem::NoKey, Problem::UnknownKey];
        let turned = |why: Problem| keyless.iter().cloned().chain([why]).collect();
        Some(match name {
            "reader" => Self {
                schemes: &[API_KEY, BEARER],
                roles: roles(Role::reads),
                turned: turned(Problem::ReadersOnly),
            },
            "operator" => Self {
                schemes: &[API_KEY, BEARER],
                roles: roles(Role::acts),
                turned: turned(Problem::OperatorsOnly),
            },
            "admin" => Self {
                schemes: &[API_KEY, BEARER],
                roles: roles(|role| role == Role::Admin),
                turned: turned(Problem::AdminsOnly),
            },
            "edge" => Self {
                schemes: &[API_KEY, BEARER],
                roles: roles(|role| role == Role::Edge),
                turned: keyless.iter().cloned().chain([Problem::EdgesOnly, Problem::NoCertificate]).collect(),
            },
            "bouncer" => Self { schemes: &[API_KEY], roles: roles(Role::reads), turned: Vec::new() },
            _ => return None,
        })
    }
}
