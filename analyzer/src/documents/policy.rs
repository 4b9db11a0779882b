//! The policy file: its JSON Schema for editors, and its reference for people.

use portcullis_policy::Policy;
use serde_json::Value;

const OPENING: &str = "# The policy file

Made from the types in `crates/policy` by `cargo xtask docs`; change it there.

YAML or JSON. An empty file is a good policy: every value has a default, and [`policy.example.yaml`](../crates/policy/policy.example.yaml) writes
them all out in their order. `portcullis check policy.yaml` reads it by the parser that the filter runs and tells every mistake; with
`--explain` it prints what the file amounts to. Editors that know JSON Schema help while it is written; for the YAML language server its
first line is `# yaml-language-server: $schema=…/docs/policy.schema.json`.

All limits are inclusive. That values make sense (such as a depth of at least 1), the schema does not say but `check` does.
";

/// `docs/policy.schema.json`.
pub(super) fn schema() -> String {
    let mut schema = Policy::schema();
    schema.insert("title".to_owned(), "Policy of Portcullis".into());
    format!("{:#}\n", schema.to_value())
}

/// `docs/policy.md`.
pub(super) fn reference() -> String {
    let root = Policy::schema().to_value();
    Reference::of(&root, OPENING).text
}

/// A reference in the making: sections with their fields, outer before inner.
struct Reference<'s> {
    root: &'s Value,
    text: String,
    /// Every section and the path to it where it is described.
    places: Vec<(&'s Value, String)>,
}

impl<'s> Reference<'s> {
    fn of(root: &'s Value, opening: &str) -> Self {
        let mut reference = Self { root, text: opening.to_owned(), places: vec![(root, String::new())] };
        reference.find_places();
        reference.section("", root, "The whole file.");
        reference
    }

    /// Level by level, so that the path to a section is a short one.
    fn find_places(&mut self) {
        let mut next = 0;
        while let Some((section, path)) = self.places.get(next).cloned() {
            for (name, field, _) in fields(section) {
                let Some((inner, step)) = self.inner(field) else { continue };
                let own = beneath(&path, name, step);
                match self.places.iter_mut().find(|(known, _)| std::ptr::eq(*known, inner)) {
                    Some((_, place)) if place.len() > own.len() => *place = own,
                    Some(_) => (),
                    None => self.places.push((inner, own)),
                }
            }
            next += 1;
        }
    }

    fn place(&self, section: &Value) -> Option<&str> {
        let place = self.places.iter().find(|(known, _)| std::ptr::eq(*known, section));
        place.map(|(_, path)| path.as_str())
    }

    fn section(&mut self, path: &str, schema: &'s Value, what: &str) {
        let fields = fields(schema);
        let title = if path.is_empty() { "The file".to_owned() } else { format!("`{path}`") };
        self.text.push_str(&format!(
            "\n## {title}\n\n{what}\n\n| field | takes | default | what |\n|---|---|---|---|\n"
        ));
        for (name, field, around) in &fields {
            let choice = (!std::ptr::eq(*around, schema)).then_some(*around);
            self.row(path, (name, field), schema, choice);
        }
        for (name, field, around) in fields {
            let Some((inner, step)) = self.inner(field) else { continue };
            let own = beneath(path, name, step);
            if self.place(inner) == Some(&own) {
                let what =
                    [description(field), description(around)].into_iter().find(|text| !text.is_empty());
                self.section(&own, inner, what.unwrap_or_default());
            }
        }
    }

