//! The families of attacks on sockets, by their numbers (docs/abuse.md), beyond what a transcript tells.

use crate::wire::{deflated, masked, plain};
use crate::{Line, NEW, OLD, Outcome, start};
use portcullis_gate::{Carries, Deflate, Desk, Terms, judge_body};
use portcullis_policy::{Policy, Verdict};
use portcullis_report::Reason;

const BOTH: [Carries; 2] = [NEW, OLD];

/// What the client is told in the end.
#[track_caller]
fn closed(line: &mut Line, outcome: &Outcome, expected: &str) {
    // A close that is not allowed is one all the same: the server is told with the ping.
    let rest = outcome.server.strip_prefix(&["ping of the gate".to_owned()]).unwrap();
    assert!(rest.iter().all(|heard| heard.starts_with(&format!("close {expected}"))), "{outcome:?}");
    let heard = line.pong().client;
    assert!(heard.last().unwrap().starts_with(&format!("close {expected}")), "{heard:?}");
}

#[test]
fn f77_messages_of_the_other_protocol() {
    for (carries, kind) in
        [(NEW, "start"), (OLD, "subscribe"), (NEW, "connection_terminate"), (OLD, "complete")]
    {
        let mut line = Line::ready("", carries);
        let text = format!(r#"{{"id":"1","type":"{kind}","payload":{{"query":"{{ me {{ id }} }}"}}}}"#);
        let outcome = line.text(&text);
        closed(&mut line, &outcome, "4400");
    }
}

#[test]
fn f78_operations_first() {
    for carries in BOTH {
        let mut line = Line::open("", carries);
        let outcome = line.text(&start(carries, "1", "{ me { id } }"));
        closed(&mut line, &outcome, "4401");
    }
}

#[test]
fn f80_an_id_that_is_in_use() {
    for carries in BOTH {
        let mut line = Line::ready("", carries);
        let text = start(carries, "1", "subscription { a }");
        assert_eq!(line.text(&text).server, [format!("text {text}")]);
        let twice = line.text(&text);
        assert_eq!(twice.refused(), Some(Reason::SocketIdInUse));
        closed(&mut line, &twice, "4409");
        // Its twin waits for the end.
        let mut line = Line::ready("", carries);
        line.text(&text);
        line.server_text(r#"{"id":"1","type":"complete"}"#);
        assert_eq!(line.text(&text).server, [format!("text {text}")]);
    }
}

#[test]
fn f81_a_flood_of_operations() {
    for carries in BOTH {
        let mut line = Line::ready("", carries);
        let flood: Vec<u8> = (0..10_000)
            .flat_map(|id| masked(0x81, start(carries, &id.to_string(), "subscription { a }").as_bytes()))
            .collect();
        let outcome = line.say(&flood);
        // The initialisation was the first of the burst.
        assert_eq!(outcome.server.len(), 99 + 1);
        assert_eq!(outcome.events().last().unwrap().refusal.unwrap().reason, Reason::SocketMessages);
        assert_eq!(line.say(&flood).server, [""; 0]);
        assert_eq!(line.pong().client.last().unwrap(), "close 1008 Too many messages");
    }
}

/// Fragments that spread one after the other, a level each.
fn chain(length: usize) -> String {
    let link = |n: usize| format!("fragment A{n} on T {{ x {{ ...A{} }} }} ", n + 1);
    (0..length).map(link).collect::<String>() + &format!("fragment A{length} on T {{ y }}")
}

/// What is refused over HTTP, with what it is refused for.
fn evil() -> Vec<(String, Reason)> {
    let aliases: String = (0..100).map(|n| format!("a{n}: me {{ id }} ")).collect();
    let brute: String = (0..30).map(|n| format!("l{n}: login(pw: \"{n}\") {{ t }} ")).collect();
    let deep = format!("{}id{}", "{ a ".repeat(40), " }".repeat(40));
    let fan: String = (1..30).map(|n| format!("fragment F{n} on Q {{ ...F{0} ...F{0} }} ", n - 1)).collect();
    vec![
        (format!("{{ x {{ {aliases} }} }}"), Reason::Aliases),
        (format!("{{ ... on Query {{ x {{ {aliases} }} }} }}"), Reason::Aliases),
        (format!("mutation {{ x {{ {brute} }} }}"), Reason::AliasesPerField),
        (deep, Reason::Depth),
        ("{ ...A } fragment A on Q { ...B } fragment B on Q { ...A }".to_owned(), Reason::FragmentCycle),
        (format!("{{ ...F29 }} fragment F0 on Q {{ x }} {fan}"), Reason::RootFields),
        (format!("{{ x {} }}", "@a ".repeat(100)), Reason::Directives),
        (format!("{{ x {{ {} }} }}", "y ".repeat(6_000)), Reason::Tokens),
        ("{ users(first: 100000) { posts(first: 100000) { id } } }".to_owned(), Reason::Cost),
        ("query($n: Int = 100000) { users(first: $n) { id } }".to_owned(), Reason::Cost),
        (
            "{ a(first: 2147483647) { b(first: 2147483647) { c(first: 2147483647) { id } } } }".to_owned(),
            Reason::Cost,
        ),
        ("{ __schema { types { fields { name } } } }".to_owned(), Reason::Introspection),
        (format!("{{ ...A0 }} {}", chain(20)), Reason::Depth),
        (format!("{{ x {{ {} }} }}", "...A0 @a ".repeat(60)) + &chain(1), Reason::Directives),
        (format!("query Q($a: Int {}) {{ x }}", "@d ".repeat(60)), Reason::Directives),
        (format!("{{ x {{ {} }} }}", "y { z } ".repeat(1_200)), Reason::Fields),
        (format!("{{ {} }}", "y ".repeat(30)), Reason::RootFields),
        (format!("{{ x(a: {}1{}) }}", "[".repeat(300), "]".repeat(300)), Reason::Nesting),
        (format!("{{ x(ids: [{}]) {{ id }} }}", "1 ".repeat(6_000)), Reason::Tokens),
        ("{ users(first: -1) { a(first: 100000) { id } } }".to_owned(), Reason::Cost),
        ("{ ... on Query @include(if: true) { users(first: 100000) { id } } }".to_owned(), Reason::Cost),
        ("query($a: Int, $a: Int) { x }".to_owned(), Reason::DuplicateDefinition),
        ("query A { a } query B { b }".to_owned(), Reason::OperationUnresolved),
        ("qwerty cop { abc }".to_owned(), Reason::Syntax),
    ]
}

#[test]
fn f82_what_is_refused_over_http_is_refused_here_for_the_same_reason() {
    let policy = Policy::parse("").unwrap();
    for (document, reason) in evil() {
        let body = serde_json::json!({ "query": document }).to_string();
        let over_http = judge_body(&policy, body.as_bytes(), &mut Desk::default());
        for carries in BOTH {
            let mut line = Line::ready("", carries);
            let outcome = line.text(&start(carries, "1", &document));
            let event = outcome.events().next().unwrap();
            assert_eq!(event.refusal.map(|refusal| refusal.reason), Some(reason), "{document:.60}");
            assert_eq!(event.refusal.map(Verdict::Deny), Some(over_http.verdict), "{document:.60}");
            assert_eq!(
                (&event.document, event.cost),
                (&over_http.operations[0].document, over_http.operations[0].cost())
            );
            assert_eq!(outcome.server, ["ping of the gate"]);
            let heard = line.pong().client;
            assert!(heard[0].contains(reason.code()), "{heard:?}");
            assert_eq!(heard.len(), if carries == NEW { 1 } else { 2 });
            assert_eq!(
                line.text(&start(carries, "1", "{ me { id } }")).refused(),
                None,
                "the socket lives on"
            );
        }
    }
}

#[test]
fn f83_tricks_of_json() {
    for carries in BOTH {
        let honest = start(carries, "1", "{ me { id } }");
        for evil in [
            honest.replacen('{', r#"{"type":"ping","#, 1),
            honest.replacen('{', r#"{"payload":{},"#, 1),
            honest.replacen('{', r#"{"ID":"2","#, 1),
            honest.replacen("\"query\"", "\"query\":\"{ evil }\",\"query\"", 1),
            format!("[{honest}]"),
            format!("{honest}{honest}"),
            honest.replacen("\"1\"", &format!("\"{}\"", "1".repeat(129)), 1),
            honest.replacen("\"1\"", "1", 1),
            honest.replacen("\"1\"", "\"\\ud800\"", 1),
            honest.replacen('}', &format!(",\"x\":{}{}}}", "[".repeat(70), "]".repeat(70)), 1),
            "null".to_owned(),
            String::new(),
        ] {
            let mut line = Line::ready("", carries);
            let outcome = line.text(&evil);
            assert_eq!(outcome.refused(), Some(Reason::SocketMessage), "{evil}");
            closed(&mut line, &outcome, "4400");
        }
    }
}

#[test]
fn f84_f85_pieces_of_frames_in_pieces() {
    for (query, refused) in [("{ users(first: 100000) { id } }", true), ("{ me { id } }", false)] {
        let text = start(NEW, "1", query);
        let (first, last) = (&text.as_bytes()[..1], text.len() - 1);
        let mut frames = masked(1, first);
        for (index, byte) in text.as_bytes().iter().enumerate().skip(1) {
            if index % 20 == 0 {
                frames.extend(masked(0x89, b"p"));
            }
            frames.extend(masked(if index == last { 0x80 } else { 0 }, &[*byte]));
        }
        let mut line = Line::ready("", NEW);
        let mut heard = Vec::new();
        for byte in &frames {
            let outcome = line.say(&[*byte]).server;
            if outcome.contains(&"ping p".to_owned()) {
                line.answer(&plain(0x8a, b"p"));
            }
            heard.extend(outcome);
        }
        let (end, pings) = heard.split_last().unwrap();
        assert!(pings.iter().all(|ping| ping == "ping p") && !pings.is_empty());
        assert_eq!(end, if refused { "ping of the gate" } else { heard.last().unwrap() });
        assert_eq!(end.contains(query), !refused);
    }
}

#[test]
fn f86_bad_framing() {
    let huge = [&[0x81, 0xff][..], &[0x80, 0, 0, 0, 0, 0, 0, 0]].concat();
    for evil in [
        b"\x81\x02hi".to_vec(),
        masked(0xa1, b"a"),
        masked(0xc1, b"a"),
        masked(0x83, b"a"),
        masked(0x8b, b"a"),
        [&[0x81, 0xfe, 0, 5][..], &[0; 9]].concat(),
        masked(0x09, b""),
        [&[0x89, 0xfe, 0, 126][..], &[0; 130]].concat(),
        huge,
        masked(0x80, b"a"),
        [masked(1, b"a"), masked(0x81, b"b")].concat(),
        masked(0x88, b"\x03"),
        masked(0x88, &1005_u16.to_be_bytes()),
    ] {
        let mut line = Line::ready("", NEW);
        let outcome = line.say(&evil);
        assert_eq!(outcome.refused(), Some(Reason::SocketFraming), "{evil:x?}");
        closed(&mut line, &outcome, "1002");
    }
}

#[test]
fn f87_compression() {
    let terms = Terms { carries: NEW, deflate: Deflate::Offered };
    let ready = || {
        let mut line = Line::open_as("", terms);
        line.say(&masked(0xc1, &deflated(br#"{"type":"connection_init"}"#)));
        let ack = deflated(br#"{"type":"connection_ack"}"#);
        line.answer(&plain(0xc1, &ack));
        line
    };
    let mut line = ready();
    let evil = start(NEW, "1", "{ users(first: 100000) { id } }");
    let outcome = line.say(&masked(0xc1, &deflated(evil.as_bytes())));
    assert_eq!(
        (outcome.refused(), outcome.server),
        (Some(Reason::Cost), vec!["ping of the gate".to_owned()])
    );
    assert!(line.pong().client[0].starts_with("text "));
    // What repeats a message before means one thing here and another to a server that keeps its window.
    let outcome = line.say(&masked(0xc1, &[0xf2, 0x00, 0x11, 0x00, 0x00]));
    assert_eq!(outcome.refused(), Some(Reason::SocketInflation));
    let mut line = ready();
    let bomb = line.say(&masked(0xc1, &deflated(&vec![b' '; 10 << 20])));
    assert_eq!(bomb.refused(), Some(Reason::SocketInflation));
    closed(&mut line, &bomb, "1009");
    let mut line = ready();
    assert_eq!(line.say(&masked(0xc1, b"\xff\xff")).refused(), Some(Reason::SocketInflation));
    let mut line = ready();
    assert_eq!(line.say(&masked(0xc1, &deflated(b"\"\xff\""))).refused(), Some(Reason::SocketText));
    // An operation that ends in a compressed message has ended.
    let mut line = ready();
    line.text(&start(NEW, "1", "subscription { a }"));
    line.answer(&plain(0xc1, &deflated(br#"{"id":"1","type":"complete"}"#)));
    assert_eq!(line.text(&start(NEW, "1", "subscription { a }")).refused(), None);
}

#[test]
fn f88_bytes_and_broken_texts() {
    let mut line = Line::ready("", OLD);
    let outcome = line.say(&masked(0x82, start(OLD, "1", "{ me { id } }").as_bytes()));
    closed(&mut line, &outcome, "1003");
    let mut line = Line::ready("", OLD);
    let outcome = line.say(&[masked(1, b"\"\xe2"), masked(0x80, b"\x28\"")].concat());
    closed(&mut line, &outcome, "1007");
}

#[test]
fn f89_a_flood_of_pings() {
    let mut line = Line::ready("", NEW);
    let flood: Vec<u8> = (0..10_000).flat_map(|_| masked(0x89, b"p")).collect();
    let outcome = line.say(&flood);
    assert_eq!(outcome.server.iter().filter(|heard| *heard == "ping p").count(), 20);
    assert_eq!(outcome.refused(), Some(Reason::SocketControls));
    assert_eq!(line.pong().client, ["close 1008 Too many control frames"]);
    let mut line = Line::ready("", NEW);
    let flood: Vec<u8> = (0..10_000).flat_map(|_| masked(0x81, br#"{"type":"ping"}"#)).collect();
    assert_eq!(line.say(&flood).refused(), Some(Reason::SocketMessages));
}

#[test]
fn f90_messages_without_end() {
    let mut line = Line::ready("", NEW);
    let declared = [&[0x81, 0xff][..], &100_000_000_u64.to_be_bytes(), &[0; 4]].concat();
    let outcome = line.say(&declared);
    closed(&mut line, &outcome, "1009");
    let mut line = Line::ready("", NEW);
    let mut outcome = line.say(&masked(1, b"x"));
    let mut frames = 1;
    while outcome.refused().is_none() {
        outcome = line.say(&masked(0, &[b'x'; 100]));
        frames += 1;
    }
    assert_eq!((outcome.refused(), frames), (Some(Reason::SocketMessageSize), 657));
    closed(&mut line, &outcome, "1009");
    let mut line = Line::ready("", NEW);
    let empty: Vec<u8> =
        std::iter::once(masked(1, b"")).chain((0..100_000).map(|_| masked(0, b""))).flatten().collect();
    let outcome = line.say(&empty);
    closed(&mut line, &outcome, "1008");
}

#[test]
fn f94_initialisations() {
    let large = format!(r#"{{"type":"connection_init","payload":{{"t":"{}"}}}}"#, "t".repeat(20_000));
    let deep = format!(
        r#"{{"type":"connection_init","payload":{{"t":{}{}}}}}"#,
        "[".repeat(5_000),
        "]".repeat(5_000)
    );
    for (text, reason) in [(large, Reason::SocketInitSize), (deep, Reason::SocketMessage)] {
        for carries in BOTH {
            let mut line = Line::open("", carries);
            let outcome = line.text(&text);
            assert_eq!(outcome.refused(), Some(reason));
            closed(&mut line, &outcome, "4400");
        }
    }
}

#[test]
fn honest_sockets_are_left_alone() {
    // Keep-alive for twelve hours, an operation in pieces, an id again after its end.
    let mut line = Line::ready("", NEW);
    for _ in 0..12 * 60 * 4 {
        assert_eq!(line.wait(15_000).list, []);
        assert_eq!(line.text(r#"{"type":"ping"}"#).refused(), None);
        assert_eq!(line.server_text(r#"{"type":"pong"}"#).client.len(), 1);
    }
    for _ in 0..200 {
        let text = start(NEW, "1", "query Me { me { id } }");
        let (one, other) = text.as_bytes().split_at(20);
        let frames = [masked(1, one), masked(0x80, other)].concat();
        assert_eq!(line.say(&frames).refused(), None);
        line.server_text(r#"{"id":"1","type":"next","payload":{"data":{}}}"#);
        line.server_text(r#"{"id":"1","type":"complete"}"#);
        line.wait(100);
    }
}
