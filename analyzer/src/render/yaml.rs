//! YAML of single values that can stand anywhere and be read only one way.
//!
//! What comes from outside passes [`Yaml::text`] or [`Yaml::lines`]. Both keep to what YAML 1.1 and 1.2 read alike, since Envoy, Go and
//! Rust read it by different libraries.

/// YAML, without the indentation of the place where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Yaml(String);

impl Yaml {
    /// A text as one quoted line of printable ASCII.
    pub(super) fn text(text: &str) -> Self {
        let plain = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if plain && text.contains(['"', '\\']) {
            return Self(format!("'{}'", text.replace('\'', "''")));
        }
        Self(format!("\"{}\"", text.chars().map(escaped).collect::<String>()))
    }

    /// A text line by line, where that is the same text to every reader; else as [`Yaml::text`].
    pub(super) fn lines(text: &str) -> Self {
        let (body, chomping) = match text.strip_suffix('\n') {
            Some(body) => (body, "|"),
            None => (text, "|-"),
        };
        let starts_plainly = !body.starts_with([' ', '\n']);
        let ends_plainly =
            body.lines().last().is_some_and(|line| !line.trim().is_empty()) && !body.ends_with('\n');
        if !starts_plainly || !ends_plainly || !body.chars().all(is_same_to_all) {
            return Self::text(text);
        }
        let mut yaml = chomping.to_owned();
        for line in body.split('\n') {
            yaml.push('\n');
            if !line.is_empty() {
                yaml.push_str("  ");
                yaml.push_str(line);
            }
        }
        Self(yaml)
    }

    /// A number.
    pub(super) fn number(number: impl Into<u64>) -> Self {
        Self(number.into().to_string())
    }

    /// What this program wrote itself, or filled from such values.
    pub(super) fn own(yaml: impl Into<String>) -> Self {
        Self(yaml.into())
    }

    /// Nothing: a line with nothing else goes away.
    pub(super) fn nothing() -> Self {
        Self(String::new())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// As a file of its own.
    pub(super) fn into_file(self) -> String {
        self.0 + "\n"
    }
}

/// A character as it stands between double quotes (YAML 1.2 §5.7); the escapes used are those of YAML 1.1 too.
fn escaped(character: char) -> String {
    match character {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        '\n' => "\\n".to_owned(),
        '\t' => "\\t".to_owned(),
        ' '..='~' => character.to_string(),
        '\0'..='\u{ffff}' => format!("\\u{:04X}", u32::from(character)),
        _ => format!("\\U{:08X}", u32::from(character)),
    }
}

/// Whether a character stands for itself in a literal block: not so tabs, breaks of YAML 1.1, byte order marks, what is not printable.
fn is_same_to_all(character: char) -> bool {
    match character {
        '\n' | ' '..='~' => true,
        '\u{a0}'..='\u{d7ff}' => !matches!(character, '\u{2028}' | '\u{2029}'),
        '\u{e000}'..='\u{fffd}' => character != '\u{feff}',
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn text(text: &str, expected: &str) {
        assert_eq!(Yaml::text(text).as_str(), expected);
    }

    #[track_caller]
    fn lines(text: &str, expected: &str) {
        assert_eq!(Yaml::lines(text).as_str(), expected);
    }

    /// What a reader finds where the value was put.
    fn read(yaml: &Yaml) -> String {
        let place = yaml.as_str().replace('\n', "\n    ");
        let document = format!("a:\n  - b: {{c: 1}}\n    d:\n    - e: 1\n    f: {place}\n    g: 2\nh: 3\n");
        let value: serde_json::Value = serde_saphyr::from_str(&document).unwrap();
        assert_eq!((&value["a"][0]["g"], &value["h"]), (&2.into(), &3.into()), "{document}");
        assert_eq!(value["a"][0].as_object().unwrap().len(), 4, "{document}");
        value["a"][0]["f"].as_str().unwrap().to_owned()
    }

    #[test]
    fn texts_are_quoted() {
        text("/etc/portcullis.wasm", "\"/etc/portcullis.wasm\"");
        text("it's", "\"it's\"");
        text("^a\\.(b)", "'^a\\.(b)'");
        text("a \"b\" 'c'", "'a \"b\" ''c'''");
        text("a\n\"b\"\t\0", "\"a\\n\\\"b\\\"\\t\\u0000\"");
        text("é\u{1f600}\u{7f}", "\"\\u00E9\\U0001F600\\u007F\"");
        text("", "\"\"");
    }

    #[test]
    fn texts_of_several_lines_stay_readable() {
        lines("a: 1\n\n  b: ü # c\n", "|\n  a: 1\n\n    b: ü # c");
        lines("a: 1", "|-\n  a: 1");
        lines("# a\n---\nb", "|-\n  # a\n  ---\n  b");
    }

    #[test]
    fn what_readers_could_take_differently_is_quoted() {
        for odd in [
            "",
            "\n",
            " a\n",
            "\na\n",
            "a\n\n",
            "a\n  ",
            "a\tb\n",
            "a\r\n",
            "a\u{85}b",
            "a\u{2028}b",
            "\u{feff}a",
            "a\u{7f}",
        ] {
            assert!(Yaml::lines(odd).as_str().starts_with('"'), "{odd:?}");
            assert_eq!(read(&Yaml::lines(odd)), odd);
        }
    }

    proptest! {
        #[test]
        fn a_text_is_read_back_and_nothing_else(text in "\\PC*|[ \\-#:'\"\\\\{}\\[\\],&*!|>%@`\n\ta-c]*|(.|\n)*") {
            prop_assert_eq!(read(&Yaml::text(&text)), &*text);
            prop_assert_eq!(read(&Yaml::lines(&text)), &*text);
        }
    }
}