    /// A field of a section; `choice` is what lists it where the section has one field of several.
    fn row(&mut self, path: &str, (name, field): (&str, &'s Value), section: &Value, choice: Option<&Value>) {
        let required = section.get("required").and_then(Value::as_array).into_iter().flatten();
        let is_required = required.into_iter().any(|required| required == name);
        let default = match field.get("default") {
            _ if choice.is_some() => "one of them".to_owned(),
            _ if is_required => "must be given".to_owned(),
            None | Some(Value::Null) => "none".to_owned(),
            _ if matches!(self.inner(field), Some((_, ""))) => String::new(),
            Some(default) => format!("`{default}`"),
        };
        let what = match description(field) {
            "" => choice.map(description).unwrap_or_default(),
            what => what,
        };
        let elsewhere = self
            .inner(field)
            .and_then(|(inner, step)| self.place(inner).filter(|place| *place != beneath(path, name, step)));
        let elsewhere = elsewhere.map(|place| format!(", as `{place}`")).unwrap_or_default();
        let (takes, what) =
            (format!("{}{elsewhere}", self.takes(field)), what.replace('|', "\\|").replace('\n', " "));
        self.text.push_str(&format!("| `{name}` | {takes} | {default} | {what} |\n"));
    }

    /// What a value may be, in words.
    fn takes(&self, schema: &'s Value) -> String {
        let schema = self.resolved(schema);
        let words = |list: &[Value]| {
            let words: Vec<_> =
                list.iter().filter_map(Value::as_str).map(|word| format!("`{word}`")).collect();
            words.join(", ")
        };
        if let Some(list) = schema.get("enum").and_then(Value::as_array) {
            return words(list);
        }
        if let Some(choices) = choices(schema) {
            let listed = |choice: &Value| choice.get("enum").and_then(Value::as_array).cloned();
            let said = |choice: &Value| choice.get("const").map(|word| vec![word.clone()]);
            let words =
                words(&choices.iter().filter_map(|it| said(it).or(listed(it))).flatten().collect::<Vec<_>>());
            let section = if fields(schema).is_empty() { "" } else { "section with one of its fields" };
            return [words.as_str(), section].join(", ").trim_matches([',', ' ']).to_owned();
        }
        if !fields(schema).is_empty() {
            return "section".to_owned();
        }
        match type_of(schema) {
            "array" => {
                let items = schema.get("items").map(|items| self.takes(items)).unwrap_or_default();
                format!("list of {items}").trim_end().to_owned()
            }
            "object" => {
                let values =
                    schema.get("additionalProperties").map(|values| self.takes(values)).unwrap_or_default();
                format!("names, each with {values}").trim_end_matches(", each with ").to_owned()
            }
            "integer" => "whole number".to_owned(),
            "boolean" => "`true`, `false`".to_owned(),
            "string" => "text".to_owned(),
            other => other.to_owned(),
        }
    }

    /// The section inside of a field, and the step to it.
    fn inner(&self, field: &'s Value) -> Option<(&'s Value, &'static str)> {
        let schema = self.resolved(field);
        let (inner, step) = match (schema.get("items"), schema.get("additionalProperties")) {
            (Some(items), _) => (self.resolved(items), "[]"),
            (None, Some(values)) if values.is_object() => (self.resolved(values), ".*"),
            (None, _) => (schema, ""),
        };
        (!fields(inner).is_empty()).then_some((inner, step))
    }

    /// What a reference refers to; of a value that may be absent, what it is when present.
    fn resolved(&self, schema: &'s Value) -> &'s Value {
        let is_null = |choice: &&Value| type_of(choice) == "null";
        let choices = schema.get("anyOf").and_then(Value::as_array).into_iter().flatten();
        let schema = choices.into_iter().find(|choice| !is_null(choice)).unwrap_or(schema);
        let reference = schema.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix('#'));
        reference.and_then(|pointer| self.root.pointer(pointer)).unwrap_or(schema)
    }
}

/// The path of a field of a section.
fn beneath(path: &str, name: &str, step: &str) -> String {
    let dot = if path.is_empty() { "" } else { "." };
    format!("{path}{dot}{name}{step}")
}

/// The fields of a section, each with what lists it; where a section has one field of several, those of all choices.
fn fields(schema: &Value) -> Vec<(&str, &Value, &Value)> {
    let around = choices(schema).into_iter().flatten().chain([schema]);
    around.flat_map(listed).collect()
}

fn listed(around: &Value) -> impl Iterator<Item = (&str, &Value, &Value)> {
    let fields = around.get("properties").and_then(Value::as_object).into_iter().flatten();
    fields.map(move |(name, field)| (name.as_str(), field, around))
}

/// What a value is one of.
fn choices(schema: &Value) -> Option<&Vec<Value>> {
    schema.get("oneOf").and_then(Value::as_array)
}

/// The type; of several the one beside `null`.
fn type_of(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::Array(several)) => {
            several.iter().filter_map(Value::as_str).find(|name| *name != "null").unwrap_or("null")
        }
        Some(one) => one.as_str().unwrap_or_default(),
        None => "",
    }
}

