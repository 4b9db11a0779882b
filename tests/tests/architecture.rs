//! Who may depend on whom, and how large the filter may grow.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs, reason = "a test")]

use e2e::repository;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// The allowed arrows, complete; whoever is not named depends on nothing here.
const ARROWS: &[(&str, &[&str])] = &[
    ("portcullis-cost", &["portcullis-graphql"]),
    ("portcullis-policy", &["portcullis-graphql", "portcullis-cost", "portcullis-report"]),
    (
        "portcullis-gate",
        &[
            "portcullis-framing",
            "portcullis-graphql",
            "portcullis-cost",
            "portcullis-policy",
            "portcullis-report",
            "portcullis-redact",
        ],
    ),
    ("portcullis-detect", &["portcullis-report"]),
    ("portcullis-filter", &["portcullis-gate", "portcullis-policy", "portcullis-report"]),
    (
        "portcullis-fuzz",
        &[
            "portcullis-framing",
            "portcullis-graphql",
            "portcullis-cost",
            "portcullis-policy",
            "portcullis-gate",
            "portcullis-report",
        ],
    ),
    ("portcullis-demo", &["portcullis-report"]),
    ("e2e", &["portcullis-report", "portcullis-demo"]),
    ("xtask", &["portcullis-report"]),
];

/// What a pure crate must never gain, at any remove.
const IMPURE: &[&str] = &["tokio", "proxy-wasm", "tracing", "rand", "getrandom"];

/// The filter is a shell: lines of all its files together.
const FILTER_LINES: usize = 800;

fn cargo(args: &[&str]) -> String {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo).args(args).current_dir(repository()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Each package's folder and the workspace's packages that it names.
fn packages() -> BTreeMap<String, (String, BTreeSet<String>)> {
    let metadata = cargo(&["metadata", "--no-deps", "--offline", "--format-version", "1"]);
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let inside = |package: &Value| -> BTreeSet<String> {
        let dependencies = package["dependencies"].as_array().unwrap();
        dependencies
            .iter()
            .filter(|dependency| dependency["path"].is_string())
            .map(|it| text(&it["name"]))
            .collect()
    };
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages
        .map(|package| (text(&package["name"]), (text(&package["manifest_path"]), inside(package))))
        .collect()
}

fn pure() -> Vec<String> {
    let is_pure = |manifest: &str| manifest.contains("/crates/");
    packages().into_iter().filter(|(_, (manifest, _))| is_pure(manifest)).map(|(name, _)| name).collect()
}

#[test]
fn arrows_point_only_where_they_may() {
    let pure: BTreeSet<_> = pure().into_iter().collect();
    for (name, (_, found)) in packages() {
        let allowed: BTreeSet<String> = match ARROWS.iter().find(|(from, _)| *from == name) {
            _ if name == "portcullis-analyzer" => pure.clone(),
            Some((_, to)) => to.iter().map(|to| (*to).to_owned()).collect(),
            None => BTreeSet::new(),
        };
        let forbidden: Vec<_> = found.difference(&allowed).collect();
        assert!(forbidden.is_empty(), "{name} must not depend on {forbidden:?}");
    }
}

#[test]
fn pure_crates_stay_pure_at_any_remove() {
    for name in pure() {
        let tree =
            cargo(&["tree", "--offline", "--edges", "normal,build", "--prefix", "none", "--package", &name]);
        for line in tree.lines() {
            let dependency = line.split_whitespace().next().unwrap_or_default();
            assert!(!IMPURE.contains(&dependency), "{name} has gained {dependency}");
        }
    }
}

#[test]
fn the_filter_is_a_small_shell_and_one_file_speaks_to_the_host() {
    let mut lines = 0;
    for (path, text) in sources(&repository().join("filter/src")) {
        lines += text.lines().count();
        let speaks =
            text.lines().any(|line| line.contains("hostcalls") && !line.trim_start().starts_with("//"));
        assert!(path.ends_with("host.rs") || !speaks, "{path} speaks to the host; only host.rs may");
    }
    assert!(lines <= FILTER_LINES, "the filter has {lines} lines, at most {FILTER_LINES} are allowed");
}

fn sources(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
        }
    }
    found
}
