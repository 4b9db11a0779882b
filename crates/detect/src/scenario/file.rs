//! A scenario file as it is written, and the one way from there to a [`Scenario`].

use super::{Filter, Penalty, Scenario, Shape};
use crate::mistake::{Found, Mistakes, read};
use crate::moment::Span;
use crate::observation::{Event, Number, Text};
use portcullis_report::{Action, OperationKind, Reason, Transport};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The longest span that a scenario may name: what is kept for longer belongs into reputation.
const LONGEST_MS: u64 = 7 * 24 * 3_600_000;
/// Events that a bucket may take.
const LARGEST: u64 = 10_000_000;
/// Values that a bucket with `distinct` may take; it keeps them.
const MOST_VALUES: u64 = 500;
/// Points that one overflow may add.
const HIGHEST: u64 = 1_000;
/// Entries of a list.
const LONGEST_LIST: usize = 64;

/// The whole file.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct ScenarioFile {
    /// The name: lower case letters, digits and `_`, at most 48.
    name: String,
    /// What it finds, for people.
    #[serde(default)]
    about: String,
    /// Which observations it looks at: those that any of these takes.
    filter: Vec<FilterSection>,
    /// Whose bucket an observation fills: one for each combination of these.
    group_by: Vec<Text>,
    /// What must differ for an event to count again in the same bucket.
    #[serde(skip_serializing_if = "Option::is_none")]
    distinct: Option<Text>,
    /// How buckets fill.
    r#type: Kind,
    /// Events that a bucket takes; the next one overflows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    capacity: Option<u64>,
    /// After how long a leaky bucket loses one event, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    leak_ms: Option<u64>,
    /// How long a counter counts, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    window_ms: Option<u64>,
    /// For how long the same group says nothing more after an overflow, in milliseconds.
    #[serde(default)]
    blackhole_ms: u64,
    /// Points for the reputation of whom it is about.
    score: u64,
    /// What is to happen at once, whatever the score.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<DecisionSection>,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Leaky,
    Trigger,
    Counter,
}

/// What must hold of an observation, all of it.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
struct FilterSection {
    /// What was seen; refused requests unless it says otherwise.
    event: Vec<Event>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reason: Vec<Reason>,
    /// The upstream's error code.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    code: Vec<String>,
    /// How it came.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    transport: Vec<Transport>,
    /// Type of the operation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    kind: Vec<OperationKind>,
    /// The client's class.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    class: Vec<String>,
    /// The operation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    operation: Vec<String>,
    /// Numbers that must be this large.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    at_least: BTreeMap<Number, u64>,
    /// Numbers that must not be larger.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    at_most: BTreeMap<Number, u64>,
}

impl Default for FilterSection {
    fn default() -> Self {
        Self {
            event: vec![Event::Refused],
            reason: Vec::new(),
            code: Vec::new(),
            transport: Vec::new(),
            kind: Vec::new(),
            class: Vec::new(),
            operation: Vec::new(),
            at_least: BTreeMap::new(),
            at_most: BTreeMap::new(),
        }
    }
}

/// What is to happen at once.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct DecisionSection {
    /// `block` or `throttle`.
    action: ActionChoice,
    /// What a throttled client keeps of its throttles, in thousandths.
    #[serde(skip_serializing_if = "Option::is_none")]
    factor_milli: Option<u16>,
    /// For how long, in milliseconds.
    for_ms: u64,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum ActionChoice {
    Block,
    Throttle,
}

/// The file with every value in it that holds, defaults included; what it says nothing of is left out.
pub(super) fn written_out(text: &str) -> Result<impl Serialize + use<>, Mistakes> {
    parse(text)?;
    read::<ScenarioFile>(text)
}

