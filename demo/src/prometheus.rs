//! Reads metrics in the Prometheus text format, as far as Envoy and the analyzer write it.

use std::collections::BTreeMap;

/// One line: a name, labels, a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The metric's name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its value.
    pub value: f64,
}

/// Everything that one scrape returned.
#[derive(Clone, Debug, Default)]
pub struct Metrics(pub Vec<Sample>);

impl Metrics {
    /// Reads a scrape; lines that are no samples are passed over.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self(text.lines().filter_map(sample).collect())
    }

    /// The sum of all samples of that name that carry these labels.
    #[must_use]
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.named(name).filter(|sample| carries(sample, labels)).map(|sample| sample.value).sum()
    }

    /// Whether there is a sample of that name with these labels.
    #[must_use]
    pub fn has(&self, name: &str, labels: &[(&str, &str)]) -> bool {
        self.named(name).any(|sample| carries(sample, labels))
    }

    /// All samples of that name.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Sample> {
        self.0.iter().filter(move |sample| sample.name == name)
    }
}

fn carries(sample: &Sample, labels: &[(&str, &str)]) -> bool {
    labels.iter().all(|(key, value)| sample.labels.get(*key).is_some_and(|found| found == value))
}

fn sample(line: &str) -> Option<Sample> {
    if line.starts_with('#') {
        return None;
    }
    let (series, value) = match line.split_once('}') {
        Some((series, value)) => (series, value),
        None => line.split_once(' ')?,
    };
    let (name, labels) = series.split_once('{').unwrap_or((series, ""));
    let value = value.split_whitespace().next()?.parse().ok()?;
    let labels = labels.split("\",").filter_map(|label| {
        let (key, value) = label.split_once("=\"")?;
        Some((key.trim().to_owned(), value.trim_end_matches('"').to_owned()))
    });
    Some(Sample { name: name.to_owned(), labels: labels.collect(), value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_values_are_read() {
        let metrics = Metrics::parse(
            "# TYPE a counter\na{x=\"1\",y=\"p, q\"} 3\na{x=\"2\"} 4 1700000000\na_plain 0.5\nb{} 7\n",
        );
        assert_eq!(metrics.0.len(), 4);
        assert_eq!(metrics.sum("a", &[]), 7.0);
        assert_eq!(metrics.sum("a", &[("x", "1"), ("y", "p, q")]), 3.0);
        assert_eq!(metrics.sum("a_plain", &[]), 0.5);
        assert_eq!(metrics.sum("b", &[]), 7.0);
        assert!(!metrics.has("a", &[("x", "3")]));
    }
}
