//! Finds the lines of a YAML text on which values stand, by their paths.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;
use std::collections::BTreeMap;
use std::fmt;

/// Where the values of a text are; nothing is known of a text that is not YAML.
pub(crate) struct Lines(Option<Node>);

/// A value, as far as it has others in it.
#[derive(Debug, Default)]
enum Node {
    Map(BTreeMap<String, (u64, Node)>),
    List(Vec<(u64, Node)>),
    #[default]
    Leaf,
}

impl Lines {
    pub(crate) fn of(text: &str) -> Self {
        Self(serde_saphyr::from_str(text).ok())
    }

    /// The line of `graphql.limits.depth` or `routes[0].path`, or of what of it is there; from 1.
    pub(crate) fn line(&self, path: &str) -> Option<u64> {
        let mut node = self.0.as_ref()?;
        let mut found = None;
        for step in path.split(['.', '[']).map(|step| step.trim_end_matches(']')) {
            let next = match node {
                Node::Map(fields) => fields.get(step),
                Node::List(items) => step.parse().ok().and_then(|index: usize| items.get(index)),
                Node::Leaf => None,
            };
            let Some((line, inner)) = next else { break };
            (found, node) = (Some(*line), inner);
        }
        found.filter(|line| *line > 0)
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut fields = BTreeMap::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            fields.insert(key.value, (key.referenced.line(), map.next_value()?));
        }
        Ok(Node::Map(fields))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element::<Spanned<Node>>()? {
            items.push((item.referenced.line(), item.value));
        }
        Ok(Node::List(items))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_str<E>(self, _: &str) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Leaf)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, Option<u64>)]) {
        let lines = Lines::of(text);
        for (path, line) in expected {
            assert_eq!(lines.line(path), *line, "{path} in {text}");
        }
    }

    #[test]
    fn values_are_found_on_the_lines_of_their_names() {
        let text = "# policy\nroutes:\n  - path: a\n  -\n    path: b\n\ngraphql:\n  limits:\n    depth: 0\n    tokens:\n      0\n  cost: {max: 0,\n    type_max: 1.5}\nanalyzer:\n";
        check(
            text,
            &[
                ("routes", Some(2)),
                ("routes[0].path", Some(3)),
                ("routes[1].path", Some(5)),
                ("graphql.limits.depth", Some(9)),
                ("graphql.limits.tokens", Some(10)),
                ("graphql.cost.max", Some(12)),
                ("graphql.cost.type_max", Some(13)),
                ("analyzer.cluster", Some(14)),
                ("graphql.uploads.files", Some(7)),
                ("nothing", None),
                ("", None),
            ],
        );
    }

    #[test]
    fn json_has_lines_and_what_is_no_yaml_has_none() {
        check("{\"routes\":\n[{\"path\":\"a\"}]}", &[("routes[0].path", Some(2)), ("routes", Some(1))]);
        check("routes: [", &[("routes", None)]);
        check("", &[("routes", None)]);
        check("- 1", &[("routes", None), ("[0]", None)]);
    }
}
