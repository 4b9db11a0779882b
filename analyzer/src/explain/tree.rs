//! Where the cost goes: the dearest places of an operation, each beneath the one it is in.

use portcullis_cost::{Breakdown, Cost, Length, Part, SizeSource};
use serde_json::{Map, Value, json};

/// Places that people are shown.
const SHOWN: usize = 12;
/// Places that programs are given.
const GIVEN: usize = 200;

/// By which cost places are dear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Field,
    Type,
}

impl By {
    fn total(self, part: &Part) -> Cost {
        match self {
            Self::Field => part.total,
            Self::Type => part.total_type,
        }
    }

    fn own(self, part: &Part) -> Cost {
        match self {
            Self::Field => part.own,
            Self::Type => part.own_type,
        }
    }
}

/// Places in the order of reading, the dearest first in each, and what is left out.
struct Dearest<'b> {
    /// Index, and how many are around it.
    places: Vec<(usize, &'b Part, usize)>,
    left_out: usize,
    left_out_cost: Cost,
}

/// The dearest places that cost anything, but for the root. What is around a place costs at least as much, so it is one of them.
fn dearest(breakdown: &Breakdown, by: By, limit: usize) -> Dearest<'_> {
    let mut order: Vec<(usize, &Part)> = breakdown.parts.iter().enumerate().skip(1).collect();
    order.sort_by_key(|(place, part)| (std::cmp::Reverse(by.total(part)), *place));
    let costly = order.iter().take_while(|(_, part)| by.total(part) > Cost::ZERO).count();
    let left_out = order.split_off(limit.min(costly));
    let mut inside: Vec<Vec<(usize, &Part)>> = vec![Vec::new(); breakdown.parts.len()];
    for (place, part) in order {
        inside.get_mut(part.around).into_iter().for_each(|inside| inside.push((place, part)));
    }
    let mut places = Vec::new();
    let mut open: Vec<(usize, &Part, usize)> = Vec::new();
    let mut next = inside.first_mut().map(std::mem::take).unwrap_or_default();
    let mut depth = 0;
    loop {
        open.extend(next.into_iter().rev().map(|(place, part)| (place, part, depth)));
        let Some((place, part, at)) = open.pop() else { break };
        places.push((place, part, at));
        next = inside.get_mut(place).map(std::mem::take).unwrap_or_default();
        depth = at.saturating_add(1);
    }
    let left_out_cost = left_out.iter().fold(Cost::ZERO, |sum, (_, part)| sum + by.own(part));
    Dearest { places, left_out: left_out.len(), left_out_cost }
}

/// Lines for people.
pub(super) fn lines(breakdown: &Breakdown, by: By) -> Vec<String> {
    let Some(root) = breakdown.parts.first() else { return Vec::new() };
    let all = by.total(root);
    let Dearest { places, left_out, left_out_cost } = dearest(breakdown, by, SHOWN);
    let names: Vec<String> =
        places.iter().map(|(_, part, depth)| format!("{}{}", "  ".repeat(*depth), name(part))).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).min(48);
    let mut lines = Vec::new();
    for ((_, part, _), name) in places.iter().zip(&names) {
        let (share, cost) = (share(by.total(part), all), decimal(by.total(part)));
        let line = format!("{share:>6}{cost:>14}  {name:<width$}  {}", remarks(part));
        lines.push(line.trim_end().to_owned());
    }
    if left_out > 0 {
        let (share, cost) = (share(left_out_cost, all), decimal(left_out_cost));
        let fields = if left_out == 1 { "field" } else { "fields" };
        lines.push(match left_out_cost {
            Cost::ZERO => format!("{share:>6}{cost:>14}  … {left_out} {fields} more"),
            _ => format!("{share:>6}{cost:>14}  … {left_out} cheaper {fields}"),
        });
    }
    if by.own(root) > Cost::ZERO {
        let (share, cost) = (share(by.own(root), all), decimal(by.own(root)));
        lines.push(format!("{share:>6}{cost:>14}  (the operation itself)"));
    }
    lines
}

/// The key, with the field where it is an alias; clients choose both, of any length.
fn name(part: &Part) -> String {
    const CHARS: usize = 60;
    let field = part.field.rsplit('.').next().unwrap_or_default();
    let name = if part.key == field { part.key.clone() } else { format!("{}: {field}", part.key) };
    match name.char_indices().nth(CHARS) {
        Some((end, _)) => format!("{}…", name.get(..end).unwrap_or_default()),
        None => name,
    }
}

fn remarks(part: &Part) -> String {
    let times = (part.times != 1).then(|| match part.times {
        0 => "only of a cheaper type".to_owned(),
        times => format!("{times} times"),
    });
    let list = part.size.as_ref().map(|size| {
        let entries = if size.entries == 1 { "entry" } else { "entries" };
        let of = size.of.as_ref().map(|of| format!(" of {of}")).unwrap_or_default();
        format!("list of {} {entries}, {}{of}", size.entries, told(&size.source))
    });
    let remarks: Vec<String> = times.into_iter().chain(list).collect();
    remarks.join(", ")
}

fn told(source: &SizeSource) -> String {
    match source {
        SizeSource::Argument(path) => format!("by {path}"),
        SizeSource::ArgumentDefault(path) => format!("by the default of {path}"),
        SizeSource::Assumed => "by assumedSize".to_owned(),
        SizeSource::Configured => "by default_list_size".to_owned(),
    }
}

/// In whole percent, as of something that is not nothing.
fn share(part: Cost, all: Cost) -> String {
    if part == Cost::ZERO {
        return "0%".to_owned();
    }
    let percent = u128::from(part.milli()).saturating_mul(100) / u128::from(all.milli()).max(1);
    if percent == 0 { "<1%".to_owned() } else { format!("{percent}%") }
}

/// Units with as many decimals as there are.
pub(super) fn decimal(cost: Cost) -> String {
    if cost == Cost::MAX {
        return "beyond all".to_owned();
    }
    let (units, milli) = (cost.milli() / 1_000, cost.milli() % 1_000);
    let decimals = format!(".{milli:03}");
    format!("{units}{}", decimals.trim_end_matches('0').trim_end_matches('.'))
}

/// For programs: places with their paths, the dearest first in each, and what is left out.
pub(super) fn json(breakdown: &Breakdown, by: By) -> Value {
    let Dearest { places, left_out, left_out_cost } = dearest(breakdown, by, GIVEN);
    let mut path: Vec<&str> = Vec::new();
    let places: Vec<Value> = places
        .into_iter()
        .map(|(_, part, depth)| {
            path.truncate(depth);
            path.push(&part.key);
            place(part, &path.join("."))
        })
        .collect();
    json!({ "places": places, "omitted": left_out, "omittedCostMilli": left_out_cost.milli() })
}

fn place(part: &Part, path: &str) -> Value {
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    put("path", json!(path));
    put("field", json!(part.field));
    put("times", json!(part.times));
    put("costMilli", json!(part.total.milli()));
    put("ownCostMilli", json!(part.own.milli()));
    put("typeCostMilli", json!(part.total_type.milli()));
    put("ownTypeCostMilli", json!(part.own_type.milli()));
    if let Some(Length { entries, source, of }) = &part.size {
        let (word, argument) = match source {
            SizeSource::Argument(path) => ("argument", Some(path)),
            SizeSource::ArgumentDefault(path) => ("argumentDefault", Some(path)),
            SizeSource::Assumed => ("assumedSize", None),
            SizeSource::Configured => ("defaultListSize", None),
        };
        put("list", json!({ "entries": entries, "source": word, "argument": argument, "of": of }));
    }
    Value::Object(object)
}
