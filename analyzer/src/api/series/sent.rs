//! What is sent of series, and everything that it must not be: the first mistake is told with its path.

use crate::store::NewSeries;
use portcullis_redact::{is_fit_label, label};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;
use utoipa::ToSchema;

/// Series of one call, and points of all of them.
const SERIES: usize = 500;
const POINTS: usize = 5_000;
/// Labels of one series.
const LABELS: usize = 16;
/// Bytes of a name, of a label's name and of its value.
const NAME_BYTES: usize = 64;
/// How old a point may be, and how far ahead: what is two hours old is merged.
const OLDEST_MS: u64 = 3_600_000;
const AHEAD_MS: u64 = 60_000;
/// The largest value, of either sign: sums of these are still numbers.
const LARGEST: f64 = 1e300;

/// What is sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = series::Sent)]
pub(crate) struct Sent {
    /// With 5000 points in all, at most.
    #[schema(min_items = 1, max_items = 500)]
    series: Vec<SentSeries>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = series::SentSeries)]
struct SentSeries {
    /// Letters, digits, `_` and `:`; not beginning with a digit.
    #[schema(min_length = 1, max_length = 64)]
    name: String,
    /// At most 16. Names are as that of the series, without `:`; values are 1 to 64 letters, digits and `_-.:/`, and nothing
    /// that is about a person, such as addresses.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    labels: Labels,
    #[schema(min_items = 1)]
    points: Vec<SentPoint>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = series::SentPoint)]
struct SentPoint {
    /// Not more than an hour ago and not more than a minute ahead; of one second the last counts.
    at_ms: u64,
    value: f64,
}

#[derive(Debug, Default)]
struct Labels(BTreeMap<String, String>);

impl Sent {
    /// What is to be stored, or what is wrong first.
    pub(super) fn check(self, now_ms: u64) -> Result<Vec<NewSeries>, String> {
        let count = self.series.len();
        if !(1..=SERIES).contains(&count) {
            return Err(format!("series: must be 1 to {SERIES}, got {count}"));
        }
        let points: usize = self.series.iter().map(|series| series.points.len()).sum();
        if points > POINTS {
            return Err(format!("series: must have at most {POINTS} points in all, got {points}"));
        }
        let checked = |(index, series): (usize, SentSeries)| {
            series.check(now_ms).map_err(|flaw| format!("series[{index}].{flaw}"))
        };
        self.series.into_iter().enumerate().map(checked).collect()
    }
}

impl SentSeries {
    fn check(self, now_ms: u64) -> Result<NewSeries, String> {
        if !is_name(&self.name, ":") {
            return Err(format!(
                "name: must be 1 to {NAME_BYTES} letters, digits, `_` and `:`, not beginning with a digit, and nobody's number"
            ));
        }
        let labels = self.labels.check()?;
        if self.points.is_empty() {
            return Err("points: must be at least 1, got 0".to_owned());
        }
        let (oldest, latest) = (now_ms.saturating_sub(OLDEST_MS), now_ms.saturating_add(AHEAD_MS));
        let mut points = Vec::with_capacity(self.points.len());
        for (index, point) in self.points.iter().enumerate() {
            if !(oldest..=latest).contains(&point.at_ms) {
                return Err(format!(
                    "points[{index}].at_ms: must be from an hour ago to a minute ahead, {oldest} to {latest}, got {}",
                    point.at_ms
                ));
            }
            if point.value.is_nan() || point.value.abs() > LARGEST {
                return Err(format!("points[{index}].value: must be from -{LARGEST:e} to {LARGEST:e}"));
            }
            points.push((point.at_ms, point.value));
        }
        Ok(NewSeries { name: self.name, labels, points })
    }
}

impl Labels {
    /// As JSON, in the order of their names. What is wrong with a value is told without it.
    fn check(&self) -> Result<String, String> {
        if self.0.len() > LABELS {
            return Err(format!("labels: must be at most {LABELS}, got more"));
        }
        for (index, (name, value)) in self.0.iter().enumerate() {
            if !is_name(name, "") {
                return Err(format!(
                    "labels: the name of the {}. must be 1 to {NAME_BYTES} letters, digits and `_`, not beginning with a digit, \
                     and nobody's number",
                    index.saturating_add(1)
                ));
            }
            if label(value).as_str() != value {
                return Err(format!(
                    "labels.{name}: must be 1 to {NAME_BYTES} letters, digits and `_-.:/`, and nothing that is about a person"
                ));
            }
        }
        serde_json::to_string(&self.0).map_err(|error| format!("labels: {error}"))
    }
}

/// Whether it is a name by the rules of Prometheus, with these characters beside letters, digits and `_`, and nothing personal.
fn is_name(name: &str, more: &str) -> bool {
    let fits = |it: char| it.is_ascii_alphanumeric() || it == '_' || more.contains(it);
    (1..=NAME_BYTES).contains(&name.len())
        && name.chars().all(fits)
        && !name.starts_with(|it: char| it.is_ascii_digit())
        && is_fit_label(name)
        && label(name).as_str() == name
}

