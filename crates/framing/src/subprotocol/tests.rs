use super::*;
use crate::websocket::CloseCode;
use crate::{EnvelopeError, IdKeys, Nesting};
use Subprotocol::{Legacy, TransportWs};

fn read(text: &str, protocol: Subprotocol) -> Result<ClientMessage<'_>, MessageError> {
    read_client(text.as_bytes(), protocol, Nesting(4), IdKeys::Standard)
}

#[track_caller]
fn check(protocol: Subprotocol, text: &str, expected: ClientMessage<'_>) {
    assert_eq!(read(text, protocol), Ok(expected), "{text}");
}

#[track_caller]
fn refused(text: &str, error: MessageError) {
    for protocol in [TransportWs, Legacy] {
        assert_eq!(read(text, protocol), Err(error), "{text}");
    }
}

#[track_caller]
fn starts(protocol: Subprotocol, text: &str, id: &str, query: &str) {
    match read(text, protocol) {
        Ok(ClientMessage::Start { id: found, request: Ok(request) }) => {
            assert_eq!((found.as_ref(), request.query.as_deref()), (id, Some(query)), "{text}");
        }
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn each_protocol_has_its_messages() {
    let init = |payload_bytes| ClientMessage::Init { payload_bytes };
    for protocol in [TransportWs, Legacy] {
        check(protocol, r#"{"type":"connection_init"}"#, init(0));
        check(protocol, r#"{"payload": {"token": [1, "a"]}, "type":"connection_init"}"#, init(19));
        check(protocol, r#"{"type":"connection_init","payload":null}"#, init(4));
        check(protocol, r#"{"type":"connection_init","payload":{"query":7,"QUERY":1,"0":2}}"#, init(27));
    }
    check(TransportWs, r#"{"type":"complete","id":"7"}"#, ClientMessage::Stop { id: "7".into() });
    check(TransportWs, r#"{"type":"ping"}"#, ClientMessage::Ping);
    check(TransportWs, r#"{"type":"pong","payload":{"at":1}}"#, ClientMessage::Pong);
    check(Legacy, r#"{"id":"7","type":"stop"}"#, ClientMessage::Stop { id: "7".into() });
    check(Legacy, r#"{"type":"connection_terminate","payload":null}"#, ClientMessage::Terminate);
    starts(TransportWs, r#"{"id":"a","type":"subscribe","payload":{"query":"{ me }"}}"#, "a", "{ me }");
    starts(Legacy, r#" {"payload":{"query":"{ me }"},"type":"start","id":"\u0061"} "#, "a", "{ me }");
}

#[test]
fn a_message_of_the_other_protocol_is_none() {
    for (protocol, kind) in [
        (TransportWs, "start"),
        (TransportWs, "stop"),
        (TransportWs, "connection_terminate"),
        (TransportWs, "next"),
        (TransportWs, "connection_ack"),
        (Legacy, "subscribe"),
        (Legacy, "complete"),
        (Legacy, "ping"),
        (Legacy, "pong"),
        (Legacy, "ka"),
        (Legacy, "data"),
    ] {
        let text = format!(r#"{{"type":"{kind}","id":"1","payload":{{"query":"{{ me }}"}}}}"#);
        assert_eq!(read(&text, protocol), Err(MessageError::UnknownType), "{text}");
    }
}

#[test]
fn what_could_be_read_in_two_ways_is_no_message() {
    let json = MessageError::Json;
    refused(r#"{"type":"connection_init","type":"ping"}"#, json(EnvelopeError::DuplicateKey));
    refused(r#"{"type":"ping","x":1,"x":2}"#, json(EnvelopeError::DuplicateKey));
    refused(r#"{"type":"ping","payload":{"a":1,"a":1}}"#, json(EnvelopeError::DuplicateKey));
    refused(r#"{"type":"ping","payload":{},"payload":{}}"#, json(EnvelopeError::DuplicateKey));
    refused(r#"{"type":"connection_init","Type":"ping"}"#, MessageError::CaseVariantKey);
    refused(r#"{"type":"connection_init","PAYLOAD":{}}"#, MessageError::CaseVariantKey);
    refused(r#"{"type":"connection_init"} {}"#, json(EnvelopeError::NotJson { line: 1, column: 28 }));
    refused("", json(EnvelopeError::NotJson { line: 1, column: 1 }));
    let deep = |levels: usize| {
        format!(
            r#"{{"type":"connection_init","payload":{}1{}}}"#,
            r#"{"a":"#.repeat(levels),
            "}".repeat(levels)
        )
    };
    assert!(read(&deep(4), Legacy).is_ok());
    refused(&deep(5), json(EnvelopeError::TooDeep { limit: 5 }));
    refused("[{\"type\":\"connection_init\"}]", MessageError::NotAnObject);
    refused("\"connection_init\"", MessageError::NotAnObject);
    assert_eq!(
        read_client(b"\xff", Legacy, Nesting(4), IdKeys::Standard),
        Err(json(EnvelopeError::NotUtf8 { at: 0 }))
    );
}

#[test]
fn a_message_has_what_its_type_needs() {
    for text in ["{}", r#"{"type":7}"#, r#"{"type":null}"#, r#"{"type":"Subscribe"}"#] {
        refused(text, MessageError::UnknownType);
    }
    for payload in ["[]", "7", "\"a\"", "false"] {
        refused(&format!(r#"{{"type":"connection_init","payload":{payload}}}"#), MessageError::Payload);
    }
    for (protocol, start, stop) in [(TransportWs, "subscribe", "complete"), (Legacy, "start", "stop")] {
        let whole = |kind: &str, id: &str| format!(r#"{{"type":"{kind}"{id},"payload":{{"query":"a"}}}}"#);
        for id in ["", r#","id":"""#, r#","id":7"#, r#","id":null"#] {
            assert_eq!(read(&whole(start, id), protocol), Err(MessageError::NoId));
            assert_eq!(read(&whole(stop, id), protocol), Err(MessageError::NoId));
        }
        let long = |length: usize| format!(r#","id":"{}""#, "i".repeat(length));
        assert!(read(&whole(start, &long(128)), protocol).is_ok());
        assert_eq!(read(&whole(start, &long(129)), protocol), Err(MessageError::IdTooLong { limit: 128 }));
        for payload in ["", r#","payload":null"#, r#","payload":[{"query":"a"}]"#, r#","payload":"a""#] {
            let text = format!(r#"{{"id":"1","type":"{start}"{payload}}}"#);
            assert_eq!(read(&text, protocol), Err(MessageError::Payload), "{text}");
        }
    }
}

#[test]
fn an_operation_that_is_none_is_a_matter_of_its_own() {
    for (payload, error) in [
        (r#"{"query":"a","QUERY":"b"}"#, EnvelopeError::CaseVariantKey),
        (r#"{"query":7}"#, EnvelopeError::WrongType { name: "query", expected: "a string" }),
        (r#"{"query":"a","documentId":"b"}"#, EnvelopeError::TwoDocuments),
    ] {
        let text = format!(r#"{{"id":"1","type":"subscribe","payload":{payload}}}"#);
        check(TransportWs, &text, ClientMessage::Start { id: "1".into(), request: Err(error) });
    }
}

#[track_caller]
fn says(text: &str, expected: &ServerMessage) {
    for size in [1, 2, 3, 5, 1_000] {
        let mut skim = Skim::default();
        text.as_bytes().chunks(size).for_each(|piece| skim.feed(piece));
        assert_eq!(skim.finish(), *expected, "{text} by {size}");
        assert_eq!(skim.finish(), ServerMessage::Other, "nothing is left of it");
    }
}

#[test]
fn a_server_is_skimmed_for_what_ends_and_begins() {
    let ended = |id: &str| ServerMessage::Ended { id: id.to_owned() };
    says(r#"{"type":"connection_ack"}"#, &ServerMessage::Ack);
    says(r#"{ "payload" : {"type":"x"} , "\u0074ype" : "connection\u005fack" }"#, &ServerMessage::Ack);
    says(r#"{"id":"1","type":"complete"}"#, &ended("1"));
    let failed = ServerMessage::Failed { id: "a\"".to_owned() };
    says(r#"{"type":"error","payload":[{"message":"}],\"id\":","id":"2"}],"id":"\u0061\""}"#, &failed);
    for kind in ["next", "data"] {
        let text =
            format!(r#"{{"id":"1","type":"{kind}","payload":{{"data":{{"type":"complete","id":"2"}}}}}}"#);
        says(&text, &ServerMessage::Result { id: "1".to_owned() });
    }
    says(&format!(r#"{{"type":"complete","id":"{}"}}"#, "é".repeat(64)), &ended(&"é".repeat(64)));
    for text in [
        r#"{"type":"ka"}"#,
        r#"{"x":"type","y":"complete","id":"1"}"#,
        r#"[{"type":"complete","id":"1"}]"#,
        r#"{"type":["complete"],"id":"1"}"#,
        "not JSON",
        "\"",
        "",
    ] {
        says(text, &ServerMessage::Other);
    }
}

#[test]
fn an_operation_begins_when_it_may() {
    let mut session: Session<()> = Session::new(TransportWs);
    assert_eq!(session.may_start("1"), Err(Violation::Early));
    assert_eq!((session.awaits_init(), session.init(), session.awaits_init()), (true, Ok(()), false));
    assert_eq!(session.may_start("1"), Err(Violation::Early));
    assert_eq!(session.init(), Err(Violation::Inits));
    assert_eq!(session.heard(&ServerMessage::Ack), None);
    assert_eq!((session.may_start("1"), session.init()), (Ok(()), Err(Violation::Inits)));
    let mut session: Session<()> = Session::new(Legacy);
    assert_eq!((session.may_start("1"), session.init()), (Err(Violation::Early), Ok(())));
    assert_eq!(session.may_start("1"), Ok(()));
}

#[test]
fn an_id_is_free_once_its_operation_has_ended() {
    let mut session = Session::new(Legacy);
    session.init().unwrap();
    let now = Mark(1);
    let started = (session.start("1", 'a', now), session.start("2", 'b', now));
    assert_eq!((started, session.running(), session.owes("1")), ((None, None), 2, false));
    assert_eq!(session.may_start("1"), Err(Violation::IdInUse { id: "1" }));
    assert_eq!(session.stop("1", now), Some('a'));
    assert_eq!((session.may_start("1"), session.stop("1", now), session.stopped()), (Ok(()), None, 1));
    assert_eq!(session.heard(&ServerMessage::Ended { id: "2".to_owned() }), Some('b'));
    session.settle(now);
    assert_eq!(session.stopped(), 0);
    session.start("3", 'c', now);
    assert!(session.bytes() > 0);
    assert_eq!(
        (session.end().collect::<String>(), session.running(), session.bytes()),
        ("c".to_owned(), 0, 0)
    );
}

#[test]
fn a_violation_is_told_as_the_reference_server_does() {
    for (violation, code, reason) in [
        (Violation::Message, 4400, "Invalid message received"),
        (Violation::Early, 4401, "Unauthorized"),
        (Violation::InitTimeout, 4408, "Connection initialisation timeout"),
        (Violation::IdInUse { id: "7" }, 4409, "Subscriber for 7 already exists"),
        (Violation::IdInUse { id: &"7".repeat(94) }, 4409, "Subscriber already exists"),
        (Violation::Inits, 4429, "Too many initialisation requests"),
    ] {
        assert_eq!((violation.code(), violation.reason().as_str()), (CloseCode(code), reason));
    }
}
