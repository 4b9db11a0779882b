//! Scenarios replayed: what edges saw in, detections and decisions out.
//!
//! A folder of `testdata` is a scenario: its `scenario.yaml`, or the one of that name which comes with the analyzer. Each of
//! its `.jsonl` files is one replay, `expected.json` says what comes of each; `UPDATE_GOLDEN=1` writes it anew. A line is
//! an observation. With `repeat` it is so many, `every_ms` apart, and `{n}` in it counts them; with `late_ms` it reaches the
//! analyzer that much later than it happened.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test"
)]

use portcullis_detect::{BUILT_IN, Findings, Moment, Observation, Scenarios, Sentry, Settings, Span};
use portcullis_report::Scope;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata");

#[test]
fn what_is_replayed_is_detected_and_nothing_else() {
    let mut wrong = Vec::new();
    for folder in entries(Path::new(FOLDER)) {
        let scenarios = scenarios(&folder);
        let replays =
            entries(&folder).into_iter().filter(|path| path.extension().is_some_and(|it| it == "jsonl"));
        let found: Map<String, Value> =
            replays.map(|path| (stem(&path), replay(scenarios.clone(), &path))).collect();
        let golden = folder.join("expected.json");
        let text = format!("{}\n", serde_json::to_string_pretty(&found).unwrap());
        if std::env::var("UPDATE_GOLDEN").is_ok() {
            std::fs::write(&golden, &text).unwrap();
        }
        if std::fs::read_to_string(&golden).unwrap_or_default() != text {
            wrong.push(format!("{}: {text}", golden.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_scenario_that_comes_with_the_analyzer_finds_an_attack_and_leaves_its_benign_twin_alone() {
    for (name, _) in BUILT_IN {
        let golden = std::fs::read_to_string(Path::new(FOLDER).join(name).join("expected.json"));
        let golden: Value =
            serde_json::from_str(&golden.unwrap_or_else(|_| panic!("{name} has no replay"))).unwrap();
        let detections = |replay: &str| golden[replay]["detections"].as_array().map(Vec::len);
        assert!(detections("attack").is_some_and(|count| count > 0), "{name}: no attack is detected");
        assert_eq!(detections("benign"), Some(0), "{name}: the benign twin");
    }
}

#[test]
fn the_example_of_the_documentation_finds_what_it_says() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/security.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    let (_, section) = guide.split_once("### A scenario of your own\n").unwrap();
    let block = |kind: &str| {
        let (_, rest) = section.split_once(&format!("```{kind}\n")).unwrap_or_else(|| panic!("no {kind}"));
        rest.split_once("```").unwrap().0
    };
    let scenarios = Scenarios::parse([("the guide", block("yaml"))]).unwrap();
    let found = played(scenarios, block("json"));
    let decisions: Vec<_> = found["decisions"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(decisions, block("text").lines().collect::<Vec<_>>());
}

fn scenarios(folder: &Path) -> Scenarios {
    let name = stem(folder);
    match std::fs::read_to_string(folder.join("scenario.yaml")) {
        Ok(text) => Scenarios::parse([(name.as_str(), text.as_str())]).unwrap(),
        Err(_) => {
            Scenarios::parse(BUILT_IN.iter().copied().filter(|(built_in, _)| *built_in == name)).unwrap()
        }
    }
}

fn replay(scenarios: Scenarios, path: &Path) -> Value {
    assert_eq!(scenarios.iter().count(), 1, "{}: no such scenario", path.display());
    played(scenarios, &std::fs::read_to_string(path).unwrap())
}

fn played(scenarios: Scenarios, lines: &str) -> Value {
    let mut sentry = Sentry::new(scenarios, Settings::default(), 1_000);
    let mut seen: Vec<(u64, Observation)> = lines.lines().flat_map(observations).collect();
    seen.sort_by_key(|(received, _)| *received);
    let end = seen.last().map_or(0, |(received, _)| *received);
    let mut all = Findings::default();
    let findings = seen.iter().map(|(received, observation)| (*received, Some(observation)));
    let week = Span::from_hours(8 * 24).millis();
    for (now, observation) in findings.chain([(end + week, None)]) {
        let now = Moment::from_millis(now);
        let found = match observation {
            Some(observation) => sentry.observe(observation, now),
            None => sentry.advance(now),
        };
        all.detections.extend(found.detections);
        all.proposals.extend(found.proposals);
    }
    told(&all)
}

fn observations(line: &str) -> Vec<(u64, Observation)> {
    let mut line: Map<String, Value> = serde_json::from_str(line).unwrap();
    let mut number = |name: &str, default: u64| line.remove(name).map_or(default, |it| it.as_u64().unwrap());
    let (repeat, every, late) = (number("repeat", 1), number("every_ms", 0), number("late_ms", 0));
    let at = line["at_ms"].as_u64().unwrap();
    let one = |n: u64| {
        let at = at + n * every;
        let mut line = line.clone();
        line.insert("at_ms".to_owned(), json!(at));
        let text = Value::Object(line).to_string().replace("{n}", &(n + 1).to_string());
        (at + late, Observation::parse(&text).unwrap_or_else(|unfit| panic!("{text}: {unfit}")))
    };
    (0..repeat).map(one).collect()
}

fn told(findings: &Findings) -> Value {
    let detections = findings.detections.iter().map(|found| {
        let group: Vec<&str> = found.group.iter().map(|(_, word)| word.as_str()).collect();
        json!({"at_ms": found.at.millis(), "since_ms": found.since.millis(), "events": found.events, "group": group})
    });
    let decisions = findings.proposals.iter().map(|one| {
        let (action, scope) = (one.action.label(), Scope::value(&one.scope));
        format!("{action} {scope} until {}: {}", one.expires.millis(), one.reason)
    });
    json!({"detections": detections.collect::<Vec<_>>(), "decisions": decisions.collect::<Vec<_>>()})
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_str().unwrap().to_owned()
}