pub(super) fn parse(text: &str) -> Result<Scenario, Mistakes> {
    let file: ScenarioFile = read(text)?;
    let mut found = Found::default();
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if !(1..=48).contains(&file.name.len()) || !file.name.bytes().all(is_word) {
        found.say("name", "must be 1 to 48 of a-z, 0-9 and `_`");
    }
    found.within("score", file.score, 0, HIGHEST);
    found.within("blackhole_ms", file.blackhole_ms, 0, LONGEST_MS);
    let shape = shape(&file, &mut found);
    if file.group_by.is_empty() || file.group_by.len() > 4 {
        found.say("group_by", format!("must name 1 to 4 parts, got {}", file.group_by.len()));
    }
    if file.filter.is_empty() || file.filter.len() > LONGEST_LIST {
        found.say("filter", format!("must have 1 to {LONGEST_LIST} entries, got {}", file.filter.len()));
    }
    let whom = [Text::Client, Text::Prefix, Text::ClientKey];
    let is_about_somebody = file.group_by.iter().any(|part| whom.contains(part));
    if file.score > 0 && !is_about_somebody {
        found.say(
            "score",
            "must be 0 where `group_by` has no client, prefix or client_key: nobody could have it",
        );
    }
    if file.decision.is_some() && !is_about_somebody {
        found.say("decision", "needs a client, prefix or client_key in `group_by`");
    }
    let verdict = file.decision.as_ref().map(|section| decision(section, &mut found));
    let filters = file.filter.into_iter().enumerate();
    let filters = filters.map(|(index, section)| filter(index, section, &mut found)).collect();
    found.none(Scenario {
        name: file.name.into(),
        about: file.about,
        score: u32::try_from(file.score).unwrap_or(u32::MAX),
        filters,
        group_by: file.group_by,
        distinct: file.distinct,
        shape,
        blackhole: Span::from_millis(file.blackhole_ms),
        verdict,
    })
}

fn shape(file: &ScenarioFile, found: &mut Found) -> Shape {
    let most = if file.distinct.is_some() { MOST_VALUES } else { LARGEST };
    let ask = |found: &mut Found, path: &str, value: Option<u64>, low: u64, high: u64| -> u64 {
        match value {
            Some(value) => found.within(path, value, low, high),
            None => found.say(path, "is missing for a bucket of this type"),
        }
        value.unwrap_or(low)
    };
    let refuse = |found: &mut Found, path: &str, value: Option<u64>| {
        if value.is_some() {
            found.say(path, "means nothing for a bucket of this type");
        }
    };
    match file.r#type {
        Kind::Leaky => {
            refuse(found, "window_ms", file.window_ms);
            let capacity = ask(found, "capacity", file.capacity, 1, most);
            let leak = Span::from_millis(ask(found, "leak_ms", file.leak_ms, 1, LONGEST_MS));
            if leak.times(capacity).millis() > LONGEST_MS {
                found.say("leak_ms", format!("a full bucket must be empty after {LONGEST_MS} ms"));
            }
            Shape::Leaky { capacity, leak }
        }
        Kind::Counter => {
            refuse(found, "leak_ms", file.leak_ms);
            let capacity = ask(found, "capacity", file.capacity, 0, most);
            let window = Span::from_millis(ask(found, "window_ms", file.window_ms, 1, LONGEST_MS));
            Shape::Counter { capacity, window }
        }
        Kind::Trigger => {
            for (path, value) in
                [("capacity", file.capacity), ("leak_ms", file.leak_ms), ("window_ms", file.window_ms)]
            {
                refuse(found, path, value);
            }
            if file.distinct.is_some() {
                found.say("distinct", "means nothing for a bucket of this type");
            }
            Shape::Trigger
        }
    }
}

fn filter(index: usize, section: FilterSection, found: &mut Found) -> Filter {
    let FilterSection { event, reason, code, transport, kind, class, operation, at_least, at_most } = section;
    let lengths = [
        ("event", event.len()),
        ("reason", reason.len()),
        ("code", code.len()),
        ("class", class.len()),
        ("operation", operation.len()),
    ];
    for (path, length) in lengths.into_iter().filter(|(_, length)| *length > LONGEST_LIST) {
        found.say(
            format!("filter[{index}].{path}"),
            format!("must have at most {LONGEST_LIST} entries, got {length}"),
        );
    }
    for (number, low) in &at_least {
        if at_most.get(number).is_some_and(|high| high < low) {
            found.say(format!("filter[{index}].at_most"), "is below `at_least`, so nothing fits");
        }
    }
    Filter {
        events: event,
        reasons: reason,
        codes: code,
        transports: transport,
        kinds: kind,
        classes: class,
        operations: operation,
        at_least,
        at_most,
    }
}

fn decision(section: &DecisionSection, found: &mut Found) -> Penalty {
    found.within("decision.for_ms", section.for_ms, 1, LONGEST_MS);
    let action = match (section.action, section.factor_milli) {
        (ActionChoice::Block, None) => Action::Block,
        (ActionChoice::Block, Some(_)) => {
            found.say("decision.factor_milli", "means nothing for a block");
            Action::Block
        }
        (ActionChoice::Throttle, factor) => {
            let factor_milli = factor.unwrap_or(500);
            found.within("decision.factor_milli", u64::from(factor_milli), 1, 999);
            Action::Throttle { factor_milli }
        }
    };
    Penalty { action, lasts: Span::from_millis(section.for_ms) }
}
