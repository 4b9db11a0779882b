//! Every document in `testdata/ok` is printed as what is known of it, every one in `testdata/err` as the error.
//!
//! `UPDATE_GOLDEN=1` rewrites the answers; the diff is reviewed like code.
#![cfg(not(target_family = "wasm"))]
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test reads and writes its golden files"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use portcullis_graphql::{Budget, Scratch, Tape, measure, normalise, parse, shape};

#[test]
fn accepted_documents() {
    check("ok");
}

#[test]
fn refused_documents() {
    check("err");
}

fn check(kind: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(kind);
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut documents: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|end| end == "graphql")).collect();
    documents.sort();
    assert!(documents.len() >= 20, "{kind} has only {} documents", documents.len());
    for path in documents {
        let answer = answer(&std::fs::read_to_string(&path).unwrap(), kind == "ok");
        let golden = path.with_extension("txt");
        if std::env::var("UPDATE_GOLDEN").is_ok() {
            std::fs::write(&golden, &answer).unwrap();
        }
        assert_eq!(answer, std::fs::read_to_string(&golden).unwrap_or_default(), "{}", path.display());
    }
}

fn answer(text: &str, accepted: bool) -> String {
    let mut tape = Tape::default();
    let mut out = String::new();
    match parse(text, Budget::default(), &mut tape) {
        Ok(document) => match measure(document, &mut Scratch::default()) {
            Ok(measures) => {
                assert!(accepted, "{measures:?}");
                writeln!(out, "{measures:#?}\n{}", shape(document)).unwrap();
                normalise(document, &mut out, 2_000);
                out.push('\n');
            }
            Err(error) => {
                assert!(!accepted, "{error}");
                writeln!(out, "{error}\n{error:?}").unwrap();
            }
        },
        Err(error) => {
            assert!(!accepted, "{}", error.explain(text));
            writeln!(out, "{}\n{error:?}", error.explain(text)).unwrap();
        }
    }
    out
}
