//! The shipped Envoy configurations say what the catalogue of metrics says, and agree with each other.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs, reason = "a test")]

use e2e::config;
use portcullis_report::{EDGE_FAMILIES, FamilyKind, stats_tags};
use serde_json::Value;

/// The configuration with every placeholder filled by something of the right type.
fn read(name: &str) -> Value {
    let text = std::fs::read_to_string(config(name)).unwrap();
    let ports = ["gated", "plain", "admin", "upstream", "analyzer"];
    let text = ports.iter().fold(text, |text, port| text.replace(&format!("{{{{{port}_port}}}}"), "1"));
    let text = text.replace("{{policy}}", "\"\"").replace("{{wasm}}", "w").replace("{{access_log}}", "l");
    assert!(!text.contains("{{p") && !text.contains("{{w"), "a placeholder that `stack` does not know");
    serde_saphyr::from_str(&text).unwrap()
}

fn named<'a>(list: &'a Value, name: &str) -> &'a Value {
    list.as_array().unwrap().iter().find(|entry| entry["name"] == name).unwrap()
}

#[test]
fn stats_tags_are_those_of_the_catalogue() {
    let config = read("demo.yaml");
    let tags = config["stats_config"]["stats_tags"].as_array().unwrap();
    let text = |tag: &Value, key: &str| tag[key].as_str().unwrap().to_owned();
    let shipped: Vec<_> = tags.iter().map(|tag| (text(tag, "tag_name"), text(tag, "regex"))).collect();
    let catalogue: Vec<_> = stats_tags().into_iter().map(|tag| (tag.tag_name, tag.regex)).collect();
    assert_eq!(shipped, catalogue);
}

#[test]
fn histogram_buckets_are_those_of_the_catalogue() {
    let config = read("demo.yaml");
    let settings = config["stats_config"]["histogram_bucket_settings"].as_array().unwrap();
    let shipped: Vec<_> = settings
        .iter()
        .map(|setting| {
            let name = setting["match"]["exact"].as_str().unwrap().to_owned();
            let buckets: Vec<_> =
                setting["buckets"].as_array().unwrap().iter().filter_map(Value::as_u64).collect();
            (name, buckets)
        })
        .collect();
    let catalogue: Vec<_> = EDGE_FAMILIES
        .iter()
        .filter(|family| family.kind == FamilyKind::Histogram)
        .map(|family| (format!("wasmcustom.{}", family.name), family.buckets.to_vec()))
        .collect();
    assert_eq!(shipped, catalogue);
}

#[test]
fn the_envoy_without_the_gate_is_the_one_with_it_less_the_gate() {
    let (demo, plain) = (read("demo.yaml"), read("plain.yaml"));
    let (demo, plain) = (&demo["static_resources"], &plain["static_resources"]);
    assert_eq!(named(&demo["listeners"], "plain"), named(&plain["listeners"], "plain"));
    assert_eq!(named(&demo["clusters"], "upstream"), named(&plain["clusters"], "upstream"));
}

#[test]
fn the_gated_listener_is_the_plain_one_and_the_gate() {
    let mut demo = read("demo.yaml");
    let listeners = &mut demo["static_resources"]["listeners"];
    let plain = named(listeners, "plain").clone();
    let mut gated = named(listeners, "gated").clone();
    let manager = &mut gated["filter_chains"][0]["filters"][0]["typed_config"];
    let filters = manager["http_filters"].as_array_mut().unwrap();
    assert_eq!(filters.remove(0)["name"], "envoy.filters.http.wasm");
    manager.as_object_mut().unwrap().remove("access_log");
    manager["stat_prefix"] = "plain".into();
    gated["name"] = "plain".into();
    assert_eq!(gated, plain);
}

#[test]
fn the_services_have_limits_for_what_they_are_asked_about() {
    let file = read("ratelimit/envoyproxy.yaml");
    assert_eq!(file["domain"], "portcullis");
    let all = &file["descriptors"][0];
    assert_eq!((&all["key"], &all["value"]), (&"gate".into(), &"allowed".into()));
    assert_eq!(all["descriptors"][0]["key"], "client");
    let of = |limit: &Value| limit["requests_per_unit"].as_u64().unwrap();
    let limits = [of(&all["rate_limit"]), of(&all["descriptors"][0]["rate_limit"])];
    // The same as in the file of the other service.
    let other = read("ratelimit/limitador.yaml");
    let others = other.as_array().unwrap().iter().map(|limit| limit["max_value"].as_u64().unwrap());
    assert_eq!(others.collect::<Vec<_>>(), limits);
    assert!(other.as_array().unwrap().iter().all(|limit| limit["namespace"] == "portcullis"));
}

/// What envoyproxy/ratelimit documents of its file; whatever else stands in one, it refuses.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    domain: String,
    descriptors: Vec<Descriptor>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Descriptor {
    key: String,
    #[serde(default)]
    value: Option<String>,
    #[serde(default)]
    rate_limit: Option<RateLimit>,
    #[serde(default)]
    descriptors: Vec<Descriptor>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RateLimit {
    unit: Unit,
    requests_per_unit: u32,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Unit {
    Second,
    Minute,
    Hour,
    Day,
}

#[test]
fn the_services_limits_have_the_form_that_they_document() {
    let text = |name| std::fs::read_to_string(config(name)).unwrap();
    let file: Limits = serde_saphyr::from_str(&text("ratelimit/envoyproxy.yaml")).unwrap();
    assert_eq!(file.domain, "portcullis");
    let mut waiting = file.descriptors;
    while let Some(Descriptor { key, value, rate_limit, descriptors }) = waiting.pop() {
        assert!(!key.is_empty() && value.is_none_or(|value| !value.is_empty()));
        let RateLimit { unit, requests_per_unit } = rate_limit.unwrap();
        assert!(requests_per_unit > 0 && matches!(unit, Unit::Minute), "as in the other file");
        waiting.extend(descriptors);
    }
    // Limitador's own types read the other one.
    let limits: Vec<limitador::limit::Limit> =
        serde_saphyr::from_str(&text("ratelimit/limitador.yaml")).unwrap();
    let named: Vec<_> = limits.iter().map(|limit| (limit.name(), limit.seconds())).collect();
    assert_eq!(named, [(Some("all_clients"), 60), (Some("each_client"), 60)]);
}
