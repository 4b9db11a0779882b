//! Texts with repetitions, so that a bomb is one short line.

use serde::Deserialize;

/// A text, or parts of one; a part `[text, n]` stands for n times that text, with `%d` counting from 0.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Text {
    /// As it is.
    Plain(String),
    /// One part after the other.
    Parts(Vec<Part>),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Part {
    Once(String),
    Often(String, usize),
}

impl Text {
    /// The whole text.
    pub(super) fn expand(&self) -> String {
        match self {
            Self::Plain(text) => text.clone(),
            Self::Parts(parts) => parts.iter().map(Part::expand).collect(),
        }
    }
}

impl Part {
    fn expand(&self) -> String {
        match self {
            Self::Once(text) => text.clone(),
            Self::Often(text, count) if !text.contains("%d") => text.repeat(*count),
            Self::Often(text, count) => {
                (0..*count).map(|number| text.replace("%d", &number.to_string())).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_repeated_and_counted() {
        let text: Text = serde_json::from_str(r#"["{", ["a%d:x ", 3], ["!", 2], "}"]"#).unwrap();
        assert_eq!(text.expand(), "{a0:x a1:x a2:x !!}");
    }
}
