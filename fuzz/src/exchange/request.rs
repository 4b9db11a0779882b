//! A request as an input chooses it.

use super::player::Ending;
use crate::choices::Choices;

const METHODS: [&str; 5] = ["POST", "GET", "OPTIONS", "PUT", ""];

const PATHS: [&str; 8] = [
    "/graphql",
    "//graphql/",
    "/graphql?v=1",
    "/graphql?query=%7Ba%7D",
    "/graphql/sha256:a",
    "/other",
    "/%67raphql;x",
    "/graphql?a=b;query=%7Ba%7D",
];

const TYPES: [&str; 8] = [
    "application/json",
    "multipart/form-data; boundary=b",
    "application/graphql",
    "",
    "text/plain",
    "application/json; charset=utf-8",
    "application/json;charset=utf-16",
    "multipart/form-data; boundary=\"b\"; x=y",
];

const EXTRAS: [&[(&str, &str)]; 10] = [
    &[],
    &[("apollo-require-preflight", "1")],
    &[("content-encoding", "gzip")],
    &[("content-encoding", "br")],
    &[("content-encoding", "zstd")],
    &[("content-encoding", "deflate")],
    &[("accept", "text/event-stream"), ("x-correlation-id", "a")],
    &[("content-length", "70"), ("x-graphql-cost", "0"), ("accept-encoding", "br")],
    &[("upgrade", "websocket"), ("apollo-require-preflight", "1")],
    &[("content-encoding", "gzip, gzip"), ("x_graphql_operation", "a")],
];

const RESPONSES: [&[(&str, &str)]; 4] = [
    &[("content-type", "application/json")],
    &[("content-type", "text/event-stream")],
    &[("content-type", "multipart/mixed; boundary=-"), ("content-encoding", "gzip")],
    &[],
];

pub(super) struct Request<'b> {
    method: &'static str,
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) has_body: bool,
    pub(super) body: &'b [u8],
    /// The headers of the response to it.
    pub(super) response: Vec<(String, Vec<u8>)>,
}

/// How its body is cut, how it ends, and another order of inputs.
type Ways<'b> = (u8, Ending, &'b [u8]);

impl<'b> Request<'b> {
    pub(super) fn of(mut choices: Choices<'b>) -> (Self, Ways<'b>) {
        let method = choices.one_of(&METHODS);
        let path = choices.one_of(&PATHS);
        let kind = choices.one_of(&TYPES);
        let extra = choices.one_of(&EXTRAS);
        let response = pairs(choices.one_of(&RESPONSES));
        let seed = choices.byte();
        let ending = choices.one_of(&[Ending::LastChunk, Ending::Trailers, Ending::EmptyChunk]);
        let steps = choices.below(16);
        let rest = choices.rest();
        let (order, rest) = rest.split_at(steps.min(rest.len()));
        let mut headers = pairs(&[(":method", method), (":authority", "shop"), ("content-type", kind)]);
        headers.retain(|(name, value)| name != "content-type" || !value.is_empty());
        headers.extend(pairs(extra));
        let is_get = method == "GET";
        let mut path = path.as_bytes().to_vec();
        if is_get && !path.contains(&b'?') {
            path.push(b'?');
            path.extend_from_slice(rest);
        }
        headers.push((":path".to_owned(), path));
        let body = if is_get { &[] } else { rest };
        (Self { method, headers, has_body: !is_get, body, response }, (seed, ending, order))
    }

    pub(super) fn is_post(&self) -> bool {
        self.method == "POST"
    }
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect()
}
