//! Who asks: the key of a request, looked up in the store, and whether its role will do.

use super::App;
use super::problem::Problem;
use crate::key::{Key, Role};
use crate::store::Author;
use crate::tls::Certified;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use std::sync::Arc;

const API_KEY: &str = "x-api-key";

/// The request comes with the key of an edge, and where edges have to show one, over a connection with a certificate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge;

/// The request comes with a key that may read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader;

/// The request comes with a key that may act, which is named as the author of what it does.
#[derive(Clone, Debug)]
pub(crate) struct Operator(pub(crate) Author);

impl FromRequestParts<Arc<App>> for Edge {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let must_show = app.config.tls.as_ref().is_some_and(|tls| tls.edge_ca.is_some());
        if must_show && !parts.extensions.get::<Certified>().is_some_and(Certified::holds) {
            return Err(Problem::NoCertificate);
        }
        match role(&parts.headers, app).await? {
            Role::Edge => Ok(Self),
            Role::Viewer | Role::Operator | Role::Admin => Err(Problem::EdgesOnly),
        }
    }
}

impl FromRequestParts<Arc<App>> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        if role(&parts.headers, app).await?.reads() { Ok(Self) } else { Err(Problem::ReadersOnly) }
    }
}

impl FromRequestParts<Arc<App>> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        if !role(&parts.headers, app).await?.acts() {
            return Err(Problem::OperatorsOnly);
        }
        let key = Key::parse(credential(&parts.headers)?).ok_or(Problem::UnknownKey)?;
        Ok(Self(Author(format!("key {}", key.id()), None)))
    }
}

/// The role of the request's key.
pub(crate) async fn role(headers: &HeaderMap, app: &App) -> Result<Role, Problem> {
    let key = Key::parse(credential(headers)?).ok_or(Problem::UnknownKey)?;
    let role = app.store.role_of(&key).await?.ok_or(Problem::UnknownKey)?;
    // Only of a good key: nobody else can use up what its owner has.
    if role.reads() {
        app.limits.take_key(key.id())?;
    }
    Ok(role)
}

/// The one credential of the request; with two it would not be clear which one counts.
fn credential(headers: &HeaderMap) -> Result<&str, Problem> {
    let keys = headers.get_all(API_KEY).iter().map(|value| value.to_str().ok());
    let tokens = headers.get_all(header::AUTHORIZATION).iter().map(bearer);
    let mut credentials = keys.chain(tokens);
    match (credentials.next(), credentials.next()) {
        (Some(Some(credential)), None) => Ok(credential),
        (Some(None), None) => Err(Problem::UnknownKey),
        (None, _) | (Some(_), Some(_)) => Err(Problem::NoKey),
    }
}

fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(headers: &[(&'static str, &'static str)], expected: Result<&str, Problem>) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        assert_eq!(credential(&map), expected);
    }

    #[test]
    fn one_credential_is_taken_from_either_header() {
        check(&[("x-api-key", "k")], Ok("k"));
        check(&[("authorization", "Bearer k")], Ok("k"));
        check(&[("authorization", "bearer  k ")], Ok("k"));
    }

    #[test]
    fn no_credential_and_two_are_refused() {
        check(&[], Err(Problem::NoKey));
        check(&[("x-api-key", "k"), ("authorization", "Bearer k")], Err(Problem::NoKey));
        check(&[("x-api-key", "k"), ("x-api-key", "k")], Err(Problem::NoKey));
    }

    #[test]
    fn another_scheme_is_no_key() {
        check(&[("authorization", "Basic k")], Err(Problem::UnknownKey));
        check(&[("authorization", "k")], Err(Problem::UnknownKey));
    }
}
