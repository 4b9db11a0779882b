//! Every seed, everything in `fuzz/corpus` and in `fuzz/regressions`, once more.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

use portcullis_fuzz::{Place, TARGETS, inputs, seeds, target};
use std::panic::catch_unwind;

/// Files that may be kept, as many for each target as `cargo xtask fuzz --keep` keeps, and bytes of all of them.
const MOST_FILES: usize = 32 * TARGETS.len();
const MOST_BYTES: usize = 1_000_000;

#[track_caller]
fn replay(name: &str) {
    let place = Place::default();
    let check = target(name).unwrap().check;
    let mut all: Vec<(String, Vec<u8>)> = Vec::new();
    for folder in [place.corpus(name), place.regressions(name)] {
        let found = inputs(&folder).unwrap();
        all.extend(found.into_iter().map(|(path, bytes)| (path.display().to_string(), bytes)));
    }
    let seeds = seeds(name).unwrap();
    assert!(!seeds.is_empty());
    all.extend(seeds.into_iter().enumerate().map(|(number, bytes)| (format!("seed {number}"), bytes)));
    let broken: Vec<_> = all
        .iter()
        .filter(|(_, bytes)| catch_unwind(|| check(bytes)).is_err())
        .map(|(name, _)| name)
        .collect();
    assert!(broken.is_empty(), "{name} does not hold for {broken:#?}");
}

macro_rules! replayed {
    ($($name:ident)*) => { $(#[test] fn $name() { replay(stringify!($name)); })* };
}

replayed! { envelope document variables multipart get exchange inflate response table frames socket }

#[test]
fn the_kept_inputs_are_few_and_each_has_a_target() {
    let place = Place::default();
    let (mut files, mut bytes) = (0, 0);
    for target in TARGETS {
        for (_, input) in inputs(&place.corpus(target.name)).unwrap() {
            files += 1;
            bytes += input.len();
        }
    }
    assert!(files <= MOST_FILES && bytes <= MOST_BYTES, "{files} files, {bytes} bytes");
    for folder in [place.corpus(""), place.regressions("")] {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(target(&name).is_some() || name == "README.md", "nobody reads {name}");
        }
    }
}

#[test]
fn libfuzzer_has_the_same_targets() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("libfuzzer/targets");
    let files = inputs(&folder).unwrap();
    assert_eq!(files.len(), TARGETS.len());
    for target in TARGETS {
        let text = std::fs::read_to_string(folder.join(format!("{}.rs", target.name))).unwrap();
        assert!(text.contains(&format!("check(\"{}\", input)", target.name)), "{text}");
    }
}
