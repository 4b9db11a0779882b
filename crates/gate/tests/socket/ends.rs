//! Ends of operations that cross what the client says: whose they are.

use crate::{Carries, Line, NEW, OLD, start};
use portcullis_report::Reason;

const ENDLESS: &str = "subscription Ticks { ticks }";
const POLICY: &str = "websocket: {limits: {open_operations: 2, burst: 1000}}\nthrottles: {streams: [{name: s, per: client, max: 2}]}";

fn stop(carries: Carries, id: &str) -> String {
    let kind = if carries == NEW { "complete" } else { "stop" };
    serde_json::json!({ "type": kind, "id": id }).to_string()
}

fn ended(id: &str) -> String {
    serde_json::json!({ "type": "complete", "id": id }).to_string()
}

/// Starts, stops and starts again under one id, before the server has said anything.
fn started_again(carries: Carries) -> Line {
    let mut line = Line::ready(POLICY, carries);
    line.text(&start(carries, "1", ENDLESS));
    line.text(&stop(carries, "1"));
    let again = start(carries, "1", ENDLESS);
    let heard = line.text(&again).server;
    assert_eq!(heard, ["ping of the gate".to_owned(), format!("text {again}")], "it is asked before");
    line
}

#[test]
fn an_end_of_what_was_stopped_ends_nothing_that_runs() {
    for carries in [NEW, OLD] {
        let mut line = started_again(carries);
        // The server says this of the first; the second goes on, and nobody runs more than is allowed.
        line.server_text(&ended("1"));
        line.pong();
        assert_eq!(line.text(&start(carries, "2", ENDLESS)).refused(), None);
        assert_eq!(line.text(&start(carries, "3", ENDLESS)).refused(), Some(Reason::SocketOperations));
        line.pong();
        line.server_text(&ended("1"));
        assert_eq!(line.text(&start(carries, "3", ENDLESS)).refused(), None);
    }
}

#[test]
fn an_end_that_comes_after_the_pong_ends_nothing_that_runs() {
    let mut line = started_again(OLD);
    line.pong();
    // A server that waits for what it has stopped says this of the first.
    line.server_text(&ended("1"));
    assert_eq!(line.text(&start(OLD, "2", ENDLESS)).refused(), None);
    assert_eq!(line.text(&start(OLD, "3", ENDLESS)).refused(), Some(Reason::SocketOperations));
    line.pong();
    // What runs under an id that is started again the server stops.
    assert_eq!(line.text(&stop(OLD, "2")).refused(), None);
    assert_eq!(line.text(&start(OLD, "1", ENDLESS)).refused(), None);
    assert_eq!(line.text(&start(OLD, "3", ENDLESS)).refused(), None);
    assert_eq!(line.text(&start(OLD, "4", ENDLESS)).refused(), Some(Reason::SocketOperations));
}

#[test]
fn an_id_may_be_used_again_where_no_end_is_said_of_what_was_stopped() {
    for carries in [NEW, OLD] {
        let mut line = started_again(carries);
        for _ in 0..5 {
            line.pong();
            // From here on an end is that of what runs.
            line.server_text(&ended("1"));
            assert_eq!(line.text(&start(carries, "1", ENDLESS)).refused(), None);
            line.text(&stop(carries, "1"));
            assert_eq!(line.text(&start(carries, "1", ENDLESS)).refused(), None);
        }
        assert_eq!(line.text(&start(carries, "2", ENDLESS)).refused(), None);
    }
}

#[test]
fn what_was_stopped_is_not_remembered_for_long() {
    for carries in [NEW, OLD] {
        let mut line = Line::ready(POLICY, carries);
        let before = line.held.socket_bytes();
        for id in 0..200 {
            assert_eq!(line.text(&start(carries, &id.to_string(), ENDLESS)).refused(), None);
            line.text(&stop(carries, &id.to_string()));
            if line.server.ping.is_some() {
                let pong = line.pong();
                assert!(pong.client.is_empty(), "the client has no part in it");
            }
        }
        let (most, after) = (if carries == NEW { 4_096 } else { 8_192 }, line.held.socket_bytes());
        assert!(after < before + most, "{after} and {before} before");
    }
}
