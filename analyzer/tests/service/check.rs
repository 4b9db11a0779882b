//! The real `portcullis check` of scenarios and of the analyzer's configuration.

use crate::process::portcullis;
use std::path::Path;
use std::process::Output;

const SOUND: &str = "name: ours\nfilter: [{reason: [depth]}]\ntype: leaky\ncapacity: 3\nleak_ms: 1000\ngroup_by: [client]\nscore: 5\n";

const MISTAKEN: &str =
    "name: Ours\nfilter: []\ntype: leaky\ncapacity: 0\nwindow_ms: 5\ngroup_by:\n  - class\nscore: 2000\n";

fn run(folder: &Path, arguments: &[&str]) -> Output {
    portcullis(&[&["check"], arguments].concat()).current_dir(folder).output().unwrap()
}

#[track_caller]
fn check(output: &Output, code: i32, stdout: &str, stderr: &str) {
    assert_eq!(String::from_utf8_lossy(&output.stderr), stderr);
    assert_eq!(String::from_utf8_lossy(&output.stdout), stdout);
    assert_eq!(output.status.code(), Some(code));
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("s")).unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[test]
fn a_scenario_is_known_by_its_words_and_told_sound() {
    let folder =
        folder(&[("s/a.yaml", SOUND), ("s/b.yaml", &SOUND.replace("ours", "apq_flood")), ("s/README", "-")]);
    check(&run(folder.path(), &["s/a.yaml"]), 0, "s/a.yaml: sound; the scenario ours\n", "");
    let replaced = "portcullis: s/b.yaml: takes the place of the built-in scenario apq_flood\n";
    check(&run(folder.path(), &["s"]), 0, "s: sound; 2 scenarios: ours, apq_flood\n", replaced);
    let explained = run(folder.path(), &["s/a.yaml", "--explain"]);
    let text = String::from_utf8(explained.stdout).unwrap();
    assert!(text.contains("blackhole_ms: 0\n") && text.contains("- refused\n"), "{text}");
    // What is printed is a scenario again, the same.
    std::fs::write(folder.path().join("again.yaml"), &text).unwrap();
    let again = run(folder.path(), &["again.yaml", "--explain"]);
    assert_eq!(String::from_utf8(again.stdout).unwrap(), text);
}

#[test]
fn all_mistakes_of_all_files_are_told_with_file_path_and_line() {
    let form = "name: ours\nfilter: [{reason: [dept]}]\n";
    let folder = folder(&[("s/a.yaml", MISTAKEN), ("s/b.yaml", form)]);
    let told = "portcullis: s/a.yaml: name: must be 1 to 48 of a-z, 0-9 and `_` (line 1)\n\
                portcullis: s/a.yaml: score: must be from 0 to 1000, got 2000 (line 8)\n\
                portcullis: s/a.yaml: window_ms: means nothing for a bucket of this type (line 5)\n\
                portcullis: s/a.yaml: capacity: must be from 1 to 10000000, got 0 (line 4)\n\
                portcullis: s/a.yaml: leak_ms: is missing for a bucket of this type\n\
                portcullis: s/a.yaml: filter: must have 1 to 64 entries, got 0 (line 2)\n\
                portcullis: s/a.yaml: score: must be 0 where `group_by` has no client, prefix or client_key: nobody could have it (line 8)\n";
    let output = run(folder.path(), &["s"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.starts_with(told), "{said}");
    let rest = said.strip_prefix(told).unwrap();
    assert!(rest.starts_with("portcullis: s/b.yaml: filter[0].reason[0]: unknown variant `dept`"), "{rest}");
    assert!(rest.trim_end().ends_with("(line 2)") && rest.lines().count() == 1, "{rest}");
    assert_eq!(output.status.code(), Some(1));
    check(&run(folder.path(), &["s/a.yaml"]), 1, "", told);
}

#[test]
fn two_scenarios_of_one_name_clash() {
    let folder =
        folder(&[("s/a.yaml", SOUND), ("s/b.yaml", SOUND), ("c.yaml", "security: {scenarios: s}\n")]);
    let clash = "name: ours is the name of the scenario in a.yaml";
    check(&run(folder.path(), &["s"]), 1, "", &format!("portcullis: s/b.yaml: {clash}\n"));
    let told = format!("portcullis: c.yaml: security.scenarios: b.yaml: {clash} (line 1)\n");
    check(&run(folder.path(), &["c.yaml"]), 1, "", &told);
}

#[test]
fn a_configuration_is_checked_with_what_it_names() {
    let sound = "listen: 127.0.0.1:9000\nsecurity: {scenarios: s}\n";
    let mistaken = "retention:\n  days: 0\nstore:\n  readers: 0\n";
    let folder =
        folder(&[("s/a.yaml", SOUND), ("c.yaml", sound), ("d.yaml", mistaken), ("e.yaml", "listne: a\n")]);
    let output = run(folder.path(), &["c.yaml"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.starts_with("c.yaml: sound; listens on 127.0.0.1:9000, ") && said.ends_with(" scenarios\n"),
        "{said}"
    );
    let told = "portcullis: d.yaml: store.readers: must be at least 1, got 0 (line 4)\n\
                portcullis: d.yaml: retention.days: must be at least 1, got 0 (line 2)\n";
    check(&run(folder.path(), &["d.yaml"]), 1, "", told);
    let output = run(folder.path(), &["e.yaml", "--as", "analyzer"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.starts_with("portcullis: e.yaml:1: listne: unknown field `listne`"), "{said}");
    assert_eq!(output.status.code(), Some(1));
    for unfit in [&["c.yaml", "--explain"][..], &["s", "--as", "policy"], &["s/a.yaml", "--schema", "x"]] {
        assert_eq!(run(folder.path(), unfit).status.code(), Some(2), "{unfit:?}");
    }
}
