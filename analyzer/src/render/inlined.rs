//! The policy as it is handed to the filter: wasm reads no files, so all of it stands in Envoy's configuration.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portcullis_policy::{CostTable, Mistakes, Policy};
use serde_json::{Map, Value};

/// Characters of base64 in one line.
const COLUMNS: usize = 120;

/// The policy's text in the filter's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inlined {
    /// The file as it was written.
    AsWritten(String),
    /// What the file changes of the defaults, with the compiled schema in it.
    WithSchema(String),
}

/// The policy cannot be handed over.
#[derive(Debug, thiserror::Error)]
pub enum InlineError {
    /// It has mistakes.
    #[error(transparent)]
    Mistakes(#[from] Mistakes),
    /// Written anew it would be another one.
    #[error("the policy cannot be written with its schema so that it stays the same; please report this")]
    Changed,
}

impl Inlined {
    /// The text of the policy.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::AsWritten(text) | Self::WithSchema(text) => text,
        }
    }

    /// The policy `text`, costing by the table of these bytes.
    ///
    /// # Errors
    /// It has mistakes.
    pub fn with_schema(text: &str, bytes: &[u8], table: CostTable) -> Result<Self, InlineError> {
        let wanted = Policy::parse_with(text, table)?;
        let mut file = value(text)?;
        let cost =
            file.pointer_mut("/graphql/cost").and_then(Value::as_object_mut).ok_or(InlineError::Changed)?;
        cost.insert("schema".to_owned(), in_lines(&STANDARD.encode(bytes)).into());
        // Everything costs by the table that is given.
        if let Some(cost) = file.pointer_mut("/candidate/graphql/cost").and_then(Value::as_object_mut) {
            cost.remove("schema");
        }
        let short = without(file.clone(), &value("")?);
        // The long form is for a default that the file takes away, which leaving out cannot say.
        let written = [short, file].into_iter().filter_map(|file| serde_saphyr::to_string(&file).ok());
        let same = |text: &String| Policy::parse(text).is_ok_and(|policy| policy == wanted);
        written.into_iter().find(same).map(Self::WithSchema).ok_or(InlineError::Changed)
    }
}

fn value(text: &str) -> Result<Value, InlineError> {
    serde_json::to_value(Policy::written_out(text)?).map_err(|_| InlineError::Changed)
}

fn in_lines(base64: &str) -> String {
    let lines: Vec<_> = base64.as_bytes().chunks(COLUMNS).map(String::from_utf8_lossy).collect();
    lines.join("\n")
}

/// What is other than in `defaults`, section by section.
fn without(file: Value, defaults: &Value) -> Value {
    match (file, defaults) {
        (Value::Object(fields), Value::Object(defaults)) => {
            let said = |value: &Value, default: Option<&Value>| match default {
                Some(default) => value != default,
                None => !value.is_null(),
            };
            let changed = fields.into_iter().filter(|(name, value)| said(value, defaults.get(name)));
            let short = changed.map(|(name, value)| match defaults.get(&name) {
                Some(default) => (name, without(value, default)),
                None => (name, without(value, &Value::Null)),
            });
            Value::Object(short.collect())
        }
        // A section that is absent by default has no defaults; what is not said in it is null.
        (Value::Object(fields), Value::Null) => without(Value::Object(fields), &Value::Object(Map::new())),
        (value, _) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::{Assumptions, Source, compile};

    fn table() -> Vec<u8> {
        let text = "type Query { users(first: Int): [User] me: User }\ntype User { id: ID }\n".to_owned();
        compile(&[Source { name: "s".to_owned(), text }], Assumptions::Conventions).unwrap().table
    }

    fn with_schema(text: &str) -> Result<Inlined, InlineError> {
        let bytes = table();
        Inlined::with_schema(text, &bytes, CostTable::load(bytes.clone()).unwrap())
    }

    #[test]
    fn a_schema_goes_into_what_the_file_changes() {
        let text = "# strict\ngraphql:\n  limits: {depth: 7, tokens: 5000}\n  cost: {schema: old}\n  trusted_documents: {mode: off, documents: {\"00\": \"{ a }\"}}\n  sensitive_fields: [{field: Query.me, aliases: 1}]\n";
        let inlined = with_schema(text).unwrap();
        let file: Value = serde_saphyr::from_str(inlined.text()).unwrap();
        let graphql = &file["graphql"];
        assert_eq!(file.as_object().unwrap().keys().collect::<Vec<_>>(), ["graphql"]);
        assert_eq!(graphql["limits"], serde_json::json!({"depth": 7}));
        assert!(graphql["cost"]["schema"].as_str().unwrap().starts_with("UENMV"));
        assert_eq!(graphql["cost"].as_object().unwrap().len(), 1);
        let wanted = Policy::parse_with(text, CostTable::load(table()).unwrap()).unwrap();
        assert_eq!(Policy::parse(inlined.text()).unwrap(), wanted);
    }

    #[test]
    fn odd_texts_of_a_policy_stay_what_they_are() {
        for text in [
            "",
            "routes: [{path: /a}, {path: /graphql}]",
            "graphql: {denied_extensions: []}",
            "routes: [{path: /a, match: prefix, profile: p}, {path: /a/b, enabled: false}]\nprofiles: {p: {mode: shadow, graphql: {limits: {depth: 2}, trusted_documents: {documents: {}}}, classes: {anonymous: {limits: {cost: 5}}}}}",
            "graphql: {limits: {depth: 9}}\ncandidate: {graphql: {cost: {schema: old, max: 7}}, classes: {anonymous: {limits: {depth: 3}}}}",
            "analyzer: {cluster: \"a: |\\n b # 'c'\", token: \"0123\"}",
            "graphql: {trusted_documents: {mode: log, documents: {\"no\": \"{ a }\\n\\n\", \"~\": \"\\t{ b }\", \"1e3\": \"\\u2028\\u0085{ c }\"}}}",
            "graphql: {uploads: {total_bytes: 18446744073709551615}}",
        ] {
            let wanted = Policy::parse_with(text, CostTable::load(table()).unwrap()).unwrap();
            assert_eq!(Policy::parse(with_schema(text).unwrap().text()).unwrap(), wanted, "{text}");
        }
    }

    #[test]
    fn mistakes_are_told() {
        assert!(matches!(with_schema("graphql: {limits: {depth: 0}}"), Err(InlineError::Mistakes(_))));
        assert!(matches!(with_schema("grapql: {}"), Err(InlineError::Mistakes(_))));
    }
}
