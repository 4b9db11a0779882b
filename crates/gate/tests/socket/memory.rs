//! What a socket keeps, by what it says and by what it has allocated.

use crate::wire::{deflated, masked, plain};
use crate::{Line, NEW, OLD, opened, start};
use allocation_counter::measure;
use portcullis_gate::{Carries, Chunk, Deflate, Socket, SocketInput, Terms};
use proptest::prelude::*;

const MOST: usize = 64 << 10;
/// The largest number of operations that a policy can allow.
const OPERATIONS: usize = 1_000;

const SUBSCRIPTION: &str = "subscription Ticks { ticks }";
const EVIL: &str = "{ users(first: 100000) { id } }";

fn policy(streams: bool) -> String {
    let counts = streams;
    let streams = if streams {
        "throttles: {streams: [{name: s, per: client, max: 1000000}, {name: t, per: class, max: 1000000}]}"
    } else {
        ""
    };
    format!(
        "responses: {{count_errors: {counts}}}\nwebsocket: {{limits: {{open_operations: {OPERATIONS}, messages_per_second: 1000000, burst: 1000000}}}}\n{streams}"
    )
}

/// A line whose socket was just opened and acknowledged, after one before it has warmed up what all of them share.
fn line(policy: &str, terms: Terms) -> Line {
    let mut line = Line::open_as(policy, terms);
    for turn in 0..2 {
        line.text(r#"{"type":"connection_init"}"#);
        line.server_text(r#"{"type":"connection_ack"}"#);
        if turn == 0 {
            for (id, query) in [("1", SUBSCRIPTION), ("2", EVIL)] {
                line.text(&start(terms.carries, id, query));
            }
            line.on(SocketInput::Ended);
            line.socket = Socket::new(opened(&line.policy, terms), &line.policy, line.now);
        }
    }
    line
}

#[derive(Clone, Debug)]
enum Step {
    Client(Vec<u8>),
    Server(Vec<u8>),
}

fn client(text: &str) -> Step {
    Step::Client(masked(0x81, text.as_bytes()))
}

/// An id that is as long as one may be, or shorter; no two are the same.
fn id(number: usize, length: usize, fill: &str) -> String {
    let number = number.to_string();
    let fill = fill.repeat(length.saturating_sub(number.len()) / fill.len());
    number + &fill
}

/// Begins as many operations as it can, refused ones between them, and ends a few.
fn hostile(carries: Carries) -> impl Strategy<Value = Vec<Step>> {
    let one = (1..=128_usize, prop::sample::select(vec!["x", "é", "\u{1}"]), 0..20_u8);
    let stop = if carries == NEW { "complete" } else { "stop" };
    prop::collection::vec(one, OPERATIONS..OPERATIONS + 200).prop_map(move |ones| {
        let mut steps = Vec::new();
        for (number, (length, fill, kind)) in ones.into_iter().enumerate() {
            let id = id(number, length, fill);
            match kind {
                0 => steps.push(client(&start(carries, &id, EVIL))),
                1 => steps.push(client(&serde_json::json!({ "type": stop, "id": id }).to_string())),
                _ => steps.push(client(&start(carries, &id, SUBSCRIPTION))),
            }
        }
        steps
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn a_socket_keeps_no_more_than_it_may_whatever_runs_on_it(
        (carries, mut steps) in prop::sample::select(vec![NEW, OLD]).prop_flat_map(|carries| (Just(carries), hostile(carries))),
        deflate in prop::sample::select(vec![Deflate::Offered, Deflate::Withheld]),
        streams: bool,
    ) {
        let terms = Terms { carries, deflate };
        let mut line = line(&policy(streams), terms);
        // At last the server begins a message that is not whole: what inflates it is there as long.
        let text = r#"{"type":"next","id":"1","payload":{"data":{"ticks":"tick tock tick tock"}}}"#;
        steps.push(Step::Server(match deflate {
            Deflate::Offered => plain(0x41, &deflated(text.as_bytes())),
            Deflate::Withheld => plain(1, text.as_bytes()),
        }));
        let mut most = 0;
        let kept = measure(|| {
            for step in &steps {
                match step {
                    Step::Client(bytes) => line.on(SocketInput::Client(Chunk::Bytes(bytes))),
                    Step::Server(bytes) => line.on(SocketInput::Server(Chunk::Bytes(bytes))),
                };
                most = most.max(line.held.socket_bytes());
            }
        });
        prop_assert!(most <= MOST, "it says that it keeps {} bytes", most);
        let real = usize::try_from(kept.bytes_current).unwrap() + size_of::<Socket>();
        prop_assert!(real <= line.held.socket_bytes(), "it keeps {} bytes and says {}", real, line.held.socket_bytes());
        line.on(SocketInput::Ended);
        prop_assert_eq!(line.held.socket_bytes(), 0);
    }
}

#[test]
fn as_many_operations_run_as_the_policy_allows_or_there_is_room_for() {
    let run = |deflate, streams, length| {
        let mut line = line(&policy(streams), Terms { carries: NEW, deflate });
        let refused = |line: &mut Line, number| {
            line.text(&start(NEW, &id(number, length, "x"), SUBSCRIPTION)).refused().is_some()
        };
        (0..).find(|number| refused(&mut line, *number)).unwrap()
    };
    for (streams, length) in [(false, 1), (false, 128), (true, 128)] {
        assert_eq!(run(Deflate::Withheld, streams, length), OPERATIONS);
    }
    // A window for compressed messages takes most of the room.
    for streams in [false, true] {
        let (short, long) = (run(Deflate::Offered, streams, 1), run(Deflate::Offered, streams, 128));
        assert_eq!(short, long, "whatever their ids are");
        assert!((150..500).contains(&short), "{short}");
    }
}

#[test]
fn a_message_that_is_not_whole_is_counted_by_what_is_allocated() {
    let terms = Terms { carries: NEW, deflate: Deflate::Withheld };
    let mut line = line(&policy(false), terms);
    let before = line.held.socket_bytes();
    let message = masked(0x81, &[b'x'; 60_000]);
    let kept = measure(|| {
        for piece in message[..50_000].chunks(777) {
            line.on(SocketInput::Client(Chunk::Bytes(piece)));
        }
    });
    let real = usize::try_from(kept.bytes_current).unwrap();
    let said = line.held.socket_bytes() - before;
    assert!((50_000..=said).contains(&real) && said <= 100_000, "it keeps {real} bytes and says {said}");
}