fn description(field: &Value) -> &str {
    field.get("description").and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As editors read it: to YAML 1.2 `off` is a word.
    fn valid(text: &str) -> bool {
        let options = serde_saphyr::options! { strict_booleans: true };
        let file: Value = serde_saphyr::from_str_with_options(text, options).unwrap();
        jsonschema::is_valid(&Policy::schema().to_value(), &file)
    }

    #[test]
    fn every_field_of_every_section_is_documented() {
        let root = Policy::schema().to_value();
        let sections =
            root["$defs"].as_object().unwrap().iter().map(|(name, section)| (name.as_str(), section));
        for (name, section) in sections.chain([("the file", &root)]) {
            for (field, schema, around) in fields(section) {
                let what = [description(schema), description(around)];
                let is_choice = !std::ptr::eq(around, section);
                assert!(
                    !what[0].is_empty() || is_choice && !what[1].is_empty(),
                    "{field} of {name} has no description"
                );
            }
        }
    }

    #[test]
    fn a_section_with_one_field_of_several_lists_them() {
        let root = serde_json::json!({
            "properties": {"by": {"type": "array", "description": "By what.", "items": {"oneOf": [
                {"const": "nothing", "description": "None."},
                {"properties": {"header": {"type": "string"}}, "required": ["header"], "description": "A header."},
                {"properties": {"claim": {"$ref": "#/$defs/Claim"}}, "required": ["claim"], "description": "A claim."},
            ]}}},
            "$defs": {"Claim": {"properties": {"path": {"type": "string", "description": "Its | path."}}, "required": ["path"]}},
        });
        let reference = Reference::of(&root, "");
        for line in [
            "| `by` | list of `nothing`, section with one of its fields | none | By what. |",
            "\n## `by[]`\n\nBy what.\n",
            "| `header` | text | one of them | A header. |",
            "| `claim` | section | one of them | A claim. |",
            "\n## `by[].claim`\n\nA claim.\n",
            "| `path` | text | must be given | Its \\| path. |",
        ] {
            assert!(reference.text.contains(line), "{line}\n{}", reference.text);
        }
    }

    #[test]
    fn a_section_in_several_places_is_described_at_the_shortest_path() {
        let root = serde_json::json!({
            "properties": {
                "after": {"properties": {"limits": {"$ref": "#/$defs/Limits"}}},
                "limits": {"$ref": "#/$defs/Limits"},
            },
            "$defs": {"Limits": {"properties": {"depth": {"type": "integer"}, "again": {"$ref": "#/$defs/Limits"}}}},
        });
        let text = Reference::of(&root, "").text;
        assert_eq!(text.matches("| `depth` |").count(), 1, "{text}");
        assert_eq!(text.matches("| section, as `limits` |").count(), 2, "{text}");
        assert!(text.contains("\n## `limits`\n") && !text.contains("## `after.limits`"), "{text}");
    }

    #[test]
    fn every_section_is_in_the_reference() {
        let text = reference();
        for title in
            ["## `graphql.limits`", "## `routes[]`", "## `graphql.sensitive_fields[]`", "## `analyzer`"]
        {
            assert!(text.contains(title), "{title}");
        }
        assert!(text.contains("| `depth` | whole number | `15` |"), "{text}");
        assert!(text.contains("| `introspection` | `allow`, `deny` | `\"deny\"` |"), "{text}");
        assert!(!text.contains("|  |  |"), "{text}");
    }

    #[test]
    fn the_schema_takes_what_the_parser_takes() {
        let example = include_str!("../../../crates/policy/policy.example.yaml");
        let every_value = serde_saphyr::to_string(&Policy::written_out("").unwrap()).unwrap();
        for text in [
            example,
            &every_value,
            "{}",
            "routes: [{path: /a}]",
            "analyzer: {cluster: a, token_env: B}",
            "clients: {identity: [{jwt: {claim: [sub]}}, {header: x-api-key}, {certificate: uri}], classes: [{name: staff, when: [{address: [10.0.0.0/8]}], limits: {depth: 30}}]}",
            "throttles: {rules: [{name: reads, per: client, unit: cost, capacity: 100, window_ms: 1000}]}",
        ] {
            assert!(valid(text) && Policy::parse(text).is_ok(), "{text}");
        }
        for text in [
            "rootes: []",
            "routes: [{}]",
            "routes: [{path: 1}]",
            "graphql: {limits: {depth: deep}}",
            "graphql: {limits: {depth: -1}}",
            "graphql: {limits: {dpth: 1}}",
            "graphql: {introspection: maybe}",
            "graphql: {content_encodings: [lzma]}",
            "responses: {expose_limits: 1}",
            "clients: {identity: [{cookie: a}]}",
            "throttles: {rules: [{name: reads}]}",
        ] {
            assert!(!valid(text) && Policy::parse(text).is_err(), "{text}");
        }
    }
}
