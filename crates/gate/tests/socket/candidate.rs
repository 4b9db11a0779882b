//! A candidate beside the policy: it judges every operation on a socket, and says nothing of what sockets are besides.

use crate::{Line, NEW, OLD, Outcome, start};
use portcullis_gate::{Carries, Change, Effect};
use portcullis_report::{ClassLabel, Difference, Metric, Reason};

const HONEST: &str = "query Me { me { id } }";
const SCHEMA: &str = "query Schema { __schema { types { name } } }";

/// What the candidate says of an operation, as it is told and counted alike; nothing where it was not asked.
#[track_caller]
fn said(outcome: &Outcome) -> Option<(Difference, Option<Change>)> {
    let told: Vec<_> = outcome.events().filter_map(|event| event.compared.clone()).collect();
    let counted = outcome.list.iter().filter_map(|effect| match effect {
        Effect::Count(Metric::CandidateRequests(class, difference), 1) => Some((*class, *difference)),
        _ => None,
    });
    let expected: Vec<_> = told.iter().map(|compared| (ClassLabel(0), compared.difference)).collect();
    assert_eq!(counted.collect::<Vec<_>>(), expected, "{:?}", outcome.list);
    assert!(told.len() <= 1, "{told:?}");
    told.into_iter().next().map(|compared| (compared.difference, compared.change.map(|change| *change)))
}

#[track_caller]
fn changes(outcome: &Outcome, live: Option<Reason>, candidate: Option<Reason>) {
    assert_eq!(outcome.refused(), live, "what becomes of it is the policy's affair alone");
    let (_, change) = said(outcome).unwrap();
    let change = change.unwrap();
    assert_eq!((change.live, change.candidate), (live, candidate));
}

#[test]
fn every_operation_on_a_socket_is_judged_by_both() {
    for carries in [NEW, OLD] {
        let mut line =
            Line::ready("candidate: {graphql: {limits: {depth: 1}, introspection: allow}}", carries);
        let same = line.text(&start(carries, "1", "{ a }"));
        assert_eq!((same.refused(), said(&same)), (None, Some((Difference::Same, None))));
        let added = line.text(&start(carries, "2", HONEST));
        assert_eq!(added.server.len(), 1, "it passes as if nobody had asked");
        changes(&added, None, Some(Reason::Depth));
        assert_eq!(added.events().next().unwrap().correlation.as_str(), "socket.2");
        let both = line.text(&start(carries, "3", SCHEMA));
        changes(&both, Some(Reason::Introspection), Some(Reason::Depth));
    }
    let mut line = Line::ready("candidate: {graphql: {introspection: allow}}", NEW);
    changes(&line.text(&start(NEW, "1", SCHEMA)), Some(Reason::Introspection), None);
    assert_eq!(said(&line.text(&start(NEW, "2", "{ a"))), Some((Difference::Same, None)));
}

#[test]
fn a_message_that_a_candidate_reads_otherwise_it_reads_for_itself() {
    let deep = |id: &str, key: &str| {
        format!(
            r#"{{"id":"{id}","type":"subscribe","payload":{{"query":"{{ a }}","{key}":{}1{}}}}}"#,
            r#"{"a":"#.repeat(9),
            "}".repeat(9)
        )
    };
    let mut line = Line::ready("candidate: {graphql: {limits: {json_nesting: 9}}}", NEW);
    changes(&line.text(&deep("1", "variables")), None, Some(Reason::SocketMessage));
    let sound = line.text(&start(NEW, "2", "{ a }"));
    assert_eq!(said(&sound), Some((Difference::Same, None)));
    let mut line = Line::ready("candidate: {graphql: {trusted_documents: {id_keys: [docId]}}}", NEW);
    let with_id = r#"{"id":"1","type":"subscribe","payload":{"query":"{ a }","docId":"x"}}"#;
    let outcome = line.text(with_id);
    assert_eq!(outcome.refused(), None);
    assert_eq!(said(&outcome).unwrap().0, Difference::Added);
}

#[test]
fn a_candidate_says_nothing_of_a_socket_itself() {
    let policy = "websocket: {limits: {open_operations: 1}}\ncandidate: {graphql: {limits: {depth: 1}}}";
    let mut line = Line::ready(policy, NEW);
    assert_eq!(said(&line.text(r#"{"type":"ping"}"#)), None);
    line.text(&start(NEW, "1", "subscription { a }"));
    let full = line.text(&start(NEW, "2", HONEST));
    assert_eq!(full.refused(), Some(Reason::SocketOperations));
    assert!(said(&full).is_some_and(|(_, change)| change.is_none()), "{full:?}");
    let closed = line.text("{");
    assert_eq!((closed.refused(), said(&closed)), (Some(Reason::SocketMessage), None));
    let mut line = Line::open(policy, Carries::Anything);
    let closed = line.say(&[0xf1, 0]);
    assert_eq!((closed.refused(), said(&closed)), (Some(Reason::SocketFraming), None));
}