/// Of a name that is there twice nobody could say which value counts; of too many, those that there is no room for are not kept.
impl<'de> Deserialize<'de> for Labels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading;
        impl<'de> Visitor<'de> for Reading {
            type Value = Labels;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object of texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Labels, A::Error> {
                let mut labels = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, String>()? {
                    if labels.len() > LABELS {
                        continue;
                    }
                    if labels.insert(name, value).is_some() {
                        return Err(A::Error::custom("a label is there twice"));
                    }
                }
                Ok(Labels(labels))
            }
        }
        deserializer.deserialize_map(Reading)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const NOW: u64 = 1_700_000_000_000;

    fn read(series: &Value) -> Result<Vec<NewSeries>, String> {
        let sent: Sent = serde_json::from_value(series.clone()).map_err(|error| error.to_string())?;
        sent.check(NOW)
    }

    fn one(name: &str, labels: Value, points: Value) -> Value {
        json!({ "series": [{ "name": name, "labels": labels, "points": points }] })
    }

    fn point() -> Value {
        json!([{ "at_ms": NOW, "value": 1 }])
    }

    #[track_caller]
    fn check(sent: &Value, expected: Result<(), &str>) {
        match (read(sent), expected) {
            (Ok(_), Ok(())) => {}
            (Err(flaw), Err(part)) => assert!(flaw.contains(part), "{flaw}\nnot {part}"),
            (got, expected) => panic!("{got:?}, not {expected:?}: {sent}"),
        }
    }

    #[test]
    fn names_and_labels_have_bounds_and_nothing_personal() {
        let labels = |count: usize| -> Value {
            (0..count).map(|it| (format!("l{it}"), json!("v"))).collect::<serde_json::Map<_, _>>().into()
        };
        check(&one("queue:depth_1", json!({ "instance": "eu-west-1.a:b/c" }), point()), Ok(()));
        check(&one(&"a".repeat(64), labels(16), point()), Ok(()));
        check(&one(&"a".repeat(65), json!({}), point()), Err("series[0].name: "));
        check(&one("a", labels(17), point()), Err("series[0].labels: must be at most 16"));
        for name in ["", "1a", "a b", "ä", "a\0", "user_4915112345678"] {
            check(&one(name, json!({}), point()), Err("series[0].name: "));
            check(&one("a", json!({ name: "v" }), point()), Err("series[0].labels: the name of the 1."));
        }
        check(&one("a", json!({ "a:b": "v" }), point()), Err("series[0].labels: "));
        for value in [
            "",
            "a b",
            "ada@example.org",
            "203.0.113.9",
            "203.0.113.9:80",
            "4111111111111111",
            "a\n",
            &"a".repeat(65),
        ] {
            let flaw = read(&one("a", json!({ "host": value }), point())).unwrap_err();
            assert!(flaw.starts_with("series[0].labels.host: must be"), "{flaw}");
            assert!(value.is_empty() || !flaw.contains(value), "{flaw}");
        }
        let twice = r#"{"series":[{"name":"a","labels":{"b":"1","b":"2"},"points":[]}]}"#;
        assert!(serde_json::from_str::<Sent>(twice).unwrap_err().to_string().contains("there twice"));
    }

    #[test]
    fn points_have_times_and_values_in_bounds() {
        let at = |at_ms: u64| {
            one("a", json!({}), json!([{ "at_ms": NOW, "value": 1 }, { "at_ms": at_ms, "value": 1 }]))
        };
        check(&at(NOW - OLDEST_MS), Ok(()));
        check(&at(NOW + AHEAD_MS), Ok(()));
        check(&at(NOW - OLDEST_MS - 1), Err("series[0].points[1].at_ms: must be from an hour ago"));
        check(&at(NOW + AHEAD_MS + 1), Err("series[0].points[1].at_ms: "));
        let value = |value: Value| one("a", json!({}), json!([{ "at_ms": NOW, "value": value }]));
        check(&value(json!(-1e300)), Ok(()));
        check(&value(json!(1.1e300)), Err("series[0].points[0].value: "));
        check(&value(json!(null)), Err("invalid type"));
        check(&value(json!("1")), Err("invalid type"));
        check(&one("a", json!({}), json!([])), Err("series[0].points: must be at least 1"));
    }

    #[test]
    fn a_call_is_bounded() {
        let many = |series: usize, points: usize| {
            let points: Vec<_> = (0..points).map(|_| json!({ "at_ms": NOW, "value": 1 })).collect();
            let series: Vec<_> =
                (0..series).map(|it| json!({ "name": format!("a{it}"), "points": points })).collect();
            json!({ "series": series })
        };
        check(&many(500, 10), Ok(()));
        check(&many(501, 1), Err("series: must be 1 to 500, got 501"));
        check(&many(0, 0), Err("series: must be 1 to 500, got 0"));
        check(&many(1, 5_000), Ok(()));
        check(&many(1, 5_001), Err("series: must have at most 5000 points in all, got 5001"));
        check(&json!({ "series": [], "more": 1 }), Err("unknown field"));
    }
}
