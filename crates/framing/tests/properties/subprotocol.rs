//! Messages of both subprotocols: what `serde_json` reads of them.

use crate::{cut, json};
use portcullis_framing::subprotocol::{ClientMessage, ServerMessage, Skim, Subprotocol, read_client};
use portcullis_framing::{Envelope, IdKeys, Nesting, read};
use proptest::prelude::*;
use serde_json::Value;

const TYPES: [&str; 9] = [
    "connection_init",
    "subscribe",
    "start",
    "complete",
    "stop",
    "ping",
    "error",
    "connection_ack",
    "connection_terminate",
];

fn skimmed(pieces: &[&[u8]]) -> ServerMessage {
    let mut skim = Skim::default();
    pieces.iter().for_each(|piece| skim.feed(piece));
    skim.finish()
}

/// The texts of an object with these entries, in any order, with escapes where there need be none.
fn message() -> impl Strategy<Value = (String, Value)> {
    let entries = (
        prop::sample::select(&TYPES[..]),
        prop::option::of("[a\"é]{0,4}"),
        prop::option::of(prop_oneof![json(), Just(serde_json::json!({ "query": "{ a }" }))]),
        any::<bool>(),
    );
    let shuffled = entries.prop_flat_map(|(kind, id, payload, escaped)| {
        let mut list = vec![("type".to_owned(), Value::from(kind))];
        list.extend(id.map(|id| ("id".to_owned(), Value::from(id))));
        list.extend(payload.map(|payload| ("payload".to_owned(), payload)));
        (Just(list).prop_shuffle(), Just(escaped))
    });
    shuffled.prop_map(|(list, escaped)| {
        let entries: Vec<String> =
            list.iter().map(|(key, value)| format!("{}: {value}", Value::from(key.as_str()))).collect();
        let text = format!("{{{}}}", entries.join(" ,"));
        let text = if escaped { text.replacen("\"type", "\"\\u0074ype", 1) } else { text };
        (text, Value::Object(list.into_iter().collect()))
    })
}

proptest! {
    #[test]
    fn a_message_is_what_serde_reads((text, value) in message(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8)) {
        let (kind, id) = (value["type"].as_str().unwrap(), value["id"].as_str());
        let expected = match kind {
            "connection_ack" => ServerMessage::Ack,
            "error" => ServerMessage::Failed { id: id.unwrap_or_default().to_owned() },
            "complete" => ServerMessage::Ended { id: id.unwrap_or_default().to_owned() },
            _ => ServerMessage::Other,
        };
        prop_assert_eq!(skimmed(&cut(text.as_bytes(), &cuts)), expected);
        let is_nullish = value.get("payload").is_none_or(|payload| payload.is_null() || payload.is_object());
        let has_id = id.is_some_and(|id| !id.is_empty());
        let is_object = value.get("payload").is_some_and(Value::is_object);
        for (protocol, start, stop) in [(Subprotocol::TransportWs, "subscribe", "complete"), (Subprotocol::Legacy, "start", "stop")] {
            let is_legacy = protocol == Subprotocol::Legacy;
            let sound = match kind {
                "connection_init" => is_nullish,
                "ping" => is_nullish && !is_legacy,
                "connection_terminate" => is_legacy,
                other if other == start => has_id && is_object,
                other if other == stop => has_id,
                _ => false,
            };
            let read = read_client(text.as_bytes(), protocol, Nesting(64), IdKeys::Standard);
            prop_assert_eq!(read.is_ok(), sound, "{:?}", read);
            if let Ok(ClientMessage::Start { id: found, request }) = read {
                prop_assert_eq!(Some(found.as_ref()), id);
                // The payload is the body of a `POST`.
                let body = value["payload"].to_string();
                let posted = self::read(body.as_bytes(), Nesting(64), portcullis_framing::BatchLength(0));
                prop_assert_eq!(request.map(Envelope::Single), posted);
            }
        }
    }

    #[test]
    fn anything_is_skimmed_the_same_in_any_pieces(
        text in "(\\[|\\]|\\{|\\}|:|,|\"(type|id|error|complete|x|\\\\u00e9)\"|null|\"|\\\\){0,30}",
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        prop_assert_eq!(skimmed(&cut(text.as_bytes(), &cuts)), skimmed(&[text.as_bytes()]));
        for protocol in [Subprotocol::TransportWs, Subprotocol::Legacy] {
            if read_client(text.as_bytes(), protocol, Nesting(64), IdKeys::Standard).is_ok() {
                prop_assert!(serde_json::from_str::<Value>(&text).is_ok());
            }
        }
    }
}
