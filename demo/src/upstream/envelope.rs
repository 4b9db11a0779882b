//! Reads GraphQL-over-HTTP requests of every kind, the way servers do.

use super::persisted::{Persisted, Refusal};
use crate::coding::Coding;
use anyhow::{Context as _, bail};
use async_graphql::http::{MultipartOptions, receive_batch_body};
use async_graphql::{BatchRequest, Request};
use bytes::Bytes;
use futures_util::io::Cursor;
use http::request::Parts;
use http::{Method, header};
use serde_json::{Map, Value};

/// No body unpacks to more.
const UNPACKED: u64 = 64 * 1024 * 1024;

/// Why there is nothing to execute.
pub(super) enum Unread {
    /// The request is none.
    Malformed(anyhow::Error),
    /// Its document is not known, or not the one that was promised.
    Persisted(Refusal),
}

impl<E: Into<anyhow::Error>> From<E> for Unread {
    fn from(error: E) -> Self {
        Self::Malformed(error.into())
    }
}

/// What is to be executed.
pub(super) async fn read(head: &Parts, body: &Bytes, persisted: &Persisted) -> Result<BatchRequest, Unread> {
    if head.method == Method::GET {
        return single(parameters(head.uri.query().unwrap_or_default())?, persisted);
    }
    let body = unpacked(head, body)?;
    let content_type = text(head, header::CONTENT_TYPE);
    match content_type.split(';').next().unwrap_or_default().trim() {
        "application/graphql" => Ok(BatchRequest::Single(Request::new(String::from_utf8(body)?))),
        "multipart/form-data" => {
            let batch =
                receive_batch_body(Some(content_type), Cursor::new(body), MultipartOptions::default()).await;
            let mut batch = batch?;
            batch.iter_mut().try_for_each(|request| persisted.resolve(request)).map_err(Unread::Persisted)?;
            Ok(batch)
        }
        _ => {
            let mut body: Value = serde_json::from_slice(&body)?;
            let Some(items) = body.as_array_mut() else { return single(body, persisted) };
            let request = |item: &mut Value| match single(item.take(), persisted)? {
                BatchRequest::Single(request) => Ok(request),
                BatchRequest::Batch(_) => Err(anyhow::anyhow!("a batch within a batch").into()),
            };
            Ok(BatchRequest::Batch(items.iter_mut().map(request).collect::<Result<_, Unread>>()?))
        }
    }
}

fn single(mut item: Value, persisted: &Persisted) -> Result<BatchRequest, Unread> {
    let fields = item.as_object_mut().context("a request is an object")?;
    persisted.look_up(fields).map_err(Unread::Persisted)?;
    let mut request: Request = serde_json::from_value(item)?;
    persisted.resolve(&mut request).map_err(Unread::Persisted)?;
    Ok(BatchRequest::Single(request))
}

/// The parameters of a URL as the object that a body would have been.
fn parameters(query: &str) -> anyhow::Result<Value> {
    let mut fields = Map::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let value = match &*name {
            "variables" | "extensions" => serde_json::from_str(&value)?,
            _ => Value::from(value.into_owned()),
        };
        fields.insert(name.into_owned(), value);
    }
    Ok(Value::Object(fields))
}

fn unpacked(head: &Parts, body: &Bytes) -> anyhow::Result<Vec<u8>> {
    let codings = text(head, header::CONTENT_ENCODING);
    let mut bytes = body.to_vec();
    for token in codings.split(',').map(str::trim).rev().filter(|token| !token.is_empty()) {
        match Coding::named(token) {
            Some(coding) => bytes = coding.unpack(&bytes, UNPACKED)?,
            None if token == "identity" => {}
            None => bail!("the coding {token} is not known"),
        }
    }
    Ok(bytes)
}

fn text(head: &Parts, name: header::HeaderName) -> &str {
    head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
