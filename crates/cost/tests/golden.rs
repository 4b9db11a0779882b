//! Shapes, normalised texts and costs are kept in incidents and series: what is known of a document stays the same.
//!
//! Every document of the grammar's corpus, and 1 KiB of every shape of its bench. `UPDATE_GOLDEN=1` rewrites the answers; the diff is
//! reviewed like code, and where a value differs, everything that was kept before is in another unit.
#![cfg(not(target_family = "wasm"))]
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test reads and writes its golden files, and the bench's texts print"
)]

#[path = "../../graphql/benches/shared/texts.rs"]
mod texts;

use portcullis_cost::{Model, Question, Scratch, Sizes, Variables};
use portcullis_graphql::{Budget, Tape, normalise, parse, shape};
use std::path::Path;

const WIDE: Budget = Budget { tokens: 5_000, nesting: 1_000 };

/// Names and texts.
fn documents() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../graphql/testdata/ok");
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let written = paths.filter(|path| path.extension().is_some_and(|extension| extension == "graphql"));
    let name = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
    let mut all: Vec<_> =
        written.map(|path| (name(&path), std::fs::read_to_string(&path).unwrap())).collect();
    all.sort();
    for shape in texts::HOSTILE {
        let text = texts::documents(&format!("{}1/{shape}", texts::LIMITED)).remove(0);
        all.push((shape.to_owned(), text));
    }
    all
}

#[test]
fn what_is_known_of_a_document_stays_the_same() {
    let mut answers =
        "document, shape, bytes and checksum of the normalised text, cost in thousandths\n".to_owned();
    for (name, text) in documents() {
        let mut tape = Tape::default();
        let document = parse(&text, WIDE, &mut tape).unwrap();
        let mut normalised = String::new();
        normalise(document, &mut normalised, 2_048);
        let cost = document.operations().next().map_or(0, |operation| {
            let (variables, sizes) = (Variables::default(), Sizes::default());
            let question = Question { document, operation, variables: &variables, sizes, watched: &[] };
            Model::Schemaless.estimate(&question, &mut Scratch::default()).field.milli()
        });
        let (bytes, checksum) = (normalised.len(), checksum(&normalised));
        answers += &format!("{name} {} {bytes} {checksum:08x} {cost}\n", shape(document));
    }
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/documents.txt");
    if std::env::var("UPDATE_GOLDEN").is_ok() {
        std::fs::create_dir_all(golden.parent().unwrap()).unwrap();
        std::fs::write(&golden, &answers).unwrap();
    }
    assert_eq!(answers, std::fs::read_to_string(golden).unwrap_or_default());
}

/// FNV-1a.
fn checksum(text: &str) -> u32 {
    text.bytes().fold(0x811C_9DC5, |sum: u32, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
