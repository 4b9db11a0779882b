//! Uploads stream through: judged by their first parts, never held, and never whole at the upstream when they turn bad.

use super::{id, own, shared};
use bytes::Bytes;
use e2e::{PATIENCE, Site, Wanted};
use portcullis_demo::client::{Connection, Payload, Protocol, Request};
use portcullis_demo::stack::Stack;
use portcullis_demo::upstream::{Seen, TEST_ID};
use portcullis_demo::wait;
use std::ops::Deref;

const MIB: usize = 1024 * 1024;
const PIECE: usize = 64 * 1024;
/// Large files, while a worker may hold less than one of them.
const LARGE: &str =
    "graphql: {limits: {held_bytes: 4194304}, uploads: {file_bytes: 33554432, total_bytes: 41943040}}";
const HONEST: &str =
    r#"{"query":"mutation($file: Upload!) { upload(file: $file) { name size } }","variables":{"file":null}}"#;
const EVIL: &str = r#"{"query":"{ __schema { types { name } } }","variables":{"file":null}}"#;
const END: &str = "\r\n--frontier--\r\n";

/// The parts up to the file's first byte.
fn head(operations: &str) -> String {
    format!(
        "--frontier\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n{operations}\r\n\
         --frontier\r\nContent-Disposition: form-data; name=\"map\"\r\n\r\n{{\"0\":[\"variables.file\"]}}\r\n\
         --frontier\r\nContent-Disposition: form-data; name=\"0\"; filename=\"a.bin\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    )
}

fn form() -> Request {
    let mut request = Request::json("/graphql", "");
    request.headers = vec![("content-type".to_owned(), b"multipart/form-data; boundary=frontier".to_vec())];
    request.with("apollo-require-preflight", "true")
}

/// A whole upload of a file with that content.
fn whole(operations: &str, file: &[u8]) -> Vec<u8> {
    [head(operations).as_bytes(), file, END.as_bytes()].concat()
}

fn in_pieces(body: &[u8], size: usize, trailers: Vec<(String, Vec<u8>)>) -> Request {
    form().body(Payload::Pieces(body.chunks(size).map(Bytes::copy_from_slice).collect(), trailers))
}

/// A piece of file that looks like nothing.
fn noise() -> Bytes {
    (0..PIECE).map(|at| u8::try_from((at * 7 + at / 251) % 256).unwrap()).collect()
}

fn received<S: Deref<Target = Stack>>(site: &Site<S>, id: &str) -> u64 {
    site.upstream.recorder.seen(id).first().map_or(0, |seen| seen.received)
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_large_file_streams_through() {
    const FILE: usize = 20 * MIB;
    let site = own(&Wanted { policy: LARGE, concurrency: 1, ..Wanted::default() });
    let (head, noise) = (head(HONEST), noise());
    for protocol in Protocol::ALL {
        for announced in [true, false] {
            let id = id();
            let length = announced.then(|| u64::try_from(head.len() + FILE + END.len()).unwrap());
            let connection = Connection::open(site.envoy.gated().unwrap(), protocol).await.unwrap();
            let upload = connection.upload(&form().with(TEST_ID, &id), length).unwrap();
            assert!(upload.send(head.clone()).await);
            for _ in 0..FILE / PIECE - 1 {
                assert!(upload.send(noise.clone()).await, "{protocol:?}: the gate stopped reading");
            }
            // The last piece waits until the upstream has most of the file: nobody held it.
            wait::until("the upstream to have most of the file", PATIENCE, async || {
                (received(&site, &id) > u64::try_from(FILE - 4 * MIB).unwrap()).then_some(())
            })
            .await
            .unwrap();
            assert!(upload.send(noise.clone()).await);
            assert!(upload.send(END).await);
            let reply = upload.finish().await.unwrap();
            assert_eq!(reply.json()["data"]["upload"]["size"], FILE, "{protocol:?}: {reply:?}");
            let seen = site.upstream.recorder.take(&id);
            let [seen] = seen.as_slice() else { panic!("{} requests", seen.len()) };
            assert!(seen.complete && seen.body.len() == head.len() + FILE + END.len());
            let file = &seen.body[head.len()..head.len() + FILE];
            assert!(seen.body.starts_with(head.as_bytes()) && seen.body.ends_with(END.as_bytes()));
            assert!(file.chunks(PIECE).all(|piece| piece == noise), "{protocol:?}: the file arrived changed");
        }
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_bad_part_after_the_file_cuts_the_request() {
    let site = own(&Wanted { policy: LARGE, concurrency: 1, ..Wanted::default() });
    let again = format!(
        "\r\n--frontier\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n{EVIL}\r\n--frontier--\r\n"
    );
    let unknown = "\r\n--frontier\r\nContent-Disposition: form-data; name=\"1\"; filename=\"b\"\r\n\r\nb\r\n--frontier--\r\n";
    for protocol in Protocol::ALL {
        for tail in [again.as_str(), unknown] {
            let id = id();
            let connection = Connection::open(site.envoy.gated().unwrap(), protocol).await.unwrap();
            let upload = connection.upload(&form().with(TEST_ID, &id), None).unwrap();
            assert!(upload.send(head(HONEST)).await);
            for _ in 0..2 * MIB / PIECE {
                assert!(upload.send(noise()).await);
            }
            wait::until("the upstream to have begun", PATIENCE, async || {
                (received(&site, &id) > 0).then_some(())
            })
            .await
            .unwrap();
            upload.send(tail.to_owned()).await;
            let reply = upload.finish().await.unwrap();
            assert!((400..500).contains(&reply.status), "{protocol:?}: {reply:?}");
            assert!(reply.code().is_some(), "{protocol:?}: {reply:?}");
            never_whole(&site.upstream.recorder.take(&id));
        }
    }
    // The worker goes on as before.
    site.gated(Protocol::Http2, &form().body(Payload::Whole(whole(HONEST, b"a").into()))).await.arrived();
}

#[track_caller]
fn never_whole(seen: &[Seen]) {
    assert!(seen.iter().all(|seen| !seen.complete), "the upstream saw the whole of it");
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn the_last_announced_bytes_stay_behind_when_the_last_boundary_is_missing() {
    const ROUNDS: usize = 20;
    let site = own(&Wanted { policy: LARGE, concurrency: 1, ..Wanted::default() });
    let start = [head(HONEST).as_bytes(), &noise()].concat();
    let tail = "the end of the file";
    let (passed, whole) = (start.len() as u64, (start.len() + tail.len()) as u64);
    for protocol in Protocol::ALL {
        // Over HTTP/1.1 the end follows the last bytes at once, and what the upstream sees of them is a matter of luck.
        for _ in 0..ROUNDS {
            let id = id();
            let connection = Connection::open(site.envoy.gated().unwrap(), protocol).await.unwrap();
            let upload = connection.upload(&form().with(TEST_ID, &id), Some(whole)).unwrap();
            assert!(upload.send(start.clone()).await);
            wait::until("the upstream to wait for the tail alone", PATIENCE, async || {
                (received(&site, &id) == passed).then_some(())
            })
            .await
            .unwrap();
            assert!(upload.send(tail).await);
            wait::until("the tail to arrive somewhere", PATIENCE, async || {
                (upload.is_answered() || received(&site, &id) > passed).then_some(())
            })
            .await
            .unwrap();
            assert_eq!(received(&site, &id), passed, "{protocol:?}: the upstream has all that was announced");
            let reply = upload.finish().await.unwrap();
            assert_eq!((reply.status, reply.code().as_deref()), (400, Some("INVALID_MULTIPART")));
            never_whole(&site.upstream.recorder.take(&id));
        }
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_client_that_goes_away_in_a_file_leaves_no_whole_request() {
    let site = own(&Wanted { policy: LARGE, concurrency: 1, ..Wanted::default() });
    for protocol in Protocol::ALL {
        let id = id();
        let connection = Connection::open(site.envoy.gated().unwrap(), protocol).await.unwrap();
        let upload = connection.upload(&form().with(TEST_ID, &id), Some(10_000_000)).unwrap();
        assert!(upload.send(head(HONEST)).await);
        assert!(upload.send(noise()).await);
        wait::until("the upstream to have begun", PATIENCE, async || {
            (received(&site, &id) > 0).then_some(())
        })
        .await
        .unwrap();
        // Less than was announced: the client's own library gives up.
        assert!(upload.finish().await.is_err(), "{protocol:?}");
        never_whole(&site.upstream.recorder.take(&id));
    }
    site.gated(Protocol::Http1, &form().body(Payload::Whole(whole(HONEST, b"a").into()))).await.arrived();
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn the_way_an_upload_is_cut_changes_nothing() {
    let site = shared();
    let trailers = || vec![("x-checksum".to_owned(), b"abc".to_vec())];
    let file = b"\r\n--frontie\r\n--\r\n\r\nx\r\r\n-";
    for protocol in Protocol::ALL {
        for size in [1, 2, 13, 4_096] {
            for trailers in [Vec::new(), trailers()] {
                let request = in_pieces(&whole(HONEST, file), size, trailers.clone());
                let exchange = site.gated(protocol, &request).await;
                let seen = exchange.arrived();
                assert_eq!(exchange.reply.json()["data"]["upload"]["size"], file.len());
                assert_eq!(seen.trailers.len(), trailers.len());
                let request = in_pieces(&whole(EVIL, file), size, trailers);
                site.gated(protocol, &request).await.refused_as("introspection");
            }
        }
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn the_limit_of_a_file_is_inclusive() {
    let policy = "graphql: {uploads: {file_bytes: 100000}}";
    let site = own(&Wanted { policy, concurrency: 1, ..Wanted::default() });
    for protocol in Protocol::ALL {
        for bytes in [99_999, 100_000] {
            let body = whole(HONEST, &vec![b'x'; bytes]);
            site.gated(protocol, &in_pieces(&body, 8_192, Vec::new())).await.arrived();
            site.gated(protocol, &form().body(Payload::Whole(body.into()))).await.arrived();
        }
        let body = whole(HONEST, &vec![b'x'; 100_001]);
        for request in [in_pieces(&body, 8_192, Vec::new()), form().body(Payload::Whole(body.clone().into()))]
        {
            let exchange = site.gated(protocol, &request).await;
            assert_eq!(exchange.reply.status, 413, "{protocol:?}: {:?}", exchange.reply);
            assert_eq!(exchange.reply.code().as_deref(), Some("UPLOAD_LIMIT_EXCEEDED"));
            never_whole(&exchange.seen);
        }
    }
}

/// A form of its own making: `operations` for so many files, `map` as it is said, and the files.
fn made(operations: &str, map: &str, files: usize) -> Request {
    let mut body = String::new();
    for (name, text) in [("operations", operations), ("map", map)] {
        body += &format!("--frontier\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n");
    }
    for file in 0..files {
        let disposition = format!("Content-Disposition: form-data; name=\"{file}\"; filename=\"{file}.txt\"");
        body += &format!("--frontier\r\n{disposition}\r\n\r\nfile {file}\r\n");
    }
    form().body(Payload::Whole(Bytes::from(body + "--frontier--\r\n")))
}

/// So many files, each in so many places of one list.
fn files_and_places(files: usize, places: usize) -> Request {
    let slots = vec!["null"; files * places].join(",");
    let operations = format!(
        r#"{{"query":"mutation($files:[Upload!]!){{uploadAll(files:$files){{size}}}}","variables":{{"files":[{slots}]}}}}"#
    );
    let place = |file: usize, place: usize| format!(r#""variables.files.{}""#, file * places + place);
    let entry = |file: usize| {
        let places: Vec<_> = (0..places).map(|number| place(file, number)).collect();
        format!(r#""{file}":[{}]"#, places.join(","))
    };
    let map: Vec<_> = (0..files).map(entry).collect();
    made(&operations, &format!("{{{}}}", map.join(",")), files)
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn the_limits_of_files_and_places_are_inclusive() {
    let policy = "graphql: {uploads: {files: 4, paths_per_file: 3, paths: 8}}";
    let site = own(&Wanted { policy, concurrency: 1, ..Wanted::default() });
    for protocol in Protocol::ALL {
        for (files, places) in [(3, 1), (4, 1), (1, 2), (1, 3), (4, 2), (2, 3)] {
            let exchange = site.gated(protocol, &files_and_places(files, places)).await;
            exchange.arrived();
            let uploaded = exchange.reply.json()["data"]["uploadAll"].as_array().map(Vec::len);
            assert_eq!(uploaded, Some(files * places), "{files} files in {places} places each");
        }
        for (files, places) in [(5, 1), (1, 4), (3, 3)] {
            site.gated(protocol, &files_and_places(files, places)).await.refused_as("upload_limit");
        }
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn the_first_parts_have_limits_of_their_own() {
    let policy = "graphql: {limits: {body_bytes: 400}, uploads: {map_bytes: 100, total_bytes: 4000}}";
    let site = own(&Wanted { policy, concurrency: 1, ..Wanted::default() });
    let padded = |text: &str, bytes: usize| format!("{text}{}", " ".repeat(bytes - text.len()));
    let map = r#"{"0":["variables.file"]}"#;
    for protocol in Protocol::ALL {
        for (operations, map_bytes) in [(399, 99), (400, 100)] {
            let request = made(&padded(HONEST, operations), &padded(map, map_bytes), 1);
            site.gated(protocol, &request).await.arrived();
        }
        for (operations, map_bytes, reason) in [(401, 50, "body_size"), (200, 101, "upload_limit")] {
            let request = made(&padded(HONEST, operations), &padded(map, map_bytes), 1);
            site.gated(protocol, &request).await.refused_as(reason);
        }
        let body = whole(HONEST, &vec![b'x'; 4_001]);
        let exchange = site.gated(protocol, &in_pieces(&body, 500, Vec::new())).await;
        assert_eq!(exchange.reply.status, 413, "{protocol:?}: {:?}", exchange.reply);
        never_whole(&exchange.seen);
    }
}
